"""The leak guard: values that were not known yet, and features that are too good to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingot_worker import data
from ingot_worker.data import SPLIT_COLUMN
from ingot_worker.errors import data_error
from ingot_worker.protocol import Events
from ingot_worker.separation import Separation, separations
from ingot_worker.sql import count, identifier

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    from ingot_worker.ondemand import Front

# Compared training rows: evenly spread over all if there are more. Of two classes so many of each,
# since the area does not depend on the classes' shares; that keeps all of a rare one.
ROWS_MAX = 50_000
ROWS_MAX_OF_TWO = 10_000
# With fewer rows in or outside of a class, chance alone separates.
CLASS_ROWS_MIN = 20
WARNINGS_MAX = 20


def check_known_times(connection: duckdb.DuckDBPyConnection, guard: dict[str, Any]) -> None:
    """Raise a data error for the first column that was known too late in any row.

    A value is known from the time in its column `knownAt`, never if that is null; a row at time t
    may use what was known before t. The table `rows` has the rows that are used.
    """
    for late in guard.get("late") or []:
        value, known = identifier(late["column"]), identifier(late["knownAt"])
        leaks = (
            f"{value} IS NOT NULL AND ({known} IS NULL OR CAST({known} AS TIMESTAMP) "
            ">= __timestamp)"
        )
        found = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE {leaks}), "
            f'min(__row) FILTER (WHERE {leaks}) FROM "rows"'
        ).fetchone()
        if found is None or not found[1]:
            continue
        keys = guard.get("key") or []
        columns = ", ".join(
            [
                f"CAST(CAST({known} AS TIMESTAMP) AS VARCHAR)",
                "CAST(__timestamp AS VARCHAR)",
                *(f"CAST({identifier(key)} AS VARCHAR)" for key in keys),
            ]
        )
        example = connection.execute(
            f'SELECT {columns} FROM "rows" WHERE __row = ?', [found[2]]
        ).fetchone()
        assert example is not None
        raise _known_late(late, guard["timestamp"], keys, found, example)


def _known_late(
    late: dict[str, Any], timestamp: str, keys: list[str], found: Any, example: Any
) -> Exception:
    rows, leaks, _ = found
    known, predicted, *values = example
    place = ", ".join(f"{key} is {value}" for key, value in zip(keys, values, strict=True))
    when = f"was known at {known}" if known is not None else "was never known (null)"
    return data_error(
        "LeakedColumn",
        f"{late['use']} is known too late in {count(leaks)} of {count(rows)} rows "
        f"({100 * leaks / rows:.3g} %): where {place}, it {when} by '{late['knownAt']}', but the "
        f"prediction is made at {predicted} ('{timestamp}')",
        "a model must not learn from what is not known yet: remove the column from the features, "
        "take an earlier value through a feature view, or leave such rows out with spine.where",
        column=late["column"],
        count=leaks,
        rows=rows,
        share=leaks / rows,
        example={
            "key": dict(zip(keys, values, strict=True)),
            "known": known,
            "predicted": predicted,
        },
    )


def warn(path: str, guard: dict[str, Any], front: Front | None, events: Events) -> list[str]:
    """What to say of features of the training set that alone separate the label almost perfectly.

    Of classification only.
    """
    limit = guard.get("maxAUC", 1)
    if limit >= 1 or guard.get("task") not in (
        "binary-classification",
        "multiclass-classification",
    ):
        return []
    warnings = []
    for found in _separations(path, guard, front):
        if found.auc <= limit:
            continue
        what = f"the label '{guard['label']}'"
        if guard["task"] == "multiclass-classification":
            what = f"'{found.label}' of {what} from the other classes"
        warnings.append(
            f"feature '{found.feature}' alone separates {what} almost perfectly: AUC "
            f"{found.auc:.4f} in {count(found.rows)} training rows, more than {limit:g}; see that "
            "it is known when the prediction is made (spec.leakGuard.maxAUC: 1 ends this warning)"
        )
    for warning in warnings[:WARNINGS_MAX]:
        events.log("warning", warning)
    return warnings[:WARNINGS_MAX]


def _separations(path: str, guard: dict[str, Any], front: Front | None) -> list[Separation]:
    """For every feature, the class that it separates best; none if there are too few rows."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, memory_map=True)
    labels = file.read(columns=[guard["label"], SPLIT_COLUMN])
    usable = pc.and_(pc.equal(labels[SPLIT_COLUMN], "train"), pc.is_valid(labels[guard["label"]]))
    rows = np.flatnonzero(usable.to_numpy())
    names, codes = _classes(labels[guard["label"]].filter(usable))
    chosen = _chosen(codes, len(names))
    rows, codes = rows[chosen], codes[chosen]
    picked = pa.array(rows)
    sizes = np.bincount(codes, minlength=len(names))
    large = [
        index
        for index, size in enumerate(sizes)
        if size >= CLASS_ROWS_MIN and len(rows) - size >= CLASS_ROWS_MIN
    ]
    if not large:
        return []
    # Both classes of two are separated alike.
    if len(names) == 2:
        large = large[-1:]
    classes = {index: names[index] for index in large}
    computed = _computed(file, picked, front) if front is not None else {}
    result = []
    for feature in guard.get("features") or []:
        name = feature["name"]
        column = computed.get(name)
        if column is None:
            column = file.read(columns=[name])[name].take(picked)
        result.append(separations(name, column, codes, classes))
    return result


def _classes(label: Any) -> tuple[list[str], NDArray[np.int64]]:
    """The classes as texts, sorted, and the index of each row's class."""
    import numpy as np
    import pyarrow as pa

    encoded = label.cast(pa.string()).combine_chunks().dictionary_encode()
    found = encoded.dictionary.to_pylist()
    names = sorted(found)
    place = {name: index for index, name in enumerate(names)}
    places = np.array([place[name] for name in found], dtype=np.int64)
    return names, places[encoded.indices.to_numpy().astype(np.int64)]


def _chosen(codes: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The places of the rows that are compared, in their order."""
    import numpy as np

    if classes != 2:
        return _spread(np.arange(len(codes)), ROWS_MAX)
    halves = [_spread(np.flatnonzero(codes == index), ROWS_MAX_OF_TWO) for index in (0, 1)]
    return np.sort(np.concatenate(halves))


def _spread(places: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """At most so many, evenly spread."""
    import numpy as np

    if len(places) <= limit:
        return places
    return places[np.linspace(0, len(places) - 1, limit).astype(np.int64)]


def _computed(file: Any, picked: Any, front: Front) -> dict[str, Any]:
    """The on-demand features of some rows, as Arrow columns."""
    import pyarrow as pa

    names = [*front.numeric, *front.categorical, *front.integer, *front.double]
    table = file.read(columns=names).take(picked)
    rows = front.compute(data.request_rows(table, front))
    numeric = rows.numeric
    result = {}
    for index, name in enumerate(front.numeric_features):
        if numeric is not None and name not in front.numeric:
            result[name] = pa.chunked_array([pa.array(numeric[:, index], from_pandas=True)])
    for name, texts in zip(front.categorical_features, rows.categorical, strict=True):
        if name not in front.categorical:
            result[name] = pa.chunked_array([pa.array(texts, type=pa.string())])
    return result
