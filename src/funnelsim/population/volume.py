"""The same people in another volume: those who came anyway keep their moment and their luck, others come or stay away.

A Poisson process of a higher rate is the old one and an independent one of the excess; one of a lower rate is the old
one with each person kept by the ratio of the rates. So two volumes differ in the people that only one of them has, and
in nobody else, where a draw at another rate would move everybody to another moment.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.market import Channel, Market
from funnelsim.config.run import Run
from funnelsim.config.team import Economics
from funnelsim.population.demand import Curve, visitor_curve
from funnelsim.population.draw import draw_leads
from funnelsim.population.given import GivenArrivals
from funnelsim.population.streams import channel_keys, generator
from funnelsim.records import NO, Bool, Float64, Int64, Leads

MORE = " (more)"
"""Ends the name of the channel of those who come in addition."""
DEMAND = ("visitors_per_day", "visit_to_lead", "shape", "bursts")
"""What of a channel says how many come and when."""
THINNED = 1
"""The k of the stream "arrival" that says who stays away; 0 says when they come."""
_RUNS = {"event_start": ("event_time", "event_activity"), "nurture_start": ("nurture_send", "nurture_time")}


def same_demand(a: Market, b: Market) -> bool:
    """Return whether as many come at the same times in both markets, through channels of the same names."""
    if list(a.channels) != list(b.channels) or a.shape != b.shape:
        return False
    pairs = zip(a.channels.values(), b.channels.values(), strict=True)
    return all(getattr(x, name) == getattr(y, name) for x, y in pairs for name in DEMAND)


def draw_in_volume(
    market: Market, wanted: Market, economics: Economics, run: Run, replication: int
) -> tuple[Leads, Market]:
    """Return the leads of `wanted`, those of `market` among them as far as it has room for them, and their market.

    Whoever comes in both has the same moment, the same number in its channel and the same luck. Who comes in addition
    has a channel of its own, named with `MORE`; whoever stays away does so with all its duplicates. Everything but the
    demand (`DEMAND`, and which channels there are) is as in `wanted`. In law these are the leads of `wanted`, but for
    who belongs together: duplicates repeat, and colleagues join, somebody of their own channel, and of those who stay
    away each does so without its colleagues. Where the demand is the same, they are those of `draw_leads` to the bit.

    Args:
        market: The market as it is.
        wanted: The market wanted.
        economics: Only `lifetime_months` is read.
        run: Dates, seed, and how many touches and meetings luck is drawn for.
        replication: Number of the replication, >= 0.

    Raises:
        InputError: where the names of two channels have the same hash.
    """
    if same_demand(market, wanted):
        return draw_leads(wanted, economics, run, replication), wanted
    clock = Clock.of(run)
    channels: dict[str, Channel] = {}
    curves: dict[str, Curve] = {}
    stays: dict[str, Float64] = {}
    more: dict[str, Curve] = {}
    for name, channel in wanted.channels.items():
        after = _leads_curve(channel, wanted, clock)
        if name not in market.channels:
            channels[name], curves[name] = channel, after
            continue
        now = market.channels[name]
        before = _leads_curve(now, market, clock)
        a, b = np.diff(before.cumulated), np.diff(after.cumulated)
        curves[name], channels[name] = before, channel
        if (b < a).any():
            stays[name] = np.divide(np.minimum(a, b), a, out=np.ones_like(a), where=a > 0)
        if (b > a).any():
            more[name] = Curve(before.breaks, np.concatenate(([0.0], np.cumsum(np.maximum(b - a, 0.0)))))
            channels[name] = channel.model_copy(update={part: getattr(now, part) for part in DEMAND})
    for name, curve in more.items():
        twin = wanted.channels[name]
        per_day = float(curve.cumulated[-1]) / run.days / max(twin.visit_to_lead, 1e-12)
        channels[name + MORE] = twin.model_copy(update={"visitors_per_day": per_day, "spend_per_month": 0.0})
        curves[name + MORE] = curve
    widened = wanted.model_copy(update={"channels": channels})
    leads = draw_leads(
        widened, economics, run, replication, arrivals=_arrivals(widened, curves, run, replication, until=clock.end)
    )
    if not stays:
        return leads, widened
    return kept(leads, _comes(leads, widened, stays, curves, run, replication)), widened


def _leads_curve(channel: Channel, market: Market, clock: Clock) -> Curve:
    return visitor_curve(channel, market, clock).times(channel.visit_to_lead)


def _arrivals(market: Market, curves: dict[str, Curve], run: Run, replication: int, *, until: int) -> GivenArrivals:
    keys = channel_keys(market.channels)
    created = [
        curves[name].instants(generator(seed=run.seed, replication=replication, channel=key, stream="arrival"))
        for name, key in zip(market.channels, keys, strict=True)
    ]
    counts = [row.size for row in created]
    n = sum(counts)
    return GivenArrivals(
        created=np.concatenate(created),
        channel=np.repeat(np.arange(len(counts), dtype=np.int16), counts),
        offer=np.full(n, NO, dtype=np.int16),
        firmographics=np.full((len(market.firmographics), n), NO, dtype=np.int16),
        until=until,
    )


def _comes(
    leads: Leads, market: Market, stays: dict[str, Float64], curves: dict[str, Curve], run: Run, replication: int
) -> Bool:
    """Return which leads come: (n,); a duplicate where the one it repeats does."""
    comes = np.ones(leads.n, dtype=np.bool_)
    keys = channel_keys(market.channels)
    for c, (name, key) in enumerate(zip(market.channels, keys, strict=True)):
        mine = np.flatnonzero(leads.channel == c)
        if name not in stays or not mine.size:
            continue
        rng = generator(seed=run.seed, replication=replication, channel=key, stream="arrival", k=THINNED)
        uniform = rng.random(int(leads.number[mine].max()) + 1)[leads.number[mine]]
        piece = np.searchsorted(curves[name].breaks, leads.created[mine], side="right") - 1
        comes[mine] = uniform < stays[name][piece]
    person = np.where(leads.duplicate_of == NO, np.arange(leads.n), leads.duplicate_of)
    return np.asarray(comes[person], dtype=np.bool_)


def kept(leads: Leads, who: Bool) -> Leads:
    """Return the leads of `who`, (n,), with all their luck; a duplicate must not be kept without whom it repeats.

    Raises:
        ValueError: where one is.
    """
    originals = leads.duplicate_of[who]
    if not who[originals[originals != NO]].all():
        raise ValueError("a duplicate cannot be kept without the lead that it repeats")
    place = np.cumsum(who) - 1
    changes: dict[str, Any] = {}
    for field in fields(Leads):
        value = getattr(leads, field.name)
        if isinstance(value, np.ndarray) and value.ndim and value.shape[-1] == leads.n:
            changes[field.name] = value[..., who]
    for start, columns in _RUNS.items():
        first: Int64 = getattr(leads, start)
        length = np.diff(first)
        changes[start] = np.concatenate(([0], np.cumsum(length[who])))
        inside = np.repeat(who, length)
        changes |= {column: getattr(leads, column)[inside] for column in columns}
    changes["duplicate_of"] = np.where(originals == NO, NO, place[originals]).astype(leads.duplicate_of.dtype)
    _, opener, account = np.unique(leads.account[who], return_index=True, return_inverse=True)
    changes["account"] = opener[account].astype(leads.account.dtype)
    for name, value in changes.items():
        changes[name] = np.ascontiguousarray(value)
        changes[name].setflags(write=False)
    return replace(leads, **changes)
