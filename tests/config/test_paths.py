"""Policy fields by path: looked up, read and set."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.scenes import load
from funnelsim.config.durations import Duration
from funnelsim.config.paths import (
    FieldPath,
    as_text,
    field_at,
    get_value,
    nearest_path,
    static_paths,
    value_in_force,
    with_values,
)
from funnelsim.config.policy import LIFECYCLES, Policy
from funnelsim.errors import InputError

HOURS = Duration(12, "h")


def test_a_field_tells_its_kind_range_and_unit():
    attempts = field_at("sla.A.attempts")
    assert (attempts.kind, attempts.low, attempts.high, attempts.unit) == ("int", 1, 60, "attempts")
    assert attempts.may_be_absent
    order = field_at("order.work")
    assert (order.kind, order.choices) == ("enum", ("deadline", "tier", "fifo", "lifo", "score"))
    half_life = field_at("scoring.half_life")
    assert (half_life.kind, half_life.low, half_life.low_open, half_life.calendar_only) == ("duration", 0, True, True)
    assert field_at("sla.gap").low_open is False
    assert field_at("callbacks").kind == "bool"
    assert field_at("routing.segment_by").kind == "str"
    assert field_at("scoring.offer_points.trial").kind == "float"
    assert field_at("scoring.firmographic_points.size.large").kind == "float"
    assert field_at("headcount.bdr").low == 1
    assert field_at("sla.touches.3").choices == ("call", "email")
    assert field_at("scoring.group_caps.web.cap").low == 0


def test_static_paths_are_every_scalar_field_once():
    paths = static_paths()
    assert len(set(paths)) == len(paths)
    assert {"lifecycle", "cool_off", "scoring.cutoff", "sla.A.window", "meetings.accept_within"} <= set(paths)
    assert not {"sla", "sla.gaps", "headcount", "scoring.activity_points"} & set(paths)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("cutoff", "scoring.cutoff"),
        ("policy.scoring.cutoff", "scoring.cutoff"),
        ("scoring.cutof", "scoring.cutoff"),
        ("sla.A.atempts", "sla.A.attempts"),
        ("attempts", "sla.attempts"),
        ("zzzz", None),
    ],
)
def test_the_nearest_path(wrong: str, right: str | None):
    assert nearest_path(wrong) == right


def test_unknown_paths_are_refused_with_the_nearest():
    for path in ("scoring.cutof", "scoring.grade_fit.2", "sla.touches.60", "sla.touches.x", "", "a..b"):
        with pytest.raises(InputError, match="no such policy field"):
            field_at(path)
    with pytest.raises(InputError, match=r"scoring\.cutof: no such policy field; did you mean 'scoring\.cutoff'\?"):
        get_value(Policy(), "scoring.cutof")
    with pytest.raises(InputError, match="sla: is a table or list, not one field"):
        with_values(Policy(), {"sla": 3})


def test_a_tier_has_the_common_term_until_it_has_its_own():
    policy = with_values(Policy(), {"sla.attempts": 4, "sla.B.attempts": 9})
    assert [get_value(policy, f"sla.{tier}.attempts") for tier in "ABC"] == [4, 9, 4]
    assert policy.sla.of_tier("B").attempts == 9
    assert policy.sla.A.attempts is None


def test_a_gap_clears_the_gaps_that_would_hide_it():
    policy = with_values(Policy(), {"sla.gaps.0": "1h", "sla.gaps.2": "3h"})
    assert policy.sla.gaps == [Duration(1, "h"), Duration(1, "h"), Duration(3, "h")]
    assert get_value(policy, "sla.gap") == Duration(1, "h")
    assert get_value(policy, "sla.gaps.9") == Duration(3, "h")  # the last is repeated
    changed = with_values(policy, {"sla.gap": HOURS})
    assert (changed.sla.gaps, changed.sla.gap) == ([], HOURS)
    own = with_values(policy, {"sla.A.gaps.0": "30min"})
    assert own.sla.of_tier("A").gaps[0] == Duration(30, "min")
    assert with_values(own, {"sla.A.gap": HOURS}).sla.of_tier("A").gaps == []


def test_a_cadence_is_lengthened_by_its_last_entry():
    policy = with_values(Policy(), {"sla.touches.2": "email"})
    assert policy.sla.touches == ["call", "call", "email"]
    own = with_values(policy, {"sla.A.touches.3": "call"})
    assert own.sla.of_tier("A").touches == ["call", "call", "email", "call"]
    assert own.sla.touches == policy.sla.touches


def test_a_lifecycle_puts_its_preset_in_place_and_takes_the_old_one_away():
    booked = with_values(Policy(), {"lifecycle": "booked_meeting"})
    assert (booked.handed_over, booked.self_scheduling) == ("booked", True)
    assert with_values(booked, {"lifecycle": "six_stage"}) == Policy()
    own = with_values(booked, {"lifecycle": "no_sql", "self_scheduling": True})
    assert (own.handed_over, own.qualifying_talk, own.self_scheduling) == ("scored", False, True)
    for name in LIFECYCLES:
        assert with_values(Policy(), {"lifecycle": name}) == Policy.model_validate({"lifecycle": name})


def test_tables_by_name():
    policy = with_values(Policy(), {"scoring.activity_points.pricing": 20, "scoring.offer_points.trial": 7.5})
    assert policy.scoring.activity_points == {**Policy().scoring.activity_points, "pricing": 20.0}
    assert policy.scoring.offer_points == {"trial": 7.5}
    assert get_value(policy, "scoring.offer_points.demo") is None


def test_headcount_in_force_is_the_teams_until_the_policy_says_otherwise():
    scenario = load()
    assert get_value(scenario.policy, "headcount.bdr") is None
    assert value_in_force(scenario, "headcount.bdr") == 2
    more = scenario.with_policy(with_values(scenario.policy, {"headcount.bdr": 5}))
    assert value_in_force(more, "headcount.bdr") == 5
    assert value_in_force(more, "scoring.cutoff") == 40


def test_every_value_that_breaks_a_rule_is_told():
    with pytest.raises(InputError) as caught:
        with_values(Policy(), {"sla.attempts": 0, "order.work": "lfo", "scoring.tier_b_above": 5, "sla.A.gap": 3})
    assert [fault.key for fault in caught.value.faults] == ["sla.attempts", "sla.A.gap", "order.work"]
    with pytest.raises(InputError, match=r"scoring\.tier_b_above: must not exceed tier_a_above, got 30 and 20"):
        with_values(Policy(), {"scoring.tier_b_above": 30})


def test_absent_values_are_none_or_the_word():
    for value in (None, "none"):
        assert with_values(Policy(), {"scoring.intent_cap": value}).scoring.intent_cap is None
        assert field_at("scoring.intent_cap").rule_broken_by(value) is None
        assert field_at("scoring.cutoff").rule_broken_by(value) is not None
    assert field_at("scoring.decay").rule_broken_by("none") is None  # its own word


def test_the_policy_given_stays_as_it_is():
    policy = Policy()
    with_values(policy, {"scoring.activity_points.pricing": 99, "sla.touches.1": "email"})
    assert policy == Policy()


def test_values_as_a_file_writes_them():
    assert [as_text(v) for v in (None, True, 3, 0.25, HOURS, "fifo")] == ["none", "true", "3", "0.25", "12h", "'fifo'"]


PATHS = [
    *static_paths(),
    "headcount.bdr",
    "scoring.offer_points.demo",
    "sla.gaps.1",
    "sla.touches.2",
    "sla.C.touches.0",
]


def values(known: FieldPath) -> st.SearchStrategy[Any]:
    """Return valid values of a field, away from rules that bind several fields."""
    if known.kind == "bool":
        return st.booleans()
    if known.kind == "enum":
        return st.sampled_from(known.choices)
    if known.kind == "str":
        return st.text(min_size=1, max_size=5).filter(lambda text: text != "none")
    if known.kind == "duration":
        amounts = st.floats(0.01, 1000)
        clocks = st.just(False) if known.calendar_only else st.booleans()
        return st.builds(Duration, amounts, st.sampled_from(["min", "h", "d"]), clocks)
    if known.kind == "int":
        return st.integers(int(known.low or 0), int(known.high or 50))
    low = max(known.low or 0.0, 15.0) if known.path == "scoring.tier_a_above" else known.low or 0.0
    return st.floats(low, 10.0 if known.path == "scoring.tier_b_above" else 100.0)


@settings(deadline=None)
@given(st.data())
def test_what_is_set_is_read_back_and_nothing_else_changes(data: st.DataObject):
    path = data.draw(st.sampled_from([path for path in PATHS if "grade" not in path]))
    value = data.draw(values(field_at(path)))
    assert field_at(path).rule_broken_by(value) is None
    before = Policy()
    after = with_values(before, {path: value})
    assert get_value(after, path) == value
    if path != "lifecycle":
        related = {path, "sla.gap", "sla.A.gap", "sla.B.gap", "sla.C.gap"} if "gap" in path else {path}
        others = [other for other in static_paths() if other not in related and not _is_common_term(path, other)]
        assert [get_value(after, other) for other in others] == [get_value(before, other) for other in others]


def _is_common_term(path: str, other: str) -> bool:
    """Return whether `other` is a tier's term that stands for the common one at `path`."""
    return path.startswith("sla.") and other.startswith(("sla.A.", "sla.B.", "sla.C.")) and path[4:] == other[6:]


@settings(deadline=None)
@given(
    st.sampled_from([path for path in static_paths() if path != "lifecycle"]),
    st.sampled_from([-1, 0, 1e9, "x", "", "-1h", float("nan"), True, [], {}]),
)
def test_a_value_alone_is_refused_for_the_same_rule_as_in_a_policy(path: str, value: Any):
    rule = field_at(path).rule_broken_by(value)
    told = []
    try:
        with_values(Policy(), {path: value})
    except InputError as error:
        told = [fault.rule for fault in error.faults if not BETWEEN.search(fault.rule)]
    assert told == ([] if rule is None else [rule])


BETWEEN = re.compile("must not exceed|must rise|must be at least")
