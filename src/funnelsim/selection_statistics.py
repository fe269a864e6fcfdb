"""Choosing among systems that were tried on the same replications: how surely one is best, and what choosing it risks.

A system is a policy or a scenario; its values stand in a column, those of one replication in a row. Of the true means
only the samples are known, so the means are drawn many times as the samples allow: each row's deviation is weighted by
one normal number for all systems, which keeps what common random numbers make alike, and the sum is scaled so that the
mean of any difference has exactly its t distribution on r - 1 degrees. With two systems the probability of being best
is then one minus the one-sided p-value of the paired t-test, however few the replications.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as scipy_stats

from funnelsim.records import Float64

RESAMPLES = 4_000
_BATCH_VALUES = 4_000_000  # numbers held in memory at once
POWER = 0.8
MOST_REPLICATIONS = 1_000_000
"""Beyond so many replications a difference counts as one that cannot be settled by simulating more."""

Better = Literal["up", "down"]


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """What is known of which system is best, a number for each."""

    probability_best: Float64  # (k,), adding up to 1; systems that tie for the best share
    expected_regret: Float64  # (k,) >= 0, in the unit of the values: how much the best is better, on average


def chances(samples: ArrayLike, *, better: Better, resamples: int = RESAMPLES, seed: int = 0) -> Chances:
    """Return for each system the probability that its mean is the best, and the expected regret of choosing it.

    Expected regret (expected opportunity cost): Chick & Inoue (2001, Operations Research 49(5)), who take the same t
    distributions for the posterior of the means, where nothing was known before. Resampling rows in place of the
    normal numbers would be too sure on few replications: of two rows every second resample does not vary.

    Args:
        samples: (r, k), a row a replication and a column a system; rows with a nan are left out.
        better: Which way is better.
        resamples: How many times the means are drawn.
        seed: Seed of that; 0 is a seed.

    Returns:
        nan for every system where fewer than 2 rows are left.

    Raises:
        ValueError: where `samples` is not a table.

    >>> chances([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]], better="up").probability_best.tolist()
    [0.5, 0.5]
    """
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"samples must be (replications, systems), got shape {values.shape}")
    values = values[~np.isnan(values).any(axis=1)]
    r, k = values.shape
    if r < 2:
        return Chances(np.full(k, np.nan), np.full(k, np.nan))
    gains = values if better == "up" else -values
    # Columns that are equal stay so, and the first is at zero: what all have in common does not cost digits.
    gains = gains - gains[:, :1]
    mean = gains.mean(axis=0)
    deviations = gains - mean
    rng = np.random.default_rng(seed)
    times_best, regret = np.zeros(k), np.zeros(k)
    batch = max(1, _BATCH_VALUES // max(r, k))
    for begin in range(0, resamples, batch):
        size = min(batch, resamples - begin)
        drawn = mean + multipliers(r, size=size, rng=rng) @ deviations
        top = drawn.max(axis=1, keepdims=True)
        # Systems that differ by rounding only are equal.
        best = drawn >= top - 1e-12 * np.abs(values).max()
        times_best += (best / best.sum(axis=1, keepdims=True)).sum(axis=0)
        regret += (top - drawn).sum(axis=0)
    return Chances(times_best / resamples, regret / resamples)


def multipliers(r: int, *, size: int, rng: np.random.Generator) -> Float64:
    """Return what to weigh the deviations of `r` rows by to draw means: (size, r).

    The sum of w_i (x_i - mean) over the rows is distributed as t(r - 1) s / sqrt(r), whatever the values, and jointly
    over several columns as their multivariate t: normal numbers over sqrt(r chi2(r - 1)).

    Args:
        r: Rows, >= 2.
        size: How many draws.
        rng: Where they come from.
    """
    scale = np.sqrt(r * rng.chisquare(r - 1, size=size))
    return np.asarray(rng.standard_normal((size, r)) / scale[:, None], dtype=np.float64)


def replications_to_detect(
    difference: float, deviation: float, *, level: float = 0.05, power: float = POWER
) -> int | None:
    """Return how many replications a paired t-test needs to call a true difference, with probability `power`.

    The least n >= 2 with n >= ((t(1 - level / 2) + t(power)) deviation / difference)^2, both quantiles on n - 1
    degrees: Law (2015), Simulation Modeling and Analysis, section 9.4, and any text on the power of a t-test.

    Args:
        difference: The true mean difference; its sign does not matter.
        deviation: Standard deviation of the differences, >= 0.
        level: Two-sided level of the test.
        power: Probability that the test calls the difference.

    Returns:
        None where no number up to `MOST_REPLICATIONS` suffices: no difference, or a tiny one.

    >>> replications_to_detect(1.0, 2.0)
    34
    """
    if not (math.isfinite(difference) and math.isfinite(deviation)) or deviation < 0:
        raise ValueError(f"difference and deviation must be finite and the latter >= 0, got {difference}, {deviation}")
    if difference == 0.0:
        return None

    def suffices(n: int) -> bool:
        quantiles = float(scipy_stats.t.ppf(1 - level / 2, n - 1)) + float(scipy_stats.t.ppf(power, n - 1))
        return n >= (quantiles * deviation / difference) ** 2

    low, high = 1, 2
    while not suffices(high):
        low, high = high, high * 2
        if low >= MOST_REPLICATIONS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high if high <= MOST_REPLICATIONS else None
