"""Which rows came, went and changed between two snapshots, as SQL."""

from __future__ import annotations

from typing import Any

from ingot_worker.profiled import Profiled, plain
from ingot_worker.sql import identifier

EXAMPLES_MAX = 5


def compare(old: Profiled, new: Profiled, columns: list[str], key: list[str]) -> dict[str, Any]:
    """Counts and examples of rows added, removed and changed.

    Rows are the same if they agree in `key`, if both snapshots have it and it names one row only;
    else if they agree in all `columns`, and then none is changed.
    """
    counts = {"old": old.rows, "new": new.rows}
    problem = _key_problem(old, new, columns, key) if key else None
    if key and problem is None:
        return {**counts, "key": key, **_by_key(new, columns, key)}
    return {**counts, "key": [], "keyProblem": problem, **_whole(new, columns)}


def _key_problem(old: Profiled, new: Profiled, columns: list[str], key: list[str]) -> str | None:
    for name in key:
        if name not in columns:
            return f"the key column '{name}' is not in both snapshots with the same type"
    names = ", ".join(identifier(name) for name in key)
    for side, data in (("old", old), ("new", new)):
        distinct = data.number(f"SELECT count(*) FROM (SELECT DISTINCT {names} FROM {side})")
        if distinct != data.rows:
            return f"the key is not unique in the {side} snapshot"
    return None


def _by_key(data: Profiled, columns: list[str], key: list[str]) -> dict[str, Any]:
    same = " AND ".join(f"o.{identifier(k)} IS NOT DISTINCT FROM n.{identifier(k)}" for k in key)
    others = [name for name in columns if name not in key]
    differs = {
        name: f"o.{identifier(name)} IS DISTINCT FROM n.{identifier(name)}" for name in others
    }
    any_differs = " OR ".join(differs.values()) or "false"
    pairs = f"old AS o JOIN new AS n ON {same}"
    parts = [f"count(*) FILTER (WHERE {any_differs})"]
    parts += [f"count(*) FILTER (WHERE {d})" for d in differs.values()]
    row = data.connection.execute(f"SELECT count(*), {', '.join(parts)} FROM {pairs}").fetchone()
    assert row is not None
    by_column = {name: row[2 + i] for i, name in enumerate(others) if row[2 + i]}
    return {
        "added": data.number(f"SELECT count(*) FROM new AS n ANTI JOIN old AS o ON {same}"),
        "removed": data.number(f"SELECT count(*) FROM old AS o ANTI JOIN new AS n ON {same}"),
        "changed": row[1],
        "unchanged": row[0] - row[1],
        "changedColumns": by_column,
        "examples": {
            "added": _rows(data, columns, f"new AS n ANTI JOIN old AS o ON {same}", "n"),
            "removed": _rows(data, columns, f"old AS o ANTI JOIN new AS n ON {same}", "o"),
            "changed": _changes(data, pairs, any_differs, key, others) if row[1] else [],
        },
    }


def _rows(data: Profiled, columns: list[str], source: str, alias: str) -> list[dict[str, Any]]:
    selected = ", ".join(f"{alias}.{identifier(name)}" for name in columns) or "1"
    found = data.connection.execute(
        f"SELECT {selected} FROM {source} ORDER BY {alias}.file_row_number LIMIT {EXAMPLES_MAX}"
    ).fetchall()
    return [{k: plain(v) for k, v in zip(columns, row, strict=False)} for row in found]


def _changes(
    data: Profiled, pairs: str, differs: str, key: list[str], others: list[str]
) -> list[dict[str, Any]]:
    selected = [f"n.{identifier(name)}" for name in key]
    for name in others:
        selected += [f"o.{identifier(name)}", f"n.{identifier(name)}"]
        selected.append(f"o.{identifier(name)} IS DISTINCT FROM n.{identifier(name)}")
    found = data.connection.execute(
        f"SELECT {', '.join(selected)} FROM {pairs} WHERE {differs} "
        f"ORDER BY n.file_row_number LIMIT {EXAMPLES_MAX}"
    ).fetchall()
    result = []
    for row in found:
        values = row[len(key) :]
        changes = {
            name: {"old": plain(values[3 * i]), "new": plain(values[3 * i + 1])}
            for i, name in enumerate(others)
            if values[3 * i + 2]
        }
        named = {k: plain(v) for k, v in zip(key, row, strict=False)}
        result.append({"key": named, "changes": changes})
    return result


def _whole(data: Profiled, columns: list[str]) -> dict[str, Any]:
    """A row counts as often as it occurs."""
    names = ", ".join(identifier(name) for name in columns)
    if not columns:
        return {"added": 0, "removed": 0, "changed": None, "unchanged": 0, "examples": {}}
    # Names that no column is likely to have.
    sign, surplus = identifier("ingot sign"), identifier("ingot surplus")
    data.connection.execute(
        f"CREATE TEMP TABLE ingot_surplus AS SELECT {names}, sum({sign}) AS {surplus} FROM ("
        f"SELECT {names}, 1 AS {sign} FROM new UNION ALL SELECT {names}, -1 AS {sign} FROM old) "
        f"GROUP BY {names} HAVING sum({sign}) <> 0"
    )
    added = data.number(
        f"SELECT coalesce(sum({surplus}), 0) FROM ingot_surplus WHERE {surplus} > 0"
    )
    removed = data.number(
        f"SELECT coalesce(-sum({surplus}), 0) FROM ingot_surplus WHERE {surplus} < 0"
    )
    return {
        "added": added,
        "removed": removed,
        "changed": None,
        "unchanged": data.rows - added,
        "examples": {
            "added": _surplus(data, columns, f"{surplus} > 0"),
            "removed": _surplus(data, columns, f"{surplus} < 0"),
        },
    }


def _surplus(data: Profiled, columns: list[str], condition: str) -> list[dict[str, Any]]:
    names = ", ".join(identifier(name) for name in columns)
    found = data.connection.execute(
        f"SELECT {names} FROM ingot_surplus WHERE {condition} ORDER BY ALL LIMIT {EXAMPLES_MAX}"
    ).fetchall()
    return [{k: plain(v) for k, v in zip(columns, row, strict=True)} for row in found]
