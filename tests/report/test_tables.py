"""The table of measures."""

from __future__ import annotations

import math

import pytest

from funnelsim.lab.replicate import replicate, to_intervals
from funnelsim.metrics import MEASURES
from funnelsim.report.tables import GROUP_TITLES, HEADLINES, measures_text
from funnelsim.stats import Interval
from lab.small import small


def test_columns_line_up_and_goals_come_first():
    intervals = {
        "leads": Interval(359.3, 3.2, 20),
        "revenue": Interval(1604233.0, 34120.0, 20),
        "leads_wasted_share": Interval(0.1832, 0.0041, 20),
        "quota_attainment": Interval(0.71, 0.05, 14),
    }

    shown = measures_text(intervals, currency="EUR", replications=20)

    assert shown == (
        "Goals\n"
        "  revenue             1,604,000 ± 34,000  EUR\n"
        "  leads_wasted_share       18.3 ±    0.4  %\n"
        "\n"
        "Funnel\n"
        "  leads                   359.3 ±    3.2  leads\n"
        "\n"
        "Sales\n"
        "  quota_attainment           71 ±      5  %     (defined in 14 of 20)\n"
    )


def test_one_replication_has_no_half_width():
    shown = measures_text({"leads": Interval(359.0, math.nan, 1)}, currency="EUR", replications=1)

    assert "±" not in shown
    assert "359" in shown


def test_headlines_and_groups_are_names_of_the_registry():
    assert set(MEASURES) >= HEADLINES
    assert {measure.group for measure in MEASURES.values()} == set(GROUP_TITLES)


def test_causes_that_did_not_occur_are_left_out_unless_everything_is_wanted():
    intervals = {name: Interval(0.0, 0.0, 5) for name in MEASURES} | {"wasted_cold_share": Interval(0.1, 0.01, 5)}

    short = measures_text(intervals, currency="EUR", replications=5)
    whole = measures_text(intervals, currency="EUR", replications=5, everything=True)

    assert "wasted_cold_share" in short
    assert "wasted_burnt_share" not in short
    assert all(f"  {name} " in whole for name in MEASURES)


@pytest.mark.parametrize("everything", [False, True])
def test_a_real_table_fits_a_terminal(everything):
    frame = replicate(small(), replications=range(2))

    shown = measures_text(to_intervals(frame), currency="EUR", replications=2, everything=everything)

    assert max(map(len, shown.splitlines())) <= 100
    assert "money" not in shown


def test_nothing_defined_is_said():
    assert measures_text({"revenue": Interval(math.nan, math.nan, 0)}, currency="EUR", replications=2) == (
        "No measure is defined.\n"
    )
