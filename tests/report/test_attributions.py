"""An attribution as text and figure: lines that add up as shown, and bars that stand where they should."""

from __future__ import annotations

import re

import numpy as np
import pytest

from funnelsim.lab.attribution import Attribution, Part
from funnelsim.lab.factors import FACTORS
from funnelsim.report.attributions import attribution_object, attribution_text, parts_frame
from funnelsim.report.figures_attribution import waterfall_figure
from funnelsim.report.figures_sheet import Imprint, png
from funnelsim.stats import Interval

IMPRINT = Imprint("one", 1, "replications 0–9", "0")
BRINGS = (97_312.4, -60_611.7, 0.0, 58_133.2, 117_255.9)
FINDINGS = ("missing", "in excess", "the same", "no detectable part", "missing")


def found(*, target: float | None = None) -> Attribution:
    """Return an attribution from 900,000 by `BRINGS`, to a plan, or to a target that is 10,000 beyond it."""
    parts = tuple(
        Part(f, Interval(b, 0.0 if b == 0 else 40_000.0, 10), b / 2, 2 * b, 0.01, finding)
        for f, b, finding in zip(FACTORS, BRINGS, FINDINGS, strict=True)
    )
    planned = 900_000.0 + sum(BRINGS)
    wanted = planned if target is None else target
    return Attribution(
        measure="revenue",
        replications=tuple(range(10)),
        as_is=Interval(900_000.0, 98_000.0, 10),
        planned=Interval(planned, 110_000.0, 10),
        target=target,
        gap=Interval(wanted - 900_000.0, 70_000.0, 10),
        parts=parts,
        remainder=None if target is None else Interval(target - planned, 5_000.0, 10),
        volume=None if target is None else 1.25,
        differs={f: ("a.b", "a.c") if b else () for f, b in zip(FACTORS, BRINGS, strict=True)},
    )


def told(one: Attribution, against: str = "the plan", days: int = 365) -> str:
    return attribution_text(one, heading="one", against=against, currency="EUR", days=days)


def numbers(text: str) -> dict[str, float]:
    """Return the first number of each line of the sum, by its name."""
    lines = re.findall(r"^  (as it is|[+=] [a-z ]+?) +(-?[\d,]+)", text, re.MULTILINE)
    return {name: float(value.replace(",", "")) for name, value in lines}


@pytest.mark.parametrize("target", [None, 1_122_089.8])
def test_the_lines_add_up_as_they_are_shown(target):
    """Each is rounded to the thousands that its interval bears and a digit more: eight roundings of half of that."""
    shown = numbers(told(found(target=target)))
    last = shown.pop("= the plan")

    assert len(shown) == (6 if target is None else 7)
    assert abs(sum(shown.values()) - last) <= 8 * 500
    assert shown["+ quality"] == pytest.approx(-60_611.7, abs=500)


def test_half_a_year_is_told_as_so_much_a_year():
    assert numbers(told(found(), days=73))["as it is"] == 4_500_000


def test_the_words_name_what_is_missing_what_works_against_it_and_what_cannot_be_told():
    text = " ".join(told(found(target=1_122_089.8), against="the target").split())

    assert "revenue misses the target by 220,000 ± 70,000 EUR a year" in text
    assert "it comes from capacity (120,000), volume (100,000)." in text
    assert "the other way work quality (-60,000)." in text
    assert "no detectable part has: effort." in text
    assert "as planned already: speed." in text
    assert "1.25 times the leads" in text
    assert "part of the gap is not explained" in text


def test_a_gap_within_its_interval_is_none_that_can_be_told():
    one = found(target=930_000.0)

    assert "no detectable gap" in told(one)
    title = waterfall_figure(one, against="the target", currency="EUR", days=365, imprint=IMPRINT).texts[0]
    assert title.get_text() == "Revenue cannot be told from the target"


def test_the_table_and_the_object_hold_the_sum():
    one = found(target=1_122_089.8)
    frame = parts_frame(one, currency="EUR").set_index("line")["value"]
    assert frame.drop("wanted").sum() == pytest.approx(frame["wanted"])

    plain = attribution_object(one, against="x", seed=0, complete=True, currency="EUR", days=365)
    assert plain["parts"]["capacity"]["mean"] == 117_255.9
    assert plain["not_explained"]["mean"] == pytest.approx(10_000.0)


def test_each_bar_of_the_waterfall_begins_where_the_one_before_ends():
    one = found()
    figure = waterfall_figure(one, against="the plan", currency="EUR", days=365, imprint=IMPRINT)
    bars = figure.axes[0].patches
    ends = [bar.get_y() + bar.get_height() for bar in bars]

    assert len(bars) == 7
    assert ends[0] == pytest.approx(900_000.0)
    np.testing.assert_allclose([bar.get_y() for bar in bars[1:6]], ends[:5])
    assert ends[6] == pytest.approx(ends[5])
    assert png(figure, IMPRINT) == png(figure, IMPRINT)
