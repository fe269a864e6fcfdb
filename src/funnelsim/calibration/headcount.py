"""Who was at work on which day, read off the attempts of a history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.calibration.history import History
from funnelsim.errors import Fault, InputError
from funnelsim.records import Int32, Int64

LEAST_ATTEMPTS = 5
"""A day counts as worked by a rep from so many attempts on: fewer may be a colleague's, booked on the lead's owner.
Where a busy day (the upper quartile) has fewer than four times as many, from a quarter of those on."""


@dataclass(frozen=True, slots=True, eq=False)
class Attendance:
    """The days on which each rep worked. w rep-days, in order of (rep, day)."""

    rep: Int32  # (w,) into History.reps
    day: Int32  # (w,) days since first_day
    first: Int64  # (w,) ms since local midnight, first attempt
    last: Int64  # (w,) ms since local midnight, start of the last attempt
    attempts: Int32  # (w,)


def attendance(history: History, *, least_attempts: int | None = None) -> Attendance:
    """Return who worked on which day up to `last_day`, from the attempts of the history.

    Args:
        history: With touches, whose reps are known.
        least_attempts: Attempts from which on a day counts, >= 1; None: see `LEAST_ATTEMPTS`.

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
    if least_attempts is None:
        busy = float(np.quantile(attempts, 0.75)) if attempts.size else 0.0
        least_attempts = int(np.clip(round(busy / 4), 1, LEAST_ATTEMPTS))
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
