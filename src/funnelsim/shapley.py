"""Shares of a whole among parts that act together: the exact Shapley value over all coalitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from funnelsim.records import Float64

MOST_PARTS = 12
"""Parts of one whole; there are two to that power of coalitions."""


def coalition(members: Sequence[int]) -> int:
    """Return the number of the coalition of some parts: the sum of 2**part.

    >>> coalition([0, 2])
    5
    """
    return sum(1 << part for part in set(members))


def shapley_values(worth: ArrayLike) -> Float64:
    """Return what each part brings: its mean gain over every order in which the parts may join.

    Shapley (1953, Contributions to the Theory of Games II). The parts add up to the worth of all together less that of
    none; equal parts get equal shares, and a part that changes nothing gets nothing.

    Args:
        worth: (2**p, ...) the worth of each coalition, by its number (see `coalition`); further axes are kept, one
            game each.

    Returns:
        (p, ...).

    Raises:
        ValueError: where the first axis is no power of two from 2 to 2**`MOST_PARTS`.

    >>> shapley_values([0.0, 10.0, 20.0, 40.0]).tolist()  # alone 10 and 20, together 10 more than that
    [15.0, 25.0]
    """
    values = np.asarray(worth, dtype=np.float64)
    count = values.shape[0] if values.ndim else 0
    parts = count.bit_length() - 1
    if count != 1 << max(parts, 0) or not 1 <= parts <= MOST_PARTS:
        raise ValueError(f"worth must have an entry for each of 2, 4, ... {2**MOST_PARTS} coalitions, got {count}")
    found = np.zeros((parts, *values.shape[1:]))
    for without in range(count):
        size = without.bit_count()
        share = math.factorial(size) * math.factorial(parts - size - 1) / math.factorial(parts) if size < parts else 0.0
        for part in range(parts):
            if not without >> part & 1:
                found[part] += share * (values[without | 1 << part] - values[without])
    return found
