"""Text to times, numbers, durations and categories; each expected value worked out by hand."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.calibration.amounts import decimal_sign, parse_durations, parse_numbers
from funnelsim.calibration.categories import coded, has_one_of, merged, numbered
from funnelsim.calibration.times import NO_TIME, PATTERNS, Times, UnknownFormatError, parse_times

BERLIN = ZoneInfo("Europe/Berlin")


def text(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


def times(*values: str, formats: tuple[str, ...] = (), zone: str = "Europe/Berlin") -> Times:
    return parse_times(text(*values), formats=formats, zone=zone)


def unix(*moment: int, zone: ZoneInfo = BERLIN) -> int:
    return round(dt.datetime(*moment, tzinfo=zone).timestamp() * 1000)  # type: ignore[misc,arg-type]


# Times.


@pytest.mark.parametrize(
    "said",
    [
        "2023-07-13 17:03:00", "2023-07-13T17:03:00", "2023-07-13 17:03", "2023-07-13T17:03:00+02:00",
        "2023-07-13T15:03:00Z", "2023-07-13 15:03:00 UTC", "2023-07-13T10:03:00-0500", "2023-07-13T17:03:00.000",
        "13.07.2023 17:03", "13.07.23 17:03", "13/07/2023 17:03", "7/13/2023 5:03 PM", "07/13/2023, 05:03 PM",
        "Jul 13, 2023 5:03 PM", "13 July 2023 17:03", "2023/07/13 17:03:00", "1689260580", "1689260580000",
        "45120.710416667", "13-Jul-2023 17:03", "7/13/23 17:03",
    ],
)  # fmt: skip
def test_one_moment_in_many_spellings(said):
    found = times(said)
    assert found.unix_ms.tolist() == [unix(2023, 7, 13, 17, 3)]
    assert found.local_day.tolist() == [(dt.date(2023, 7, 13) - dt.date(1970, 1, 1)).days]
    assert found.date_only.tolist() == [False]


@pytest.mark.parametrize("said", ["2023-07-13", "13.07.2023", "7/13/2023", "20230713", "45120", "2023-07-13 00:00:00"])
def test_a_date_without_a_time_is_the_local_midnight_and_is_known_as_such(said):
    found = times(said)
    assert (found.unix_ms.tolist(), found.date_only.tolist()) == ([unix(2023, 7, 13)], [True])


def test_midnight_among_other_times_is_a_time():
    assert times("2023-07-13 00:00:00", "2023-07-13 00:01:00").date_only.tolist() == [False, False]


def test_a_wall_time_that_the_clocks_skip_is_the_change_and_one_that_occurs_twice_its_first():
    """Berlin 2023: 02:00 on 26 March becomes 03:00 at 01:00 UTC; 03:00 on 29 October becomes 02:00 at 01:00 UTC."""
    found = times("2023-03-26 02:30", "2023-10-29 02:30", "2023-10-29 02:30", "2023-10-29 03:30")
    utc = dt.UTC
    spring, autumn = dt.datetime(2023, 3, 26, 1, 0, tzinfo=utc), dt.datetime(2023, 10, 29, 0, 30, tzinfo=utc)
    later = dt.datetime(2023, 10, 29, 2, 30, tzinfo=utc)
    assert found.unix_ms.tolist() == [round(m.timestamp() * 1000) for m in (spring, autumn, autumn, later)]
    assert (found.skipped, found.twice) == (1, 2)


def test_the_second_of_two_equal_wall_times_can_be_told_by_its_offset():
    first, second = times("2023-10-29T02:30:00+02:00", "2023-10-29T02:30:00+01:00").unix_ms.tolist()
    assert second - first == 3_600_000


def test_blanks_and_what_is_no_time_are_told_apart():
    found = times("2023-07-13 17:03", "", "N/A", "soon", "2023-02-30 10:00", "2023-07-13 25:00")
    assert found.blank.tolist() == [False, True, True, False, False, False]
    assert found.known.tolist() == [True, False, False, False, False, False]
    assert found.unix_ms[1:].tolist() == [NO_TIME] * 5


def test_day_and_month_are_told_apart_by_a_day_above_twelve():
    european = times("03/07/2023 10:00", "13/07/2023 10:00")
    american = times("07/03/2023 10:00", "07/13/2023 10:00")
    assert european.unix_ms.tolist() == american.unix_ms.tolist() == [unix(2023, 7, d, 10) for d in (3, 13)]


def test_day_and_month_that_could_be_either_are_refused_with_both_formats():
    with pytest.raises(UnknownFormatError, match=r"could be day/month or month/day") as caught:
        times("03/07/2023 10:00", "04/08/2023 10:00")
    assert "'%d/%m/%Y %H:%M'" in caught.value.suggestion
    assert "'%m/%d/%Y %H:%M'" in caught.value.suggestion
    assert times("03/07/2023 10:00", formats=("%m/%d/%Y %H:%M",)).unix_ms.tolist() == [unix(2023, 3, 7, 10)]


def test_a_column_that_mixes_spellings_of_one_order_is_read_whole():
    found = times("13.07.2023 17:03", "14.07.2023", "15.07.23 8:00")
    assert found.unix_ms.tolist() == [unix(2023, 7, 13, 17, 3), unix(2023, 7, 14), unix(2023, 7, 15, 8)]


def test_no_format_reads_words():
    with pytest.raises(UnknownFormatError, match=r"cannot be read as times \(for example 'hello', 'world'\)"):
        times("hello", "world")


@given(
    moment=st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2068, 12, 31)).map(
        lambda m: m.replace(second=0, microsecond=0)
    ),
    pattern=st.sampled_from([p for p in PATTERNS if "%M" in p and "%z" not in p]),
)
def test_every_pattern_reads_what_it_writes(moment, pattern):
    found = times(moment.strftime(pattern), formats=(pattern,), zone="UTC")
    assert found.unix_ms.tolist() == [round(moment.replace(tzinfo=dt.UTC).timestamp() * 1000)]


@given(moment=st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2037, 12, 31)).map(lambda m: m.replace(microsecond=0)))
def test_wall_times_become_the_instants_of_the_standard_library(moment):
    """For times that are not skipped: fold 0 is the first of two equal ones."""
    aware = moment.replace(tzinfo=BERLIN)
    if aware.astimezone(dt.UTC).astimezone(BERLIN).replace(tzinfo=None) == moment:
        assert times(moment.isoformat(sep=" ")).unix_ms.tolist() == [round(aware.timestamp() * 1000)]


# Numbers.


@pytest.mark.parametrize(
    ("said", "delimiter", "value"),
    [
        ("7807.5", ",", 7807.5), ("7807,5", ",", 7807.5), ("1,234,567", ",", 1234567.0), ("1.234.567", ",", 1234567.0),
        ("1,234.5", ",", 1234.5), ("1.234,5", ",", 1234.5), ("1 234,5", ",", 1234.5), ("1'234.5", ",", 1234.5),
        ("€ 1.234,50", ",", 1234.5), ("$1,234.50", ",", 1234.5), ("EUR 12", ",", 12.0), ("(12.50)", ",", -12.5),
        ("-3", ",", -3.0), ("12 %", ",", 12.0), ("1e3", ",", 1000.0), ("1,234", ",", 1234.0), ("1,234", ";", 1.234),
        ("1.234", ";", 1234.0), ("1.234", ",", 1.234), ("0.125", ";", 0.125), ("7807.0", ";", 7807.0), ("0", ",", 0.0),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(said, delimiter, value):
    assert parse_numbers(text(said), decimal=None, delimiter=delimiter).value.tolist() == [value]


def test_one_clear_number_decides_for_its_column():
    assert parse_numbers(text("1.234", "1.234,5"), decimal=None, delimiter=",").value.tolist() == [1234.0, 1234.5]
    assert decimal_sign(text("1.234", "7"), delimiter=",") == "."


def test_a_given_decimal_sign_is_kept_to():
    assert parse_numbers(text("1,234"), decimal=",", delimiter=",").value.tolist() == [1.234]


@pytest.mark.parametrize("said", ["abc", "1e400", "99999999999999999999", "--1", "1.2.3,4,5", "inf", "12:30"])
def test_what_is_no_number_or_too_large_is_unreadable(said):
    found = parse_numbers(text(said, ""), decimal=None, delimiter=",")
    assert (found.unreadable.tolist(), found.blank.tolist()) == ([True, False], [False, True])


@given(st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: round(x, 2)))
def test_what_python_writes_is_read_to_the_bit(value):
    assert parse_numbers(text(repr(value)), decimal=".", delimiter=",").value.tolist() == [value]


# Durations.


@pytest.mark.parametrize(
    ("said", "unit", "ms"),
    [
        ("17", "s", 17_000), ("17", "ms", 17), ("2", "min", 120_000), ("1.5", "h", 5_400_000),
        ("0:12:03", "s", 723_000), ("12:03", "s", 723_000), ("1:02:03", "ms", 3_723_000),
        ("5 min 3 s", "s", 303_000), ("1h 2m", "s", 3_720_000), ("90 seconds", "ms", 90_000), ("250 ms", "s", 250),
    ],
)  # fmt: skip
def test_durations_as_people_write_them(said, unit, ms):
    found = parse_durations(text(said), unit=unit, longest_ms=1e9, decimal=None, delimiter=",")
    assert found.ms.tolist() == [ms]


def test_negative_absurd_and_unreadable_durations_are_unknown_each_for_its_reason():
    column = text("-5", "99999", "soon", "")
    found = parse_durations(column, unit="s", longest_ms=8 * 3.6e6, decimal=None, delimiter=",")
    assert found.ms.tolist() == [-1, -1, -1, -1]
    assert found.negative.tolist() == [True, False, False, False]
    assert found.absurd.tolist() == [False, True, False, False]
    assert found.unreadable.tolist() == [False, False, True, False]
    assert found.blank.tolist() == [False, False, False, True]


# Categories.


def test_names_are_sorted_and_codes_point_at_them_blanks_at_none():
    names, (a, b) = coded(text("web", "", "ads", "web"), text("fair", "web"))
    assert names == ("ads", "fair", "web")
    assert (a.tolist(), b.tolist()) == ([2, -1, 0, 2], [1, 2])
    assert a.dtype == np.int16


def test_values_are_merged_without_regard_to_capitals_and_the_rare_become_other():
    column = text("FB", "fb", "Facebook", "Web", "web", "Fair", "Mail", "", "mail")
    assert merged(column, {"facebook": ["fb", "Facebook"]}).tolist() == [
        "facebook", "facebook", "facebook", "Web", "Web", "Fair", "Mail", "", "Mail",
    ]  # fmt: skip
    assert merged(text("a", "a", "a", "b", "b", "c", "d"), {}, most=3).tolist() == ["a"] * 3 + ["b"] * 2 + ["other"] * 2
    assert merged(text("a", "b"), {}, most=2).tolist() == ["a", "b"]
    assert merged(text("", "a"), {}, blank="unknown").tolist() == ["unknown", "a"]


def test_a_rule_holds_for_its_values_and_a_star_for_any():
    column = text("Won", " won ", "Lost", "")
    assert has_one_of(column, ["WON"]).tolist() == [True, True, False, False]
    assert has_one_of(column, ["*"]).tolist() == [True, True, True, False]
    assert has_one_of(column, [""]).tolist() == [False, False, False, True]


def test_people_are_numbered_as_they_appear_and_each_blank_is_somebody_else():
    assert numbered(text("b", "", "a", "b", "")).tolist() == [0, 1, 2, 0, 3]


@pytest.mark.parametrize("giant", ["1" * 130_000, "1," * 65_000, "1 m " * 30_000, "2023-01-01 " * 12_000])
def test_a_giant_field_is_no_value_and_costs_no_time(giant):
    """A search for numbers in it would be quadratic: forty seconds for one field."""
    began = time.process_time()
    assert parse_numbers(text(giant, "7"), decimal=None, delimiter=",").unreadable.tolist() == [True, False]
    lengths = parse_durations(text(giant, "7"), unit="s", longest_ms=1e9, decimal=None, delimiter=",")
    assert lengths.unreadable.tolist() == [True, False]
    assert times(giant, "2023-07-13 17:03").known.tolist() == [False, True]
    assert time.process_time() - began < 1.0
