"""Visits, clicks and the like after creation: a Poisson process of each lead, denser as its decision nears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.config.durations import DAY_MS
from funnelsim.config.market import Engagement, Market
from funnelsim.population.demand import Arrivals
from funnelsim.population.journey import Journey
from funnelsim.population.shapes import category
from funnelsim.population.streams import unit_exponential
from funnelsim.records import NEVER, Bool, Float64, Int16, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """CSR over n leads of own events, the creation first; see `records.Leads`."""

    start: Int64  # (n + 1,)
    time: Int64  # (E,) ms
    activity: Int16  # (E,)


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """The piecewise constant event rate of each lead: P pieces, the last without end. n leads."""

    begins: Float64  # (P, n) ms, rising; the first is the creation
    per_ms: Float64  # (P, n)
    cumulated: Float64  # (P, n) expected events from creation to the beginning of each piece

    def after(self, leads: Int64, expected: Float64) -> Float64:
        """Return when each of `leads` (m,) has gathered so many `expected` events (m,), ms; inf where it never does."""
        piece = np.count_nonzero(self.cumulated[1:, leads] <= expected, axis=0)
        rate = self.per_ms[piece, leads]
        rest = np.full(expected.shape, np.inf)
        moves = rate > 0.0
        rest[moves] = (expected - self.cumulated[piece, leads])[moves] / rate[moves]
        moment: Float64 = self.begins[piece, leads] + rest
        return moment


def event_rates(created: Int64, journey: Journey, shopper: Bool, engagement: Engagement) -> Rates:
    """Return the rate of each lead: the largest of those that apply (idle, shopper, before ready, ready)."""
    never = float(NEVER)
    birth = created.astype(np.float64)
    ready_from = journey.ready_from.astype(np.float64)
    ready_until = np.where(journey.ever_ready, journey.ready_until.astype(np.float64), never)
    shops_until = np.where(shopper, birth + engagement.shopper_days * DAY_MS, birth)
    nears_from = np.where(journey.ever_ready, ready_from - engagement.before_ready_days * DAY_MS, never)
    begins = np.sort(np.maximum([birth, shops_until, nears_from, ready_from, ready_until], birth), axis=0)
    rate = np.full(begins.shape, engagement.idle_per_day)
    for applies, per_day in (
        (begins < shops_until, engagement.shopper_per_day),
        ((begins >= nears_from) & (begins < ready_from), engagement.before_ready_per_day),
        ((begins >= ready_from) & (begins < ready_until), engagement.ready_per_day),
    ):
        rate = np.where(applies, np.maximum(rate, per_day), rate)
    per_ms = rate / DAY_MS
    cumulated = np.zeros(begins.shape)
    np.cumsum(per_ms[:-1] * np.diff(begins, axis=0), axis=0, out=cumulated[1:])
    return Rates(begins, per_ms, cumulated)


def draw_events(arrivals: Arrivals, journey: Journey, market: Market, end: int) -> Events:
    """Return the events of all leads before `end` (ms).

    Gap j of every lead is stream j: a unit exponential through the inverse of the lead's own cumulated rate; j rises
    until all have passed `end`.
    """
    luck = arrivals.luck
    shopper = luck.uniform("shopper") < market.engagement.shopper_share
    rates = event_rates(arrivals.created, journey, shopper, market.engagement)
    codes = {name: code for code, name in enumerate(market.activities())}
    mixes = [
        (np.array([codes[name] for name in mix], dtype=np.int16), list(mix.values()))
        for mix in (market.engagement.mix_ready, market.engagement.mix_otherwise)
    ]
    count = np.ones(luck.n, dtype=np.int64)
    expected = np.zeros(luck.n)
    drawn: list[tuple[Int64, Int64, Int16]] = []  # (leads, times, activities) of gap 0, 1, 2, ...
    leads = np.arange(luck.n)
    while leads.size:
        j = len(drawn)
        expected[leads] += unit_exponential(luck.uniform_of(leads, "engagement_gap", j))
        moment = np.rint(rates.after(leads, expected[leads]))
        before_end = moment < end
        leads, time = leads[before_end], moment[before_end].astype(np.int64)
        ready = (journey.ready_from[leads] <= time) & (time <= journey.ready_until[leads])
        uniform = luck.uniform_of(leads, "engagement_mark", j)
        activity = np.empty(leads.size, dtype=np.int16)
        for mine, (code, shares) in zip((ready, ~ready), mixes, strict=True):
            activity[mine] = code[category(shares, uniform[mine])]
        drawn.append((leads, time, activity))
        count[leads] += 1
    return _gathered(arrivals.created, count, drawn, codes["created"])


def _gathered(created: Int64, count: Int64, drawn: list[tuple[Int64, Int64, Int16]], creation: int) -> Events:
    """Return events by lead: those of gap j stand j + 1 after the creation."""
    start = np.concatenate(([0], np.cumsum(count)))
    time = np.empty(int(start[-1]), dtype=np.int64)
    activity = np.empty(int(start[-1]), dtype=np.int16)
    time[start[:-1]] = created
    activity[start[:-1]] = creation
    for j, (leads, times, activities) in enumerate(drawn):
        time[start[leads] + 1 + j] = times
        activity[start[leads] + 1 + j] = activities
    return Events(start, time, activity)
