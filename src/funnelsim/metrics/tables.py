"""Tables as plain columns."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from funnelsim.records import Bool, Float64, Int64

Table: TypeAlias = dict[str, tuple[str, ...] | Float64 | Int64 | Bool]
"""Columns of equal length by name; the first says what each row is about."""


def shares(part: NDArray[Any], whole: NDArray[Any]) -> Float64:
    """Return part / whole row by row, nan where `whole` is 0.

    >>> shares(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    result: Float64 = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)
    return result
