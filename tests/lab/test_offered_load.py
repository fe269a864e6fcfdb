"""Offered load against closed forms, a count by hand, and the engine with more reps than work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from funnelsim.calendar import Clock
from funnelsim.config.load import load_scenario, scenario_from
from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario
from funnelsim.lab.load import RoleLoad, offered_load
from funnelsim.lab.play import draw, play
from funnelsim.records import Row

CONFIGS = Path(__file__).parents[2] / "configs"
WEEK_MS = 7 * 86_400_000


def test_an_mm3_desk_is_offered_ten_erlang_hours_in_four():
    """10 calls an hour of 15 minutes: 2.5 reps' worth of 3, 420 h of 504 a week."""
    scenario = load_scenario(CONFIGS / "oracles" / "mm3.toml")
    leads = draw(scenario, 0)
    (load,) = offered_load(scenario, leads=leads)
    assert (load.role, load.reps) == ("sales", 3)
    assert load.open_hours_per_week == pytest.approx(504.0)
    # A sum of N exponential lengths, N Poisson, seen through every fifth lead: relative variance 2 / (N / 5).
    measured = 240 * 365
    assert abs(load.offered_hours_per_week / 420 - 1) < 4 * (2 / (measured / 5)) ** 0.5


def test_the_capacity_oracle_counted_by_hand():
    """Every lead is called six times, six minutes each, on the first day; four reps have 80 h each in two weeks."""
    scenario = load_scenario(CONFIGS / "oracles" / "capacity_1066.toml")
    leads = draw(scenario, 0)
    (load,) = offered_load(scenario, leads=leads)
    assert load.offered_hours_per_week == pytest.approx(leads.n * 6 * 0.1 / 2)
    assert load.open_hours_per_week == 160.0
    assert load.cannot_keep_up


def engine_hours(scenario: Scenario, reps: int) -> dict[str, float]:
    """Return the hours of work a week, begun in the measured window, that `reps` reps of each role are given."""
    roles = {scenario.team.touch_role, scenario.team.close_role}
    many = with_values(scenario.policy, {f"headcount.{role}": reps for role in roles})
    played = play(scenario.with_policy(many), draw(scenario, 0))
    log, clock = played.touches, Clock.of(scenario.run)
    work = (log.kind <= Row.DEAL_WORK) & (log.start >= clock.measured_from) & (log.start < clock.measured_until)
    team = played.roster.team[np.maximum(log.rep, 0)]
    weeks = (clock.measured_until - clock.measured_from) / WEEK_MS
    return {
        role: float((log.end - log.start)[work & (team == t)].sum()) / 3_600_000 / weeks
        for t, role in enumerate(played.roster.team_names)
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lifecycle": "no_sql"},
        {"lifecycle": "three_stage"},
        {"lifecycle": "booked_meeting"},
        {"self_scheduling": True, "sla.touches.1": "email", "sla.attempts": 5},
        {"routing.recycles": 2, "sla.window": "4d"},
    ],
    ids=str,
)
def test_it_is_the_work_of_an_engine_with_more_reps_than_work(changes: dict[str, Any]):
    """Within 4 %: what is left is waiting, the slot grid, and work at the edges of the window."""
    quick = load_scenario(CONFIGS / "quickstart.toml")
    scenario = quick.with_policy(with_values(quick.policy, changes))
    for load in offered_load(scenario):
        assert load.offered_hours_per_week == pytest.approx(engine_hours(scenario, 40)[load.role], rel=0.04)


def test_both_roles_of_six_stage():
    scenario = load_scenario(CONFIGS / "six_stage.toml")
    loads = offered_load(scenario)
    assert [load.role for load in loads] == ["bdr", "ae"]
    hours = engine_hours(scenario, 40)
    for load in loads:
        assert load.offered_hours_per_week == pytest.approx(hours[load.role], rel=0.03)


def test_open_hours_count_ramp_starts_and_days_off():
    tables = {
        "market": {"channels": {"c": {"visitors_per_day": 1.0, "offers": {"o": 1.0}}}, "offers": {"o": {}}},
        "team": {
            "touch_role": "s",
            "close_role": "s",
            "reps": [
                {"role": "s"},
                {"role": "s", "days_off": ["2025-01-06..2025-01-10"]},
                {"role": "s", "starts": "2025-01-13", "ramp": [{"after_days": 0, "productivity": 0.5}]},
            ],
        },
        "run": {"start": "2025-01-06", "warmup_days": 0, "horizon_days": 14, "followup_days": 14},
    }
    (load,) = offered_load(scenario_from(tables, where="a"))
    # Two weeks: 80 h, 40 h, and 40 h at half speed.
    assert load.open_hours_per_week == pytest.approx((80 + 40 + 20) / 2)


def test_a_load_in_words():
    load = RoleLoad("bdr", 1, 1200.0, 800.0)
    assert load.cannot_keep_up
    assert load.in_words() == (
        "the role 'bdr' cannot keep up: 1,200.0 h of work a week are offered to 1 rep with 800.0 h (load 1.50)"
    )
    assert not RoleLoad("ae", 2, 800.0, 800.0).cannot_keep_up
    assert RoleLoad("ae", 2, 1.0, 0.0).cannot_keep_up
    assert RoleLoad("ae", 2, 0.0, 0.0).ratio == 0.0
