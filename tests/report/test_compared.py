"""Comparisons in words, tables and figures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from funnelsim.lab.compare import Comparison, Rows, compare
from funnelsim.lab.sweep import read_axis, sweep
from funnelsim.report.compared import comparison_frame, comparison_object, comparison_text, values_frame
from funnelsim.report.figures_compare import difference_figure, sweep_figure, units_of
from funnelsim.report.figures_sheet import Imprint, png
from lab.small import small

MEASURES = ["revenue", "leads_wasted_share", "mqls"]
IMPRINT = Imprint("a · b", 1, "replications 0–9", "0.1.0")
UNITS = {"currency": "EUR", "days": 73}


def rows_for(k: int, *, seed: int = 1) -> Rows:
    """Return ten replications of k scenarios: each earns 100 more and wastes 1 point less than the one before."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, 1.0, (10, k, 3))
    return {
        r: tuple(
            {
                "revenue": 10_000 + 100 * s + 5 * float(noise[r, s, 0]),
                "leads_wasted_share": 0.3 - 0.01 * s + 0.0005 * float(noise[r, s, 1]),
                "mqls": 50 + float(noise[r, s, 2]),
            }
            for s in range(k)
        )
        for r in range(10)
    }


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(rows_for(3), labels=["today", "a stricter one", "the strictest"], measures=MEASURES)


def test_revenue_is_told_a_year_and_shares_in_points(found):
    """100 more in 73 days are 500 more a year; a hundredth is a point."""
    text = comparison_text(found, heading="3 scenarios", **UNITS)

    assert "revenue, EUR a year (more is better)" in text
    assert "leads wasted, % (less is better)" in text
    line = next(line for line in text.splitlines() if line.startswith("  a stricter one"))
    assert "+5" in line
    assert line.endswith("better")
    assert "the strictest is most probably best (>99 %; expected regret of choosing it 0 EUR a year)" in text
    assert "no detectable difference" in text  # of the MQLs
    assert max(map(len, text.splitlines())) <= 100


def test_a_measure_that_is_not_defined_everywhere_is_told_so():
    """The cost of a customer where there was none: what is left out is the worst."""
    rows = rows_for(2)
    rows[3] = (rows[3][0], {**rows[3][1], "revenue": float("nan")})
    text = comparison_text(compare(rows, labels=["a", "b"], measures=MEASURES), heading="2 scenarios", **UNITS)
    words = " ".join(text.split())
    assert "revenue is defined for b in 9 of 10 replications; the others are left out" in words
    assert "leads wasted is defined" not in words


def test_equal_scenarios_are_told_so():
    rows = {r: (row[0], row[0]) for r, row in rows_for(1).items()}
    text = comparison_text(compare(rows, labels=["a", "b"], measures=["revenue"]), heading="2 scenarios", **UNITS)

    assert "revenue: none is better than another" in text
    assert "no detectable difference; equal in every replication" in text


def test_a_lead_that_is_not_shown_is_not_called_best_and_a_borderline_one_says_why():
    """Revenue: t = 2.5 on nine degrees, beside a clear difference of waste: Holm tells it, its interval does not."""
    e = np.arange(10) - 4.5
    e = e / e.std(ddof=1)
    rows = {
        r: (
            {"revenue": 0.0, "leads_wasted_share": 0.3},
            {"revenue": float(2.5 / np.sqrt(10) + e[r]), "leads_wasted_share": 0.2 + 0.001 * float(e[r])},
        )
        for r in range(10)
    }
    told = comparison_text(
        compare(rows, labels=["a", "b"], measures=["revenue", "leads_wasted_share"]), heading="2 scenarios", **UNITS
    )
    words = " ".join(told.split())

    assert "revenue: b is probably best, which is not shown (9" in words
    assert "b: borderline: its interval includes 0, though Holm's test tells a difference (p = 0.034);" in words
    assert "leads wasted: b is most probably best" in words
    assert max(map(len, told.splitlines())) <= 100


def test_the_table_holds_the_measures_own_units(found):
    frame = comparison_frame(found, currency="EUR")

    assert len(frame) == 9
    row = frame[(frame["scenario"] == "a stricter one") & (frame["measure"] == "revenue")].iloc[0]
    assert row["difference"] == found.contrasts[1][0].difference.mean == pytest.approx(100, abs=10)
    assert (row["unit"], row["finding"]) == ("EUR", "better")


def test_every_value_that_was_compared_is_listed():
    rows = rows_for(2)
    frame = values_frame(rows, ["a", "b"])

    assert len(frame) == 2 * 10 * 3
    mine = frame[(frame["scenario"] == "b") & (frame["replication"] == 3) & (frame["measure"] == "revenue")]
    assert mine["value"].tolist() == [rows[3][1]["revenue"]]


def test_the_object_is_plain_json_with_nothing_undefined(found):
    told = comparison_object(found, seed=1, complete=True, **UNITS)

    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["first"] == "today"
    assert again["scenarios"][1]["measures"]["revenue"]["finding"] == "better"
    assert again["scenarios"][1]["measures"]["mqls"]["probability_best"] is None


def test_a_figure_of_differences_has_a_row_for_each_scenario_at_its_difference(found):
    figure = difference_figure(found, imprint=IMPRINT, **UNITS)

    assert len(figure.axes) == 3
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a stricter one", "the strictest"]
    drawn = [float(np.asarray(line.get_xdata())[0]) for line in axes.get_lines() if line.get_marker() == "o"]
    wanted = [found.contrasts[s][0].difference.mean * 5 for s in (1, 2)]
    assert drawn == pytest.approx(wanted)
    assert "the strictest best" in figure.texts[0].get_text()
    assert png(figure, IMPRINT).startswith(b"\x89PNG")


def test_a_curve_runs_through_the_differences_with_the_policy_in_force_at_zero():
    grid = sweep(small(), [read_axis("scoring.cutoff=15:35:10")], where="a")
    found = compare(rows_for(3), labels=grid.labels, measures=["revenue", "mqls"])
    figure = sweep_figure(found, grid, imprint=IMPRINT, **UNITS)

    assert len(figure.axes) == 2
    curve = next(line for line in figure.axes[0].get_lines() if len(np.asarray(line.get_xdata())) == 3)
    assert np.asarray(curve.get_xdata()).tolist() == [15.0, 25.0, 35.0]
    wanted = [found.contrasts[s][0].difference.mean * 5 for s in (1, 0, 2)]
    assert np.asarray(curve.get_ydata()).tolist() == pytest.approx(wanted)
    assert wanted[1] == 0.0


def test_a_heat_map_has_a_cell_for_each_pair_and_frames_the_one_in_force():
    grid = sweep(small(), [read_axis("scoring.cutoff=15:35:10"), read_axis("sla.attempts=4,6")], where="a")
    found = compare(rows_for(6), labels=grid.labels, measures=["revenue", "leads_wasted_share"])
    figure = sweep_figure(found, grid, imprint=IMPRINT, **UNITS)

    cells = np.asarray(figure.axes[0].get_images()[0].get_array())
    assert cells.shape == (3, 2)
    assert cells[1, 0] == 0.0
    assert cells[2, 1] == pytest.approx(found.contrasts[5][0].difference.mean * 5)
    (frame,) = [p for p in figure.axes[0].patches if not p.get_fill()]
    assert frame.get_xy() == (-0.5, 0.5)


def test_units_of_a_measure_without_money():
    units = units_of("leads_wasted_share", **UNITS)

    assert (units.unit, units.factor, units.direction) == ("%", 100.0, "down")
