"""Rosters, agreements and rules against values computed by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from funnelsim.calendar import DAY_MS, HOUR_MS, MINUTE_MS
from funnelsim.config.market import Length
from funnelsim.config.scenario import Scenario
from funnelsim.records import ALWAYS, NEVER
from funnelsim.roster import (
    CALL,
    EMAIL,
    ESCALATE,
    EVERY_LEAD,
    SCORE,
    SEGMENT,
    Span,
    build_agreement,
    build_roster,
    build_rules,
)

REPS: list[dict[str, Any]] = [
    {"role": "bdr", "count": 2, "name": "anna", "cost_per_hour": 30.0, "max_open_leads": 50},
    {"role": "ae", "weight": 3},
    {"role": "bdr", "name": "bert", "hours": ["Mon-Thu 08:00-12:00", "Mon-Thu 13:00-18:00"]},
]


def a_scenario(
    *,
    reps: list[dict[str, Any]] | None = None,
    policy: dict[str, Any] | None = None,
    market: dict[str, Any] | None = None,
    run: dict[str, Any] | None = None,
    team: dict[str, Any] | None = None,
) -> Scenario:
    return Scenario.model_validate(
        {
            "market": {
                "channels": {"web": {"visitors_per_day": 10.0, "offers": {"demo": 1.0}}},
                "offers": {"demo": {}},
                "firmographics": {
                    "size": {"mix": {"s": 0.5, "l": 0.5}},
                    "region": {"mix": {"n": 0.2, "e": 0.3, "w": 0.5}},
                },
                **(market or {}),
            },
            "team": {"reps": reps or REPS, **(team or {})},
            "policy": policy or {},
            "run": {"start": "2025-01-06", "warmup_days": 0, "horizon_days": 60, "followup_days": 0, **(run or {})},
        }
    )


def test_groups_become_reps_in_file_order():
    roster = build_roster(a_scenario())
    assert roster.names == ("anna 1", "anna 2", "ae", "bert")
    assert roster.team_names == ("bdr", "ae")
    assert (roster.touch_team, roster.close_team) == (0, 1)
    assert roster.team.tolist() == [0, 0, 1, 0]
    assert roster.members(0) == [0, 1, 3]
    assert roster.cost_per_hour.tolist() == [30.0, 30.0, 40.0, 40.0]
    assert roster.max_open_leads.tolist() == [50, 50, ALWAYS, ALWAYS]
    assert roster.weight.tolist() == [1, 1, 3, 1]


def test_one_role_may_do_both():
    roster = build_roster(
        a_scenario(reps=[{"role": "sales", "count": 2}], team={"touch_role": "sales", "close_role": "sales"})
    )
    assert roster.team_names == ("sales",)
    assert (roster.touch_team, roster.close_team) == (0, 0)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (1, ("anna", "ae")),
        (2, ("anna 1", "anna 2", "ae")),
        (3, ("anna 1", "anna 2", "ae", "bert")),
        (5, ("anna 1", "anna 2", "ae", "bert 1", "bert 2", "bert 3")),
    ],
)
def test_headcount_keeps_the_first_reps_and_repeats_the_last(wanted: int, names: tuple[str, ...]):
    assert build_roster(a_scenario(policy={"headcount": {"bdr": wanted}})).names == names


def test_teams_are_open_when_any_of_their_reps_is():
    roster = build_roster(a_scenario())
    bdr = roster.team_calendars[0]
    assert bdr.opens[:5].tolist() == [d * DAY_MS + h * HOUR_MS for d, h in ((0, 8), (1, 8), (2, 8), (3, 8), (4, 9))]
    assert bdr.closes[:5].tolist() == [
        d * DAY_MS + h * HOUR_MS for d, h in ((0, 18), (1, 18), (2, 18), (3, 18), (4, 17))
    ]


def test_a_business_day_is_the_mean_over_the_days_that_a_team_works():
    """BDRs: 8 to 18 h on four days, 9 to 17 h on Friday, so 48 h over 5 days; AEs: 8 h."""
    assert build_roster(a_scenario()).business_day_ms == (round(9.6 * HOUR_MS), 8 * HOUR_MS)


def test_a_ramp_counts_from_the_first_day_at_work():
    ramp = [
        {"after_days": 0, "productivity": 0.25},
        {"after_days": 10, "productivity": 0.6666},
        {"after_days": 20, "productivity": 1.0},
    ]
    reps = [
        {"role": "bdr", "starts": "2025-01-13", "ramp": ramp},
        {"role": "bdr", "starts": "2024-12-25", "ramp": ramp},
        {"role": "bdr", "ramp": ramp},
        {"role": "bdr", "ramp": ramp[1:]},
        {"role": "ae"},
    ]
    roster = build_roster(a_scenario(reps=reps))
    days = [(f // DAY_MS).tolist() for f in roster.ramp_from]
    permille = [p.tolist() for p in roster.ramp_permille]
    assert roster.starts.tolist() == [7 * DAY_MS, 0, 0, 0, 0]
    assert days == [[0, 7, 17, 27], [0, 8], [0, 10, 20], [0, 10, 20], [0]]
    assert permille == [[1000, 250, 667, 1000], [667, 1000], [250, 667, 1000], [1000, 667, 1000], [1000]]
    assert roster.calendars[0].opens[0] == 7 * DAY_MS + 9 * HOUR_MS


def test_a_ramp_without_first_day_holds_from_zero_in_every_time_zone():
    """At 0 it is still Sunday in New York; the second step begins there on Thursday, 5 h later than in UTC."""
    ramp = [{"after_days": 0, "productivity": 0.5}, {"after_days": 3, "productivity": 0.9}]
    zones = ["America/New_York", "Asia/Tokyo"]
    reps = [{"role": "bdr", "ramp": ramp, "time_zone": zone} for zone in zones] + [{"role": "ae"}]
    roster = build_roster(a_scenario(reps=reps))
    assert roster.ramp_from[0].tolist() == [0, 77 * HOUR_MS]
    assert roster.ramp_from[1].tolist() == [0, 63 * HOUR_MS]
    assert roster.ramp_permille[0].tolist() == [500, 900]


def test_who_leaves_has_hours_until_local_midnight_and_a_diary_beyond():
    reps = [
        {"role": "bdr", "leaves": "2025-01-08", "time_zone": "America/New_York"},
        {"role": "bdr", "hours": ["Mon-Sun 00:00-24:00"], "leaves": "2025-01-08", "time_zone": "Asia/Tokyo"},
        {"role": "bdr", "leaves": "2024-12-24"},
        {"role": "ae"},
    ]
    roster = build_roster(a_scenario(reps=reps))
    stays = build_roster(a_scenario(reps=[{k: v for k, v in rep.items() if k != "leaves"} for rep in reps]))

    # Midnight of Wednesday is 05:00 UTC in New York and the day before at 15:00 UTC in Tokyo.
    assert roster.leaves.tolist() == [2 * DAY_MS + 5 * HOUR_MS, DAY_MS + 15 * HOUR_MS, 0, NEVER]
    assert roster.calendars[0].closes.tolist() == [22 * HOUR_MS, DAY_MS + 22 * HOUR_MS]
    assert roster.calendars[1].closes.tolist() == [DAY_MS + 15 * HOUR_MS]
    assert roster.calendars[2].closes.size == 0
    assert roster.team_calendars[0].opens.tolist() == [0]  # Tokyo until 15:00 on Tuesday, New York from 14:00 to 22:00
    assert roster.team_calendars[0].closes.tolist() == [DAY_MS + 22 * HOUR_MS]
    for rep in range(4):
        assert roster.diaries[rep].closes.tolist() == stays.calendars[rep].closes.tolist()
    assert roster.diaries[3] is roster.calendars[3]


def test_who_is_hired_beside_a_leaver_stays():
    reps = [{"role": "bdr", "leaves": "2025-01-08"}, {"role": "ae"}]
    roster = build_roster(a_scenario(reps=reps, policy={"headcount": {"bdr": 3}}))

    assert roster.leaves.tolist() == [2 * DAY_MS, NEVER, NEVER, NEVER]
    assert roster.names == ("bdr 1", "bdr 2", "bdr 3", "ae")


def test_segments_bind_under_segment_routing_only():
    reps = [{"role": "bdr", "segments": ["w", "n"]}, {"role": "bdr", "segments": ["e"]}, {"role": "ae"}]
    by_region = build_roster(a_scenario(reps=reps, policy={"routing": {"method": "segment", "segment_by": "region"}}))
    assert by_region.segment_row == 1
    assert by_region.serves.tolist() == [[True, False, True], [False, True, False], [True, True, True]]
    plain = build_roster(a_scenario(reps=reps))
    assert plain.segment_row == -1
    assert plain.serves.tolist() == [[True]] * 3


def test_the_same_team_gives_the_same_roster_which_nobody_can_change():
    roster = build_roster(a_scenario())
    assert build_roster(a_scenario(policy={"scoring": {"cutoff": 70.0}}, run={"seed": 5})) is roster
    assert build_roster(a_scenario(run={"horizon_days": 61})) is not roster
    for array in (roster.starts, roster.weight, roster.calendars[0].opens, roster.ramp_from[0], roster.serves):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_terms_are_read_by_tier_on_the_clock_of_their_team():
    policy = {
        "sla": {
            "first_touch": "2 business days",
            "attempts": 4,
            "gaps": ["1h", "1 business day"],
            "touches": ["call", "email"],
            "preparation": "10min",
            "earliest_touch": "5min",
            "A": {"first_touch": "15min", "gap": "30min", "attempts": 3},
            "C": {"attempts": 1, "touches": ["email"]},
        },
        "meetings": {
            "notice": "1 business day",
            "accept_within": "3d",
            "slot": "20min",
            "book_ahead": "2 business weeks",
        },
    }
    scenario = a_scenario(policy=policy)
    agreement = build_agreement(scenario, build_roster(scenario))
    a, b, c = agreement.tiers
    bdr_day = round(9.6 * HOUR_MS)
    assert (a.first_touch, b.first_touch) == (Span(15 * MINUTE_MS, False), Span(2 * bdr_day, True))
    assert a.gaps == (Span(30 * MINUTE_MS, False),) * 2
    assert b.gaps == (Span(HOUR_MS, False), Span(bdr_day, True), Span(bdr_day, True))
    assert c.gaps == ()
    assert b.touches.tolist() == [CALL, EMAIL, EMAIL, EMAIL]
    assert c.touches.tolist() == [EMAIL]
    assert b.touches.dtype == np.int8
    assert (b.preparation_ms, b.earliest, b.window) == (
        10 * MINUTE_MS,
        Span(5 * MINUTE_MS, False),
        Span(21 * DAY_MS, False),
    )
    assert agreement.notice == Span(8 * HOUR_MS, True)
    assert agreement.accept_within == Span(3 * DAY_MS, False)
    assert agreement.book_ahead == Span(80 * HOUR_MS, True)
    assert agreement.slot_ms == 20 * MINUTE_MS


def test_choices_become_codes():
    policy = {
        "lifecycle": "three_stage",
        "order": {"work": "score", "first_before_later": False},
        "routing": {"method": "segment", "segment_by": "size", "recycles": 2, "on_breach": "escalate"},
        "after_attempts": "close",
        "cool_off": "3d",
        "callbacks": False,
    }
    scenario = a_scenario(policy=policy)
    agreement = build_agreement(scenario, build_roster(scenario))
    assert (agreement.handed_over, agreement.qualifying_talk) == (EVERY_LEAD, True)
    assert (agreement.order, agreement.first_before_later) == (SCORE, False)
    assert (agreement.routing, agreement.recycles, agreement.on_breach) == (SEGMENT, 2, ESCALATE)
    assert agreement.close_after_attempts
    assert agreement.cool_off_ms == 3 * DAY_MS
    assert not agreement.callbacks
    assert agreement.accept_within is None


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ({"form": "fixed", "median": "10min"}, 600_000),
        ({"form": "uniform", "mean": "10min"}, 600_000),
        ({"form": "lognormal", "mean": "10min", "sigma": 2.0}, 600_000),
        ({"form": "lognormal", "median": "10min", "sigma": 0.5}, round(600_000 * math.exp(0.125))),
    ],
)
def test_mean_lengths(length: dict[str, Any], expected: int):
    assert Length.model_validate(length).mean_ms() == expected


def test_the_mean_of_a_lognormal_length_is_that_of_its_draws():
    """A million draws: the standard error of the mean is 0.05 % of it."""
    draws = 600_000 * np.exp(0.5 * np.random.default_rng(3).standard_normal(1_000_000))
    mean = Length.model_validate({"form": "lognormal", "median": "10min", "sigma": 0.5}).mean_ms()
    assert abs(draws.mean() - mean) < 4 * draws.std() / 1_000


def test_rules_are_the_constants_of_the_world():
    market = {
        "effort": {"call": {"form": "exponential", "mean": "15min"}, "no_show": "7min"},
        "reach": {"form": "exponential"},
        "deal": {"closes_by": "delay"},
        "temper": {"unprepared_factor": 0.29},
    }
    rules = build_rules(a_scenario(market=market, run={"max_touches": 30}))
    assert rules.mean_call_ms == 15 * MINUTE_MS
    assert rules.no_show_ms == 7 * MINUTE_MS
    assert rules.reach_from_available
    assert rules.closes_by_delay
    assert rules.unprepared_permille == 290
    assert (rules.max_touches, rules.max_meetings) == (30, 8)
