"""The team and the cadence as practised: who was at work when, how many attempts a day, how long between two of them.

Who was at work on which day is counted by `headcount.attendance`. The export rarely says who called: where it does not,
the lead's owner stands in, so days with a handful of attempts are mostly somebody else's work and are not counted.

A scenario gets *seats*, not persons: a seat works a typical week on fixed weekdays, and seats are added (or closed)
when the number of rep-days a week grows (or falls) for good. So the number at work on each weekday and in each week is
that of the history, while nobody's own timetable is copied.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from funnelsim.calibration.fit_parameter import Assumed, Block, Scale, block, nothing
from funnelsim.calibration.headcount import attendance
from funnelsim.calibration.history import History
from funnelsim.config.team import WEEKDAYS
from funnelsim.errors import InputError
from funnelsim.records import Float64, Int64

HOUR_MS = 3_600_000
LEAST_HOURS, MOST_HOURS = 0.1, 2.0
"""From the last attempt to the end of a shift: nothing begins at closing time."""


@dataclass(frozen=True, slots=True, eq=False)
class RepDays:
    """Days on which a rep was at work, in order of (rep, day). r rep-days."""

    rep: Int64  # (r,)
    day: Int64  # (r,) since first_day
    attempts: Int64  # (r,)
    first_hour: Float64  # (r,) local hour of the first attempt
    last_hour: Float64  # (r,) and of the last
    days: int  # days from first_day to last_day

    @property
    def n(self) -> int:
        """Return the number of rep-days."""
        return int(self.rep.size)


def rep_days(history: History) -> RepDays | None:
    """Return who was at work on which day, up to last_day; None where nobody can be told to have been."""
    try:
        found = attendance(history)
    except InputError:
        return None
    return RepDays(
        rep=found.rep.astype(np.int64),
        day=found.day.astype(np.int64),
        attempts=found.attempts.astype(np.int64),
        first_hour=np.minimum(found.first / HOUR_MS, 24.0),
        last_hour=np.minimum(found.last / HOUR_MS, 24.0),
        days=(history.last_day - history.first_day).days + 1,
    )


def seats(history: History, *, role: str = "sales", cost_per_hour: float = 20.0) -> list[dict[str, Any]]:
    """Return the team as `team.reps` of a scenario: one group a seat, with weekdays, hours, start and end.

    Args:
        history: With touches that name reps (or leads that name owners).
        role: Role of every seat.
        cost_per_hour: Assumed.
    """
    worked = rep_days(history)
    if worked is None:
        return []
    weekday = (history.first_day.weekday() + np.arange(worked.days)) % 7
    week_days = _days_a_week(worked)
    level = _smooth(np.bincount(worked.day, minlength=worked.days)) * 7.0 / week_days  # seats wanted, by day
    count = max(1, round(float(np.max(level))))
    # Weekdays: what share of the week's work falls on each, dealt out to the seats, each on `week_days` different days.
    share = np.bincount(weekday[worked.day], minlength=7) / np.maximum(np.bincount(weekday, minlength=7), 1)
    need = share / share.sum() * count * week_days
    opens, closes = _hours_by_seat(worked, count)
    made = []
    for j in range(count):
        chosen = sorted(np.argsort(-need, kind="stable")[:week_days].tolist())
        need[chosen] -= 1.0
        wanted = level >= j + 0.5
        first, last = int(np.argmax(wanted)), int(worked.days - 1 - np.argmax(wanted[::-1]))
        group: dict[str, Any] = {
            "role": role,
            "name": f"seat {j + 1}",
            "hours": hours_text(chosen, opens[j], closes[j]),
            "cost_per_hour": cost_per_hour,
        }
        if first > 6:
            group["starts"] = history.first_day + dt.timedelta(days=first)
        if last < worked.days - 7:
            begins = history.first_day + dt.timedelta(days=last + 1)
            group["days_off"] = [f"{begins.isoformat()}..{(history.as_of + dt.timedelta(days=400)).isoformat()}"]
        made.append(group)
    return made


def _days_a_week(worked: RepDays) -> int:
    """Return how many days a week a rep works in the weeks in which it works at all, rounded."""
    week = worked.rep * 10_000 + worked.day // 7
    _, days = np.unique(week, return_counts=True)
    return int(np.clip(round(float(np.quantile(days, 0.6))), 1, 7))


def _smooth(counts: Int64) -> Float64:
    """Return the mean number at work over the four weeks about each day, by whole weeks at the ends."""
    width = 28
    total = np.concatenate(([0.0], np.cumsum(counts)))
    day = np.arange(counts.size)
    low = np.maximum(day - width // 2, 0)
    high = np.minimum(low + width, counts.size)
    low = np.maximum(high - width, 0)
    return np.asarray((total[high] - total[low]) / (high - low))


def _hours_by_seat(worked: RepDays, count: int) -> tuple[Float64, Float64]:
    """Return opening and closing hour of each seat: the quantiles of those of rep-days.

    The latest first, then the earliest, and so on inwards, so that few seats cover the day as many do.
    """
    at = (np.arange(count) + 0.5) / count
    inwards = np.arange(count) // 2
    at = np.where(np.arange(count) % 2, at[inwards], at[::-1][inwards])
    opens, closes = np.quantile(worked.first_hour, at), np.quantile(shift_ends(worked), at)
    return opens, np.maximum(closes, opens + 1.0)


def shift_ends(worked: RepDays) -> Float64:
    """Return the hour at which each rep-day ended: (r,), at most 24.

    Where n attempts are spread evenly over a shift, the last one comes about 1 / (n - 1) of the time between first and
    last before its end.
    """
    between = (worked.last_hour - worked.first_hour) / np.maximum(worked.attempts - 1, 1)
    return np.asarray(np.minimum(worked.last_hour + np.clip(between, LEAST_HOURS, MOST_HOURS), 24.0))


def hours_text(weekdays: list[int], opens: float, closes: float) -> list[str]:
    """Return opening times in the form of a scenario, runs of weekdays joined.

    >>> hours_text([0, 1, 2, 5], 9.5, 18.26)
    ['Mon-Wed 09:30-18:15', 'Sat 09:30-18:15']
    """
    runs: list[list[int]] = []
    for day in weekdays:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    times = f"{clock_text(opens)}-{clock_text(closes)}"
    return [
        (WEEKDAYS[run[0]] if len(run) == 1 else f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}") + f" {times}" for run in runs
    ]


def clock_text(hour: float) -> str:
    """Return an hour of the day, 0..24, to five minutes, as a scenario holds it.

    >>> clock_text(9.51)
    '09:30'
    """
    minutes = int(np.clip(5 * round(hour * 12), 0, 24 * 60))
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@dataclass(frozen=True, slots=True)
class Pace:
    """The time from one attempt of a rep to its next on the same day, minutes."""

    unanswered_p25: float  # after an attempt without a talk: busy stretches
    unanswered_p50: float
    after_talk_p25: float  # from the end of a talk on the line to the next attempt
    after_talk_p50: float
    open_per_attempt: float  # open minutes of a rep-day per attempt: no attempt can take more on average
    n: int


def pace(history: History) -> Pace:
    """Return how fast attempts follow one another: the bounds between which effort per attempt lies."""
    touches, worked = history.touches, rep_days(history)
    assert touches is not None
    known = touches.rep >= 0
    order = np.lexsort((touches.at[known], touches.rep[known]))
    rep, at = touches.rep[known][order], touches.at[known][order]
    line, talk = np.maximum(touches.duration_ms[known][order], 0), touches.connected[known][order]
    clock = history.clock()
    day = np.searchsorted(clock.midnights, at, side="right")
    same = (rep[1:] == rep[:-1]) & (day[1:] == day[:-1])
    gap = (at[1:] - at[:-1])[same] / 60_000
    after = (at[1:] - at[:-1] - line[:-1])[same] / 60_000
    talked = talk[:-1][same]
    open_minutes = float("nan") if worked is None else 60.0 * float((worked.last_hour - worked.first_hour).sum())
    made = 1 if worked is None else int(worked.attempts.sum())

    def quantile(values: Float64, p: float) -> float:
        return float(np.quantile(np.maximum(values, 0.0), p)) if values.size else float("nan")

    return Pace(
        unanswered_p25=quantile(gap[~talked], 0.25),
        unanswered_p50=quantile(gap[~talked], 0.5),
        after_talk_p25=quantile(after[talked], 0.25),
        after_talk_p50=quantile(after[talked], 0.5),
        open_per_attempt=open_minutes / max(made, 1),
        n=int(gap.size),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cadence:
    """Attempts as given: before a contact or until given up, and after it."""

    given_up_after: Float64  # (12,) share of called, never reached leads by attempts 1, 2, ... 12 or more
    attempts_unreached: float  # mean
    attempts_reached: float  # mean, those after the contact included
    gap_hours: tuple[float, float, float]  # quartiles of the time to the next attempt after an unanswered one
    gap_after_talk_hours: tuple[float, float, float]  # quartiles after a talk
    given_up_share: float  # of attempts before any contact that reached nobody: no other followed
    followed_share: float  # of talks: another attempt followed
    uncalled_share: float  # of leads that are neither marked as wrong nor in a stage that is not called


def cadence(history: History) -> Cadence:
    """Return how often and at what pace leads were called."""
    touches, leads = history.touches, history.leads
    assert touches is not None
    number = np.bincount(touches.lead, minlength=leads.n)
    reached = np.zeros(leads.n, dtype=np.bool_)
    reached[touches.lead[touches.connected]] = True
    unreached = number[(number > 0) & ~reached]
    next_one = np.flatnonzero(touches.lead[1:] == touches.lead[:-1])
    gap = (touches.at[next_one + 1] - touches.at[next_one]) / HOUR_MS
    sums: Int64 = np.cumsum(touches.connected, dtype=np.int64)
    first = np.searchsorted(touches.lead, touches.lead, side="left")
    earlier = sums - touches.connected - (sums[first] - touches.connected[first])
    before = (earlier[next_one] == 0) & ~touches.connected[next_one]
    talk = touches.connected[next_one]
    wanted = np.ones(leads.n, dtype=np.bool_)
    for column in (leads.unreachable, leads.not_called):
        if column is not None:
            wanted &= ~column
    follows = np.zeros(touches.n, dtype=np.bool_)
    follows[next_one] = True
    in_vain = (earlier == 0) & ~touches.connected
    up_to = np.bincount(np.minimum(unreached, 12), minlength=13)[1:] / max(unreached.size, 1)

    def quartiles(values: Float64) -> tuple[float, float, float]:
        if not values.size:
            return (float("nan"),) * 3
        low, middle, high = (float(v) for v in np.quantile(values, [0.25, 0.5, 0.75]))
        return low, middle, high

    return Cadence(
        given_up_after=up_to,
        attempts_unreached=float(unreached.mean()) if unreached.size else float("nan"),
        attempts_reached=float(number[reached].mean()) if reached.any() else float("nan"),
        gap_hours=quartiles(gap[before]),
        gap_after_talk_hours=quartiles(gap[talk]),
        given_up_share=float((~follows[in_vain]).mean()) if in_vain.any() else 0.0,
        followed_share=float(follows[touches.connected].mean()) if touches.connected.any() else 1.0,
        uncalled_share=float((number[wanted] == 0).mean()) if wanted.any() else float("nan"),
    )


def fit_practice(history: History) -> Block:
    """Return capacity and cadence with intervals by bootstrap over rep-days (means: normal theory over rep-days)."""
    if history.touches is None or history.touches.n == 0:
        return nothing(Assumed("team.reps", "three reps, Mon-Fri 09:00-17:00", "no touches"))
    worked = rep_days(history)
    if worked is None or worked.n < 5:
        return nothing(Assumed("team.reps", "three reps, Mon-Fri 09:00-17:00", "no touch names a rep"))
    at_work = np.bincount(worked.day, minlength=worked.days)
    guess = "the lead's owner stands for whoever called, where the export does not say"

    def mean(path: str, values: Float64, unit: str, method: str, scale: Scale = "log") -> Any:
        average, n = float(values.mean()), int(values.size)
        error = float(values.std(ddof=1)) / np.sqrt(n) if n > 1 else float("nan")
        return (path, average, scale, unit, method, n, guess), (error / (average if scale == "log" else 1.0)) ** 2

    rows, variances = zip(
        mean("practice.reps_at_work", at_work.astype(np.float64), "reps", "rep-days with 5 attempts or more, a day"),
        mean("practice.attempts_per_rep_day", worked.attempts.astype(np.float64), "attempts", "mean over rep-days"),
        mean("practice.first_hour", worked.first_hour, "h", "mean first attempt of a rep-day", "identity"),
        mean("practice.last_hour", worked.last_hour, "h", "mean last attempt of a rep-day", "identity"),
        strict=True,
    )
    return block(rows, np.diag(variances))
