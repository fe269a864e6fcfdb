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
from funnelsim.lab.states import misweighted, sobol, states_of, stresses_of
from funnelsim.lab.weights import shares_of_states, weights_of_states
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
    assert sum("rival" in s.events for s in found) == 8  # two of sixteen parts, next to a tenth
    for name, event in EVENTS.items():
        assert sum(s.weight for s in found if name in s.events) == pytest.approx(event["probability"])


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


FLOOD = {"flood": {"probability": 0.02, "values": {"market.deal.win_at_once": 0.1}}}


@pytest.mark.parametrize("states", [2, 8, 16, 64])
def test_a_rare_event_happens_in_a_sixteenth_of_the_states_and_weighs_its_probability(states):
    """With equal weights it would be in none of 16 states, or count for 6 %."""
    found = states_of(uncertain(ranges=RANGES, events=FLOOD, states=states))

    there = [s.weight for s in found if s.events]
    assert len(there) == max(1, states // 16)
    assert sum(there) == pytest.approx(0.02, rel=1e-9)
    assert sum(s.weight for s in found) == pytest.approx(1.0, rel=1e-12)
    assert not misweighted(uncertain(ranges=RANGES, events=FLOOD, states=states))


def test_the_expectation_over_states_is_unbiased_and_a_rare_event_no_longer_a_lottery():
    """f = level of demand - 10 if the flood comes, and 10 times the level more: E f = 1/2 - .02 x 10 x (1 + 1/2).

    Over 400 scrambles of 16 states. With equal weights the spread is six times as wide (.44: the event is in one state
    of 16 or in none).
    """
    means, scenario = [], uncertain(ranges=RANGES, events=FLOOD, states=16)
    for seed in range(400):
        again = scenario.uncertain.model_copy(update={"seed": seed})
        found = states_of(scenario.model_copy(update={"uncertain": again}))
        means.append(sum(s.weight * (s.levels[DEMAND] - 10 * bool(s.events) * (1 + s.levels[DEMAND])) for s in found))

    assert np.mean(means) == pytest.approx(0.5 - 0.3, abs=4 * np.std(means) / 20)
    assert np.std(means) < 0.1


def test_weights_by_hand():
    """Two events of 1/4 and 1/10 in a 2 x 2 of states: independent, as drawn; and raked where they are not."""
    both = np.array([[True, True], [True, False], [False, True], [False, False]])
    assert weights_of_states(both, [0.25, 0.1]) == pytest.approx([0.025, 0.225, 0.075, 0.675])

    three = both[1:]
    found = weights_of_states(three, [0.25, 0.1])
    assert found == pytest.approx([0.25, 0.1, 0.65])
    assert shares_of_states([0.02, 0.5, 0.999], 4).tolist() == [0.25, 0.5, 0.75]


def test_events_that_always_fall_together_cannot_both_have_their_probability_and_that_is_told():
    together = np.array([[True, True], [False, False], [False, False], [False, False]])
    found = weights_of_states(together, [0.02, 0.1])
    assert found.sum() == pytest.approx(1.0)
    assert found[0] not in (pytest.approx(0.02), pytest.approx(0.1))

    events = {f"e{n}": {"probability": p, "values": {"market.deal.win_at_once": 0.1 + n / 10}} for n, p in
              enumerate((0.02, 0.05, 0.1))}  # fmt: skip
    told = []
    for seed in range(60):
        scenario = uncertain(ranges=RANGES, events=events, states=8, seed=seed)
        weights = {e: sum(s.weight for s in states_of(scenario) if e in s.events) for e in events}
        wrong = {e for e, w in weights.items() if abs(w - events[e]["probability"]) > 1e-6 * w}
        found_wrong = misweighted(scenario)
        assert {one.event for one in found_wrong} == wrong
        for one in found_wrong:
            assert one.enough is not None
            enough = scenario.uncertain.model_copy(update={"states": one.enough})
            assert not misweighted(scenario.model_copy(update={"uncertain": enough}))
            assert f"uncertain.states = {one.enough} would do" in one.in_words()
        told.append(bool(found_wrong))
    assert 0 < sum(told) < 60


def test_where_nothing_is_drawn_nothing_is_misweighted():
    assert misweighted(small()) == ()
    assert misweighted(uncertain(events=FLOOD)) == ()
