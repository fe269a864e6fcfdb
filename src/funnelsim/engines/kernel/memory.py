"""Memory that one replication hands on to the next.

The touch log of a replication is some fifty megabytes. New memory of that size comes from the operating system, which
fills it with zeros first: a tenth of the time of a run. So the memory of a log is kept when nobody looks at the log any
more, and lent to the next run in this process.
"""

from __future__ import annotations

from collections import deque
from math import prod
from typing import Any

import numpy as np

from funnelsim.records import Int64

KEPT = 3
"""Pieces kept for later; beyond that the oldest goes back to the operating system."""
_LEAST = 1 << 17  # numbers; smaller pieces are not worth keeping
_free: deque[Int64] = deque(maxlen=KEPT)


class _Loan:
    """What the arrays over a piece of memory hold on to: with the last of them the loan ends."""

    __slots__ = ("__array_interface__", "memory")

    def __init__(self, memory: Int64, shape: tuple[int, ...]) -> None:
        self.memory = memory
        self.__array_interface__: dict[str, Any] = {**memory.__array_interface__, "shape": shape}

    def __del__(self) -> None:
        _free.append(self.memory)


def lent(shape: tuple[int, ...]) -> Int64:
    """Return an array of this shape with nothing in particular in it; its memory may have been used before."""
    size = prod(shape)
    if size < _LEAST:
        return np.empty(shape, dtype=np.int64)
    memory = _kept(size)
    return np.asarray(_Loan(np.empty(size, dtype=np.int64) if memory is None else memory, shape))


def _kept(size: int) -> Int64 | None:
    """Return a kept piece of at least `size` numbers and not much more, None where there is none."""
    for _ in range(KEPT):
        try:
            memory = _free.popleft()  # one step, so that threads may do it side by side
        except IndexError:
            return None
        if size <= memory.size <= 4 * size:
            return memory
        _free.append(memory)
    return None
