"""The rota of a history, counted by hand, and that a team read off plays a history better than typical weeks do."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from calibration import scenes_fit as scenes
from calibration.scenes_backtest import FIRST, LAST, history_of_replication, scenario
from calibration.scenes_fit import DAY, HOUR
from funnelsim.calibration import backtest as backtests
from funnelsim.calibration.backtest import backtest
from funnelsim.calibration.rota import rota
from funnelsim.calibration.sight import Look
from funnelsim.calibration.team import crew_of, team_as_it_was, team_of
from funnelsim.config.team import parse_shift


def company(days: int, calls_of) -> object:
    """Return a history in which `calls_of(rep, day)` says at which hours a rep called on a day."""
    made = sorted(
        (int(day * DAY + hour * HOUR), rep) for day in range(days) for rep in range(3) for hour in calls_of(rep, day)
    )
    at, rep = np.array(made).T
    return scenes.history(
        scenes.leads(np.zeros(at.size)), scenes.touches(np.arange(at.size), at, np.zeros(at.size), rep=rep), days=days
    )


HOURLY = [9.0, 10.0, 11.0, 12.0, 13.0, 14.0]


def test_a_shift_is_from_the_first_call_to_one_gap_after_the_last():
    """Six calls from 9:00 to 14:00, an hour apart: the next would have come at 15:00."""
    [ann] = rota(company(7, lambda rep, day: HOURLY if rep == 0 and day in (0, 3) else []))

    first = scenes.history(scenes.leads([0]), days=1).first_day
    assert [parse_shift(text) for text in ann["shifts"]] == [
        (first, 9 * 60, 15 * 60),
        (first + dt.timedelta(days=3), 9 * 60, 15 * 60),
    ]
    assert ann["days_off"] == [f"{first}..{first + dt.timedelta(days=6)}"]


def test_on_a_short_day_a_rep_is_there_as_long_as_usual_and_on_a_long_day_longer():
    """Three days of five to six calls end usually at 15:00; one ends at 11:20 + 20 min, one at 19:00 + 2 h at most."""
    short, late = [9.0, 10.0, 10.33, 10.67, 11.0, 11.33], [11.0, 12.0, 13.0, 14.0, 19.0]
    hours = {0: HOURLY, 1: HOURLY, 2: short, 3: HOURLY, 4: late}
    [ann] = rota(company(5, lambda rep, day: hours[day] if rep == 0 else []))

    ends = [parse_shift(text)[2] for text in ann["shifts"]]
    begins = [parse_shift(text)[1] for text in ann["shifts"]]
    assert ends == [15 * 60, 15 * 60, 15 * 60, 15 * 60, 21 * 60]
    assert begins == [9 * 60] * 5  # also on the fifth day, whose first call came at 11


def test_who_came_later_starts_later_and_who_is_gone_leaves():
    """Ann all eight weeks, Bo from day 28 on, Cy until day 20."""

    def calls(rep: int, day: int) -> list[float]:
        there = (True, day >= 28, day <= 20)[rep]
        return HOURLY if there and day % 7 < 5 else []

    ann, bo, cy = rota(company(56, calls))
    first = scenes.history(scenes.leads([0]), days=1).first_day

    assert "starts" not in ann
    assert "leaves" not in ann
    assert bo["starts"] == first + dt.timedelta(days=28)
    assert "leaves" not in bo
    assert cy["leaves"] == first + dt.timedelta(days=19)
    assert ann["hours"] == ["Mon-Fri 09:00-15:00"]


def test_without_touches_there_is_no_crew():
    assert crew_of(scenes.history(scenes.leads([0, 0]), days=3)) is None


@pytest.mark.slow
def test_the_rota_plays_a_history_better_than_typical_weeks(monkeypatch):
    """The true company but for its team: of 53 figures nine of ten lie inside under the true team. Eight histories."""
    shares = {}
    for name, team in (("weeks", team_of), ("rota", team_as_it_was)):
        monkeypatch.setattr(backtests, "team_as_it_was", team)
        found = [
            backtest(scenario(), history_of_replication(1000 + j), look=Look(FIRST, LAST), replications=19)
            for j in range(8)
        ]
        shares[name] = np.mean([one.share.value for one in found])

    assert shares["rota"] > 0.75
    assert shares["rota"] > shares["weeks"] + 0.1
