"""What the months of a history say of those ahead."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from calibration import scenes_fit as scenes
from funnelsim.calibration.fit_drift import LUCKS, MOVED, REACH, STEP, _steps, drift, drifted, whole_months
from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_moments import TOLERANCE
from funnelsim.calibration.fit_parameter import block

MONTHS = [dt.date(2023, m, 1) for m in range(1, 7)]


def test_a_steady_trend_goes_on_by_half():
    found = drift(REACH, MONTHS, np.arange(6) * 0.2, np.full(6, 1e-3))

    # Of the line 0, .2, ... a level that stays misses by 1.5 steps each month, half of the trend by .75 of one.
    assert found.trend == pytest.approx(0.1)
    assert found.missed == pytest.approx(0.15, abs=1e-3)
    assert found.ahead(3.0) == pytest.approx((0.3, 0.15 * np.sqrt(2.0)), rel=1e-3)
    assert found.ahead(0.0) == (0.0, 0.0)


def test_months_that_differ_by_luck_alone_say_nothing_of_drift():
    rng = np.random.default_rng(3)
    missed = []
    trends = 0
    for _ in range(400):
        found = drift(REACH, MONTHS, 0.1 * rng.standard_normal(6), np.full(6, 0.1))
        missed.append(found.missed)
        trends += found.trend != 0.0
    # The mean squared miss of three months is luck's, .015, times chi-square of 3 over 3: 2.6 of it at 95 %, so .155.
    assert np.median(missed) < 0.04
    assert np.quantile(missed, 0.95) < 0.19
    assert trends < 60


def test_a_walk_is_missed_by_its_steps():
    rng = np.random.default_rng(5)
    walks = np.cumsum(rng.standard_normal((2000, 6)), axis=1)
    squares = [drift(REACH, MONTHS, walk, np.full(6, 1e-3)).missed ** 2 for walk in walks]
    # From the mean of two months to the next: half of one step and a whole one, 1.25; less where the trend was taken.
    assert 0.85 < np.mean(squares) < 1.3


def test_the_step_that_makes_what_was_seen_is_found():
    """Two numbers, of which the first moves the median, the second the share answered; both linear in tolerances."""

    def told(one: float, other: float) -> dict[str, float]:
        return {
            "response p50": 100.0 * np.exp(TOLERANCE["response"] * 3.0 * one),
            "answered within 60 min": 0.5 + TOLERANCE["answered"] * (2.0 * other - one),
        }

    base = [told(0.0, 0.0)] * LUCKS
    moved = [[told(STEP, 0.0)] * MOVED, [told(0.0, STEP)] * MOVED]

    step, luck = _steps(told(0.4, -0.7), base, moved)

    assert step == pytest.approx([0.4, -0.7])
    assert luck == pytest.approx(np.zeros((LUCKS, 2)))


def test_what_is_drawn_ahead_has_the_trend_and_the_spread():
    found = block([(REACH, -0.2, "identity", "log-odds", "", 100, "")], np.array([[0.01]]))
    reach = replace(drift(REACH, MONTHS, np.zeros(6), np.full(6, 0.1)), trend=0.1, missed=0.3)
    given_up = replace(reach, name="given_up_share", trend=0.0, missed=5.0)
    way = Practised(given_up_share=0.3)

    assert drifted(found, way, (reach, given_up), 0.0, np.random.default_rng(1)) == (found, way)
    mean, same = drifted(found, way, (reach, given_up), 1.5)
    assert (mean.value(REACH), same.given_up_share) == pytest.approx((-0.05, 0.3))
    rng = np.random.default_rng(2)
    draws = [drifted(found, way, (reach, given_up), 1.5, rng) for _ in range(2000)]
    levels = np.array([one.value(REACH) for one, _ in draws])
    assert abs(levels.mean() + 0.05) < 4.5 * 0.3 / np.sqrt(2000)
    assert abs(levels.std() / 0.3 - 1.0) < 0.08
    assert max(desk.given_up_share for _, desk in draws) == 0.9


def test_months_are_calendar_months_with_leads_enough():
    """From 1 January on: 250 leads in January, 250 in February, 10 in March, which lasts 10 days."""
    days = [5] * 250 + [40] * 250 + [65] * 10
    history = scenes.history(scenes.leads([day * scenes.DAY for day in days]), None, days=70)

    assert [(first, int(mine.sum())) for first, mine in whole_months(history)] == [
        (dt.date(2024, 1, 1), 250),
        (dt.date(2024, 2, 1), 250),
    ]
