"""Expectations of datasets: how many rows fail, which are the first, and the words for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ingot_worker.errors import config_error, did_you_mean
from ingot_worker.sql import count, identifier, literal

if TYPE_CHECKING:
    import duckdb

CHECKS = ("unique", "notNull", "between", "values", "rowCount")
_EXAMPLES_MAX = 3


def _constant(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return literal(str(value))


def _failing(check: dict[str, Any]) -> str:
    """SQL that is true for the rows that fail. A null fails `notNull` only."""
    kind = check["check"]
    if kind == "unique":
        keys = ", ".join(identifier(c) for c in check["columns"])
        return f"count(*) OVER (PARTITION BY {keys}) > 1"
    quoted = identifier(check["column"])
    if kind == "notNull":
        return f"{quoted} IS NULL"
    if kind == "between":
        sides = []
        if check.get("min") is not None:
            sides.append(f"{quoted} < {_constant(check['min'])}")
        if check.get("max") is not None:
            sides.append(f"{quoted} > {_constant(check['max'])}")
        return f"coalesce({' OR '.join(sides) or 'false'}, false)"
    allowed = ", ".join(_constant(v) for v in check["in"])
    if not allowed:
        return f"{quoted} IS NOT NULL"
    return f"coalesce({quoted} NOT IN ({allowed}), false)"


def _columns(check: dict[str, Any], names: list[str]) -> list[str]:
    """The columns a check reads, all of which the dataset has."""
    columns = check["columns"] if check["check"] == "unique" else [check["column"]]
    for column in columns:
        if column not in names:
            raise config_error(
                "ColumnMissing",
                f"the check '{check['check']}' names the column '{column}', "
                "which the dataset does not have",
                did_you_mean(column, names) or "it has: " + ", ".join(names),
            )
    return list(dict.fromkeys(columns))


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    check: dict[str, Any],
    rows: int,
    names: list[str],
    plain: Callable[[Any], Any],
) -> dict[str, Any]:
    """The check with its verdict: passed, failing (rows, exact) and up to 3 example rows.

    `plain` makes a value what JSON can say.
    """
    kind = check.get("check")
    if kind not in CHECKS:
        hint = did_you_mean(str(kind), CHECKS, known=True)
        raise config_error("UnknownCheck", f"unknown check '{kind}'", hint)
    if kind == "rowCount":
        low, high = check.get("min"), check.get("max")
        passed = (low is None or rows >= low) and (high is None or rows <= high)
        return {**check, "passed": passed, "failing": 0 if passed else rows, "examples": []}
    columns = _columns(check, names)
    selected = ", ".join(identifier(c) for c in columns)
    # A window function may not stand in WHERE.
    failing_rows = (
        f"SELECT * FROM (SELECT file_row_number AS ingot_row, {selected}, "
        f"{_failing(check)} AS ingot_bad FROM dataset) WHERE ingot_bad"
    )
    found = connection.execute(f"SELECT count(*) FROM ({failing_rows})").fetchone()
    failing = int(found[0]) if found else 0
    examples = []
    if failing:
        cursor = connection.execute(
            f"SELECT ingot_row, {selected} FROM ({failing_rows}) "
            f"ORDER BY ingot_row LIMIT {_EXAMPLES_MAX}"
        )
        labels = ["row", *columns]
        for row in cursor.fetchall():
            examples.append({k: plain(v) for k, v in zip(labels, row, strict=True)})
    mostly = check.get("mostly")
    # As a fraction of decimal digits: 0.07 of 100 rows are 7, not 7.000000000000001.
    share = Fraction(1) if mostly is None else Fraction(str(mostly))
    passed = failing == 0 or (rows - failing) >= share * rows
    return {**check, "passed": passed, "failing": failing, "examples": examples}


def sentence(check: dict[str, Any], rows: int) -> str:
    """A failed check in words: what, for how many rows of how many, and examples."""
    kind = check["check"]
    if kind == "rowCount":
        low, high = check.get("min"), check.get("max")
        bounds = [f"at least {count(low)}"] if low is not None else []
        bounds += [f"at most {count(high)}"] if high is not None else []
        return (
            f"rowCount failed: the dataset has {count(rows)} rows instead of {' and '.join(bounds)}"
        )
    column = ", ".join(check["columns"]) if kind == "unique" else check["column"]
    shown = "; ".join(json.dumps(e, ensure_ascii=False) for e in check["examples"])
    return f"{kind} of {column} failed for {count(check['failing'])} of {count(rows)} rows: {shown}"
