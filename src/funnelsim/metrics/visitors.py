"""Visitors of the measured window: no policy changes them, so they are drawn once per replication."""

from __future__ import annotations

from functools import lru_cache

from funnelsim.config.market import Market
from funnelsim.config.run import Run
from funnelsim.config.scenario import Scenario
from funnelsim.population import draw_visitors


class _Same:
    """A market as the key of a cache: itself, not an equal one. Markets are frozen and large."""

    __slots__ = ("market",)

    def __init__(self, market: Market) -> None:
        self.market = market

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.market is self.market

    def __hash__(self) -> int:
        return id(self.market)


def visitors_by_channel(scenario: Scenario, replication: int) -> tuple[int, ...]:
    """Return the visitors of each channel in the measured window, in the order of `market.channels`."""
    return _visitors(_Same(scenario.market), scenario.run, replication)


@lru_cache(maxsize=512)
def _visitors(market: _Same, run: Run, replication: int) -> tuple[int, ...]:
    return tuple(draw_visitors(market.market, run, replication).values())
