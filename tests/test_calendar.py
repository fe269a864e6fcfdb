"""Calendars and business time against timelines computed by hand, zoneinfo itself, and brute force."""

from __future__ import annotations

import datetime as dt
import doctest
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim import calendar as calendar_module
from funnelsim.calendar import (
    DAY_MS,
    HOUR_MS,
    MARGIN_DAYS,
    MINUTE_MS,
    BusinessClock,
    Calendar,
    Clock,
    add_business,
    business_between,
    midnight_of,
    open_before,
    open_intervals,
    union,
)
from funnelsim.config.run import Run
from funnelsim.config.team import parse_hours, parse_shift
from funnelsim.records import NEVER

OFFICE = "Mon-Fri 09:00-17:00"


def a_run(time_zone: str = "Europe/Berlin", *, start: str = "2025-01-06", days: int = 365) -> Run:
    return Run(
        start=dt.date.fromisoformat(start), time_zone=time_zone, warmup_days=0, horizon_days=days, followup_days=0
    )


def hours(
    *texts: str,
    run: Run,
    time_zone: str | None = None,
    holidays: str | None = None,
    days_off: list[tuple[dt.date, dt.date]] | None = None,
    starts: dt.date | None = None,
    shifts: list[str] | None = None,
) -> Calendar:
    return open_intervals(
        [span for text in texts for span in parse_hours(text)],
        time_zone=time_zone or run.time_zone,
        holidays=holidays,
        days_off=days_off or [],
        starts=starts,
        run=run,
        shifts=[parse_shift(text) for text in shifts or []],
    )


def at(days: int, hour: int, minute: int = 0, *, shift_hours: int = 0) -> int:
    """Return elapsed ms of a wall time `days` days after the start; `shift_hours` lost or won to daylight saving."""
    return days * DAY_MS + (hour + shift_hours) * HOUR_MS + minute * MINUTE_MS


def test_examples_in_the_docstrings():
    outcome = doctest.testmod(calendar_module)
    assert outcome.attempted >= 4
    assert outcome.failed == 0


def test_friday_afternoon_with_an_hour_is_due_on_monday():
    office = hours(OFFICE, run=a_run())
    assert add_business(office, at(4, 16, 59), 60 * MINUTE_MS) == at(7, 9, 59)


def test_a_term_that_ends_with_the_shift_is_due_at_its_closing():
    office = hours(OFFICE, run=a_run())
    assert add_business(office, at(4, 16), 60 * MINUTE_MS) == at(4, 17)


def test_no_time_is_due_at_once_even_when_closed():
    office = hours(OFFICE, run=a_run())
    assert add_business(office, at(5, 3), 0) == at(5, 3)
    assert add_business(office, at(5, 3), 1) == at(7, 9) + 1


def test_easter_is_no_working_time_in_germany_and_the_clocks_have_changed():
    """Thursday 17 April 2025 is day 101; Friday and Monday are holidays, so Tuesday, day 106, comes next."""
    office = hours(OFFICE, run=a_run(), holidays="DE")
    due = add_business(office, at(101, 16, 59, shift_hours=-1), 60 * MINUTE_MS)
    assert due == at(106, 9, 59, shift_hours=-1)


def test_a_part_of_a_country_keeps_its_own_holidays():
    """Epiphany, Monday 6 January 2025, is a holiday in Bavaria but not in Berlin."""
    assert hours(OFFICE, run=a_run(), holidays="DE-BE").opens[0] == at(0, 9)
    assert hours(OFFICE, run=a_run(), holidays="DE-BY").opens[0] == at(1, 9)


def test_a_holiday_on_a_weekend_is_kept_as_observed():
    """4 July 2026 is a Saturday; offices in the United States close on Friday 3 July."""
    run = a_run("America/New_York", start="2026-06-29", days=14)
    assert hours(OFFICE, run=run, holidays="US").opens[:5].tolist() == [at(d, 9) for d in (0, 1, 2, 3, 7)]


@pytest.mark.parametrize(
    ("zone", "start", "shift"),
    [
        ("Europe/Berlin", "2025-03-24", -1),
        ("Europe/Berlin", "2025-10-20", 1),
        ("America/New_York", "2025-03-03", -1),
        ("America/New_York", "2025-10-27", 1),
    ],
)
def test_over_the_sunday_on_which_the_clocks_change_office_hours_keep_their_wall_time(
    zone: str, start: str, shift: int
):
    """Each start is the Monday before a change in the night to Sunday, day 6."""
    run = a_run(zone, start=start, days=14)
    office = hours(OFFICE, run=run)
    assert add_business(office, at(4, 16, 59), 60 * MINUTE_MS) == at(7, 9, 59, shift_hours=shift)
    assert business_between(office, at(4, 16), at(7, 10, shift_hours=shift)) == 2 * HOUR_MS
    clock = Clock.of(run)
    assert clock.midnights[7] - clock.midnights[6] == (24 + shift) * HOUR_MS
    assert clock.end == 14 * DAY_MS + shift * HOUR_MS
    night = hours("Sun 00:00-06:00", run=run)
    assert night.closes[0] - night.opens[0] == (6 + shift) * HOUR_MS


def test_an_opening_that_the_clocks_skip_is_at_the_change():
    """On 30 March 2025 Berlin goes from 02:00 to 03:00: 02:30 does not exist."""
    run = a_run(start="2025-03-30", days=7)
    early = hours("Sun 02:30-06:00", run=run)
    assert (early.opens[0], early.closes[0]) == (2 * HOUR_MS, 5 * HOUR_MS)
    within = hours("Sun 02:15-02:45", run=run)
    assert within.opens[0] == at(7, 2, 15, shift_hours=-1)


def test_a_time_that_occurs_twice_is_its_first_occurrence():
    """On 26 October 2025 Berlin goes from 03:00 back to 02:00."""
    run = a_run(start="2025-10-26", days=7)
    split = hours("Sun 00:00-02:30", "Sun 02:30-06:00", run=run)
    assert (split.opens[0], split.closes[0]) == (0, 7 * HOUR_MS)
    assert hours("Sun 02:30-06:00", run=run).opens[0] == at(0, 2, 30)


def test_a_day_may_begin_at_one_o_clock():
    """In Cuba on 9 March 2025 the clocks go from 00:00 to 01:00; that day has 23 hours."""
    run = a_run("America/Havana", start="2025-03-08", days=7)
    clock = Clock.of(run)
    assert clock.midnights[:3].tolist() == [0, DAY_MS, DAY_MS + 23 * HOUR_MS]
    assert clock.to_datetime(DAY_MS).hour == 1
    sunday = hours("Sun 00:00-09:00", run=run)
    assert (sunday.opens[0], sunday.closes[0]) == (DAY_MS, DAY_MS + 8 * HOUR_MS)


def test_round_the_clock_is_one_interval_to_the_end_of_the_margin():
    run = a_run()
    always = hours("Mon-Sun 00:00-24:00", run=run)
    assert always.opens.tolist() == [0]
    assert always.closes.tolist() == [
        midnight_of(dt.date(2025, 1, 6) + dt.timedelta(365 + MARGIN_DAYS), time_zone=run.time_zone, run=run)
    ]
    assert add_business(always, int(always.closes[0]) - 5, 5) == always.closes[0]
    assert add_business(always, int(always.closes[0]) - 5, 6) == NEVER


def test_touching_intervals_are_joined():
    joined = hours("Mon-Fri 09:00-12:00", "Mon-Fri 12:00-17:00", run=a_run())
    whole = hours(OFFICE, run=a_run())
    assert np.array_equal(joined.opens, whole.opens)
    assert np.array_equal(joined.closes, whole.closes)


def test_reps_elsewhere_work_by_their_own_clock():
    """New York is six hours behind Berlin, five between its own change on 9 March and Berlin's on 30 March 2025."""
    run = a_run()
    new_york = hours("Mon-Sun 09:00-10:00", run=run, time_zone="America/New_York")
    hour_in_berlin = {d: Clock.of(run).to_datetime(int(new_york.opens[d])).hour for d in (0, 61, 62, 82, 83)}
    assert hour_in_berlin == {0: 15, 61: 15, 62: 14, 82: 14, 83: 15}


def test_a_local_day_that_began_before_the_run_is_cut_at_zero():
    """At midnight of 6 January in Los Angeles it is 21:00 in Auckland."""
    run = a_run("America/Los_Angeles")
    auckland = hours("Mon-Sun 20:00-22:00", run=run, time_zone="Pacific/Auckland")
    assert auckland.opens[:2].tolist() == [0, 23 * HOUR_MS]
    assert auckland.closes[:2].tolist() == [HOUR_MS, 25 * HOUR_MS]


def test_a_shift_stands_in_place_of_the_weekdays_hours_also_on_a_day_off():
    """Monday from 11 to 19 in place of 9 to 17; the day off on Tuesday is worked in two parts; Wednesday is as ever."""
    off = [(dt.date(2025, 1, 7), dt.date(2025, 1, 7))]
    own = ["2025-01-06 11:00-19:00", "2025-01-07 15:00-16:00", "2025-01-07 10:00-12:00"]
    found = hours(OFFICE, run=a_run(), days_off=off, shifts=own)

    assert found.opens[:4].tolist() == [at(0, 11), at(1, 10), at(1, 15), at(2, 9)]
    assert found.closes[:4].tolist() == [at(0, 19), at(1, 12), at(1, 16), at(2, 17)]


def test_nobody_works_a_shift_before_the_first_day():
    found = hours(OFFICE, run=a_run(), starts=dt.date(2025, 1, 8), shifts=["2025-01-07 10:00-12:00"])
    assert found.opens[0] == at(2, 9)


def test_a_shift_keeps_the_wall_clock_on_the_day_the_clocks_change():
    """The clocks go forward at 2:00 on Sunday 30 March 2025, day 83: 10:00 is nine hours after midnight."""
    found = hours("Mon 09:00-10:00", run=a_run(), shifts=["2025-03-30 10:00-11:00"])
    assert at(83, 10, shift_hours=-1) in found.opens.tolist()


def test_days_off_and_the_first_day_at_work():
    run = a_run()
    off = [(dt.date(2025, 1, 8), dt.date(2025, 1, 9)), (dt.date(2024, 12, 24), dt.date(2025, 1, 6))]
    assert hours(OFFICE, run=run, days_off=off).opens[:3].tolist() == [at(1, 9), at(4, 9), at(7, 9)]
    assert hours(OFFICE, run=run, starts=dt.date(2025, 1, 10)).opens[0] == at(4, 9)
    assert hours(OFFICE, run=run, starts=dt.date(2020, 1, 1)).opens[0] == at(0, 9)
    assert hours(OFFICE, run=run, starts=dt.date(2099, 1, 1)).opens.size == 0


def test_nothing_is_ever_due_where_nobody_works():
    closed = hours(OFFICE, run=a_run(), starts=dt.date(2099, 1, 1))
    assert add_business(closed, 5, 1) == NEVER
    assert business_between(closed, 0, DAY_MS) == 0
    assert open_before(closed, np.array([0, DAY_MS])).tolist() == [0, 0]


def test_the_clock_of_a_run():
    run = Run(start=dt.date(2025, 1, 6), time_zone="UTC", warmup_days=10, horizon_days=20, followup_days=5)
    clock = Clock.of(run)
    assert (clock.measured_from, clock.measured_until, clock.end) == (10 * DAY_MS, 30 * DAY_MS, 35 * DAY_MS)
    assert clock.midnights.tolist() == [d * DAY_MS for d in range(36)]
    assert clock.months == ("2025-01", "2025-02")
    assert clock.month_index(np.array([-1, 0, 26 * DAY_MS - 1, 26 * DAY_MS, clock.end])).tolist() == [-1, 0, 0, 1, 1]
    assert Clock.of(run) is clock


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana"]


@pytest.mark.parametrize("zone", ZONES)
def test_wall_times_agree_with_zoneinfo(zone: str):
    clock = Clock.of(a_run(zone, days=700))
    ms = np.random.default_rng(1).integers(0, clock.end, 2_000)
    moments = [clock.to_datetime(int(t)) for t in ms]
    assert clock.local_hour_of_week(ms).tolist() == [24 * m.weekday() + m.hour for m in moments]
    assert [clock.months[i] for i in clock.month_index(ms)] == [m.strftime("%Y-%m") for m in moments]
    assert [clock.from_datetime(m) for m in moments] == ms.tolist()
    assert all(str(m.tzinfo) == zone for m in moments)


@pytest.mark.parametrize("zone", ZONES)
def test_office_hours_agree_with_zoneinfo_on_every_day(zone: str):
    run = a_run(zone, days=700)
    office = hours(OFFICE, run=run)
    days = (run.start + dt.timedelta(days=d) for d in range(700 + MARGIN_DAYS))
    wall = [dt.datetime.combine(day, dt.time(9), ZoneInfo(zone)) for day in days if day.weekday() < 5]
    assert [Clock.of(run).from_datetime(w) for w in wall] == office.opens.tolist()


def test_the_union_is_open_when_anybody_is():
    a = Calendar(np.array([0, 10, 30]), np.array([5, 20, 40]))
    b = Calendar(np.array([5, 15, 50]), np.array([6, 30, 60]))
    both = union([a, b])
    assert both.opens.tolist() == [0, 10, 50]
    assert both.closes.tolist() == [6, 40, 60]
    assert union([]).opens.size == 0


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Return up to eight intervals within 0..80, apart from one another."""
    marks = sorted(draw(st.sets(st.integers(0, 80), min_size=2, max_size=16)))
    marks = marks[: len(marks) // 2 * 2]
    return Calendar(np.array(marks[::2], dtype=np.int64), np.array(marks[1::2], dtype=np.int64))


def open_instants(calendar: Calendar) -> list[int]:
    pairs = zip(calendar.opens.tolist(), calendar.closes.tolist(), strict=True)
    return [t for opens, closes in pairs for t in range(opens, closes)]


@given(calendars(), st.integers(-5, 90), st.integers(0, 60))
def test_adding_business_time_agrees_with_counting_it_out(calendar: Calendar, t: int, n: int):
    """After t, the n-th open ms [x, x + 1) ends at x + 1."""
    later = [x for x in open_instants(calendar) if x >= t]
    expected = t if n == 0 else later[n - 1] + 1 if n <= len(later) else NEVER
    assert BusinessClock(calendar).add(t, n) == expected


@given(calendars(), st.integers(-5, 90), st.integers(-5, 90))
def test_business_time_agrees_with_counting_it_out(calendar: Calendar, a: int, b: int):
    counted = sum(min(a, b) <= x < max(a, b) for x in open_instants(calendar))
    assert BusinessClock(calendar).between(a, b) == (counted if a <= b else -counted)
    before = open_before(calendar, np.array([a, b]))
    assert before[1] - before[0] == (counted if a <= b else -counted)


@given(calendars(), st.integers(-5, 90), st.integers(0, 60), st.integers(0, 20), st.integers(0, 20))
def test_added_time_is_found_again_and_grows_with_both_arguments(calendar: Calendar, t: int, n: int, dt_: int, dn: int):
    clock = BusinessClock(calendar)
    due = clock.add(t, n)
    if due < NEVER:
        assert clock.between(t, due) == n
    assert clock.add(t + dt_, n) >= due
    assert clock.add(t, n + dn) >= due


@given(st.lists(calendars(), max_size=4))
def test_the_union_agrees_with_counting_it_out(parts: list[Calendar]):
    whole = union(parts)
    assert open_instants(whole) == sorted({t for part in parts for t in open_instants(part)})
    assert (whole.opens[1:] > whole.closes[:-1]).all()
