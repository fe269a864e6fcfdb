"""The luck of touches: who is reached how soon, how long it takes, who is annoyed, tired, called back or misjudged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from funnelsim.config.market import Length, Market
from funnelsim.population.demand import Arrivals
from funnelsim.population.journey import Journey
from funnelsim.population.people import per_channel
from funnelsim.population.shapes import draw_length, duration, exponential_until, length_ms, logit_until
from funnelsim.records import NEVER, NO, Bool, Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Touches:
    """(K, n) each; see `records.Leads`."""

    connect_until: Int64
    reply_until: Int64
    reply_lag: Int64
    call_ms: Int64
    email_ms: Int64
    talk_ms: Int64
    annoyed: Bool
    tired: Bool
    callback_at: Int64
    misjudged: Bool
    given_up: Bool


def draw_touches(arrivals: Arrivals, journey: Journey, market: Market, *, able: Bool, max_touches: int) -> Touches:
    """Return the luck of the first `max_touches` touches of each lead, one stream for each quantity and touch."""
    luck = arrivals.luck
    effort, temper = market.effort, market.temper
    misjudged = np.where(able & journey.ever_ready, temper.misjudged_later_share, temper.misjudged_share)

    def lengths(length: Length, stream: str) -> Int64:
        return rows(max_touches, luck.n, lambda k: duration(draw_length(luck, length, stream, k)))

    def happens(probability: float | Float64, stream: str) -> Bool:
        out = np.empty((max_touches, luck.n), dtype=np.bool_)
        for k in range(max_touches):
            out[k] = luck.uniform(stream, k) < probability
        return out

    connect, reply = _reach(arrivals, market, max_touches)
    nobody = np.zeros((max_touches, luck.n), dtype=np.bool_)
    return Touches(
        connect_until=connect,
        reply_until=reply,
        reply_lag=lengths(market.reach.email_lag, "reply_lag"),
        call_ms=lengths(effort.call, "call"),
        email_ms=lengths(effort.email, "email"),
        talk_ms=lengths(effort.talk, "talk"),
        annoyed=happens(temper.annoyed_share, "annoyed"),
        tired=happens(temper.tired_share, "tired"),
        callback_at=_callbacks(arrivals, journey, market, max_touches),
        misjudged=happens(misjudged, "misjudged"),
        given_up=happens(temper.given_up_share, "given_up") if temper.given_up_share > 0.0 else nobody,
    )


def rows(count: int, n: int, draw: Callable[[int], Int64]) -> Int64:
    """Return `draw(k)` for k = 0 .. count - 1 as rows: (count, n)."""
    out = np.empty((count, n), dtype=np.int64)
    for k in range(count):
        out[k] = draw(k)
    return out


def _reach(arrivals: Arrivals, market: Market, max_touches: int) -> tuple[Int64, Int64]:
    """Return connect_until and reply_until: (K, n). A lead that can never be reached answers neither."""
    luck, reach = arrivals.luck, market.reach
    shift = per_channel(arrivals, market, "reach_shift")
    reachable = luck.uniform("unreachable") >= reach.unreachable_share
    tau_ms = float(reach.tau.ms())
    if reach.form == "logit":
        eta = reach.mu + shift + reach.sigma * luck.normal("reachability")

        def connect(k: int) -> Int64:
            uniform = luck.uniform("connect", k)
            return logit_until(eta, beta=reach.beta, tau_ms=tau_ms, gamma=reach.gamma, uniform=uniform)
    else:
        # The shift is in log-odds; where there is none the probability stays exact.
        shifted = np.asarray(special.expit(special.logit(reach.p0) + shift), dtype=np.float64)
        at_once = np.where(shift == 0.0, reach.p0, shifted)

        def connect(k: int) -> Int64:
            return exponential_until(at_once, tau_ms, luck.uniform("connect", k))

    answers = np.full(luck.n, reach.email_p0)
    email_tau_ms = float(reach.email_tau.ms())
    connect_until = rows(max_touches, luck.n, lambda k: np.where(reachable, connect(k), NO))
    reply_until = rows(
        max_touches,
        luck.n,
        lambda k: np.where(reachable, exponential_until(answers, email_tau_ms, luck.uniform("reply", k)), NO),
    )
    return connect_until, reply_until


def _callbacks(arrivals: Arrivals, journey: Journey, market: Market, max_touches: int) -> Int64:
    """Return the dates that unready leads name: (K, n), NEVER where none.

    Those who become ready name a date some time after they do; the others one some time after their creation, or, where
    `callback_again` is given, each some time after the date of the touch before.
    """
    luck, temper = arrivals.luck, market.temper
    ever = journey.ever_ready
    base = np.where(ever, journey.ready_from, arrivals.created)
    after = np.zeros(luck.n, dtype=np.int64)  # from creation to the date of the touch before

    def named(k: int) -> Int64:
        names = luck.uniform("callback", k) < temper.callback_share
        uniform = luck.uniform("callback_date", k)
        at = np.full(luck.n, NEVER)
        soon, late = np.flatnonzero(names & ever), np.flatnonzero(names & ~ever)
        at[soon] = base[soon] + duration(length_ms(temper.callback_error, uniform[soon]))
        if temper.callback_again is None:
            at[late] = base[late] + duration(length_ms(temper.callback_never, uniform[late]))
        else:
            after[:] += duration(length_ms(temper.callback_again if k else temper.callback_never, uniform))
            at[late] = base[late] + after[late]
        return at

    return rows(max_touches, luck.n, named)
