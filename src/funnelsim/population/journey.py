"""What made them leads, and when they would buy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from funnelsim.config.market import Market, Offer
from funnelsim.population.demand import Arrivals
from funnelsim.population.people import per_channel
from funnelsim.population.shapes import category, draw_length, duration, length_ms, poisson
from funnelsim.population.streams import unit_exponential
from funnelsim.records import NEVER, NO, Bool, Float64, Int16, Int32, Int64

UNNOTICED_MS = 1000 * 366 * 86_400_000
"""How long a lead waits that nobody ever notices: a thousand years, longer than any run."""


@dataclass(frozen=True, slots=True, eq=False)
class Journey:
    """n leads; see `records.Leads`."""

    offer: Int16
    hand_raise: Bool
    ready_from: Int64
    ready_until: Int64
    anonymous_visits: Int32
    books_itself: Bool
    too_soon: Int64
    sync_latency: Int64

    @property
    def ever_ready(self) -> Bool:
        """Return which leads are ready at some time: (n,)."""
        return np.asarray(self.ready_until != NO)


def draw_journey(arrivals: Arrivals, market: Market) -> Journey:
    """Return each lead's offer and the window in which it would buy.

    A lead that is ready at arrival has its whole window before it; one that never is has `ready_from` NEVER and
    `ready_until` -1.
    """
    luck = arrivals.luck
    offer = _offer(arrivals, market)
    of_offer = _PerOffer(market, offer)
    at_arrival = of_offer.number(lambda o: o.ready_at_arrival) * per_channel(arrivals, market, "ready_multiplier")
    later = of_offer.number(lambda o: o.ready_later) * per_channel(arrivals, market, "ready_multiplier")
    # Multiplied shares that exceed one together are scaled back in proportion.
    excess = np.maximum(at_arrival + later, 1.0)
    uniform = luck.uniform("ready")
    ready_now = uniform < at_arrival / excess
    ready = uniform < (at_arrival + later) / excess
    lag = duration(of_offer.shaped(luck.uniform("ready_lag"), lambda o, u: length_ms(o.ready_lag, u)))
    window = duration(draw_length(luck, market.journey.window, "window"))
    ready_from = np.where(ready_now, arrivals.created, np.where(ready, arrivals.created + lag, NEVER))
    return Journey(
        offer=offer,
        hand_raise=of_offer.number(lambda o: float(o.hand_raise)) == 1.0,
        ready_from=ready_from,
        ready_until=np.where(ready, ready_from + np.where(ready, window, 0), NO),
        anonymous_visits=of_offer.shaped(
            luck.uniform("anonymous_visits"), lambda o, u: poisson(o.anonymous_visits_mean, u).astype(np.float64)
        ).astype(np.int32),
        books_itself=luck.uniform("books_itself") < of_offer.number(lambda o: o.self_books_share),
        too_soon=duration(
            of_offer.number(lambda o: float(o.too_soon_mean.ms())) * unit_exponential(luck.uniform("too_soon"))
        ),
        sync_latency=_sync_latency(arrivals, market),
    )


def _sync_latency(arrivals: Arrivals, market: Market) -> Int64:
    """Return how long after a qualifying event each lead is handed over, ms: (n,)."""
    latency = np.full(arrivals.luck.n, market.sync_latency.ms())
    if market.sync_delay is not None:
        latency += duration(draw_length(arrivals.luck, market.sync_delay, "sync_delay"))
    if market.unnoticed_share > 0.0:
        latency[arrivals.luck.uniform("unnoticed") < market.unnoticed_share] = UNNOTICED_MS
    return latency


def _offer(arrivals: Arrivals, market: Market) -> Int16:
    uniform = arrivals.luck.uniform("offer")
    offer = np.zeros(arrivals.luck.n, dtype=np.int16)
    for c, channel in enumerate(market.channels.values()):
        mine = arrivals.channel == c
        offer[mine] = category([channel.offers.get(name, 0.0) for name in market.offers], uniform[mine])
    return offer if arrivals.given is None else arrivals.known(offer, arrivals.given.offer)


class _PerOffer:
    """Looks up and shapes what differs between offers."""

    def __init__(self, market: Market, offer: Int16) -> None:
        self._offers = tuple(market.offers.values())
        self._offer = offer

    def number(self, field: Callable[[Offer], float]) -> Float64:
        """Return a number of each lead's offer: (n,)."""
        return np.array([field(offer) for offer in self._offers], dtype=np.float64)[self._offer]

    def shaped(self, uniform: Float64, shape: Callable[[Offer, Float64], Float64]) -> Float64:
        """Return each lead's uniform as its offer shapes it: (n,)."""
        out = np.zeros(uniform.size)
        for j, offer in enumerate(self._offers):
            mine = self._offer == j
            out[mine] = shape(offer, uniform[mine])
        return out
