"""Scoring: what a policy says of each lead just after each of its engagement events. No luck, no queueing.

Points are summed and decayed in one vectorised pass over the events of all leads and rounded to hundredths, half to
even; every cutoff is compared in hundredths. A lead's scores depend on its own events alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from funnelsim.config.market import Market
from funnelsim.config.policy import Policy, Scoring
from funnelsim.records import Bool, Float64, Int8, Int16, Int64, Leads, Scored, Tier

_MICRO = 1_000_000  # points that do not fade are summed exactly, in millionths
_MOST = 2**31 - 1
_VISIT = "visit"

AnyScalar = TypeVar("AnyScalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """The events that count under a policy, by lead, then time, the creation first."""

    start: Int64  # (n + 1,)
    lead: Int64  # (E,)
    time: Int64  # (E,) ms
    activity: Int16  # (E,)

    @property
    def creation(self) -> Int64:
        """Return the index of each lead's creation: (n,)."""
        return self.start[:-1]


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
    events = _events(leads, policy.marketing.nurture_every, market)
    fit = _fit_points(leads, scoring, market)[events.lead]
    intent = _intent_points(leads, events, scoring, market)
    fit_hundredths, intent_hundredths = _hundredths(fit), _hundredths(intent)
    total = _hundredths(fit + intent)
    holds, threshold = _rule(leads, events, policy, market, fit_hundredths, intent_hundredths, total)
    above = np.array([scoring.tier_a_above, scoring.tier_b_above])
    tier = _class_of(total, threshold + _hundredths(above))
    if scoring.fast_lane:
        fast = events.creation[leads.hand_raise]
        holds[fast] = True
        tier[fast] = Tier.A
    if policy.handed_over == "every_lead":
        holds[:] = True
    if policy.marketing.quality_floor is not None:
        holds &= fit_hundredths >= _hundredths(np.array(policy.marketing.quality_floor))
    if policy.handed_over == "booked":
        holds[:] = False
    letter = _class_of(fit_hundredths, _hundredths(np.array(scoring.grade_fit[::-1])))
    digit = _class_of(intent_hundredths, _hundredths(np.array(scoring.grade_intent[::-1])))
    return Scored(
        start=_read_only(events.start),
        time=_read_only(events.time),
        holds=_read_only(holds),
        tier=_read_only(tier),
        grade=_read_only((3 * letter + digit).astype(np.int8)),
        score=_read_only(total.astype(np.int32)),
    )


def _read_only(array: NDArray[AnyScalar]) -> NDArray[AnyScalar]:
    """Return a view of `array` that is closed to writing; the array itself stays as it was."""
    view = array.view()
    view.setflags(write=False)
    return view


def _hundredths(points: Float64) -> Int64:
    """Return whole hundredths of a point, rounded half to even, within 32 bits."""
    return np.clip(np.rint(100.0 * points), -_MOST, _MOST).astype(np.int64)


def _class_of(values: Int64, cutoffs: Int64) -> Int8:
    """Return 0 where a value reaches the first cutoff, 1 where only the second (not above the first), else 2."""
    return np.where(values >= cutoffs[0], 0, np.where(values >= cutoffs[1], 1, 2)).astype(np.int8)


def _events(leads: Leads, nurture_every: int, market: Market) -> _Events:
    """Return own events and counted nurture answers, merged; ties in the order own before answer, then by send."""
    codes = {name: code for code, name in enumerate(market.activities())}
    lead = np.repeat(np.arange(leads.n), np.diff(leads.event_start))
    if nurture_every == 0 or leads.nurture_send.size == 0:
        return _Events(leads.event_start, lead, leads.event_time, leads.event_activity)
    answered_by = np.repeat(np.arange(leads.n), np.diff(leads.nurture_start))
    unsubscribes = nurture_every < leads.unsubscribe_below[answered_by]
    gone = unsubscribes & (leads.nurture_send >= leads.unsubscribe_send[answered_by])
    counts = (leads.nurture_send % nurture_every == 0) & ~gone
    answers = answered_by[counts]
    lead = np.concatenate((lead, answers))
    time = np.concatenate((leads.event_time, leads.nurture_time[counts]))
    answer = np.full(answers.size, codes[market.nurture.activity], dtype=np.int16)
    activity = np.concatenate((leads.event_activity, answer))
    order = np.lexsort((time, lead))  # stable
    start = np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=leads.n))))
    return _Events(start, lead[order], time[order], activity[order])


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
    caps = [np.inf, *(cap.cap for cap in scoring.group_caps.values())]

    points = np.zeros((len(caps), events.time.size))
    points[group[events.activity], np.arange(events.time.size)] = by_activity[events.activity]
    visit = activities.index(_VISIT)
    points[group[visit], events.creation] += leads.anonymous_visits * by_activity[visit]
    points[0, events.creation] += by_offer[leads.offer] + scoring.intent_weight * leads.intent

    intent = np.zeros(events.time.size)
    for row, cap in zip(points, caps, strict=True):
        intent += np.minimum(_decayed_sum(row, events, scoring), cap)
    return intent if scoring.intent_cap is None else np.minimum(intent, scoring.intent_cap)


def _decayed_sum(points: Float64, events: _Events, scoring: Scoring) -> Float64:
    """Return the sum of a lead's points up to and with each event, as they have decayed by then: (E,)."""
    if not points.any():
        return points
    if scoring.decay == "half_life":
        return _halved_sum(points, events, max(scoring.half_life.ms(), 1))
    # The sum of whole millionths over all leads is exact, so its differences do not know of other leads.
    summed = np.concatenate(([0], np.cumsum(np.rint(points * _MICRO).astype(np.int64))))
    if scoring.decay == "window":
        oldest = _oldest_within(events, scoring.window.ms())
    else:
        oldest = events.creation[events.lead]
    return (summed[1:] - summed[oldest]) / _MICRO


def _halved_sum(points: Float64, events: _Events, half_life_ms: int) -> Float64:
    """Return the sum under halving every `half_life_ms`, event after event, all leads that have an r-th at once."""
    since_last = np.diff(events.time, prepend=0)
    since_last[events.creation] = 0
    keeps = np.exp2(-since_last / half_life_ms)
    counts = np.diff(events.start)
    most_first = np.argsort(-counts, kind="stable")
    starts, counts = events.creation[most_first], counts[most_first]
    summed = points.copy()
    for r in range(1, int(counts.max(initial=0))):
        have = int(np.searchsorted(-counts, -r, side="left"))  # leads with more than r events
        event = starts[:have] + r
        summed[event] += summed[event - 1] * keeps[event]
    return summed


def _oldest_within(events: _Events, window_ms: int) -> Int64:
    """Return the index of the lead's oldest event that is at most `window_ms` before each event: (E,)."""
    low = events.creation[events.lead]
    high = np.arange(events.time.size)
    since = events.time - window_ms
    while np.any(low < high):
        middle = (low + high) // 2
        inside = events.time[middle] >= since
        low, high = np.where(inside, low, middle + 1), np.where(inside, middle, high)
    return low


def _rule(
    leads: Leads, events: _Events, policy: Policy, market: Market, fit: Int64, intent: Int64, total: Int64
) -> tuple[Bool, int]:
    """Return whether the rule holds just after each event, and the threshold that tiers count from, hundredths."""
    scoring = policy.scoring
    cutoff, fit_cutoff, intent_cutoff = _hundredths(
        np.array([scoring.cutoff, scoring.fit_cutoff, scoring.intent_cutoff])
    ).tolist()
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
