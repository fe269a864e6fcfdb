"""The policy in force by simulated moments: a planted way of working comes closest, and near-ties are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration import scenes_backtest
from calibration import scenes_fit as scenes
from calibration.scenes_fit import DAY, HOUR
from funnelsim.calibration.fit import fit_blocks
from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_moments import distances, moments
from funnelsim.calibration.fit_policy import fit_policy, played_as
from funnelsim.calibration.fit_read_off import call_bounds, read_off, unnoticed_share
from funnelsim.calibration.fit_scenario import tables_of
from funnelsim.calibration.simulated import history_of
from funnelsim.config.load import scenario_from
from funnelsim.lab.play import draw, play

PLANTED = Practised(
    call_minutes=25.0, talk_minutes=20.0, order="lifo", first_before_later=False, routing="round_robin", attempts=5,
    gap_hours=12.0, window_days=20.0, latency_minutes=5.0,
)  # fmt: skip


def apart(scenario, history, replication, seen):
    return sum(distances(moments(played_as(scenario, history, replication)), seen).values())


@pytest.fixture(scope="module")
def planted():
    """Return (history made under PLANTED, what makes a scenario of a way of working)."""
    base = scenes_backtest.scenario()
    run = base.run.model_copy(update={"warmup_days": 0, "horizon_days": 84, "followup_days": 30})
    before = scenes_backtest.history_of_replication(0, base.model_copy(update={"run": run}))
    found = fit_blocks(before)

    def scenario_of(way):
        return scenario_from(tables_of(before, found, way, causal_share=1.0), where="planted", name="planted")

    made = scenario_of(PLANTED)
    return history_of(play(made, draw(made, 0)), followup=False), scenario_of


def test_a_history_is_at_no_distance_from_itself(planted):
    seen = moments(planted[0])

    assert sum(distances(seen, seen).values()) == 0.0


def test_distances_count_tolerances():
    seen = {"response p50": 100.0, "reached by attempt 1": 0.5, "called share": 0.9}
    other = {"response p50": 100.0 * np.exp(0.4), "reached by attempt 1": 0.46, "called share": 0.9}

    expected = {"response p50": 16.0, "reached by attempt 1": 4.0, "called share": 0.0}
    assert distances(other, seen) == pytest.approx(expected)


def test_moments_by_hand():
    """Answered after 1 h and 3 h; one reached at the second attempt, one given up after one, one never called."""
    calls = scenes.touches([0, 0, 1], [HOUR, 5 * HOUR, 3 * HOUR], [False, True, False])
    found = moments(scenes.history(scenes.leads([0, 0, 0]), calls, days=7))

    assert found["response p50"] == 120.0
    assert found["answered within 60 min"] == 0.5
    assert found["called share"] == pytest.approx(2 / 3)
    assert (found["reached by attempt 1"], found["reached by attempt 2"]) == (0.0, 0.5)
    assert found["given_up after 1 or fewer"] == 1.0
    assert found["attempts per called lead"] == 1.5


@pytest.mark.slow
def test_the_way_that_made_a_history_comes_closer_than_others(planted):
    history, scenario_of = planted
    seen = moments(history)
    others = [
        replace(PLANTED, order="fifo"),
        replace(PLANTED, attempts=2),
        replace(PLANTED, call_minutes=8.0),
        replace(PLANTED, routing="pool"),
        replace(PLANTED, gap_hours=60.0),
    ]

    def mean(way):
        return np.mean([apart(scenario_of(way), history, r, seen) for r in (1, 2, 3)])

    assert all(mean(PLANTED) < mean(other) for other in others)


@pytest.mark.slow
def test_the_search_comes_nearly_as_close_and_tells_ties(planted):
    history, scenario_of = planted
    told = []
    found = fit_policy(
        history, scenario_of, trials=40, finalists=3, replications=3, cloud=8, progress=lambda a, b: told.append((a, b))
    )
    truth = np.mean(
        [apart(scenario_of(PLANTED), history, r, found.seen) for r in (1, 2, 3)]
    )

    start = np.mean(
        [apart(scenario_of(read_off(history)), history, r, found.seen) for r in (1, 2, 3)]
    )
    assert found.ranking[0].distance < 0.5 * start or found.ranking[0].distance < 3 * truth
    assert [way.distance for way in found.ranking] == sorted(way.distance for way in found.ranking)
    assert found.near[0] is found.ranking[0]
    whole = 57 + (3 if read_off(history).unnoticed_share > 0.0 else 0)  # the closest is played without overlooked leads
    assert told[-1] == (whole, whole)
    assert all(way.order == found.best.order and way.attempts == found.best.attempts for way in found.cloud)
    again = fit_policy(history, scenario_of, trials=40, finalists=3, replications=3, cloud=8)
    assert (again.best, again.cloud) == (found.best, found.cloud)


def test_without_touches_the_policy_is_read_off(planted):
    bare = scenes.history(scenes.leads([0, 0]), days=7)
    found = fit_policy(bare, planted[1], trials=10)

    assert found.best == Practised()
    assert found.words() == ["policy: read off the cadence, not estimated"]


def test_calls_are_no_longer_than_the_pace_of_who_dials_one_number_after_the_other():
    """300 attempts in vain, 4 minutes apart: at least 2 minutes, at most 5.6 on average."""
    n = 300
    at = [10 * HOUR + 4 * 60_000 * (k % 60) + 24 * HOUR * (k // 60) for k in range(n)]
    calls = scenes.touches(list(range(n)), at, [False] * n)
    history = scenes.history(scenes.leads([0] * n), calls, days=7)

    assert call_bounds(history) == pytest.approx((2.0, 5.6))
    few = scenes.history(scenes.leads([0, 0]), scenes.touches([0, 1], at[:2], [False, False]), days=7)
    assert call_bounds(few) == (1.5, 35.0)


def test_a_history_too_large_to_be_played_says_so(monkeypatch, planted):
    monkeypatch.setattr("funnelsim.calibration.fit_policy.MOST_LEADS", 100)
    history, scenario_of = planted

    found = fit_policy(history, scenario_of, trials=10)

    [said] = found.words()
    assert found.ranking == ()
    assert f"{history.leads.n:,} leads are too many" in said
    assert "not scaled to the wins" in said


def test_who_was_not_called_in_two_weeks_was_not_noticed():
    """Of 300 leads of the first three days 30 were never called; those of the last day may still be."""
    created = np.repeat([0, 1, 2, 29], 100) * DAY
    called = np.setdiff1d(np.arange(300), np.arange(0, 300, 10))
    calls = scenes.touches(called, created[called] + HOUR, np.zeros(called.size))
    late = scenes.touches([299], [29 * DAY + 2 * HOUR], [False])
    both = replace(
        calls,
        **{name: np.append(getattr(calls, name), getattr(late, name)) for name in
           ("lead", "at", "number", "calls", "duration_ms", "connected", "rep", "kind")},
    )  # fmt: skip
    history = scenes.history(scenes.leads(created), both, days=30)

    assert unnoticed_share(history) == pytest.approx(0.1)
    assert unnoticed_share(history, leads=np.arange(400) < 100) == 0.0  # too few to tell
