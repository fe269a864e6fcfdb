import math

import pytest

from funnelsim.config.search import Constraint, Objective
from funnelsim.errors import InputError
from funnelsim.tuning.goals import Goal, Goals, goals_of, mean, violation

from . import toy

GOALS = Goals(
    (Goal("revenue", "maximize"), Goal("leads_wasted_share", "minimize")),
    (Constraint(measure="attainment", at_least=0.8, probability=0.75), Constraint(measure="cost", at_most=100.0)),
)


def rows(revenue, wasted, attainment, cost):
    names = ("revenue", "leads_wasted_share", "attainment", "cost")
    return [dict(zip(names, values, strict=True)) for values in zip(revenue, wasted, attainment, cost, strict=True)]


def test_revenue_up_and_leads_wasted_down_unless_told_otherwise():
    goals = goals_of(toy.scenario())

    assert goals.objectives == (Goal("revenue", "maximize"), Goal("leads_wasted_share", "minimize"))


def test_a_measure_has_its_own_direction_and_one_given_goes_before():
    objectives = [{"measure": "profit"}, {"measure": "cost"}, {"measure": "mqls", "direction": "minimize"}]

    goals = goals_of(toy.scenario(objectives=objectives))

    assert [(g.measure, g.direction) for g in goals.objectives] == [
        ("profit", "maximize"),
        ("cost", "minimize"),
        ("mqls", "minimize"),
    ]


def test_every_wrong_measure_is_told_at_once():
    scenario = toy.scenario(
        objectives=[{"measure": "revenu"}, {"measure": "mqls"}, {"measure": "profit"}],
        constraints=[{"measure": "proft", "at_least": 0.0}],
    )

    with pytest.raises(InputError) as caught:
        goals_of(scenario)

    unknown, undirected, bound = caught.value.faults
    assert (unknown.key, unknown.suggestion) == ("search.objectives.0.measure", "did you mean 'revenue'?")
    assert undirected.key == "search.objectives.1.direction"
    assert (bound.key, bound.suggestion) == ("search.constraints.0.measure", "did you mean 'profit'?")
    assert caught.value.exit_code == 3


def test_one_measure_cannot_be_two_objectives():
    base = toy.scenario(objectives=[{"measure": "revenue"}])
    objectives = [Objective(measure="revenue"), Objective(measure="revenue", direction="minimize")]
    twice = base.model_copy(update={"search": base.search.model_copy(update={"objectives": objectives})})

    with pytest.raises(InputError, match="objective already"):
        goals_of(twice)


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        ({"measure": "first_touch_attainment", "at_least": 95}, ("at_least", "95", "did you mean 0.95?")),
        ({"measure": "leads_wasted_share", "at_most": 1.2}, ("at_most", "1.2", "did you mean 0.012?")),
        ({"measure": "leads_wasted_share", "at_most": -0.1}, ("at_most", "-0.1", None)),
        ({"measure": "leads_wasted_share", "at_most": 250.0}, ("at_most", "250", None)),
    ],
)
def test_a_share_is_bounded_between_0_and_1(bound, told):
    with pytest.raises(InputError, match="a share lies between 0 and 1") as caught:
        goals_of(toy.scenario(constraints=[bound]))

    [fault] = caught.value.faults
    assert (fault.key, fault.value, fault.suggestion) == (f"search.constraints.0.{told[0]}", *told[1:])


@pytest.mark.parametrize(
    "bound",
    [
        {"measure": "first_touch_attainment", "at_least": 1.0},
        {"measure": "leads_wasted_share", "at_most": 0.0},
        {"measure": "revenue", "at_least": 95.0},
        {"measure": "profit", "at_least": -5.0},
    ],
)
def test_bounds_that_a_measure_can_have(bound):
    assert goals_of(toy.scenario(constraints=[bound])).constraints[0].measure == bound["measure"]


def test_means_and_violations_are_judged():
    judgement = GOALS.judge(rows([10, 20, 30, 40], [0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.7, 0.95], [90, 100, 110, 120]))

    assert judgement.means == (25.0, 0.25)
    # Three of four keep 0.8, as asked; the mean cost of 105 is 5 % above 100.
    assert judgement.violations == (0.0, 0.05)
    assert judgement.status == "infeasible"
    assert judgement.reason == "breaks cost <= 100"


@pytest.mark.parametrize(
    ("share", "kept", "short"), [(0.9, 18, 0), (0.9, 17, 1), (1.0, 19, 1), (0.05, 1, 0), (0.06, 1, 1)]
)
def test_a_probability_counts_the_replications_that_keep_the_bound(share, kept, short):
    values = [1.0] * kept + [0.0] * (20 - kept)

    assert violation(Constraint(measure="m", at_least=0.5, probability=share), values) == short / 20


def test_a_bound_of_zero_is_broken_in_its_own_unit():
    assert violation(Constraint(measure="profit", at_least=0.0), [-3.0, -5.0]) == 4.0
    assert violation(Constraint(measure="profit", at_most=0.0), [-3.0, -5.0]) == -4.0


def test_a_value_that_is_not_defined_keeps_no_bound():
    assert violation(Constraint(measure="m", at_least=0.5), [math.nan, 1.0]) == 1.0
    assert violation(Constraint(measure="m", at_least=0.5, probability=0.5), [math.nan, 1.0]) == 0.0
    assert violation(Constraint(measure="m", at_least=0.5, probability=0.9), [math.nan, 1.0]) == 0.5


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_an_objective_that_is_no_number_in_one_replication_is_undefined(odd):
    judgement = GOALS.judge(rows([10, odd], [0.1, 0.2], [0.9, 0.9], [90, 90]))

    assert judgement.status == "undefined"
    assert not judgement.feasible
    assert "revenue" in judgement.reason


def test_the_mean_has_no_rounding_error_in_between():
    assert mean([1e16, 1.0, -1e16, 1.0]) == 0.5


def test_losses_turn_what_is_raised():
    losses = GOALS.losses(rows([10, 20], [0.1, 0.2], [1, 1], [1, 1]))

    assert losses.tolist() == [[-10.0, 0.1], [-20.0, 0.2]]
