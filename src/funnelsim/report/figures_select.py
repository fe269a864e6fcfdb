"""Figure of a selection: how far each system is behind the selected one, and what telling it cost."""

from __future__ import annotations

import math
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from funnelsim.lab.select import Selection
from funnelsim.report.compared import percent
from funnelsim.report.digits import tick
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    PALE,
    PALE_SKY,
    SMALL_PT,
    TEXT_PT,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)
from funnelsim.report.findings import measure_words
from funnelsim.report.selected import APPROXIMATE, Asked, Standing, standings

WIDTH, ROW_HEIGHT = 9.6, 0.27
MOST_ROWS = 40
"""Systems shown; of more, those nearest to the selected one."""


def selection_figure(found: Selection, asked: Asked, *, imprint: Imprint) -> Figure:
    """Return the systems, the selected one first, with their differences to it and the replications of each.

    Args:
        found: The selection.
        asked: What was selected among.
        imprint: Where the numbers come from.
    """
    rules, best = found.rules, asked.labels[found.best]
    sign = 1 if rules.direction == "up" else -1
    rows = sorted(standings(found, asked), key=lambda s: (s.label != best, -sign * s.behind.mean))[:MOST_ROWS]
    name = measure_words(asked.measure)
    if found.guaranteed:
        title = f"{name.capitalize()}: {best} is selected"
        sure = f"{rules.confidence * 100:g} %"
        subtitle = f"KN: who is ahead of all others by the band's width or more is selected with at least {sure}"
    else:
        words = "is selected" if found.complete and rules.procedure == "OCBA" else "leads"
        title = f"{name.capitalize()}: {best} {words}, without a guarantee"
        by = ", to the band's width," if rules.indifference else ""
        subtitle = f"{rules.procedure}: {APPROXIMATE}{by} {percent(found.probability)} (estimated)"
    panel = max(len(rows), 2) * ROW_HEIGHT
    height = panel + 1.75
    figure = sheet(title=title, subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    left = MARGIN + 2.05
    _behind(place(figure, left=left, bottom=0.85, width=4.0, height=panel), rows, found, asked)
    _cost(place(figure, left=left + 4.25, bottom=0.85, width=0.8, height=panel), rows)
    return figure


def _behind(axes: Axes, rows: list[Standing], found: Selection, asked: Asked) -> None:
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    zone = found.rules.indifference * asked.factor
    if zone:
        towards = -zone if found.rules.direction == "up" else zone
        axes.axvspan(min(0.0, towards), max(0.0, towards), color=PALE_SKY, lw=0, zorder=0)
    axes.axvline(0, color=INK, lw=1, zorder=1)
    for at, s in enumerate(rows):
        half = s.behind.half_width if math.isfinite(s.behind.half_width) else 0.0
        colour = _colour(s.fate)
        axes.errorbar(
            s.behind.mean * asked.factor, at, xerr=half * asked.factor or None, fmt="o", color=colour, ms=5,
            elinewidth=1.6, capsize=2, zorder=3,
        )  # fmt: skip
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [shorten(s.label, 30, placeholder=" …") for s in rows])
    axes.tick_params(axis="y", labelcolor=INK, labelsize=TEXT_PT)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(tick_text(tick))
    unit = asked.unit.replace("%", "percentage points")
    arrow = "(better →)" if found.rules.direction == "up" else "(← better)"
    axes.set_xlabel(f"difference to the selected one{', ' if unit else ''}{unit}   {arrow}")


def _cost(axes: Axes, rows: list[Standing]) -> None:
    only_bottom(axes)
    axes.barh(range(len(rows)), [s.replications for s in rows], color=PALE, height=0.62)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=2, integer=True)
    axes.set_xlabel("replications")
    for at, s in enumerate(rows):
        axes.annotate(
            f"{s.replications:,}  {s.fate}".rstrip(), (1, at), xycoords=axes.get_yaxis_transform(), xytext=(6, 0),
            textcoords="offset points", va="center", size=SMALL_PT, color=_colour(s.fate),
        )  # fmt: skip


def _colour(fate: str) -> str:
    if fate in ("selected", "leads"):
        return GREEN
    return ORANGE if fate == "not told apart" else BLUE if fate.startswith("dropped by KN") else GREY
