"""How a search went: its hypervolume policy after policy, and which variables mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from funnelsim.records import Float64
from funnelsim.report.figures_sheet import (
    BLUE,
    FAINT,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    PALE_SKY,
    SKY,
    TEXT_PT,
    Imprint,
    only_bottom,
    place,
    sheet,
    tick_text,
)

WIDTH, HEIGHT = 9.6, 4.6
ROW_HEIGHT, TOP, BOTTOM = 0.36, 1.45, 0.9


@dataclass(frozen=True, slots=True)
class Bar:
    """How much one variable matters for one objective, with its 90 % interval; shares of 0 to 1."""

    name: str
    share: float
    low: float
    high: float


def hypervolume_figure(
    volumes: Float64,
    *,
    nearly: tuple[float, int],
    looked_back: int,
    stopped: bool,
    allowed: int,
    words: str,
    imprint: Imprint,
) -> Figure:
    """Return the hypervolume of the front so far, over the policies tried.

    Args:
        volumes: After each policy, as a share of the last: (policies,), the last is 1.
        nearly: A share of the last, and after how many policies it was reached.
        looked_back: Policies, the last ones, on which a plateau is judged; drawn as a band where there are so many.
        stopped: Whether the search ended there, before `allowed`.
        allowed: Policies that it was allowed.
        words: What is said of it, under the title.
        imprint: Where the numbers come from.
    """
    n = len(volumes)
    share, reached = nearly
    ended = f"stopped at its plateau after {n} of {allowed} policies" if stopped else f"{n} tried"
    figure = sheet(
        title=f"{share * 100:g} % of the hypervolume after {reached} policies; {ended}",
        subtitle=words,
        imprint=imprint,
        width=WIDTH,
        height=HEIGHT,
    )
    axes = place(figure, left=MARGIN + 0.75, bottom=0.95, width=WIDTH - 2 * MARGIN - 0.9, height=HEIGHT - 2.1)
    axes.grid(color=FAINT, lw=1)
    axes.set_axisbelow(True)
    numbers = range(1, n + 1)
    if looked_back < n:
        axes.axvspan(n - looked_back, n, color=PALE_SKY, alpha=0.5, lw=0)
        band = f"the last {looked_back}"
        axes.text(n - looked_back / 2, 0.03, band, ha="center", va="bottom", color=GREY, size=TEXT_PT)
    axes.fill_between(numbers, volumes, step="post", color=PALE_SKY, alpha=0.45, lw=0)
    axes.step(numbers, volumes, where="post", color=BLUE, lw=1.8)
    axes.plot([reached], [volumes[reached - 1]], "o", ms=7, mfc=BLUE, mec="white", zorder=5)
    axes.annotate(
        f"{reached} policies",
        (reached, volumes[reached - 1]),
        xytext=(6, -13),
        textcoords="offset points",
        color=INK,
        size=TEXT_PT,
    )
    axes.set_xlim(1, max(n, 2))
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(tick_text(lambda value: f"{value * 100:.0f} %"))
    axes.set_xlabel("policies tried")
    axes.set_ylabel("hypervolume, of the last front's")
    return figure


def importance_figure(bars: Mapping[str, Sequence[Bar]], *, words: str, imprint: Imprint) -> Figure:
    """Return a panel of bars for each objective: which variables set its best policies apart.

    Args:
        bars: By name of the objective; every list holds the same variables, in the order in which they are drawn.
        words: What the bars say, under the title.
        imprint: Where the numbers come from.
    """
    panels = list(bars.items())
    rows = len(panels[0][1])
    tops = [max(own, key=lambda bar: bar.share).name for _, own in panels]
    said = "; ".join(f"{objective}: {top}" for (objective, _), top in zip(panels, tops, strict=True))
    if len(set(tops)) == 1:
        said = f"{' and '.join(bars)}: {tops[0]}"
    height = TOP + BOTTOM + rows * ROW_HEIGHT
    figure = sheet(title=f"What matters most for {said}", subtitle=words, imprint=imprint, width=WIDTH, height=height)
    names, gap = 2.5, 0.35
    width = (WIDTH - 2 * MARGIN - names - gap * (len(panels) - 1)) / len(panels)
    reach = min(1.0, 1.05 * max(bar.high for _, own in panels for bar in own))
    for at, (objective, own) in enumerate(panels):
        left = MARGIN + names + at * (width + gap)
        axes = place(figure, left=left, bottom=BOTTOM, width=width, height=rows * ROW_HEIGHT)
        only_bottom(axes)
        axes.grid(axis="x", color=FAINT, lw=1)
        axes.set_axisbelow(True)
        places = range(rows)
        axes.barh(places, [bar.share for bar in own], height=0.62, color=SKY)
        for y, bar in zip(places, own, strict=True):
            axes.plot([bar.low, bar.high], [y, y], color=INK, lw=1.2, solid_capstyle="butt")
            axes.plot([bar.share], [y], "o", ms=4, color=ORANGE, mec=INK, mew=0.6)
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_xlim(0, reach)
        axes.set_yticks(list(places), [bar.name if at == 0 else "" for bar in own])
        for text in axes.get_yticklabels():
            text.set(color=INK, size=TEXT_PT)
        axes.xaxis.set_major_formatter(tick_text(lambda value: f"{value * 100:.0f} %"))
        axes.locator_params(axis="x", nbins=5 if len(panels) < 3 else 3)
        axes.set_title(objective, loc="left", size=TEXT_PT, color=GREY)
    return figure
