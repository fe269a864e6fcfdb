"""Answers to nurture sends, at the finest pace; a policy uses every n-th."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.config.durations import DAY_MS
from funnelsim.config.market import Market
from funnelsim.population.demand import Arrivals
from funnelsim.population.journey import Journey
from funnelsim.population.shapes import duration, length_ms
from funnelsim.population.streams import Luck
from funnelsim.records import Float64, Int32, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """CSR over n leads of the sends that would be answered; see `records.Leads`."""

    start: Int64  # (n + 1,)
    send: Int32  # (S,) number of the send, from 1
    time: Int64  # (S,) ms of the answer
    unsubscribe_below: Int32  # (n,)
    unsubscribe_send: Int32  # (n,)


def draw_answers(arrivals: Arrivals, journey: Journey, market: Market, end: int) -> Answers:
    """Return which sends would be answered before `end` (ms), and who unsubscribes at what pace and when.

    Send s of a lead goes out at created + s x finest_pace whatever state the lead is in, and is answered with a
    probability that depends on its journey at that moment.
    """
    luck, created = arrivals.luck, arrivals.created
    nurture = market.nurture
    pace = nurture.finest_pace.ms()
    answered: list[tuple[Int64, Int32, Int64]] = []
    most = max(nurture.response_idle, nurture.response_before_ready, nurture.response_ready)
    leads = np.flatnonzero(created + pace < end)
    s = 1
    while most > 0.0 and leads.size:
        sent = created[leads] + s * pace
        uniform = luck.uniform_of(leads, "nurture", s)
        likely = np.flatnonzero(uniform < most)  # of the others none answers, wherever it is on its way
        answers = likely[uniform[likely] < _probability(journey, market, leads[likely], sent[likely])]
        who = leads[answers]
        lag = duration(length_ms(nurture.lag, luck.uniform_of(who, "nurture_lag", s)))
        time = sent[answers] + lag
        in_time = time < end
        answered.append((who[in_time], np.full(int(in_time.sum()), s, dtype=np.int32), time[in_time]))
        s += 1
        leads = leads[created[leads] + s * pace < end]
    below, at_send = _limits(luck, market)
    lead = np.concatenate([np.empty(0, dtype=np.int64), *(a[0] for a in answered)])
    send = np.concatenate([np.empty(0, dtype=np.int32), *(a[1] for a in answered)])
    time = np.concatenate([np.empty(0, dtype=np.int64), *(a[2] for a in answered)])
    order = np.argsort(lead, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=luck.n))))
    return Answers(start, send[order], time[order], below, at_send)


def _probability(journey: Journey, market: Market, leads: Int64, sent: Int64) -> Float64:
    """Return the probability that each lead answers what was sent to it at `sent`."""
    ready_from, ready_until = journey.ready_from[leads], journey.ready_until[leads]
    nears_from = ready_from.astype(np.float64) - market.engagement.before_ready_days * DAY_MS
    nurture = market.nurture
    ready = (ready_from <= sent) & (sent <= ready_until)
    near = (nears_from <= sent) & (sent < ready_from) & journey.ever_ready[leads]
    return np.where(ready, nurture.response_ready, np.where(near, nurture.response_before_ready, nurture.response_idle))


def _limits(luck: Luck, market: Market) -> tuple[Int32, Int32]:
    """Return unsubscribe_below (uniform on 2..max) and unsubscribe_send (geometric), 0 for those not sensitive."""
    nurture = market.nurture
    sensitive = luck.uniform("sensitive") < nurture.sensitive_share
    below = 2 + (luck.uniform("sensitive_limit") * (nurture.sensitive_every_max - 1)).astype(np.int64)
    if nurture.unsubscribe_send_mean > 1.0:
        # P(send > s) = (1 - 1 / mean)^s
        tail = np.log1p(-luck.uniform("unsubscribe_send")) / np.log1p(-1.0 / nurture.unsubscribe_send_mean)
        at_send = 1 + np.floor(np.minimum(tail, 1e9)).astype(np.int64)
    else:
        at_send = np.ones(luck.n, dtype=np.int64)
    return np.where(sensitive, below, 0).astype(np.int32), np.where(sensitive, at_send, 0).astype(np.int32)
