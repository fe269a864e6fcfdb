"""The funnel: how many reach each stage, and what share passes from one to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from funnelsim.report.digits import ABSENT, decimals_of, plain, text
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    GREY,
    INK,
    MARGIN,
    SMALL_PT,
    TEXT_PT,
    Imprint,
    only_bottom,
    place,
    sheet,
)
from funnelsim.stats import Interval

WIDTH, ROW = 9.6, 0.74
NAMES, SHARES = 2.35, 0.95
"""Inches of the column of names on the left and of shares on the right."""
BAR = 0.54
"""Thickness of a bar; stages are one apart."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the funnel: how many of the cohort's leads reached it, a month."""

    name: str
    meaning: str
    per_month: Interval


def funnel_figure(stages: Sequence[Stage], *, visitors_per_month: float, period: str, imprint: Imprint) -> Figure:
    """Return the funnel as bars on one linear scale from the first stage on, with the conversion between them.

    Args:
        stages: At least two, from the widest on; counts >= 0 of the same cohort.
        visitors_per_month: Visitors, told in words: a bar many times as long would hide the rest; nan = unknown.
        period: What the cohort is, in words.
        imprint: Where the numbers come from.
    """
    first, last = stages[0].per_month.mean, stages[-1].per_month.mean
    title = f"Of {_count(first)} {stages[0].name.lower()} a month, {_count(last)} become {stages[-1].name.lower()}"
    height = 1.62 + ROW * len(stages)
    figure = sheet(title=title, subtitle=period, imprint=imprint, width=WIDTH, height=height)
    axes = place(
        figure,
        left=MARGIN + NAMES,
        bottom=0.5,
        width=WIDTH - 2 * MARGIN - NAMES - SHARES,
        height=ROW * len(stages) + 0.1,
    )
    _bare(axes)
    longest = max(stage.per_month.mean for stage in stages) or 1.0
    # Room at the right end for the label of the longest bar.
    axes.set_xlim(0, longest * 1.22)
    axes.set_ylim(len(stages) - 0.65, -0.65)
    for row, stage in enumerate(stages):
        _name(axes, row, stage)
        mean, half_width = stage.per_month.mean, stage.per_month.half_width
        axes.barh(row, mean, height=BAR, color=BLUE, zorder=2)
        axes.annotate(
            text(mean, half_width, ""),
            (mean, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            size=TEXT_PT + 1,
            color=INK,
            weight="bold",
        )
        _right(axes, row, _per_cent(mean, first))
        if row:
            _passage(axes, row, stages[row - 1].per_month.mean, mean)
    _right(axes, -0.5, f"of {stages[0].name.lower()}", small=True)
    if math.isfinite(visitors_per_month) and visitors_per_month > 0:
        share = _per_cent(first, visitors_per_month)
        words = f"{plain(visitors_per_month, 0)} visitors a month, {share} leave their name"
        axes.text(0, -0.5, words, size=SMALL_PT + 0.5, color=GREY, va="center")
    return figure


def _bare(axes: Axes) -> None:
    only_bottom(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])


def _name(axes: Axes, row: int, stage: Stage) -> None:
    for words, shift, va, size, color, weight in (
        (stage.name, 1.5, "bottom", TEXT_PT + 1, INK, "bold"),
        (stage.meaning, -1.5, "top", SMALL_PT, GREY, "normal"),
    ):
        axes.annotate(
            words,
            (0, row),
            xytext=(-10, shift),
            textcoords="offset points",
            ha="right",
            va=va,
            size=size,
            color=color,
            weight=weight,
        )


def _right(axes: Axes, row: float, words: str, *, small: bool = False) -> None:
    axes.annotate(
        words,
        (1, row),
        xycoords=axes.get_yaxis_transform(),
        xytext=(SHARES * 72, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        size=SMALL_PT + 0.5 if small else TEXT_PT + 0.5,
        color=GREY if small else INK,
    )


def _passage(axes: Axes, row: int, above: float, below: float) -> None:
    """Shade the way from one bar to the next and write the share that takes it."""
    top, bottom = row - 1 + BAR / 2, row - BAR / 2
    axes.add_patch(Polygon([(0, top), (above, top), (below, bottom), (0, bottom)], color=FAINT, lw=0, zorder=1))
    axes.annotate(
        f"↓ {_per_cent(below, above)}",
        (0, (top + bottom) / 2),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        size=TEXT_PT,
        color=INK,
        zorder=3,
    )


def _count(value: float) -> str:
    return plain(value, min(decimals_of(value), 1) if value < 10 else 0)


def _per_cent(part: float, whole: float) -> str:
    if not whole > 0 or not math.isfinite(part):
        return ABSENT
    share = 100 * part / whole
    return f"{plain(share, decimals_of(share) if share < 0.995 else 1 if share < 9.95 else 0)} %"
