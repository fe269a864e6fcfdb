"""A study of sensitivity as text and figures: bars as long as the differences, the most important first."""

from __future__ import annotations

import math

import numpy as np
import pytest

from funnelsim.lab.inputs import Setting
from funnelsim.lab.marginal import Step, marginal_values
from funnelsim.lab.sensitivity import Sensitivity, alone_settings, judge, morris_settings, sobol_settings
from funnelsim.lab.vary import read_input
from funnelsim.report.figures_marginal import marginal_figure
from funnelsim.report.figures_sensitivity import sensitivity_figure
from funnelsim.report.figures_sheet import Imprint
from funnelsim.report.marginals import marginal_text
from funnelsim.report.sensitivities import (
    alone_frame,
    input_words,
    sensitivity_object,
    sensitivity_text,
    weights_frame,
)
from lab.small import small

IMPRINT = Imprint("one", 1, "replications 0–4", "0")
PATHS = ("scoring.cutoff=20:80", "sla.attempts=2:8", "order.work=fifo,lifo,score")
LUCK = (0.0, 70.0, -5.0, 12.0, 3.0)


def revenue(setting: Setting, luck: float) -> float:
    """1,000 a point of cutoff above 40, -5,000 an attempt above 4, nothing for the order of work."""
    values = dict(setting.policy)
    cutoff, attempts = values.get("scoring.cutoff", 40.0) - 40, values.get("sla.attempts", 4) - 4
    return 500_000 + (1_000 + luck / 10) * cutoff - (5_000 + luck) * attempts + luck


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    inputs = [read_input(path, small()) for path in PATHS]

    def values(settings, luck=LUCK):
        return {r: np.array([[revenue(s, level)] for s in settings]) for r, level in enumerate(luck)}

    walked, points = morris_settings(inputs, 6, seed=1)
    return judge(
        inputs,
        values(alone_settings(inputs)[0]),
        values(walked, LUCK[:2]),
        values(sobol_settings(inputs[:2], 64, seed=1), LUCK[:2]),
        measures=["revenue"],
        points=points,
        shared_inputs=[0, 1],
        rows=64,
        seed=1,
    )


def text_of(found: Sensitivity) -> str:
    return sensitivity_text(found, heading="one", currency="EUR", days=365)


def test_the_text_tells_ends_weights_and_shares_the_most_important_first(found):
    lines = text_of(found).splitlines()
    rows = [line for line in lines if line.startswith("  MQL threshold")]

    assert max(map(len, lines)) <= 100
    assert "-20," in rows[0]
    assert "+40," in rows[0]
    assert rows[0].count("*") == 2
    order = [line.split("  ")[1].strip() for line in lines if line.startswith(("  MQL", "  attempts", "  order"))]
    assert order[:3] == ["MQL threshold", "attempts", "order of work"]
    assert any("the same" in line for line in lines if line.startswith("  order of work"))
    assert "revenue depends most on MQL threshold, attempts, order of work (by mu*)." in text_of(found)
    assert "no detectable difference at either end of order of work." in text_of(found)


def test_tables_and_object_hold_the_numbers_of_the_study(found):
    alone = alone_frame(found, currency="EUR").set_index(["input", "value"])
    weights = weights_frame(found, currency="EUR").set_index("input")

    mean = float(np.mean(LUCK))
    assert alone.loc[("scoring.cutoff", "80"), "difference"] == pytest.approx(40 * (1_000 + mean / 10))
    assert weights.loc["scoring.cutoff", "mu"] == pytest.approx(60 * (1_000 + np.mean(LUCK[:2]) / 10))
    assert math.isnan(weights.loc["order.work", "sobol_first"])
    plain = sensitivity_object(found, seed=1, currency="EUR")
    assert plain["all_together"][2]["input"] == "order.work"
    assert plain["all_together"][2]["sobol_first"] is None
    assert len(plain["one_at_a_time"]) == 2 + 2 + 3


def test_the_bars_of_the_tornado_are_as_long_as_the_differences(found):
    figure = sensitivity_figure(found, "revenue", currency="EUR", days=365, imprint=IMPRINT)
    tornado, weights, shares = figure.axes
    mean = float(np.mean(LUCK))
    lengths = sorted(round(bar.get_width()) for bar in tornado.patches)

    slope, attempt = 1_000 + mean / 10, 5_000 + mean
    expected = [-20 * slope, -4 * attempt, 0, 0, 2 * attempt, 40 * slope]
    assert lengths == pytest.approx(sorted(expected), abs=1)
    assert [t.get_text() for t in tornado.get_yticklabels()] == ["MQL threshold", "attempts", "order of work"]
    dots = [line.get_xdata()[0] for line in weights.get_lines() if line.get_marker() == "o"]
    assert dots == pytest.approx([s.mu_star.estimate for s in found.screened["revenue"]])
    totals = [bar.get_width() for bar in shares.patches]
    assert totals[0] == pytest.approx(found.shared["revenue"][0].total.estimate)
    assert figure.texts[0].get_text().startswith("What moves revenue most: MQL threshold")


def test_without_screening_there_is_a_tornado_alone():
    inputs = [read_input(PATHS[0], small())]
    settings, _, _ = alone_settings(inputs)
    values = {r: np.array([[revenue(s, level)] for s in settings]) for r, level in enumerate(LUCK)}
    found = judge(inputs, values, None, measures=["revenue"])

    figure = sensitivity_figure(found, "revenue", currency="EUR", days=365, imprint=IMPRINT)
    assert len(figure.axes) == 1
    assert "(by its two ends)" in text_of(found)


def test_inputs_are_called_as_people_call_them():
    assert input_words("market.reach.mu") == "odds of being reached"
    assert input_words("sla.A.gap") == "gap between attempts, tier A"
    assert input_words("market.deal.value_sigma") == "deal.value_sigma"


def test_steps_are_told_by_row_and_drawn_where_their_difference_is():
    steps = [
        Step("MQL threshold 5 points higher", Setting(policy=(("scoring.cutoff", 45.0),))),
        Step("nothing at all", Setting()),
    ]
    values = {
        r: np.array([[revenue(s, level), 7.0] for s in (Setting(), *(step.setting for step in steps))])
        for r, level in enumerate(LUCK)
    }
    found = marginal_values(values, steps, measures=["revenue", "mqls"])
    text = marginal_text(found, heading="one", currency="EUR", days=365, left_out=["a step: a.b must be"])

    rows = [line for line in text.splitlines() if line.startswith("  MQL threshold 5 points higher  ")]
    assert "+5," in rows[0]
    assert "*" in rows[0]
    assert "revenue better: MQL threshold 5 points higher." in text
    assert "revenue the same in every replication: nothing at all." in text
    assert "left out: a step: a.b must be." in text
    assert max(map(len, text.splitlines())) <= 100
    figure = marginal_figure(found, currency="EUR", days=365, imprint=IMPRINT)
    assert len(figure.axes) == 2
    assert figure.texts[0].get_text() == "What helps revenue most: MQL threshold 5 points higher"
