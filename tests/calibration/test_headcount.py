"""Who was at work, read off attempts, and the team that this makes."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from calibration.scenes_backtest import history_of_replication, scenario
from funnelsim.calibration.headcount import attendance, team_of
from funnelsim.calibration.history import TouchTable
from funnelsim.config.team import parse_days_off
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

    assert found.reps() == [0, 1]
    assert found.day[found.rep == 0].tolist() == [0, 7, 14, 21, 28, 35]
    assert found.attempts[found.rep == 1].tolist() == [12] * 30
    assert set(found.last[found.rep == 1].tolist()) == {12 * HOUR + 45 * MINUTE}
    assert 3 in attendance(history_with(ROWS), least_attempts=2).day[:7].tolist()


def test_the_team_has_the_days_and_hours_that_were_worked():
    team = team_of(history_with(ROWS), scenario().team)

    assert [group.name for group in team.reps] == ["Max", "Zoe"]  # who was there most comes first
    # Max: from his median first attempt to a quarter of an hour after his median last one.
    assert team.reps[0].hours == ["Mon-Sun 10:00-13:00"]
    # Zoe begins at 9:00 and 10:00 in turn, so at 9:30 in the middle, and makes her last call 1:45 h later.
    assert team.reps[1].hours == ["Mon-Sun 09:30-11:30"]
    away = {day for text in team.reps[1].days_off for day in days_of(text)}
    mondays = {dt.date(2025, 1, 6) + dt.timedelta(weeks=w) for w in range(10)}
    run = {dt.date(2025, 1, 6) + dt.timedelta(days=d) for d in range(70)}
    assert away == run - mondays  # after the history she keeps to her Mondays


def days_of(text):
    first, last = parse_days_off(text)
    return {first + dt.timedelta(days=d) for d in range((last - first).days + 1)}


def test_a_rep_whose_name_the_scenario_knows_keeps_its_hours_and_only_its_days_are_read():
    company, history = scenario(), history_of_replication(2)

    team = team_of(history, company.team)

    known = {group.name: group for group in company.team.reps}
    assert {group.name for group in team.reps} == {"Ann", "Bo", "Cy"}
    for group in team.reps:
        assert group.hours == known[group.name].hours
        assert group.starts is None
    bo = next(group for group in team.reps if group.name == "Bo")
    away = {day for text in bo.days_off for day in days_of(text)}
    assert {dt.date(2025, 1, 27) + dt.timedelta(days=d) for d in range(5)} <= away  # the week off


def test_without_touches_or_reps_it_says_so():
    history = history_with(ROWS)
    with pytest.raises(InputError, match="are needed to count who was at work"):
        attendance(dataclasses.replace(history, touches=None))
    with pytest.raises(InputError, match="no rep made 500 attempts on any day"):
        attendance(history, least_attempts=500)
    with pytest.raises(InputError, match="no rep was at work on 3 days"):
        team_of(history_with([(0, 0, 9.0, 8)]), scenario().team)
