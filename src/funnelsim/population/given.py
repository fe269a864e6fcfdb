"""Leads whose arrival is known, as a history has them: luck is drawn for them as for any other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.records import Int16, Int64


@dataclass(frozen=True, slots=True, eq=False)
class GivenArrivals:
    """Who came when, and what is known of them; the market's own demand goes on after `until`. n leads, A attributes.

    Leads of one channel are numbered by (created, row), so a lead keeps its luck whatever the other channels hold.
    """

    created: Int64  # (n,) ms, 0 <= created < until
    channel: Int16  # (n,) index into market.channels
    offer: Int16  # (n,) index into market.offers, -1: drawn
    firmographics: Int16  # (A, n) category index, attributes in the order of market.firmographics, -1: drawn
    until: int  # ms from which leads come as the market says; at or after the end of the run: never

    def __post_init__(self) -> None:
        n = self.created.size
        shapes = (self.channel.shape, self.offer.shape, self.firmographics.shape[1:])
        if any(shape != (n,) for shape in shapes):
            raise ValueError(f"channel, offer and firmographics must have a place for each of the {n} leads")
        if n and not 0 <= int(self.created.min()) <= int(self.created.max()) < self.until:
            raise ValueError("leads must be created at or after 0 and before `until`")

    def rows_of(self, channel: int) -> Int64:
        """Return the rows of one channel, in order of (created, row): (m,)."""
        rows = np.flatnonzero(self.channel == channel)
        return rows[np.argsort(self.created[rows], kind="stable")]
