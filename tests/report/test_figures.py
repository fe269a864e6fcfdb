"""Figures: the artists hold the data, the words say what they are, and nothing global is touched."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure

from funnelsim.lab.replicate import as_frame
from funnelsim.report.figures_front import FrontPoint, Goal, front_figure
from funnelsim.report.figures_funnel import Stage, funnel_figure
from funnelsim.report.figures_revenue import MonthRevenue, revenue_figure
from funnelsim.report.figures_run import all_waits, month_revenues, role_weeks, run_figures
from funnelsim.report.figures_sheet import Imprint, png, sheet
from funnelsim.report.figures_speed import MOST_POINTS, Waits, speed_figure
from funnelsim.report.figures_waste import Cause, Loss, waste_figure
from funnelsim.report.figures_week import RoleWeek, week_figure
from funnelsim.stats import Interval
from lab.small import small

IMPRINT = Imprint("six_stage", 1, "replications 0–19", "0.1.0")
FOOTER = "six_stage · seed 1 · replications 0–19 · funnelsim 0.1.0"
SOURCE = Path(__file__).resolve().parents[2] / "src"


def interval(mean: float, half_width: float = math.nan) -> Interval:
    return Interval(mean, half_width, 20)


def words(figure: Figure) -> list[str]:
    """Return every text of the figure and its axes."""
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
    return [word for word in found if word]


def title(figure: Figure) -> str:
    return figure.texts[0].get_text().replace("\n", " ")


def bars(axes: Axes, side: str) -> list[float]:
    return [getattr(patch, f"get_{side}")() for patch in axes.patches if hasattr(patch, "get_width")]


def spreads(axes: Axes) -> list[np.ndarray]:
    """Return the end points of every error bar."""
    return [seg for c in axes.collections if isinstance(c, LineCollection) for seg in c.get_segments()]


# The funnel.

STAGES = [
    Stage("Leads", "left their name", interval(359.3, 3.2)),
    Stage("MQLs", "qualified", interval(169.1, 2.1)),
    Stage("Customers", "won", interval(5.81, 0.31)),
]


def test_the_funnel_draws_counts_to_scale_and_writes_the_conversion_between_them():
    figure = funnel_figure(STAGES, visitors_per_month=12_000.0, period="a year", imprint=IMPRINT)

    assert bars(figure.axes[0], "width") == [359.3, 169.1, 5.81]
    shown = words(figure)
    assert title(figure) == "Of 359 leads a month, 5.8 become customers"
    assert {"359.3 ± 3.2", "169.1 ± 2.1", "5.81 ± 0.31"} <= set(shown)
    assert {"↓ 47 %", "↓ 3.4 %"} <= set(shown)  # 169.1 / 359.3 and 5.81 / 169.1
    assert {"100 %", "1.6 %"} <= set(shown)
    assert "12,000 visitors a month, 3.0 % leave their name" in shown
    assert FOOTER in shown


def test_a_funnel_that_dries_up_has_no_conversion_from_nothing():
    dry = [STAGES[0], Stage("MQLs", "", interval(0.0)), Stage("Customers", "", interval(0.0))]

    shown = words(funnel_figure(dry, visitors_per_month=math.nan, period="", imprint=IMPRINT))

    assert "↓ 0 %" in shown
    assert "↓ –" in shown
    assert not any("visitors" in word for word in shown)


# Speed to lead.


def test_speed_to_lead_is_the_distribution_with_the_term_marked_on_it():
    waits = Waits("A", np.array([2.0, 0.5, 0.5, 8.0]), handovers=5, term_hours=1.0, clock="business")

    figure = speed_figure([waits], attainment=interval(0.4, 0.05), period="", imprint=IMPRINT)

    line, mark = (next(x for x in figure.axes[0].lines if x.get_label() == "Tier A"), figure.axes[0].lines[1])
    x, y = (np.asarray(values) for values in line.get_data())
    assert list(zip(x, y, strict=True))[1:-1] == [(0.5, 0.2), (0.5, 0.4), (2.0, 0.6), (8.0, 0.8)]
    assert y[-1] == 0.8  # one of five was never touched
    assert [float(v[0]) for v in mark.get_data()] == [1.0, 0.4]
    assert title(figure) == "40 ± 5 % of first touches come within the term"
    assert {"Tier A: 40 % within 1 business h", "80 % of 5 handovers touched"} <= set(words(figure))
    assert "business hours" in figure.axes[0].get_xlabel()


def test_a_tier_without_handovers_is_not_shown():
    waits = [
        Waits("A", np.array([0.5]), handovers=1, term_hours=1.0, clock="business"),
        Waits("B", np.zeros(0), handovers=0, term_hours=8.0, clock="calendar"),
    ]

    figure = speed_figure(waits, attainment=interval(1.0), period="", imprint=IMPRINT)

    assert not any("Tier B" in word for word in words(figure))
    assert "business hours" in figure.axes[0].get_xlabel()


def test_many_waits_are_thinned_and_keep_their_ends():
    hours = np.linspace(0.1, 50.0, 20_001)
    waits = Waits("C", hours, handovers=20_001, term_hours=8.0, clock="calendar")

    x, y = speed_figure([waits], attainment=interval(0.2), period="", imprint=IMPRINT).axes[0].lines[0].get_data()

    assert len(x) <= MOST_POINTS + 2
    assert (x[1], x[-2], y[-2]) == (0.1, 50.0, 1.0)
    assert np.allclose(np.asarray(y[1:-1]), np.searchsorted(hours, x[1:-1], side="right") / 20_001)


# The week.


def test_the_week_shows_each_role_by_day_and_hour():
    backlog = np.arange(168.0)
    utilisation = np.full(168, np.nan)
    utilisation[9:17] = 0.8
    utilisation[33] = 1.3  # overtime into an open hour
    figure = week_figure(
        [RoleWeek("bdr", backlog, utilisation, 0.83), RoleWeek("ae", backlog * 0, utilisation, math.nan)],
        period="",
        imprint=IMPRINT,
    )

    meshes = [mesh for axes in figure.axes for mesh in axes.collections if isinstance(mesh, QuadMesh)]
    assert len(meshes) == 4
    grid = np.ma.filled(meshes[0].get_array(), np.nan).reshape(7, 24)
    assert grid[0, 0] == 0.0
    assert grid[2, 5] == 2 * 24 + 5
    closed = np.ma.getmaskarray(meshes[1].get_array()).reshape(7, 24)
    assert not closed[0, 9]
    assert closed[0, 8]
    assert title(figure) == "The list of bdr is longest on Sun at 23 h: 167 tasks wait"
    assert {"bdr: tasks waiting", "bdr: 83 % of open hours in work"} <= set(words(figure))


# Waste.


def test_waste_is_sorted_and_its_intervals_are_drawn():
    wasted = Loss(
        "Leads wasted",
        "share of leads created",
        interval(0.09, 0.01),
        (Cause("burnt", interval(0.03, 0.004)), Cause("cold", interval(0.06, 0.005)), Cause("missed", interval(0.0))),
    )
    lost = Loss("Buyers lost", "share of buyers", interval(0.5), (Cause("slow", interval(0.5)),))

    figure = waste_figure(wasted, lost, period="", imprint=IMPRINT)

    assert title(figure) == "9 % of leads are wasted; the largest cause is 'cold'"
    assert bars(figure.axes[0], "width") == [6.0, 3.0]  # per cent; the cause that did not occur is left out
    ends = [segment[:, 0].tolist() for segment in spreads(figure.axes[0])]
    assert np.allclose(ends, [[5.5, 6.5], [2.6, 3.4]])
    assert bars(figure.axes[1], "width") == [50.0]
    assert spreads(figure.axes[1]) == []
    assert {"6.0 ± 0.5 %", "3.0 ± 0.4 %", "Leads wasted: 9.0 ± 1.0 %", "Buyers lost: 50.0 %"} <= set(words(figure))


def test_no_buyers_are_no_loss():
    nothing = Loss("Buyers lost", "", interval(math.nan), ())

    figure = waste_figure(Loss("Leads wasted", "", interval(0.0), ()), nothing, period="", imprint=IMPRINT)

    assert "Buyers lost: there is nothing to lose" in words(figure)
    assert figure.axes == []


def test_no_leads_are_no_share():
    nothing = Loss("Leads wasted", "", interval(math.nan), ())

    assert title(waste_figure(nothing, nothing, period="", imprint=IMPRINT)) == "No leads"


# Revenue.


def test_revenue_by_month_with_parts_of_months_left_out_of_the_mean():
    months = [
        MonthRevenue("2025-12", interval(40_000.0, 5_000.0), False),
        MonthRevenue("2026-01", interval(100_000.0, 9_000.0), True),
        MonthRevenue("2026-02", interval(140_000.0, 11_000.0), True),
    ]

    figure = revenue_figure(months, total=interval(280_000.0, 15_000.0), currency="EUR", period="", imprint=IMPRINT)

    axes = figure.axes[0]
    assert bars(axes, "height") == [40_000.0, 100_000.0, 140_000.0]
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    assert [s[:, 1].tolist() for s in spreads(axes)] == [[35e3, 45e3], [91e3, 109e3], [129e3, 151e3]]
    assert 120_000.0 in np.asarray(axes.lines[-1].get_ydata())
    assert [label.get_text() for label in axes.get_xticklabels()] == ["Dec*\n2025", "Jan\n2026", "Feb"]
    assert title(figure) == "280 k ± 15 k EUR of revenue closed in the window; 120 k a month (whole months only)"
    assert axes.lines[-1].get_xdata().tolist() == [0.5, 2.5]  # across the whole months, not across the part of one
    assert axes.get_ylabel() == "revenue won a month, EUR"


def test_many_months_are_labelled_sparsely():
    months = [MonthRevenue(f"{2025 + m // 12}-{m % 12 + 1:02d}", interval(1.0), True) for m in range(48)]

    figure = revenue_figure(months, total=interval(48.0), currency="EUR", period="", imprint=IMPRINT)

    # All are whole: the total is the months' mean as many times as there are months, and nothing is to be said.
    assert title(figure) == "48.0 EUR of revenue closed in the window; 1.00 a month"
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert len(labels) == 16
    assert [label for label in labels if "\n" in label] == ["Jan\n2025", "Jan\n2026", "Jan\n2027", "Jan\n2028"]


# The front.

FRONT = [
    FrontPoint("#3", Interval(0.12, 0.004, 20), Interval(1.7e6, 3e4, 20)),
    FrontPoint("#7", Interval(0.15, 0.005, 20), Interval(1.9e6, 4e4, 20)),
    FrontPoint("#9", Interval(0.16, 0.005, 20), Interval(1.8e6, 4e4, 20), dominated=True),
]
TODAY = FrontPoint("#0", Interval(0.18, 0.004, 20), Interval(1.6e6, 3e4, 20))
WASTED, REVENUE = Goal("leads wasted", "share", "down"), Goal("revenue", "EUR", "up")


def test_the_front_marks_the_knee_and_today_and_leaves_dominated_ones_faint():
    figure = front_figure(FRONT, in_force=TODAY, knee="#7", x=WASTED, y=REVENUE, period="", imprint=IMPRINT)

    axes = figure.axes[0]
    assert title(figure) == "Policy #7: revenue 1.90 M EUR, leads wasted 15.0 %; today 1.60 M EUR, 18.0 %"
    assert {text.get_text() for text in axes.texts} == {"#3", "#7 knee", "today"}
    points = {
        (float(x), float(y))
        for line in axes.lines
        if line.get_marker() in ("o", "s")
        for x, y in zip(*line.get_data(), strict=True)
    }
    assert points == {(0.12, 1.7e6), (0.15, 1.9e6), (0.16, 1.8e6), (0.18, 1.6e6)}
    ends = [segment.tolist() for segment in spreads(axes)]
    assert any(np.allclose(e, [[0.145, 1.9e6], [0.155, 1.9e6]]) for e in ends)
    assert any(np.allclose(e, [[0.15, 1.86e6], [0.15, 1.94e6]]) for e in ends)
    assert axes.get_xlabel() == "leads wasted   (← better)"
    assert axes.get_ylabel() == "revenue, EUR   (better →)"


def test_where_nothing_is_better_the_front_says_so():
    figure = front_figure([TODAY], in_force=TODAY, knee="#0", x=WASTED, y=REVENUE, period="", imprint=IMPRINT)

    assert title(figure).startswith("No policy found is better than today's")
    assert [text.get_text() for text in figure.axes[0].texts] == ["today, knee"]


def test_names_on_a_crowded_front_do_not_cover_one_another():
    crowd = [
        FrontPoint(f"#{j}", Interval(0.1 + 2e-3 * j, 1e-3, 20), Interval(1e6 + 1e4 * j, 1e3, 20)) for j in range(1, 16)
    ]
    figure = front_figure(crowd, in_force=TODAY, knee="#8", x=WASTED, y=REVENUE, period="", imprint=IMPRINT)

    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    clashes = [1 for j, a in enumerate(boxes) for b in boxes[:j] if a.overlaps(b)]
    assert len(boxes) == 16
    assert clashes == []


# The sheet.


@pytest.mark.parametrize("letters", [10, 75, 90, 140])
def test_a_title_stays_on_the_sheet(letters):
    figure = sheet(title=("word " * 40)[:letters], subtitle="s", imprint=IMPRINT, width=9.6, height=5.0)

    box = figure.texts[0].get_window_extent()
    assert box.x1 <= figure.bbox.x1
    assert box.y0 >= figure.texts[1].get_window_extent().y1 - 1


def test_the_same_figure_gives_the_same_bytes_and_names_its_origin():
    def draw() -> bytes:
        return png(funnel_figure(STAGES, visitors_per_month=1.0, period="", imprint=IMPRINT), IMPRINT)

    first = draw()

    assert first == draw()
    assert b"Description" in first
    assert b"Matplotlib" not in first


# Figures of a real run.


def test_the_figures_of_a_run_agree_with_its_measures(portraits):
    scenario = small()
    frame = as_frame({r: p.measures for r, p in portraits.items()})

    months, weeks, waits = month_revenues(portraits), role_weeks(portraits), all_waits(portraits, scenario)

    assert sum(m.revenue.mean for m in months) == pytest.approx(frame["revenue_calendar"].mean())
    assert [(m.month, m.whole) for m in months] == [("2025-09", False), ("2025-10", True), ("2025-11", False)]
    # In which hours they wait, summed over the week, is how much waits in all.
    backlog = frame["backlog_mean"].mean() + frame["deal_work_backlog_mean"].mean()
    assert [w.role for w in weeks] == ["sales"]
    assert weeks[0].backlog.mean() == pytest.approx(backlog, rel=0.02)  # 46 days are no whole number of weeks
    assert weeks[0].busy_share == pytest.approx(frame["utilisation_touch"].mean(), rel=1e-9)
    for r in portraits:
        own = all_waits({r: portraits[r]}, scenario)
        kept = sum(float(np.sum(w.hours <= w.term_hours)) for w in own) / sum(w.handovers for w in own)
        assert kept == pytest.approx(frame.loc[r, "first_touch_attainment"], abs=0)
    assert sum(w.handovers for w in waits) == sum(w.handovers for p in portraits.values() for w in p.waits)


def test_a_run_has_its_five_figures(portraits):
    frame = as_frame({r: p.measures for r, p in portraits.items()})

    figures = run_figures(portraits, frame, small(), imprint=IMPRINT)

    assert list(figures) == ["funnel", "speed_to_lead", "week", "waste", "revenue"]
    for figure in figures.values():
        assert FOOTER in words(figure)
        assert title(figure)
    assert any(w.endswith("followed 20 days more; bars are per month") for w in words(figures["funnel"]))
    yardstick = "\nstandard: 6 tries at least 4 h apart (run.standard), the same for every policy"
    assert any(w.endswith(yardstick) for w in words(figures["waste"]))


def test_figures_touch_nothing_global():
    """Neither pyplot nor a changed setting is left behind; asked of a process that has done nothing else."""
    program = """
import sys
import matplotlib
def settings():  # asking for the backend in the ordinary way would load pyplot
    return {name: dict.__getitem__(matplotlib.rcParams, name) for name in matplotlib.rcParams}
before = settings()
from funnelsim.report.figures_sheet import Imprint, png
from funnelsim.report.figures_week import RoleWeek, week_figure
import numpy as np
imprint = Imprint("a", 0, "replication 0", "0")
png(week_figure([RoleWeek("bdr", np.arange(168.0), np.ones(168), 1.0)], period="", imprint=imprint), imprint)
assert settings() == before
assert "matplotlib.pyplot" not in sys.modules
assert "funnelsim-blues" not in matplotlib.colormaps
"""
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"PYTHONPATH": str(SOURCE)})


def test_the_front_shows_what_is_chosen_how_surely_and_the_profits_beside_it():
    def point(label: str, x: float, y: float, *, sure: float, profit: float) -> FrontPoint:
        return FrontPoint(label, interval(x, 0.005), interval(y, 4e4), probability=sure, profit=interval(profit, 1e4))

    points = [
        point("#0", 0.18, 1.6e6, sure=0.0, profit=1e5),
        point("#3", 0.12, 1.7e6, sure=0.6, profit=3e5),
        point("#7", 0.15, 1.9e6, sure=0.997, profit=2e5),
    ]
    figure = front_figure(
        points,
        in_force=points[0],
        knee="#7",
        chosen="#3",
        x=WASTED,
        y=REVENUE,
        profit=Goal("profit", "EUR", "up"),
        period="",
        imprint=IMPRINT,
    )

    assert title(figure).startswith("Policy #3: revenue 1.70 M EUR")  # the one chosen, not the knee
    front, strip = figure.axes
    assert {text.get_text() for text in front.texts} == {"#3 chosen 60 %", "#7 knee >99 %", "today 0 %"}
    # From the bottom: by revenue, as the points of the front stand.
    assert [text.get_text() for text in strip.get_yticklabels()] == ["today", "#3 chosen", "#7 knee"]
    drawn = sorted(float(line.get_xdata()[0]) for line in strip.lines if line.get_marker() in ("o", "s"))
    assert drawn == [1e5, 2e5, 3e5]
    assert strip.get_xlabel() == "profit, EUR   (better →)"


def test_a_policy_that_fell_back_is_not_on_the_line_of_the_front():
    points = [
        FrontPoint("#1", interval(0.10, 0.0), interval(1.0e6, 0.0)),
        FrontPoint("#2", interval(0.12, 0.0), interval(0.9e6, 0.0)),
        FrontPoint("#3", interval(0.14, 0.0), interval(1.2e6, 0.0)),
    ]
    figure = front_figure(points, in_force=TODAY, knee=None, x=WASTED, y=REVENUE, period="", imprint=IMPRINT)

    [line] = [one for one in figure.axes[0].lines if len(one.get_xdata()) > 1 and one.get_alpha() == 0.35]
    assert list(line.get_xdata()) == [0.10, 0.14]
