import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from funnelsim.config.durations import Duration
from funnelsim.config.paths import get_value
from funnelsim.config.search import Variable
from funnelsim.tuning.space import PolicySpace, dimension_of, policy_of

from . import toy


def space_of(variables, *, policy=None):
    return PolicySpace(toy.scenario(policy=policy, variables=variables))


def loose_space(variables, *, policy=None):
    """A space that the scenario's own check would refuse."""
    base = toy.scenario(policy=policy)
    return PolicySpace(toy.unchecked(base, variables=variables))


def test_a_duration_is_searched_in_the_unit_of_its_lower_end():
    space = space_of({"sla.gap": {"low": "12h", "high": "3d"}})

    assert space.distributions["sla.gap"] == FloatDistribution(12.0, 72.0)
    policy = policy_of(space.candidate({"sla.gap": 30.0}).document)
    assert policy.sla.gap == Duration(30.0, "h")


def test_a_business_duration_keeps_its_clock():
    space = space_of(
        {"sla.first_touch": {"low": "1 business hours", "high": "2 business days", "step": "1 business hours"}}
    )

    assert space.distributions["sla.first_touch"] == FloatDistribution(1.0, 16.0, step=1.0)
    policy = policy_of(space.candidate({"sla.first_touch": 5.0}).document)
    assert policy.sla.first_touch == Duration(5.0, "h", business=True)
    assert space.holds_in_force  # 8 business hours


def test_whole_numbers_step_and_end_on_the_grid():
    space = space_of({"sla.attempts": {"low": 2, "high": 9, "step": 3}})

    assert space.distributions["sla.attempts"] == IntDistribution(2, 8, step=3)
    policy = policy_of(space.candidate({"sla.attempts": 5}).document)
    assert policy.sla.attempts == 5


def test_a_step_leaves_no_binary_dust():
    dimension = dimension_of("scoring.fit_weight", Variable(low=0.0, high=1.05, step=0.1))

    assert dimension.distribution == FloatDistribution(0.0, 1.0, step=0.1)
    assert dimension.value(0.1 + 0.2) == 0.3


def test_without_a_step_values_are_rounded_to_what_people_write_and_stay_inside():
    linear = dimension_of("scoring.cutoff", Variable(low=20.0, high=80.0))
    log = dimension_of("cool_off", Variable(low=Duration(7.013, "d"), high=Duration(45.0, "d"), log=True))

    assert linear.value(52.34567) == 52.3
    assert log.value(12.34567) == Duration(12.3, "d")
    assert log.value(7.0131) == Duration(7.013, "d")  # 7.01 would lie outside


def test_choices_of_texts_switches_and_durations_become_policies():
    space = space_of(
        {
            "order.work": {"choices": ["fifo", "score"]},
            "callbacks": {"choices": [True, False]},
            "sla.window": {"choices": ["7d", "21d"]},
        }
    )

    assert space.distributions["callbacks"] == CategoricalDistribution([True, False])
    policy = policy_of(space.candidate({"order.work": "score", "callbacks": False, "sla.window": "7d"}).document)
    assert (policy.order.work, policy.callbacks, policy.sla.window) == ("score", False, Duration(7, "d"))


@pytest.mark.parametrize(
    ("path", "variable", "written"),
    [
        ("scoring.cutoff", {"low": 20.0, "high": 80.0}, 33.3),
        ("scoring.cutoff", {"low": 20.0, "high": 80.0, "step": 2.5}, 42.5),
        ("sla.attempts", {"low": 1, "high": 12}, 7),
        ("sla.A.attempts", {"low": 1, "high": 12}, 7),
        ("sla.gap", {"low": "6h", "high": "3d"}, "31h"),
        ("sla.gap", {"low": "6h", "high": "3d", "log": True}, "31h"),
        ("sla.window", {"low": "5 business days", "high": "20 business days"}, "10 business days"),
        ("order.work", {"choices": ["fifo", "lifo"]}, "lifo"),
        ("deduplication", {"choices": [True, False]}, False),
        ("scoring.intent_cap", {"choices": ["none", 60, 80]}, "none"),
        ("scoring.activity_points.pricing", {"low": 5.0, "high": 25.0}, 12.3),
        ("headcount.bdr", {"low": 1, "high": 6}, 4),
    ],
)
def test_a_policy_value_comes_back_through_its_parameter(path, variable, written):
    objectives = [{"measure": "profit"}, {"measure": "leads_wasted_share"}]
    scenario = toy.scenario(variables={path: variable}, objectives=objectives)
    dimension = dimension_of(path, scenario.search.variables[path])
    from funnelsim.config.paths import with_values

    value = get_value(with_values(scenario.policy, {path: written}), path)
    param = dimension.param(value)
    assert param is not None
    candidate = PolicySpace(scenario).candidate({path: param})
    assert get_value(policy_of(candidate.document), path) == value


def test_the_policy_in_force_is_found_in_the_space():
    space = space_of({"scoring.cutoff": {"low": 20.0, "high": 80.0}, "sla.gap": {"low": "6h", "high": "3d"}})

    assert space.holds_in_force
    assert dict(space.start) == {"scoring.cutoff": 40.0, "sla.gap": 48.0}
    assert space.candidate(space.start).digest == space.in_force.digest


def test_a_tier_without_terms_of_its_own_stands_in_the_space_with_the_common_ones():
    space = space_of({"sla.A.attempts": {"low": 2, "high": 12}})

    assert space.holds_in_force
    assert dict(space.start) == {"sla.A.attempts": 6}


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ({"low": 50.0, "high": 80.0}, 50.0),  # below the range
        ({"low": 20.0, "high": 30.0}, 30.0),  # above it
        ({"low": 21.0, "high": 60.0, "step": 6.0}, 39.0),  # off the grid
    ],
)
def test_a_policy_in_force_outside_the_space_has_a_nearest_neighbour_inside(variable, nearest):
    space = space_of({"scoring.cutoff": variable, "sla.attempts": {"low": 2, "high": 12}})

    assert not space.holds_in_force
    assert dict(space.start) == {"scoring.cutoff": nearest, "sla.attempts": 6}


def test_an_order_not_among_the_choices_is_outside():
    space = space_of({"order.work": {"choices": ["lifo", "score"]}})

    assert not space.holds_in_force
    assert dict(space.start) == {"order.work": "lifo"}


def test_a_term_on_the_other_clock_is_outside():
    space = space_of({"sla.first_touch": {"low": "1h", "high": "24h"}})

    assert not space.holds_in_force
    assert space.start["sla.first_touch"] == 12.5  # the middle: neither end is nearer


def test_an_absent_limit_is_outside_a_range():
    space = space_of({"scoring.fit_cap": {"low": 10.0, "high": 40.0}})

    assert not space.holds_in_force


def test_parameters_that_break_a_rule_of_the_policy_make_none_and_say_why():
    space = loose_space(
        {"scoring.tier_a_above": {"low": 0.0, "high": 30.0}, "scoring.tier_b_above": {"low": 0.0, "high": 30.0}}
    )

    candidate = space.candidate({"scoring.tier_a_above": 5.0, "scoring.tier_b_above": 20.0})

    assert candidate.document == ""
    [fault] = candidate.faults
    assert "tier_b_above" in fault
    assert not space.candidate({"scoring.tier_a_above": 20.0, "scoring.tier_b_above": 5.0}).faults


def test_parameters_that_break_a_rule_between_tables_make_none_and_say_why():
    space = loose_space({"sla.attempts": {"low": 2, "high": 12}, "routing.recycles": {"low": 0, "high": 3}})

    [fault, *_] = space.candidate({"sla.attempts": 12, "routing.recycles": 3}).faults

    assert "run.max_touches" in fault
    assert "12 x 4 = 48" in fault
    assert not space.candidate({"sla.attempts": 12, "routing.recycles": 1}).faults


def test_changes_are_told_against_the_policy_in_force_however_it_is_written():
    space = space_of({"scoring.cutoff": {"low": 20.0, "high": 80.0}, "sla.gap": {"low": "1d", "high": "3d"}})

    same = space.candidate({"scoring.cutoff": 40.0, "sla.gap": 2.0})  # 2 days are 48 hours
    other = space.candidate({"scoring.cutoff": 52.0, "sla.gap": 2.0})

    assert space.holds_in_force
    assert space.changes(same) == []
    [change] = space.changes(other)
    assert (change.path, change.before, change.after, change.unit) == ("scoring.cutoff", 40.0, 52.0, "points")


def test_headcount_that_the_policy_leaves_to_the_team_is_that_of_the_team():
    scenario = toy.scenario(
        variables={"headcount.bdr": {"low": 1, "high": 4}},
        objectives=[{"measure": "profit"}, {"measure": "leads_wasted_share"}],
    )
    space = PolicySpace(scenario)

    assert dict(space.start) == {"headcount.bdr": 1}
    assert space.holds_in_force
    [change] = space.changes(space.candidate({"headcount.bdr": 3}))
    assert (change.before, change.after) == (1, 3)
    assert space.changes(space.in_force) == []


def test_a_field_that_the_candidate_does_not_read_is_no_change():
    space = space_of(
        {
            "routing.method": {"choices": ["pool", "round_robin"]},
            "routing.recycles": {"low": 0, "high": 1, "step": 1},
        },
        policy={"routing": {"method": "round_robin", "recycles": 0}},
    )

    pooled = space.candidate({"routing.method": "pool", "routing.recycles": 1})
    owned = space.candidate({"routing.method": "round_robin", "routing.recycles": 1})

    assert [change.path for change in space.changes(pooled)] == ["routing.method"]
    assert [change.path for change in space.changes(owned)] == ["routing.recycles"]


def test_a_gap_for_all_attempts_stands_in_a_space_of_gaps_one_by_one():
    variables = {"sla.gaps.0": {"low": "6h", "high": "3d"}, "sla.gaps.3": {"low": "6h", "high": "3d"}}

    assert space_of(variables).holds_in_force
    assert space_of(variables, policy={"sla": {"gaps": ["48h", "24h"]}}).holds_in_force
    assert not space_of(variables, policy={"sla": {"gaps": ["48h", "96h"]}}).holds_in_force
