"""Capacity and cadence as practised, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import scenes_fit as scenes
from calibration.scenes_fit import DAY, HOUR
from funnelsim.calibration.fit_practice import cadence, fit_practice, pace, seats
from funnelsim.config.team import parse_hours

MINUTE = 60_000


def team(days: int, at_work) -> object:
    """Return a history in which `at_work(rep, day)` says who made six calls between 09:00 and 16:30 on a day."""
    rows = [
        (day * DAY + 9 * HOUR + k * 90 * MINUTE, rep)
        for day in range(days)
        for rep in range(3)
        if at_work(rep, day)
        for k in range(6)
    ]
    rows.sort()
    at, rep = np.array(rows).T
    return scenes.history(
        scenes.leads(np.zeros(at.size)), scenes.touches(np.arange(at.size), at, np.zeros(at.size), rep=rep), days=days
    )


def rep_days(groups: list[dict], weekday: int) -> int:
    return sum(any(d == weekday for text in g["hours"] for d, _, _ in parse_hours(text)) for g in groups)


def test_as_many_are_at_work_on_each_weekday_as_were():
    """Ann and Bo from Monday to Friday, Cy from Wednesday to Sunday: 2 2 3 3 3 1 1. The next call would be at 18:00."""
    history = team(56, lambda rep, day: (day % 7 < 5) if rep < 2 else (day % 7 >= 2))
    groups = seats(history)

    assert len(groups) == 3
    assert [rep_days(groups, d) for d in range(7)] == [2, 2, 3, 3, 3, 1, 1]
    assert all("starts" not in g and "days_off" not in g for g in groups)
    for group in groups:
        for text in group["hours"]:
            assert all((a, b) == (9 * 60, 18 * 60) for _, a, b in parse_hours(text))


def test_somebody_who_joins_half_way_is_a_seat_that_starts():
    groups = seats(team(112, lambda rep, day: day % 7 < 5 and (rep < 2 or day >= 56)))
    starts = [g["starts"] for g in groups if "starts" in g]

    assert len(groups) == 3
    assert len(starts) == 1
    assert abs((starts[0] - seats_first()).days - 56) <= 7


def seats_first():
    return scenes.history(scenes.leads([0]), days=1).first_day


def test_somebody_who_leaves_is_a_seat_that_ends():
    groups = seats(team(112, lambda rep, day: day % 7 < 5 and (rep < 2 or day < 56)))

    assert [len(g.get("days_off", [])) for g in groups] == [0, 0, 1]


def test_nobody_with_five_attempts_a_day_leaves_the_team_assumed():
    calls = scenes.touches([0, 1], [HOUR, 2 * HOUR], [False, False])
    found = fit_practice(scenes.history(scenes.leads([0, 0]), calls, days=7))

    assert not found.parameters
    assert found.assumed[0].path == "team.reps"


def test_cadence_is_counted_before_and_after_the_contact():
    """Three leads: given up after two; reached at the second and called once more; never called."""
    calls = scenes.touches(
        [0, 0, 1, 1, 1], [HOUR, 25 * HOUR, HOUR, 11 * HOUR, 107 * HOUR], [False, False, False, True, False]
    )
    given = cadence(scenes.history(scenes.leads([0, 0, 0]), calls, days=30))

    assert given.given_up_after.tolist() == [0.0, 1.0] + [0.0] * 10
    assert (given.attempts_unreached, given.attempts_reached) == (2.0, 3.0)
    assert given.gap_hours[1] == 17.0  # of 24 and 10
    assert given.gap_after_talk_hours == (96.0, 96.0, 96.0)
    assert given.uncalled_share == pytest.approx(1 / 3)


def test_pace_is_from_start_to_start_and_from_the_end_of_a_talk():
    at = np.array([9 * HOUR, 9 * HOUR + 10 * MINUTE, 9 * HOUR + 40 * MINUTE])
    calls = scenes.touches([0, 1, 2], at, [False, True, False], minutes=np.array([0.0, 12.0, 0.0]))
    speed = pace(scenes.history(scenes.leads([0, 0, 0]), calls, days=7))

    assert (speed.unanswered_p50, speed.after_talk_p50, speed.n) == (10.0, 18.0, 2)
