"""Profiles of datasets and their expectations."""

from __future__ import annotations

import datetime
import decimal
import json
import time
from typing import TYPE_CHECKING, Any

from ingot_worker import sql
from ingot_worker.errors import config_error, data_error, did_you_mean
from ingot_worker.protocol import Events, Request, clean, write_json
from ingot_worker.sql import count, identifier, literal

if TYPE_CHECKING:
    import duckdb

EXACT_DISTINCT_ROWS = 5_000_000


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()


def plain(value: Any) -> Any:
    """A value as JSON says it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and len(value) > 200:
        return value[:200] + "…"
    if value is None or isinstance(value, (bool, int, float, str)):
        return clean(value)
    return str(value)


def _constant(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return literal(str(value))


def _columns(connection: duckdb.DuckDBPyConnection, rows: int) -> list[dict[str, Any]]:
    result = []
    described = connection.execute("DESCRIBE SELECT * EXCLUDE (file_row_number) FROM dataset")
    for name, type_name, *_ in described.fetchall():
        quoted = identifier(name)
        number = type_name.startswith("DECIMAL") or type_name.endswith("INT")
        number = number or type_name in ("INTEGER", "UINTEGER", "DOUBLE", "FLOAT")
        number = number and type_name != "BIT"
        distinct = f"count(DISTINCT {quoted})"
        if rows > EXACT_DISTINCT_ROWS:
            distinct = f"approx_count_distinct({quoted})"
        value = (
            f"CASE WHEN isfinite({quoted}) THEN {quoted} END"
            if type_name
            in (
                "DOUBLE",
                "FLOAT",
            )
            else quoted
        )
        mean = f"avg(CAST({value} AS DOUBLE))" if number else "NULL"
        row = connection.execute(
            f"SELECT count(*) - count({quoted}), {distinct}, min({value}), max({value}), {mean} "
            "FROM dataset"
        ).fetchone()
        assert row is not None
        result.append(
            {
                "name": name,
                "type": _type(type_name),
                "nulls": row[0],
                "distinct": row[1],
                "min": plain(row[2]),
                "max": plain(row[3]),
                "mean": plain(row[4]),
            }
        )
    return result


def _type(name: str) -> str:
    if name in ("DOUBLE", "FLOAT") or name.startswith("DECIMAL"):
        return "double"
    if name.endswith("INT") or name in ("INTEGER", "UINTEGER"):
        return "integer"
    if name.startswith("TIMESTAMP"):
        return "timestamp"
    return {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date"}.get(name, name.lower())


def _condition(check: dict[str, Any]) -> str:
    """SQL that is true for the failing rows."""
    kind = check["check"]
    if kind == "unique":
        keys = ", ".join(identifier(c) for c in check["columns"])
        return f"count(*) OVER (PARTITION BY {keys}) > 1"
    quoted = identifier(check["column"])
    if kind == "notNull":
        return f"{quoted} IS NULL"
    if kind == "between":
        sides = []
        if check.get("min") is not None:
            sides.append(f"{quoted} < {_constant(check['min'])}")
        if check.get("max") is not None:
            sides.append(f"{quoted} > {_constant(check['max'])}")
        return f"coalesce({' OR '.join(sides) or 'false'}, false)"
    allowed = ", ".join(_constant(v) for v in check["in"])
    if not allowed:
        return f"{quoted} IS NOT NULL"
    return f"coalesce({quoted} NOT IN ({allowed}), false)"


def _evaluate(
    connection: duckdb.DuckDBPyConnection, check: dict[str, Any], rows: int, names: list[str]
) -> dict[str, Any]:
    kind = check.get("check")
    known = ("unique", "notNull", "between", "values", "rowCount")
    if kind not in known:
        hint = did_you_mean(str(kind), known) or "known: " + ", ".join(known)
        raise config_error("UnknownCheck", f"unknown check '{kind}'", hint)
    if kind == "rowCount":
        low, high = check.get("min"), check.get("max")
        passed = (low is None or rows >= low) and (high is None or rows <= high)
        return {**check, "passed": passed, "failing": 0 if passed else rows, "examples": []}
    columns = check["columns"] if kind == "unique" else [check["column"]]
    for column in columns:
        if column not in names:
            raise config_error(
                "ColumnMissing",
                f"the check '{kind}' names the column '{column}', which the dataset does not have",
                did_you_mean(column, names) or "it has: " + ", ".join(names),
            )
    selected = ", ".join(identifier(c) for c in dict.fromkeys(columns))
    # QUALIFY takes both window functions and plain conditions when a window is present.
    failing_rows = (
        f"SELECT * FROM (SELECT file_row_number AS ingot_row, {selected}, "
        f"{_condition(check)} AS ingot_bad FROM dataset) WHERE ingot_bad"
    )
    found = connection.execute(f"SELECT count(*) FROM ({failing_rows})").fetchone()
    failing = int(found[0]) if found else 0
    examples = []
    if failing:
        cursor = connection.execute(
            f"SELECT ingot_row, {selected} FROM ({failing_rows}) ORDER BY ingot_row LIMIT 3"
        )
        labels = ["row", *dict.fromkeys(columns)]
        for row in cursor.fetchall():
            examples.append({k: plain(v) for k, v in zip(labels, row, strict=True)})
    mostly = check.get("mostly")
    share = 1.0 if mostly is None else float(mostly)
    passed = failing == 0 or (rows - failing) >= share * rows
    return {**check, "passed": passed, "failing": failing, "examples": examples}


def _sentence(check: dict[str, Any], rows: int) -> str:
    kind = check["check"]
    if kind == "rowCount":
        low, high = check.get("min"), check.get("max")
        bounds = [f"at least {count(low)}"] if low is not None else []
        bounds += [f"at most {count(high)}"] if high is not None else []
        return (
            f"rowCount failed: the dataset has {count(rows)} rows instead of {' and '.join(bounds)}"
        )
    column = ", ".join(check["columns"]) if kind == "unique" else check["column"]
    shown = "; ".join(json.dumps(e, ensure_ascii=False) for e in check["examples"])
    return f"{kind} of {column} failed for {count(check['failing'])} of {count(rows)} rows: {shown}"


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
        columns = _columns(connection, rows)
        types = {c["name"]: c["type"] for c in request.program.get("schema") or []}
        for column in columns:
            column["type"] = types.get(column["name"], column["type"])
        events.progress(0.5, "checking expectations")
        names = [c["name"] for c in columns]
        checks = [
            _evaluate(connection, check, rows, names)
            for check in request.program.get("expectations") or []
        ]
    write_json(
        request.out("profile.json"), {"rows": rows, "columns": columns, "expectations": checks}
    )
    failed = [c for c in checks if not c["passed"]]
    for check in failed:
        if check.get("severity", "error") != "error":
            events.log("warning", _sentence(check, rows))
    errors = [c for c in failed if c.get("severity", "error") == "error"]
    if errors:
        message = _sentence(errors[0], rows)
        if len(errors) > 1:
            message += f" (and {len(errors) - 1} more failed expectations)"
        raise data_error(
            "ExpectationFailed",
            message,
            "correct the data, or lower 'mostly' or the severity of the expectation",
            expectations=errors[:10],
        )
    events.result(
        {
            "rows": rows,
            "columns": len(columns),
            "failed": len(failed),
            "seconds": {"profile": round(time.perf_counter() - start, 3)},
        }
    )
