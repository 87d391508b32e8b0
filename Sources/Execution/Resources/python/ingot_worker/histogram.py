"""Bins of histograms: chosen once from the data, written down, and never chosen again for them.

With n edges there are n + 1 bins: below the first edge; from each edge (included) to the next
(excluded); from the last edge on. So every later value falls into one of them.
"""

from __future__ import annotations

import datetime
import itertools
import math
from fractions import Fraction

BINS = 20
# Bins are equally wide; if one would hold more than this share, quantiles become edges too.
SHARE_MAX = 0.5
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# Microseconds.
_TIME_STEPS = [
    *(_SECOND * s for s in (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200)),
    *(_DAY * d for d in (1, 2, 7, 14, 30, 91, 182, 365, 730, 1826, 3652)),
]
_EPOCH = datetime.datetime(1970, 1, 1)


def nice_step(span: Fraction, is_whole: bool) -> Fraction:
    """The smallest of 1, 2, 2.5, 5 times a power of ten with at most BINS steps in the span."""
    wanted = span / BINS
    if is_whole and wanted <= 1:
        return Fraction(1)
    power = Fraction(10) ** math.floor(math.log10(wanted))
    factors = [Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10)]
    steps = [power / 10 * 5, *(power * f for f in factors)]
    return next(
        s for s in [*steps, power * 20] if s >= wanted and not (is_whole and s.denominator != 1)
    )


def time_step(span: int, is_date: bool) -> int:
    """Microseconds: a step that people count in."""
    steps = [s for s in _TIME_STEPS if not is_date or s >= _DAY]
    wanted = span / BINS
    for step in steps:
        if step >= wanted and (step > _SECOND or span >= _SECOND or is_date):
            return step
    if span < _SECOND:
        return int(nice_step(Fraction(max(span, 1)), True))
    return _DAY * 365 * int(nice_step(Fraction(span, _DAY * 365), True))


def multiples(step: Fraction, low: Fraction, high: Fraction) -> list[Fraction]:
    """The multiples of `step` from `low` to `high`."""
    first, last = math.ceil(low / step), math.floor(high / step)
    return [step * k for k in range(first, last + 1)]


def number_edges(low: float, high: float, is_whole: bool) -> list[float | int]:
    """Edges of equal bins between two values, at round numbers."""
    if low >= high:
        return [low]
    a, b = Fraction(low), Fraction(high)
    edges = multiples(nice_step(b - a, is_whole), a, b)
    return [int(e) if is_whole else float(e) for e in edges] or [low]


def time_edges(low: int, high: int, is_date: bool) -> list[int]:
    """The same for microseconds since 1970."""
    if low >= high:
        return [low]
    step = time_step(high - low, is_date)
    return [int(e) for e in multiples(Fraction(step), Fraction(low), Fraction(high))] or [low]


def instant(microseconds: int, is_date: bool) -> str:
    """Microseconds since 1970 as ISO 8601 writes them."""
    try:
        time = _EPOCH + datetime.timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds} µs since 1970"
    return time.date().isoformat() if is_date else time.isoformat()


def counted(cumulative: list[int], total: int) -> list[int]:
    """The counts of the bins, from the numbers of values below each edge."""
    ends = [0, *cumulative, total]
    return [b - a for a, b in itertools.pairwise(ends)]


def is_lopsided(counts: list[int]) -> bool:
    """Whether one bin holds most of the values."""
    return max(counts, default=0) > SHARE_MAX * sum(counts)
