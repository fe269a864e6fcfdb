"""The luck of meetings and deals: who comes, how long it takes, who wins at what delay, and how long patience lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.config.market import Length, Market
from funnelsim.population.demand import Arrivals
from funnelsim.population.people import People, per_channel
from funnelsim.population.shapes import category, draw_length, duration, exponential_until, threshold
from funnelsim.population.touches import rows
from funnelsim.records import ALWAYS, Int16, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Deals:
    """(M, n) and (n,); see `records.Leads`."""

    show_until: Int64
    meeting_ms: Int64
    deal_work_ms: Int64
    buyer_pace: Int64
    meetings_needed: Int16
    close_ms: Int64
    win_until: Int64
    patience: Int64
    queue_patience: Int64
    prep_needed: Int64


def draw_deals(arrivals: Arrivals, people: People, market: Market, max_meetings: int) -> Deals:
    """Return the luck of the first `max_meetings` meetings of each lead and of its deal."""
    luck, deal, effort = arrivals.luck, market.deal, market.effort
    comes = np.full(luck.n, 1.0 - deal.no_show_share)
    show_tau_ms = None if deal.show_tau is None else float(deal.show_tau.ms())

    def lengths(length: Length, stream: str) -> Int64:
        return rows(max_meetings, luck.n, lambda m: duration(draw_length(luck, length, stream, m)))

    return Deals(
        show_until=rows(max_meetings, luck.n, lambda m: exponential_until(comes, show_tau_ms, luck.uniform("show", m))),
        meeting_ms=lengths(effort.meeting, "meeting"),
        deal_work_ms=lengths(effort.deal_work, "deal_work"),
        buyer_pace=lengths(deal.buyer_pace, "buyer_pace"),
        meetings_needed=category(deal.meetings, luck.uniform("meetings_needed")).astype(np.int16),
        close_ms=duration(draw_length(luck, deal.close, "close")),
        win_until=_win_until(arrivals, people, market),
        patience=_limit(arrivals, deal.patience, "patience"),
        queue_patience=_limit(arrivals, market.temper.queue_patience, "queue_patience"),
        prep_needed=(
            np.zeros(luck.n, dtype=np.int64)
            if effort.preparation_needed is None
            else duration(draw_length(luck, effort.preparation_needed, "prep_needed"))
        ),
    )


def _win_until(arrivals: Arrivals, people: People, market: Market) -> Int64:
    """Return the longest delay of the first contact with which each deal is still won, ms."""
    deal = market.deal
    rate = deal.win_at_once + deal.win_per_fit_point * people.fit + deal.win_per_intent_point * people.intent
    at_once = np.clip(np.clip(rate, 0.0, 1.0) * per_channel(arrivals, market, "win_multiplier"), 0.0, 1.0)
    tau_ms = None if deal.win_tau is None else float(deal.win_tau.ms())
    return exponential_until(at_once, tau_ms, arrivals.luck.uniform("win"))


def _limit(arrivals: Arrivals, length: Length | None, stream: str) -> Int64:
    """Return how much each lead bears, ms, floored; ALWAYS where the market sets no limit."""
    if length is None:
        return np.full(arrivals.luck.n, ALWAYS)
    return threshold(draw_length(arrivals.luck, length, stream))
