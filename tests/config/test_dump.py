"""A scenario written as TOML is the same scenario; its digest knows what can change a number."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.scenes import load, put, small
from funnelsim.config.dump import dump_toml, scenario_digest
from funnelsim.config.load import load_scenario, scenario_from
from funnelsim.config.paths import with_values
from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.toml import parse_toml

CONFIGS = sorted((Path(__file__).parents[2] / "configs").rglob("*.toml"))


def read(text: str) -> Scenario:
    return scenario_from(parse_toml(text.encode(), where="dumped"), where="dumped")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_goes_there_and_back(path: Path):
    scenario = load_scenario(path)
    for full in (False, True):
        again = read(dump_toml(scenario, full=full))
        assert again == scenario
        assert list(again.market.offers) == list(scenario.market.offers)  # their order numbers them
        assert list(again.market.channels) == list(scenario.market.channels)
        assert scenario_digest(again) == scenario_digest(scenario)
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario  # how it goes to other processes


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "policy/scoring/cutoff": st.floats(-1e6, 1e6),
            "policy/scoring/intent_cap": st.sampled_from(["none", 80.0, 12.5]),
            "policy/lifecycle": st.sampled_from(["six_stage", "no_sql", "three_stage", "booked_meeting"]),
            "policy/callbacks": st.booleans(),
            "policy/qualifying_talk": st.booleans(),
            "policy/sla/gap": st.floats(1, 1e4).map(lambda hours: f"{hours:f}h"),
            "policy/sla/A/touches": st.lists(st.sampled_from(["call", "email"]), min_size=1, max_size=4),
            "market/deal/win_tau": st.sampled_from(["none", "5d"]),
            "market/deal/patience": st.sampled_from(["none", {"mean": "3d"}]),
            "market/channels/web/shape": st.just({"trend_per_year": 0.25}),
            "market/channels/web/bursts": st.just([{"date": dt.date(2025, 3, 1), "multiplier": 2.5}]),
            "market/effort/preparation_needed": st.just({"form": "fixed", "mean": "5min"}),
            "team/reps/0/starts": st.dates(dt.date(2024, 1, 1), dt.date(2026, 1, 1)),
            "search/variables": st.just(
                {"sla.attempts": {"low": 2, "high": 9}, "scoring.fit_weight": {"choices": [1, 2.5]}}
            ),
            "run/time_zone": st.sampled_from(["UTC", "Europe/Berlin"]),
            "title": st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20),
        },
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sound_scenario_goes_there_and_back(changes: dict[str, Any]):
    scenario = load(changes)
    assert read(dump_toml(scenario)) == scenario
    assert read(dump_toml(scenario, full=True)) == scenario


def test_only_what_differs_from_the_defaults_is_written():
    text = dump_toml(load({"policy/scoring/cutoff": 55}))
    assert "cutoff = 55.0" in text
    assert "half_life" not in text
    assert "half_life" in dump_toml(load(), full=True)


def test_a_value_that_a_preset_would_change_is_written():
    """qualifying_talk = true is the field's default, but not that of the lifecycle no_sql."""
    assert "qualifying_talk = true" in dump_toml(load({"policy/lifecycle": "no_sql", "policy/qualifying_talk": True}))
    assert "qualifying_talk" not in dump_toml(load({"policy/lifecycle": "no_sql"}))


def test_the_digest_knows_what_can_change_a_number():
    base = scenario_digest(load())
    assert base == scenario_digest(load())
    assert len(base) == 64
    assert base == scenario_digest(load({"name": "other", "title": "in other words"}))
    assert base == scenario_digest(load({"policy/scoring/cutoff": 40}))  # the default, written out
    assert base != scenario_digest(load({"policy/scoring/cutoff": 40.000001}))
    assert base != scenario_digest(load({"run/seed": 2}))


def test_the_digest_knows_the_order_of_what_is_numbered():
    turned = small()
    turned["market"]["offers"] = dict(reversed(turned["market"]["offers"].items()))
    assert scenario_digest(scenario_from(turned, where="a")) != scenario_digest(load())
    fields = small()
    fields["market"]["channels"]["web"] = dict(reversed(fields["market"]["channels"]["web"].items()))
    assert scenario_digest(scenario_from(fields, where="a")) == scenario_digest(load())


def test_a_policy_found_by_a_search_can_be_written_and_read():
    scenario = load()
    policy = with_values(Policy(), {"sla.gap": "13.4827364512h", "scoring.cutoff": 51.372891, "sla.A.attempts": 9})
    assert read(dump_toml(scenario.with_policy(policy))).policy == policy


def test_the_file_name_is_the_name_where_the_file_has_none(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps(small()), encoding="utf-8")
    assert load_scenario(path).name == "mine"
    path.write_text(tomli_w.dumps(put(small(), "name", "yours")), encoding="utf-8")
    assert load_scenario(path).name == "yours"
