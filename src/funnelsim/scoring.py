"""Scoring: what a policy says of each lead just after each of its engagement events. No luck, no queueing.

Points are summed and decayed in one vectorised pass over the events of all leads and rounded to hundredths, half to
even; every cutoff is compared in hundredths. A lead's scores depend on its own events alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from funnelsim.config.market import Market
from funnelsim.config.policy import Policy, Scoring
from funnelsim.records import Bool, Float64, Int8, Int16, Int32, Int64, Leads, Scored, Tier
from funnelsim.remembered import Remembered

_MICRO = 1_000_000  # points that do not fade are summed exactly, in millionths
_MOST = 2**31 - 1
_VISIT = "visit"

AnyScalar = TypeVar("AnyScalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class _Events:
    """The events that count under a policy, by lead, then time, the creation first."""

    start: Int64  # (n + 1,)
    time: Int64  # (E,) ms
    activity: Int16  # (E,)

    @property
    def creation(self) -> Int64:
        """Return the index of each lead's creation: (n,)."""
        return self.start[:-1]

    def of_lead(self, values: NDArray[AnyScalar]) -> NDArray[AnyScalar]:
        """Return for each event the value of its lead: (n,) to (E,)."""
        return np.repeat(values, np.diff(self.start))

    def add_at_creation(self, points: Float64, given: Float64) -> None:
        """Add what each lead is given at its creation, (n,), to `points`, (E,)."""
        points[self.creation] += given

    def in_order(self, values: Float64) -> Float64:
        """Return `values`, (E,), by lead, then time: as they are."""
        return values

    @cached_property
    def side_by_side(self) -> _SideBySide:
        """Return the same events, the r-th of all leads that have one together."""
        return _SideBySide(self)


class _SideBySide:
    """Events in blocks: the r-th events of all leads that have one, the leads with most events first."""

    def __init__(self, events: _Events) -> None:
        counts = np.diff(events.start)
        self._leads = np.argsort(counts)[::-1]
        starts = events.creation[self._leads]
        have = counts.size - np.cumsum(np.bincount(counts))[:-1]
        self.blocks: list[int] = np.concatenate(([0], np.cumsum(have))).tolist()
        event = np.concatenate([starts[:leads] + r for r, leads in enumerate(have.tolist())] or [starts])
        since_last = np.diff(events.time, prepend=0)[event]
        since_last[: starts.size] = 0
        self.since_last: Int64 = since_last  # (E,) ms
        self.activity = events.activity[event]  # (E,)
        self._event = event.astype(np.int32) if event.size < 2**31 else event  # (E,) index into the events

    def add_at_creation(self, points: Float64, given: Float64) -> None:
        """Add what each lead is given at its creation, (n,), to `points`, (E,)."""
        points[: given.size] += given[self._leads]

    def in_order(self, values: Float64) -> Float64:
        """Return `values`, (E,), by lead, then time."""
        ordered = np.empty(values.size)
        ordered[self._event] = values
        return ordered


def score_leads(leads: Leads, policy: Policy, market: Market) -> Scored:
    """Return what the scoring policy says of each engagement event of each lead, just after it.

    Events are the lead's own (creation included) and the answers to those nurture sends that the policy uses. A lead
    that unsubscribes answers nothing from its unsubscribing send on.

    Args:
        leads: n leads, read only.
        policy: `scoring`, `marketing` and `handed_over` are read.
        market: Names the activities, offers and firmographic categories that `leads` holds as codes.
    """
    scoring = policy.scoring
    events = _events(leads, (policy.marketing.nurture_every, market.activities().index(market.nurture.activity)))
    fit = _fit_points(leads, scoring, market)
    intent = _intent_points(leads, events, scoring, market)
    fit_hundredths, intent_hundredths = events.of_lead(_hundredths(fit)), _hundredths(intent)
    total = _hundredths(events.of_lead(fit) + intent)
    holds, threshold = _rule(leads, events, policy, market, fit_hundredths, intent_hundredths, total)
    tier = _class_of(total, [threshold + _cutoff(above) for above in (scoring.tier_a_above, scoring.tier_b_above)])
    if scoring.fast_lane:
        fast = events.creation[leads.hand_raise]
        holds[fast] = True
        tier[fast] = Tier.A
    if policy.handed_over == "every_lead":
        holds[:] = True
    if policy.marketing.quality_floor is not None:
        holds &= fit_hundredths >= _cutoff(policy.marketing.quality_floor)
    if policy.handed_over == "booked":
        holds[:] = False
    letter = _class_of(fit_hundredths, [_cutoff(points) for points in reversed(scoring.grade_fit)])
    digit = _class_of(intent_hundredths, [_cutoff(points) for points in reversed(scoring.grade_intent)])
    return Scored(
        start=_read_only(events.start),
        time=_read_only(events.time),
        holds=_read_only(holds),
        tier=_read_only(tier),
        grade=_read_only(np.int8(3) * letter + digit),
        score=_read_only(total),
    )


def _read_only(array: NDArray[AnyScalar]) -> NDArray[AnyScalar]:
    """Return a view of `array` that is closed to writing; the array itself stays as it was."""
    view = array.view()
    view.setflags(write=False)
    return view


def _hundredths(points: Float64) -> Int32:
    """Return whole hundredths of a point, rounded half to even, within 32 bits."""
    return np.clip(np.rint(100.0 * points), -_MOST, _MOST).astype(np.int32)


def _cutoff(points: float) -> int:
    """Return a cutoff in hundredths; a Python integer, so that sums of cutoffs cannot overflow."""
    return int(_hundredths(np.array(points)))


def _class_of(values: Int32, cutoffs: Sequence[int]) -> Int8:
    """Return 0 where a value reaches the first cutoff, 1 where only the second (not above the first), else 2."""
    first, second = cutoffs
    return (values < first).view(np.int8) + (values < second).view(np.int8)


def _make_events(leads: Leads, key: tuple[int, int]) -> _Events:
    """Return own events and counted nurture answers, merged; ties in the order own before answer, then by send.

    The key: every how many sends are used, and the activity that an answer is.
    """
    nurture_every, answer = key
    own = _Events(leads.event_start, leads.event_time, leads.event_activity)
    if nurture_every == 0 or leads.nurture_send.size == 0:
        return own
    answered_by = np.repeat(np.arange(leads.n), np.diff(leads.nurture_start))
    unsubscribes = nurture_every < leads.unsubscribe_below[answered_by]
    gone = unsubscribes & (leads.nurture_send >= leads.unsubscribe_send[answered_by])
    counts = (leads.nurture_send % nurture_every == 0) & ~gone
    lead, time = answered_by[counts], leads.nurture_time[counts]
    by_time = np.lexsort((time, lead))  # stable
    lead, time = lead[by_time], time[by_time]
    # Every answer goes behind the own events up to it, and so every own event behind the answers before it.
    place = _events_until(own, lead, time) + np.arange(time.size)
    is_own = np.ones(own.time.size + time.size, dtype=np.bool_)
    is_own[place] = False
    merged_time, merged_activity = np.empty(is_own.size, np.int64), np.empty(is_own.size, np.int16)
    merged_time[is_own], merged_time[place] = own.time, time
    merged_activity[is_own], merged_activity[place] = own.activity, answer
    before = np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=leads.n))))
    return _Events(own.start + before, merged_time, merged_activity)


_events = Remembered(_make_events)


def _events_until(events: _Events, lead: Int64, time: Int64) -> Int64:
    """Return the index behind the last event of each `lead` at or before `time`, both (m,)."""
    low, high = events.start[lead], events.start[lead + 1]
    while np.any(low < high):
        middle = (low + high) // 2
        # Where both ends have met, `middle` may lie behind the last event.
        after = events.time[np.minimum(middle, events.time.size - 1)] > time
        low, high = np.where(after | (low == high), low, middle + 1), np.where(after, middle, high)
    return low


def _fit_points(leads: Leads, scoring: Scoring, market: Market) -> Float64:
    """Return the fit part of each lead's score: (n,)."""
    points: Float64 = scoring.fit_weight * leads.observed_fit
    for row, (attribute, firmographic) in zip(leads.firmographics, market.firmographics.items(), strict=True):
        given = scoring.firmographic_points.get(attribute)
        if given:
            points = points + np.array([given.get(name, 0.0) for name in firmographic.mix])[row]
    return points if scoring.fit_cap is None else np.minimum(points, scoring.fit_cap)


def _intent_points(leads: Leads, events: _Events, scoring: Scoring, market: Market) -> Float64:
    """Return the intent part of the score just after each event: (E,).

    Points decay from the event that gave them; each group's decayed sum counts up to its cap, and their sum, with what
    belongs to no group, up to `intent_cap`.
    """
    activities = market.activities()
    groups = {name: g for g, cap in enumerate(scoring.group_caps.values(), start=1) for name in cap.activities}
    group = np.array([groups.get(name, 0) for name in activities])
    by_activity = np.array([scoring.activity_points.get(name, 0.0) for name in activities])
    by_offer = np.array([scoring.offer_points.get(name, 0.0) for name in market.offers])
    visit = activities.index(_VISIT)
    order: _Events | _SideBySide
    if scoring.decay == "half_life":
        order = events.side_by_side
        decayed = _halved(order, max(scoring.half_life.ms(), 1))
    else:
        order = events
        window = scoring.decay == "window"
        oldest = _oldest_within(events, scoring.window.ms()) if window else events.of_lead(events.creation)
        decayed = _since(oldest)

    intent = np.zeros(events.time.size)
    for g, cap in enumerate((np.inf, *(cap.cap for cap in scoring.group_caps.values()))):
        points = np.where(group == g, by_activity, 0.0)[order.activity]
        if g == group[visit]:
            order.add_at_creation(points, leads.anonymous_visits * by_activity[visit])
        if g == 0:
            order.add_at_creation(points, by_offer[leads.offer] + scoring.intent_weight * leads.intent)
        if points.any():
            intent += np.minimum(decayed(points), cap)
    return order.in_order(intent if scoring.intent_cap is None else np.minimum(intent, scoring.intent_cap))


def _halved(order: _SideBySide, half_life_ms: int) -> Callable[[Float64], Float64]:
    """Return what sums points under halving every `half_life_ms`: block after block, all leads of one at once."""
    keeps = np.exp2(-order.since_last / half_life_ms)

    def summed(points: Float64) -> Float64:
        total = points.copy()
        for last, begin, end in zip(order.blocks, order.blocks[1:], order.blocks[2:], strict=False):
            total[begin:end] += total[last : last + end - begin] * keeps[begin:end]
        return total

    return summed


def _since(oldest: Int64) -> Callable[[Float64], Float64]:
    """Return what sums points, undiminished, from the `oldest` event that still counts (E,) to each event."""

    def summed(points: Float64) -> Float64:
        # The sum of whole millionths over all leads is exact, so its differences do not know of other leads.
        total = np.concatenate(([0], np.cumsum(np.rint(points * _MICRO).astype(np.int64))))
        return (total[1:] - total[oldest]) / _MICRO

    return summed


def _oldest_within(events: _Events, window_ms: int) -> Int64:
    """Return the index of the lead's oldest event that is at most `window_ms` before each event: (E,)."""
    low = events.of_lead(events.creation)
    high = np.arange(events.time.size)
    since = events.time - window_ms
    while np.any(low < high):
        middle = (low + high) // 2
        inside = events.time[middle] >= since
        low, high = np.where(inside, low, middle + 1), np.where(inside, middle, high)
    return low


def _rule(
    leads: Leads, events: _Events, policy: Policy, market: Market, fit: Int32, intent: Int32, total: Int32
) -> tuple[Bool, int]:
    """Return whether the rule holds just after each event, and the threshold that tiers count from, hundredths."""
    scoring = policy.scoring
    cutoff, fit_cutoff, intent_cutoff = map(_cutoff, (scoring.cutoff, scoring.fit_cutoff, scoring.intent_cutoff))
    if scoring.rule == "and":
        return (fit >= fit_cutoff) & (intent >= intent_cutoff), fit_cutoff + intent_cutoff
    if scoring.rule == "or":
        return (fit >= fit_cutoff) | (intent >= intent_cutoff), min(fit_cutoff, intent_cutoff)
    if scoring.rule == "sum":
        return total >= cutoff, cutoff
    triggers = np.array([name in scoring.trigger_activities for name in market.activities()])
    holds = triggers[events.activity]
    offers = np.array([name in scoring.trigger_offers for name in market.offers])
    holds[events.creation] |= offers[leads.offer]
    return holds, cutoff
