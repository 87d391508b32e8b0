"""Errors a step reports, and how the exceptions of libraries map to them.

Classes: `data` and `config` follow from the inputs and are never retried; `resource` (memory, disk)
and `internal` (a bug) may be.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import re
import resource
from collections.abc import Iterable
from typing import Any

_MEMORY_WORDS = (
    *("bad_alloc", "bad allocation", "cannot allocate memory", "can't start new thread"),
    # What DuckDB 2.0 makes of zstd's failure to allocate.
    "compressed page size out of range",
)


class StepError(Exception):
    """A failure with everything its error event needs."""

    def __init__(
        self,
        kind: str,
        code: str,
        message: str,
        hint: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details

    def event(self) -> dict[str, Any]:
        """The error event of the protocol."""
        return {
            "event": "error",
            "class": self.kind,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
        }


def data_error(code: str, message: str, hint: str | None = None, **details: Any) -> StepError:
    """The data is wrong: never retried."""
    return StepError("data", code, message, hint, details or None)


def config_error(code: str, message: str, hint: str | None = None, **details: Any) -> StepError:
    """The configuration is wrong: never retried."""
    return StepError("config", code, message, hint, details or None)


def worker_bug(message: str) -> StepError:
    """Something that cannot happen, happened."""
    hint = "this is a bug of Ingot; the traceback is in the step's log"
    return StepError("internal", "WorkerBug", f"the worker failed: {message}", hint)


def disk_full(name: str) -> StepError:
    """No space left on device."""
    return StepError(
        "resource",
        "DiskFull",
        f"no space left on device while writing {name}",
        "free some space in the state directory's file system; the step is retried",
    )


def file_too_large(name: str) -> StepError:
    """A file has reached the limit, which follows from the space that is left."""
    return StepError(
        "resource",
        "FileTooLarge",
        f"{name} became larger than the disk has space to spare",
        "free some space in the state directory's file system; the step is retried",
    )


def out_of_memory(detail: str = "") -> StepError:
    """The step's memory limit was reached."""
    return StepError(
        "resource",
        "OutOfMemory",
        "the step ran out of memory" + (f": {detail}" if detail else ""),
        "raise the step's memory limit or reduce the data; the step is retried",
    )


def _file_at_limit() -> str | None:
    """The file of the working directory that is as large as a file may be.

    Python does not name the file in an error of `write`.
    """
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    with contextlib.suppress(OSError), os.scandir() as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.stat().st_size == limit:
                return entry.name
    return None


def near_names(name: str, candidates: Iterable[str], most: int = 3) -> list[str]:
    """The candidates that look like `name`, best first."""
    by_lower = {c.lower(): c for c in candidates}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=most, cutoff=0.6)
    return [by_lower[n] for n in near]


def did_you_mean(name: str, candidates: Iterable[str], known: bool = False) -> str | None:
    """A hint with names near to `name`; else, if `known` is asked for, one with all names."""
    candidates = list(candidates)
    near = near_names(name, candidates)
    if near:
        return "did you mean " + " or ".join(f"'{n}'" for n in near) + "?"
    return "known: " + ", ".join(candidates) if known else None


def duckdb_text(error: BaseException) -> str:
    """What DuckDB says, as one line: without the caret lines, with the place at the end."""
    text = str(error).strip()
    said = " ".join(text.split("\n\n")[0].split())
    place = re.search(r"^LINE \d+: *(.*)$", text, re.MULTILINE)
    return f"{said} (in: {place.group(1).strip()})" if place else said


def _duckdb_error(error: Exception) -> StepError | None:
    import duckdb

    if not isinstance(error, duckdb.Error):
        return None
    text = str(error)
    if "No space left on device" in text or "max_temp_directory_size" in text:
        return disk_full("a temporary file" if "temp" in text else "data.parquet")
    if "File too large" in text:
        return file_too_large("a file")
    if isinstance(error, duckdb.OutOfMemoryException) or _is_memory(text):
        return out_of_memory(duckdb_text(error).split(" (")[0])
    if isinstance(error, (duckdb.InternalException, duckdb.FatalException, duckdb.IOException)):
        return None
    hint = "correct the SQL; the step's program shows it whole"
    if isinstance(error, duckdb.ConversionException):
        hint = "correct the data, or use TRY_CAST to make null of what does not convert"
    return config_error("SQLFailed", f"the SQL fails: {duckdb_text(error)}", hint)


def _is_memory(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _MEMORY_WORDS)


def translate(error: BaseException) -> StepError:
    """The StepError for any exception; unknown ones are bugs of the worker."""
    if isinstance(error, StepError):
        return error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        name = os.path.basename(os.fsdecode(error.filename)) if error.filename else "a file"
        return disk_full(name)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        name = error.filename or _file_at_limit() or "a file"
        return file_too_large(os.path.basename(os.fsdecode(name)))
    if isinstance(error, MemoryError):
        return out_of_memory()
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return out_of_memory()
    known = _duckdb_error(error) if isinstance(error, Exception) else None
    if known is not None:
        return known
    if "No space left on device" in str(error):
        return disk_full("a file")
    if "File too large" in str(error):
        return file_too_large("a file")
    if _is_memory(str(error)):
        return out_of_memory()
    said = str(error).split("\n\nStack Trace")[0]
    return worker_bug(f"{type(error).__name__}: {said}")


def hide_paths(text: str, paths: Iterable[str]) -> str:
    """`text` with each of these absolute paths shortened to its last component."""
    for path in sorted(set(paths), key=len, reverse=True):
        if os.path.isabs(path):
            text = text.replace(path, os.path.basename(path))
    return text
