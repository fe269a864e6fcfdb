"""The leads of a history as arrivals of a scenario: who came when, through which channel, with which attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.calibration.fit_offers import KINDS, kinds
from funnelsim.calibration.history import History
from funnelsim.config.market import Market
from funnelsim.config.suggest import did_you_mean
from funnelsim.errors import Fault, InputError
from funnelsim.population import GivenArrivals
from funnelsim.records import NO, Int16


def given_arrivals(history: History, market: Market, *, offers: Mapping[str, str] | None = None) -> GivenArrivals:
    """Return the leads of a history as they came; after its last day the market's own demand goes on.

    Channels and categories go by name. An attribute or a category that the market does not know is drawn from the
    channel's mix, and so is what was known only after talking.

    Args:
        history: The leads.
        market: Of the scenario that they are to be played in.
        offers: See `offers_of`.

    Raises:
        InputError: with every channel of the history that the market lacks.
    """
    leads, until = history.leads, history.clock().measured_until
    channel = _by_name(leads.channel, history.channels, list(market.channels))
    lost = sorted(set(np.unique(leads.channel[channel == NO]).tolist()))
    if lost:
        raise InputError([_missing(history, market, c) for c in lost])
    firmographics = np.full((len(market.firmographics), leads.n), NO, dtype=np.int16)
    for row, (name, firmographic) in zip(firmographics, market.firmographics.items(), strict=True):
        if name in leads.attributes and name not in history.known_late:
            row[:] = _by_name(leads.attributes[name], history.categories[name], list(firmographic.mix))
    return GivenArrivals(
        created=leads.created,
        channel=channel,
        offer=offers_of(history, market, offers=offers),
        firmographics=firmographics,
        until=until,
    )


def offers_of(history: History, market: Market, *, offers: Mapping[str, str] | None = None) -> Int16:
    """Return the offer of each lead of the history, -1 where the market has none of that name: (n,).

    An attribute `offer` says it by name. Else it is the kind of record (`fit_offers.kinds`): `lead`, `invalid` (a wrong
    number that nobody called) or `not_called`.

    Args:
        history: The leads.
        market: Whose offers are meant.
        offers: Other names for the three kinds, such as {"lead": "application"}.
    """
    leads, names = history.leads, list(market.offers)
    if "offer" in leads.attributes:
        return _by_name(leads.attributes["offer"], history.categories["offer"], names)
    out = np.full(leads.n, NO, dtype=np.int16)
    for kind, mine in zip(KINDS, kinds(history), strict=True):
        name = (offers or {}).get(kind, kind)
        out[mine] = names.index(name) if name in names else NO
    return out


def _by_name(values: Int16, names: Sequence[str], known: Sequence[str]) -> Int16:
    """Return indices into `names` as indices into `known`, -1 where there is no such name."""
    index = np.array([*(known.index(name) if name in known else NO for name in names), NO], dtype=np.int16)
    return index[values]  # -1, unknown, is the last


def _missing(history: History, market: Market, channel: int) -> Fault:
    known = list(market.channels)
    if channel == NO:
        rule = f"{int((history.leads.channel == NO).sum())} leads of the history have no channel"
        return Fault("history", "channels", rule, None, "let the mapping name one for them")
    name = history.channels[channel]
    rule = f"the scenario lacks this channel (it has {', '.join(known)})"
    return Fault("history", f"channels.{name}", rule, None, did_you_mean(name, known))
