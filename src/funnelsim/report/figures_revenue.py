"""Revenue by month, with its uncertainty over replications."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from funnelsim.report.digits import ABSENT, short, tick
from funnelsim.report.figures_sheet import (
    EMPTY_HEIGHT,
    FAINT,
    GREY,
    INK,
    MARGIN,
    PALE_SKY,
    SKY,
    SMALL_PT,
    TEXT_PT,
    Imprint,
    place,
    sheet,
    tick_text,
)
from funnelsim.stats import Interval

WIDTH, HEIGHT = 9.6, 4.9
FEW = 18
"""Up to so many months each is labelled."""


@dataclass(frozen=True, slots=True)
class MonthRevenue:
    """Revenue won in one month."""

    month: str  # 'YYYY-MM'
    revenue: Interval
    whole: bool  # False where only a part of the month was measured


def revenue_figure(
    months: Sequence[MonthRevenue], *, total: Interval, currency: str, period: str, imprint: Imprint
) -> Figure:
    """Return a bar per month with its 95 % interval, and the mean of the whole months as a line across them.

    Args:
        months: In order, at least one; those measured in part only are drawn pale and left out of the mean.
        total: Revenue closed in the whole measured window, parts of months included.
        currency: Unit of every amount.
        period: What is counted, in words.
        imprint: Where the numbers come from.
    """
    whole = [m.revenue.mean for m in months if m.whole]
    mean = float(np.mean(whole)) if whole else math.nan
    title = f"{_money(total)} {currency} of revenue closed in the window"
    if whole:
        title += f"; {short(mean)} a month"
        if len(whole) < len(months):
            title += " (whole months only)"
    if not any(m.revenue.mean > 0 for m in months):
        return sheet(title="No revenue", subtitle=period, imprint=imprint, width=WIDTH, height=EMPTY_HEIGHT)
    figure = sheet(title=title, subtitle=period, imprint=imprint, width=WIDTH, height=HEIGHT)
    axes = place(figure, left=MARGIN + 0.75, bottom=1.0, width=WIDTH - 2 * MARGIN - 1.45, height=HEIGHT - 2.1)
    axes.spines["left"].set_visible(False)
    x = np.arange(len(months))
    means = np.array([m.revenue.mean for m in months])
    widths = np.array([m.revenue.half_width for m in months])
    axes.bar(x, means, width=0.72, color=[SKY if m.whole else PALE_SKY for m in months], zorder=2)
    known = np.isfinite(widths)
    if known.any():
        axes.errorbar(
            x[known],
            means[known],
            yerr=widths[known],
            fmt="none",
            ecolor=INK,
            lw=1.1,
            capsize=2.5,
            capthick=1.1,
            zorder=3,
        )
    if whole:
        inside = [j for j, m in enumerate(months) if m.whole]
        axes.plot([inside[0] - 0.5, inside[-1] + 0.5], [mean, mean], color=GREY, lw=1, ls=(0, (4, 3)), zorder=4)
        axes.annotate(
            f"mean\n{short(mean)}",
            (1, mean),
            xycoords=axes.get_yaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            size=SMALL_PT + 0.5,
            color=GREY,
        )
    _scales(axes, months, currency)
    return figure


def _scales(axes: Axes, months: Sequence[MonthRevenue], currency: str) -> None:
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.6, len(months) - 0.4)
    axes.grid(axis="y", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(tick_text(tick))
    axes.locator_params(axis="y", nbins=6)
    axes.tick_params(length=0)
    axes.set_ylabel(f"revenue won a month, {currency}", size=TEXT_PT)
    every = max(1, math.ceil(len(months) / FEW))
    ticks = list(range(0, len(months), every))
    axes.set_xticks(ticks, [_month_words(months, j, every) for j in ticks])


def _month_words(months: Sequence[MonthRevenue], j: int, every: int) -> str:
    """Return the month's name, with the year beneath where it begins, and a mark where it is measured in part."""
    day = dt.date.fromisoformat(f"{months[j].month}-01")
    words = day.strftime("%b") + ("" if months[j].whole else "*")
    begins = j < every or months[j - every].month[:4] != months[j].month[:4]
    return f"{words}\n{day.year}" if begins else words


def _money(total: Interval) -> str:
    if not math.isfinite(total.mean):
        return ABSENT
    if not math.isfinite(total.half_width):
        return short(total.mean)
    return f"{short(total.mean)} ± {short(total.half_width, 2)}"
