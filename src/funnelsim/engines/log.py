"""The touch log while it is being written: one flat row of integers after another."""

from __future__ import annotations

from struct import Struct

import numpy as np

from funnelsim.records import LOG_COLUMNS, Int64, TouchLog

_BLOCK = 4096  # rows turned into columns at a time, in the processor's cache

row = Struct(f"={len(LOG_COLUMNS)}q").pack
"""Packs the columns of `TouchLog`, in their order, into one row: several times faster than a list of integers."""


class LogBook:
    """Collects packed rows and returns them as a `TouchLog`, sorted."""

    __slots__ = ("_rows", "add")

    def __init__(self) -> None:
        self._rows = bytearray()
        self.add = self._rows.extend

    def close(self) -> TouchLog:
        """Return all rows in their canonical order."""
        width = len(LOG_COLUMNS)
        table = np.frombuffer(self._rows, dtype=np.int64).reshape(-1, width)
        columns = dict(zip(LOG_COLUMNS, table.T, strict=True))
        order = _canonical(columns)
        turned = np.empty((width, order.size), dtype=np.int64)
        for a in range(0, order.size, _BLOCK):
            turned[:, a : a + _BLOCK] = table[order[a : a + _BLOCK]].T
        turned.flags.writeable = False
        return TouchLog(**dict(zip(LOG_COLUMNS, turned, strict=True)))


def _canonical(columns: dict[str, Int64]) -> Int64:
    """Return the order of the rows by (end, kind, lead, episode, number, rep, queued_at).

    Only rows that share their end are compared further, and by the last two only where the others leave ties.
    """
    order = np.argsort(columns["end"], kind="stable")
    end = columns["end"][order]
    alike = end[1:] == end[:-1]
    if not alike.any():
        return order
    name = columns["kind"][order]  # of the task: fits into an integer as it fits into a key (`moments`)
    for column in ("lead", "episode", "number"):
        name = name * (int(columns[column].max()) + 1) + columns[column][order]
    # Most rows of one end were written in their order: only groups in which some were not are sorted.
    wrong = alike & (name[:-1] >= name[1:])
    group = np.concatenate(([0], np.cumsum(~alike)))
    tied = np.flatnonzero(np.isin(group, group[:-1][wrong]))
    if tied.size:
        rows, name = order[tied], name[tied]
        within = np.lexsort((name, end[tied]))
        still = (np.diff(name[within]) == 0) & (np.diff(end[tied][within]) == 0)
        if still.any():
            within = np.lexsort((columns["queued_at"][rows], columns["rep"][rows], name, end[tied]))
        order[tied] = rows[within]
    return order
