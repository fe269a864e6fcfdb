"""The front of a search: policies that no other beats in both objectives, with their uncertainty, beside today's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from funnelsim.report.digits import scale_of, short, tick
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    INK,
    MARGIN,
    PALE,
    PAPER,
    TEXT_PT,
    VERMILION,
    Imprint,
    place,
    sheet,
    tick_text,
)
from funnelsim.stats import Interval

WIDTH, HEIGHT = 9.6, 6.2
Box: TypeAlias = tuple[float, float, float, float]
"""Left, bottom, right and top, in pixels."""
_PLACES = (
    (7, 7), (7, -8), (-7, 7), (-7, -8), (11, 0), (-11, 0), (0, 14), (0, -15),
    (12, 15), (-12, 15), (12, -16), (-12, -16), (0, 26), (0, -27), (16, 26), (-16, 26), (16, -27), (-16, -27),
)  # fmt: skip
"""Where a label may stand from its point, in typographic points, the best place first."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One objective as an axis."""

    name: str
    unit: str
    better: Literal["up", "down"]

    def words(self, value: float) -> str:
        """Return a value of this objective for a title or a tick."""
        factor, unit = scale_of(self.unit)
        gap = "" if not unit else " "
        return f"{short(value * factor)}{gap}{unit}"


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One policy on the fresh replications that report it."""

    label: str  # such as '#7'
    x: Interval
    y: Interval
    dominated: bool = False


def front_figure(
    points: Sequence[FrontPoint],
    *,
    in_force: FrontPoint,
    knee: str | None,
    x: Goal,
    y: Goal,
    period: str,
    imprint: Imprint,
) -> Figure:
    """Return the policies found with 95 % intervals on both objectives, the policy in force and the knee marked.

    Args:
        points: The policies found; dominated ones are drawn faint and not labelled.
        in_force: Today's policy; it may be among `points` under the same label, and is then drawn once.
        knee: Label of the policy from which more of one objective costs most of the other; None = none.
        x: The objective on the horizontal axis.
        y: The objective on the vertical axis.
        period: What the points are, in words.
        imprint: Where the numbers come from.
    """
    found = [p for p in points if p.label != in_force.label]
    front = sorted((p for p in found if not p.dominated), key=lambda p: p.x.mean)
    knee_point = next((p for p in points if p.label == knee), None)
    title = _title(knee_point, front, in_force, x=x, y=y)
    figure = sheet(title=title, subtitle=period, imprint=imprint, width=WIDTH, height=HEIGHT)
    axes = place(figure, left=MARGIN + 0.85, bottom=1.05, width=WIDTH - 2 * MARGIN - 1.0, height=HEIGHT - 2.3)
    axes.grid(color=FAINT, lw=1)
    axes.set_axisbelow(True)
    _cross(axes, [p for p in found if p.dominated], colour=PALE, size=4)
    if len(front) > 1:
        axes.plot([p.x.mean for p in front], [p.y.mean for p in front], color=BLUE, lw=1, alpha=0.35, zorder=2)
    _cross(axes, front, colour=BLUE, size=6.5)
    if knee_point is not None:
        axes.plot(knee_point.x.mean, knee_point.y.mean, "o", ms=14, mfc="none", mec=INK, mew=1.4, zorder=6)
    _cross(axes, [in_force], colour=VERMILION, size=8, marker="s")
    _scales(axes, [*found, in_force], x=x, y=y)
    names = {p.label: f"{p.label} knee" if p.label == knee else p.label for p in front}
    names |= {in_force.label: "today" if in_force.label != knee else "today, the knee"}
    _labels(axes, [in_force, *front], names, in_force.label)
    return figure


def _title(knee: FrontPoint | None, front: Sequence[FrontPoint], in_force: FrontPoint, *, x: Goal, y: Goal) -> str:
    def both(point: FrontPoint, *, named: bool) -> str:
        parts = ((y, point.y.mean), (x, point.x.mean))
        return ", ".join(f"{goal.name} {goal.words(v)}" if named else goal.words(v) for goal, v in parts)

    chosen = knee or (front[0] if front else None)
    if chosen is None or chosen.label == in_force.label:
        return f"No policy found is better than today's: {both(in_force, named=True)}"
    return f"Policy {chosen.label}: {both(chosen, named=True)}; today {both(in_force, named=False)}"


def _cross(axes: Axes, points: Sequence[FrontPoint], *, colour: str, size: float, marker: str = "o") -> None:
    """Draw points with an interval on both axes."""
    if not points:
        return
    axes.errorbar(
        [p.x.mean for p in points],
        [p.y.mean for p in points],
        xerr=[_width(p.x) for p in points],
        yerr=[_width(p.y) for p in points],
        fmt=marker,
        color=colour,
        ms=size,
        mec=PAPER,
        mew=0.8,
        elinewidth=1,
        alpha=0.9,
        zorder=3 if colour == PALE else 5,
    )


def _width(interval: Interval) -> float:
    return interval.half_width if math.isfinite(interval.half_width) else 0.0


def _scales(axes: Axes, points: Sequence[FrontPoint], *, x: Goal, y: Goal) -> None:
    _scale(axes, "x", x, [p.x for p in points])
    _scale(axes, "y", y, [p.y for p in points])


def _scale(axes: Axes, which: Literal["x", "y"], goal: Goal, sides: Sequence[Interval]) -> None:
    low = min(s.mean - _width(s) for s in sides)
    high = max(s.mean + _width(s) for s in sides)
    pad = 0.08 * (high - low) or abs(high) * 0.1 or 1.0
    factor, unit = scale_of(goal.unit)

    def words(value: float) -> str:
        return f"{value * factor:.4g} %" if unit == "%" else tick(value * factor)

    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xlim if which == "x" else axes.set_ylim)(low - pad, high + pad)
    axis.set_major_formatter(tick_text(words))
    name = goal.name if unit in ("", "%") else f"{goal.name}, {unit}"
    axis.set_label_text(f"{name}   ({'better →' if goal.better == 'up' else '← better'})")
    axes.locator_params(axis=which, nbins=7)


def _labels(axes: Axes, points: Sequence[FrontPoint], names: dict[str, str], today: str) -> None:
    """Write each point's name near it, where it covers no other name or point, or covers them least."""
    pixels = axes.figure.dpi / 72
    spots = [np.asarray(axes.transData.transform((p.x.mean, p.y.mean))) for p in points]
    reach = [9.0 * pixels if "knee" in names[p.label] else 4.0 * pixels for p in points]
    taken = [_around(spot, r) for spot, r in zip(spots, reach, strict=True)]
    for point, spot in zip(points, spots, strict=True):
        words = names[point.label]
        label = axes.annotate(
            words,
            (point.x.mean, point.y.mean),
            xytext=(0, 0),
            textcoords="offset points",
            va="center",
            size=TEXT_PT,
            color=VERMILION if point.label == today else INK,
            weight="bold" if words != point.label else "normal",
            zorder=7,
        )
        extent = label.get_window_extent()
        places = [(dx, dy, _box(spot, dx * pixels, dy * pixels, extent.width, extent.height)) for dx, dy in _PLACES]
        dx, dy, box = min(places, key=lambda place: sum(_shared(place[2], other) for other in taken))
        taken.append(box)
        label.set_position((dx, dy))
        label.set_horizontalalignment("left" if dx > 0 else "right" if dx < 0 else "center")


def _box(spot: NDArray[np.float64], dx: float, dy: float, wide: float, tall: float) -> Box:
    """Return the box, in pixels, of a name that stands (dx, dy) from its point."""
    left = spot[0] + dx - (0.0 if dx > 0 else wide if dx < 0 else wide / 2)
    return (left, spot[1] + dy - tall / 2, left + wide, spot[1] + dy + tall / 2)


def _around(spot: NDArray[np.float64], reach: float) -> Box:
    return (spot[0] - reach, spot[1] - reach, spot[0] + reach, spot[1] + reach)


def _shared(a: Box, b: Box) -> float:
    """Return the area that two boxes share."""
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(tall, 0.0)
