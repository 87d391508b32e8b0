"""Snapshots: a file or a query, checked against a schema and written as Parquet."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ingot_worker import casting, source, sql
from ingot_worker.errors import StepError, data_error, near_names
from ingot_worker.protocol import Events, Request
from ingot_worker.source import Source
from ingot_worker.sql import identifier

if TYPE_CHECKING:
    import duckdb

_RAW = "ingot_raw"


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()


def run(request: Request, events: Events) -> None:
    """The kind snapshot."""
    start = time.perf_counter()
    schema: list[dict[str, Any]] = request.program.get("schema") or []
    casting.check_types(schema)
    events.progress(0.0, "reading")
    with sql.database(request) as connection:
        if "sql" in request.program:
            sql.add_views(request, connection)
            query = sql.run_statements(connection, request.program["sql"])
            rows_from = Source("the query", f"({query}\n)")
        else:
            rows_from = source.open_file(request, infer=not schema)
        have = _load(connection, rows_from, schema)
        read = time.perf_counter()
        events.progress(0.5, "checking")
        selected = _selection(connection, rows_from, schema, have)
        checked = time.perf_counter()
        events.progress(0.7, "writing")
        rows = sql.write_parquet(request, connection, f"SELECT {selected} FROM {_RAW}")
    events.result(
        {
            "rows": rows,
            "bytes": os.path.getsize(request.out("data.parquet")),
            "seconds": {
                "read": round(read - start, 3),
                "check": round(checked - read, 3),
                "write": round(time.perf_counter() - checked, 3),
            },
        }
    )


def _load(
    connection: duckdb.DuckDBPyConnection, rows_from: Source, schema: list[dict[str, Any]]
) -> dict[str, str]:
    """Read the wanted columns into a table; returns their names and DuckDB types."""
    names = [column["name"] for column in schema]
    try:
        have = _describe(connection, rows_from.relation)
        _require(names, list(have), rows_from)
        relation = rows_from.reading(names) if schema else rows_from.relation
        wanted = ", ".join(identifier(name) for name in names) or "*"
        connection.execute(f"CREATE TEMP TABLE {_RAW} AS SELECT {wanted} FROM {relation}")
        return _describe(connection, _RAW)
    except StepError:
        raise
    except Exception as error:
        clear = rows_from.unreadable(error)
        if clear is None:
            raise
        raise clear from error


def _describe(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def _require(names: list[str], have: list[str], rows_from: Source) -> None:
    missing = [name for name in names if name not in have]
    if not missing:
        return
    if len(missing) == 1:
        lacks = f"has no column '{missing[0]}'"
    else:
        lacks = "lacks the columns " + ", ".join(f"'{name}'" for name in missing)
    unused = [name for name in have if name not in names]
    near = [(name, near_names(name, unused, most=1)) for name in missing]
    guesses = [f"'{found[0]}' for '{name}'" for name, found in near if found]
    hint = f"did you mean {', '.join(guesses)}?" if guesses else rows_from.missing_hint
    error = data_error(
        "ColumnMissing",
        f"{rows_from.name} {lacks}; it has: {', '.join(have)}",
        hint or "correct the schema, or the file",
        missing=missing,
        columns=have,
    )
    # In JSON lines a line that is no object looks like a column of its own.
    raise rows_from.unreadable(error) or error


def _selection(
    connection: duckdb.DuckDBPyConnection,
    rows_from: Source,
    schema: list[dict[str, Any]],
    have: dict[str, str],
) -> str:
    """The SELECT list that makes the schema's columns of the table's, which are checked."""
    if not schema:
        return ", ".join(
            f"CAST({identifier(name)} AS TIMESTAMP) AS {identifier(name)}"
            if type_name == "TIMESTAMP WITH TIME ZONE"
            else identifier(name)
            for name, type_name in have.items()
        )
    casts = {c["name"]: casting.cast(c["name"], c["type"], have[c["name"]]) for c in schema}
    casting.check_values(connection, _RAW, rows_from, schema, casts)
    return ", ".join(f"{casts[c['name']]} AS {identifier(c['name'])}" for c in schema)
