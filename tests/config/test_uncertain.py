"""What is uncertain is checked like everything else, and a state of the world is what the section says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from funnelsim.config.dump import dump_toml, scenario_digest
from funnelsim.config.load import load_scenario, scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State, in_state
from funnelsim.config.toml import parse_toml
from funnelsim.config.values import by_path, places, plain_tables
from funnelsim.errors import InputError
from funnelsim.records import NEVER
from funnelsim.roster import build_roster
from lab.small import small

DEMAND = "market.channels.*.visitors_per_day"


def uncertain(**section: Any) -> Scenario:
    """Return the small scenario with this section."""
    return scenario_from({**plain_tables(small()), "uncertain": section}, where="a.toml")


def faults_of(**section: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        uncertain(**section)
    return [str(fault) for fault in caught.value.faults]


def test_a_factor_multiplies_what_the_file_says_at_every_place():
    found = uncertain(ranges={DEMAND: {"factor": [0.7, 1.3]}})

    for level, factor in ((0.0, 0.7), (0.5, 1.0), (1.0, 1.3)):
        channels = in_state(found, State("s", {DEMAND: level})).market.channels
        assert channels["website"].visitors_per_day == pytest.approx(250 * factor, rel=1e-12)
        assert channels["ads"].visitors_per_day == pytest.approx(150 * factor, rel=1e-12)


def test_an_interval_replaces_it_numbers_durations_and_whole_numbers():
    ranges = {
        "market.reach.mu": {"low": -1.0, "high": 0.0},
        "market.effort.call.mean": {"low": "8min", "high": "16min"},
        "team.reps.0.count": {"low": 3, "high": 5},
    }
    found = in_state(uncertain(ranges=ranges), State("s", dict.fromkeys(ranges, 0.25)))

    assert found.market.reach.mu == -0.75
    assert str(found.market.effort.call.mean) == "10min"
    assert found.team.reps[0].count == 4  # 3.5, half to even


def test_a_draw_comes_first_and_a_factor_multiplies_it():
    found = uncertain(ranges={"market.reach.mu": {"low": -1.0, "high": 0.0}, DEMAND: {"factor": [1.0, 2.0]}})
    draw = {"market.channels.ads.visitors_per_day": 10.0, "market.reach.mu": 3.0, "market.reach.sigma": 1.1}

    market = in_state(found, State("s", {DEMAND: 1.0, "market.reach.mu": 1.0}, draw=draw)).market

    assert market.channels["ads"].visitors_per_day == 20.0
    assert (market.reach.mu, market.reach.sigma) == (0.0, 1.1)


def test_an_event_changes_the_fields_it_names_and_only_where_it_happens():
    found = uncertain(events={"a rival": {"probability": 0.2, "values": {"market.deal.win_at_once": 0.3}}})

    assert in_state(found, State("calm")).market == small().market
    assert in_state(found, State("s", events=frozenset({"a rival"}))).market.deal.win_at_once == 0.3


def test_who_is_away_has_no_shift_from_that_day_on_and_keeps_name_and_number():
    away = {"role": "sales", "reps": 2, "starts": "2025-10-01", "ends": "2025-10-31"}
    found = in_state(
        uncertain(events={"flu": {"probability": 0.2, "away": [away]}}), State("s", events=frozenset({"flu"}))
    )

    before, after = build_roster(small()), build_roster(found)
    assert after.names == before.names == tuple(f"sales {n}" for n in (1, 2, 3, 4))
    # 23 working days in October 2025; the two others work as ever.
    lost = [b.opens.size - a.opens.size for b, a in zip(before.calendars, after.calendars, strict=True)]
    assert lost == [23, 23, 0, 0]
    assert after.business_day_ms == before.business_day_ms


def test_who_leaves_does_not_come_back():
    away = {"role": "sales", "starts": "2025-10-01"}
    found = in_state(
        uncertain(events={"gone": {"probability": 0.2, "away": [away]}}), State("s", events=frozenset({"gone"}))
    )
    days_after_the_start = (dt.date(2025, 10, 1) - found.run.start).days
    roster = build_roster(found)

    assert int(roster.calendars[0].closes.max()) < days_after_the_start * 86_400_000
    assert roster.leaves.tolist() == [days_after_the_start * 86_400_000, NEVER, NEVER, NEVER]
    assert roster.names == build_roster(small()).names
    assert not any(group.days_off for group in found.team.reps)


@pytest.mark.parametrize(("headcount", "leavers"), [(1, 1), (3, 2), (4, 2), (7, 2)])
def test_of_another_headcount_the_same_reps_leave_and_who_is_hired_stays(headcount: int, leavers: int):
    away = {"role": "sales", "reps": 2, "starts": "2025-10-01"}
    given = {**plain_tables(small()), "uncertain": {"events": {"gone": {"probability": 0.2, "away": [away]}}}}
    given["policy"] = {**given["policy"], "headcount": {"sales": headcount}}
    found = in_state(scenario_from(given, where="a.toml"), State("s", events=frozenset({"gone"})))

    assert (build_roster(found).leaves < NEVER).tolist() == [True] * leavers + [False] * (headcount - leavers)


def test_who_leaves_sooner_anyhow_leaves_then_and_who_joins_later_cannot_leave():
    team = plain_tables(small())["team"]
    for dates, leaves in (({"leaves": "2025-09-20"}, "2025-09-20"), ({"leaves": "2025-12-20"}, "2025-10-01")):
        reps = [{**team["reps"][0], "count": 1, **dates}, {"role": "sales"}]
        away = {"role": "sales", "starts": "2025-10-01"}
        given = {**plain_tables(small()), "team": {**team, "reps": reps}}
        given["uncertain"] = {"events": {"gone": {"probability": 0.2, "away": [away]}}}
        found = in_state(scenario_from(given, where="a.toml"), State("s", events=frozenset({"gone"})))
        assert [str(group.leaves) for group in found.team.reps] == [leaves, "None"]
    given["team"]["reps"][0] = {"role": "sales", "starts": "2025-11-01"}

    with pytest.raises(InputError, match=r"team\.reps\.0\.leaves: must be after starts, got 2025-11-01 and 2025-10-01"):
        scenario_from(given, where="a.toml")


def test_a_state_has_nothing_uncertain_and_nothing_to_search_and_meets_the_policy_in_force():
    found = in_state(uncertain(ranges={DEMAND: {"factor": [0.7, 1.3]}}), State("s", {DEMAND: 0.0}))

    assert not found.uncertain.anything
    assert found.search.variables == {}
    assert (found.policy, found.run) == (small().policy, small().run)


def test_every_fault_is_told_with_its_place():
    told = faults_of(
        ranges={
            "market.chanels.*.visitors_per_day": {"factor": [0.7, 1.3]},
            "policy.scoring.cutoff": {"low": 1, "high": 2},
            "market.reach": {"factor": [1.0, 2.0]},
            "market.offers.demo.ready_later": {"factor": [1.0, 2.0]},
            "market.effort.call.mean": {"low": 1, "high": 2},
            "market.sync_delay": {"factor": [1.0, 2.0]},
        },
        events={
            "c": {
                "probability": 0.5,
                "away": [
                    {"role": "sale", "starts": "2025-03-01"},
                    {"role": "sales", "reps": 9, "starts": "2025-03-01"},
                ],
                "values": {"team.rep.0.count": 3},
            }
        },
    )

    at = "a.toml: uncertain."
    assert told == [
        f"{at}ranges.market.chanels.*.visitors_per_day: market has no 'chanels'; did you mean 'channels'?",
        f"{at}ranges.policy.scoring.cutoff: must lie in the world (market, team, economics); "
        "what is chosen is not uncertain",
        f"{at}ranges.market.reach: market.reach is not one number; name one of its own: market.reach.NAME",
        f"{at}ranges.market.offers.demo.ready_later: at high end a rule is broken: market.offers.demo.ready_later: "
        "must not exceed 1 with ready_at_arrival, got 0.9 and 0.15",
        f"{at}ranges.market.effort.call.mean: market.effort.call.mean is a duration, which low and high must be too",
        f"{at}ranges.market.sync_delay: market.sync_delay has no value to multiply; give low and high",
        f"{at}events.c.values.team.rep.0.count: team has no 'rep'; did you mean 'reps'?",
        f"{at}events.c.away.0.role: nobody fills the role 'sale' (roles of team.reps: sales); did you mean 'sales'?",
        f"{at}events.c.away.1.reps: must be at most the 4 that team.reps has, got 9",
    ]


@pytest.mark.parametrize(
    ("section", "rule"),
    [
        ({"states": 12}, "must be a power of two"),
        ({"worst_share": 0.0}, "must be > 0"),
        ({"ranges": {"market.reach.mu": {"low": 1.0}}}, "give both low and high, or factor"),
        ({"ranges": {"market.reach.mu": {"low": 1.0, "high": 1.0}}}, "must be below high"),
        ({"ranges": {"market.reach.mu": {"low": 1.0, "high": 2.0, "factor": [1.0, 2.0]}}}, "either low and high"),
        ({"ranges": {"market.reach.mu": {"factor": [2.0, 1.0]}}}, "must rise"),
        ({"ranges": {"market.reach.tau": {"low": "1h", "high": 2.0}}}, "both be durations"),
        ({"events": {"e": {"probability": 1.0, "values": {"market.reach.mu": 1.0}}}}, "must be < 1"),
        ({"events": {"e": {"probability": 0.5}}}, "must change something"),
        ({"events": {"e": {"probability": 0.5, "values": {"market.reach.sigma": -1.0}}}}, "at this event a rule"),
        ({"criterion": "mean"}, "must be one of"),
    ],
)
def test_rules_within_the_section(section: dict[str, Any], rule: str):
    told = faults_of(**section)

    assert len(told) == 1
    assert rule in told[0]


def test_the_section_is_written_and_read_back_and_counts_only_where_it_says_something():
    found = uncertain(
        ranges={DEMAND: {"factor": [0.7, 1.3], "name": "demand"}, "market.reach.tau": {"low": "0.1h", "high": "0.3h"}},
        events={"gone": {"probability": 0.2, "away": [{"role": "sales", "starts": "2025-10-01"}]}},
        criterion="cvar",
    )
    again = scenario_from(parse_toml(dump_toml(found).encode(), where="b"), where="b")

    assert again.uncertain == found.uncertain
    assert scenario_digest(again) == scenario_digest(found) != scenario_digest(small())
    assert scenario_digest(uncertain(states=64)) == scenario_digest(small())


def test_a_file_of_draws_is_looked_for_beside_the_scenario(tmp_path):
    (tmp_path / "a").mkdir()
    text = dump_toml(small()) + '\n[uncertain]\nposterior = "draws.csv"\n'
    (tmp_path / "a" / "a.toml").write_text(text, encoding="utf-8")

    found = load_scenario(tmp_path / "a" / "a.toml")

    assert found.uncertain.posterior == str((tmp_path / "a" / "draws.csv").resolve())


def test_paths_with_any_name():
    tables = {"a": {"x": {"v": 1}, "y": {"v": 2}, "z": {}}, "b": [{"v": 3}]}

    assert places(tables, "a.*.v") == ["a.x.v", "a.y.v"]
    assert places(tables, "b.*.v") == places(tables, "b.0.v") == ["b.0.v"]
    assert places(tables, "c.*") == places(tables, "a.x.v.w") == []
    assert by_path({"a": {"x": {"low": 1}, "y": {"low": 2}}}) == {"a.x": {"low": 1}, "a.y": {"low": 2}}
