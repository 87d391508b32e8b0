"""Feature values that an estimator cannot learn from."""

from __future__ import annotations

from ingot_worker.data import Rows
from ingot_worker.errors import config_error, data_error


def check_nulls(algorithm: str, names: list[str], splits: dict[str, Rows]) -> None:
    """Raise a config error if a numeric feature is null anywhere."""
    import numpy as np

    for split, rows in splits.items():
        if rows.numeric is None:
            continue
        nulls = np.isnan(rows.numeric).sum(axis=0)
        if nulls.any():
            worst = int(np.argmax(nulls))
            number = int((nulls > 0).sum())
            some = "1 numeric feature has" if number == 1 else f"{number} numeric features have"
            raise config_error(
                "NullFeatures",
                f"{algorithm} takes no nulls, but {some} some: '{names[worst]}' is null in "
                f"{int(nulls[worst]):,} of {len(rows):,} {split} rows",
                "set preprocessing.numeric.impute to median, mean or zero",
            )


def check_infinite(names: list[str], splits: dict[str, Rows]) -> None:
    """Raise a data error if a numeric feature is infinite anywhere."""
    import numpy as np

    for split, rows in splits.items():
        if rows.numeric is None:
            continue
        bad = np.isinf(rows.numeric).sum(axis=0)
        if bad.any():
            worst = int(np.argmax(bad))
            raise data_error(
                "InfiniteFeature",
                f"feature '{names[worst]}' is infinite in {int(bad[worst]):,} of {len(rows):,} "
                f"{split} rows",
                "guard divisions in the feature's SQL, for example with nullif",
            )
