"""When nobody fills a role, read off the team by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from click.testing import CliRunner

from funnelsim.calendar import DAY_MS
from funnelsim.cli.shell import funnelsim
from funnelsim.config.dump import dump_toml
from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.config.values import plain_tables
from funnelsim.lab.vacancies import vacancies

from .small import small


def staffed(*reps: dict[str, Any], **more: Any) -> Scenario:
    """Return the small scenario, 80 days from 15 September 2025, with these reps."""
    tables = plain_tables(small(time_zone="UTC"))
    tables["team"] = {**tables["team"], "reps": [{"role": "sales", **rep} for rep in reps]}
    return scenario_from({**tables, **more}, where="a.toml")


def spans(scenario: Scenario) -> list[tuple[int, int, str]]:
    return [(v.since // DAY_MS, v.until // DAY_MS, v.event) for v in vacancies(scenario)]


def test_a_role_with_somebody_who_stays_is_never_vacant():
    assert spans(staffed({}, {"leaves": dt.date(2025, 9, 20)})) == []


def test_a_role_is_vacant_between_the_last_who_leaves_and_the_next_who_joins():
    scenario = staffed(
        {"starts": "2025-09-17", "leaves": "2025-09-25"},
        {"starts": "2025-09-24", "leaves": "2025-10-01"},
        {"starts": "2025-10-11", "leaves": "2025-10-15"},
    )
    # Day 0 is 15 September, day 16 is 1 October, and the run ends after 80 days.
    assert spans(scenario) == [(0, 2, ""), (16, 26, ""), (30, 80, "")]
    assert vacancies(scenario)[1].in_words().startswith(
        "nobody fills the role 'sales' from 2025-10-01 to 2025-10-11: leads wait without an owner"
    )


def test_who_joins_on_the_day_on_which_the_other_leaves_leaves_no_gap():
    assert spans(staffed({"leaves": "2025-10-01"}, {"starts": "2025-10-01"})) == []


def test_an_uncertain_event_is_named_and_what_is_written_is_told_once():
    events = {
        "both_leave": {"probability": 0.1, "away": [{"role": "sales", "reps": 2, "starts": "2025-10-01"}]},
        "flu": {"probability": 0.1, "away": [{"role": "sales", "starts": "2025-10-01", "ends": "2025-10-05"}]},
    }
    scenario = staffed({"count": 2, "starts": "2025-09-16"}, uncertain={"events": events})

    assert spans(scenario) == [(0, 1, ""), (16, 80, "both_leave")]
    assert vacancies(scenario)[1].in_words().startswith("in the event 'both_leave' nobody fills the role 'sales' from")


def test_check_warns_of_it(tmp_path):
    path = tmp_path / "gone.toml"
    path.write_text(dump_toml(staffed({"count": 9, "leaves": "2025-10-01"})), encoding="utf-8")

    told = CliRunner().invoke(funnelsim, ["check", str(path)])

    assert told.exit_code == 0
    assert f"warning: {path}: nobody fills the role 'sales' from 2025-10-01 to the end: " in told.stderr
