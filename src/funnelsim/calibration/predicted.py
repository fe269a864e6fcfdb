"""Prediction intervals from replications, and how many of the observed figures lie within theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from funnelsim.records import Float64

LEVEL = 0.9
"""Share of histories whose figure should lie within its interval."""


def prediction_interval(values: ArrayLike, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval that one further value, drawn like these, lies within with probability `level`.

    Order statistics, interpolated: of n exchangeable values a further one lies between the j-th smallest and the j-th
    largest with probability (n + 1 - 2 j) / (n + 1), whatever their distribution (Wilks 1941, Annals of Mathematical
    Statistics 12(1)); ties only raise it. With fewer than 2 / (1 - level) - 1 values (19 for 0.9) the ends are the
    smallest and the largest, which cover less. nan of no values; nan among them are left out.

    >>> prediction_interval(range(1, 20))
    (1.0, 19.0)
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return math.nan, math.nan
    tail = round((1.0 - level) / 2.0, 12)  # 1 - 0.9 is a little less than 0.1 in binary
    low, high = np.quantile(known, [tail, 1.0 - tail], method="weibull")
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Key:
    """What a figure is."""

    group: str  # "first response", "won", ...
    name: str  # unique within its group
    unit: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure: what was observed, and what one history of the model shows."""

    key: Key
    observed: float
    mean: float  # over replications
    low: float  # of the prediction interval: luck, and what is unknown of the parameters
    high: float
    low_alone: float  # of luck alone, at the estimates
    high_alone: float
    n: int  # replications in which it is defined
    given: bool  # the history's own by construction: fed to the model, so no test of it

    @property
    def judged(self) -> bool:
        """Return whether the figure tests anything: observed, simulated, and not fed to the model."""
        return not self.given and math.isfinite(self.observed) and self.n > 0

    @property
    def inside(self) -> bool:
        """Return whether the observed figure lies within the interval, its ends included."""
        slack = 1e-9 * max(abs(self.observed), 1.0)
        return self.low - slack <= self.observed <= self.high + slack

    @property
    def widening(self) -> float:
        """Return the width of the interval relative to that of luck alone; 1 where neither has any, inf where one."""
        whole, alone = self.high - self.low, self.high_alone - self.low_alone
        if alone > 0.0:
            return whole / alone
        return math.inf if whole > 0.0 else 1.0 if whole == 0.0 else math.nan


def compare(
    observed: Mapping[Key, float],
    whole: Sequence[Mapping[Key, float]],
    alone: Sequence[Mapping[Key, float]],
    *,
    given: Sequence[str] = (),
    level: float = LEVEL,
) -> tuple[Compared, ...]:
    """Return each observed figure beside its prediction intervals, in the order of `observed`.

    Args:
        observed: The figures of the history.
        whole: Those of each replication, each under its own draw of the parameters.
        alone: Those of each replication at the estimates (the same as `whole` where there are no draws).
        given: Groups of figures that the model was given.
        level: Of the intervals.
    """
    found = []
    for key, value in observed.items():
        own, other = _column(whole, key), _column(alone, key)
        known = own[np.isfinite(own)]
        low, high = prediction_interval(own, level)
        low_alone, high_alone = prediction_interval(other, level)
        mean = float(known.mean()) if known.size else math.nan
        is_given = key.group in given
        found.append(Compared(key, value, mean, low, high, low_alone, high_alone, int(known.size), is_given))
    return tuple(found)


def _column(rows: Sequence[Mapping[Key, float]], key: Key) -> Float64:
    return np.array([row.get(key, math.nan) for row in rows], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the judged figures lie within their interval."""

    inside: int
    judged: int

    @property
    def value(self) -> float:
        """Return the share, nan of none."""
        return self.inside / self.judged if self.judged else math.nan


def share_inside(figures: Sequence[Compared]) -> Share:
    """Return how many of the judged figures lie within their interval."""
    judged = [figure for figure in figures if figure.judged]
    return Share(sum(figure.inside for figure in judged), len(judged))
