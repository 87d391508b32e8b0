"""Training sets in memory: packed features and labels, by split."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingot_worker.errors import config_error, data_error, did_you_mean
from ingot_worker.sql import check_parquet

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from ingot_worker.ondemand import Front

SPLITS = ("train", "validation", "test")
SPLIT_COLUMN = "__split"
# Null in an integer tensor.
NULL_INTEGER = -(2**63)


@dataclass
class Rows:
    """The rows of one split, in the training set's order.

    `numeric` is float32 [rows, features] with NaN for null, or None without numeric features;
    `categorical` holds one array of str objects per feature, with "" for null. Of a model with
    on-demand features, `integer` is int64 [rows, columns], times as microseconds, with NULL_INTEGER
    for null, `double` float64 [rows, columns] with NaN for null; and `request` are the rows that
    these features were computed from.
    """

    numeric: NDArray[np.float32] | None
    categorical: list[NDArray[Any]]
    label: NDArray[Any]
    integer: NDArray[np.int64] | None = None
    double: NDArray[np.float64] | None = None
    request: Rows | None = None

    def __len__(self) -> int:
        return len(self.label)


def load(
    path: str,
    label: str,
    numeric: list[str],
    categorical: list[str],
    splits: tuple[str, ...],
    integer: Collection[str] = (),
    double: Collection[str] = (),
) -> dict[str, Rows]:
    """Read these splits, even if they are empty; raises a data error for a null label."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    check_parquet(path, "data.parquet of the training set")
    file = pq.ParquetFile(path, memory_map=True)
    wanted = [*numeric, *categorical, *integer, *double, label, SPLIT_COLUMN]
    columns = list(dict.fromkeys(wanted))
    have = file.schema_arrow.names
    for name in columns:
        if name not in have:
            raise data_error(
                "ColumnMissing",
                f"the training set has no column '{name}'; it has: {', '.join(have)}",
                did_you_mean(name, have),
            )
    table = file.read(columns=columns)
    result = {}
    for split in splits:
        part = table.filter(pc.equal(table[SPLIT_COLUMN], split))
        result[split] = Rows(
            _numeric(part, numeric) if numeric else None,
            [texts(part[name]) for name in categorical],
            _labels(part[label], label, split),
            wide_integers(part, integer) if integer else None,
            wide_doubles(part, double) if double else None,
        )
    return result


def request_rows(table: pa.Table, front: Front) -> Rows:
    """What a front reads, of a table of a training set's rows; without labels."""
    import numpy as np

    return Rows(
        _numeric(table, front.numeric) if front.numeric else None,
        [texts(table[name]) for name in front.categorical],
        np.zeros(table.num_rows),
        wide_integers(table, front.integer) if front.integer else None,
        wide_doubles(table, front.double) if front.double else None,
    )


def wide_integers(table: pa.Table, names: Collection[str]) -> NDArray[np.int64]:
    """Integers, booleans and times as int64 [rows, columns]."""
    import numpy as np
    import pyarrow as pa

    packed = np.empty((table.num_rows, len(names)), dtype=np.int64)
    for index, name in enumerate(names):
        column = table[name].combine_chunks()
        is_time = pa.types.is_timestamp(column.type)
        if not (is_time or pa.types.is_boolean(column.type) or pa.types.is_integer(column.type)):
            raise _bad_type(name, column.type)
        if is_time:
            column = column.cast(pa.timestamp("us"))
        values = column.cast(pa.int64()).fill_null(NULL_INTEGER).to_numpy(zero_copy_only=False)
        if is_time:
            # DuckDB's infinite times, which have no parts.
            values = np.where(np.abs(values) == 2**63 - 1, NULL_INTEGER, values)
        packed[:, index] = values
    return packed


def wide_doubles(table: pa.Table, names: Collection[str]) -> NDArray[np.float64]:
    """Doubles as float64 [rows, columns]."""
    import numpy as np
    import pyarrow as pa

    packed = np.empty((table.num_rows, len(names)), dtype=np.float64)
    for index, name in enumerate(names):
        column = table[name].combine_chunks()
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise _bad_type(name, column.type)
        packed[:, index] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return packed


def _numeric(table: pa.Table, names: list[str]) -> NDArray[np.float32]:
    import numpy as np
    import pyarrow as pa

    packed = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        column = table[name].combine_chunks()
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise _bad_type(name, column.type)
        packed[:, index] = column.to_numpy(zero_copy_only=False)
    return packed


def _bad_type(name: str, kind: Any) -> Exception:
    return config_error(
        "BadFeatureType",
        f"the numeric feature '{name}' is of type {kind}",
        "cast it to FLOAT in the SQL, or make the feature categorical",
    )


def texts(column: pa.ChunkedArray) -> NDArray[Any]:
    """str objects, "" for null."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.fill_null(column.cast(pa.string()), "").combine_chunks()
    return np.asarray(texts.to_numpy(zero_copy_only=False), dtype=object)


def _labels(column: pa.ChunkedArray, label: str, split: str) -> NDArray[Any]:
    labels = column.combine_chunks()
    if labels.null_count:
        rows = "training" if split == "train" else split
        raise data_error(
            "LabelNull",
            f"label '{label}' is null in {labels.null_count:,} of the {len(labels):,} {rows} rows",
            "filter rows without a label out of the training set",
        )
    result: NDArray[Any] = labels.to_numpy(zero_copy_only=False)
    return result
