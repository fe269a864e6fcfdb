"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnelsim.config.durations import DAY_MS, HOUR_MS, MAX_MS, MINUTE_MS, Duration


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("48h", 48 * HOUR_MS),
        ("2d", 2 * DAY_MS),
        ("15min", 15 * MINUTE_MS),
        ("15 min", 15 * MINUTE_MS),
        ("1.5 hours", 90 * MINUTE_MS),
        (".5h", 30 * MINUTE_MS),
        ("2 weeks", 14 * DAY_MS),
        ("30s", 30_000),
        ("7ms", 7),
        ("7 milliseconds", 7),
        ("1 Day", DAY_MS),
        ("0", 0),
        ("0.0005s", 0),  # half to even
        ("0.0015s", 2),
    ],
)
def test_calendar_durations_by_hand(text: str, ms: int):
    assert Duration.parse(text).ms() == ms
    assert not Duration.parse(text).business


def test_business_days_are_as_long_as_the_teams():
    days = Duration.parse("3 business days")
    assert (days.business, days.ms(8 * HOUR_MS), days.ms(6 * HOUR_MS)) == (True, 24 * HOUR_MS, 18 * HOUR_MS)
    assert Duration.parse("1 business week").ms(8 * HOUR_MS) == 40 * HOUR_MS
    assert Duration.parse("8 business hours").ms(6 * HOUR_MS) == 8 * HOUR_MS
    assert days.hours == 24.0


@pytest.mark.parametrize(
    "text", ["", "h", "48", "-2h", "2 fortnights", "1e3h", "business", "2 business", "nan h", "1h30"]
)
def test_what_is_no_duration(text: str):
    with pytest.raises(ValueError, match="must be"):
        Duration.parse(text)


def test_negative_and_endless_durations_say_so():
    with pytest.raises(ValueError, match="must be >= 0"):
        Duration.parse("-2 business days")
    assert Duration.parse("365250d").ms() == MAX_MS
    for text in ("365251d", f"{'9' * 400}d"):
        with pytest.raises(ValueError, match="at most 1000 years"):
            Duration.parse(text)


@settings(deadline=None)
@given(
    st.floats(0, 1e5).map(abs),  # -0.0 is written as 0
    st.sampled_from(["ms", "s", "min", "h", "d"]),
    st.booleans(),
)
def test_what_is_written_is_read_back_to_the_bit(amount: float, unit: str, business: bool):
    duration = Duration(amount, unit, business)
    assert Duration.parse(str(duration)) == duration
