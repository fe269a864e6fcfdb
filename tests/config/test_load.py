"""Faults of a scenario, as the user reads them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from config.scenes import load, small, told, with_
from funnelsim.config.durations import Duration
from funnelsim.config.load import load_scenario
from funnelsim.errors import InputError

CONFIGS = sorted((Path(__file__).parents[2] / "configs").rglob("*.toml"))


def test_the_small_scenario_is_sound():
    assert told(small()) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        # The two of the style guide.
        (
            {"policy/scoring/mql_treshold": 40},
            "policy.scoring.mql_treshold: unknown key; did you mean 'cutoff'?",
        ),
        ({"policy/sla/first_touch": "-1h"}, "policy.sla.first_touch: must be >= 0, got '-1h'"),
        # Unknown keys.
        ({"policy/sla/atempts": 3}, "policy.sla.atempts: unknown key; did you mean 'attempts'?"),
        ({"polcy": {}}, "polcy: unknown key; did you mean 'policy'?"),
        (
            {"market/channels/web/visit_to_leed": 0.1},
            "market.channels.web.visit_to_leed: unknown key; did you mean 'visit_to_lead'?",
        ),
        ({"team/reps/1/rol": "ae"}, "team.reps.1.rol: unknown key; did you mean 'role'?"),
        ({"policy/cutoff": 40}, "policy.cutoff: unknown key; did you mean 'policy.scoring.cutoff'?"),
        ({"run/xyzzy": 1}, "run.xyzzy: unknown key"),
        ({"market/channels/web/no such": 1}, "market.channels.web.'no such': unknown key"),
        # Types.
        ({"policy/sla/attempts": "6"}, "policy.sla.attempts: must be a whole number, got '6'"),
        ({"policy/sla/attempts": 6.5}, "policy.sla.attempts: must be a whole number, got 6.5"),
        ({"policy/sla/attempts": True}, "policy.sla.attempts: must be a whole number, got true"),
        ({"policy/scoring/cutoff": "40"}, "policy.scoring.cutoff: must be a number, got '40'"),
        ({"policy/scoring/cutoff": float("nan")}, "policy.scoring.cutoff: must be a finite number, got nan"),
        ({"policy/scoring/cutoff": float("inf")}, "policy.scoring.cutoff: must be a finite number, got inf"),
        ({"policy/callbacks": "yes"}, "policy.callbacks: must be true or false, got 'yes'"),
        ({"policy/callbacks": 1}, "policy.callbacks: must be true or false, got 1"),
        ({"name": 3}, "name: must be a text in quotation marks, got 3"),
        ({"policy/sla/touches": "call"}, "policy.sla.touches: must be a list, got 'call'"),
        ({"policy/sla": 3}, "policy.sla: must be a table, got 3"),
        ({"market/channels/web/offers": 3}, "market.channels.web.offers: must be a table, got 3"),
        ({"run/start": "soon"}, "run.start: must be a date such as 2025-01-06, got 'soon'"),
        (
            {"run/start": dt.datetime(2025, 1, 6)},
            "run.start: must be a date such as 2025-01-06, got 2025-01-06 00:00:00",
        ),
        (
            {"policy/sla/gap": 48},
            "policy.sla.gap: must be a duration with its unit, such as "
            "'48h', '2d', '15min', '8 business hours', '3 business days', got 48",
        ),
        (
            {"policy/sla/gap": "48 fortnights"},
            "policy.sla.gap: must be a duration such as "
            "'48h', '2d', '15min', '8 business hours', '3 business days', got '48 fortnights'",
        ),
        # Ranges.
        (
            {"market/channels/web/visitors_per_day": -1.0},
            "market.channels.web.visitors_per_day: must be >= 0, got -1.0",
        ),
        ({"market/channels/web/visit_to_lead": 1.5}, "market.channels.web.visit_to_lead: must be <= 1, got 1.5"),
        ({"market/shape/trend_per_year": -1}, "market.shape.trend_per_year: must be > -1, got -1"),
        ({"search/seed": 2**31}, "search.seed: must be < 2147483648, got 2147483648"),
        ({"policy/sla/window": "0d"}, "policy.sla.window: must be > 0, got '0d'"),
        ({"policy/sla/window": "2000000d"}, "policy.sla.window: must be at most 1000 years, got '2000000d'"),
        (
            {"policy/scoring/half_life": "3 business days"},
            "policy.scoring.half_life: must be on the calendar's clock, not in business hours or days, "
            "got '3 business days'",
        ),
        ({"policy/sla/touches": []}, "policy.sla.touches: must not be empty, got []"),
        ({"market/offers": {}}, "market.offers: must not be empty, got a table"),
        (
            {"market/shape/weekday_weights": [1, 1]},
            "market.shape.weekday_weights: must have at least 7 entries, got [1, 1]",
        ),
        ({"policy/headcount": {"bdr": 0}}, "policy.headcount.bdr: must be >= 1, got 0"),
        # Enumerations.
        (
            {"policy/order/work": "lfo"},
            "policy.order.work: must be one of 'deadline', 'tier', 'fifo', 'lifo', 'score', got 'lfo'; "
            "did you mean 'lifo'?",
        ),
        (
            {"policy/sla/touches": ["call", "fax"]},
            "policy.sla.touches.1: must be one of 'call', 'email', got 'fax'",
        ),
        # What only its own validator knows.
        (
            {"team/reps/0/hours": ["Mon-Fri 9-17"]},
            "team.reps.0.hours: must be opening times such as 'Mon-Fri 09:00-17:00', got 'Mon-Fri 9-17'",
        ),
        (
            {"team/reps/0/holidays": "XX"},
            "team.reps.0.holidays: must be a country code such as 'US' or 'DE-BY', got 'XX'",
        ),
        ({"run/time_zone": "Mars"}, "run.time_zone: must be an IANA time zone such as 'Europe/Berlin', got 'Mars'"),
        (
            {"market/channels/web/offers": {"demo": 0.4, "content": 0.5}},
            "market.channels.web.offers: shares must sum to 1, they sum to 0.9",
        ),
        (
            {"market/channels/web/offers": {"demo": 1.4, "content": -0.4}},
            "market.channels.web.offers: shares must be >= 0 (content)",
        ),
        # Rules within a table.
        (
            {"policy/scoring/tier_a_above": 5},
            "policy.scoring.tier_b_above: must not exceed tier_a_above, got 10 and 5",
        ),
        ({"policy/scoring/grade_fit": [20, 10]}, "policy.scoring.grade_fit: must rise, got [20.0, 10.0]"),
        (
            {"market/offers/demo/ready_at_arrival": 0.9},
            "market.offers.demo.ready_later: must not exceed 1 with ready_at_arrival, got 0.2 and 0.9",
        ),
        ({"market/effort/call": {}}, "market.effort.call: give exactly one of mean and median"),
        (
            {"market/effort/call": {"form": "exponential", "median": "3min"}},
            "market.effort.call.median: the exponential form takes a mean, not a median",
        ),
        ({"market/fit/low": 50}, "market.fit.low: must be below high, got 50 and 40"),
        ({"market/deal/meetings": [0.5, 0.4]}, "market.deal.meetings: shares must sum to 1, they sum to 0.9"),
        ({"market/shape/hour_weights": [0] * 24}, "market.shape.hour_weights: at least one weight must be > 0"),
        (
            {"market/firmographics/region/fit": {"nort": 1}},
            "market.firmographics.region.fit.nort: the mix lacks this category; did you mean 'north'?",
        ),
        (
            {"team/reps/0/ramp": [{"after_days": 30, "productivity": 0.5}, {"after_days": 30, "productivity": 1.0}]},
            "team.reps.0.ramp: after_days must rise from step to step",
        ),
        (
            {"team/close_role": "aee"},
            "team.close_role: nobody fills the role 'aee' (roles of team.reps: ae, bdr); did you mean 'ae'?",
        ),
        (
            {"search/constraints": [{"measure": "deals"}]},
            "search.constraints.0: give exactly one of at_least and at_most",
        ),
        ({"run/start": dt.date(1815, 6, 18)}, "run.start: must not be before 1970-01-01, got 1815-06-18"),
        # Rules between tables.
        (
            {"market/channels/web/offers": {"dem": 1.0}},
            "market.channels.web.offers.dem: market.offers lacks this offer (it has demo, content); "
            "did you mean 'demo'?",
        ),
        (
            {"market/channels/web/firmographics": {"regio": {"north": 1.0}}},
            "market.channels.web.firmographics.regio: market.firmographics lacks this attribute; "
            "did you mean 'region'?",
        ),
        (
            {"market/channels/web/firmographics": {"region": {"east": 1.0}}},
            "market.channels.web.firmographics.region.east: market.firmographics.region lacks this category "
            "(it has north, south)",
        ),
        (
            {"policy/scoring/offer_points": {"dem": 3}},
            "policy.scoring.offer_points.dem: market.offers lacks 'dem' (it has demo, content); did you mean 'demo'?",
        ),
        (
            {"policy/scoring/firmographic_points": {"region": {"noth": 3}}},
            "policy.scoring.firmographic_points.region.noth: market.firmographics.region lacks 'noth' "
            "(it has north, south); did you mean 'north'?",
        ),
        (
            {"run/max_touches": 5},
            "run.max_touches: must be at least attempts x (1 + recycles), in tier A 6 x 1 = 6, got 5",
        ),
        (
            {"policy/sla/C/attempts": 9, "policy/routing/recycles": 2},
            "run.max_touches: must be at least attempts x (1 + recycles), in tier C 9 x 3 = 27, got 24",
        ),
        (
            {"policy/sla/B/gap": "5min"},
            "policy.sla.B.gap: must be at least 15min (a redial is one attempt), got 5min",
        ),
        (
            {"policy/sla/gap": "0.2 business hours"},
            "policy.sla.gap: must be at least 15min (a redial is one attempt), got 0.2 business hours",
        ),
        (
            {"policy/sla/gaps": ["1h", "1min", "1h"]},
            "policy.sla.gaps: must be at least 15min (a redial is one attempt), got 1min",
        ),
        (
            {"policy/meetings/rebookings": 4},
            "run.max_meetings: must be at least opportunity meetings + rebookings + 1 = 9, got 8",
        ),
        (
            {"policy/meetings/slot": "1s"},
            "policy.meetings.slot: cuts the work of a deal (market.effort.deal_work, at most 8 times) into about "
            "158,400 pieces, at most 1,000 can be; got 1s",
        ),
        (
            {"team/reps/0/count": 1, "policy/headcount": {"be": 2}},
            "policy.headcount.be: no such role at work (roles: ae, bdr)",
        ),
        (
            {"policy/routing/method": "segment"},
            "policy.routing.segment_by: is required where method is 'segment'",
        ),
        (
            {"policy/handed_over": "booked"},
            "policy.self_scheduling: must be on where handed_over is 'booked'",
        ),
        (
            {"run/horizon_days": 3, "run/followup_days": 4},
            "run.standard.days: must not exceed horizon and follow-up together, 3 + 4 days, got 14",
        ),
        (
            {"market/channels/web/visitors_per_day": 1e9},
            "market.channels: about 1.64e+10 leads are expected in 545 days, at most 20,000,000 can be",
        ),
    ],
    ids=lambda value: value.split(": ")[0] if isinstance(value, str) else "",
)
def test_a_fault_names_the_key_the_rule_and_the_value(changes: dict[str, Any], line: str):
    assert told(with_(changes)) == [line]


def test_segments_that_nobody_serves():
    tables = with_({"policy/routing": {"method": "segment", "segment_by": "region"}, "team/reps/0/segments": ["north"]})
    assert told(tables) == ["team.reps: nobody of role 'bdr' serves south of 'region'"]
    tables["team"]["reps"].append({"role": "bdr", "segments": ["south"]})
    assert told(tables) == []


def test_a_rep_group_with_nothing_to_do():
    tables = small()
    tables["team"]["reps"].append({"role": "sdr"})
    assert told(tables) == [
        "team.reps.2.role: the role 'sdr' has nothing to do, it is no touch_role or close_role (ae, bdr); "
        "did you mean 'bdr'?"
    ]


def test_deals_that_close_by_delay_have_no_meetings():
    faults = told(
        with_({"market/deal/closes_by": "delay", "policy/lifecycle": "no_sql", "policy/self_scheduling": True})
    )
    assert [fault.split(":")[0] for fault in faults] == ["policy.qualifying_talk", "policy.self_scheduling"]


def test_headcount_may_only_be_varied_for_profit():
    variable = {"search/variables": {"headcount.bdr": {"low": 1, "high": 5}}}
    assert told(with_(variable)) == [
        "search.objectives: the first must be 'profit' where 'headcount.bdr' is varied "
        "(revenue alone always wants more of it), got 'revenue'"
    ]
    assert told(with_({**variable, "search/objectives": [{"measure": "profit"}]})) == []


def test_what_is_required():
    assert told({"name": "x"}) == ["market: is required", "team: is required"]
    tables = small()
    del tables["market"]["channels"]["web"]["offers"], tables["team"]["reps"][0]["role"]
    assert told(tables) == ["market.channels.web.offers: is required", "team.reps.0.role: is required"]


def test_every_fault_at_once_through_all_floors_of_rules():
    """Faults of fields, of one table, between tables, of the search space and of names of measures."""
    tables = with_(
        {
            "market/channels/web/visitors_per_day": -1,  # a field
            "market/channels/mail/offers": {"contnt": 1.0},  # between tables of the market
            "team/close_role": "aee",  # within the team
            "policy/scoring/tier_b_above": 30,  # within scoring
            "policy/sla/attempts": 30,  # between policy and run
            "policy/order/wrk": "fifo",  # an unknown key
            "search/variables": {"scoring.cutof": {"low": 1, "high": 2}},  # the search space
            "search/objectives": [{"measure": "revenu"}],  # names of measures
        }
    )
    assert sorted(line.split(": ")[0] for line in told(tables, measures=["revenue"])) == [
        "market.channels.mail.offers.contnt",
        "market.channels.web.visitors_per_day",
        "policy.order.wrk",
        "policy.scoring.tier_b_above",
        "run.max_touches",
        "search.objectives.0.measure",
        "search.variables.scoring.cutof",
        "team.close_role",
    ]


def test_no_fault_is_told_of_a_default_that_stands_in_for_a_faulty_value():
    """tier_a_above is a text: that tier_b_above exceeds what stands in for it is no fault of the file."""
    assert told(with_({"policy/scoring/tier_a_above": "x", "policy/scoring/tier_b_above": 30})) == [
        "policy.scoring.tier_a_above: must be a number, got 'x'"
    ]
    # Nor that 6 attempts, the default, are too many for the file's run.
    assert told(with_({"policy/sla/attempts": 0, "run/max_touches": 3})) == ["policy.sla.attempts: must be >= 1, got 0"]


def test_a_table_that_cannot_be_mended_hides_no_fault_elsewhere():
    """Without its faulty mean a length of time lacks a centre; the whole of it is then left out."""
    tables = with_({"market/effort/talk": {"mean": 48}, "policy/headcount": {"sdr": 1}})
    assert [line.split(": ")[0] for line in told(tables)] == ["market.effort.talk.mean", "policy.headcount.sdr"]


def test_measures_are_checked_by_name_where_they_are_known():
    goals = {"search/objectives": [{"measure": "revenu"}], "search/constraints": [{"measure": "xyz", "at_least": 1}]}
    assert told(with_(goals)) == []
    assert told(with_(goals), measures=["revenue", "deals"]) == [
        "search.objectives.0.measure: no such measure 'revenu'; did you mean 'revenue'?",
        "search.constraints.0.measure: no such measure 'xyz'; `funnelsim measures` prints them all",
    ]


def test_none_takes_a_default_away():
    scenario = load({"market/deal/win_tau": "none", "policy/scoring/intent_cap": "none"})
    assert scenario.market.deal.win_tau is None
    assert scenario.policy.scoring.intent_cap is None
    assert told(with_({"policy/scoring/cutoff": "none"})) == ["policy.scoring.cutoff: must be a number, got 'none'"]


def test_dates_may_stand_in_quotation_marks():
    assert load({"run/start": "2025-03-01"}) == load({"run/start": dt.date(2025, 3, 1)})


def test_points_for_shipped_activities_are_no_fault_where_the_market_lacks_them():
    assert told(with_({"market/engagement": {"mix_ready": {"visit": 1.0}, "mix_otherwise": {"visit": 1.0}}})) == []
    faults = told(with_({"policy/scoring/activity_points": {"visti": 3}}))
    assert faults == [
        "policy.scoring.activity_points.visti: the market lacks 'visti' "
        "(it has created, visit, click, content, webinar, pricing, trial); did you mean 'visit'?"
    ]


def test_lifecycles_are_presets_under_what_the_file_says():
    assert load({"policy/lifecycle": "no_sql"}).policy.qualifying_talk is False
    assert load({"policy/lifecycle": "no_sql", "policy/qualifying_talk": True}).policy.qualifying_talk is True
    booked = load({"policy/lifecycle": "booked_meeting"}).policy
    assert (booked.handed_over, booked.self_scheduling) == ("booked", True)


def test_the_tables_given_stay_as_they_are():
    tables = with_({"policy/sla/attempts": 0, "policy/scoring/tier_b_above": 30})
    told(tables)
    assert tables == with_({"policy/sla/attempts": 0, "policy/scoring/tier_b_above": 30})


def test_another_policy_is_checked_anew():
    scenario = load()
    policy = scenario.policy.model_copy(update={"headcount": {"sdr": 2}})
    with pytest.raises(InputError, match=r"policy\.headcount\.sdr: no such role"):
        scenario.with_policy(policy)
    longer = scenario.policy.model_copy(update={"cool_off": Duration(10, "d")})
    assert scenario.with_policy(longer).policy == longer
    assert scenario.with_policy(longer).market is scenario.market


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_loads(path: Path):
    from funnelsim.metrics import MEASURES

    assert load_scenario(path, measures=MEASURES).name == path.stem
