"""How far two event logs are apart in time: Wasserstein distances between their events, by clock, week and age.

Measures of Chapela-Campa, Benchekroun, Baron, Dumas, Krass & Senderovich (2023), "Can I trust my simulation model?
Measuring the quality of business process simulation models", BPM 2023, LNCS 14159: case arrivals, absolute event
distribution, circadian event distribution, relative event distribution, cycle times. As there, moments are counted by
the hour (cycle times by the day) and a distance is the least work, in hours or days, that turns one distribution into
the other; how many events there are does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from funnelsim.calibration import observed
from funnelsim.calibration.history import History
from funnelsim.records import Float64, Int64

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
LONGEST_DAYS = 400
"""Ages are counted up to this; what is older counts as this old."""


@dataclass(frozen=True, slots=True)
class Log:
    """One way of looking at the moments of a history."""

    name: str
    unit: str
    meaning: str


LOGS = (
    Log("case arrivals", "h", "leads created, by the hour"),
    Log("absolute events", "h", "attempts, by the hour"),
    Log("circadian events", "h", "attempts, by the hour of the day; mean over weekdays"),
    Log("relative events", "h", "attempts, by the age of their lead"),
    Log("cycle times", "d", "days from creation to the deal, won leads"),
)


def logs_of(cohort: History, attempts_at: Int64) -> dict[str, Float64]:
    """Return the histogram of each of `LOGS`, by name: (hours,), (hours,), (7, 24), (hours,), (days,).

    Args:
        cohort: The leads created in a window (`window.window`), with their touches.
        attempts_at: When attempts were made within the window, on whomever; ms on the cohort's clock.
    """
    clock = cohort.clock()
    hours = int(-(-clock.measured_until // HOUR_MS))
    inside = attempts_at[(attempts_at >= 0) & (attempts_at < clock.measured_until)]
    age = np.zeros(0, dtype=np.int64)
    if cohort.touches is not None:
        age = np.maximum(cohort.touches.at - cohort.leads.created[cohort.touches.lead], 0)
    return {
        "case arrivals": _histogram(cohort.leads.created // HOUR_MS, hours),
        "absolute events": _histogram(inside // HOUR_MS, hours),
        "circadian events": _histogram(clock.local_hour_of_week(inside), 168).reshape(7, 24),
        "relative events": _histogram(age // HOUR_MS, LONGEST_DAYS * 24),
        "cycle times": _histogram(observed.days_to_won(cohort), LONGEST_DAYS),
    }


def distance(a: Float64, b: Float64) -> float:
    """Return the 1-Wasserstein distance of two histograms, in bins; nan where one is empty.

    Of two-dimensional ones the mean over the rows (weekdays) that both fill. The end of a day is not joined to its
    beginning: 23 h and 0 h are 23 bins apart, as in the source.

    >>> distance(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 2.0]))
    2.0
    """
    if a.ndim == 2:
        rows = [distance(x, y) for x, y in zip(a, b, strict=True)]
        known = [d for d in rows if np.isfinite(d)]
        return float(np.mean(known)) if known else float("nan")
    if not a.sum() > 0 or not b.sum() > 0:
        return float("nan")
    bins = np.arange(a.size, dtype=np.float64)
    return float(wasserstein_distance(bins, bins, a, b))


def apart(logs: Sequence[Float64]) -> Float64:
    """Return the distance of each histogram from all the others together: (n,).

    Each is compared with the sum of the others; so if all are drawn alike, each is as likely as any other to be the
    one furthest away.
    """
    total = np.sum(logs, axis=0)
    return np.array([distance(log, total - log) for log in logs])


@dataclass(frozen=True, slots=True)
class Apart:
    """How far the observed log is from the simulated ones, beside how far each of these is from the rest."""

    log: Log
    observed: float  # in log.unit
    simulated: float  # mean over replications
    high: float  # what one history of the model stays below with probability `level`
    n: int

    @property
    def inside(self) -> bool:
        """Return whether the observed log is no further away than a simulated one may be."""
        return bool(self.observed <= self.high)


def logs_apart(seen: dict[str, Float64], simulated: Sequence[dict[str, Float64]], *, level: float) -> list[Apart]:
    """Return for each of `LOGS` how far what was seen is from the replications; one-sided at `level`."""
    found = []
    for log in LOGS:
        distances = apart([seen[log.name], *(one[log.name] for one in simulated)])
        mine, others = float(distances[0]), distances[1:][np.isfinite(distances[1:])]
        high = float(np.quantile(others, level, method="weibull")) if others.size else float("nan")
        mean = float(others.mean()) if others.size else float("nan")
        found.append(Apart(log, mine, mean, high, int(others.size)))
    return found


def _histogram(values: Int64, bins: int) -> Float64:
    counts = np.bincount(np.clip(values, 0, bins - 1), minlength=bins) if values.size else np.zeros(bins)
    return counts.astype(np.float64)
