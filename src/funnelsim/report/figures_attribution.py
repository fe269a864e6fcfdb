"""Figure of an attribution: a waterfall from what is to what is wanted."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from funnelsim.lab.attribution import Attribution
from funnelsim.report.digits import short, tick
from funnelsim.report.figures_compare import units_of
from funnelsim.report.figures_sheet import (
    BLUE,
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
    place,
    sheet,
    tick_text,
)
from funnelsim.report.findings import measure_words

WIDTH, HEIGHT = 9.6, 5.6
DETECTED = ("missing", "in excess")
SMALL = 0.25
"""Where all steps lie within this part of the whole, the axis does not begin at 0, and says so."""


def waterfall_figure(found: Attribution, *, against: str, currency: str, days: int, imprint: Imprint) -> Figure:
    """Return the parts of a gap as steps from what is to what is wanted.

    Args:
        found: The attribution.
        against: What it is held against: a plan's name or "the target".
        currency: What money is called.
        days: Days measured.
        imprint: Where the numbers come from.
    """
    units = units_of(found.measure, currency=currency, days=days)
    subtitle = "What each factor brings, were it as planned (Shapley); intervals of the parts 95 % all together"
    figure = sheet(title=_title(found, against), subtitle=subtitle, imprint=imprint, width=WIDTH, height=HEIGHT)
    axes = place(figure, left=MARGIN + 0.75, bottom=1.0, width=WIDTH - 2 * MARGIN - 0.85, height=HEIGHT - 2.1)
    k = units.factor
    # Name, from where, how far, half-width, colour, paleness.
    rows: list[tuple[str, float, float, float, str, float]] = []
    level = found.as_is.mean * k
    rows.append(("as it is", 0.0, level, found.as_is.half_width * k, BLUE, 1.0))
    for part in found.parts:
        step = part.brings.mean * k
        sure = 1.0 if part.finding in DETECTED else 0.35
        rows.append((part.factor, level, step, part.brings.half_width * k, GREEN if step >= 0 else VERMILION, sure))
        level += step
    if found.remainder is not None:
        rows.append(("not\nexplained", level, found.remainder.mean * k, found.remainder.half_width * k, PALE, 1.0))
    planned = 0.0 if found.target is not None else found.planned.half_width * k
    rows.append((against, 0.0, found.wanted * k, planned, GREY, 1.0))
    _steps(axes, rows)
    axes.yaxis.set_major_formatter(tick_text(tick))
    axes.set_ylabel(f"{units.name}{', ' if units.unit else ''}{units.unit}")
    begins = axes.get_ylim()[0]
    axes.set_xlabel("pale: no detectable part" + ("; the axis does not begin at 0" if begins > 0 else ""))
    return figure


def _title(found: Attribution, against: str) -> str:
    name, gap = measure_words(found.measure), found.gap
    if not abs(gap.mean) > gap.half_width:
        return f"{name.capitalize()} cannot be told from {against}"
    called = [p for p in found.parts if p.finding == ("missing" if gap.mean > 0 else "in excess")]
    most = max(called, key=lambda p: abs(p.brings.mean), default=None)
    verb = "misses" if gap.mean > 0 else "exceeds"
    return f"{name.capitalize()} {verb} {against}" + ("" if most is None else f": {most.factor} above all")


def _steps(axes: Axes, rows: list[tuple[str, float, float, float, str, float]]) -> None:
    axes.grid(axis="y", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    ends = [start + step for _, start, step, _, _, _ in rows]
    reach = [value for (_, start, step, half, _, _) in rows for value in (start + step - half, start + step + half)]
    levels = [v for v in reach + ends if math.isfinite(v)]
    low, high = min(levels), max(levels)
    span = (high - low) or abs(high) or 1.0
    # The whole bars begin at nought unless the steps would then be too small to be seen.
    floor = 0.0 if low <= 0 or span > SMALL * high else low - 0.35 * span
    for at, (_, start, step, half, colour, alpha) in enumerate(rows):
        whole = at in (0, len(rows) - 1)
        bottom, height = (floor, start + step - floor) if whole else (start, step)
        axes.bar(at, height, bottom=bottom, width=0.62, color=colour, alpha=alpha, zorder=2)
        if half > 0 and math.isfinite(half):
            axes.errorbar(at, start + step, yerr=half, fmt="none", ecolor=INK, elinewidth=1.1, capsize=3, zorder=4)
        if at + 1 < len(rows):
            axes.plot([at + 0.31, at + 0.69], [start + step] * 2, color=GREY, lw=0.9, zorder=3)
        sign = "+" if step > 0 and not whole else ""
        top = max(start if not whole else floor, start + step, start + step + (half if math.isfinite(half) else 0.0))
        axes.annotate(
            f"{sign}{short(step)}", (at, top), xytext=(0, 4), textcoords="offset points",
            ha="center", va="bottom", size=SMALL_PT + 0.5, color=INK,
        )  # fmt: skip
    axes.set_xticks(range(len(rows)), [name for name, *_ in rows])
    axes.tick_params(axis="x", labelcolor=INK, labelsize=TEXT_PT, length=0)
    axes.set_ylim(floor if floor else min(low * 1.08, 0.0), high + 0.12 * (high - min(floor, low)))
    if low < 0:
        axes.axhline(0, color=INK, lw=1, zorder=1)
