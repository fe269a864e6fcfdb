"""Random scenarios with the kernel as plain Python that looks at every place it reads and writes.

    cd tests; python -m contract.checked [--first N] [--count N]

A group of arrays checks nothing when compiled. Here each place must be inside its array and not negative, no number may
be read that was never written, no integer may overflow, and arrays begin tiny, so that every one of them has to grow.
The answer is held against the reference engine's.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from typing import Any

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is imported

import numpy as np

from funnelsim.engines import compiled, reference
from funnelsim.engines.kernel import inputs, memory

from . import fuzz

UNWRITTEN = {np.dtype(np.int64): -8_446_744_073_709_553, np.dtype(np.int32): -1_234_567}
"""What stands where nothing was written yet; no number of a replication."""


class Checked:
    """An array as the kernel sees it, each place checked."""

    def __init__(self, array: Any, name: str) -> None:
        self.array, self.name = array, name
        self.unwritten = UNWRITTEN.get(array.dtype)

    def _check(self, place: int | tuple[int, int]) -> None:
        places = place if isinstance(place, tuple) else (place,)
        if len(places) != self.array.ndim or not all(0 <= p < n for p, n in zip(places, self.array.shape, strict=True)):
            raise IndexError(f"{self.name}[{place}] of {self.array.shape}")

    def __getitem__(self, place: int | tuple[int, int]) -> Any:
        self._check(place)
        value = self.array[place]
        if value == self.unwritten:
            raise LookupError(f"{self.name}[{place}] was never written")
        return value

    def __setitem__(self, place: int | tuple[int, int], value: int) -> None:
        self._check(place)
        self.array[place] = value


class _Poisoned:
    """NumPy, but for new arrays, which hold what nobody has written."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def empty(shape: Any, dtype: Any = np.float64) -> Any:
        return np.full(shape, UNWRITTEN[np.dtype(dtype)], dtype=dtype)

    @staticmethod
    def empty_like(array: Any) -> Any:
        return _Poisoned.empty(array.shape, array.dtype)


def _grouped(kind: Any, arrays: dict[str, Any], widths: dict[str, int] | None = None) -> Any:
    pieces = [np.ascontiguousarray(arrays[name]) for name in kind._fields]
    pieces = [array.view(np.uint8) if array.dtype == np.bool_ else array for array in pieces]
    return kind(*map(Checked, pieces, kind._fields))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    warnings.simplefilter("error", RuntimeWarning)
    for module in (compiled, memory):
        module.np = _Poisoned()
    compiled.grouped = inputs.grouped = _grouped
    memory._LEAST = sys.maxsize  # nothing is lent: it would have been written before
    compiled._SMALL, compiled._ROWS_PER_LEAD = 1, 0
    for number in range(options.first, options.first + options.count):
        given = fuzz.arguments(number)
        if found := fuzz.differences(reference.run(*given), compiled.run(*given)):
            print(f"scenario {number}: {found}")
            return 1
    print(f"{options.count} scenarios from {options.first} on, every place inside its array, 0 differ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
