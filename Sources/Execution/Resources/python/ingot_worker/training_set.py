"""The training set: one query, and the leak guard around it."""

from __future__ import annotations

import os
import time
from typing import Any

from ingot_worker import leak_guard, ondemand, sql
from ingot_worker.protocol import Events, Request


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()


def run(request: Request, events: Events) -> None:
    """The kind training-set."""
    start = time.perf_counter()
    guard = request.program.get("leakGuard") or {}
    # What cannot be compiled shall be told before the work is done.
    front = ondemand.front(request.program, guard.get("features") or [])
    events.progress(None, "running the query")
    path = request.out("data.parquet")
    with sql.database(request) as connection:
        sql.add_views(request, connection)
        query = sql.run_statements(connection, request.program["sql"])
        leak_guard.check_known_times(connection, guard)
        rows = sql.write_parquet(request, connection, query)
    seconds = {"query": round(time.perf_counter() - start, 3)}
    warnings = leak_guard.warn(path, guard, front, events)
    seconds["guard"] = round(time.perf_counter() - start - seconds["query"], 3)
    result: dict[str, Any] = {"rows": rows, "bytes": os.path.getsize(path), "seconds": seconds}
    if warnings:
        result["warnings"] = warnings
    events.result(result)
