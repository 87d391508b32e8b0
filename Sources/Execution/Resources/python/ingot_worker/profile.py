"""Profiles of datasets: statistics per column."""

from __future__ import annotations

import datetime
import decimal
import time
from typing import TYPE_CHECKING, Any

from ingot_worker import expectations, sql
from ingot_worker.errors import data_error
from ingot_worker.protocol import Events, Request, clean, write_json
from ingot_worker.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

# Above this many rows distinct values are estimated; DuckDB's estimate is deterministic.
EXACT_DISTINCT_ROWS = 5_000_000
_TEXT_CHARACTERS_MAX = 200


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()


def plain(value: Any) -> Any:
    """A value as JSON says it."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and len(value) > _TEXT_CHARACTERS_MAX:
        return value[:_TEXT_CHARACTERS_MAX] + "…"
    if value is None or isinstance(value, (bool, int, float, str)):
        return clean(value)
    return str(value)


def _type(name: str) -> str:
    """The schema's word for a DuckDB type."""
    if name in ("DOUBLE", "FLOAT") or name.startswith("DECIMAL"):
        return "double"
    if name.endswith("INT") or name in ("INTEGER", "UINTEGER"):
        return "integer"
    if name.startswith("TIMESTAMP"):
        return "timestamp"
    return {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date"}.get(name, name.lower())


def _column(
    connection: duckdb.DuckDBPyConnection, rows: int, name: str, type_name: str
) -> dict[str, Any]:
    quoted = identifier(name)
    distinct = "count(DISTINCT {})" if rows <= EXACT_DISTINCT_ROWS else "approx_count_distinct({})"
    value = quoted
    if type_name in ("DOUBLE", "FLOAT"):
        # JSON has no word for NaN and infinities.
        value = f"CASE WHEN isfinite({quoted}) THEN {quoted} END"
    is_number = _type(type_name) in ("double", "integer")
    mean = f"avg(CAST({value} AS DOUBLE))" if is_number else "NULL"
    row = connection.execute(
        f"SELECT count(*) - count({quoted}), {distinct.format(quoted)}, "
        f"min({value}), max({value}), {mean} FROM dataset"
    ).fetchone()
    assert row is not None
    return {
        "name": name,
        "type": _type(type_name),
        "nulls": row[0],
        "distinct": row[1],
        "min": plain(row[2]),
        "max": plain(row[3]),
        "mean": plain(row[4]),
    }


def run(request: Request, events: Events) -> None:
    """The kind profile."""
    start = time.perf_counter()
    events.progress(0.0, "profiling")
    # One thread: sums of doubles must not depend on scheduling.
    with sql.database(request, threads=1) as connection:
        path = request.input("dataset", "data.parquet")
        sql.check_parquet(path, "data.parquet of the input 'dataset'")
        connection.execute(
            "CREATE VIEW dataset AS SELECT * FROM "
            f"read_parquet({literal(path)}, file_row_number=true)"
        )
        found = connection.execute("SELECT count(*) FROM dataset").fetchone()
        rows = int(found[0]) if found else 0
        described = connection.execute("DESCRIBE SELECT * EXCLUDE (file_row_number) FROM dataset")
        types = {c["name"]: c["type"] for c in request.program.get("schema") or []}
        columns = []
        names = described.fetchall()
        for index, (name, type_name, *_) in enumerate(names):
            events.progress(0.6 * index / len(names), f"profiling {name}")
            column = _column(connection, rows, name, type_name)
            columns.append({**column, "type": types.get(name, column["type"])})
        events.progress(0.6, "checking expectations")
        checks = [
            expectations.evaluate(connection, check, rows, [c["name"] for c in columns], plain)
            for check in request.program.get("expectations") or []
        ]
    write_json(
        request.out("profile.json"), {"rows": rows, "columns": columns, "expectations": checks}
    )
    failed = [check for check in checks if not check["passed"]]
    _report(failed, rows, events)
    events.result(
        {
            "rows": rows,
            "columns": len(columns),
            "failed": len(failed),
            "seconds": {"profile": round(time.perf_counter() - start, 3)},
        }
    )


def _report(failed: list[dict[str, Any]], rows: int, events: Events) -> None:
    """Warn of failed expectations; raises a data error if one is of severity error."""
    errors = []
    for check in failed:
        if check.get("severity", "error") == "error":
            errors.append(check)
        else:
            events.log("warning", expectations.sentence(check, rows))
    if errors:
        message = expectations.sentence(errors[0], rows)
        if len(errors) > 1:
            plural = "expectation" if len(errors) == 2 else "expectations"
            message += f" (and {len(errors) - 1} more failed {plural})"
        raise data_error(
            "ExpectationFailed",
            message,
            "correct the data, or lower 'mostly' or the severity of the expectation",
            expectations=errors[:10],
        )
