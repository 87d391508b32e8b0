"""The step `online`: a view's features at one instant, as a file to look entities up in."""

from __future__ import annotations

import math
import os
import struct
import time
from typing import TYPE_CHECKING, Any

from ingot_worker.errors import config_error, data_error
from ingot_worker.protocol import Events, Request, write_json
from ingot_worker.sql import add_views, count, database, identifier, run_statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    import duckdb

# With lags a file says which row an output is as old as.
FORMAT = 1
FORMAT_WITH_LAGS = 2
FETCH_ROWS = 10_000
OUTPUTS_MAX = 1900  # a table of SQLite has 2,000 columns
TEXT_BYTES_MAX = 65_536
KEY_TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), "integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER"), "integer"),
}
_AFFINITY = {"string": "TEXT", "boolean": "INTEGER", "integer": "INTEGER"}
# Where a file's header says which SQLite wrote it. Of no use to a reader, and the only bytes that
# do not follow from the content.
_WRITER_OFFSET = 96
_WRITER_VERSION = (3_040_000).to_bytes(4, "big")


def run(request: Request, events: Events) -> None:
    """Write online.sqlite and, by a query of its own, sample.json.

    online.sqlite: `features` with one row per entity (the key columns, `__event` in microseconds
    since 1970, `__event:<lag>` of the rows that lag behind the latest one, for each of `lags`, the
    view's outputs), `keys` and `outputs`, which describe its columns, and `about`.
    The outputs have no declared type, so that SQLite keeps every float as it is: it would store
    those of a REAL column without a fraction as integers, and lose the sign of -0.0.
    """
    program = request.program
    outputs = program["outputs"]
    if len(outputs) > OUTPUTS_MAX:
        raise config_error(
            "TooManyFeatures",
            f"an online view can have {count(OUTPUTS_MAX)} features, this one has "
            f"{count(len(outputs))}",
            "split the view",
        )
    start = time.perf_counter()
    events.progress(None, "computing the values of all entities")
    with database(request) as connection:
        rows = _rows(request, connection, program["sql"])
        entities = _write(request.out("online.sqlite"), rows, connection, program)
    written = time.perf_counter()
    events.progress(0.9, "computing the sample as training does")
    with database(request) as connection:
        rows = _rows(request, connection, program["sample"])
        sample = _sample(rows, len(program["entity"]))
    write_json(request.out("sample.json"), {"rows": sample})
    events.result(
        {
            "rows": entities,
            "bytes": os.path.getsize(request.out("online.sqlite")),
            "sample": len(sample),
            "seconds": {
                "file": round(written - start, 3),
                "sample": round(time.perf_counter() - written, 3),
            },
        }
    )


def _rows(
    request: Request, connection: duckdb.DuckDBPyConnection, sql: dict[str, Any]
) -> Iterator[tuple[Any, ...]]:
    add_views(request, connection)
    connection.execute(run_statements(connection, sql))
    while rows := connection.fetchmany(FETCH_ROWS):
        yield from rows


def _key_types(connection: duckdb.DuckDBPyConnection, entity: list[str]) -> list[str]:
    """The types of the columns of the running query that hold the keys."""
    types = []
    for name, column in zip(entity, connection.description or [], strict=False):
        found = str(column[1])
        if found not in KEY_TYPES:
            raise config_error(
                "EntityType",
                f"the entity column '{name}' is a {found}; an online view's entities are strings, "
                "whole numbers or booleans",
                "cast it in the dataset, or set 'online: false'",
            )
        types.append(KEY_TYPES[found])
    return types


def _write(
    path: str,
    rows: Iterator[tuple[Any, ...]],
    connection: duckdb.DuckDBPyConnection,
    program: dict[str, Any],
) -> int:
    """Write the file; returns the number of entities."""
    import sqlite3

    entity = program["entity"]
    unknown = next(rows)  # runs the query; the first row is that of an entity which nobody knows
    types = _key_types(connection, entity)
    file = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF"):
            file.execute(f"PRAGMA {pragma}")
        file.execute("BEGIN")
        _describe(file, program, types, unknown)
        keys = [
            f"{identifier(n)} {_AFFINITY[t]} NOT NULL" for n, t in zip(entity, types, strict=True)
        ]
        lagged = [f'"__event:{lag}" INTEGER' for lag in program["lags"]]
        outputs = [identifier(output["name"]) for output in program["outputs"]]
        columns = [*keys, "__event INTEGER", *lagged, *outputs]
        primary = ", ".join(identifier(name) for name in entity)
        file.execute(
            f"CREATE TABLE features ({', '.join(columns)}, PRIMARY KEY ({primary})) WITHOUT ROWID"
        )
        marks = ", ".join("?" * len(columns))
        width = len(entity) + 1
        file.executemany(
            f"INSERT INTO features VALUES ({marks})",
            (_checked((*row[:width], *row[width + 1 :])) for row in rows),
        )
        entities = int(file.execute("SELECT count(*) FROM features").fetchone()[0])
        file.execute("INSERT INTO about VALUES ('entities', ?)", (entities,))
        file.execute("COMMIT")
    except sqlite3.OperationalError as error:
        # Otherwise a full disk would be told as a fault of the worker.
        raise OSError(28, str(error), path) if "full" in str(error) else error from None
    finally:
        file.close()
    with open(path, "r+b") as raw:
        raw.seek(_WRITER_OFFSET)
        raw.write(_WRITER_VERSION)
    return entities


def _describe(
    file: sqlite3.Connection, program: dict[str, Any], types: list[str], unknown: tuple[Any, ...]
) -> None:
    """The tables that say what the columns of `features` are."""
    entity = program["entity"]
    file.execute("CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID")
    lags = program["lags"]
    form = FORMAT_WITH_LAGS if lags else FORMAT
    about = {"as_of": unknown[len(entity) + 1], "format": form, "view": program["view"]}
    file.executemany("INSERT INTO about VALUES (?, ?)", sorted(about.items()))
    file.execute("CREATE TABLE keys (position INTEGER PRIMARY KEY, name TEXT, type TEXT)")
    file.executemany(
        "INSERT INTO keys VALUES (?, ?, ?)",
        [(i, name, kind) for i, (name, kind) in enumerate(zip(entity, types, strict=True))],
    )
    # `unknown`: the value for an entity that is not there, or whose rows are all too old.
    file.execute(
        "CREATE TABLE outputs (position INTEGER PRIMARY KEY, name TEXT, type TEXT, "
        f"max_age_seconds INTEGER, is_window INTEGER, unknown{', lag INTEGER' if lags else ''})"
    )
    values = _checked(unknown[len(entity) + 2 + len(lags) :])
    for position, (o, value) in enumerate(zip(program["outputs"], values, strict=True)):
        row = [position, o["name"], o["type"], o["maxAgeSeconds"], int(o["isWindow"]), value]
        row += [o.get("lag", 0)] if lags else []
        file.execute(f"INSERT INTO outputs VALUES ({', '.join('?' * len(row))})", row)


def _checked(row: tuple[Any, ...]) -> tuple[Any, ...]:
    for value in row:
        if isinstance(value, str) and len(value) > TEXT_BYTES_MAX // 4:
            size = len(value.encode())
            if size > TEXT_BYTES_MAX:
                raise data_error(
                    "TextTooLong",
                    f"a text of {count(size)} bytes is too long to be served: "
                    f"{count(TEXT_BYTES_MAX)} are possible",
                    "shorten it in the dataset's query",
                )
    return row


def _sample(rows: Iterator[tuple[Any, ...]], width: int) -> list[dict[str, Any]]:
    """Rows of the sample as JSON: floats as the 32 bits that they are."""
    return [
        {
            "key": list(row[:width]),
            "at": row[width],
            "values": [_bits(value) for value in row[width + 1 :]],
        }
        for row in rows
    ]


def _bits(value: Any) -> Any:
    """A float as its bits; null for one that is missing or NaN, which are the same to a model."""
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) else struct.unpack("<I", struct.pack("<f", value))[0]
