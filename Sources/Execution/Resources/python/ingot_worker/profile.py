"""Profiles of datasets: statistics per column, and the verdicts on expectations."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import Any

from ingot_worker import expectations, sql
from ingot_worker.column_profile import Column
from ingot_worker.errors import StepError, data_error
from ingot_worker.profiled import Profiled
from ingot_worker.protocol import Events, Request, write_json

# Of profile.json; docs/data.md describes it.
FORMAT = 2
_WARNINGS_MAX = 10
_HINT = "correct the data, or lower 'mostly' or the severity of the expectation"
_HINTS = {
    "schemaDrift": "correct the schema or the source, or lower the severity of the expectation",
    "freshness": "bring newer data, or change 'maxAge' or the severity of the expectation",
    "rowCount": "correct the data, or change the bounds or the severity of the expectation",
}


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()


def run(request: Request, events: Events) -> None:
    """The kind profile."""
    start = time.perf_counter()
    events.progress(0.0, "profiling")
    # One thread: sums of doubles must not depend on scheduling.
    with sql.database(request, threads=1) as connection:
        data = Profiled.open(request, connection)
        types = {c["name"]: c["type"] for c in request.program.get("schema") or []}
        columns = []
        for index, name in enumerate(data.columns):
            events.progress(0.6 * index / len(data.columns), f"profiling {name}")
            column = Column(data, name)
            columns.append(column.profile(types.get(name, column.type)))
        profiled = time.perf_counter()
        events.progress(0.6, "checking expectations")
        checks = [
            expectations.evaluate(data, check, number)
            for number, check in enumerate(request.program.get("expectations") or [], 1)
        ]
    failed = [check for check in checks if not check["passed"]]
    for check in failed:
        check["message"] = expectations.sentence(check, data.rows)
    write_json(
        request.out("profile.json"),
        {"format": FORMAT, "rows": data.rows, "columns": columns, "expectations": checks},
    )
    try:
        warnings = _report(failed, events)
    except StepError:
        _keep(request)
        raise
    result: dict[str, Any] = {
        "rows": data.rows,
        "columns": len(columns),
        "failed": len(failed),
        "seconds": {
            "profile": round(profiled - start, 3),
            "check": round(time.perf_counter() - profiled, 3),
        },
    }
    if warnings:
        result["warnings"] = warnings[:_WARNINGS_MAX]
    events.result(result)


def _keep(request: Request) -> None:
    """Keep the profile of a failed step beside its log: its output is not published."""
    kept = request.log.removesuffix(".log") + ".profile.json"
    # It is a help to people: without it the failure is the same.
    with contextlib.suppress(OSError):
        shutil.copyfile(request.out("profile.json"), kept)


def _report(failed: list[dict[str, Any]], events: Events) -> list[str]:
    """Warn of failed expectations; raises a data error if one is of severity error."""
    errors, warnings = [], []
    for check in failed:
        if check.get("severity", "error") == "error":
            errors.append(check)
        else:
            warnings.append(check["message"])
            events.log("warning", warnings[-1])
    if errors:
        message = errors[0]["message"]
        if len(errors) > 1:
            plural = "expectation" if len(errors) == 2 else "expectations"
            message += f" (and {len(errors) - 1} more failed {plural})"
        raise data_error(
            "ExpectationFailed",
            message,
            _HINTS.get(errors[0]["check"], _HINT),
            expectations=errors[:10],
        )
    return warnings
