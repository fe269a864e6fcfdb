"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from funnelsim.report.digits import ABSENT, estimate, plain, short, span, text, tick

NAN = math.nan


@pytest.mark.parametrize(
    ("mean", "half_width", "unit", "shown"),
    [
        (1604233.0, 34120.0, "EUR", "1,604,000 ± 34,000 EUR"),
        (0.21342, 0.0083, "share", "21.3 ± 0.8 %"),
        (0.21342, 0.0013, "share", "21.34 ± 0.13 %"),
        (12.345, 0.0, "days", "12.3 ± 0.0 days"),
        (7.0, NAN, "leads", "7.00 leads"),
        (0.000428, NAN, "share", "0.04 %"),
        (0.0, NAN, "share", "0 %"),
        (-0.0004, 0.01, "", "0.000 ± 0.010"),
        (NAN, NAN, "share", ABSENT),
        (123456.0, NAN, "EUR", "123,456 EUR"),
    ],
)
def test_the_half_width_decides_the_digits(mean, half_width, unit, shown):
    assert text(mean, half_width, unit) == shown


def test_what_is_not_defined_is_a_dash():
    assert estimate(NAN, NAN, "hours") == (ABSENT, ABSENT, "hours")
    assert plain(math.inf, 2) == ABSENT
    assert short(NAN) == ABSENT
    assert span(NAN) == ABSENT


@pytest.mark.parametrize(
    ("value", "shown"),
    [(999.4, "999"), (999.6, "1.00 k"), (999_499.0, "999 k"), (999_600.0, "1.00 M"), (-2500.0, "-2.50 k"), (0.0, "0")],
)
def test_large_numbers_change_their_unit_where_they_round_up_to_it(value, shown):
    assert short(value) == shown


@pytest.mark.parametrize(
    ("hours", "shown"),
    [(0.0, "0 min"), (0.5, "30 min"), (2.0, "2 h"), (47.96, "48 h"), (72.0, "3 d"), (99.0, "4.1 d")],
)
def test_lengths_of_time_are_in_the_unit_that_reads_best(hours, shown):
    assert span(hours) == shown


def test_ticks_have_no_idle_zeros():
    assert [tick(v) for v in (0.0, 0.5, 250_000.0, 1_500_000.0)] == ["0", "0.5", "250 k", "1.5 M"]
