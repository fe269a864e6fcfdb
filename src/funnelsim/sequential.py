"""How many replications are enough: until each of several means is known to a share of itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as scipy_stats

from funnelsim.records import Float64

LEAST = 3
"""Replications before which nothing is judged."""
LOOK_AHEAD = 5
"""Replications for which the precision must last; beyond 100, five for every hundred."""


def look_ahead(n: int) -> int:
    """Return for how many further replications the precision reached after `n` must last.

    >>> look_ahead(20), look_ahead(250)
    (5, 12)
    """
    return LOOK_AHEAD if n <= 100 else LOOK_AHEAD * n // 100


def relative_half_widths(values: ArrayLike, *, confidence: float = 0.95) -> Float64:
    """Return the half-width of the t-interval over |mean| after each replication.

    Args:
        values: (r,) one measure by replication; nan is left out, and the width stays as it was.
        confidence: Of each interval, within 0..1.

    Returns:
        (r,) shares >= 0; inf before the second value, and where the mean is 0 but the values differ; 0 where all the
        values so far are equal.

    >>> relative_half_widths([1.0, 3.0]).round(3).tolist()  # t(0.975, 1) = 12.706, standard error 1, mean 2
    [inf, 6.353]
    """
    x = np.asarray(values, dtype=np.float64)
    known = np.isfinite(x)
    n = np.cumsum(known)
    filled = np.where(known, x, 0.0)
    if not known.any():
        return np.full(x.shape, np.inf)
    origin = float(x[known][0])  # of equal values nothing is left, not even rounding
    moved = np.where(known, filled - origin, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.cumsum(moved) / n
        squares = np.maximum(np.cumsum(moved**2) - n * mean**2, 0.0)
        squares = np.where(np.maximum.accumulate(np.abs(moved)) == 0.0, 0.0, squares)
        error = np.sqrt(squares / (n - 1) / n)
        quantile = scipy_stats.t.ppf((1 + confidence) / 2, np.maximum(n - 1, 1))
        width = np.where(error == 0.0, 0.0, quantile * error / np.abs(mean + origin))
    return np.asarray(np.where(n < 2, np.inf, width), dtype=np.float64)


def enough(values: ArrayLike, *, precision: float, confidence: float = 0.95) -> int | None:
    """Return after how many replications every measure is known to `precision`, and stays so for the look-ahead.

    Hoad, Robinson & Davies (2010, Journal of the Operational Research Society 61(11)), for several measures at once:
    the least n >= `LEAST` from which on, for `look_ahead(n)` further replications, each relative half-width is at
    most `precision`. None where the replications at hand do not show one. Stopping when the interval looks narrow
    makes it cover a little too seldom; the look-ahead is there to keep that small.

    Args:
        values: (r, m), a row a replication and a column a measure.
        precision: Half-width over |mean|, > 0.
        confidence: Of each interval, within 0..1.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"values must be (replications, measures), got shape {table.shape}")
    if not precision > 0:
        raise ValueError(f"precision must be > 0, got {precision}")
    widths = np.column_stack([relative_half_widths(column, confidence=confidence) for column in table.T])
    met = np.asarray(widths.max(axis=1) <= precision)
    for n in range(LEAST, table.shape[0] + 1):
        last = n + look_ahead(n)
        if last > table.shape[0]:
            return None
        if met[n - 1 : last].all():
            return n
    return None


def forecast(values: ArrayLike, *, precision: float, confidence: float = 0.95) -> int | None:
    """Return how many replications, look-ahead included, the spread of those at hand lets one expect; None = unknown.

    None where some measure's mean is 0 or it has fewer than 2 values.

    Args:
        values: (r, m), a row a replication and a column a measure.
        precision: Half-width over |mean|, > 0.
        confidence: Of each interval, within 0..1.
    """
    wanted = LEAST
    for column in np.asarray(values, dtype=np.float64).T:
        known = column[np.isfinite(column)]
        if known.size < 2 or known.mean() == 0.0:
            return None
        wanted = max(wanted, _least(float(known.std(ddof=1) / abs(known.mean())) / precision, confidence))
    return wanted + look_ahead(wanted)


def _least(ratio: float, confidence: float) -> int:
    """Return the least n >= `LEAST` with t(n - 1) ratio <= sqrt(n)."""

    def suffices(n: int) -> bool:
        return float(scipy_stats.t.ppf((1 + confidence) / 2, n - 1)) * ratio <= math.sqrt(n)

    if suffices(LEAST):
        return LEAST
    low, high = LEAST, 2 * LEAST
    while not suffices(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high
