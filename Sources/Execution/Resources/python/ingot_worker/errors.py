"""Errors a step reports, and how foreign exceptions map to them."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterable
from typing import Any


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


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A hint with names near to `name`, or None."""
    by_lower = {c.lower(): c for c in candidates}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=3, cutoff=0.6)
    if not near:
        return None
    return "did you mean " + " or ".join(f"'{by_lower[n]}'" for n in near) + "?"


def disk_full(name: str) -> StepError:
    """No space left on device."""
    return StepError(
        "resource",
        "DiskFull",
        f"no space left on device while writing {name}",
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


def _duckdb_error(error: Exception) -> StepError | None:
    import duckdb

    if not isinstance(error, duckdb.Error):
        return None
    text = str(error).strip()
    first = text.split("\n\n")[0].strip()
    if "No space left on device" in text or "max_temp_directory_size" in text:
        return disk_full("a temporary file of DuckDB" if "temp" in text else "data.parquet")
    if isinstance(error, duckdb.OutOfMemoryException) or "bad_alloc" in text:
        return out_of_memory(first)
    data = (
        duckdb.InvalidInputException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
        duckdb.ConstraintException,
    )
    if isinstance(error, data):
        return data_error("BadData", first)
    config = (
        duckdb.ParserException,
        duckdb.SyntaxException,
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.PermissionException,
        duckdb.NotImplementedException,
    )
    if isinstance(error, config):
        found = re.search(r"^LINE \d+:.*$", text, re.MULTILINE)
        return config_error("SQLFailed", f"the SQL does not run: {first}", found and found.group(0))
    return None


def translate(error: BaseException) -> StepError:
    """The StepError for any exception; unknown ones are bugs of the worker."""
    if isinstance(error, StepError):
        return error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        name = os.path.basename(os.fsdecode(error.filename)) if error.filename else "a file"
        return disk_full(name)
    if isinstance(error, MemoryError) or "bad_alloc" in str(error):
        return out_of_memory()
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return out_of_memory()
    if isinstance(error, OSError) and "No space left on device" in str(error):
        return disk_full("a file")
    if isinstance(error, Exception):
        known = _duckdb_error(error)
        if known is not None:
            return known
    return StepError(
        "internal",
        "WorkerBug",
        f"the worker failed: {type(error).__name__}: {error}",
        "this is a bug of Ingot; the traceback is in the step's log",
    )
