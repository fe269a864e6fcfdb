"""A search over states of the world: an evaluation by hand, and a world whose best policy depends on the criterion."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest

from funnelsim.config.paths import get_value
from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State, in_state
from funnelsim.config.uncertain import Uncertain
from funnelsim.lab.play import measure
from funnelsim.lab.robust import play_in_states
from funnelsim.lab.states import states_of
from funnelsim.tuning.evaluate import evaluating
from funnelsim.tuning.evaluations import Job
from funnelsim.tuning.fingerprint import fingerprint
from funnelsim.tuning.goals import goals_of
from funnelsim.tuning.robust import InStates, confirm, in_states_of
from funnelsim.tuning.space import policy_of
from funnelsim.tuning.study import Plan, Tuned, tune
from tuning.planted_states import planted

THREE = tuple(State(name, weight=weight) for name, weight in (("a", 0.5), ("b", 0.25), ("c", 0.25)))


def test_an_evaluation_is_the_mean_over_the_states_or_that_of_the_worst_of_them_for_what_is_wanted():
    rows = [
        {"revenue": 8.0, "leads_wasted_share": 0.1, "mqls": 1.0},
        {"revenue": 4.0, "leads_wasted_share": 0.3, "mqls": 2.0},
        {"revenue": 0.0, "leads_wasted_share": 0.2, "mqls": 3.0},
    ]
    better = {"revenue": "up", "leads_wasted_share": "down"}

    mean = InStates(THREE, None, better).combine(rows)  # type: ignore[arg-type]
    worst = InStates(THREE, 0.5, better).combine(rows)  # type: ignore[arg-type]

    assert mean == pytest.approx({"revenue": 5.0, "leads_wasted_share": 0.175, "mqls": 1.75})
    assert worst == pytest.approx({"revenue": 2.0, "leads_wasted_share": 0.25, "mqls": 1.75})
    undefined = InStates(THREE, 0.5, better).combine([{**row, "revenue": math.inf} for row in rows])  # type: ignore[arg-type]
    assert math.isnan(undefined["revenue"])


SURE, BET, BOTH = (100.0, 0.0), (0.0, 100.0), (100.0, 100.0)


def chosen(policy: Policy) -> tuple[float, float]:
    return tuple(get_value(policy, f"scoring.offer_points.{name}") for name in ("sure", "bet"))  # type: ignore[return-value]


def with_points(scenario: Scenario, points: tuple[float, float]) -> Policy:
    scoring = scenario.policy.scoring.model_copy(
        update={"offer_points": dict(zip(("sure", "bet"), points, strict=True))}
    )
    return scenario.policy.model_copy(update={"scoring": scoring})


def test_the_planted_world_is_what_it_says():
    """Two reps of eight hours and an hour a lead: some 15 or 16 deals a day, whichever source they come from."""
    scenario = planted("expectation")
    calm, burst = in_state(scenario, State("calm")), in_state(scenario, State("burst", events=frozenset({"burst"})))

    by_points = {
        points: tuple(
            measure(world.with_policy(with_points(scenario, points)), 0)["revenue_calendar"] / 20
            for world in (calm, burst)
        )
        for points in (SURE, BET, BOTH)
    }

    assert by_points[SURE][0] == by_points[SURE][1]
    deals_a_day = by_points[SURE][0] / 1000
    assert 14 <= deals_a_day <= 16
    assert by_points[BET][0] == pytest.approx(2200 * deals_a_day, rel=0.02)
    assert by_points[BET][1] == pytest.approx(100 * deals_a_day, rel=0.02)
    for state in (0, 1):
        low, high = sorted((by_points[SURE][state], by_points[BET][state]))
        assert low < by_points[BOTH][state] < high


def found_by(criterion: str, folder: Any) -> Tuned:
    scenario = planted(criterion)
    return tune(Plan(scenario, goals_of(scenario), folder, "0"), partial(evaluating, scenario, jobs=1))


@pytest.mark.parametrize(("criterion", "best"), [("expectation", BET), ("cvar", SURE)])
def test_the_search_finds_the_best_policy_by_each_criterion(criterion, best, tmp_path):
    tuned = found_by(criterion, tmp_path)

    assert [chosen(policy_of(p.tried.candidate.document)) for p in tuned.report.policies] == [best]
    (effect,) = tuned.report.policies[0].effects
    deals = 15.5 * 20
    assert effect.estimate.mean == pytest.approx({"expectation": 1360, "cvar": 1000}[criterion] * deals, rel=0.05)


def test_the_kept_policies_are_confirmed_by_every_criterion_regret_among_them():
    scenario = planted("regret")
    policies = [with_points(scenario, points) for points in (BOTH, SURE, BET)]

    (found,) = confirm(scenario, policies)

    deals = 15.5 * 20
    assert [found.best(c) for c in ("expectation", "cvar", "regret")] == [2, 1, 0]
    regrets = [s.estimates["regret"].estimate / deals for s in found.standings]
    assert regrets == pytest.approx([600, 1200, 900], rel=0.1)
    assert found.replications == 4


def test_an_evaluation_is_made_of_the_plays_in_each_state_for_any_number_of_workers():
    scenario = planted("expectation")
    policy = with_points(scenario, BOTH)
    jobs = [Job("d", policy.model_dump_json(), r, ("revenue_calendar",)) for r in (0, 1)]
    expected = {}
    for r in (0, 1):
        states = (State("calm"), State("burst", events=frozenset({"burst"})))
        calm, burst = (measure(in_state(scenario, s).with_policy(policy), r)["revenue_calendar"] for s in states)
        expected[r] = 0.6 * calm + 0.4 * burst

    for workers in (1, 2):
        with evaluating(scenario, jobs=workers) as evaluate:
            got = {job.replication: row["revenue_calendar"] for job, row in evaluate(jobs)}
        assert got == pytest.approx(expected, rel=1e-12)


def test_an_evaluation_is_that_of_play_in_states_where_demand_differs_too():
    """So what a search looks at and what confirms it differ in replications alone."""
    demand = {"market.channels.*.visitors_per_day": {"factor": [0.02, 0.06]}}
    whole = planted("expectation").model_dump(mode="json", exclude_unset=True)
    whole["uncertain"] |= {"ranges": demand, "states": 4}
    scenario = Scenario.model_validate(whole)
    policy, names = with_points(scenario, BOTH), ("revenue_calendar", "leads")

    with evaluating(scenario, jobs=1) as evaluate:
        ((_, row),) = evaluate([Job("d", policy.model_dump_json(), 3, names)])

    states = states_of(scenario)
    weights = np.array([state.weight for state in states])  # the event of 40 % is in two states of four
    there = play_in_states(scenario, [policy], states, measures=names, replications=[3])
    assert row == pytest.approx({name: there[name][0, :, 0] @ weights for name in names}, rel=1e-12)


def test_another_criterion_or_other_draws_are_another_study_and_another_place_is_not(tmp_path):
    scenario = planted("cvar")
    assert fingerprint(scenario) != fingerprint(planted("expectation"))
    certain = scenario.model_copy(update={"uncertain": Uncertain()})
    assert "uncertain" not in fingerprint(certain)

    def with_draws(folder: str, text: str) -> Scenario:
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        (path / "draws.csv").write_text(text, encoding="utf-8")
        uncertain = scenario.uncertain.model_copy(update={"posterior": str(path / "draws.csv")})
        return scenario.model_copy(update={"uncertain": uncertain})

    first = fingerprint(with_draws("a", "market.reach.mu\n1\n"))
    assert first == fingerprint(with_draws("b", "market.reach.mu\n1\n"))
    assert first != fingerprint(with_draws("b", "market.reach.mu\n2\n"))


def test_worst_is_low_where_more_is_wanted_or_bound_from_below_and_high_elsewhere():
    bound = [{"measure": "first_touch_attainment", "at_least": 0.5}, {"measure": "backlog_mean", "at_most": 9.0}]
    found = in_states_of(planted("cvar", constraints=bound, objectives=[{"measure": "leads_wasted_share"}]))

    assert found is not None
    assert found.worst_share == 0.4
    assert found.better == {"first_touch_attainment": "up", "backlog_mean": "down", "leads_wasted_share": "down"}
    regret = in_states_of(planted("regret"))
    assert regret is not None
    assert regret.worst_share is None
