"""The figure of a warm-up: daily series over the whole run, where they settle, and where measuring begins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from funnelsim.lab.until import WEEK_DAYS, SettledSeries
from funnelsim.report.digits import tick
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    GREY,
    INK,
    MARGIN,
    PALE,
    SKY,
    SMALL_PT,
    VERMILION,
    Imprint,
    place,
    sheet,
    tick_text,
)

WIDTH, PANEL = 9.6, 1.25


def warmup_figure(series: Sequence[SettledSeries], *, warmup_days: int, horizon_days: int, imprint: Imprint) -> Figure:
    """Return a panel for each series: its days and weeks, the warm-up shaded, and the day from which it is settled.

    Args:
        series: At least one; the title is about those that were asked about.
        warmup_days: Days before measuring begins.
        horizon_days: Days measured.
        imprint: Where the numbers come from.
    """
    about = [s for s in series if s.asked]
    late = [s for s in about if s.settled.settles and s.settled.cut > warmup_days]
    restless = [s for s in about if not s.settled.settles]
    parts = [f"{', '.join(s.name for s in late)}: settled after the warm-up of {warmup_days} days"] if late else []
    parts += [f"{', '.join(s.name for s in restless)}: not settled in this run"] if restless else []
    enough = "every series" if len(about) == len(series) else ", ".join(s.name for s in about)
    title = "; ".join(parts) or f"A warm-up of {warmup_days} days is long enough for {enough}"
    rows = math.ceil(len(series) / 2)
    height = 1.1 + rows * (PANEL + 0.55) + 0.5
    subtitle = f"Days (pale) and weeks, mean of {series[0].replications} replications; "
    subtitle += "shaded: warm-up; dashed: settled from here on, by MSER on weeks"
    figure = sheet(title=title, subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    wide = (WIDTH - 2 * MARGIN - 1.5) / 2
    for at, one in enumerate(series):
        left = MARGIN + 0.55 + (at % 2) * (wide + 0.85)
        axes = place(
            figure, left=left, bottom=height - 1.3 - (at // 2) * (PANEL + 0.55) - PANEL, width=wide, height=PANEL
        )
        days = np.arange(one.days.size)
        weeks = one.days[: one.days.size // WEEK_DAYS * WEEK_DAYS].reshape(-1, WEEK_DAYS).mean(axis=1)
        axes.axvspan(0, warmup_days, color=FAINT, lw=0)
        axes.axvline(warmup_days + horizon_days, color=PALE, lw=1)
        axes.plot(days + 0.5, one.days, color=SKY, lw=0.6, alpha=0.6)
        axes.plot((np.arange(weeks.size) + 0.5) * WEEK_DAYS, weeks, color=BLUE, lw=1.4)
        good = one.settled.settles and one.settled.cut <= warmup_days
        if one.settled.settles:
            axes.axvline(one.settled.cut, color=INK if good else VERMILION, lw=1.2, ls=(0, (4, 3)))
        words = f"day {one.settled.cut}" if one.settled.settles else "not settled"
        axes.set_title(f"{one.name}, {one.unit}", size=SMALL_PT + 0.5, color=INK, loc="left", pad=3)
        axes.set_title(words, size=SMALL_PT + 0.5, color=GREY if good else VERMILION, loc="right", pad=3)
        axes.set_xlim(0, max(s.days.size for s in series))
        if one.days.min() >= 0:
            axes.set_ylim(bottom=0)
        axes.locator_params(axis="y", nbins=4)
        axes.locator_params(axis="x", nbins=6)
        axes.yaxis.set_major_formatter(tick_text(tick))
        if at >= len(series) - 2:
            axes.set_xlabel("day of the run", size=SMALL_PT)
    return figure
