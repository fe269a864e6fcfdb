"""The search space against the policy."""

from __future__ import annotations

from typing import Any

import pytest

from config.scenes import load, put, small, told, with_
from funnelsim.config.load import scenario_from


def space(path: str, variable: dict[str, Any], **others: Any) -> list[str]:
    tables = put(with_(others), "search/variables", {path: variable})
    return told(tables)


@pytest.mark.parametrize(
    ("path", "variable"),
    [
        ("scoring.cutoff", {"low": 10, "high": 60}),
        ("scoring.cutoff", {"low": -5.5, "high": 60.0, "step": 0.5}),
        ("scoring.cutoff", {"choices": [30, 40.5]}),
        ("sla.attempts", {"low": 2, "high": 12, "step": 2}),
        ("sla.A.attempts", {"low": 2, "high": 12}),
        ("sla.gap", {"low": "6h", "high": "72h", "log": True}),
        ("sla.gap", {"low": "1 business hour", "high": "3 business days", "step": "1 business hour"}),
        ("sla.window", {"choices": ["7d", "2 weeks"]}),
        ("order.work", {"choices": ["fifo", "score"]}),
        ("callbacks", {"choices": [True, False]}),
        ("scoring.offer_points.demo", {"low": 0, "high": 50}),
        ("scoring.intent_cap", {"choices": [60, 80, "none"]}),
        ("scoring.grade_fit.0", {"low": 5, "high": 20}),
        ("sla.touches.1", {"choices": ["call", "email"]}),
        ("lifecycle", {"choices": ["six_stage", "no_sql", "three_stage", "booked_meeting"]}),
    ],
)
def test_sound_variables(path: str, variable: dict[str, Any]):
    assert space(path, variable) == []


DURATION = "must be a duration with its unit, such as '48h', '2d', '15min', '8 business hours', '3 business days'"


@pytest.mark.parametrize(
    ("path", "variable", "line"),
    [
        ("scoring.cutof", {"low": 1, "high": 2}, ": no such policy field; did you mean 'scoring.cutoff'?"),
        ("sla.gap", {"low": 1, "high": "2h"}, ": low and high must both be durations or both be numbers"),
        ("sla.gap", {"low": "1h", "high": "2 business hours"}, ": low and high must be on the same clock"),
        ("sla.attempts", {"low": 0, "high": 9}, ".low: policy.sla.attempts must be >= 1, got 0"),
        ("sla.attempts", {"low": 2, "high": 61}, ".high: policy.sla.attempts must be <= 60, got 61"),
        ("sla.attempts", {"low": 2.5, "high": 9}, ".low: policy.sla.attempts must be a whole number, got 2.5"),
        (
            "sla.attempts",
            {"low": 2, "high": 9, "step": 0.5},
            ".step: policy.sla.attempts must be a whole number, got 0.5",
        ),
        ("sla.window", {"low": "0d", "high": "9d"}, ".low: policy.sla.window must be > 0, got 0d"),
        (
            "order.work",
            {"low": 1, "high": 2},
            ": policy.order.work takes choices, not a range; "
            'write choices = ["deadline", "tier", "fifo", "lifo", "score"]',
        ),
        (
            "callbacks",
            {"low": 0, "high": 1},
            ": policy.callbacks takes choices, not a range; write choices = [true, false]",
        ),
        (
            "order.work",
            {"choices": ["fifo", "lfo"]},
            ".choices.1: policy.order.work must be one of 'deadline', 'tier', 'fifo', 'lifo', 'score', got 'lfo'",
        ),
        ("sla.window", {"choices": ["7d", 9]}, f".choices.1: policy.sla.window {DURATION}, got 9"),
        ("scoring.cutoff", {"low": 1}, ": give both low and high"),
        ("scoring.cutoff", {}, ": give either low and high, or choices"),
        ("scoring.cutoff", {"low": 1, "high": 2, "choices": [1]}, ": give either low and high, or choices"),
        ("scoring.cutoff", {"low": 3, "high": 2}, ".low: must be below high, got 3 and 2"),
        ("scoring.cutoff", {"low": 0, "high": 2, "log": True}, ".low: must be > 0 where log is on, got 0"),
        ("scoring.cutoff", {"low": 1, "high": 2, "step": 3}, ".step: must be > 0 and at most high - low, got 3"),
        ("scoring.cutoff", {"choices": [1, 1]}, ".choices: must differ from one another"),
        (
            "scoring.cutoff",
            {"low": True, "high": 2},
            ".low: must be a number, or a duration such as "
            "'48h', '2d', '15min', '8 business hours', '3 business days', got true",
        ),
        ("scoring.cutoff", {"choices": []}, ".choices: must not be empty, got []"),
        ("scoring.cutoff", {"low": 1, "high": 2, "hihg": 2}, ".hihg: unknown key; did you mean 'high'?"),
    ],
)
def test_unsound_variables(path: str, variable: dict[str, Any], line: str):
    assert space(path, variable) == [f"search.variables.{path}{line}"]


@pytest.mark.parametrize(
    ("path", "settings", "where"),
    [
        ("scoring.cutoff", {"scoring/rule": "and"}, "scoring.rule is 'and'"),
        ("scoring.cutoff", {"scoring/rule": "or"}, "scoring.rule is 'or'"),
        ("scoring.fit_cutoff", {}, "scoring.rule is 'sum'"),
        ("scoring.intent_cutoff", {"scoring/rule": "event"}, "scoring.rule is 'event'"),
        ("scoring.half_life", {"scoring/decay": "window"}, "scoring.decay is 'window'"),
        ("scoring.window", {}, "scoring.decay is 'half_life'"),
        ("routing.recycles", {"routing/method": "pool"}, "routing.method is 'pool'"),
        ("routing.on_breach", {"routing/method": "pool"}, "routing.method is 'pool'"),
        ("sla.gap", {"sla/attempts": 1}, "attempts is 1"),
        ("sla.gaps.0", {"sla/attempts": 1}, "attempts is 1"),
        ("sla.A.gap", {"sla/A/attempts": 1}, "attempts of tier A is 1"),
        ("sla.gaps.4", {"sla/attempts": 5}, "attempts is 5"),
        ("sla.A.gaps.2", {"sla/A/attempts": 3}, "attempts of tier A is 3"),
        ("sla.touches.5", {"sla/attempts": 5}, "attempts is 5"),
        ("meetings.book_ahead", {"self_scheduling": False}, "self_scheduling is false"),
        ("scoring.cutoff", {"handed_over": "every_lead"}, "handed_over is 'every_lead' and the tiers are worked alike"),
        ("scoring.tier_a_above", {"lifecycle": "three_stage"}, "handed_over is 'every_lead' and the tiers are"),
    ],
)
def test_what_the_settings_do_not_read_is_not_varied(path: str, settings: dict[str, Any], where: str):
    changes = {f"policy/{key}": value for key, value in settings.items()}
    [fault] = space(path, SOME[_name(path)], **changes)
    assert fault.startswith(f"search.variables.{path}: is not read where {where}")


def _name(path: str) -> str:
    """Return the name of a field, without its place in a list."""
    return path.rstrip("0123456789.").rpartition(".")[2]


SOME: dict[str, dict[str, Any]] = {
    "gaps": {"low": "6h", "high": "60h"},
    "touches": {"choices": ["call", "email"]},
    "book_ahead": {"low": "7d", "high": "21d"},
    "cutoff": {"low": 20, "high": 60},
    "fit_cutoff": {"low": 20, "high": 60},
    "intent_cutoff": {"low": 20, "high": 60},
    "tier_a_above": {"low": 15, "high": 30},
    "half_life": {"low": "7d", "high": "60d"},
    "window": {"low": "7d", "high": "60d"},
    "gap": {"low": "6h", "high": "60h"},
    "recycles": {"low": 0, "high": 1},
    "on_breach": {"choices": ["none", "reassign"]},
}


@pytest.mark.parametrize(
    ("path", "settings", "also"),
    [
        ("scoring.cutoff", {"scoring/rule": "event"}, {}),  # the tiers count from it
        ("scoring.cutoff", {"scoring/rule": "and"}, {"scoring.rule": {"choices": ["and", "sum"]}}),
        ("scoring.window", {}, {"scoring.decay": {"choices": ["half_life", "window"]}}),
        ("routing.recycles", {"routing/method": "pool"}, {"routing.method": {"choices": ["pool", "round_robin"]}}),
        ("sla.gap", {"sla/attempts": 1}, {"sla.attempts": {"low": 1, "high": 4}}),
        ("sla.gap", {"sla/attempts": 1, "sla/A/attempts": 2}, {}),
        ("sla.gap", {"sla/attempts": 1}, {"sla.B.attempts": {"low": 1, "high": 4}}),
        ("sla.gaps.2", {"sla/attempts": 4}, {}),
        ("sla.touches.4", {"sla/attempts": 5}, {}),
        ("meetings.book_ahead", {}, {"self_scheduling": {"choices": [True, False]}}),
        ("meetings.book_ahead", {}, {"lifecycle": {"choices": ["six_stage", "booked_meeting"]}}),
        ("scoring.cutoff", {"handed_over": "every_lead", "order/work": "tier"}, {}),
        ("scoring.cutoff", {"handed_over": "every_lead", "sla/A/attempts": 3}, {}),
        ("scoring.cutoff", {"handed_over": "every_lead"}, {"order.work": {"choices": ["fifo", "tier"]}}),
        ("scoring.cutoff", {"handed_over": "every_lead"}, {"lifecycle": {"choices": ["six_stage", "three_stage"]}}),
    ],
)
def test_what_some_policy_of_the_space_reads_may_be_varied(path: str, settings: dict[str, Any], also: dict[str, Any]):
    tables = with_({f"policy/{key}": value for key, value in settings.items()})
    variables = {path: SOME[_name(path)], **also}
    assert told(put(tables, "search/variables", variables)) == []


def test_what_no_policy_of_the_space_has_attempts_enough_for_is_told():
    attempts = {"sla.attempts": {"low": 2, "high": 4}}
    [fault] = told(put(with_({}), "search/variables", {**attempts, "sla.gaps.3": SOME["gaps"]}))

    assert fault == "search.variables.sla.gaps.3: is not read where attempts is 4"
    assert told(put(with_({}), "search/variables", {**attempts, "sla.gaps.2": SOME["gaps"]})) == []


def test_an_objective_is_named_once():
    objectives = [{"measure": "revenue"}, {"measure": "revenue", "direction": "minimize"}]
    assert told(with_({"search/objectives": objectives})) == [
        "search.objectives.1.measure: is an objective already, got 'revenue'"
    ]


def test_a_business_clock_where_only_the_calendars_will_do():
    faults = space("scoring.half_life", {"low": "1 business day", "high": "9 business days"})
    assert [fault.split(": ")[0] for fault in faults] == [
        "search.variables.scoring.half_life.low",
        "search.variables.scoring.half_life.high",
    ]


def test_both_ends_of_a_range_are_told():
    assert space("scoring.cutoff", {"low": "1h", "high": "2h"}) == [
        "search.variables.scoring.cutoff.low: policy.scoring.cutoff is a number, not a duration, got 1h",
        "search.variables.scoring.cutoff.high: policy.scoring.cutoff is a number, not a duration, got 2h",
    ]


def test_policies_of_the_space_must_keep_the_rules_between_tables():
    """The worst corner is tried at loading, so that no trial fails after hours of search."""
    faults = space("sla.attempts", {"low": 2, "high": 13}, **{"policy/routing/recycles": 1})
    assert faults == [
        "search.variables: some of these policies break a rule: run.max_touches: "
        "must be at least attempts x (1 + recycles), in tier A 13 x 2 = 26, got 24"
    ]
    assert space("sla.attempts", {"low": 2, "high": 12}, **{"policy/routing/recycles": 1}) == []
    assert "policy.sla.gap: must be at least 15min" in space("sla.gap", {"low": "10min", "high": "2h"})[0]
    assert "run.max_meetings" in space("meetings.rebookings", {"choices": [1, 5]})[0]
    assert "market.offers lacks 'dem'" in space("scoring.offer_points.dem", {"low": 1, "high": 5})[0]
    assert (
        "no such role"
        in space("headcount.sdr", {"low": 1, "high": 5}, **{"search/objectives": [{"measure": "profit"}]})[0]
    )


def test_tiers_may_not_cross_within_the_space():
    tables = with_({})
    put(tables, "search/variables", {"scoring.tier_a_above": {"low": 5, "high": 30}})
    assert told(tables) == [
        "search.variables: some of these policies break a rule: policy.scoring.tier_b_above: "
        "must not exceed tier_a_above, got 10 and 5"
    ]
    tables["search"]["variables"]["scoring.tier_b_above"] = {"low": 1, "high": 5}
    assert told(tables) == []


def test_every_combination_of_switches_is_tried():
    faults = told(
        put(
            small(),
            "search/variables",
            {"handed_over": {"choices": ["scored", "booked"]}, "self_scheduling": {"choices": [True, False]}},
        )
    )
    assert faults == [
        "search.variables: some of these policies break a rule: policy.self_scheduling: "
        "must be on where handed_over is 'booked'"
    ]


def test_gap_and_gaps_are_not_varied_together():
    variables = {"sla.gap": {"low": "6h", "high": "72h"}, "sla.gaps.0": {"low": "1h", "high": "4h"}}
    assert told(put(small(), "search/variables", variables)) == [
        "search.variables.sla.gaps.0: excludes 'sla.gap', which is varied too"
    ]


def test_variables_may_be_written_as_nested_tables():
    nested = put(
        small(),
        "search/variables",
        {"scoring": {"cutoff": {"low": 1, "high": 2}}, "cool_off": {"low": "1d", "high": "9d"}},
    )
    flat = put(
        small(), "search/variables", {"scoring.cutoff": {"low": 1, "high": 2}, "cool_off": {"low": "1d", "high": "9d"}}
    )
    assert scenario_from(nested, where="a") == scenario_from(flat, where="a")
    assert told(put(small(), "search/variables", {"sla": {"A": {"atempts": {"low": 1, "high": 2}}}})) == [
        "search.variables.sla.A.atempts: no such policy field; did you mean 'sla.A.attempts'?"
    ]


def test_the_space_is_not_tried_anew_for_each_policy():
    """Changing the policy checks the rules that a policy can break, not the space."""
    scenario = load({"search/variables": {"sla.attempts": {"low": 2, "high": 12}}})
    assert scenario.with_policy(scenario.policy).search is scenario.search
