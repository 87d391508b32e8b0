"""Labels: their classes, and the numbers that an estimator learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingot_worker.data import Rows
from ingot_worker.errors import config_error, data_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Every class costs trees in each round, and a label with more is rather a number or a key.
CLASSES_MAX = 1_000
_SHOWN_CLASSES = 5


def class_name(value: Any) -> str:
    """The name of a class: of a boolean, an integer or a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def classes(rows: Rows, task: str, label: str) -> list[str]:
    """The classes of the training rows, in the order of their values."""
    import numpy as np

    if rows.label.dtype.kind == "f":
        raise config_error(
            "BadLabelType",
            f"label '{label}' is of type {rows.label.dtype}, but the task is {task}",
            "make it a boolean, an integer or a text, or use the task regression",
        )
    values = np.unique(rows.label).tolist()
    if len(values) < 2:
        raise data_error(
            "OneClassLabel",
            f"label '{label}' has only one class ({class_name(values[0])}) in the "
            f"{len(rows):,} training rows",
            "check the label's expression and the times of the split",
        )
    most = 2 if task == "binary-classification" else CLASSES_MAX
    if len(values) > most:
        shown = ", ".join(class_name(v) for v in values[:_SHOWN_CLASSES])
        more = ", …" if len(values) > _SHOWN_CLASSES else ""
        limit = "" if most == 2 else f" of at most {most:,} classes"
        other = "multiclass-classification or regression" if most == 2 else "regression"
        raise data_error(
            "TooManyClasses",
            f"label '{label}' has {len(values):,} classes ({shown}{more}) in the {len(rows):,} "
            f"training rows, but the task is {task}{limit}",
            f"use the task {other}",
        )
    return [class_name(v) for v in values]


def encode(values: NDArray[Any], names: list[str], label: str) -> NDArray[np.int64]:
    """The positions of the labels in the list of class names."""
    import numpy as np

    unique, inverse = np.unique(values, return_inverse=True)
    positions = {name: i for i, name in enumerate(names)}
    codes = []
    for value in unique.tolist():
        name = class_name(value)
        if name not in positions:
            raise data_error(
                "UnknownClass",
                f"label '{label}' has the class '{name}', which no training row has",
                "give the training split more rows, or drop the class",
            )
        codes.append(positions[name])
    return np.array(codes, dtype=np.int64)[inverse.reshape(-1)]


def numbers(rows: Rows, label: str) -> NDArray[np.float64]:
    """The labels of a regression."""
    import numpy as np

    if rows.label.dtype.kind not in "fiub":
        raise config_error(
            "BadLabelType",
            f"label '{label}' is not a number, but the task is regression",
            "cast it to DOUBLE in the label's expression, or use a classification task",
        )
    target: NDArray[np.float64] = rows.label.astype(np.float64)
    bad = int((~np.isfinite(target)).sum())
    if bad:
        raise data_error(
            "LabelNotFinite",
            f"label '{label}' is NaN or infinite in {bad:,} of the {len(rows):,} training rows",
            "filter such rows out of the training set",
        )
    return target
