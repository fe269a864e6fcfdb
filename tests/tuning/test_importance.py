"""Importance of the variables where it is known which matter."""

import warnings

import pytest

from funnelsim.tuning.driver import Candidate, Tried
from funnelsim.tuning.goals import Goal, Goals, Judgement
from funnelsim.tuning.importance import FEWEST, importance

from . import toy


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    tuned = toy.study(tmp_path_factory.mktemp("many"), toy.scenario(trials=120))
    return {measure: {i.path: i for i in rows} for measure, rows in tuned.importance.items()}


@pytest.mark.parametrize("measure", ["revenue", "leads_wasted_share"])
def test_a_variable_that_changes_nothing_matters_least_and_the_others_more(found, measure):
    """The toy's gap changes neither objective; cutoff and attempts change both."""
    rows = found[measure]

    assert set(rows) == {"scoring.cutoff", "sla.attempts", "sla.gap"}
    assert sum(i.share for i in rows.values()) == pytest.approx(1.0)
    assert all(0.0 <= i.low <= i.high <= 1.0 for i in rows.values())
    assert rows["sla.gap"].share < 0.1
    assert rows["sla.gap"].share < min(rows["scoring.cutoff"].share, rows["sla.attempts"].share)
    assert rows["scoring.cutoff"].low > rows["sla.gap"].share


def test_either_way_round_an_objective_gives_the_same(found, tmp_path):
    """The evaluator only minimises; what is raised is told to it with its sign turned."""
    tuned = toy.study(tmp_path, toy.scenario(trials=40))
    turned = tuple(
        Tried(t.number, t.params, t.candidate, Judgement((-t.judgement.means[0],), (), "feasible")) for t in tuned.tried
    )

    up = importance(tuned.tried, Goals((Goal("revenue", "maximize"),)), tuned.space.distributions)
    down = importance(turned, Goals((Goal("revenue", "minimize"),)), tuned.space.distributions)

    assert up == down


def test_few_policies_or_an_objective_that_does_not_vary_say_nothing(tmp_path):
    tuned = toy.study(tmp_path, toy.scenario(trials=FEWEST))
    goals = Goals((Goal("revenue", "maximize"),))
    still = [Tried(t.number, t.params, t.candidate, Judgement((1.0,), (), "feasible")) for t in tuned.tried]

    assert importance(tuned.tried[:-1], goals, tuned.space.distributions) == {"revenue": []}
    assert importance(still, goals, tuned.space.distributions) == {"revenue": []}


def test_conditional_variables_and_policies_outside_the_space_are_no_hindrance(tmp_path):
    tuned = toy.study(tmp_path, toy.scenario(trials=40))
    cut = [
        Tried(t.number, {k: v for k, v in t.params.items() if k != "sla.gap" or t.number % 2}, t.candidate, t.judgement)
        for t in tuned.tried
    ]
    cut.append(Tried(99, {}, Candidate("", ""), tuned.tried[0].judgement))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = importance(cut, tuned.plan.goals, tuned.space.distributions)

    assert {i.path for i in found["revenue"]} == set(tuned.space.distributions)
