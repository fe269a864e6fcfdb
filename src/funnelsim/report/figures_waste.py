"""What is lost: leads wasted and buyers lost, each under exactly one cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from funnelsim.report.digits import plain, text
from funnelsim.report.figures_sheet import (
    FAINT,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    SMALL_PT,
    TEXT_PT,
    VERMILION,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)
from funnelsim.stats import Interval

WIDTH, ROW, ROW_WITH_MEANING, GUTTER = 10.6, 0.29, 0.42, 0.3
NAMES = (2.3, 1.3)
"""Inches: the figure, the row of a bar, of one whose cause is explained, between the panels; the names of causes."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause and the share of the whole that falls to it."""

    name: str
    share: Interval
    meaning: str = ""  # a few words below the name


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss split into its causes, whose shares add up to it."""

    title: str
    of: str  # what the shares are of, for the axis
    total: Interval
    causes: tuple[Cause, ...]


def waste_figure(wasted: Loss, lost: Loss, *, period: str, imprint: Imprint) -> Figure:
    """Return two panels of horizontal bars with 95 % intervals, the largest cause on top; causes of 0 are left out."""
    worst = _by_size(wasted)
    title = f"{plain(100 * wasted.total.mean, 0)} % of leads are wasted"
    if not math.isfinite(wasted.total.mean):
        title = "No leads"
    if worst:
        title += f"; the largest cause is '{worst[0].name.replace('_', ' ')}'"
    tallest = max(_height(wasted), _height(lost))
    height = 2.45 + tallest
    figure = sheet(title=title, subtitle=period, imprint=imprint, width=WIDTH, height=height)
    wide = WIDTH - 2 * MARGIN - GUTTER
    columns = (
        (wasted, VERMILION, MARGIN, 0.54 * wide, NAMES[0]),
        (lost, ORANGE, MARGIN + 0.54 * wide + GUTTER, 0.46 * wide, NAMES[1]),
    )
    for loss, colour, left, width, names in columns:
        heading = f"{loss.title}: {text(loss.total.mean, loss.total.half_width, 'share')}"
        if not math.isfinite(loss.total.mean):
            heading = f"{loss.title}: there is nothing to lose"
        figure.text(left / WIDTH, 1 - 1.3 / height, heading, size=TEXT_PT + 1, color=INK, weight="bold")
        if not _by_size(loss):
            continue
        tall = _height(loss)
        axes = place(figure, left=left + names, bottom=height - 1.5 - tall, width=width - names, height=tall)
        _bars(axes, loss, _by_size(loss), colour)
    return figure


def _height(loss: Loss) -> float:
    """Return the inches that the bars of a loss take: more where their meaning stands below the name."""
    shown = _by_size(loss)
    return max(len(shown), 1) * (ROW_WITH_MEANING if any(c.meaning for c in shown) else ROW)


def _by_size(loss: Loss) -> list[Cause]:
    shown = [c for c in loss.causes if math.isfinite(c.share.mean) and c.share.mean > 0]
    return sorted(shown, key=lambda c: -c.share.mean)


def _bars(axes: Axes, loss: Loss, shown: Sequence[Cause], colour: str) -> None:
    only_bottom(axes)
    reach = [c.share.mean + (c.share.half_width if math.isfinite(c.share.half_width) else 0.0) for c in shown]
    # Room for the label of the longest bar.
    axes.set_xlim(0, 100 * max(reach, default=0.01) * 1.38)
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    for row, (cause, far) in enumerate(zip(shown, reach, strict=True)):
        mean, half_width = 100 * cause.share.mean, 100 * cause.share.half_width
        axes.barh(row, mean, height=0.62, color=colour, zorder=2)
        if math.isfinite(half_width):
            axes.errorbar(mean, row, xerr=half_width, color=INK, lw=1.1, capsize=2.5, capthick=1.1, zorder=3)
        axes.annotate(
            text(cause.share.mean, cause.share.half_width, "share"),
            (100 * far, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            size=TEXT_PT - 0.5,
            color=INK,
        )
    for row, cause in enumerate(shown):
        _name(axes, row, cause)
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(tick_text(lambda v: f"{v:g} %"))
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(loss.of, size=SMALL_PT + 0.5, color=GREY)


def _name(axes: Axes, row: int, cause: Cause) -> None:
    lines = [(cause.name.replace("_", " "), 0.0, "center", TEXT_PT, INK)]
    if cause.meaning:
        lines = [
            (lines[0][0], 0.5, "bottom", TEXT_PT, INK),
            (cause.meaning, -1.5, "top", SMALL_PT - 0.5, GREY),
        ]
    for words, shift, va, size, colour in lines:
        axes.annotate(
            words,
            (0, row),
            xytext=(-7, shift),
            textcoords="offset points",
            ha="right",
            va=va,
            size=size,
            color=colour,
        )
