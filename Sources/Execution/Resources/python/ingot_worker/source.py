"""Source files of snapshots: where the rows come from, and what is wrong with the bytes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ingot_worker import csv_source, outside, packed, sql
from ingot_worker.errors import StepError, config_error, data_error, did_you_mean
from ingot_worker.protocol import Request
from ingot_worker.sql import count, literal

FORMATS = ("csv", "parquet", "json")
_JSON = "format='newline_delimited', maximum_object_size=67108864"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def _row(number: int) -> str:
    return f"row {count(number + 1)}"


@dataclass
class Source:
    """Rows to snapshot: what the user calls them, and the SQL that reads them."""

    name: str
    relation: str
    # Reads the rows once it is known which columns are wanted; `relation` if None.
    narrowed: Callable[[list[str]], str] | None = None
    # Names the row at a position (from 0), as a person would find it.
    place: Callable[[int], str] = _row
    # A hint if a column is missing and no name is near.
    missing_hint: str | None = None
    # What a failure to read says; None if it is not the file's fault.
    unreadable: Callable[[Exception], StepError | None] = lambda _: None
    # If there are several files: each of them, to be read one after the other.
    parts: list[Source] = field(default_factory=list)

    def reading(self, columns: list[str]) -> str:
        """The SQL relation that has these columns."""
        return self.narrowed(columns) if self.narrowed else self.relation


def open_files(request: Request, infer: bool) -> Source:
    """The source of a snapshot of files; raises a data error if it cannot be one.

    A single file is called `file` in the request. Several have their own names, in whose byte
    order they are read.
    """
    program = request.program
    name = program.get("path") or "the source file"
    files = request.inputs["source"]
    if list(files) == ["file"]:
        return open_file(files["file"], name, program, infer)
    parts = sorted(files.items(), key=lambda part: part[0].encode())
    return _several(parts, name, program, infer)


def open_copy(copied: outside.Copy, program: dict[str, Any], infer: bool) -> Source:
    """The source of a snapshot of what was copied from outside."""
    name, path = copied.files[0]
    if copied.columns:
        return Source(name, outside.query_relation(path, copied.columns, as_text=not infer))
    if len(copied.files) == 1:
        return open_file(path, name, program, infer)
    return _several(copied.files, program.get("path") or name, program, infer)


def _several(
    files: list[tuple[str, str]], name: str, program: dict[str, Any], infer: bool
) -> Source:
    parts = [open_file(path, part, program, infer) for part, path in files]
    return Source(name, "", parts=parts)


def open_file(path: str, name: str, program: dict[str, Any], infer: bool) -> Source:
    """The rows of one file, which `name` is for people."""
    if not os.path.exists(path):
        raise data_error("FileMissing", f"{name} does not exist", "add the file, or correct path")
    if os.path.getsize(path) == 0:
        raise data_error("FileEmpty", f"{name} is empty", "copy the file again")
    with open(path, "rb") as file:
        if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
            raise data_error(
                "LFSPointer",
                f"{name} is a git-lfs pointer and not the file itself",
                "fetch the file with `git lfs pull`",
            )
    kind = program["format"]
    if kind == "csv":
        text = csv_source.inspect(path, name)
        return Source(
            name,
            text.relation(program.get("nullValues") or [], infer),
            place=text.place,
            missing_hint=text.missing_hint,
            unreadable=lambda error: csv_source.unreadable(name, error) or damaged(name, error),
        )
    if kind == "parquet":
        sql.check_parquet(path, name)
        relation = f"read_parquet({literal(path)})"
        return Source(name, relation, unreadable=lambda error: damaged(name, error))
    if kind == "json":
        return _json_lines(path, name)
    hint = did_you_mean(str(kind), FORMATS, known=True)
    raise config_error("UnknownFormat", f"unknown format '{kind}'", hint)


def damaged(name: str, error: Exception) -> StepError | None:
    """A data error if DuckDB cannot read the bytes of a file."""
    import duckdb

    kinds = (
        duckdb.InvalidInputException,
        duckdb.IOException,
        duckdb.SerializationException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
    )
    if not isinstance(error, kinds) or "No space left" in str(error):
        return None
    reason = re.sub(r'(in |reading )?file "[^"]*":? ?', "", str(error).split("\n")[0])
    reason = re.sub(r":? /\S+$", "", reason)
    reason = re.sub(r"^[A-Z][A-Za-z/ ]* Error: ", "", reason).replace(" ,", ",").strip()
    return data_error("FileCorrupt", f"{name} cannot be read: {reason}", "copy the file again")


def _json_lines(path: str, name: str) -> Source:
    compression = packed.check(path, name)
    options = f"{_JSON}, compression={literal(compression)}"

    def lines() -> BinaryIO:
        return packed.open_bytes(path, compression)

    _first_object(lines(), name)

    def narrowed(columns: list[str]) -> str:
        # Every value as its own text: inferring dates and numbers would change the strings.
        types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
        return f"read_json({literal(path)}, {options}, auto_detect=false, columns={{{types}}})"

    relation = f"read_json({literal(path)}, {options}, sample_size=-1)"
    return Source(
        name,
        relation,
        narrowed,
        place=lambda row: f"line {count(_json_line(lines(), row))}",
        unreadable=lambda error: _bad_json_line(lines(), name) or damaged(name, error),
    )


def _not_json_lines(name: str, line: int, reason: str) -> StepError:
    return data_error(
        "NotJSONLines",
        f"{name}, line {count(line)}: {reason}",
        "write one JSON object a line",
        line=line,
    )


def _first_object(lines: BinaryIO, name: str) -> None:
    with lines as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                problem = _json_problem(line)
                if problem:
                    raise _not_json_lines(name, number, problem)
                return
    raise data_error("FileEmpty", f"{name} has no records")


def _json_problem(line: bytes) -> str | None:
    if line.startswith(b"\xef\xbb\xbf"):
        return "a byte order mark is not JSON"
    try:
        value: Any = json.loads(line)
    except UnicodeDecodeError:
        return "the text is not UTF-8"
    except RecursionError:
        return "the JSON is nested too deeply"
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at column {error.colno}"
    return None if isinstance(value, dict) else "not a JSON object"


def _bad_json_line(lines: BinaryIO, name: str) -> StepError | None:
    """The first line that is no object: DuckDB's own line numbers are one off."""
    with lines as file:
        for number, line in enumerate(file, 1):
            problem = _json_problem(line) if line.strip() else None
            if problem:
                return _not_json_lines(name, number, problem)
    return None


def _json_line(lines: BinaryIO, row: int) -> int:
    """The line (from 1) of the record at a position (from 0)."""
    with lines as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                if row == 0:
                    return number
                row -= 1
    return row + 1
