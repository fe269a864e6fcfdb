"""Figure of marginal values: a row for each step, a panel for each measure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from funnelsim.lab.compare import Comparison, Contrast
from funnelsim.report.digits import tick
from funnelsim.report.figures_compare import COLOURS, Units, units_of
from funnelsim.report.figures_sheet import (
    EMPTY_HEIGHT,
    FAINT,
    GREY,
    INK,
    MARGIN,
    TEXT_PT,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)
from funnelsim.report.findings import measure_words

WIDTH, ROW_HEIGHT, LABELS, GAP = 11.0, 0.33, 2.6, 0.3
MOST_PANELS = 3


def marginal_figure(found: Comparison, *, currency: str, days: int, imprint: Imprint) -> Figure:
    """Return what each step changes of each measure (the first `MOST_PANELS`), with its interval.

    Args:
        found: The comparison of the steps with what is in force, which is first.
        currency: What money is called.
        days: Days measured.
        imprint: Where the numbers come from.
    """
    measures, steps = found.measures[:MOST_PANELS], found.labels[1:]
    subtitle = "Change by one step, all else as it is, paired by replication; intervals hold all together with 95 %"
    if not steps:
        return sheet(title="No step to take", subtitle=subtitle, imprint=imprint, width=WIDTH, height=EMPTY_HEIGHT)
    tall = len(steps) * ROW_HEIGHT
    height = tall + 1.95
    figure = sheet(title=_title(found), subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    wide = (WIDTH - 2 * MARGIN - LABELS - GAP * (len(measures) - 1)) / len(measures)
    for at, measure in enumerate(measures):
        left = MARGIN + LABELS + at * (wide + GAP)
        axes = place(figure, left=left, bottom=0.9, width=wide, height=tall)
        units = units_of(measure, currency=currency, days=days)
        _panel(axes, [row[at] for row in found.contrasts[1:]], units)
        names = [shorten(step, 40, placeholder=" …") for step in steps] if at == 0 else [""] * len(steps)
        axes.set_yticks(range(len(steps)), names)
    return figure


def _title(found: Comparison) -> str:
    measure = found.measures[0]
    better = [
        (c[0].difference.mean, label)
        for label, c in zip(found.labels[1:], found.contrasts[1:], strict=True)
        if c[0].finding == "better"
    ]
    if not better:
        return f"No single step raises {measure_words(measure)} detectably"
    named = [label for _, label in sorted(better, key=lambda pair: -abs(pair[0]))[:2]]
    return f"What helps {measure_words(measure)} most: {' and '.join(named)}"


def _panel(axes: Axes, contrasts: Sequence[Contrast], units: Units) -> None:
    only_bottom(axes)
    axes.axvline(0, color=INK, lw=1, zorder=1)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    for row, c in enumerate(contrasts):
        if math.isfinite(c.difference.mean):
            half = c.difference.half_width if math.isfinite(c.difference.half_width) else 0.0
            axes.errorbar(
                c.difference.mean * units.factor, row, xerr=half * units.factor, fmt="o",
                color=COLOURS.get(c.finding, GREY), ms=5, elinewidth=1.6, capsize=2.2, zorder=3,
            )  # fmt: skip
    axes.set_ylim(len(contrasts) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=TEXT_PT - 0.5)
    differences = [c.difference for c in contrasts if math.isfinite(c.difference.half_width)]
    if any(abs(d.mean) + d.half_width for d in differences):
        axes.margins(x=0.08)
    else:
        axes.set_xlim(-1, 1)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(tick_text(tick))
    unit = "points" if units.unit == "%" else units.unit
    better = {"up": "better →", "down": "← better"}.get(units.direction, "")
    axes.set_xlabel(f"{units.name}{', ' if unit else ''}{unit}\n{better}")
