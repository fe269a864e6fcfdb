"""The touch log while it is being written: one flat row of integers after another."""

from __future__ import annotations

from struct import Struct

import numpy as np

from funnelsim.records import LOG_COLUMNS, Int64, TouchLog

_SORT = ("queued_at", "rep", "number", "episode", "lead", "kind", "end")  # last key first, as lexsort wants it


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
        sorted_columns = {}
        for name, column in columns.items():
            values = np.ascontiguousarray(column[order])
            values.flags.writeable = False
            sorted_columns[name] = values
        return TouchLog(**sorted_columns)


def _canonical(columns: dict[str, Int64]) -> Int64:
    """Return the order of the rows by (end, kind, lead, episode, number, rep, queued_at).

    Most rows differ in their end: only those that share it are compared further.
    """
    order = np.argsort(columns["end"], kind="stable")
    end = columns["end"][order]
    alike = end[1:] == end[:-1]
    tied = np.flatnonzero(np.concatenate((alike, [False])) | np.concatenate(([False], alike)))
    if tied.size:
        rows = order[tied]
        order[tied] = rows[np.lexsort([columns[name][rows] for name in _SORT])]
    return order
