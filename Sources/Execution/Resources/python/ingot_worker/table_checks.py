"""Expectations about a dataset as a whole: its size, its age, and the shape of its source."""

from __future__ import annotations

import dataclasses
from typing import Any

from ingot_worker import source, source_columns, sql
from ingot_worker.profiled import Profiled, plain
from ingot_worker.sql import count, literal

CHECKS = ("rowCount", "freshness", "schemaDrift")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SOURCE = "source:"
_NAMES_MAX = 10


def evaluate(data: Profiled, check: dict[str, Any]) -> dict[str, Any]:
    """The verdict: passed, and what the sentence needs."""
    kind = check["check"]
    if kind == "rowCount":
        low, high = check.get("min"), check.get("max")
        passed = (low is None or data.rows >= low) and (high is None or data.rows <= high)
        return {"passed": passed, "failing": 0 if passed else data.rows, "examples": []}
    if kind == "freshness":
        return _freshness(data, check)
    return _drift(data, check)


def sentence(check: dict[str, Any], rows: int) -> str:
    """A failed check in words."""
    kind = check["check"]
    if kind == "rowCount":
        low, high = check.get("min"), check.get("max")
        bounds = [f"at least {count(low)}"] if low is not None else []
        bounds += [f"at most {count(high)}"] if high is not None else []
        return (
            f"rowCount failed: the dataset has {count(rows)} rows instead of {' and '.join(bounds)}"
        )
    return f"{kind}{_of(check)} failed: {check['problem']}"


def _of(check: dict[str, Any]) -> str:
    return f" of {check['column']}" if "column" in check else ""


# Freshness


def _freshness(data: Profiled, check: dict[str, Any]) -> dict[str, Any]:
    column = data.require("freshness", check["column"], ("timestamp", "date"))
    newest = f"(SELECT max(CAST({column} AS TIMESTAMP)) FROM dataset)"
    if "asOf" in check:
        instant = f"CAST({literal(check['asOf'])} AS TIMESTAMP)"
    else:
        other = check["comparedTo"]
        there = data.require_reference("freshness", other["dataset"], other["column"])
        table = data.reference(other["dataset"])
        instant = f"(SELECT max(CAST({there} AS TIMESTAMP)) FROM {table})"
    row = data.connection.execute(
        f"SELECT newest, instant, date_diff('second', newest, instant) "
        f"FROM (SELECT {newest} AS newest, {instant} AS instant)"
    ).fetchone()
    assert row is not None
    problem = _age_problem(check, *row)
    return {
        "passed": problem is None,
        "failing": 0,
        "examples": [],
        "newest": plain(row[0]),
        "instant": plain(row[1]),
        "problem": problem,
    }


def _age_problem(check: dict[str, Any], newest: Any, instant: Any, age: int | None) -> str | None:
    if newest is None:
        return "the column has no value"
    # With nothing to compare it with, nothing is too old.
    if age is None or age <= int(check["maxAge"][:-1]) * _SECONDS[check["maxAge"][-1]]:
        return None
    if "asOf" in check:
        what = plain(instant)
    else:
        other = check["comparedTo"]
        what = f"the newest {other['column']} of dataset/{other['dataset']}, {plain(instant)}"
    return (
        f"its newest value, {plain(newest)}, is {_length(age)} older than {what}; "
        f"at most {check['maxAge']} is allowed"
    )


def _length(seconds: int) -> str:
    """The two largest units: `3d 1h`."""
    parts = []
    for unit in ("d", "h", "m", "s"):
        number, seconds = divmod(seconds, _SECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2]) or "0s"


# Drift


def _drift(data: Profiled, check: dict[str, Any]) -> dict[str, Any]:
    found = _source_columns(data, check)
    if found is None:
        return {
            "passed": False,
            "failing": 0,
            "examples": [],
            "problem": "ingot.lock does not say which columns the source had; run `ingot snapshot`",
        }
    promised = {c["name"]: c["type"] for c in data.request.program.get("schema") or []}
    extra = [name for name in found if name not in promised]
    retyped = [
        {"name": name, "schema": promised[name], "source": found[name]}
        for name in promised
        if found.get(name) not in (None, promised[name])
    ]
    parts = []
    if "extraColumns" in check["drifts"] and extra:
        plural = "column" if len(extra) == 1 else "columns"
        parts.append(f"the source has the {plural} {_list(extra)}, not in the schema")
    if "types" in check["drifts"] and retyped:
        parts += [
            f"column '{c['name']}' is of type {c['source']} in the source, "
            f"{c['schema']} in the schema"
            for c in retyped[:_NAMES_MAX]
        ]
    return {
        "passed": not parts,
        "failing": 0,
        "examples": [],
        "extraColumns": extra,
        "types": retyped,
        "problem": "; ".join(parts) or None,
    }


def _list(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_NAMES_MAX])
    return shown + (f" and {len(names) - _NAMES_MAX} more" if len(names) > _NAMES_MAX else "")


def _source_columns(data: Profiled, check: dict[str, Any]) -> dict[str, str | None] | None:
    """The columns of the source, with the schema's words for the types that it says itself.

    None if nobody noted them when the source was read.
    """
    if "source" in check:
        noted = check["source"]
        return None if noted is None else {c["name"]: c["type"] for c in noted}
    request = data.request
    inputs = {
        name.removeprefix(_SOURCE): files
        for name, files in request.inputs.items()
        if name.startswith(_SOURCE)
    }
    of_snapshot = dataclasses.replace(request, program=request.program["source"], inputs=inputs)
    if "sql" in of_snapshot.program:
        # Names of its inputs may be taken here: the query sees them in a database of its own.
        alone = dataclasses.replace(of_snapshot, output=request.output + ".source")
        with sql.database(alone, threads=1) as connection:
            sql.add_views(alone, connection)
            query = sql.run_statements(connection, alone.program["sql"])
            return source_columns.of_query(connection, query)
    rows_from = source.open_files(of_snapshot, infer=False)
    return source_columns.of_files(data.connection, rows_from, of_snapshot.program["format"])
