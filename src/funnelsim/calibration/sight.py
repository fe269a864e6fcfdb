"""What a history looks like through every figure that is compared: the same for an observed and a simulated one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from funnelsim.calibration import observed
from funnelsim.calibration.distances import DAY_MS, logs_of
from funnelsim.calibration.history import History
from funnelsim.calibration.predicted import Key
from funnelsim.calibration.window import window
from funnelsim.records import Bool, Float64, Int64

ARRIVALS = "arrivals"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MANY_ATTEMPTS = tuple(range(1, 11))
RESPONSE_GRID = tuple(float(m) for m in np.geomspace(1.0, 30 * 1440.0, 60))
"""Minutes at which the curve of first responses is taken."""
CYCLE_GRID, WORKLOAD_GRID = 201, 61


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at: leads created from `first` to `last`, both included."""

    first: dt.date
    last: dt.date
    mature_days: float = 0.0  # wins are counted of leads at least so old at `as_of`
    by: observed.By = "lead"  # whose attempts are numbered: each lead's own, or those of a person


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """All figures of one history, and the curves and histograms behind them."""

    figures: dict[Key, float]
    curves: dict[str, Float64]
    logs: dict[str, Float64]


def sight(history: History, look: Look) -> Sight:
    """Return what `history` shows of the leads created in the window, and of the attempts made in it."""
    cohort = window(history, look.first, look.last)
    begins = int(history.clock().midnights[(look.first - history.first_day).days])
    at, rep = _attempts_in(history, begins, cohort.clock().measured_until)
    return Sight(dict(_figures(cohort, look, at, rep)), _curves(cohort, look, at, rep), logs_of(cohort, at))


def _attempts_in(history: History, begins: int, length: int) -> tuple[Int64, Int64]:
    """Return when attempts were made in the window, on whomever, since its beginning, and by whom."""
    touches = history.touches
    if touches is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    inside = (touches.at >= begins) & (touches.at < begins + length)
    return touches.at[inside] - begins, touches.rep[inside].astype(np.int64)


def _figures(cohort: History, look: Look, at: Int64, rep: Int64) -> Iterator[tuple[Key, float]]:
    yield from _arrivals(cohort)
    yield from _wins(cohort, look)
    yield from _responses(cohort)
    yield from _reach(cohort, look)
    yield from _work(cohort, at, rep)
    for q, days in _pairs(observed.DAYS_QUANTILES, observed.quantiles(_cycle(cohort), observed.DAYS_QUANTILES)):
        yield Key("days to won", f"p{100 * q:.0f}", "d"), days
    yield Key("deal value", "mean of won deals", cohort.currency), observed.mean_won_value(cohort)


def _arrivals(cohort: History) -> Iterator[tuple[Key, float]]:
    yield Key(ARRIVALS, "leads a day", "leads"), observed.leads_per_day(cohort)
    for name, value in zip(WEEKDAYS, observed.leads_by_weekday(cohort), strict=True):
        yield Key(ARRIVALS, f"leads on a {name}", "leads"), float(value)
    yield Key(ARRIVALS, "arrive 09-19 h", "%"), 100.0 * float(observed.share_by_hour(cohort)[9:19].sum())


def _wins(cohort: History, look: Look) -> Iterator[tuple[Key, float]]:
    leads, clock = cohort.leads, cohort.clock()
    mature: Bool = leads.created < clock.end - int(look.mature_days * DAY_MS)
    yield Key("won", "all", "%"), 100.0 * observed.won_share(cohort, leads=mature)
    for c, name in enumerate(cohort.channels):
        mine = mature & (leads.channel == c)
        if (leads.channel == c).any():
            yield Key("won", name, "%"), 100.0 * observed.won_share(cohort, leads=mine)
    month = clock.month_index(leads.created)
    for m in np.unique(month).tolist():
        # A month counts once all of it is old enough.
        ends = int(clock.month_starts[m + 1]) if m + 1 < clock.month_starts.size else clock.end
        old_enough = min(ends, clock.measured_until) <= clock.end - int(look.mature_days * DAY_MS)
        share = observed.won_share(cohort, leads=month == m) if old_enough else float("nan")
        yield Key("won", f"leads of {clock.months[m]}", "%"), 100.0 * share


def _responses(cohort: History) -> Iterator[tuple[Key, float]]:
    minutes = observed.first_response_minutes(cohort)
    answered = minutes.size / cohort.leads.n if cohort.leads.n else float("nan")
    yield Key("first response", "answered at all", "%"), 100.0 * answered
    for q, value in _pairs(observed.RESPONSE_QUANTILES, observed.quantiles(minutes, observed.RESPONSE_QUANTILES)):
        yield Key("first response", f"p{100 * q:.0f}", "min"), value
    for limit, share in _pairs(observed.ANSWERED_MINUTES, observed.answered_within(minutes)):
        yield Key("answered within", _span(limit), "%"), 100.0 * share


def _reach(cohort: History, look: Look) -> Iterator[tuple[Key, float]]:
    made = observed.attempts(cohort, by=look.by)
    for k, share in _pairs(observed.ATTEMPTS, observed.reached_by_attempt(made)):
        yield Key("reached by attempt", f"{k:.0f}", "%"), 100.0 * share
    shares, _ = observed.reached_first_by_delay(made)
    for name, value in zip(delay_names(), shares, strict=True):
        yield Key("reached at attempt 1, by delay", name, "%"), 100.0 * float(value)
    yield Key("attempts", "per called lead", "attempts"), observed.attempts_per_called(made)


def _work(cohort: History, at: Int64, rep: Int64) -> Iterator[tuple[Key, float]]:
    per_rep_day = _per_rep_day(cohort, at, rep)
    yield Key("attempts", "per day", "attempts"), at.size / observed.days(cohort) if at.size else float("nan")
    mean = float(per_rep_day.mean()) if per_rep_day.size else float("nan")
    yield Key("attempts", "per rep and day at work", "attempts"), mean


def _curves(cohort: History, look: Look, at: Int64, rep: Int64) -> dict[str, Float64]:
    day = observed.local_day(cohort, cohort.leads.created)
    minutes = observed.first_response_minutes(cohort)
    made = observed.attempts(cohort, by=look.by)
    return {
        "leads by day": np.bincount(day, minlength=observed.days(cohort)).astype(np.float64),
        "leads by weekday": observed.leads_by_weekday(cohort),
        "leads by hour": observed.share_by_hour(cohort),
        "answered within": observed.answered_within(minutes, RESPONSE_GRID),
        "reached by attempt": observed.reached_by_attempt(made, MANY_ATTEMPTS),
        "won within days": _cumulated(_cycle(cohort), CYCLE_GRID),
        "attempts per rep-day": _cumulated(_per_rep_day(cohort, at, rep), WORKLOAD_GRID),
    }


def _per_rep_day(cohort: History, at: Int64, rep: Int64) -> Float64:
    known = rep >= 0
    pairs = rep[known] * observed.days(cohort) + observed.local_day(cohort, at[known])
    _, attempts = np.unique(pairs, return_counts=True)
    return np.asarray(attempts, dtype=np.float64)


def _cycle(cohort: History) -> Float64:
    return observed.days_to_won(cohort).astype(np.float64)


def _cumulated(values: Float64, size: int) -> Float64:
    """Return the share of values of at most 0, 1, ..., size - 1: (size,); nan of no values."""
    counts = np.searchsorted(np.sort(values), np.arange(size), side="right")
    return np.asarray(counts / values.size if values.size else np.full(size, np.nan), dtype=np.float64)


def _pairs(names: Sequence[float], values: Float64) -> Iterator[tuple[float, float]]:
    yield from zip(names, (float(v) for v in values), strict=True)


def delay_names(edges_minutes: Sequence[float] = observed.DELAY_EDGES_MINUTES) -> tuple[str, ...]:
    """Return the names of the bands of delay.

    >>> delay_names((10.0, 120.0))
    ('up to 10 min', '10 min to 2 h', 'later')
    """
    spans = [_span(edge) for edge in edges_minutes]
    between = [f"{a} to {b}" for a, b in pairwise(spans)]
    return (f"up to {spans[0]}", *between, "later")


def _span(minutes: float) -> str:
    if minutes < 60:
        return f"{minutes:g} min"
    days = minutes > 2880 and minutes % 1440 == 0
    return f"{minutes / 1440:g} d" if days else f"{minutes / 60:g} h"
