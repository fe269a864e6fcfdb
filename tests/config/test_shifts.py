"""Shifts of single days: what is written, what is refused, and that whoever is away does not work them."""

from __future__ import annotations

import datetime as dt

import pytest

from funnelsim.config.load import scenario_from
from funnelsim.config.state import _without
from funnelsim.config.team import Reps, parse_shift
from funnelsim.config.uncertain import Absence
from funnelsim.errors import InputError


def test_a_shift_is_a_date_with_opening_times():
    assert parse_shift(" 2025-12-24  9:00 - 13:30") == (dt.date(2025, 12, 24), 540, 810)


@pytest.mark.parametrize(
    "text",
    ["2025-12-24", "Wed 09:00-13:00", "2025-02-30 09:00-13:00", "2025-12-24 13:00-09:00", "24.12.2025 9:00-10:00"],
)
def test_what_is_no_shift_is_refused_with_what_was_written(text: str):
    with pytest.raises(ValueError, match=text.split()[-1]):
        parse_shift(text)


def test_two_shifts_of_one_day_may_not_overlap():
    with pytest.raises(ValueError, match="shifts overlap on 2025-12-24"):
        Reps(role="bdr", shifts=["2025-12-24 12:00-15:00", "2025-12-24 09:00-13:00"])
    assert Reps(role="bdr", shifts=["2025-12-24 13:00-15:00", "2025-12-24 09:00-13:00"]).shifts


def test_a_faulty_shift_in_a_file_is_named_with_its_key():
    tables = {"team": {"reps": [{"role": "sales", "shifts": ["tomorrow 9:00-12:00"]}]}}
    with pytest.raises(InputError) as refused:
        scenario_from(tables, where="a.toml")
    assert any("team.reps.0.shifts" in fault.key for fault in refused.value.faults)


def test_whoever_is_away_does_not_work_the_shifts_of_these_days():
    """Away from the 10th to the 12th: of three shifts those of the 9th and the 13th stay; the other rep keeps all."""
    shifts = [f"2025-03-{day:02d} 09:00-12:00" for day in (9, 11, 13)]
    absence = Absence(role="bdr", reps=1, starts=dt.date(2025, 3, 10), ends=dt.date(2025, 3, 12))
    away, stays = _without([{"role": "bdr", "count": 2, "shifts": shifts}], absence)

    assert away["shifts"] == [shifts[0], shifts[2]]
    assert stays["shifts"] == shifts
