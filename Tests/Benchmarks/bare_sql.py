"""Runs one step's program in bare DuckDB and prints the seconds; the runtime's Python executes it.

    bare_sql.py JOB.json

The job has sql (statements and query), threads, output and inputs (view name: Parquet file).
Imports do not count; connecting, making the views, the query and writing Parquet do.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import numpy
import pyarrow

sys.path.insert(0, str(Path(__file__).parents[2] / "Sources/Execution/Resources/python"))
from ingot_worker import positions

assert numpy and pyarrow


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    start = time.perf_counter()
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone='UTC'")
    connection.execute(f"SET threads={int(job['threads'])}")
    connection.execute("SET enable_progress_bar=false")
    for name, path in job["inputs"].items():
        connection.execute(
            f"CREATE VIEW \"{name}\" AS FROM read_parquet('{path}', file_row_number=true)"
        )
    for statement in job["sql"]["statements"]:
        if isinstance(statement, str):
            connection.execute(statement)
        else:
            positions.search(connection, statement["search"])
    text = job["sql"]["query"].strip().rstrip(";")
    connection.execute(
        f"COPY ({text}\n) TO '{job['output']}' "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, PER_THREAD_OUTPUT false)"
    )
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
