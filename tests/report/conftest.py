"""One small run that many tests of the report look at."""

from __future__ import annotations

import pytest

from funnelsim.lab.play import Played, draw, play
from funnelsim.report.portrait import Portrait, portrait_of
from lab.small import small


@pytest.fixture(scope="session")
def games() -> dict[int, Played]:
    """Return three replications of the small scenario as they were played."""
    return {r: play(small(), draw(small(), r)) for r in range(3)}


@pytest.fixture(scope="session")
def portraits(games: dict[int, Played]) -> dict[int, Portrait]:
    """Return their portraits."""
    return {r: portrait_of(game) for r, game in games.items()}
