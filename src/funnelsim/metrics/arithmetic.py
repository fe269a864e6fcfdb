"""Ratios, quantiles and exact integrals over stays: the arithmetic that every measure is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.records import Bool, Float64, Int64

NAN = float("nan")
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
MONTH_MS = 2_629_800_000
"""A month of 30.4375 days, the one that spend is given by."""
_PACKED_BITS = 63
"""Bits of a whole number of 64 that is not negative."""


def ratio(part: float, whole: float) -> float:
    """Return part / whole, nan where `whole` is 0 or nan.

    >>> ratio(1, 4), ratio(1, 0)
    (0.25, nan)
    """
    return float(part) / float(whole) if whole else NAN


def mean(values: NDArray[Any]) -> float:
    """Return the mean, nan of nothing."""
    return float(values.mean()) if values.size else NAN


def quantile(values: NDArray[Any], level: float) -> float:
    """Return the quantile at `level` in 0..1, interpolated between order statistics; nan of nothing."""
    return float(np.quantile(values, level)) if values.size else NAN


def quantiles(values: NDArray[Any], *levels: float) -> list[float]:
    """Return the quantile at each of `levels`, as `quantile` does, from one pass over the values."""
    return np.quantile(values, levels).tolist() if values.size else [NAN] * len(levels)


def kept_by(values: NDArray[Any], share: float) -> float:
    """Return the smallest value that at least `share` of `values` do not exceed; nan of nothing.

    >>> kept_by(np.array([1.0, 2.0, 3.0, np.inf]), 0.75)
    3.0
    """
    return float(np.quantile(values, share, method="inverted_cdf")) if values.size else NAN


def reached_by(values: NDArray[Any], share: float) -> float:
    """Return the largest value that at least `share` of `values` reach or exceed; nan of nothing.

    >>> reached_by(np.arange(1, 12), 0.9)
    2.0
    """
    return -kept_by(-np.asarray(values, dtype=np.float64), share)


def jain_index(counts: NDArray[Any]) -> float:
    """Return how evenly `counts` are spread, from 1 / n (one has all) to 1 (all alike); nan of nothing.

    Jain, Chiu and Hawe (1984), DEC Research Report TR-301.

    >>> jain_index(np.array([5, 5])), jain_index(np.array([10, 0]))
    (1.0, 0.5)
    """
    values = np.asarray(counts, dtype=np.float64)
    squares = float(np.square(values).sum())
    return float(values.sum()) ** 2 / (values.size * squares) if squares else NAN


def clipped(start: Int64, end: Int64, *, since: int, until: int) -> Int64:
    """Return the length in ms of each interval [start, end) inside [since, until); 0 where they do not meet."""
    inside: Int64 = np.maximum(np.minimum(end, until) - np.maximum(start, since), 0)
    return inside


def integral(start: Int64, end: Int64, edges: Int64) -> Int64:
    """Return the ms that the intervals [start, end) spend, in all, between each two neighbouring `edges`.

    Exact: the integral over time of how many of the intervals are running. Intervals may overlap; those with
    end <= start count for nothing. Shapes (m,), (m,) and (e,); returns (e - 1,).

    >>> integral(np.array([0, 5]), np.array([10, 30]), np.array([0, 10, 20, 40]))
    array([15, 10, 10])
    """
    real = end > start
    total = _passed(np.sort(start[real]), edges) - _passed(np.sort(end[real]), edges)
    return np.asarray(np.diff(total), dtype=np.int64)


def _passed(times: Int64, edges: Int64) -> Int64:
    """Return the sum over the sorted `times` at or before each edge of edge - time."""
    sums = np.concatenate(([0], np.cumsum(times)))
    count = np.searchsorted(times, edges, side="right")
    return np.asarray(count * edges - sums[count], dtype=np.int64)


def first_of(index: Int64, at: Int64, *, n: int, none: int) -> Int64:
    """Return (n,) the smallest `at` of the rows of each group, `none` where it has no row; index < 0 is left out."""
    first = np.full(n, np.iinfo(np.int64).max, dtype=np.int64)
    known = index >= 0
    np.minimum.at(first, index[known], at[known])
    first[first == np.iinfo(np.int64).max] = none
    return first


def lexical_order(*keys: Int64) -> Int64:
    """Return the order of rows by whole-numbered `keys`, each (m,), the first of which decides; ties keep their order.

    What `numpy.lexsort` returns for the keys the other way round, in a tenth of its time: as many keys as fit beside
    the row's place are packed into one integer, since plain integers are sorted far faster than places by a key.

    >>> lexical_order(np.array([1, 0, 1, 0]), np.array([5, 7, 4, 7]))
    array([1, 3, 2, 0])
    """
    n = keys[0].size
    order = np.arange(n, dtype=np.int64)
    if n < 2:
        return order
    place_bits = (n - 1).bit_length()
    lows = [int(key.min()) for key in keys]
    bits = [(int(key.max()) - low).bit_length() for key, low in zip(keys, lows, strict=True)]
    last = len(keys)
    while last:  # the keys that decide least first; each pass keeps the order of the one before
        first, used = last, place_bits
        while first and used + bits[first - 1] <= _PACKED_BITS:
            first -= 1
            used += bits[first]
        if first == last:  # a key too wide to be packed
            first -= 1
            order = order[np.argsort(keys[first][order], kind="stable")]
        else:
            packed = np.zeros(n, dtype=np.int64)
            for key, low, width in zip(keys[first:last], lows[first:last], bits[first:last], strict=True):
                packed = (packed << width) | (key[order] - low)
            packed = np.sort((packed << place_bits) | np.arange(n))
            order = order[packed & ((1 << place_bits) - 1)]
        last = first
    return order


def ordinal(group: Int64) -> Int64:
    """Return the place, from 0, of each row among the rows of its group; `group` is sorted.

    >>> ordinal(np.array([3, 3, 7, 7, 7, 9]))
    array([0, 1, 0, 1, 2, 0])
    """
    begins = run_starts(group)
    return np.arange(group.size, dtype=np.int64) - np.repeat(begins, np.diff(begins, append=group.size))


def run_starts(group: Int64) -> Int64:
    """Return the index at which each run of equal neighbours begins.

    >>> run_starts(np.array([3, 3, 7, 7, 7, 9]))
    array([0, 2, 5])
    """
    changes = np.flatnonzero(group[1:] != group[:-1]) + 1
    return np.concatenate((np.zeros(min(group.size, 1), dtype=np.int64), changes))


def hours(ms: Int64 | Float64) -> Float64:
    """Return milliseconds as hours."""
    return np.asarray(ms, dtype=np.float64) / HOUR_MS


def days(ms: Int64 | Float64) -> Float64:
    """Return milliseconds as days of 24 hours."""
    return np.asarray(ms, dtype=np.float64) / DAY_MS


def count(mask: Bool) -> float:
    """Return how many are true, as a float."""
    return float(np.count_nonzero(mask))
