"""Drawn leads, kept within a bound of memory and drawn again beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from funnelsim.records import Leads

CACHE_BYTES = 2**31
"""Memory for drawn leads, all workers together, unless told otherwise: about 1.1 million leads."""

BYTES_PER_EVENT = 24
"""What scoring remembers of each engagement event (see `remembered`): its place and the time since the one before."""


class LeadsCache:
    """The leads of replications of one world: what `draw_leads` reads of it (market, economics, run) does not change.

    A replication is drawn when it is first asked for and kept for good, as long as all that are kept fit into
    `most_bytes`. Of those that do not fit only the last is there, so a replication that is used many times in a row is
    drawn once. A search goes through the same replications again and again: to throw out what was not used for longest,
    as other caches do, would then throw out just what comes next.
    """

    def __init__(self, draw_one: Callable[[int], Leads], *, most_bytes: int = CACHE_BYTES) -> None:
        self._draw = draw_one
        self._free = most_bytes
        self._kept: dict[int, Leads] = {}
        self._last: tuple[int, Leads] | None = None

    def __call__(self, replication: int) -> Leads:
        """Return the leads of one replication."""
        if replication in self._kept:
            return self._kept[replication]
        if self._last is not None and self._last[0] == replication:
            return self._last[1]
        self._last = None  # before the next one takes its memory
        leads = self._draw(replication)
        size = size_of(leads)
        if size <= self._free:
            self._free -= size
            self._kept[replication] = leads
        else:
            self._last = replication, leads
        return leads


def size_of(leads: Leads) -> int:
    """Return the bytes that `leads` take: their arrays, and what is remembered of them."""
    arrays = (getattr(leads, f.name) for f in fields(leads))
    return sum(a.nbytes for a in arrays if isinstance(a, np.ndarray)) + BYTES_PER_EVENT * leads.event_time.size
