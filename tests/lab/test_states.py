"""States of the world: drawn evenly, enumerated exactly, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from funnelsim.config.draws import draws_text
from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import in_state
from funnelsim.config.values import plain_tables
from funnelsim.errors import InputError
from funnelsim.lab.states import sobol, states_of, stresses_of
from lab.small import small

DEMAND = "market.channels.*.visitors_per_day"


def uncertain(**section: Any) -> Scenario:
    return scenario_from({**plain_tables(small()), "uncertain": section}, where="a.toml")


RANGES = {DEMAND: {"factor": [0.7, 1.3], "name": "demand"}, "market.reach.mu": {"low": -1.0, "high": 0.0}}
EVENTS = {
    "gone": {"probability": 0.25, "away": [{"role": "sales", "starts": "2025-10-01"}]},
    "rival": {"probability": 0.1, "values": {"market.deal.win_at_once": 0.3}},
}


def test_each_number_fills_its_range_evenly_and_events_happen_as_often_as_they_are_likely():
    found = states_of(uncertain(ranges=RANGES, events=EVENTS, states=64))

    assert len(found) == 64
    assert sum(s.weight for s in found) == pytest.approx(1.0)
    for path in RANGES:
        levels = [s.levels[path] for s in found]
        # One point in each 64th of the range: what makes the sequence better than chance.
        assert sorted(int(level * 64) for level in levels) == list(range(64))
    assert sum("gone" in s.events for s in found) == 16  # exactly a quarter of 64 cells
    assert sum("rival" in s.events for s in found) in (6, 7)  # 6.4


def test_twice_as_many_states_begin_with_the_same_ones_and_a_seed_is_a_seed():
    few = states_of(uncertain(ranges=RANGES, states=8))
    more = states_of(uncertain(ranges=RANGES, states=16))

    assert [s.levels for s in more[:8]] == [s.levels for s in few]
    assert [s.levels for s in states_of(uncertain(ranges=RANGES, states=8, seed=0))] != [s.levels for s in few]
    assert states_of(uncertain(ranges=RANGES, states=8)) == few


def test_events_alone_are_enumerated_with_their_probabilities():
    found = {s.name: s.weight for s in states_of(uncertain(events=EVENTS))}

    expected = {"calm": 0.75 * 0.9, "rival": 0.75 * 0.1, "gone": 0.25 * 0.9, "gone and rival": 0.25 * 0.1}
    assert found == pytest.approx(expected)


def test_each_draw_of_a_calibration_is_met_about_equally_often(tmp_path):
    path = tmp_path / "posterior.csv"
    path.write_text("market.reach.mu\n" + "".join(f"{v}\n" for v in (-1.0, -2.0, -3.0, -4.0)), encoding="utf-8")
    found = states_of(uncertain(posterior=str(path), states=16))

    assert sorted(s.draw["market.reach.mu"] for s in found) == sorted([-1.0, -2.0, -3.0, -4.0] * 4)


def test_draws_that_calibrate_writes_are_met_whole(tmp_path):
    draws = [{"market.reach.mu": -0.5 * n, "market.effort.call.mean": f"{5 + n}min"} for n in range(3)]
    path = tmp_path / "posterior.csv"
    path.write_text(draws_text(draws), encoding="utf-8")
    scenario = uncertain(posterior=str(path), states=8, ranges=RANGES)

    worlds = [in_state(scenario, state).market for state in states_of(scenario)]

    # The range of reach.mu replaces the draw's; the length of a call is the draw's.
    assert {str(w.effort.call.mean) for w in worlds} == {"5min", "6min", "7min"}
    assert all(-1.0 <= w.reach.mu <= 0.0 for w in worlds)
    assert len({w.reach.mu for w in worlds}) == 8


def test_a_scenario_without_anything_uncertain_has_no_states():
    with pytest.raises(InputError, match="names nothing uncertain"):
        states_of(small())


def test_stresses_take_one_input_at_a_time_to_its_ends():
    found = stresses_of(uncertain(ranges=RANGES, events=EVENTS))

    assert [s.label for s in found] == ["demand x 0.7", "demand x 1.3", "reach.mu -1", "reach.mu 0", "gone", "rival"]
    assert [dict(s.state.levels) for s in found[:4]] == [
        {DEMAND: 0.0},
        {DEMAND: 1.0},
        {"market.reach.mu": 0.0},
        {"market.reach.mu": 1.0},
    ]
    assert [s.state.events for s in found[4:]] == [{"gone"}, {"rival"}]


def test_sobol_points_lie_in_the_cube():
    points = sobol(3, 32, seed=0)

    assert points.shape == (32, 3)
    assert ((points >= 0) & (points < 1)).all()
    assert np.unique(points[:, 0]).size == 32
