"""The sort of the touch log is that of `numpy.lexsort`, whatever is out of place and by how much."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="the compiled engine needs the extra 'fast'")

ROOT = Path(__file__).parents[2]
PROGRAM = """
import numpy as np
from funnelsim.engines.kernel import order

rng = np.random.default_rng(1)
for order.NEIGHBOURS in (32, 2):
    for _ in range(500):
        n, kinds = int(rng.integers(0, 60)), int(rng.integers(1, 6))
        table = rng.integers(0, kinds, (8, n))  # kind, five that decide ties, end, the row
        table[0] = rng.integers(0, 10, n)
        table[7] = np.arange(n)
        table[6] = np.sort(rng.integers(0, 40, n)) + rng.integers(0, int(rng.integers(1, 30)), n)
        closed = n - int(rng.integers(0, max(1, n // 3) + 1))
        table[6, closed:] = 100 + rng.integers(0, 3, n - closed)  # what ends with the run
        work = np.zeros((3, n + 1), dtype=np.int64)
        by = (6, 0, 1, 2, 3, 4, 5)
        wanted = np.lexsort([table[j] for j in reversed(by)])
        in_order = table[:, wanted]

        this = order.nearly_in_order(table, n, by, work, closed, 8)
        assert np.array_equal(work[this, :n], wanted)
        order.put_in_order(table, n, 8, work, this)
        assert np.array_equal(table, in_order)
"""


def test_rows_are_sorted_as_numpy_sorts_them():
    """As plain Python, so that how far neighbours reach can be set."""
    sorted_ = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip

    assert sorted_.returncode == 0, sorted_.stderr
