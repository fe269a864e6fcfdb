"""MSER: finds a planted transient, by hand on few batches, and says when nothing settles."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.warmup import mser


def test_by_hand_on_four_batches():
    """Batches of 1: 9, 1, 1, 3. Cut 0: mean 3.5, squares 43, over 16; cut 1: 5/3, 8/3 over 9; cut 2: 2, 2 over 4."""
    found = mser([9.0, 1.0, 1.0, 3.0], batch=1)

    assert found.statistic == pytest.approx([43 / 16, (8 / 3) / 9, 2 / 4])
    assert (found.cut, found.settles) == (1, True)
    assert found.mean == pytest.approx(5 / 3)


def test_a_planted_transient_is_cut_and_steady_noise_is_not():
    """An exponential start of 10 standard deviations that fades with 20 observations: gone to a tenth by 92."""
    cuts, steady = [], []
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=1_000)
        cuts.append(mser(noise + 10 * np.exp(-np.arange(1_000) / 20)).cut)
        steady.append(mser(noise).cut)

    assert 40 <= np.median(cuts) <= 120
    assert np.median(steady) <= 50
    assert all(cut % 5 == 0 for cut in cuts)


def test_a_trend_never_settles():
    assert not mser(np.arange(100.0)).settles


def test_a_week_in_batches_of_weeks_is_no_trend():
    week = np.tile([5.0, 5, 5, 5, 5, 0, 0], 20)

    assert mser(week, batch=7).cut == 0
    assert mser(week, batch=7).statistic[0] == pytest.approx(0.0, abs=1e-30)
    assert mser(week, batch=5).statistic[0] > 0.01


def test_too_short_or_undefined_is_refused():
    with pytest.raises(ValueError, match="4 batches of 5"):
        mser(np.zeros(19))
    with pytest.raises(ValueError, match="finite"):
        mser([1.0, np.nan] * 20)
