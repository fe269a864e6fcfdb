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

from funnelsim.pareto import nondominated
from funnelsim.report.digits import scale_of, short, tick
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MARGIN,
    PALE,
    PAPER,
    TEXT_PT,
    VERMILION,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)
from funnelsim.stats import Interval

WIDTH, HEIGHT = 9.6, 6.2
STRIP = 3.4
"""Inches added at the right where profits are drawn."""
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
    probability: float | None = None  # that it is on the front
    profit: Interval | None = None


def front_figure(
    points: Sequence[FrontPoint],
    *,
    in_force: FrontPoint,
    knee: str | None,
    x: Goal,
    y: Goal,
    period: str,
    imprint: Imprint,
    chosen: str | None = None,
    profit: Goal | None = None,
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
        chosen: Label of the policy that the user's trade-off names; None = none.
        profit: What the points' `profit` is, drawn in a strip beside the front; None = no strip.
    """
    found = [p for p in points if p.label != in_force.label]
    front = sorted((p for p in found if not p.dominated), key=lambda p: p.x.mean)
    knee_point = next((p for p in points if p.label == knee), None)
    chosen_point = next((p for p in points if p.label == chosen), None)
    title = _title(chosen_point or knee_point, front, in_force, x=x, y=y)
    strip = profit is not None and in_force.profit is not None
    if any(p.probability is not None for p in points):
        period += "; per cent: how surely on the front"
    figure = sheet(
        title=title, subtitle=period, imprint=imprint, width=WIDTH + (STRIP if strip else 0.0), height=HEIGHT
    )
    axes = place(figure, left=MARGIN + 0.85, bottom=1.05, width=WIDTH - 2 * MARGIN - 1.0, height=HEIGHT - 2.3)
    axes.grid(color=FAINT, lw=1)
    axes.set_axisbelow(True)
    _cross(axes, [p for p in found if p.dominated], colour=PALE, size=4)
    line = _undominated(front, x=x, y=y)
    if len(line) > 1:
        axes.plot([p.x.mean for p in line], [p.y.mean for p in line], color=BLUE, lw=1, alpha=0.35, zorder=2)
    _cross(axes, front, colour=BLUE, size=6.5)
    if knee_point is not None:
        axes.plot(knee_point.x.mean, knee_point.y.mean, "o", ms=14, mfc="none", mec=INK, mew=1.4, zorder=6)
    if chosen_point is not None:
        axes.plot(chosen_point.x.mean, chosen_point.y.mean, "D", ms=17, mfc="none", mec=GREEN, mew=1.8, zorder=6)
    _cross(axes, [in_force], colour=VERMILION, size=8, marker="s")
    _scales(axes, [*found, in_force], x=x, y=y)
    names = {p.label: _name(p, in_force, knee=knee, chosen=chosen) for p in [*front, in_force]}
    sure = {p.label: _sure(p) for p in [*front, in_force]}
    _labels(axes, [in_force, *front], {label: f"{names[label]}{sure[label]}" for label in names}, in_force.label)
    if strip and profit is not None:
        _profits(figure, sorted([*front, in_force], key=lambda p: p.y.mean), names, in_force.label, profit)
    return figure


def _undominated(points: Sequence[FrontPoint], *, x: Goal, y: Goal) -> list[FrontPoint]:
    """Return the points that no other dominates by its means: one kept by the selection may have fallen back."""
    means = [[p.x.mean, p.y.mean] for p in points]
    if not means:
        return []
    kept = nondominated(means, ["maximize" if goal.better == "up" else "minimize" for goal in (x, y)])
    return [p for p, on_front in zip(points, kept.tolist(), strict=True) if on_front]


def _name(point: FrontPoint, in_force: FrontPoint, *, knee: str | None, chosen: str | None) -> str:
    words = ["today" if point.label == in_force.label else point.label]
    words += ["knee"] if point.label == knee else []
    words += ["chosen"] if point.label == chosen else []
    return ", ".join(words) if words[0] == "today" else " ".join([words[0], ", ".join(words[1:])]).strip()


def _sure(point: FrontPoint) -> str:
    if point.probability is None:
        return ""
    percent = point.probability * 100
    return " >99 %" if 99.5 <= percent < 100 else " <1 %" if 0 < percent < 0.5 else f" {percent:.0f} %"


def _profits(figure: Figure, points: Sequence[FrontPoint], names: dict[str, str], today: str, goal: Goal) -> None:
    """Draw each policy's profit with its interval in a strip at the right, in the order of the vertical objective."""
    axes = place(figure, left=WIDTH + 1.05, bottom=1.05, width=STRIP - MARGIN - 1.05, height=HEIGHT - 2.3)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    only_bottom(axes)
    shown = [(at, p.profit, p.label) for at, p in enumerate(points) if p.profit is not None]
    for at, own, label in shown:
        colour, marker = (VERMILION, "s") if label == today else (BLUE, "o")
        axes.errorbar(
            own.mean, at, xerr=_width(own), fmt=marker, color=colour, ms=6, mec=PAPER, mew=0.8, elinewidth=1.2
        )
    axes.set_yticks([at for at, _, _ in shown], [names[label] for _, _, label in shown])
    for text, (_, _, label) in zip(axes.get_yticklabels(), shown, strict=True):
        text.set(color=VERMILION if label == today else INK, size=TEXT_PT - (1 if len(shown) > 14 else 0))
    axes.set_ylim(-0.7, len(points) - 0.3)
    _scale(axes, "x", goal, [own for _, own, _ in shown])
    axes.locator_params(axis="x", nbins=4)


def _title(named: FrontPoint | None, front: Sequence[FrontPoint], in_force: FrontPoint, *, x: Goal, y: Goal) -> str:
    def both(point: FrontPoint, *, named: bool) -> str:
        parts = ((y, point.y.mean), (x, point.x.mean))
        return ", ".join(f"{goal.name} {goal.words(v)}" if named else goal.words(v) for goal, v in parts)

    point = named or (front[0] if front else None)
    if point is None or point.label == in_force.label:
        return f"No policy found is better than today's: {both(in_force, named=True)}"
    return f"Policy {point.label}: {both(point, named=True)}; today {both(in_force, named=False)}"


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
    whole = axes.get_window_extent()
    inside: Box = (whole.x0, whole.y0, whole.x1, whole.y1)
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
            weight="bold" if "knee" in words or "chosen" in words or point.label == today else "normal",
            zorder=7,
        )
        extent = label.get_window_extent()
        places = [(dx, dy, _box(spot, dx * pixels, dy * pixels, extent.width, extent.height)) for dx, dy in _PLACES]
        dx, dy, box = min(places, key=lambda place: _covered(place[2], taken, inside))
        taken.append(box)
        label.set_position((dx, dy))
        label.set_horizontalalignment("left" if dx > 0 else "right" if dx < 0 else "center")


def _box(spot: NDArray[np.float64], dx: float, dy: float, wide: float, tall: float) -> Box:
    """Return the box, in pixels, of a name that stands (dx, dy) from its point."""
    left = spot[0] + dx - (0.0 if dx > 0 else wide if dx < 0 else wide / 2)
    return (left, spot[1] + dy - tall / 2, left + wide, spot[1] + dy + tall / 2)


def _around(spot: NDArray[np.float64], reach: float) -> Box:
    return (spot[0] - reach, spot[1] - reach, spot[0] + reach, spot[1] + reach)


def _covered(box: Box, taken: Sequence[Box], inside: Box) -> float:
    """Return the area of a box that others share or that lies outside the axes."""
    outside = (box[2] - box[0]) * (box[3] - box[1]) - _shared(box, inside)
    return outside + sum(_shared(box, other) for other in taken)


def _shared(a: Box, b: Box) -> float:
    """Return the area that two boxes share."""
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(tall, 0.0)
