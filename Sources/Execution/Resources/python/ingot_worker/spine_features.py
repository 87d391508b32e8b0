"""The features of views for the rows of a spine that somebody has as a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ingot_worker import source, sql
from ingot_worker.errors import StepError, data_error, near_names
from ingot_worker.protocol import Events, Request
from ingot_worker.sql import count, identifier, literal

if TYPE_CHECKING:
    import duckdb

_SPINE = "spine"


def run(request: Request, events: Events) -> None:
    """The look `spine-features`.

    Inputs: `spine`, a CSV or Parquet file, and `view:<name>`, features artifacts. The program has
    `sql`, and of the spine its name (`path`), `format`, `timestamp` and `entity` (columns that the
    views are joined by, with the schema's types if they are known).
    """
    program = request.program
    with sql.database(request) as connection:
        _load(request, connection)
        for name, files in request.inputs.items():
            if name != _SPINE:
                path = files["data.parquet"]
                sql.check_parquet(path, f"data.parquet of the input '{name}'")
                connection.execute(
                    f"CREATE VIEW {identifier(name)} AS SELECT * FROM "
                    f"read_parquet({literal(path)}, file_row_number=true)"
                )
        query = sql.run_statements(connection, program["sql"])
        rows = sql.write_parquet(request, connection, query)
    events.result({"rows": rows, "bytes": os.path.getsize(request.out("data.parquet"))})


def _load(request: Request, connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `spine` of the file, with the position of each row."""
    of_file = {
        "format": request.program["format"],
        "path": request.program["path"],
        "nullValues": [],
    }
    path = request.input(_SPINE, "file")
    rows_from = source.open_file(path, of_file["path"], of_file, infer=True)
    try:
        connection.execute(f"CREATE TEMP TABLE ingot_read AS SELECT * FROM {rows_from.relation}")
    except StepError:
        raise
    except Exception as error:
        clear = rows_from.unreadable(error)
        if clear is None:
            raise
        raise clear from error
    described = connection.execute("DESCRIBE ingot_read").fetchall()
    have = {str(row[0]): str(row[1]) for row in described}
    _check(request.program, rows_from.name, have)
    _check_times(connection, request.program, rows_from)
    columns = ", ".join(identifier(name) for name in have)
    # Row numbers in the order in which the file was read.
    connection.execute(
        f"CREATE TEMP TABLE {_SPINE} AS SELECT {columns}, rowid AS file_row_number "
        "FROM ingot_read ORDER BY rowid"
    )
    connection.execute("DROP TABLE ingot_read")


def _check(program: dict[str, Any], name: str, have: dict[str, str]) -> None:
    wanted = [program["timestamp"], *(c["name"] for c in program["entity"])]
    for column in wanted:
        if column not in have:
            near = near_names(column, have, most=1)
            raise data_error(
                "ColumnMissing",
                f"{name} has no column '{column}'; it has: {', '.join(have)}",
                (
                    f"did you mean '{near[0]}'?"
                    if column == program["timestamp"]
                    else f"is it '{near[0]}'? Then rename that column of the spine"
                )
                if near
                else "a spine needs the views' entity columns, and the column of --timestamp",
            )
    taken = [column for column in have if column in program["features"]]
    if taken or "file_row_number" in have:
        raise data_error(
            "ColumnTaken",
            f"{name} has a column '{(taken or ['file_row_number'])[0]}', which is the name of a "
            "column that is added",
            "rename the column of the spine",
        )


def _check_times(
    connection: duckdb.DuckDBPyConnection, program: dict[str, Any], rows_from: source.Source
) -> None:
    column = identifier(program["timestamp"])
    row = connection.execute(
        f"SELECT min(rowid) FILTER (WHERE t IS NULL), count(*) FILTER (WHERE t IS NULL) FROM "
        f"(SELECT rowid, TRY_CAST({column} AS TIMESTAMP) AS t FROM ingot_read)"
    ).fetchone()
    if row and row[1]:
        value = connection.execute(
            f"SELECT CAST({column} AS VARCHAR) FROM ingot_read WHERE rowid = ?", [row[0]]
        ).fetchone()
        shown = "nothing" if value is None or value[0] is None else f"'{value[0]}'"
        others = f" ({count(row[1])} such rows)" if row[1] > 1 else ""
        raise data_error(
            "BadValue",
            f"{rows_from.name}, {rows_from.place(row[0])}: column '{program['timestamp']}' has "
            f"{shown}, which is not a timestamp{others}",
            "every row of a spine needs the time as of which its features are wanted",
        )
