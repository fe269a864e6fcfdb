"""Speed to lead: how long handed-over leads waited for their first touch, against the term agreed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from funnelsim.records import Float64
from funnelsim.report.digits import ABSENT, plain, span, text
from funnelsim.report.figures_sheet import (
    BLUE,
    EMPTY_HEIGHT,
    FAINT,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    SMALL_PT,
    TEXT_PT,
    VERMILION,
    Imprint,
    place,
    sheet,
    tick_text,
)
from funnelsim.stats import Interval

WIDTH, HEIGHT, LABELS = 9.6, 5.2, 2.85
TICK_HOURS = (1 / 60, 5 / 60, 0.25, 1, 4, 8, 24, 72, 240, 720, 2160, 8760)
TIER_COLOUR = {"A": VERMILION, "B": ORANGE, "C": BLUE}
MOST_POINTS = 2_000
LEAST_HOURS = 1 / 60
"""Shorter waits are drawn at one minute."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the leads of one tier waited, on the clock of their term."""

    tier: str
    hours: Float64  # (m,) of those touched, >= 0, any order
    handovers: int  # m and those never touched
    term_hours: float
    clock: str  # 'business' or 'calendar'

    def kept(self) -> float:
        """Return the share of all handovers touched within the term, nan without handovers."""
        return float(np.sum(self.hours <= self.term_hours)) / self.handovers if self.handovers else math.nan

    def touched(self) -> float:
        """Return the share of all handovers ever touched, nan without handovers."""
        return self.hours.size / self.handovers if self.handovers else math.nan


def speed_figure(waits: Sequence[Waits], *, attainment: Interval, period: str, imprint: Imprint) -> Figure:
    """Return the cumulated share of handovers touched by waiting time, a line per tier, the term marked on each.

    A line ends below 100 % where leads were never touched. Tiers without handovers are left out.

    Args:
        waits: By tier.
        attainment: Share of all handovers touched within their term, over replications.
        period: What is counted, in words.
        imprint: Where the numbers come from.
    """
    shown = [w for w in waits if w.handovers]
    title = "No handover was owed a first touch that can be judged"
    if shown:
        title = f"{text(attainment.mean, attainment.half_width, 'share')} of first touches come within the term"
    figure = sheet(title=title, subtitle=period, imprint=imprint, width=WIDTH, height=HEIGHT if shown else EMPTY_HEIGHT)
    if not shown:
        return figure
    axes = place(figure, left=MARGIN + 0.65, bottom=1.1, width=WIDTH - 2 * MARGIN - 0.65 - LABELS, height=HEIGHT - 2.2)
    last = _scales(axes, shown)
    ends = []
    for w in shown:
        colour = TIER_COLOUR[w.tier]
        hours, share = _curve(w)
        axes.step(
            np.concatenate(([LEAST_HOURS], hours, [last])),
            np.concatenate(([0.0], share, [w.touched()])),
            where="post",
            color=colour,
            lw=1.8,
            zorder=3,
            label=f"Tier {w.tier}",
        )
        axes.vlines(w.term_hours, 0, w.kept(), color=colour, lw=1, ls=(0, (2, 2)), zorder=2)
        axes.plot([w.term_hours], [w.kept()], "o", color=colour, ms=7, mec="white", mew=1.2, zorder=4)
        ends.append(w.touched())
    for w, y in zip(shown, _apart(ends, 0.17), strict=True):
        _label(axes, w, y)
    axes.set_xlabel(_axis_words(shown))
    axes.set_ylabel("share of handovers touched")
    return figure


def _curve(w: Waits) -> tuple[Float64, Float64]:
    """Return the waits in order and the share of handovers touched by then, thinned to `MOST_POINTS` steps."""
    hours = np.sort(np.maximum(w.hours, LEAST_HOURS))
    share = np.arange(1, hours.size + 1) / w.handovers
    if hours.size > MOST_POINTS:
        kept = np.unique(np.linspace(0, hours.size - 1, MOST_POINTS).round().astype(np.int64))
        hours, share = hours[kept], share[kept]
    return hours, share


def _scales(axes: Axes, shown: Sequence[Waits]) -> float:
    longest = max([float(w.hours.max()) for w in shown if w.hours.size] + [w.term_hours for w in shown] + [24.0])
    last = next((t for t in TICK_HOURS if t >= longest), longest)
    axes.set_xscale("log")
    axes.set_xlim(LEAST_HOURS, last)
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(FixedLocator([t for t in TICK_HOURS if t <= last]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(tick_text(_tick))
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.yaxis.set_major_formatter(tick_text(lambda v: f"{100 * v:.0f} %"))
    axes.grid(axis="y", color=FAINT, lw=1, zorder=0)
    axes.set_axisbelow(True)
    return last


def _tick(hours: float) -> str:
    return span(hours) if hours < 47 else f"{hours:g} h"


def _label(axes: Axes, w: Waits, y: float) -> None:
    beside = axes.get_yaxis_transform()
    axes.plot([1.025, 1.06], [y, y], transform=beside, color=TIER_COLOUR[w.tier], lw=2.5, clip_on=False)
    unit = "business h" if w.clock == "business" else "h"
    term = f"{plain(w.term_hours, 2).rstrip('0').rstrip('.')} {unit}"
    for words, shift, size, colour, weight in (
        (f"Tier {w.tier}: {_per_cent(w.kept())} within {term}", 4, TEXT_PT, INK, "bold"),
        (f"{_per_cent(w.touched())} of {w.handovers:,} handovers touched", -9, SMALL_PT, GREY, "normal"),
    ):
        axes.annotate(
            words,
            (1.06, y),
            xycoords=beside,
            xytext=(6, shift),
            textcoords="offset points",
            va="center",
            size=size,
            color=colour,
            weight=weight,
        )


def _apart(heights: Sequence[float], distance: float) -> list[float]:
    """Return the heights moved down as little as keeps them `distance` apart, in their order from the top."""
    order = sorted(range(len(heights)), key=lambda j: -heights[j])
    moved = [0.0] * len(heights)
    ceiling = 0.98
    for j in order:
        moved[j] = min(heights[j], ceiling)
        ceiling = moved[j] - distance
    return moved


def _axis_words(shown: Sequence[Waits]) -> str:
    clocks = {w.clock for w in shown}
    if len(clocks) == 1:
        return f"from handover to first touch, {clocks.pop()} hours (logarithmic)"
    return "from handover to first touch, each tier on the clock of its term (logarithmic)"


def _per_cent(share: float) -> str:
    return f"{plain(100 * share, 0)} %" if math.isfinite(share) else ABSENT
