"""Score weights: odds by hand, the area under the curve, and what is known too late."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration import scenes_fit as scenes
from funnelsim.calibration.fit_scores import auc, fit_scores


def company(n: int, p_large: float, p_small: float, seed: int = 1, **other):
    rng = np.random.default_rng(seed)
    size = (rng.random(n) < 0.5).astype(np.int16)
    won = rng.random(n) < np.where(size == 1, p_large, p_small)
    table = scenes.leads(np.sort(rng.integers(0, 28 * scenes.DAY, n)), attributes={"size": size}, won=won)
    return scenes.history(table, days=28, categories={"size": ("small", "large")}, **other)


def test_ten_points_double_the_odds():
    """Odds of 0.25 and 0.125: log2 of their ratio is 1, so ten points, less what the penalty takes of 20,000 leads."""
    found = fit_scores(company(20_000, 0.2, 1 / 9))
    apart = found.value("policy.scoring.firmographic_points.size.large") - found.value(
        "policy.scoring.firmographic_points.size.small"
    )

    assert apart == pytest.approx(10.0, abs=1.5)


def test_auc_is_that_of_two_classes():
    """Two equal classes: a won lead is above when it is of the better one and the other is not; ties count half."""
    p1, p2 = 0.4, 0.1
    wins, losses = np.array([p1, p2]), np.array([1 - p1, 1 - p2])
    w, v = wins / wins.sum(), losses / losses.sum()
    expected = w[0] * v[1] + 0.5 * (w[0] * v[0] + w[1] * v[1])
    found = fit_scores(company(12_000, p1, p2))

    for path in ("scores.auc", "scores.auc_later"):
        p = next(p for p in found.parameters if p.path == path)
        assert p.low < expected < p.high


def test_noise_has_an_auc_of_a_half_out_of_sample():
    found = fit_scores(company(4_000, 0.2, 0.2))
    p = next(p for p in found.parameters if p.path == "scores.auc")

    assert p.estimate == pytest.approx(0.5, abs=0.04)
    assert "hardly" in p.warning


def test_what_is_known_after_talking_is_no_predictor():
    found = fit_scores(company(2_000, 0.4, 0.1, known_late=("size",)))

    assert not found.parameters or not any(".size." in p.path for p in found.parameters)


def test_auc_counts_ties_as_half():
    assert auc(np.array([1.0, 2.0, 2.0]), np.array([False, True, False])) == 0.75
    assert math.isnan(auc(np.array([1.0]), np.array([True])))
