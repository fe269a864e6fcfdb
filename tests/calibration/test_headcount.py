"""Who was at work, read off attempts, and the team that this makes."""

import dataclasses

import numpy as np
import pytest

from calibration.scenes_backtest import history_of_replication, scenario
from funnelsim.calibration.headcount import attendance
from funnelsim.calibration.history import TouchTable
from funnelsim.calibration.team import team_of
from funnelsim.config.team import parse_hours
from funnelsim.errors import InputError
from funnelsim.records import Row

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000


def history_with(rows):
    """Return a history whose attempts are (rep, day, first hour, attempts a quarter of an hour apart)."""
    base = history_of_replication(2)
    at = [day * DAY + int(hour * HOUR) + j * 15 * MINUTE for _, day, hour, n in rows for j in range(n)]
    rep = [rep for rep, _, _, n in rows for _ in range(n)]
    size = len(at)
    touches = TouchTable(
        lead=np.zeros(size, dtype=np.int64),
        at=np.array(at, dtype=np.int64),
        number=np.arange(1, size + 1, dtype=np.int32),
        calls=np.ones(size, dtype=np.int32),
        duration_ms=np.zeros(size, dtype=np.int64),
        connected=np.zeros(size, dtype=np.bool_),
        rep=np.array(rep, dtype=np.int16),
        kind=np.full(size, Row.CALL, dtype=np.int8),
    )
    return dataclasses.replace(base, reps=("Zoe", "Max", "Seldom"), touches=touches)


ROWS = [
    *((0, day, 9.0 + (day % 2), 8) for day in range(0, 42, 7)),  # Zoe: Mondays, from 9 and from 10 in turn
    *((1, day, 10.0, 12) for day in range(42) if day % 7 < 5),  # Max: every weekday, 10:00 to 12:45
    (0, 3, 9.0, 2),  # too few to count
    (2, 5, 9.0, 9),  # on one day only
]


def test_a_day_counts_from_so_many_attempts_on():
    found = attendance(history_with(ROWS))

    assert found.day[found.rep == 0].tolist() == [0, 7, 14, 21, 28, 35]
    assert found.attempts[found.rep == 1].tolist() == [12] * 30
    assert set(found.last[found.rep == 1].tolist()) == {12 * HOUR + 45 * MINUTE}
    assert 3 in attendance(history_with(ROWS), least_attempts=2).day[:7].tolist()


def test_of_a_team_with_few_attempts_a_day_fewer_are_enough():
    few = history_with([(0, day, 9.0, 4) for day in range(20)] + [(1, 3, 9.0, 1), (1, 5, 9.0, 4)])

    found = attendance(few)  # a busy day has four attempts: one is enough

    assert found.day[found.rep == 0].tolist() == list(range(20))
    assert found.day[found.rep == 1].tolist() == [3, 5]
    many = history_with([(0, day, 9.0, 30) for day in range(20)] + [(1, 3, 9.0, 4), (1, 5, 9.0, 5)])
    assert attendance(many).day[-1] == 5
    assert attendance(many).rep.tolist() == [0] * 20 + [1]


def test_the_team_is_the_history_s_in_number_and_the_scenario_s_in_cost():
    """Ann and Bo work five days a week, Cy three, so 2.5 are there on the mean weekday and nobody on Sundays."""
    company = scenario()
    team = team_of(history_of_replication(2), company.team)

    shifts = [span for group in team.reps for text in group.hours for span in parse_hours(text)]
    assert {group.role for group in team.reps} == {"sales"}
    assert {group.cost_per_hour for group in team.reps} == {company.team.reps[0].cost_per_hour}
    assert 10 <= len(shifts) <= 15
    assert len([day for day, _, _ in shifts if day == 6]) == 0
    assert all(8 * 60 <= opens < closes <= 19 * 60 for _, opens, closes in shifts)


def test_a_role_that_does_not_touch_leads_stays_as_it_is():
    base = scenario().team
    closers = base.reps[0].model_copy(update={"role": "ae", "name": "closer"})
    both = base.model_copy(update={"reps": [*base.reps, closers], "close_role": "ae"})

    team = team_of(history_of_replication(2), both)

    assert [group for group in team.reps if group.role == "ae"] == [closers]
    assert team.close_role == "ae"


def test_without_touches_or_reps_it_says_so():
    history = history_with(ROWS)
    with pytest.raises(InputError, match="are needed to count who was at work"):
        attendance(dataclasses.replace(history, touches=None))
    with pytest.raises(InputError, match="no rep made 500 attempts on any day"):
        attendance(history, least_attempts=500)
    with pytest.raises(InputError, match="are needed to count who was at work"):
        team_of(dataclasses.replace(history, touches=None), scenario().team)
