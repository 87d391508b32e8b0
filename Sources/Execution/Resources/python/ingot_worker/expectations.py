"""Expectations of datasets: how many rows fail, which are the first, and the words for it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from ingot_worker import row_checks, table_checks
from ingot_worker.errors import StepError, config_error, did_you_mean, duckdb_text
from ingot_worker.profiled import Profiled, plain
from ingot_worker.sql import count, identifier

EXAMPLES_MAX = 3
_CHECKS = (*row_checks.CHECKS, *table_checks.CHECKS)
_SENTENCE_CHARACTERS_MAX = 600


def evaluate(data: Profiled, check: dict[str, Any], number: int) -> dict[str, Any]:
    """The check with its verdict: passed, failing (rows, exact) and up to 3 example rows.

    `number` is its place in the manifest, from 1.
    """
    kind = str(check.get("check"))
    if kind not in _CHECKS:
        hint = did_you_mean(kind, _CHECKS, known=True)
        raise config_error("UnknownCheck", f"unknown check '{kind}'", hint)
    try:
        if kind in table_checks.CHECKS:
            return {**check, **table_checks.evaluate(data, check)}
        return {**check, **_evaluate_rows(data, check)}
    except StepError:
        raise
    except Exception as error:
        raise _of_the_manifest(error, kind, number) or error from error


def _evaluate_rows(data: Profiled, check: dict[str, Any]) -> dict[str, Any]:
    query, shown = row_checks.failing_rows(data, check)
    failing = data.number(f"SELECT count(*) FROM ({query}\n)")
    examples = []
    if failing:
        order = f"ORDER BY {row_checks.ROW} " if row_checks.ROW in shown else ""
        selected = ", ".join(identifier(name) for name in shown)
        cursor = data.connection.execute(
            f"SELECT {selected} FROM ({query}\n) {order}LIMIT {EXAMPLES_MAX}"
        )
        labels = ["row" if name == row_checks.ROW else name for name in shown]
        for row in cursor.fetchall():
            examples.append({k: plain(v) for k, v in zip(labels, row, strict=True)})
    mostly = check.get("mostly")
    # As a fraction of decimal digits: 0.07 of 100 rows are 7, not 7.000000000000001.
    share = Fraction(1) if mostly is None else Fraction(str(mostly))
    passed = failing == 0 or (data.rows - failing) >= share * data.rows
    return {"passed": passed, "failing": failing, "examples": examples}


def _of_the_manifest(error: Exception, kind: str, number: int) -> StepError | None:
    """What DuckDB says of SQL that stands in the manifest, or of values that cannot be compared."""
    import duckdb

    wrong = (
        duckdb.ParserException,
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.ConversionException,
        duckdb.InvalidInputException,
        duckdb.OutOfRangeException,
        duckdb.InvalidTypeException,
        duckdb.NotImplementedException,
        duckdb.PermissionException,
    )
    if not isinstance(error, wrong):
        return None
    hints = {
        "sql": "correct the SQL; the table is dataset, the dialect DuckDB's",
        "regex": "correct the pattern; the syntax is RE2's",
    }
    return config_error(
        "ExpectationInvalid",
        f"expectation {number} ('{kind}') cannot be checked: {duckdb_text(error)}",
        hints.get(kind, "correct the expectation, or the types of the columns"),
    )


def sentence(check: dict[str, Any], rows: int) -> str:
    """A failed check in words: what, for how many rows of how many, and examples."""
    if check["check"] in table_checks.CHECKS:
        return table_checks.sentence(check, rows)
    shown = "; ".join(json.dumps(e, ensure_ascii=False) for e in check["examples"])
    what = row_checks.subject(check)
    text = f"{what} failed for {count(check['failing'])} of {count(rows)} rows: {shown}"
    if len(text) <= _SENTENCE_CHARACTERS_MAX:
        return text
    return text[:_SENTENCE_CHARACTERS_MAX] + "…"
