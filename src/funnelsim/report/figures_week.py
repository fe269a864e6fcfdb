"""The week of each role: how much waits and how busy its reps are, by hour of the local week."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from funnelsim.records import Float64
from funnelsim.report.digits import ABSENT, plain
from funnelsim.report.figures_sheet import GREY, INK, MARGIN, PAPER, SMALL_PT, TEXT_PT, Imprint, place, sheet

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WIDTH, CELL = 10.6, 0.235
DAY_NAMES, GUTTER = 0.45, 0.5
WIDE = (WIDTH - 2 * MARGIN - 2 * DAY_NAMES - GUTTER) / 2
"""Inches: of the figure, of a row of cells, of the names of the days, between the maps, of one map."""
CLOSED = "#EEF1F4"
BLUES = LinearSegmentedColormap.from_list("funnelsim-blues", ["#F1F6FB", "#9CC7E4", "#3E8FC4", "#08519C", "#062F5E"])
AMBERS = LinearSegmentedColormap.from_list("funnelsim-ambers", ["#FFF7EA", "#F9CE83", "#E69F00", "#A85E00", "#5C3200"])
"""Lightness falls all the way in both, so that they read in grey and under colour blindness too."""


@dataclass(frozen=True, slots=True)
class RoleWeek:
    """One role by hour of the local week, Monday 0-1 h first, mean over the measured weeks."""

    role: str
    backlog: Float64  # (168,) tasks that wait in its lists
    utilisation: Float64  # (168,) share of open rep-hours in work, nan where nobody is open
    busy_share: float  # all hours in work, overtime included, over all open hours


def week_figure(roles: Sequence[RoleWeek], *, period: str, imprint: Imprint) -> Figure:
    """Return two maps of 7 days x 24 hours per role: tasks waiting, and share of open hours in work."""
    fullest = max(roles, key=lambda r: float(np.max(r.backlog)))
    peak = int(np.argmax(fullest.backlog))
    title = (
        f"The list of {fullest.role} is longest on {DAYS[peak // 24]} at {peak % 24} h: "
        f"{_count(float(fullest.backlog[peak]))} tasks wait"
    )
    block = 7 * CELL + 0.85
    height = 1.5 + block * len(roles)
    figure = sheet(title=title, subtitle=period, imprint=imprint, width=WIDTH, height=height)
    for row, role in enumerate(roles):
        bottom = height - 1.32 - row * block - 7 * CELL
        _panel(
            figure,
            role.backlog,
            title=f"{role.role}: tasks waiting",
            colours=BLUES,
            scale=(0.0, max(float(np.max(role.backlog)), 1e-9)),
            ends=("0", _count(float(np.max(role.backlog)))),
            at=(MARGIN + DAY_NAMES, bottom),
        )
        low = _lowest(role.utilisation)
        _panel(
            figure,
            role.utilisation,
            title=f"{role.role}: {_per_cent(role.busy_share)} of open hours in work",
            colours=AMBERS,
            scale=(low, 1.0),
            ends=(f"{100 * low:.0f}", "100 %"),
            at=(MARGIN + 2 * DAY_NAMES + WIDE + GUTTER, bottom),
        )
    for axes in figure.axes[-4::2]:
        axes.set_xlabel("hour of the day, local time")
    return figure


def _panel(
    figure: Figure,
    values: Float64,
    *,
    title: str,
    colours: LinearSegmentedColormap,
    scale: tuple[float, float],
    ends: tuple[str, str],
    at: tuple[float, float],
) -> None:
    """Draw one map at `at` (inches) with its title and, beside that, its colour scale with both ends in words."""
    left, bottom = at
    axes = place(figure, left=left, bottom=bottom, width=WIDE, height=7 * CELL)
    _map(axes, values, colours, scale)
    axes.set_title(title, loc="left", size=TEXT_PT + 0.5, color=INK, weight="bold", pad=6)
    bar = place(figure, left=left + WIDE - 1.12, bottom=bottom + 7 * CELL + 0.09, width=0.68, height=0.09)
    bar.imshow(np.linspace(0, 1, 64).reshape(1, -1), aspect="auto", cmap=colours, extent=(0.0, 1.0, 0.0, 1.0))
    bar.set_axis_off()
    for x, words, align in ((-0.07, ends[0], "right"), (1.07, ends[1], "left")):
        bar.text(x, 0.45, words, transform=bar.transAxes, ha=align, va="center", size=SMALL_PT, color=GREY)


def _lowest(utilisation: Float64) -> float:
    """Return where the colour scale begins: a multiple of ten per cent, at most 70, at or below every value."""
    values = utilisation[np.isfinite(utilisation)]
    return min(0.7, float(np.floor(values.min() * 10) / 10)) if values.size else 0.0


def _count(tasks: float) -> str:
    return plain(tasks, 0 if tasks >= 9.95 else 1)


def _per_cent(share: float) -> str:
    return f"{100 * share:.0f} %" if math.isfinite(share) else ABSENT


def _map(axes: Axes, values: Float64, colours: LinearSegmentedColormap, scale: tuple[float, float]) -> None:
    axes.set_facecolor(CLOSED)
    grid = np.ma.masked_invalid(np.asarray(values, dtype=np.float64).reshape(7, 24))
    axes.pcolormesh(
        np.arange(25), np.arange(8), grid, cmap=colours, norm=Normalize(*scale), edgecolors=PAPER, linewidth=0.8
    )
    axes.set_ylim(7, 0)
    axes.set_yticks(np.arange(7) + 0.5, DAYS)
    axes.set_xticks(np.arange(0, 25, 3))
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
