"""Drawn leads, kept within a bound of memory and drawn again beyond it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np

from funnelsim.records import Leads

SHARE_OF_MEMORY = 4
"""One part in so many of a machine's memory is for drawn leads, all workers together, unless told otherwise."""
IF_UNKNOWN_BYTES = 2**31
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says what a container may use."""
BYTES_PER_EVENT = 24
"""What scoring remembers of each engagement event (see `remembered`): its place and the time since the one before."""


class LeadsCache:
    """The leads of replications of one world: what `draw_leads` reads of it (market, economics, run) does not change.

    A replication is drawn when it is first asked for and kept for good, as long as all that are kept fit into
    `most_bytes`. Of those that do not fit only the last is there, so a replication that is used many times in a row is
    drawn once. A search goes through the same replications again and again: to throw out what was not used for longest,
    as other caches do, would then throw out just what comes next.
    """

    def __init__(self, draw_one: Callable[[int], Leads], *, most_bytes: int) -> None:
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


def default_bytes() -> int:
    """Return the memory for drawn leads, all workers together, where nobody says: a quarter of what there is.

    What there is: the memory of the machine, or the limit of the container that we run in; 2 GiB are taken where the
    system does not say. A lead takes about 2 kB.
    """
    found = []
    try:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):  # not on every system
        return IF_UNKNOWN_BYTES
    for limit in CGROUP_LIMITS:
        try:
            found.append(int(limit.read_text()))
        except (OSError, ValueError):  # no container, or one without limit ("max")
            continue
    return min(found) // SHARE_OF_MEMORY
