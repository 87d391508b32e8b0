"""What changed between two snapshots of a dataset: columns, rows, distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingot_worker import row_diff, sql
from ingot_worker.column_profile import Column
from ingot_worker.drift import stability_index
from ingot_worker.profiled import Profiled, schema_type
from ingot_worker.protocol import Events, Request, write_json
from ingot_worker.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

SIDES = ("old", "new")


def run(request: Request, events: Events) -> None:
    """The look `diff`: inputs `old` and `new`, each a snapshot; writes diff.json."""
    with sql.database(request) as connection:
        old, new = (_side(request, connection, name) for name in SIDES)
        columns = _columns(old, new)
        key = request.program.get("key") or []
        rows = row_diff.compare(old, new, columns["common"], key)
    # One thread: sums of doubles must not depend on scheduling.
    with sql.database(request, threads=1) as connection:
        old, new = (_side(request, connection, name) for name in SIDES)
        moved = [_distribution(old, new, name) for name in columns["common"]]
    result = {"columns": columns, "rows": rows, "distributions": moved}
    write_json(request.out("diff.json"), result)
    events.result({"rows": rows["new"]})


def _side(request: Request, connection: duckdb.DuckDBPyConnection, name: str) -> Profiled:
    path = request.input(name, "data.parquet")
    sql.check_parquet(path, f"data.parquet of the {name} snapshot")
    connection.execute(
        f"CREATE VIEW {identifier(name)} AS SELECT * FROM "
        f"read_parquet({literal(path)}, file_row_number=true)"
    )
    return Profiled.of_table(request, connection, name)


def _columns(old: Profiled, new: Profiled) -> dict[str, Any]:
    """Columns that came, went and have another type; `common` are all others, in their order."""

    def described(side: Profiled, names: list[str]) -> list[dict[str, str]]:
        return [{"name": name, "type": schema_type(side.columns[name])} for name in names]

    both = [name for name in new.columns if name in old.columns]
    retyped = [name for name in both if old.columns[name] != new.columns[name]]
    return {
        "added": described(new, [n for n in new.columns if n not in old.columns]),
        "removed": described(old, [n for n in old.columns if n not in new.columns]),
        "retyped": [
            {
                "name": name,
                "old": schema_type(old.columns[name]),
                "new": schema_type(new.columns[name]),
            }
            for name in retyped
        ],
        "common": [name for name in both if name not in retyped],
    }


def _distribution(old: Profiled, new: Profiled, name: str) -> dict[str, Any]:
    before, after = Column(old, name), Column(new, name)
    described = before.profile(before.type)
    summary = after.summary()
    result: dict[str, Any] = {
        "name": name,
        "type": before.type,
        "old": _shown(described),
        "new": _shown(summary),
        "index": None,
    }
    bins = before.frozen_bins(described)
    if bins is not None:
        result["index"] = stability_index(bins, after.in_bins(bins, summary))
    return result


def _shown(summary: dict[str, Any]) -> dict[str, Any]:
    keys = ("count", "nulls", "distinct", "min", "max", "mean", "stddev")
    return {key: summary[key] for key in keys if key in summary}
