"""Figures of a comparison: what was observed in ink, what the model shows in blue, its interval behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from funnelsim.calibration.predicted import Compared
from funnelsim.records import Float64
from funnelsim.report.digits import plain
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    GREY,
    INK,
    MARGIN,
    PALE_SKY,
    SMALL_PT,
    TEXT_PT,
    VERMILION,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)

WIDTH = 9.6
PANEL_HEIGHT, BELOW = 2.75, 1.1
"""Inches of a panel, and of what stands below it."""
ROW = 0.245
NAMES = 3.15
"""Inches for the names of the rows of an overview."""
WIDEST = 3.0
"""Half-widths of the interval that an overview shows to each side; what lies further out is drawn at the edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A curve seen, and the same one in each replication."""

    title: str
    x: Float64  # (n,)
    seen: Float64  # (n,)
    simulated: Float64  # (replications, n)
    low: Float64  # (n,) of the interval
    high: Float64
    x_label: str
    unit: str = "share"  # 'share' is shown in per cent
    logarithmic: bool = False
    steps: bool = False  # a point for each category, in place of a line
    ticks: tuple[tuple[float, str], ...] = ()  # where, and what it says


def bands_figure(bands: Sequence[Band], *, title: str, subtitle: str, imprint: Imprint) -> Figure:
    """Return the curves side by side, two in a row: observed, mean over replications, and interval."""
    rows = math.ceil(len(bands) / 2)
    height = 1.75 + rows * (PANEL_HEIGHT + BELOW)
    figure = sheet(title=title, subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    columns = 1 if len(bands) == 1 else 2
    gap = 0.75
    wide = (WIDTH - 2 * MARGIN - 0.45 - (columns - 1) * gap) / columns
    for j, band in enumerate(bands):
        row, column = divmod(j, columns)
        bottom = height - 1.7 - (row + 1) * PANEL_HEIGHT - row * BELOW
        axes = place(figure, left=MARGIN + 0.45 + column * (wide + gap), bottom=bottom, width=wide, height=PANEL_HEIGHT)
        _band(axes, band)
        if j == 0:
            _legend(figure, axes)
    return figure


def _band(axes: Axes, band: Band) -> None:
    factor = 100.0 if band.unit == "share" else 1.0
    with np.errstate(all="ignore"):
        middle = _mean(band.simulated) * factor
    if band.steps:
        axes.vlines(band.x, factor * band.low, factor * band.high, color=PALE_SKY, lw=9, zorder=1, label="interval")
        axes.plot(band.x, middle, "_", color=BLUE, ms=11, mew=2, zorder=2, label="model")
        axes.plot(band.x, factor * band.seen, "o", color=INK, ms=4.5, zorder=3, label="observed")
        axes.set_xlim(band.x.min() - 0.6, band.x.max() + 0.6)
    else:
        low, high = factor * band.low, factor * band.high
        axes.fill_between(band.x, low, high, color=PALE_SKY, lw=0, zorder=1, label="interval")
        axes.plot(band.x, middle, color=BLUE, lw=1.6, zorder=2, label="model")
        axes.plot(band.x, factor * band.seen, color=INK, lw=1.4, zorder=3, label="observed")
        axes.set_xlim(float(band.x.min()), float(band.x.max()))
    if band.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    if band.ticks:
        axes.xaxis.set_major_locator(FixedLocator([at for at, _ in band.ticks]))
        words = dict(band.ticks)
        axes.xaxis.set_major_formatter(tick_text(lambda v: words.get(v, "")))
        if sum(len(text) for text in words.values()) > 45:
            axes.tick_params(axis="x", labelrotation=35)
            for label in axes.get_xticklabels():
                label.set(ha="right", rotation_mode="anchor")
    axes.set_ylim(bottom=0)
    if band.unit == "share":
        axes.yaxis.set_major_formatter(tick_text(lambda v: f"{v:g} %"))
    axes.grid(axis="y", color=FAINT, lw=1, zorder=0)
    axes.set_axisbelow(True)
    axes.set_title(band.title, loc="left", size=TEXT_PT + 0.5, color=INK, weight="bold")
    axes.set_xlabel(band.x_label)


def _mean(rows: Float64) -> Float64:
    known = np.isfinite(rows)
    counts = known.sum(axis=0)
    return np.asarray(np.where(counts > 0, np.where(known, rows, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan))


def _legend(figure: Figure, axes: Axes) -> None:
    height = figure.get_size_inches()[1]
    legend = figure.legend(
        *axes.get_legend_handles_labels(), loc="upper left", ncol=3, frameon=False, fontsize=SMALL_PT,
        bbox_to_anchor=((MARGIN - 0.08) / WIDTH, 1 - 1.05 / height), handlelength=1.6, columnspacing=1.6,
        borderaxespad=0.0,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(GREY)


def overview_figure(figures: Sequence[Compared], *, title: str, subtitle: str, imprint: Imprint) -> Figure:
    """Return every judged figure in a row of its own: where the observed value lies in its interval.

    All intervals are drawn with the same width, so that they can be read together; the values stand beside them.
    """
    shown = [figure for figure in figures if figure.judged]
    groups: dict[str, list[Compared]] = {}
    for figure in shown:
        groups.setdefault(figure.key.group, []).append(figure)
    lines = len(shown) + 1.25 * len(groups)
    height = 1.75 + max(lines, 1) * ROW
    sheet_ = sheet(title=title, subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    if not shown:
        return sheet_
    values = 2.35
    axes = place(
        sheet_,
        left=MARGIN + NAMES,
        bottom=0.62,
        width=WIDTH - 2 * MARGIN - NAMES - values,
        height=lines * ROW,
    )
    only_bottom(axes)
    axes.set_xlim(-WIDEST * 1.06, WIDEST * 1.06)
    axes.set_ylim(lines, 0)
    axes.set_yticks([])
    axes.axvspan(-1, 1, color=PALE_SKY, lw=0, zorder=0)
    axes.axvline(0, color=BLUE, lw=1, zorder=1)
    axes.xaxis.set_major_locator(FixedLocator([-3, -1, 1, 3]))
    axes.xaxis.set_major_formatter(tick_text(lambda v: {-1: "low end", 1: "high end"}.get(round(v), f"{v:+g}")))
    axes.set_xlabel("place in the interval, in half-widths from its middle", size=SMALL_PT + 0.5)
    _words(axes, 1, 0.15, "observed", x=0.75, align="right", colour=GREY)
    _words(axes, 1, 0.15, "interval", x=0.9, colour=GREY)
    y = 0.0
    for group, members in groups.items():
        y += 0.85
        _words(axes, 0, y, group, x=-NAMES, weight="bold")
        y += 0.4
        for figure in members:
            y += 0.5
            _row(axes, y, figure)
            y += 0.5
    return sheet_


def place_in_interval(figure: Compared) -> float:
    """Return where the observed value lies, in half-widths from the middle of its interval: -1 and 1 are its ends."""
    half = (figure.high - figure.low) / 2
    apart = figure.observed - (figure.high + figure.low) / 2
    if figure.inside:
        return max(-1.0, min(1.0, apart / half)) if half > 0 else 0.0
    return apart / half if half > 0 else math.copysign(math.inf, apart)


def _row(axes: Axes, y: float, figure: Compared) -> None:
    at = place_in_interval(figure)
    inside, far = figure.inside, abs(at) > WIDEST
    x = math.copysign(WIDEST, at) if far else at
    marker = "o" if not far else ">" if at > 0 else "<"
    axes.plot([x], [y], marker, color=INK if inside else VERMILION, ms=4.6 if not far else 5.5, zorder=3)
    _words(axes, 0, y, figure.key.name, x=-NAMES + 0.12)
    decimals = digits_of(figure)
    observed, low, high = (plain(v, decimals) for v in (figure.observed, figure.low, figure.high))
    _words(axes, 1, y, observed, x=0.75, align="right", weight="bold" if not inside else "normal")
    _words(axes, 1, y, f"{low} to {high} {figure.key.unit}", x=0.9, colour=GREY)


def digits_of(figure: Compared) -> int:
    """Return after how many decimals a figure and its interval are shown: three digits of the largest of them."""
    largest = max((abs(v) for v in (figure.observed, figure.low, figure.high) if math.isfinite(v)), default=0.0)
    if largest == 0.0:
        return 0
    return max(0, 2 - math.floor(math.log10(largest)))


def _words(
    axes: Axes,
    edge: int,
    y: float,
    words: str,
    *,
    x: float,
    align: str = "left",
    weight: str = "normal",
    colour: str = INK,
) -> None:
    """Write at x inches from the left (0) or right (1) edge of the axes."""
    axes.annotate(
        words,
        (edge, y),
        xycoords=("axes fraction", "data"),
        xytext=(72 * x, 0),
        textcoords="offset points",
        va="center",
        ha=align,
        size=SMALL_PT + 0.5,
        weight=weight,
        color=colour,
        annotation_clip=False,
    )


