"""Fitted intervals hold the truth as often as they promise. All 500 fits: `make validate-fit`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "validation" / "fit_recovery.py"


@pytest.fixture(scope="module")
def recovery():
    spec = importlib.util.spec_from_file_location("fit_recovery", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_band_is_that_of_a_binomial_count(recovery):
    """One parameter, ten fits, half: P(K <= 1) = 11/1024 > 0.5 % >= 1/1024 = P(K = 0): the band is 1 to 9."""
    assert recovery.band(10, 1, level=0.5) == (0.1, 0.9)


@pytest.mark.slow
def test_ninety_percent_intervals_hold_the_truth_nine_times_in_ten(recovery):
    """25 fits: every coverage within the Bonferroni 99.9 % band, and all of them together near 0.9."""
    count = 25
    found = recovery.coverage(count, first=10_000)
    low, high = recovery.band(count, len(found), overall=0.999)
    outside = {path: row["coverage"] for path, row in found.items() if not low <= row["coverage"] <= high}
    mean = sum(row["coverage"] for row in found.values()) / len(found)

    assert len(found) == 59
    assert not outside
    assert mean == pytest.approx(0.9, abs=0.025)
