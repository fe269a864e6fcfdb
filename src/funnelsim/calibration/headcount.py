"""Who was at work on which day, read off the attempts of a history, and a team made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from funnelsim.calendar import HOUR_MS, MINUTE_MS
from funnelsim.calibration.history import History
from funnelsim.config.team import WEEKDAYS, Reps, Team
from funnelsim.errors import Fault, InputError
from funnelsim.records import Bool, Int32, Int64

LEAST_ATTEMPTS = 5
"""A day counts as worked by a rep from so many attempts on: fewer may be a colleague's, booked on the lead's owner."""
LEAST_DAYS = 3
"""A rep with fewer days at work is left out."""
LAST_WEEKS = 8
"""What a rep does after the history is what it did in so many weeks at its end."""
STEP_MINUTES = 5
"""Opening times are rounded to this."""
LAST_ATTEMPT_MS = 15 * MINUTE_MS
"""A rep is still at work so long after the start of its last attempt of a day."""


@dataclass(frozen=True, slots=True, eq=False)
class Attendance:
    """The days on which each rep worked. w rep-days, in order of (rep, day)."""

    rep: Int32  # (w,) into History.reps
    day: Int32  # (w,) days since first_day
    first: Int64  # (w,) ms since local midnight, first attempt
    last: Int64  # (w,) ms since local midnight, start of the last attempt
    attempts: Int32  # (w,)

    def reps(self, *, least_days: int = LEAST_DAYS) -> list[int]:
        """Return the reps with at least so many days, in order of the history's reps."""
        found, days = np.unique(self.rep, return_counts=True)
        return [int(r) for r in found[days >= least_days]]

    def worked(self, rep: int, days: int) -> Bool:
        """Return whether `rep` worked on each of the first `days` days: (days,)."""
        out = np.zeros(days, dtype=np.bool_)
        mine = self.day[self.rep == rep]
        out[mine[mine < days]] = True
        return out


def attendance(history: History, *, least_attempts: int = LEAST_ATTEMPTS) -> Attendance:
    """Return who worked on which day up to `last_day`, from the attempts of the history.

    Args:
        history: With touches, whose reps are known.
        least_attempts: Attempts from which on a day counts, >= 1.

    Raises:
        InputError: where there are no touches, or nobody can be told to have made any.
    """
    touches, clock = history.touches, history.clock()
    if touches is None:
        raise InputError([Fault("history", "touches", "are needed to count who was at work", None, "give --touches")])
    known = (touches.rep >= 0) & (touches.at >= 0) & (touches.at < clock.measured_until)
    at, rep = touches.at[known], touches.rep[known].astype(np.int64)
    day = np.searchsorted(clock.midnights, at, side="right") - 1
    since = at - clock.midnights[day]
    key, place, attempts = np.unique(rep * clock.midnights.size + day, return_inverse=True, return_counts=True)
    first = np.full(key.size, np.iinfo(np.int64).max)
    last = np.full(key.size, -1, dtype=np.int64)
    np.minimum.at(first, place, since)
    np.maximum.at(last, place, since)
    kept = attempts >= least_attempts
    if not kept.any():
        rule = f"no rep made {least_attempts} attempts on any day, so nobody can be counted as at work"
        raise InputError([Fault("history", "touches", rule)])
    return Attendance(
        rep=(key // clock.midnights.size)[kept].astype(np.int32),
        day=(key % clock.midnights.size)[kept].astype(np.int32),
        first=first[kept],
        last=last[kept],
        attempts=attempts[kept].astype(np.int32),
    )


def team_of(history: History, base: Team, *, least_attempts: int = LEAST_ATTEMPTS) -> Team:
    """Return the team that was at work: one rep for each of the history's, with the days that it was away.

    A rep works from its median first attempt to a quarter of an hour after its median last one, unless a group of
    `base` bears its name: then hours, cost and limits are that group's. After `last_day` everybody keeps to the
    weekdays on which it worked half the time or more in the last `LAST_WEEKS` weeks. Reps are in order of their days
    at work, so that a smaller headcount drops the one who was there least. Of a role that does not touch leads the
    history says nothing: it stays as it is in `base`.

    Args:
        history: With touches.
        base: The team of the scenario: roles, and what is known of single reps.
        least_attempts: See `attendance`.

    Raises:
        InputError: as in `attendance`.
    """
    found = attendance(history, least_attempts=least_attempts)
    present = {rep: int((found.rep == rep).sum()) for rep in found.reps()}
    if not present:
        raise InputError([Fault("history", "touches", f"no rep was at work on {LEAST_DAYS} days")])
    named = {group.name: group for group in base.reps if group.role == base.touch_role and group.name}
    typical = next(group for group in base.reps if group.role == base.touch_role)
    groups = []
    for rep in sorted(present, key=lambda rep: (-present[rep], history.reps[rep])):
        name = history.reps[rep]
        known = named.get(name)
        changes = {
            "name": name,
            "count": 1,
            "days_off": _days_off(history, found, rep),
            "starts": None,
            "hours": known.hours if known is not None else _hours(found, rep),
            "time_zone": None,
            "holidays": None,
        }
        groups.append(Reps.model_validate((known or typical).model_dump() | changes))
    others = [group for group in base.reps if group.role != base.touch_role]
    return base.model_copy(update={"reps": [*groups, *others]})


def _hours(found: Attendance, rep: int) -> list[str]:
    mine = found.rep == rep
    opens = int(np.median(found.first[mine])) // (STEP_MINUTES * MINUTE_MS) * STEP_MINUTES
    closes = -(-(int(np.median(found.last[mine])) + LAST_ATTEMPT_MS) // (STEP_MINUTES * MINUTE_MS)) * STEP_MINUTES
    closes = min(max(closes, opens + HOUR_MS // MINUTE_MS), 24 * 60)
    return [f"{WEEKDAYS[0]}-{WEEKDAYS[-1]} {opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"]


def _days_off(history: History, found: Attendance, rep: int) -> list[str]:
    """Return the spans of days on which a rep is away, up to the end of the history's clock."""
    clock = history.clock()
    days, until = clock.midnights.size - 1, (history.last_day - history.first_day).days + 1
    weekday = (history.first_day.weekday() + np.arange(days)) % 7
    worked = found.worked(rep, days)
    lately = np.arange(days) >= max(until - 7 * LAST_WEEKS, 0)
    for d in range(7):
        recent = worked[(weekday == d) & lately & (np.arange(days) < until)]
        worked[(weekday == d) & (np.arange(days) >= until)] = bool(recent.size) and bool(recent.mean() >= 0.5)
    return list(_spans(history.first_day, np.flatnonzero(~worked)))


def _spans(first_day: dt.date, days: Int64) -> Iterable[str]:
    """Yield runs of days as "2025-12-24" or "2025-12-24..2026-01-02".

    >>> list(_spans(dt.date(2025, 12, 24), np.array([0, 1, 2, 5])))
    ['2025-12-24..2025-12-26', '2025-12-29']
    """
    for run in np.split(days, np.flatnonzero(np.diff(days) > 1) + 1) if days.size else ():
        first, last = (first_day + dt.timedelta(days=int(d)) for d in (run[0], run[-1]))
        yield f"{first}" if first == last else f"{first}..{last}"
