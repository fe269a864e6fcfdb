"""A figure for each claim, from what its JSON holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from funnelsim import __version__
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
    VERMILION,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)

WIDTH, HEIGHT = 9.6, 4.6
Found = dict[str, Any]


def _share(value: float) -> str:
    return f"{100 * value:g} %"


def intervals(found: Found) -> tuple[Figure, Imprint]:
    """Return a hundred intervals about the known mean, and how many cover it by measure."""
    played = f"{found['macro_replications']:,} x {found['replications']} replications"
    imprint = Imprint("conversions, five days", 1, played, __version__)
    figure = sheet(
        title="95 % intervals hold the true mean in 95 of 100 cases",
        subtitle="left: the first hundred of revenue, those that miss in red; right: all, the band is claimed",
        imprint=imprint, width=WIDTH, height=HEIGHT,
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 0.5, bottom=0.95, width=4.6, height=HEIGHT - 2.0)
    mean, half = np.array(found["means"]["revenue"]), np.array(found["half_widths"]["revenue"])
    truth = found["true_means"]["revenue"]
    missed = np.abs(mean - truth) > half
    for flag, colour in ((False, GREY), (True, VERMILION)):
        at = np.flatnonzero(missed == flag)
        axes.errorbar(at, mean[at], yerr=half[at], fmt="o", ms=2, elinewidth=1, color=colour, zorder=2 + flag)
    axes.axhline(truth, color=INK, lw=1.2, zorder=1)
    axes.set_xlabel("macro-replication")
    axes.set_ylabel("revenue of a replication", color=GREY)
    axes.yaxis.set_major_formatter(tick_text(tick))
    shares = place(figure, left=6.75, bottom=0.95, width=2.3, height=HEIGHT - 2.0)
    only_bottom(shares)
    shares.axvspan(0.93, 0.97, color=PALE_SKY, lw=0)
    shares.axvline(0.95, color=INK, lw=1)
    names = list(found["covered"])
    for row, name in enumerate(names):
        low, high = found["covered_interval"][name]
        middle = found["covered"][name]
        shares.errorbar(middle, row, xerr=[[middle - low], [high - middle]], fmt="o", color=GREEN, ms=5, capsize=2)
    shares.set(yticks=range(len(names)), ylim=(len(names) - 0.4, -0.6), xlim=(0.92, 0.98), xticks=[0.93, 0.95, 0.97])
    shares.set_yticklabels(names)
    shares.xaxis.set_major_formatter(tick_text(_share))
    shares.set_xlabel("covered")
    return figure, imprint


def false_alarms(found: Found) -> tuple[Figure, Imprint]:
    """Return in which share of comparisons the smallest adjusted p-value is below each level."""
    imprint = Imprint("conversions, five days", 1, f"{found['comparisons']:,} comparisons", __version__)
    figure = sheet(
        title=f"Nothing differs, and {100 * found['called']:.1f} % of comparisons call a difference",
        subtitle="share of comparisons whose smallest adjusted p-value is at most the level; the line is promised",
        imprint=imprint, width=WIDTH, height=HEIGHT,
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 0.7, bottom=0.95, width=7.4, height=HEIGHT - 2.0)
    p = np.sort(np.array(found["smallest_adjusted_p_values"]))
    axes.grid(color=FAINT, lw=1)
    axes.plot([0, 0.2], [0, 0.2], color=INK, lw=1)
    axes.step(p, np.arange(1, p.size + 1) / p.size, where="post", color=BLUE, lw=1.8)
    axes.plot([0.05], [found["called"]], "o", color=BLUE, ms=7)
    axes.plot([0.05, 0.05], [0, 0.067], color=VERMILION, lw=1.2)
    axes.annotate("6.7 %: the 99 % bound of 1,000\nat a level of 5 %", (0.05, 0.067), xytext=(-4, 26),
                  textcoords="offset points", size=SMALL_PT, color=VERMILION, ha="right")  # fmt: skip
    axes.set(xlim=(0, 0.2), ylim=(0, 0.2), xlabel="level")
    axes.set_ylabel("share called", color=GREY)
    for one in (axes.xaxis, axes.yaxis):
        one.set_major_formatter(tick_text(_share))
    return figure, imprint


def uplift(found: Found) -> tuple[Figure, Imprint]:
    """Return the differences seen in all comparisons, and which of them were called."""
    played = f"{found['comparisons']:,} x {found['replications']} replications"
    imprint = Imprint("conversions, five days", 1, played, __version__)
    figure = sheet(
        title=f"A true uplift of 2 % is found in {100 * found['power']:.0f} of 100 comparisons; 80 were stated",
        subtitle=f"difference seen with {found['replications']} replications, on the same leads; line: the truth; "
        f"of normal differences {100 * found['power_of_normal_differences']:.0f} of 100",
        imprint=imprint, width=WIDTH, height=HEIGHT,
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 0.7, bottom=0.95, width=7.4, height=HEIGHT - 2.0)
    seen = np.array([value for value, _ in found["differences_seen"]])
    called = np.array([c for _, c in found["differences_seen"]])
    edges = np.linspace(seen.min(), seen.max(), 41)
    axes.hist([seen[called], seen[~called]], bins=edges.tolist(), stacked=True, color=[GREEN, PALE])
    axes.axvline(found["true_difference"], color=INK, lw=1.2)
    axes.axvline(0, color=GREY, lw=1, ls=":")
    axes.set_xlabel("difference in revenue, money a replication")
    axes.set_ylabel("comparisons", color=GREY)
    axes.locator_params(axis="y", integer=True)
    axes.text(0.98, 0.93, "called better", color=GREEN, transform=axes.transAxes, ha="right", size=SMALL_PT + 1)
    axes.text(0.98, 0.86, "no detectable difference", color=GREY, transform=axes.transAxes, ha="right",
              size=SMALL_PT + 1)  # fmt: skip
    return figure, imprint


def correct_selection(found: Found) -> tuple[Figure, Imprint]:
    """Return for each case how often the best was selected, beside the probability stated."""
    cases = found["cases"]
    runs = sum(c["runs"] for c in cases.values())
    imprint = Imprint("slippage configuration", 7, f"{runs:,} selections", __version__)
    figure = sheet(
        title="The best is selected at least as often as stated",
        subtitle="slippage configuration, common random numbers; bars: 95 % intervals of the share selected",
        imprint=imprint, width=WIDTH, height=1.9 + 0.36 * len(cases),
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 1.9, bottom=0.85, width=5.0, height=0.36 * len(cases))
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    for row, case in enumerate(cases.values()):
        error = 1.96 * math.sqrt(max(case["correct"] * (1 - case["correct"]), 1e-6) / case["runs"])
        axes.plot([case["stated"]] * 2, [row - 0.3, row + 0.3], color=INK, lw=2)
        axes.errorbar(case["correct"], row, xerr=error, fmt="o", color=GREEN if case["holds"] else VERMILION, ms=6)
        axes.annotate(f"{case['replications']:.0f} replications", (1, row), xycoords=axes.get_yaxis_transform(),
                      xytext=(8, 0), textcoords="offset points", va="center", size=SMALL_PT, color=GREY)  # fmt: skip
    axes.set(yticks=range(len(cases)), ylim=(len(cases) - 0.4, -0.6))
    axes.set_yticklabels(list(cases))
    axes.set_xlim(right=1.01)
    axes.xaxis.set_major_formatter(tick_text(_share))
    axes.set_xlabel("selected the best (dot), stated (line)")
    return figure, imprint


def grid_search(found: Found) -> tuple[Figure, Imprint]:
    """Return the grid's policies, its true front, and the policies that the searches confirmed."""
    played = f"{len(found['searches'])} searches of {found['tried']} policies"
    imprint = Imprint("weeks", found["first_seed"], played, __version__)
    rows = found["searches"]
    figure = sheet(
        title=f"{found['tried']} of {found['policies']} policies tried: "
        f"{100 * np.mean([r['front'] for r in rows]):.0f} % of the true front is covered",
        subtitle="every policy of the grid at its true worth; the confirmed fronts of all searches in colour",
        imprint=imprint, width=WIDTH, height=HEIGHT + 0.6,
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 0.7, bottom=0.95, width=7.6, height=HEIGHT - 1.4)
    grid, front = np.array(found["grid"]), np.array(sorted(found["true_front"], key=lambda p: p[1]))
    axes.grid(color=FAINT, lw=1)
    axes.plot(grid[:, 1], grid[:, 0], "o", color=PALE, ms=4, label="every policy of the grid")
    axes.step(front[:, 1], front[:, 0], where="post", color=INK, lw=1.2, label="true front")
    confirmed = np.concatenate([np.array(c) for c in found["confirmed"]])
    axes.plot(confirmed[:, 1], confirmed[:, 0], "o", mfc="none", mec=ORANGE, ms=7, mew=1.3, label="confirmed")
    axes.set_xlabel("leads wasted   (← better)")
    axes.set_ylabel("revenue in 56 days   (better →)", color=GREY)
    axes.xaxis.set_major_formatter(tick_text(lambda v: f"{100 * v:.0f} %"))
    axes.yaxis.set_major_formatter(tick_text(tick))
    axes.legend(frameon=False, fontsize=SMALL_PT + 0.5, labelcolor=INK, loc="upper right")
    return figure, imprint


def optimism(found: Found) -> tuple[Figure, Imprint]:
    """Return by how much each search's own figure and its report exceed what the policy is worth."""
    imprint = Imprint("weeks", found["first_seed"], f"{found['searches']} searches", __version__)
    figure = sheet(
        title=f"Reported revenue exceeds the truth by {100 * found['optimism']:.1f} %",
        subtitle="of the policy with most revenue of each confirmed front; the bar is the mean, the band is claimed",
        imprint=imprint, width=WIDTH, height=HEIGHT - 0.6,
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 2.3, bottom=0.9, width=5.8, height=HEIGHT - 2.5)
    only_bottom(axes)
    axes.axvspan(-0.02, 0.02, color=PALE_SKY, lw=0)
    axes.axvline(0, color=INK, lw=1)
    luck = np.array(found["luck"])
    rows = {
        "the search's own figure": (np.array(found["searched"]), ORANGE),
        "reported": (np.array(found["reported"]), BLUE),
        "reported, less the mean error\nof all reported": (np.array(found["reported"]) - luck, GREEN),
    }
    for row, (values, colour) in enumerate(rows.values()):
        spread = np.linspace(-0.16, 0.16, values.size)
        axes.plot(values, row + spread, "o", color=colour, ms=4, alpha=0.7)
        axes.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color=colour, lw=3)
    axes.set(yticks=range(len(rows)), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticklabels(list(rows))
    axes.xaxis.set_major_formatter(tick_text(_share))
    axes.set_xlabel("above the true revenue")
    return figure, imprint


def beside_random(found: Found) -> tuple[Figure, Imprint]:
    """Return the hypervolume of each pair of searches, long and short ones."""
    budgets = [found["budgets"][name] for name in ("long", "wide")]
    played = " and ".join(f"{len(b['pairs'])} pairs of {b['trials']} policies" for b in budgets)
    imprint = Imprint("weeks", found["first_seed"], played, __version__)
    long = budgets[0]
    figure = sheet(
        title=f"Better than random search in {long['won']} of {len(long['pairs'])} pairs",
        subtitle="hypervolume of the confirmed front at its true worth, as a share of the largest of all",
        imprint=imprint, width=WIDTH, height=HEIGHT,
    )  # fmt: skip
    values = np.concatenate([np.array(b["pairs"]).ravel() for b in budgets])
    ends = (float(values.min()) - 0.01, float(values.max()) + 0.01)
    for at, budget in enumerate(budgets):
        axes = place(figure, left=MARGIN + 0.8 + 4.2 * at, bottom=0.8, width=3.2, height=HEIGHT - 2.2)
        for a, b in budget["pairs"]:
            axes.plot([0, 1], [b, a], "o-", color=GREEN if a > b else VERMILION, ms=5, lw=1.2)
        axes.set(xlim=(-0.25, 1.25), ylim=ends)
        axes.set_xticks([0, 1], ["random search", "funnelsim tune"])
        axes.set_title(f"{budget['trials']} policies: {budget['won']} of {len(budget['pairs'])}", size=SMALL_PT + 1,
                       loc="left")  # fmt: skip
        axes.yaxis.set_major_formatter(tick_text(_share))
    return figure, imprint


def sobol_indices(found: Found) -> tuple[Figure, Imprint]:
    """Return how the error of the indices falls with the rows of the design."""
    imprint = Imprint("Ishigami function", 0, f"{found['designs']} designs of each size", __version__)
    figure = sheet(
        title="Sobol indices come to the closed form as the design grows",
        subtitle="error of first and total indices of three inputs; the largest of all, and the root mean square",
        imprint=imprint, width=WIDTH, height=HEIGHT - 0.4,
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 0.8, bottom=0.95, width=7.4, height=HEIGHT - 2.4)
    axes.grid(color=FAINT, lw=1)
    axes.plot(found["rows"], found["largest_error"], "o-", color=ORANGE, label="largest")
    axes.plot(found["rows"], found["typical_error"], "o-", color=BLUE, label="typical")
    axes.axhline(0.02, color=VERMILION, lw=1)
    axes.set(xscale="log", yscale="log", xlabel="rows of the design")
    axes.set_ylabel("error", color=GREY)
    axes.set_xticks(found["rows"], [f"{n:,}" for n in found["rows"]])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(tick_text(lambda v: f"{v:g}"))
    axes.legend(frameon=False, fontsize=SMALL_PT + 0.5, labelcolor=INK)
    return figure, imprint


def attribution(found: Found) -> tuple[Figure, Imprint]:
    """Return what each factor brings to the gap, one after the other until it is closed."""
    case = found["cases"]["all five"]
    imprint = Imprint("weeks, and a plan", 1, "replications 0–9", __version__)
    figure = sheet(
        title="What five factors bring adds up to the gap",
        subtitle="revenue that the plan brings more; Shapley values over counterfactual runs on the same leads",
        imprint=imprint, width=WIDTH, height=3.6,
    )  # fmt: skip
    axes = place(figure, left=MARGIN + 1.2, bottom=0.85, width=7.0, height=1.75)
    only_bottom(axes)
    axes.grid(axis="x", color=FAINT, lw=1)
    axes.set_axisbelow(True)
    reached = 0.0
    for row, value in enumerate(case["parts"].values()):
        axes.barh(row, value, left=reached, color=GREEN if value >= 0 else VERMILION, height=0.6)
        reached += value
        axes.plot([reached, reached], [row, row + 1], color=GREY, lw=0.8)
    axes.barh(len(case["parts"]), case["gap"], color=BLUE, height=0.6)
    axes.axvline(0, color=INK, lw=1)
    axes.set_yticks(range(len(case["parts"]) + 1), [*case["parts"], "gap"])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(tick_text(tick))
    axes.set_xlabel("EUR in 56 days")
    return figure, imprint


FIGURES: dict[str, Callable[[Found], tuple[Figure, Imprint]]] = {
    "intervals": intervals,
    "false_alarms": false_alarms,
    "uplift": uplift,
    "correct_selection": correct_selection,
    "grid_search": grid_search,
    "optimism": optimism,
    "beside_random": beside_random,
    "sobol_indices": sobol_indices,
    "attribution": attribution,
}
"""By claim; a claim that is not here has no figure."""
