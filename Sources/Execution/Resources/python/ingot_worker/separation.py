"""How well one feature alone tells a class from the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass
class Separation:
    """The area under the ROC curve of the class that a feature separates best, from 0.5 to 1."""

    feature: str
    label: str
    auc: float
    rows: int


def separations(
    name: str, column: Any, codes: NDArray[np.int64], classes: dict[int, str]
) -> Separation:
    """Of an Arrow column with one value a row and the codes [rows] of the rows' classes.

    `classes` names those that are looked at. The result depends on the rows and their order only.
    """
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        areas = _categorical(column, codes, list(classes))
    else:
        areas = _numeric(column, codes, list(classes))
    best = max(areas, key=lambda index: areas[index])
    return Separation(name, classes[best], areas[best], len(codes))


def _numeric(column: Any, codes: NDArray[np.int64], classes: list[int]) -> dict[int, float]:
    """By the order of the values; nulls are the lowest."""
    import numpy as np
    import pyarrow as pa

    values = column.combine_chunks()
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    ranks = _ranks(np.where(np.isnan(numbers), -np.inf, numbers))
    return {index: _area(ranks, codes == index) for index in classes}


def _categorical(column: Any, codes: NDArray[np.int64], classes: list[int]) -> dict[int, float]:
    """By the share of the class among the other half's rows of the same category: of a category
    that is seen once, nothing can be known."""
    import numpy as np

    encoded = column.fill_null("").combine_chunks().dictionary_encode()
    categories = encoded.indices.to_numpy()
    number = len(encoded.dictionary)
    half = np.arange(len(codes)) % 2
    result = {}
    for index in classes:
        hit = codes == index
        areas = []
        for own in (0, 1):
            other = half != own
            seen = np.bincount(categories[other], minlength=number)
            hits = np.bincount(categories[other], weights=hit[other], minlength=number)
            # One row of the average beside those that were seen.
            shares = (hits + hit[other].mean()) / (seen + 1)
            mine = half == own
            areas.append(_area(_ranks(shares[categories[mine]]), hit[mine], either_way=False))
        result[index] = max(0.5, float(np.mean(areas)))
    return result


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1; equal values share the mean of their ranks."""
    import numpy as np

    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: NDArray[np.float64] = (2 * ends - counts + 1) / 2
    return means[inverse.reshape(-1)]


def _area(ranks: NDArray[np.float64], hit: NDArray[np.bool_], either_way: bool = True) -> float:
    """The share of pairs, one in the class and one not, in the right order; a tie is half one."""
    inside = int(hit.sum())
    outside = len(hit) - inside
    if not inside or not outside:
        return 0.5
    area = (float(ranks[hit].sum()) - inside * (inside + 1) / 2) / (inside * outside)
    return max(area, 1 - area) if either_way else area
