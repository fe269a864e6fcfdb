"""Figures of a comparison: paired differences with their intervals, a curve over one field, a heat map over two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from funnelsim.lab.compare import Comparison, Contrast
from funnelsim.lab.sweep import Axis, Sweep
from funnelsim.metrics import MEASURES
from funnelsim.report.compared import percent
from funnelsim.report.digits import scale_of, short, tick
from funnelsim.report.figures_sheet import (
    BLUE,
    EMPTY_HEIGHT,
    FAINT,
    GREEN,
    GREY,
    INK,
    MARGIN,
    PALE,
    SMALL_PT,
    TEXT_PT,
    VERMILION,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)
from funnelsim.report.findings import label_of, measure_words, unit_of

WIDTH = 9.6
ROW_HEIGHT, PANEL_GAP = 0.34, 0.85
CURVE_HEIGHT, MAP_WIDTH = 2.1, 4.1
MOST_PANELS = 4
COLOURS = {"better": GREEN, "worse": VERMILION, "more": BLUE, "less": BLUE}
"""By finding; what is not detected is grey."""


@dataclass(frozen=True, slots=True)
class Units:
    """How a measure is shown."""

    name: str
    unit: str  # with its period
    factor: float
    direction: str

    def axis_words(self, what: str) -> str:
        """Return the label of an axis that shows a difference in this measure."""
        unit = "percentage points" if self.unit == "%" else self.unit
        arrow = {"up": "   (better →)", "down": "   (← better)"}.get(self.direction, "")
        return f"{what}{', ' if unit else ''}{unit}{arrow}"


def units_of(measure: str, *, currency: str, days: int) -> Units:
    """Return how a measure is shown; revenue and profit as so much a year."""
    unit, factor, period = unit_of(measure, currency=currency, days=days)
    to_shown, unit = scale_of("" if unit == "ratio" else unit)
    return Units(measure_words(measure), f"{unit}{period}".strip(), factor * to_shown, MEASURES[measure].direction)


def difference_figure(found: Comparison, *, currency: str, days: int, imprint: Imprint) -> Figure:
    """Return, for each measure (the first `MOST_PANELS`), every scenario's difference against the first.

    Args:
        found: The comparison.
        currency: What money is called.
        days: Days measured.
        imprint: Where the numbers come from.
    """
    measures = found.measures[:MOST_PANELS]
    subtitle = f"Difference against {found.labels[0]}, paired by replication; intervals hold all together with 95 %"
    others = len(found.labels) - 1
    if others == 0:
        return sheet(title="Nothing to compare", subtitle=subtitle, imprint=imprint, width=WIDTH, height=EMPTY_HEIGHT)
    panel = max(others, 2) * ROW_HEIGHT
    height = 0.95 + len(measures) * (panel + PANEL_GAP) + 0.2
    figure = sheet(title=_title(found), subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    labels = [shorten(label, 30, placeholder=" …") for label in found.labels[1:]]
    for at, measure in enumerate(measures):
        bottom = height - 0.95 - (at + 1) * (panel + PANEL_GAP) + PANEL_GAP
        axes = place(figure, left=MARGIN + 2.1, bottom=bottom, width=WIDTH - 2 * MARGIN - 4.2, height=panel)
        units = units_of(measure, currency=currency, days=days)
        _differences(axes, [row[at] for row in found.contrasts[1:]], labels, units)
    return figure


def _title(found: Comparison) -> str:
    parts = []
    for measure in found.measures[:2]:
        best = found.best(measure)
        if best is None:
            continue
        contrast = found.contrasts[best][found.measures.index(measure)]
        chance = contrast.probability_best
        if all(row[found.measures.index(measure)].equal for row in found.contrasts):
            parts.append(f"{measure_words(measure)}: none better")
        elif chance <= 0.5:
            parts.append(f"{measure_words(measure)}: no clear best")
        else:
            parts.append(f"{measure_words(measure)}: {found.labels[best]} best ({percent(chance)})")
    return "; ".join(parts) or "No measure with a better side was compared"


def _differences(axes: Axes, contrasts: Sequence[Contrast], labels: Sequence[str], units: Units) -> None:
    only_bottom(axes)
    axes.axvline(0, color=INK, lw=1, zorder=1)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    for row, c in enumerate(contrasts):
        if not math.isfinite(c.difference.mean):
            continue
        half = c.difference.half_width if math.isfinite(c.difference.half_width) else 0.0
        axes.errorbar(
            c.difference.mean * units.factor,
            row,
            xerr=half * units.factor,
            fmt="o",
            color=COLOURS.get(c.finding, GREY),
            ms=6,
            elinewidth=1.8,
            capsize=2.5,
            zorder=3,
        )
    axes.set_ylim(len(contrasts) - 0.4, -0.6)
    axes.set_yticks(range(len(contrasts)), list(labels))
    axes.tick_params(axis="y", labelcolor=INK, labelsize=TEXT_PT)
    differences = [c.difference for c in contrasts if math.isfinite(c.difference.half_width)]
    if not any(abs(d.mean) + d.half_width for d in differences):
        axes.set_xlim(-1, 1)
    else:
        axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=6)
    axes.xaxis.set_major_formatter(tick_text(tick))
    axes.set_xlabel(units.axis_words(units.name))
    for row, c in enumerate(contrasts):
        words: str = c.finding
        if math.isfinite(c.probability_best):
            words += f" · best {percent(c.probability_best)}"
        axes.annotate(
            words,
            (1, row),
            xycoords=axes.get_yaxis_transform(),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            size=SMALL_PT + 0.5,
            color=COLOURS.get(c.finding, GREY),
        )


def sweep_figure(found: Comparison, swept: Sweep, *, currency: str, days: int, imprint: Imprint) -> Figure:
    """Return a curve for each measure over one field, or a heat map for each over two (the first `MOST_PANELS`).

    Args:
        found: The comparison of the sweep's scenarios.
        swept: The sweep.
        currency: What money is called.
        days: Days measured.
        imprint: Where the numbers come from.
    """
    units = [units_of(m, currency=currency, days=days) for m in found.measures[:MOST_PANELS]]
    panels = [[found.contrasts[s][at] for s in swept.at] for at in range(len(units))]
    subtitle = "Difference against the policy in force, paired by replication; "
    if len(swept.axes) == 1:
        subtitle += "intervals hold all together with 95 %"
        height = 1.0 + len(units) * (CURVE_HEIGHT + 0.35) + 0.65
        figure = sheet(title=_title(found), subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
        for at, (one, contrasts) in enumerate(zip(units, panels, strict=True)):
            bottom = height - 1.0 - (at + 1) * CURVE_HEIGHT - at * 0.35
            axes = place(figure, left=MARGIN + 1.15, bottom=bottom, width=WIDTH - 2 * MARGIN - 1.3, height=CURVE_HEIGHT)
            _curve(axes, contrasts, swept.axes[0], one, last=at == len(units) - 1)
        return figure
    subtitle += "pale cells cannot be told from it, the framed cell is in force"
    rows = math.ceil(len(units) / 2)
    down = max(1.6, min(0.36 * len(swept.axes[0].values), 4.5))
    height = 1.25 + rows * (down + 1.15) + 0.1
    figure = sheet(title=_title(found), subtitle=subtitle, imprint=imprint, width=WIDTH, height=height)
    wide = MAP_WIDTH - 0.75 if len(units) > 1 else WIDTH - 2 * MARGIN - 1.2
    for at, (one, contrasts) in enumerate(zip(units, panels, strict=True)):
        left = MARGIN + 0.75 + (at % 2) * (MAP_WIDTH + 0.5)
        bottom = height - 1.25 - (at // 2 + 1) * (down + 1.15) + 0.95
        axes = place(figure, left=left, bottom=bottom, width=wide, height=down)
        _heat(axes, contrasts, swept, one, leftmost=at % 2 == 0)
    return figure


def axis_words(axis: Axis) -> str:
    """Return the name and unit of a swept field."""
    numbers = axis.numbers
    if numbers is not None and not isinstance(axis.values[0], int | float):
        business = "business " if axis.values[0].business else ""
        return f"{label_of(axis.path)}, {business}hours"
    return ", ".join(part for part in (label_of(axis.path), axis.unit) if part)


def _curve(axes: Axes, contrasts: Sequence[Contrast], axis: Axis, units: Units, *, last: bool) -> None:
    numbers = axis.numbers
    x = np.asarray(numbers if numbers is not None else range(len(axis.values)), dtype=np.float64)
    y = np.array([c.difference.mean for c in contrasts]) * units.factor
    half = np.nan_to_num(np.array([c.difference.half_width for c in contrasts])) * units.factor
    axes.grid(color=FAINT, lw=1)
    axes.set_axisbelow(True)
    axes.axhline(0, color=INK, lw=1, zorder=1)
    if numbers is not None:
        order = np.argsort(x)
        axes.fill_between(x[order], (y - half)[order], (y + half)[order], color=PALE, alpha=0.5, lw=0, zorder=1)
        axes.plot(x[order], y[order], color=GREY, lw=1.2, zorder=2)
    for at, c in enumerate(contrasts):
        if math.isfinite(y[at]):
            colour = COLOURS.get(c.finding, GREY)
            axes.errorbar(x[at], y[at], yerr=half[at], fmt="o", color=colour, ms=5, elinewidth=1.4, capsize=2, zorder=3)
    axes.yaxis.set_major_formatter(tick_text(tick))
    axes.locator_params(axis="y", nbins=5)
    better = {"up": "\nbetter ↑", "down": "\nbetter ↓"}.get(units.direction, "")
    unit = "points" if units.unit == "%" else units.unit
    axes.set_ylabel(f"{units.name}{', ' if unit else ''}{unit}{better}")
    if numbers is None or len(axis.values) <= 12:
        axes.set_xticks(x, list(axis.texts) if last else [""] * x.size)
    elif not last:
        axes.tick_params(labelbottom=False)
    if last:
        axes.set_xlabel(axis_words(axis) if numbers is not None and len(axis.values) > 12 else label_of(axis.path))


def _heat(axes: Axes, contrasts: Sequence[Contrast], swept: Sweep, units: Units, *, leftmost: bool) -> None:
    down, across = swept.axes
    shape = len(down.values), len(across.values)
    values = (np.array([c.difference.mean for c in contrasts]) * units.factor).reshape(shape)
    known = np.abs(values[np.isfinite(values)])
    most = float(known.max()) if known.size and known.max() > 0 else 1.0
    good_is_high = units.direction != "down"
    told = np.array([c.finding not in ("no detectable difference", "not defined") for c in contrasts]).reshape(shape)
    axes.imshow(
        values,
        alpha=np.where(told, 1.0, 0.3),
        cmap="PuOr_r" if units.direction == "none" else "RdBu" if good_is_high else "RdBu_r",
        norm=TwoSlopeNorm(0.0, -most * 1.4, most * 1.4),
        aspect="auto",
        origin="lower",
    )
    small = shape[0] * shape[1] <= 120 and shape[1] <= 12
    for at in range(len(contrasts)):
        row, column = divmod(at, shape[1])
        if swept.at[at] == 0:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=INK, lw=1.8, clip_on=False))
        if small and math.isfinite(values[row, column]):
            axes.text(
                column,
                row,
                short(float(values[row, column]), 2),
                ha="center",
                va="center",
                size=SMALL_PT - 1 if shape[1] > 7 else SMALL_PT,
                color=INK,
                weight="bold" if told[row, column] else "normal",
            )
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xticks(range(shape[1]), list(across.texts), rotation=0 if shape[1] <= 9 else 60)
    axes.set_yticks(range(shape[0]), list(down.texts))
    axes.tick_params(length=0)
    axes.set_xlabel(label_of(across.path))
    if leftmost:
        axes.set_ylabel(label_of(down.path))
    better = {"up": "more is better", "down": "less is better"}.get(units.direction, "")
    unit = "points" if units.unit == "%" else units.unit
    axes.set_title(
        ", ".join(p for p in (units.name, unit, better) if p), size=TEXT_PT, color=INK, loc="left", pad=6
    )
