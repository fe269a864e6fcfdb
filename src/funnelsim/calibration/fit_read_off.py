"""What can be read off a history without playing it: cadence, pace, how soon leads are seen, and which never are.

A first guess of the ways of working (`fit_policy` goes on from there), and all there is of a history that is too large
to be played, or has too few touches.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from funnelsim.calibration.fit_market import SPLIT, Practised
from funnelsim.calibration.fit_offers import kinds
from funnelsim.calibration.fit_practice import cadence, pace, rep_days
from funnelsim.calibration.history import History
from funnelsim.calibration.observed import attempts
from funnelsim.records import Bool, Float64, Int64

MINUTE_MS, DAY_MS = 60_000, 86_400_000
LEAST_GAPS = 200
"""Pairs of attempts of one rep on one day, after the first of which nobody talked, from which the pace is read."""
MOST_GIVEN_UP = 0.9
QUIET_DAYS = 14
"""A lead that was not called within so many days was not noticed."""
LEAST_LEADS = 200
"""To be called, and old enough, from which the share is read that nobody notices."""


def read_off(history: History, *, leads: Bool | None = None) -> Practised:
    """Return a policy read off the cadence alone: where too little is known, or too much to be played often.

    As many attempts as 99 % of the called leads got at most, fewer where they were given up; the lower quartile of the
    gaps, since a list takes its time too; dates to be called again, and their spread, as the gaps after a talk
    (quartiles of a lognormal lie 1.349 standard deviations apart); calls in the middle of what the pace allows. A desk
    so quick would answer at once, so what is left of the first responses, in opening hours, is the time until somebody
    looks.

    Args:
        history: With touches; without them, what is assumed.
        leads: Whose first responses are read, and which were never called; all where None.
    """
    if history.touches is None or history.touches.n == 0:
        return Practised()
    given, (least, most) = cadence(history), call_bounds(history)
    seen_least, seen, seen_spread = _until_seen(history, leads)
    number = np.bincount(history.touches.lead)
    most = int(np.quantile(number[number > 0], 0.99))
    gap, (soon, again, late) = given.gap_hours[0], (hours / 24.0 for hours in given.gap_after_talk_hours)
    spread = np.log(late / soon) / 1.349 if late > soon > 0.0 else float("nan")
    plain = Practised()
    return replace(
        plain,
        call_minutes=float(np.sqrt(least * most)),
        talk_minutes=5.0,
        first_before_later=False,
        routing="pool",
        latency_least_minutes=seen_least,
        latency_minutes=seen,
        latency_sigma=seen_spread,
        latency_clock="business",
        attempts=int(np.clip(most, 2, 20)),
        gap_hours=float(np.clip(gap, 0.5, 168.0)) if np.isfinite(gap) else plain.gap_hours,
        window_days=60.0,
        callback_days=float(np.clip(again, 1.0, 60.0)) if np.isfinite(again) else plain.callback_days,
        callback_sigma=float(np.clip(spread, 0.2, 2.2)) if np.isfinite(spread) else plain.callback_sigma,
        callback_share=min(given.followed_share / SPLIT["able"], 1.0),
        given_up_share=min(given.given_up_share, MOST_GIVEN_UP),
        unnoticed_share=unnoticed_share(history, leads=leads),
    )


def _until_seen(history: History, leads: Bool | None) -> tuple[float, float, float]:
    """Return least, median beyond it and log-spread of the first responses in opening hours, minutes.

    Every day is open from the mean first attempt of a rep-day to the mean last one.
    """
    worked, clock = rep_days(history), history.clock()
    made = attempts(history, by="lead", leads=leads)
    first = made.number == 1
    if worked is None or np.count_nonzero(first) < LEAST_GAPS:
        plain = Practised()
        return plain.latency_least_minutes, plain.latency_minutes, plain.latency_sigma
    opens, closes = 60.0 * float(worked.first_hour.mean()), 60.0 * float(worked.last_hour.mean())
    length = max(closes - opens, 60.0)

    def open_minutes(ms: Int64) -> Float64:
        day = np.searchsorted(clock.midnights, ms, side="right") - 1
        since_opening = (ms - clock.midnights[day]) / MINUTE_MS - opens
        return np.asarray(day * length + np.clip(since_opening, 0.0, length), dtype=np.float64)

    waited = open_minutes(made.at[first]) - open_minutes(np.maximum(made.created, 0))
    midnight = clock.midnights[np.searchsorted(clock.midnights, made.created, side="right") - 1]
    came = (made.created - midnight) / MINUTE_MS
    by_day = waited[(came >= opens) & (came <= closes)]
    least = float(np.clip(np.quantile(by_day, 0.02), 0.0, 30.0)) if by_day.size else 0.0
    beyond = np.maximum(waited - least, 0.5)
    soon, middle, late = (float(v) for v in np.quantile(beyond, [0.25, 0.5, 0.75]))
    return least, middle, float(np.clip(np.log(late / soon) / 1.349, 0.1, 3.0))


def unnoticed_share(history: History, *, leads: Bool | None = None) -> float:
    """Return the share of leads to be called that were not, of those old enough to have been; 0 of too few.

    Old enough: created `QUIET_DAYS` before the last attempt that is known. In a desk that is too full to call everybody
    some of them were seen and never reached in the list, so this is the most that the share can be.

    Args:
        history: With touches.
        leads: Which count; all where None.
    """
    touches = history.touches
    if touches is None or touches.n == 0:
        return 0.0
    called = np.zeros(history.leads.n, dtype=np.bool_)
    called[touches.lead] = True
    wanted = kinds(history)[0] & (history.leads.created <= int(touches.at.max()) - QUIET_DAYS * DAY_MS)
    if leads is not None:
        wanted &= leads
    return float((~called[wanted]).mean()) if np.count_nonzero(wanted) >= LEAST_LEADS else 0.0


def call_bounds(history: History) -> tuple[float, float]:
    """Return how long, minutes, a call can keep a rep on average: the least and the most.

    When one attempt follows another at once, the gap between them is all that the first takes. So half of the lower
    quartile of the gaps after unanswered attempts is about the least, the median, as the mean of a lognormal with it,
    the most: waiting is in it. Without these bounds long calls stand in for a desk that looks at its leads late, and
    attempts stop growing with the leads.
    """
    speed = pace(history)
    least, most = 0.5 * speed.unanswered_p25, 1.4 * speed.unanswered_p50
    if speed.n < LEAST_GAPS or not np.isfinite(least + most):
        return 1.5, 35.0
    least = float(np.clip(least, 1.0, 35.0))
    return least, float(np.clip(most, 1.5 * least, 60.0))
