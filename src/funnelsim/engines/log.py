"""The touch log while it is being written: one flat row of integers after another."""

from __future__ import annotations

from array import array

import numpy as np

from funnelsim.records import LOG_COLUMNS, TouchLog

_SORT = ("queued_at", "rep", "number", "episode", "lead", "kind", "end")  # last key first, as lexsort wants it


class LogBook:
    """Collects rows and returns them as a `TouchLog`, sorted."""

    __slots__ = ("_rows", "add")

    def __init__(self) -> None:
        self._rows = array("q")
        # One call per row: a tuple of the columns of `TouchLog`, in their order.
        self.add = self._rows.extend

    def close(self) -> TouchLog:
        """Return all rows in their canonical order."""
        width = len(LOG_COLUMNS)
        table = np.frombuffer(self._rows, dtype=np.int64) if self._rows else np.zeros(0, dtype=np.int64)
        columns = dict(zip(LOG_COLUMNS, table.reshape(-1, width).T, strict=True))
        order = np.lexsort([columns[name] for name in _SORT])
        sorted_columns = {}
        for name, column in columns.items():
            values = np.ascontiguousarray(column[order])
            values.flags.writeable = False
            sorted_columns[name] = values
        return TouchLog(**sorted_columns)
