"""Figure of a study of sensitivity: a tornado of each input alone, and beside it the weight of each among all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from funnelsim.lab.compare import Contrast
from funnelsim.lab.sensitivity import Sensitivity
from funnelsim.report.digits import tick
from funnelsim.report.figures_compare import Units, units_of
from funnelsim.report.figures_sheet import (
    BLUE,
    EMPTY_HEIGHT,
    FAINT,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    PALE,
    SMALL_PT,
    TEXT_PT,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)
from funnelsim.report.sensitivities import extremes, input_words, is_told, shown_inputs

WIDTH, ROW_HEIGHT = 11.0, 0.38
MOST = 16
"""Inputs shown."""


def sensitivity_figure(found: Sensitivity, measure: str, *, currency: str, days: int, imprint: Imprint) -> Figure:
    """Return for one measure the tornado of the inputs that matter most, and mu*, sigma and Sobol indices beside it.

    Args:
        found: The study.
        measure: One of its measures.
        currency: What money is called.
        days: Days measured.
        imprint: Where the numbers come from.
    """
    units = units_of(measure, currency=currency, days=days)
    chosen = list(shown_inputs(found, measure, most=MOST))
    named = ", ".join(input_words(found.inputs[at].path) for at in _leading(found, measure, chosen))
    title = f"What moves {units.name} most: {named}"
    subtitle = "Left: each input alone, from its low to its high end; pale: not told from no difference"
    if not chosen:
        return sheet(title=title, subtitle=subtitle, imprint=imprint, width=WIDTH, height=EMPTY_HEIGHT)
    tall = len(chosen) * ROW_HEIGHT
    height = tall + 2.15
    figure = sheet(title=title, subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    screened, shared = measure in found.screened, measure in found.shared
    left = MARGIN + 2.35
    beside = (2.1 if screened else 0.0) + (1.6 if shared else 0.0)
    wide = WIDTH - MARGIN - left - beside - 0.1
    axes = place(figure, left=left, bottom=0.95, width=wide, height=tall)
    _tornado(axes, [extremes(found, measure, at) for at in chosen], units)
    names = [shorten(input_words(found.inputs[at].path), 34, placeholder=" …") for at in chosen]
    axes.set_yticks(range(len(chosen)), names)
    if screened:
        other = place(figure, left=left + wide + 0.35, bottom=0.95, width=1.65, height=tall)
        _weights(other, found, measure, chosen, units)
    if shared:
        third = place(figure, left=WIDTH - MARGIN - 1.3, bottom=0.95, width=1.3, height=tall)
        _shares(third, found, measure, chosen)
    return figure


def _leading(found: Sensitivity, measure: str, chosen: Sequence[int]) -> list[int]:
    """Return the first input and, where it was screened, those that may well weigh as much: at most three in all."""
    if measure not in found.screened or not chosen:
        return list(chosen[:1])
    weight = [found.screened[measure][at].mu_star for at in chosen]
    least = weight[0].low if math.isfinite(weight[0].low) else weight[0].estimate
    return [at for at, w in zip(chosen, weight, strict=True) if w.estimate >= least][:3]


def _tornado(axes: Axes, rows: Sequence[tuple[tuple[str, Contrast], tuple[str, Contrast]]], units: Units) -> None:
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    axes.axvline(0, color=INK, lw=1, zorder=4)
    for row, ends in enumerate(rows):
        for at, ((text, c), colour) in enumerate(zip(ends, (ORANGE, BLUE), strict=True)):
            if not math.isfinite(c.difference.mean):
                continue
            value = c.difference.mean * units.factor
            half = c.difference.half_width * units.factor if math.isfinite(c.difference.half_width) else 0.0
            y = row + (-0.19, 0.19)[at]
            axes.barh(y, value, height=0.36, color=colour, alpha=1.0 if is_told(c) else 0.3, zorder=2)
            if half > 0:
                axes.errorbar(value, y, xerr=half, fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.6, zorder=3)
            if c.equal:
                continue
            reach = abs(value) + half
            side = 1 if value >= 0 else -1
            axes.annotate(
                text,
                (side * reach, y),
                xytext=(4 * side, 0),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="center",
                size=SMALL_PT - 1.5,
                color=GREY,
            )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=TEXT_PT - 0.5)
    axes.margins(x=0.2)
    axes.locator_params(axis="x", nbins=6)
    axes.xaxis.set_major_formatter(tick_text(tick))
    what = units.axis_words(f"change of {units.name}")
    axes.set_xlabel(f"{what}\norange: low end, blue: high end; intervals 95 % all together")


def _weights(axes: Axes, found: Sensitivity, measure: str, chosen: Sequence[int], units: Units) -> None:
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    for row, at in enumerate(chosen):
        s = found.screened[measure][at]
        if math.isfinite(s.mu_star.low):
            ends = [s.mu_star.low * units.factor, s.mu_star.high * units.factor]
            axes.plot(ends, [row, row], color=INK, lw=1.6, zorder=2)
        axes.plot(s.mu_star.estimate * units.factor, row, "o", color=INK, ms=5.5, zorder=3)
        if math.isfinite(s.sigma.estimate):
            axes.plot(s.sigma.estimate * units.factor, row, "D", mfc="none", color=GREY, ms=4.5, zorder=3)
    _beside(axes, len(chosen), "● mu*   ◇ sigma\nover the whole range")
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=3)
    axes.xaxis.set_major_formatter(tick_text(tick))


def _shares(axes: Axes, found: Sensitivity, measure: str, chosen: Sequence[int]) -> None:
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    known = dict(zip(found.shared_inputs, found.shared[measure], strict=True))
    for row, at in enumerate(chosen):
        if at not in known:
            continue
        first, total = known[at].first, known[at].total
        axes.barh(row, max(total.estimate, 0.0), height=0.62, color=PALE, zorder=1)
        axes.barh(row, max(first.estimate, 0.0), height=0.62, color=BLUE, zorder=2)
        if math.isfinite(total.low):
            axes.plot([total.low, total.high], [row, row], color=INK, lw=1.1, zorder=3)
    _beside(axes, len(chosen), "Sobol: blue first,\ngrey total order")
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=3)


def _beside(axes: Axes, rows: int, words: str) -> None:
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_xlabel(words)
