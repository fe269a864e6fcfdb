"""How long a series takes to settle: MSER, the truncation that makes the mean of the rest most precise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from funnelsim.records import Float64

BATCH = 5
"""Observations a batch in MSER-5."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Where a series settles."""

    cut: int  # observations to leave out at the beginning, a multiple of the batch
    settles: bool  # False where the best cut lies at the end of the first half: too short a series, or no steady state
    mean: float  # of the rest
    statistic: Float64  # MSER of each number of batches cut, from none to half of them


def mser(series: ArrayLike, *, batch: int = BATCH) -> Settled:
    """Return where a series settles by MSER on means of batches.

    White, Cobb & Spratt (2000, Simulation 74(6)): of all cuts in the first half of the batch means the one with the
    least sum of squares about the mean of the rest, over the square of their number. A pattern that repeats within a
    batch is no hindrance; one that is longer than a batch and does not fit into it is: of days take batches of 7.

    Args:
        series: (n,) in order of time; what is left after the last whole batch is not looked at.
        batch: Observations a batch, >= 1.

    Raises:
        ValueError: where there are fewer than 4 whole batches, or a value is not finite.
    """
    values = np.asarray(series, dtype=np.float64)
    batches = values.size // batch
    if batches < 4:
        raise ValueError(f"MSER needs 4 batches of {batch} or more, got {values.size} values")
    if not np.isfinite(values).all():
        raise ValueError("MSER needs finite values")
    means = values[: batches * batch].reshape(batches, batch).mean(axis=1)
    most = batches // 2
    statistic = np.array([means[d:].var() / (batches - d) for d in range(most + 1)])
    best = int(np.argmin(statistic))
    return Settled(best * batch, best < most, float(means[best:].mean()), statistic)
