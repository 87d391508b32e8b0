"""On-demand expressions as DuckDB itself parses them, and refusals that show the place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingot_worker.errors import StepError, config_error

_PREFIX = "SELECT "
_NOWHERE = 2**63


@dataclass(frozen=True)
class Source:
    """An on-demand feature as the manifest has it."""

    name: str
    text: str

    def refusal(self, node: dict[str, Any] | None, message: str, hint: str | None) -> StepError:
        """A config error that quotes the line of the expression, with a caret."""
        return self.refusal_at(position(node) if node else 0, message, hint)

    def refusal_at(self, offset: int, message: str, hint: str | None) -> StepError:
        """`offset` counts the UTF-8 bytes of the expression."""
        before = self.text.encode()[:offset].decode(errors="ignore")
        line = before.count("\n")
        column = len(before) - (before.rfind("\n") + 1)
        quoted = self.text.split("\n")[line]
        return config_error(
            "OnDemandRefused",
            f"the on-demand feature '{self.name}' cannot be compiled: {message}, at {line + 1}:"
            f"{column + 1} of its expression\n    {quoted}\n    {' ' * column}^",
            hint,
            feature=self.name,
            line=line + 1,
            column=column + 1,
        )


def position(node: dict[str, Any]) -> int:
    """The offset in bytes at which a node stands: that of what it holds, if it has none itself."""
    places = [n["query_location"] for n in _nodes(node) if n["query_location"] < _NOWHERE]
    own = node.get("query_location", _NOWHERE)
    start = own if own < _NOWHERE else min(places, default=len(_PREFIX))
    return max(0, int(start) - len(_PREFIX))


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "query_location" in value:
            yield value
        for child in value.values():
            yield from _nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from _nodes(child)


def parse(source: Source) -> dict[str, Any]:
    """The one expression, as DuckDB's `json_serialize_sql` tells it."""
    import duckdb

    # The end of a comment at the end must not swallow anything.
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            "SELECT json_serialize_sql(?)", [f"{_PREFIX}{source.text}\n"]
        ).fetchone()
    tree = json.loads(found[0]) if found else {}
    if tree.get("error"):
        offset = int(tree.get("position") or len(_PREFIX)) - len(_PREFIX)
        said = str(tree.get("error_message", "it cannot be parsed")).split("\n")[0]
        raise source.refusal_at(max(0, offset), said, "write one expression of DuckDB's SQL")
    statements = tree.get("statements") or []
    node = statements[0].get("node", {}) if statements else {}
    columns = node.get("select_list") or []
    plain = node.get("type") == "SELECT_NODE" and node.get("from_table", {}).get("type") == "EMPTY"
    clauses = ("where_clause", "having", "qualify", "sample", "group_expressions", "modifiers")
    if len(statements) != 1 or len(columns) != 1 or not plain or any(node.get(c) for c in clauses):
        second = columns[1] if len(columns) > 1 else None
        raise source.refusal(second, "it is not one expression", "write one value, without clauses")
    expression: dict[str, Any] = columns[0]
    if expression.get("alias"):
        raise source.refusal(expression, "it has an alias", "the feature's name is its alias")
    return expression
