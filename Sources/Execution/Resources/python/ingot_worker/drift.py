"""How far a distribution has moved, by the bins that a profile has frozen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass
class Bins:
    """What values are told apart by, and how many each bin had; nulls are a bin of their own.

    Either `edges`, between which numbers lie, or `values`, one bin each and one for all others.
    """

    counts: list[int]
    edges: list[Any] | None = None
    values: list[Any] | None = None


def stability_index(bins: Bins, counts: list[int]) -> float | None:
    """The population stability index: the sum of (q − p) ln(q / p) over the bins.

    None without rows. Half a row is added to every bin, so that an empty one is no infinity. Below
    0.1 people speak of no change, above 0.25 of a large one.
    """
    if not sum(bins.counts) or not sum(counts):
        return None
    p, q = _shares(bins.counts), _shares(counts)
    return math.fsum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))


def _shares(counts: list[int]) -> list[float]:
    total = sum(counts) + 0.5 * len(counts)
    return [(count + 0.5) / total for count in counts]
