"""DuckDB as every step uses it, and the step that is one SQL query."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ingot_worker import positions, processes
from ingot_worker.errors import config_error, data_error, duckdb_text
from ingot_worker.protocol import Events, Request

if TYPE_CHECKING:
    import duckdb

# Of the memory that the interpreter leaves: DuckDB does not count everything that it allocates.
MEMORY_SHARE = 0.6
MEMORY_MEBIBYTES_MIN = 32
ROW_GROUP_ROWS = 122_880
_ROW_NUMBER = re.compile(r"file_row_number(_\d+)?")


# Made by the warm parent, so that a step need not: that takes 25 ms.
_prepared: list[duckdb.DuckDBPyConnection] = []


def warm() -> None:
    """Imports for the warm parent, and a database that the next step takes."""
    import pyarrow
    import pyarrow.parquet

    assert pyarrow
    if not _prepared:
        _prepared.append(_new())


def _new() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that has no thread yet: only then may its process be forked."""
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1, "async_threads": 0})


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"


def count(number: int) -> str:
    """1234 as 1,234."""
    return f"{number:,}"


def _settings(request: Request, threads: int, reading: list[str]) -> list[str]:
    """The settings of a connection, in the order they must be made: the last one locks them."""
    files = [path for name in request.inputs.values() for path in name.values()]
    allowed = ", ".join(literal(path) for path in [*files, *reading, request.out("data.parquet")])
    memory = []
    if request.memory_bytes:
        left = request.memory_bytes - processes.data_bytes()
        mebibytes = max(int(left * MEMORY_SHARE) >> 20, MEMORY_MEBIBYTES_MIN)
        memory = [f"memory_limit = '{mebibytes}MiB'"]
    return [
        "TimeZone = 'UTC'",
        f"threads = {threads}",
        "preserve_insertion_order = true",
        "enable_progress_bar = false",
        # A table that is not there shall be an error, not a Python variable of that name.
        "python_enable_replacements = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        f"temp_directory = {literal(request.spill)}",
        *memory,
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ]


@contextlib.contextmanager
def database(
    request: Request, threads: int | None = None, reading: list[str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory that can read the request's inputs, write data.parquet, and no more.

    `reading` are further files that it may read.
    """
    # Of its own: a connection that was forked would have the same random numbers in each step.
    connection = (_prepared.pop() if _prepared else _new()).cursor()
    try:
        for setting in _settings(request, threads or request.threads, reading or []):
            connection.execute(f"SET {setting}")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(request.spill, ignore_errors=True)


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
        raise data_error(
            "NotParquet", f"{name} is not a Parquet file", "correct the source's format"
        )
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


def without_row_numbers(columns: dict[str, Any]) -> dict[str, Any]:
    """Those of a query that is somebody's, without what `*` has from the views of inputs."""
    # Of a second input DuckDB adds a number to the name.
    return {c: kind for c, kind in columns.items() if not _ROW_NUMBER.fullmatch(c)}


def write_parquet(request: Request, connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Write the query's rows in their order to data.parquet; returns their number.

    The bytes depend on the rows only: row groups have a fixed size whatever the threads do.
    """
    copied = connection.execute(
        # On lines of its own, so that DuckDB quotes the query's lines only.
        f"COPY (\n{query}\n) TO {literal(request.out('data.parquet'))} (FORMAT parquet, "
        f"COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}, PER_THREAD_OUTPUT false)"
    ).fetchone()
    return int(copied[0]) if copied else 0


def run_statements(connection: duckdb.DuckDBPyConnection, sql: dict[str, Any]) -> str:
    """Run the program's statements; returns its query, fit to stand in parentheses."""
    import duckdb

    for statement in sql.get("statements") or []:
        if isinstance(statement, str):
            connection.execute(statement)
        else:
            positions.search(connection, statement["search"])
    found = connection.extract_statements(sql["query"])
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(statement.type.name for statement in found) or "nothing"
        raise config_error(
            "NotOneQuery",
            f"the query must be one SELECT statement, but it is: {kinds}",
            "write one SELECT; it may start with WITH",
        )
    return _without_end(sql["query"])


def _without_end(query: str) -> str:
    """The query without the semicolons and comments at its end."""
    import duckdb

    text = query.encode()
    end = len(text)
    for offset, kind in reversed(duckdb.tokenize(query)):  # byte offsets
        if kind != duckdb.token_type.comment and text[offset : offset + 1] != b";":
            break
        end = offset
    return text[:end].decode().rstrip()


def _not_understood() -> tuple[type[Exception], ...]:
    """What DuckDB raises before it runs anything."""
    import duckdb

    return (duckdb.ParserException, duckdb.CatalogException, duckdb.BinderException)


def check_expressions(
    connection: duckdb.DuckDBPyConnection, expressions: list[dict[str, Any]]
) -> None:
    """Raise a config error for the first feature whose SQL cannot be understood."""
    for item in expressions:
        try:
            connection.execute(item["query"])
        except _not_understood() as error:
            said = duckdb_text(error).removesuffix(f" (in: {item['query']})")
            raise config_error(
                "ExpressionFailed",
                f"'{item['field']}' of feature '{item['feature']}' fails: {said}",
                f"correct '{item['field']}' of that feature",
            ) from None


def run(request: Request, events: Events) -> None:
    """The kind features."""
    start = time.perf_counter()
    events.progress(None, "running the query")
    with database(request) as connection:
        add_views(request, connection)
        try:
            query = run_statements(connection, request.program["sql"])
            rows = write_parquet(request, connection, query)
        except _not_understood():
            check_expressions(connection, request.program.get("expressions") or [])
            raise
    events.result(
        {
            "rows": rows,
            "bytes": os.path.getsize(request.out("data.parquet")),
            "seconds": {"query": round(time.perf_counter() - start, 3)},
        }
    )
