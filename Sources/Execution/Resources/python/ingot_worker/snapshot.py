"""Snapshots: a file or a query, checked against a schema and written as Parquet."""

from __future__ import annotations

import bisect
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from ingot_worker import casting, outside, source, source_columns, sql
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
    if request.program.get("asks") == "version":
        events.result({"source": {"version": outside.version(request)}})
        return
    schema: list[dict[str, Any]] = request.program.get("schema") or []
    casting.check_types(schema)
    events.progress(0.0, "reading")
    copied = outside.copy(request, events) if "source" in request.program else None
    reading = [path for _, path in copied.files] if copied else []
    with sql.database(request, reading=reading) as connection:
        if "sql" in request.program:
            sql.add_views(request, connection)
            query = sql.run_statements(connection, request.program["sql"])
            rows_from = Source("the query", f"({query}\n)")
        elif copied:
            rows_from = source.open_copy(copied, request.program, infer=not schema)
        else:
            rows_from = source.open_files(request, infer=not schema)
        have = _load(connection, rows_from, schema)
        if "sql" in request.program and not schema:
            have = sql.without_row_numbers(have) or have
        # Not before: what is wrong with the source is told by who reads it.
        told = (
            {"columns": source_columns.of_copy(connection, copied, request.program)}
            if copied and request.program.get("tellsColumns")
            else {}
        )
        read = time.perf_counter()
        events.progress(0.5, "checking")
        selected = _selection(connection, rows_from, schema, have)
        checked = time.perf_counter()
        events.progress(0.7, "writing")
        rows = sql.write_parquet(request, connection, f"SELECT {selected} FROM {_RAW}")
    shutil.rmtree(outside.folder(request), ignore_errors=True)
    events.result(
        {
            "rows": rows,
            **({"source": {"version": copied.version, **told}} if copied else {}),
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
    if not rows_from.parts:
        _load_part(connection, rows_from, schema, f"CREATE TEMP TABLE {_RAW} AS")
        return _describe(connection, _RAW)
    starts: list[int] = []
    rows = 0
    for part in rows_from.parts:
        into = f"INSERT INTO {_RAW}" if starts else f"CREATE TEMP TABLE {_RAW} AS"
        before = (rows_from.parts[0].name, _describe(connection, _RAW)) if starts else None
        _load_part(connection, part, schema, into, before)
        starts.append(rows)
        counted = connection.execute(f"SELECT count(*) FROM {_RAW}").fetchone()
        rows = int(counted[0]) if counted else 0

    def place(row: int) -> str:
        index = bisect.bisect_right(starts, row) - 1
        part = rows_from.parts[index]
        return f"{part.place(row - starts[index])} of {part.name}"

    rows_from.place = place
    return _describe(connection, _RAW)


def _load_part(
    connection: duckdb.DuckDBPyConnection,
    part: Source,
    schema: list[dict[str, Any]],
    into: str,
    before: tuple[str, dict[str, str]] | None = None,
) -> None:
    """Read one file into the table.

    `before` is the first of several files with the types of its columns, from which the others
    must not differ: an INSERT would round numbers to make them fit.
    """
    names = [column["name"] for column in schema]
    try:
        have = _describe(connection, part.relation)
        if before and not schema:
            _require_columns(part.name, have, *before)
        _require(names, list(have), part)
        relation = part.reading(names) if schema else part.relation
        columns = names or (list(before[1]) if before else [])
        selected = ", ".join(identifier(name) for name in columns) or "*"
        rows = f"SELECT {selected} FROM {relation}"
        if before:
            _require_types(part.name, _describe(connection, f"({rows})"), *before)
        connection.execute(f"{into} {rows}")
    except StepError:
        raise
    except Exception as error:
        clear = part.unreadable(error)
        if clear is None:
            raise
        raise clear from error


def _require_columns(name: str, have: dict[str, str], first: str, wanted: dict[str, str]) -> None:
    """Raise a data error unless the file has the same columns as the first one."""
    lacks = [column for column in wanted if column not in have]
    more = [column for column in have if column not in wanted]
    if not lacks and not more:
        return
    what = [f"lacks {', '.join(lacks)}"] if lacks else []
    what += [f"also has {', '.join(more)}"] if more else []
    raise data_error(
        "ColumnsDiffer",
        f"{name} has other columns than {first}: it {' and '.join(what)}",
        "give the dataset a schema with the columns that all files have, or correct the file",
    )


def _require_types(name: str, have: dict[str, str], first: str, wanted: dict[str, str]) -> None:
    """Raise a data error unless the file's columns have the types of the first one's."""
    for column, kind in wanted.items():
        if have[column] != kind:
            raise data_error(
                "ColumnsDiffer",
                f"column '{column}' is {have[column]} in {name}, but {kind} in {first}",
                "write the files with the same types; for csv and json, a schema is enough",
            )


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
