"""Training sets in memory: packed features and labels, by split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingot_worker.errors import config_error, data_error, did_you_mean
from ingot_worker.sql import check_parquet

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

SPLITS = ("train", "validation", "test")
SPLIT_COLUMN = "__split"


@dataclass
class Rows:
    """The rows of one split, in the training set's order.

    `numeric` is float32 [rows, features] with NaN for null, or None without numeric features;
    `categorical` holds one array of str objects per feature, with "" for null.
    """

    numeric: NDArray[np.float32] | None
    categorical: list[NDArray[Any]]
    label: NDArray[Any]

    def __len__(self) -> int:
        return len(self.label)


def load(
    path: str, label: str, numeric: list[str], categorical: list[str], splits: tuple[str, ...]
) -> dict[str, Rows]:
    """Read these splits, even if they are empty; raises a data error for a null label."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    check_parquet(path, "data.parquet of the training set")
    file = pq.ParquetFile(path, memory_map=True)
    columns = list(dict.fromkeys([*numeric, *categorical, label, SPLIT_COLUMN]))
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
            [_texts(part[name]) for name in categorical],
            _labels(part[label], label, split),
        )
    return result


def _numeric(table: pa.Table, names: list[str]) -> NDArray[np.float32]:
    import numpy as np
    import pyarrow as pa

    packed = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        column = table[name].combine_chunks()
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise config_error(
                "BadFeatureType",
                f"the numeric feature '{name}' is of type {column.type}",
                "cast it to FLOAT in the SQL, or make the feature categorical",
            )
        packed[:, index] = column.to_numpy(zero_copy_only=False)
    return packed


def _texts(column: pa.ChunkedArray) -> NDArray[Any]:
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
