"""What a history shows, counted: pure functions of `History`, the same for an import and for a simulated company.

Arrivals, first response, reach by attempt and by delay, effort, wins, days to won, spend. Shares are fractions, nan
where nothing is known; arrays are in the order of their arguments.

Attempts are counted `by` lead or by contact. Where one person has several leads, a CRM's calls belong to the person: by
contact, all its calls count from the creation of its first lead, and a person that was called is one (the figures of
most reports); by lead, each lead has its own calls, delays and attempt numbers. Both agree where each lead is a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from funnelsim.calibration.history import History
from funnelsim.records import NO, Bool, Float64, Int32, Int64, Row

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
By = Literal["lead", "contact"]
RESPONSE_QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
ANSWERED_MINUTES = (5.0, 15.0, 30.0, 60.0, 240.0, 480.0, 1440.0, 2880.0)
ATTEMPTS = (1, 2, 3, 4, 5, 6, 8)
DELAY_EDGES_MINUTES = (10.0, 30.0, 120.0, 480.0, 1440.0, 4320.0)
DAYS_QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """The calls of those who were called: `u` units (leads or contacts), `m` attempts in order of (unit, at)."""

    unit: Int64  # (m,) index of the unit, 0 .. u - 1
    created: Int64  # (u,) ms, creation of the lead, or of the contact's first
    at: Int64  # (m,) ms
    number: Int32  # (m,) from 1
    connected: Bool  # (m,)

    @property
    def called(self) -> int:
        """Return the number of units."""
        return int(self.created.size)

    def delay_ms(self) -> Int64:
        """Return (m,) the time from creation; 0 for calls that came just before the lead was entered."""
        return np.asarray(np.maximum(self.at - self.created[self.unit], 0), dtype=np.int64)

    def reached_at(self) -> Int32:
        """Return (u,) the attempt at which each unit was first reached, 0 for never."""
        first = np.zeros(self.called, dtype=np.int32)
        talks = np.flatnonzero(self.connected)[::-1]
        first[self.unit[talks]] = self.number[talks]  # the earliest is written last
        return first


def attempts(history: History, *, by: By = "contact", leads: Bool | None = None) -> Attempts:
    """Return the calls (no e-mails) of those who were called.

    Args:
        history: With or without touches.
        by: See the module.
        leads: (n,) which leads count; by contact, calls of the person's other leads are left out.
    """
    touches, table = history.touches, history.leads
    if touches is None:
        none = np.zeros(0, dtype=np.int64)
        return Attempts(none, none, none, none.astype(np.int32), none.astype(np.bool_))
    kept = touches.kind == Row.CALL
    if leads is not None:
        kept &= leads[touches.lead]
    rows = np.flatnonzero(kept)
    chosen = np.ones(table.n, dtype=np.bool_) if leads is None else leads
    whole = np.arange(table.n) if by == "lead" else table.contact
    created = np.full(int(whole.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(created, whole[chosen], table.created[chosen])
    order = np.lexsort((touches.at[rows], whole[touches.lead[rows]]))
    rows = rows[order]
    units, unit = np.unique(whole[touches.lead[rows]], return_inverse=True)
    place, begins = np.arange(rows.size), np.searchsorted(unit, np.arange(units.size))
    return Attempts(
        unit=unit.astype(np.int64),
        created=created[units],
        at=touches.at[rows],
        number=(place - begins[unit] + 1).astype(np.int32),
        connected=touches.connected[rows],
    )


def days(history: History) -> int:
    """Return the number of days on which leads could come."""
    return (history.last_day - history.first_day).days + 1


def weekdays(history: History) -> Int64:
    """Return (7,) how often each weekday lies in the history, Monday first."""
    first = history.first_day.weekday()
    return np.bincount((first + np.arange(days(history))) % 7, minlength=7).astype(np.int64)


def leads_per_day(history: History) -> float:
    """Return the mean number of leads a day."""
    return history.leads.n / days(history)


def hour_of_week(history: History, *, leads: Bool | None = None) -> Int64:
    """Return (168,) how many leads were created in each local hour of the week, Monday 0-1 h first."""
    created = history.leads.created if leads is None else history.leads.created[leads]
    return np.bincount(history.clock().local_hour_of_week(created), minlength=168).astype(np.int64)


def leads_by_weekday(history: History) -> Float64:
    """Return (7,) the mean number of leads on each weekday, Monday first; nan for weekdays that did not occur."""
    return _ratio(hour_of_week(history).reshape(7, 24).sum(axis=1), weekdays(history))


def share_by_hour(history: History) -> Float64:
    """Return (24,) the share of leads created in each local hour of the day."""
    counts = hour_of_week(history).reshape(7, 24).sum(axis=0)
    return _ratio(counts, counts.sum())


def first_response_minutes(history: History, *, source: Literal["crm", "touches"] = "crm", by: By = "lead") -> Float64:
    """Return the minutes from creation to the first touch of all who got one, in no particular order.

    Args:
        history: The history.
        source: `crm`: the CRM's own field; `touches`: from the first attempt in the file of touches.
        by: Whose first attempt (with `touches`).
    """
    if source == "crm":
        known = history.leads.first_response_ms
        return np.zeros(0) if known is None else known[known != NO] / MINUTE_MS
    made = attempts(history, by=by)
    return np.asarray(made.delay_ms()[made.number == 1] / MINUTE_MS, dtype=np.float64)


def answered_within(minutes: Float64, limits: Sequence[float] = ANSWERED_MINUTES) -> Float64:
    """Return the share of first responses that took at most each limit, minutes."""
    return _ratio(np.searchsorted(np.sort(minutes), np.asarray(limits), side="right"), minutes.size)


def quantiles(values: Float64, at: Sequence[float]) -> Float64:
    """Return quantiles of known values (linear between order statistics), nan where there are none."""
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values)]
    return np.quantile(values, at) if values.size else np.full(len(at), np.nan)


def reached_by_attempt(made: Attempts, upto: Sequence[int] = ATTEMPTS) -> Float64:
    """Return the share of the called that had been reached by each attempt."""
    first = made.reached_at()
    return _ratio([np.count_nonzero((first > 0) & (first <= k)) for k in upto], made.called)


def reached_first_by_delay(
    made: Attempts, edges_minutes: Sequence[float] = DELAY_EDGES_MINUTES
) -> tuple[Float64, Int64]:
    """Return the share reached at the first attempt by its delay, and how many were called so, for each band.

    Bands: up to and with the first edge, above it up to and with the second, ..., above the last.
    """
    first = made.number == 1
    edges = np.asarray(edges_minutes) * MINUTE_MS
    band = np.searchsorted(edges, made.delay_ms()[first], side="left")
    called = np.bincount(band, minlength=edges.size + 1).astype(np.int64)
    reached = np.bincount(band[made.connected[first]], minlength=edges.size + 1)
    return _ratio(reached, called), called


def attempts_per_called(made: Attempts) -> float:
    """Return the mean number of attempts of those who were called."""
    return float(_ratio(made.at.size, made.called))


def days_to_won(history: History) -> Int64:
    """Return the local days from creation to won of all wins whose date is known, in no particular order."""
    leads = history.leads
    if leads.won is None or leads.closed_at is None:
        return np.zeros(0, dtype=np.int64)
    rows = leads.won & (leads.closed_at != NO)
    return local_day(history, leads.closed_at[rows]) - local_day(history, leads.created[rows])


def local_day(history: History, ms: Int64) -> Int64:
    """Return the local day of each instant, 0 for `first_day`."""
    clock = history.clock()
    which = np.maximum(np.searchsorted(clock.offset_from, ms, side="right") - 1, 0)
    return np.asarray((ms + clock.offset_ms[which] - clock.offset_ms[0]) // DAY_MS, dtype=np.int64)


def won_share(history: History, *, leads: Bool | None = None) -> float:
    """Return won over leads; nan where the export does not say."""
    won = history.leads.won
    if won is None:
        return float("nan")
    chosen = won if leads is None else won[leads]
    return float(_ratio(np.count_nonzero(chosen), chosen.size))


def won_by_channel(history: History) -> dict[str, tuple[int, int]]:
    """Return for each channel its leads and how many of them were won; 0 won where the export does not say."""
    return _won_by(history, history.channels, history.leads.channel.astype(np.int64))


def won_by_attribute(history: History, attribute: str) -> dict[str, tuple[int, int]]:
    """Return for each category of an attribute its leads and how many of them were won."""
    return _won_by(history, history.categories[attribute], history.leads.attributes[attribute].astype(np.int64))


def _won_by(history: History, names: tuple[str, ...], code: Int64) -> dict[str, tuple[int, int]]:
    won = np.zeros(history.leads.n, dtype=np.bool_) if history.leads.won is None else history.leads.won
    known = code >= 0
    leads = np.bincount(code[known], minlength=len(names)).tolist()
    wins = np.bincount(code[known & won], minlength=len(names)).tolist()
    return {name: (int(n), int(k)) for name, n, k in zip(names, leads, wins, strict=True)}


def mean_won_value(history: History) -> float:
    """Return the mean value of the won deals whose value is known, money; nan where there is none."""
    leads = history.leads
    if leads.won is None or leads.value is None:
        return float("nan")
    values = leads.value[leads.won & np.isfinite(leads.value)]
    return float(values.mean()) if values.size else float("nan")


def clicks_and_spend(history: History) -> tuple[float, float]:
    """Return the clicks and the spend of the whole history; nan where unknown."""
    if history.spend is None:
        return float("nan"), float("nan")
    return _known_sum(history.spend.clicks), _known_sum(history.spend.spend)


def attempts_per_rep_day(history: History) -> Float64:
    """Return the attempts of each rep on each local day on which it made any, in order of (rep, day)."""
    touches = history.touches
    if touches is None:
        return np.zeros(0)
    known = touches.rep >= 0
    day = local_day(history, touches.at[known])
    pairs = touches.rep[known].astype(np.int64) * 1_000_000 + (day - min(int(day.min(initial=0)), 0))
    _, counts = np.unique(pairs, return_counts=True)
    return np.asarray(counts, dtype=np.float64)


def reps_at_work(history: History) -> Int64:
    """Return (days,) how many reps made an attempt on each local day of the history."""
    touches = history.touches
    if touches is None:
        return np.zeros(days(history), dtype=np.int64)
    day = local_day(history, touches.at)
    inside = (touches.rep >= 0) & (day >= 0) & (day < days(history))
    pairs = np.unique(day[inside] * 100_000 + touches.rep[inside])
    return np.bincount(pairs // 100_000, minlength=days(history)).astype(np.int64)


def _known_sum(values: Float64) -> float:
    return float(np.nansum(values)) if np.isfinite(values).any() else float("nan")


def _ratio(part: object, whole: object) -> Float64:
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Float64 = np.asarray(part, dtype=np.float64) / np.asarray(whole, dtype=np.float64)
    return share
