"""What is told of policies over states of the world: figures of a hand-made matrix in words, lines that fit."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.lab.robust import Robustness, judge
from funnelsim.report.figures_sheet import Imprint
from funnelsim.report.figures_stress import states_figure
from funnelsim.report.stressed import robust_frame, robust_lines
from lab.small import small

LABELS = ["in force", "steady"]
IMPRINT = Imprint("small", 7, "replications 0–2", "0")


def robust(means: list[list[float]], *, measure: str = "leads_wasted_share") -> Robustness:
    values = np.repeat(np.array(means)[:, :, None], 3, axis=2)
    return judge(
        values, measure=measure, better="down", weights=[0.25] * 4, drawn=False, worst_share=0.25, draws=20
    )


def test_shares_are_told_in_per_cent_with_differences_and_who_is_ahead():
    """Means .25 and .30; the worst quarter .40 and .30; regrets: .10 in the last state, .15 in the first."""
    lines = robust_lines(robust([[0.15, 0.2, 0.25, 0.4], [0.3, 0.3, 0.3, 0.3]]), LABELS, small())

    assert lines[0] == "leads wasted, % (less is better)"
    told = [line.split() for line in lines[2:8]]
    assert told[0][:3] == ["in", "force", "mean"]
    assert float(told[0][3]) == 25.0
    assert [float(told[n][at]) for n, at in ((1, 3), (2, 2), (3, 2), (4, 3), (5, 2))] == [40, 10, 30, 30, 15]
    assert "+5" in lines[5]
    assert "-10" in lines[6]
    ahead = "in force by mean (>99 %), steady by worst 25 % (>99 %), in force by largest regret (>99 %)"
    assert " ".join(line.strip() for line in lines[8:]) == f"Ahead: {ahead}."
    assert max(map(len, lines)) <= 100


def test_the_table_has_every_number_in_its_own_unit():
    frame = robust_frame([robust([[0.15, 0.2, 0.25, 0.4], [0.3] * 4])], LABELS, currency="EUR")

    found = frame.set_index(["policy", "criterion"])
    assert found.loc[("in force", "cvar"), "estimate"] == pytest.approx(0.4)
    assert found.loc[("steady", "expectation"), "difference"] == pytest.approx(0.05)
    assert found["best"].tolist() == [True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("means", "title"),
    [
        ([[0.1, 0.1, 0.1, 0.2], [0.3] * 4], "in force is best on the mean and in the worst 25 % of states"),
        ([[0.15, 0.2, 0.25, 0.4], [0.3] * 4], "Ahead on the mean: in force; in the worst 25 % of states: steady"),
        ([[0.3] * 4, [0.3] * 4], "in force is ahead on the mean and in the worst 25 % of states"),
    ],
)
def test_the_figure_says_who_is_best(means, title):
    figure = states_figure([robust(means)], LABELS, small(), IMPRINT)

    assert title in {text.get_text().replace("\n", " ") for text in figure.texts}


def test_the_figure_of_one_policy_compares_with_nobody():
    figure = states_figure([robust([[0.1, 0.2, 0.3, 0.4]])], ["in force"], small(), IMPRINT)

    assert figure.texts[0].get_text() == "How far the states of the world lie apart"
