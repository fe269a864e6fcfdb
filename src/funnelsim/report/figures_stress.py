"""Figures of stress tests: what each uncertain input does to a policy, and where policies stand in every state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import shorten

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from funnelsim.config.scenario import Scenario
from funnelsim.config.uncertain import Criterion
from funnelsim.lab.compare import Comparison, Contrast
from funnelsim.lab.robust import Robustness
from funnelsim.lab.stress import Stressed
from funnelsim.report.digits import tick
from funnelsim.report.figures_compare import Units, units_of
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    GREY,
    INK,
    MARGIN,
    ORANGE,
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
from funnelsim.report.stressed import criterion_words
from funnelsim.stats import Bounds

WIDTH = 10.2
NAMES, GAP = 2.15, 0.35
ROW, BETWEEN, BELOW = 0.42, 0.5, 1.05
MOST_POLICIES, MOST_MEASURES = 4, 3
SURE = 0.95
"""Share of the draws from which a policy is called the best."""
EVENT = "#9AA3AF"
END_COLOURS = {"low": BLUE, "high": ORANGE, "happens": EVENT}


def stress_figure(found: Stressed, scenario: Scenario, imprint: Imprint) -> Figure:
    """Return a tornado for each policy (the first `MOST_POLICIES`), a column for each measure (`MOST_MEASURES`).

    The inputs stand in the order of what they move in the first measure under the first policy; every panel of a column
    has one scale.
    """
    measures, policies = found.measures[:MOST_MEASURES], found.labels[:MOST_POLICIES]
    inputs = _ordered(found, measures[0])
    block = max(len(inputs), 2) * ROW
    height = 1.3 + len(policies) * (block + BETWEEN) - BETWEEN + BELOW
    words = "Each input at its ends, the rest as written: change against the world as written, paired; 95 % together"
    figure = sheet(title=_title(found, inputs), subtitle=words, imprint=imprint, width=WIDTH, height=height)
    width = (WIDTH - 2 * MARGIN - NAMES - (len(measures) - 1) * GAP) / len(measures)
    units = {m: units_of(m, currency=scenario.economics.currency, days=scenario.run.horizon_days) for m in measures}
    for j, measure in enumerate(measures):
        ends = [
            abs(c.difference.mean) + (c.difference.half_width if math.isfinite(c.difference.half_width) else 0.0)
            for table in found.tables[:MOST_POLICIES]
            for row in table.contrasts[1:]
            if math.isfinite((c := row[found.measures.index(measure)]).difference.mean)
        ]
        most = max(ends, default=0.0) * units[measure].factor or 1.0
        for p, label in enumerate(policies):
            axes = place(
                figure,
                left=MARGIN + NAMES + j * (width + GAP),
                bottom=height - 1.3 - p * (block + BETWEEN) - block,
                width=width,
                height=block,
            )
            _tornado(axes, found, found.tables[p], inputs, units[measure], measure=measure, most=most)
            last = p == len(policies) - 1
            if j == 0:
                axes.set_yticks(range(len(inputs)), [_row_words(found, name) for name in inputs], color=INK)
                axes.tick_params(axis="y", labelsize=SMALL_PT + 0.5)
                if len(policies) > 1:
                    axes.set_title(
                        shorten(label, 40, placeholder=" …"), size=TEXT_PT, color=INK, loc="left", pad=4, weight="bold",
                        x=-NAMES / width,
                    )  # fmt: skip
            else:
                axes.set_yticks([])
            if last:
                axes.set_xlabel(_axis_words(units[measure], difference=True))
            else:
                axes.tick_params(labelbottom=False)
    handles = [Patch(color=BLUE, label="low end"), Patch(color=ORANGE, label="high end")]
    if any(s.end == "happens" for s in found.stresses):
        handles.append(Patch(color=EVENT, label="event"))
    figure.legend(
        handles=handles, loc="upper right", bbox_to_anchor=(1 - MARGIN / WIDTH, 1 - 0.88 / height), ncols=3,
        frameon=False, fontsize=SMALL_PT, labelcolor=GREY,
    )  # fmt: skip
    return figure


def _ordered(found: Stressed, measure: str) -> list[str]:
    at = found.measures.index(measure)
    swing: dict[str, float] = {}
    for stress, row in zip(found.stresses, found.tables[0].contrasts[1:], strict=True):
        change = row[at].difference.mean
        swing[stress.input] = max(swing.get(stress.input, 0.0), abs(change) if math.isfinite(change) else 0.0)
    return sorted(swing, key=lambda name: -swing[name])


def _title(found: Stressed, inputs: Sequence[str]) -> str:
    name = shorten(found.labels[0], 30, placeholder="…")
    who = "the policy" if len(found.labels) == 1 else f"the policy {name}"
    measure = found.measures[0].removesuffix("_share").replace("_", " ")
    return f"What moves {measure} most under {who}: {shorten(inputs[0], 40, placeholder='…')}"


def _axis_words(units: Units, *, difference: bool) -> str:
    unit = units.unit
    if unit == "%" and difference:
        unit = "percentage points"
    arrow = {"up": "better →", "down": "← better"}.get(units.direction, "")
    below = ", ".join(part for part in (unit, arrow) if part)
    return f"{units.name}\n{below}".strip()


def _row_words(found: Stressed, name: str) -> str:
    values = [s.value for s in found.stresses if s.input == name]
    words = shorten(name, 32, placeholder="…")
    return words if not values[0] else f"{words}\n{' or '.join(values)}"


def _tornado(
    axes: Axes,
    found: Stressed,
    table: Comparison,
    inputs: Sequence[str],
    units: Units,
    *,
    measure: str,
    most: float,
) -> None:
    at = found.measures.index(measure)
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    axes.axvline(0, color=INK, lw=1, zorder=4)
    for stress, row in zip(found.stresses, table.contrasts[1:], strict=True):
        y = inputs.index(stress.input) + {"low": -0.19, "high": 0.19, "happens": 0.0}[stress.end]
        _bar(axes, y, row[at], units.factor, colour=END_COLOURS[stress.end])
    axes.set_ylim(max(len(inputs), 2) - 0.5, -0.5)
    axes.set_xlim(-1.08 * most, 1.08 * most)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(tick_text(tick))


def _bar(axes: Axes, y: float, contrast: Contrast, factor: float, *, colour: str) -> None:
    change = contrast.difference
    if not math.isfinite(change.mean):
        axes.text(0, y, " not defined", va="center", size=SMALL_PT, color=GREY)
        return
    half = change.half_width * factor if math.isfinite(change.half_width) else 0.0
    told = contrast.finding not in ("no detectable difference", "not defined")
    axes.barh(y, change.mean * factor, height=0.34, color=colour, alpha=1.0 if told else 0.35, lw=0, zorder=2)
    axes.errorbar(change.mean * factor, y, xerr=half, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2, zorder=3)


def states_figure(
    robust: Sequence[Robustness], labels: Sequence[str], scenario: Scenario, imprint: Imprint
) -> Figure:
    """Return where each policy stands in every state of the world, its mean and its worst states, by measure.

    Args:
        robust: One a measure, at least one; the first `MOST_MEASURES` are drawn.
        labels: Of the policies.
        scenario: The world.
        imprint: Where the numbers come from.
    """
    shown = list(robust[:MOST_MEASURES])
    block = max(len(labels), 2) * 0.5
    height = 1.3 + block + BELOW
    n = len(shown[0].weights)
    words = f"A dot for each of {n} states of the world (mean of {shown[0].replications} replications); intervals 95 %"
    first = shown[0]
    both: tuple[Criterion, ...] = ("expectation", "cvar")
    best = {c: shorten(labels[first.best(c)], 24, placeholder="…") for c in both}
    tail = criterion_words("cvar", first.worst_share)
    if len(labels) == 1:
        title = "How far the states of the world lie apart"
    elif best["expectation"] == best["cvar"]:
        doubt = min(first.standings[first.best(c)].chances[c] for c in both) < SURE
        title = f"{best['cvar']} is {'ahead' if doubt else 'best'} on the mean and in the {tail} of states"
    else:
        title = f"Ahead on the mean: {best['expectation']}; in the {tail} of states: {best['cvar']}"
    figure = sheet(title=title, subtitle=words, imprint=imprint, width=WIDTH, height=height)
    width = (WIDTH - 2 * MARGIN - NAMES - (len(shown) - 1) * GAP) / len(shown)
    for j, one in enumerate(shown):
        axes = place(figure, left=MARGIN + NAMES + j * (width + GAP), bottom=BELOW, width=width, height=block)
        units = units_of(one.measure, currency=scenario.economics.currency, days=scenario.run.horizon_days)
        _stand(axes, one, units.factor)
        names = [shorten(label, 30, placeholder="…") if j == 0 else "" for label in labels]
        axes.set_yticks(range(len(labels)), names)
        axes.tick_params(axis="y", labelcolor=INK, labelsize=SMALL_PT + 0.5)
        axes.set_xlabel(_axis_words(units, difference=False))
    handles = [
        Line2D([], [], color=PALE, mec=GREY, marker="o", ls="none", ms=5, label="state"),
        Line2D([], [], color=BLUE, marker="D", ls="none", ms=5, label="mean"),
        Line2D([], [], color=VERMILION, marker="v", ls="none", ms=6, label=tail),
    ]  # fmt: skip
    figure.legend(
        handles=handles, loc="upper right", bbox_to_anchor=(1 - MARGIN / WIDTH, 1 - 0.88 / height), ncols=3,
        frameon=False, fontsize=SMALL_PT, labelcolor=GREY,
    )  # fmt: skip
    return figure


def _stand(axes: Axes, one: Robustness, factor: float) -> None:
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    largest = max(one.weights)
    for p, standing in enumerate(one.standings):
        values = np.array(standing.means) * factor
        sizes = [8 + 18 * w / largest for w in one.weights]
        axes.scatter(values, np.full(values.size, float(p)), s=sizes, color=PALE, ec=GREY, lw=0.6, zorder=2)
        _estimate(axes, p - 0.22, standing.estimates["expectation"], factor, marker="D", size=5, colour=BLUE)
        _estimate(axes, p + 0.24, standing.estimates["cvar"], factor, marker="v", size=6, colour=VERMILION)
    axes.set_ylim(max(len(one.standings), 2) - 0.5, -0.5)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(tick_text(tick))


def _estimate(axes: Axes, y: float, bounds: Bounds, factor: float, *, marker: str, size: float, colour: str) -> None:
    if not math.isfinite(bounds.estimate):
        return
    if math.isfinite(bounds.low):
        axes.plot([bounds.low * factor, bounds.high * factor], [y, y], color=colour, lw=1.4, zorder=3)
    axes.plot(bounds.estimate * factor, y, marker=marker, ms=size, color=colour, ls="none", zorder=4)
