"""What the fortnights of a history say of the months ahead."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from calibration import scenes_fit as scenes
from funnelsim.calibration.fit_drift import LUCKS, MOVED, REACH, STEP, Drift, _steps, drifted, periods_of
from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_moments import TOLERANCE
from funnelsim.calibration.fit_parameter import block
from funnelsim.calibration.local_level import local_level
from funnelsim.records import Float64

FORTNIGHTS = tuple(dt.date(2023, 1, 1) + dt.timedelta(days=14 * k) for k in range(6))


def a_drift(values: Float64, errors: Float64, name: str = REACH) -> Drift:
    return Drift(name, FORTNIGHTS, values, errors, local_level(values, errors))


def test_what_is_foretold_starts_from_where_the_history_ends():
    """A level that rose by .2 a fortnight, seen exactly, is foretold at its last value: no trend goes on by itself."""
    found = a_drift(np.arange(6) * 0.2, np.full(6, 1e-4))
    (near, one), (far, two) = found.ahead(0.25), found.ahead(1.0)

    assert near == far
    assert 0.8 < near <= 1.0
    assert two > one > 0.0


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


def test_what_is_drawn_ahead_has_the_level_and_the_spread():
    found = block([(REACH, -0.2, "identity", "log-odds", "", 100, "")], np.array([[0.01]]))
    reach = a_drift(np.array([0.3, -0.1, 0.2, -0.3, 0.1, 0.2]), np.full(6, 0.1))
    given_up = a_drift(np.array([3.0, -3.0, 3.0, -3.0, 3.0, 0.0]), np.full(6, 0.01), "given_up_share")
    way = Practised(given_up_share=0.3)
    level, spread = reach.ahead(1.0)

    assert drifted(found, way, (reach, given_up), 0.0, np.random.default_rng(1)) == (found, way)
    mean, same = drifted(found, way, (reach, given_up), 1.0)
    assert mean.value(REACH) == pytest.approx(-0.2 + level)
    assert same.given_up_share == pytest.approx(0.3 * np.exp(given_up.ahead(1.0)[0]))
    rng = np.random.default_rng(2)
    draws = [drifted(found, way, (reach, given_up), 1.0, rng) for _ in range(2000)]
    levels = np.array([one.value(REACH) for one, _ in draws])
    assert abs(levels.mean() + 0.2 - level) < 4.5 * spread / np.sqrt(2000)
    assert abs(levels.std() / spread - 1.0) < 0.12
    assert max(desk.given_up_share for _, desk in draws) == 0.9


def test_fortnights_are_counted_back_from_the_last_day_while_there_are_leads_enough():
    """Fifty days: from day 36 on 150 leads, from 22 on 120, from 8 on 90, which are too few."""
    days = [10] * 90 + [30] * 120 + [45] * 150
    history = scenes.history(scenes.leads([day * scenes.DAY for day in days]), None, days=50)

    assert [((first - history.first_day).days, int(mine.sum())) for first, mine in periods_of(history)] == [
        (22, 120),
        (36, 150),
    ]
