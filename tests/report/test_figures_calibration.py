"""Figures of a comparison hold what was seen, what was simulated, and where the one lies in the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.scenes_backtest import FIRST, LAST, history_of_replication, scenario
from funnelsim.calibration.backtest import Backtest, backtest
from funnelsim.calibration.predicted import Compared, Key
from funnelsim.calibration.sight import RESPONSE_GRID, Look
from funnelsim.report.figures_backtest import backtest_figures, method_words, period_words
from funnelsim.report.figures_calibration import digits_of, overview_figure, place_in_interval
from funnelsim.report.figures_sheet import Imprint, png
from report.test_figures import title, words

IMPRINT = Imprint("small", 3, "replications 0–3", "0.1.0")


@pytest.fixture(scope="module")
def found() -> Backtest:
    look = Look(FIRST, LAST)
    return backtest(scenario(), history_of_replication(9), look=look, replications=4, own_team=False)


def figure_of(observed: float, low: float, high: float, name: str = "all") -> Compared:
    return Compared(Key("won", name, "%"), observed, (low + high) / 2, low, high, low, high, 39, False)


def test_the_place_in_an_interval_is_in_half_widths_from_its_middle():
    assert place_in_interval(figure_of(5.0, 4.0, 6.0)) == 0.0
    assert place_in_interval(figure_of(6.0, 4.0, 6.0)) == 1.0
    assert place_in_interval(figure_of(3.0, 4.0, 6.0)) == -2.0
    assert place_in_interval(figure_of(5.0, 5.0, 5.0)) == 0.0  # nothing can vary, and it did not
    assert place_in_interval(figure_of(5.1, 5.0, 5.0)) == math.inf


def test_the_overview_draws_each_judged_figure_at_its_place_and_far_ones_at_the_edge():
    figures = [figure_of(5.0, 4.0, 6.0, "a"), figure_of(6.5, 4.0, 6.0, "b"), figure_of(-40.0, 4.0, 6.0, "c")]
    not_judged = Compared(Key("arrivals", "leads a day", "leads"), 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 39, True)

    drawn = overview_figure([not_judged, *figures], title="t", subtitle="s", imprint=IMPRINT)

    axes = drawn.axes[0]
    marked = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    points = [(line.get_xdata()[0], line.get_marker()) for line in marked]
    assert points == [(0.0, "o"), (1.5, "o"), (-3.0, "<")]
    said = words(drawn)
    assert {"a", "b", "c", "won"} <= set(said)
    assert "leads a day" not in said
    assert "4.0 to 6.0 %" in said
    assert "-40.0" in said


def test_digits_are_those_of_the_largest_number():
    assert [digits_of(figure_of(x, 0.0, x)) for x in (0.0, 0.5, 5.0, 50.0, 5000.0)] == [0, 3, 2, 1, 0]


def test_every_figure_shows_the_history_the_model_and_its_interval(found):
    figures = backtest_figures(found, imprint=IMPRINT)

    assert set(figures) == {"overview", "response", "reach", "wins", "workload"}  # arrivals were given
    response = figures["response"].axes[0]
    lines = {line.get_label(): line.get_ydata() for line in response.lines}
    assert np.array_equal(lines["observed"], 100 * found.seen.curves["answered within"])
    mean = 100 * np.mean([one.curves["answered within"] for one in found.simulated], axis=0)
    assert lines["model"] == pytest.approx(mean)
    assert response.lines[0].get_xdata() == pytest.approx(RESPONSE_GRID)
    assert response.get_xscale() == "log"
    shares = found.share
    assert title(figures["overview"]) == f"{shares.inside} of {shares.judged} figures lie inside their 90 % interval"
    for figure in figures.values():
        assert "Leads created from 20 Jan 2025 to 16 Feb 2025; the history's own leads" in " ".join(words(figure))
        assert png(figure, IMPRINT)[:4] == b"\x89PNG"


def test_wins_by_channel_stand_in_the_order_of_the_table(found):
    wins = backtest_figures(found, imprint=IMPRINT)["wins"].axes[0]

    labels = [label.get_text() for label in wins.get_xticklabels()]
    assert labels == ["all", "search", "social", "2025-01", "2025-02"]
    observed = next(line for line in wins.lines if line.get_label() == "observed").get_ydata()
    won = [figure.observed for figure in found.figures if figure.key.group == "won"]
    assert observed == pytest.approx(won)


def test_arrivals_are_drawn_where_the_model_had_to_find_them():
    look, history = Look(FIRST, LAST), history_of_replication(9)
    free = backtest(scenario(), history, look=look, replications=3, own_arrivals=False, own_team=False)

    arrivals = backtest_figures(free, imprint=IMPRINT)["arrivals"]

    by_day = arrivals.axes[0]
    observed = next(line for line in by_day.lines if line.get_label() == "observed").get_ydata()
    assert observed.sum() == free.seen.curves["leads by day"].sum() > 0
    assert len(arrivals.axes) == 3
    assert period_words(free) == "Leads created from 20 Jan 2025 to 16 Feb 2025"
    assert method_words(free) == (
        "90 % intervals for one history: luck alone: no draws were given; 3 replications"
    )
