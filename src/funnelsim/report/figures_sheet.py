"""The sheet that every figure is drawn on: title, axes placed in inches, and a footer that names where it comes from.

Matplotlib's objects only: no pyplot, and nothing set globally.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Figure  # the type, for rooms that only pass figures on
from matplotlib.ticker import FuncFormatter

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
"""Colours of Okabe and Ito (2008), told apart under every common form of colour blindness."""
SKY, PALE_SKY = "#7CC0E8", "#D3E9F6"
"""Lighter blues, on which an interval in ink can be seen to both sides."""
INK, GREY, PALE, FAINT = "#1F2430", "#667080", "#C9CFD6", "#EEF1F4"
PAPER = "#FFFFFF"

TITLE_PT, SUBTITLE_PT, TEXT_PT, SMALL_PT = 14.0, 10.0, 9.5, 8.0
SMALLEST_TITLE = 0.85
DPI = 160
EMPTY_HEIGHT = 1.5
"""Inches of a figure that has nothing to show but its title."""
MARGIN = 0.45
"""Inches left free at the left and right edge."""


@dataclass(frozen=True, slots=True)
class Imprint:
    """Where a result comes from; without it a figure is not a result."""

    configuration: str
    seed: int
    replications: str
    version: str

    def line(self) -> str:
        """Return the imprint as one line."""
        return f"{self.configuration} · seed {self.seed} · {self.replications} · funnelsim {self.version}"


def sheet(*, title: str, subtitle: str, imprint: Imprint, width: float, height: float) -> Figure:
    """Return an empty figure of `width` x `height` inches with its title, subtitle and footer.

    Axes go between `MARGIN` and width - `MARGIN`, and between 0.75 and height - 1.05 inches.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    left = MARGIN / width
    text = figure.text(left, 1 - 0.32 / height, title, size=TITLE_PT, weight="bold", color=INK, va="top")
    # Too long: a little smaller, and where that is not enough in two lines.
    excess = text.get_window_extent().width / ((width - 2 * MARGIN) * DPI)
    size = TITLE_PT / min(max(excess, 1.0), 1 / SMALLEST_TITLE)
    lines = [title]
    if excess * SMALLEST_TITLE > 1:
        lines = textwrap.wrap(title, int(len(title) / (excess * SMALLEST_TITLE)) + 1)[:2]
    text.set(text="\n".join(lines), size=size)
    below = 0.62 if len(lines) == 1 else 0.80
    figure.text(left, 1 - below / height, subtitle, size=SUBTITLE_PT, color=GREY, va="top")
    figure.text(left, 0.18 / height, imprint.line(), size=SMALL_PT, color=GREY, va="bottom")
    return figure


def place(figure: Figure, *, left: float, bottom: float, width: float, height: float) -> Axes:
    """Return axes at a place given in inches from the lower left corner, with quiet spines and ticks."""
    total_width, total_height = figure.get_size_inches()
    axes = figure.add_axes((left / total_width, bottom / total_height, width / total_width, height / total_height))
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(PALE)
    axes.tick_params(colors=GREY, labelsize=SMALL_PT + 0.5, length=3, width=0.8)
    axes.xaxis.label.set(color=GREY, size=TEXT_PT)
    axes.yaxis.label.set(color=GREY, size=TEXT_PT)
    return axes


def only_bottom(axes: Axes) -> None:
    """Leave of an axes only its horizontal axis, for bars that carry their own labels."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def tick_text(function: Callable[[float], str]) -> FuncFormatter:
    """Return a formatter that writes each tick with `function`."""
    return FuncFormatter(lambda value, _: function(value))


def png(figure: Figure, imprint: Imprint) -> bytes:
    """Return the figure as a PNG whose metadata name its origin; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None, "Description": imprint.line()})
    return buffer.getvalue()


def save_png(figure: Figure, path: Path, imprint: Imprint) -> None:
    """Write the figure to `path` as a PNG."""
    path.write_bytes(png(figure, imprint))
