"""Steps that are one SQL query, and what every step with DuckDB shares."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ingot_worker.errors import data_error
from ingot_worker.protocol import Events, Request

if TYPE_CHECKING:
    import duckdb


def warm() -> None:
    """Imports for the warm parent."""
    import duckdb
    import pyarrow
    import pyarrow.parquet

    assert duckdb and pyarrow


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"


def count(number: int) -> str:
    """1234 as 1,234."""
    return f"{number:,}"


@contextlib.contextmanager
def database(request: Request, threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory, spilling inside the output directory."""
    import duckdb

    spill = request.out(".spill")
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone='UTC'")
        connection.execute(f"SET threads={threads or request.threads}")
        connection.execute("SET preserve_insertion_order=true")
        connection.execute("SET enable_progress_bar=false")
        connection.execute("SET autoinstall_known_extensions=false")
        connection.execute(f"SET temp_directory={literal(spill)}")
        if request.memory_bytes:
            # The rest is for what DuckDB does not count: the interpreter, stacks, Arrow.
            limit = max(request.memory_bytes * 6 // 10 >> 20, 64)
            connection.execute(f"SET memory_limit='{limit}MiB'")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def check_parquet(path: str, name: str) -> None:
    """Raise a data error unless `path` is whole Parquet."""
    size = os.path.getsize(path)
    if size == 0:
        raise data_error("FileEmpty", f"{name} is empty")
    with open(path, "rb") as file:
        head = file.read(4)
        file.seek(max(size - 4, 0))
        tail = file.read(4)
    if head != b"PAR1":
        raise data_error("NotParquet", f"{name} is not a Parquet file")
    if tail != b"PAR1" or size < 12:
        raise data_error(
            "FileTruncated",
            f"{name} is truncated: it has {count(size)} bytes and no Parquet footer",
            "copy the file again",
        )


def add_views(request: Request, connection: duckdb.DuckDBPyConnection) -> None:
    """Make every input a view of its name with the column file_row_number."""
    for name, files in request.inputs.items():
        if "data.parquet" not in files:
            continue
        check_parquet(files["data.parquet"], f"data.parquet of the input '{name}'")
        connection.execute(
            f"CREATE VIEW {identifier(name)} AS SELECT * FROM "
            f"read_parquet({literal(files['data.parquet'])}, file_row_number=true)"
        )


def write_parquet(request: Request, connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Write the query's rows in their order to data.parquet; returns their number.

    The bytes depend on the rows only: row groups have a fixed size whatever the threads do.
    """
    path = request.out("data.parquet")
    connection.execute(
        f"COPY ({query}\n) TO {literal(path)} "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, PER_THREAD_OUTPUT false)"
    )
    row = connection.execute(f"SELECT count(*) FROM read_parquet({literal(path)})").fetchone()
    return int(row[0]) if row else 0


def strip_query(query: str) -> str:
    """The query without its final semicolon."""
    return query.strip().rstrip(";").rstrip()


def run_statements(connection: duckdb.DuckDBPyConnection, sql: dict[str, Any]) -> str:
    """Run the program's statements; returns its query."""
    for statement in sql.get("statements") or []:
        connection.execute(statement)
    return strip_query(sql["query"])


def run(request: Request, events: Events) -> None:
    """The kinds features and training-set."""
    start = time.perf_counter()
    events.progress(None, "running the query")
    with database(request) as connection:
        add_views(request, connection)
        query = run_statements(connection, request.program["sql"])
        rows = write_parquet(request, connection, query)
    events.result(
        {
            "rows": rows,
            "bytes": os.path.getsize(request.out("data.parquet")),
            "seconds": {"query": round(time.perf_counter() - start, 3)},
        }
    )
