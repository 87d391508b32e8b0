"""Training sets in memory: packed features, labels and splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingot_worker.errors import config_error, data_error, did_you_mean
from ingot_worker.sql import check_parquet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TASKS = ("binary-classification", "multiclass-classification", "regression")


@dataclass
class Rows:
    """The rows of one split."""

    numeric: NDArray[np.float32] | None
    categorical: list[NDArray[Any]]
    label: NDArray[Any]

    def __len__(self) -> int:
        return len(self.label)


def class_name(value: Any) -> str:
    """The name of a class."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def load(
    path: str, label: str, numeric: list[str], categorical: list[str], wanted: tuple[str, ...]
) -> dict[str, Rows]:
    """Read the wanted splits."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    check_parquet(path, "data.parquet of the training set")
    file = pq.ParquetFile(path, memory_map=True)
    have = file.schema_arrow.names
    for name in [*numeric, *categorical, label, "__split"]:
        if name not in have:
            raise data_error(
                "ColumnMissing",
                f"the training set has no column '{name}'; it has: {', '.join(have)}",
                did_you_mean(name, have),
            )
    columns = list(dict.fromkeys([*numeric, *categorical, label, "__split"]))
    table = file.read(columns=columns)
    result = {}
    for split in wanted:
        part = table.filter(pc.equal(table["__split"], split))
        packed: NDArray[np.float32] | None = None
        if numeric:
            packed = np.empty((part.num_rows, len(numeric)), dtype=np.float32)
            for index, name in enumerate(numeric):
                column = part[name].combine_chunks()
                if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
                    if not pa.types.is_boolean(column.type):
                        raise config_error(
                            "BadFeatureType",
                            f"the numeric feature '{name}' is of type {column.type}",
                            "cast it to FLOAT in the SQL, or make the feature categorical",
                        )
                    column = column.cast(pa.int8())
                values = column.to_numpy(zero_copy_only=False)
                packed[:, index] = values
        texts = [
            np.asarray(
                pc.fill_null(part[name].cast(pa.string()), "")
                .combine_chunks()
                .to_numpy(zero_copy_only=False),
                dtype=object,
            )
            for name in categorical
        ]
        labels = part[label].combine_chunks()
        if labels.null_count:
            raise data_error(
                "LabelNull",
                f"label '{label}' is null in {labels.null_count:,} of {part.num_rows:,} "
                f"{split} rows"
                if split != "train"
                else f"label '{label}' is null in {labels.null_count:,} of the {part.num_rows:,} "
                "training rows",
                "filter rows without a label out of the training set",
            )
        result[split] = Rows(packed, texts, labels.to_numpy(zero_copy_only=False))
    return result


def encode_label(values: NDArray[Any], classes: list[str], label: str) -> NDArray[np.int64]:
    """The positions of the labels in `classes`."""
    import numpy as np

    unique, inverse = np.unique(values, return_inverse=True)
    positions = {name: i for i, name in enumerate(classes)}
    codes = []
    for value in unique.tolist():
        name = class_name(value)
        if name not in positions:
            raise data_error(
                "UnknownClass",
                f"label '{label}' has the class '{name}', which no training row has",
                "give the split more rows, or drop the class",
            )
        codes.append(positions[name])
    return np.array(codes, dtype=np.int64)[inverse.reshape(-1)]
