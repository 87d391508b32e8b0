"""Snapshots: a file or a query, checked against a schema and written as Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ingot_worker import sql
from ingot_worker.errors import StepError, config_error, data_error, did_you_mean
from ingot_worker.protocol import Events, Request
from ingot_worker.sql import count, identifier, literal

if TYPE_CHECKING:
    import duckdb

TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}
_ARTICLE = {"integer": "an integer"}


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()


def cast(column: str, type_name: str) -> str:
    """The SQL that casts a column, giving null for a bad value."""
    quoted = identifier(column)
    if type_name == "string":
        return f"CAST({quoted} AS VARCHAR)"
    text = f"trim(CAST({quoted} AS VARCHAR))"
    if type_name == "integer":
        # A plain cast would round 1.5.
        return (
            f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+([.]0*)?') "
            f"THEN TRY_CAST(regexp_replace({text}, '[.]0*$', '') AS BIGINT) END"
        )
    if type_name == "timestamp":
        # In UTC: an offset in the text is applied, a text without one is UTC already.
        return f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return f"TRY_CAST({text} AS {TYPES[type_name]})"


def near_type(have: str, type_name: str) -> bool:
    """Whether a column of DuckDB type `have` needs no cast through text."""
    same = {
        "string": ("VARCHAR",),
        "integer": (
            "BIGINT",
            "INTEGER",
            "SMALLINT",
            "TINYINT",
            "UINTEGER",
            "USMALLINT",
            "UTINYINT",
        ),
        "double": ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT"),
        "boolean": ("BOOLEAN",),
        "timestamp": (
            "TIMESTAMP",
            "TIMESTAMP_NS",
            "TIMESTAMP_MS",
            "TIMESTAMP_S",
            "TIMESTAMP WITH TIME ZONE",
            "DATE",
        ),
        "date": ("DATE",),
    }[type_name]
    return have in same or (type_name == "double" and have.startswith("DECIMAL"))


def _open_text(path: str, packed: bool) -> io.TextIOBase:
    raw = gzip.open(path, "rb") if packed else open(path, "rb")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")


class Source:
    """Where the rows come from: a relation in SQL and how to name a row to the user."""

    def __init__(self, name: str, relation: str) -> None:
        self.name = name
        self.relation = relation
        self.place: Callable[[int], str] = lambda row: f"row {count(row + 1)}"
        self.missing_hint: str | None = None


def _csv(name: str, path: str, nulls: list[str], infer: bool) -> Source:
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic.startswith(b"PK\x03\x04"):
        raise data_error("NotCSV", f"{name} is a zip archive, not CSV", "unpack it first")
    if magic == b"PAR1":
        raise data_error(
            "NotCSV", f"{name} is a Parquet file, not CSV", "set its format to parquet"
        )
    packed = magic.startswith(b"\x1f\x8b")
    with _open_text(path, packed) as text:
        first = ""
        while not first.strip():
            first = text.readline()
            if not first:
                raise data_error("FileEmpty", f"{name} is empty")
    delimiter = max(",;\t|", key=lambda d: (first.count(d), d == ","))
    with _open_text(path, packed) as text:
        header = next(row for row in csv.reader(text, delimiter=delimiter) if row)
    header = [h.strip() for h in header]
    if "\0" in first:
        raise data_error("NotCSV", f"{name} is not a text file")
    if any(not h for h in header):
        position = next(i for i, h in enumerate(header) if not h) + 1
        raise data_error(
            "BadHeader",
            f"{name} has no name for its column {position}",
            "the first line must name every column",
        )
    seen: set[str] = set()
    for column in header:
        if column.lower() in seen:
            raise data_error("BadHeader", f"{name} has two columns named '{column}'")
        seen.add(column.lower())
    names = ", ".join(f"{literal(h)}: 'VARCHAR'" for h in header)
    options = [
        literal(path),
        "header=true",
        f"delim={literal(delimiter)}",
        "quote='\"'",
        "escape='\"'",
        f"nullstr=[{', '.join(literal(n) for n in dict.fromkeys(['', *nulls]))}]",
        "allow_quoted_nulls=true",
        "compression='gzip'" if packed else "compression='none'",
        "max_line_size=16777216",
    ]
    if infer:
        options += ["sample_size=-1", f"names=[{', '.join(literal(h) for h in header)}]"]
    else:
        options += ["auto_detect=false", f"columns={{{names}}}"]
    source = Source(name, f"read_csv({', '.join(options)})")

    def place(row: int) -> str:
        before = 0
        with _open_text(path, packed) as text:
            reader = csv.reader(text, delimiter=delimiter)
            number = -2
            for record in reader:
                if record:
                    number += 1
                if number == row:
                    return f"line {count(before + 1)}"
                before = reader.line_num
        return f"row {count(row + 1)}"

    source.place = place
    if all(re.fullmatch(r"[-+0-9.:TZ ]*|NA", h) for h in header):
        source.missing_hint = "the first line must be a header that names the columns"
    return source


def _file_source(request: Request, infer: bool) -> Source:
    program = request.program
    path = request.input("source", "file")
    name = program.get("path") or "the source file"
    if not os.path.exists(path):
        raise data_error("FileMissing", f"{name} does not exist")
    if os.path.getsize(path) == 0:
        raise data_error("FileEmpty", f"{name} is empty")
    kind = program["format"]
    if kind == "csv":
        return _csv(name, path, program.get("nullValues") or [], infer)
    if kind == "parquet":
        sql.check_parquet(path, name)
        return Source(name, f"read_parquet({literal(path)})")
    if kind == "json":
        return Source(
            name, f"read_json({literal(path)}, sample_size=-1, maximum_object_size=67108864)"
        )
    raise config_error("UnknownFormat", f"unknown format '{kind}'", "known: csv, parquet, json")


def _reading_failed(name: str, error: Exception) -> StepError | None:
    """A clear message for what DuckDB says about an unreadable file."""
    import duckdb

    text = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", text)
    if line:
        where = f"{name}, line {count(int(line.group(1)))}"
        width = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
        if width:
            what = f"{width.group(2)} columns instead of {width.group(1)}"
            return data_error("BadLine", f"{where}: the line has {what}")
        if "unterminated quote" in text.lower():
            return data_error("BadLine", f"{where}: a quoted value does not end")
        if "utf-8" in text.lower() or "unicode" in text.lower():
            return data_error("NotUTF8", f"{where}: the text is not UTF-8")
        detail = text.split("\n")[1] if "\n" in text else text
        return data_error("BadLine", f"{where}: {detail}")
    if "utf-8" in text.lower() or "utf8" in text.lower():
        return data_error("NotUTF8", f"{name} is not UTF-8")
    if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in text:
        return None
    kinds = (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException)
    if isinstance(error, (*kinds, duckdb.ConversionException, duckdb.OutOfRangeException)):
        reason = re.sub(r'(in |reading )?file "[^"]*":? ?', "", text.split("\n")[0])
        return data_error("FileCorrupt", f"{name} cannot be read: {reason}", "copy the file again")
    return None


def _check(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    schema: list[dict[str, Any]],
    casts: dict[str, str],
) -> None:
    parts = []
    for column in schema:
        quoted = identifier(column["name"])
        bad = f"{quoted} IS NOT NULL AND ({casts[column['name']]}) IS NULL"
        for condition in (bad, f"{quoted} IS NULL"):
            parts.append(f"count(*) FILTER (WHERE {condition})")
            parts.append(f"min(rowid) FILTER (WHERE {condition})")
    values = connection.execute(f"SELECT {', '.join(parts)} FROM ingot_raw").fetchone()
    assert values is not None
    for index, column in enumerate(schema):
        name = column["name"]
        bad_count, bad_row, null_count, null_row = values[4 * index : 4 * index + 4]
        if bad_count:
            found = connection.execute(
                f"SELECT CAST({identifier(name)} AS VARCHAR) FROM ingot_raw WHERE rowid = ?",
                [bad_row],
            ).fetchone()
            value = str(found[0]) if found else ""
            shown = value if len(value) <= 100 else value[:100] + "…"
            others = f" ({count(bad_count)} such values)" if bad_count > 1 else ""
            wanted = _ARTICLE.get(column["type"], "a " + column["type"])
            raise data_error(
                "BadValue",
                f"{source.name}, {source.place(bad_row)}: column '{name}' has '{shown}', "
                f"which is not {wanted}{others}",
                "correct the value, change the column's type or list the value in nullValues",
                column=name,
                row=bad_row,
                value=shown,
                count=bad_count,
            )
        if null_count and not column.get("nullable", True):
            plural = "null" if null_count == 1 else "nulls"
            raise data_error(
                "NullValue",
                f"{source.name}: column '{name}' must not be null, but has {count(null_count)} "
                f"{plural}, the first in {source.place(null_row)}",
                "correct the data or make the column nullable",
                column=name,
                row=null_row,
                count=null_count,
            )


def run(request: Request, events: Events) -> None:
    """The kind snapshot."""
    start = time.perf_counter()
    schema: list[dict[str, Any]] = request.program.get("schema") or []
    for column in schema:
        if column["type"] not in TYPES:
            raise config_error(
                "UnknownType",
                f"column '{column['name']}' has the unknown type '{column['type']}'",
                did_you_mean(column["type"], TYPES) or "known: " + ", ".join(TYPES),
            )
    events.progress(0.0, "reading")
    with sql.database(request) as connection:
        if "sql" in request.program:
            sql.add_views(request, connection)
            query = sql.run_statements(connection, request.program["sql"])
            source = Source("the query", f"({query}\n)")
            is_file = False
        else:
            source = _file_source(request, not schema)
            is_file = True
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM {source.relation}").fetchall()
            have = {str(row[0]): str(row[1]) for row in described}
            for column in schema:
                if column["name"] not in have:
                    raise data_error(
                        "ColumnMissing",
                        f"{source.name} has no column '{column['name']}'; "
                        f"it has: {', '.join(have)}",
                        did_you_mean(column["name"], have) or source.missing_hint,
                        column=column["name"],
                        columns=list(have),
                    )
            wanted = ", ".join(identifier(c["name"]) for c in schema) or "*"
            connection.execute(
                f"CREATE TEMP TABLE ingot_raw AS SELECT {wanted} FROM {source.relation}"
            )
        except StepError:
            raise
        except Exception as error:
            clear = _reading_failed(source.name, error) if is_file else None
            if clear is None:
                raise
            raise clear from error
        read = time.perf_counter()
        events.progress(0.5, "checking")
        if schema:
            casts = {
                c["name"]: f"CAST({identifier(c['name'])} AS {TYPES[c['type']]})"
                if near_type(have[c["name"]], c["type"])
                else cast(c["name"], c["type"])
                for c in schema
            }
            _check(connection, source, schema, casts)
            columns = ", ".join(f"{casts[c['name']]} AS {identifier(c['name'])}" for c in schema)
        else:
            columns = ", ".join(
                f"CAST({identifier(n)} AS TIMESTAMP) AS {identifier(n)}"
                if t == "TIMESTAMP WITH TIME ZONE"
                else identifier(n)
                for n, t in have.items()
            )
        checked = time.perf_counter()
        rows = sql.write_parquet(request, connection, f"SELECT {columns} FROM ingot_raw")
    events.result(
        {
            "rows": rows,
            "bytes": os.path.getsize(request.out("data.parquet")),
            "seconds": {
                "read": round(read - start, 3),
                "check": round(checked - read, 3),
                "write": round(time.perf_counter() - checked, 3),
            },
        }
    )
