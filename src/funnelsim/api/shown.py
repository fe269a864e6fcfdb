"""How results show themselves: as text where there is only text, with their figures in a notebook."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funnelsim.config.scenario import Scenario
    from funnelsim.report.figures_sheet import Figure, Imprint

WIDTH_PX = 900
"""Most pixels of a figure in a notebook."""


class Shown:
    """A result that says in text what its command prints, and in a notebook shows its figures, too."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """Return what the command prints."""
        raise NotImplementedError

    def pictures(self) -> Mapping[str, bytes]:
        """Return the figures that a notebook shows as PNG, by name."""
        return {}

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return "\n".join([as_text(self.text), *(as_image(name, png) for name, png in self.pictures().items())])


def as_text(text: str) -> str:
    """Return text as HTML that keeps its columns."""
    return f'<pre style="line-height:1.25">{html.escape(text.rstrip())}</pre>'


def as_image(name: str, png: bytes) -> str:
    """Return a PNG as an image that is part of the page."""
    data = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(name)}" style="max-width:{WIDTH_PX}px" src="data:image/png;base64,{data}">'


def as_pngs(figures: Mapping[str, Figure], imprint: Imprint) -> dict[str, bytes]:
    """Return figures as PNG, by name."""
    from funnelsim.report.figures_sheet import png

    return {name: png(figure, imprint) for name, figure in figures.items()}


def units_of(scenario: Scenario) -> dict[str, Any]:
    """Return what reports call money, and the days that are measured: `currency` and `days`."""
    return {"currency": scenario.economics.currency, "days": scenario.run.horizon_days}


def imprint_of(scenario: Scenario, replications: str, *, name: str | None = None) -> Imprint:
    """Return where a result comes from: scenario, seed, replications in words, version."""
    from funnelsim import __version__
    from funnelsim.report.figures_sheet import Imprint

    return Imprint(scenario.name if name is None else name, scenario.run.seed, replications, __version__)
