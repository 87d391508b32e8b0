"""Expectations about single rows, as SQL that gives the rows that fail.

A null fails `notNull` only. (SQL's own CHECK is of the same opinion.)
"""

from __future__ import annotations

from typing import Any

from ingot_worker import sql
from ingot_worker.profiled import Profiled
from ingot_worker.sql import identifier, literal

CHECKS = ("unique", "notNull", "between", "values", "regex", "foreignKey", "sql")
ROW = "ingot_row"
_SHOWN_CHARACTERS_MAX = 100
_COLUMNS_MAX = 12


def _constant(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return literal(str(value))


def failing_rows(data: Profiled, check: dict[str, Any]) -> tuple[str, list[str]]:
    """A query for the rows that fail, and those of its columns that are worth showing.

    If the position of a row is known, it is the column ROW.
    """
    if check["check"] == "sql":
        return _own_sql(data, check)
    columns = list(dict.fromkeys(check.get("columns") or [check.get("column")]))
    condition = _condition(data, check)
    selected = ", ".join(identifier(c) for c in columns)
    # A window function may not stand in WHERE.
    query = (
        f"SELECT * FROM (SELECT file_row_number AS {ROW}, {selected}, "
        f"{condition} AS ingot_bad FROM dataset) WHERE ingot_bad"
    )
    return query, [ROW, *columns]


def _condition(data: Profiled, check: dict[str, Any]) -> str:
    """SQL that is true for the rows that fail."""
    kind = check["check"]
    if kind == "unique":
        keys = ", ".join(data.require(kind, c) for c in check["columns"])
        return f"count(*) OVER (PARTITION BY {keys}) > 1"
    if kind == "foreignKey":
        return _foreign_key(data, check)
    quoted = data.require(kind, check["column"], ("string",) if kind == "regex" else ())
    if kind == "notNull":
        return f"{quoted} IS NULL"
    if kind == "regex":
        return f"coalesce(NOT regexp_full_match({quoted}, {literal(check['pattern'])}), false)"
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


def _foreign_key(data: Profiled, check: dict[str, Any]) -> str:
    dataset = check["dataset"]
    own = [data.require("foreignKey", c) for c in check["columns"]]
    theirs = [data.require_reference("foreignKey", dataset, c) for c in check["references"]]
    known = " AND ".join(f"{c} IS NOT NULL" for c in own)
    same = " AND ".join(f"other.{b} = dataset.{a}" for a, b in zip(own, theirs, strict=True))
    table = data.reference(dataset)
    return f"{known} AND NOT EXISTS (SELECT 1 FROM {table} AS other WHERE {same})"


def _own_sql(data: Profiled, check: dict[str, Any]) -> tuple[str, list[str]]:
    if check.get("query") is not None:
        query = sql.run_statements(data.connection, {"query": check["query"]})
        found = data.connection.execute(f"DESCRIBE {query}").fetchall()
        return query, [str(row[0]) for row in found if row[0] != "file_row_number"][:_COLUMNS_MAX]
    condition = check["condition"]
    # Alone first, so that an error is about what stands in the manifest.
    sql.run_statements(data.connection, {"query": f"SELECT\n{condition}"})
    # On lines of its own: it may end in a comment.
    query = (
        f"SELECT file_row_number AS {ROW}, * EXCLUDE (file_row_number) FROM dataset "
        f"WHERE NOT coalesce(CAST((\n{condition}\n) AS BOOLEAN), true)"
    )
    named = _names_in(condition, list(data.columns))
    return query, [ROW, *(named or list(data.columns))[:_COLUMNS_MAX]]


def _names_in(condition: str, columns: list[str]) -> list[str]:
    """The columns that a condition speaks of, as far as its words tell."""
    import duckdb

    text = condition.encode()
    starts = [offset for offset, _ in duckdb.tokenize(condition)]
    words = set()
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        words.add(text[start:end].decode(errors="replace").strip().strip('"').lower())
    return [name for name in columns if name.lower() in words]


def subject(check: dict[str, Any]) -> str:
    """What is checked, in words."""
    kind = check["check"]
    if kind == "sql":
        text = check.get("condition") or check.get("query") or ""
        text = " ".join(text.split())
        return "sql " + (
            text if len(text) <= _SHOWN_CHARACTERS_MAX else text[:_SHOWN_CHARACTERS_MAX] + "…"
        )
    text = f"{kind} of {', '.join(check.get('columns') or [check.get('column')])}"
    if kind == "foreignKey":
        return f"{text} in dataset/{check['dataset']} ({', '.join(check['references'])})"
    return text
