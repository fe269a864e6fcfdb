"""How far back the past counts: all of it where nothing changes, the last weeks where the desk has changed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from calibration import scenes_fit as scenes
from calibration.scenes_fit import DAY, HOUR
from funnelsim.calibration.fit_recent import recent


def company(mean_of_day, days: int = 150, per_day: int = 25, seed: int = 1):
    """Return a history of calls whose reachability has the mean `mean_of_day(day)`, up to three attempts a lead."""
    rng = np.random.default_rng(seed)
    rows = []
    created = np.repeat(np.arange(days) * DAY, per_day) + np.tile(np.arange(per_day) * 20 * 60_000, days)
    for i, at in enumerate(created):
        eta = rng.normal(mean_of_day(at // DAY), 1.0)
        for k in range(int(rng.integers(1, 4))):
            delay = rng.exponential(2 * HOUR) if k == 0 else 24 * HOUR * k
            reached = rng.random() < special.expit(eta + 1.5 * np.exp(-delay / HOUR))
            rows.append((i, at + delay, reached))
            if reached:
                break
    lead, at, reached = (np.array(column) for column in zip(*rows, strict=True))
    return scenes.history(scenes.leads(created), scenes.touches(lead, np.rint(at), reached), days=days, as_of_days=10)


@pytest.mark.slow
def test_where_nothing_changes_everything_counts():
    found = recent(company(lambda day: -0.3))

    assert found.whole
    assert (found.since, found.words()) == (0, [])


@pytest.mark.slow
def test_after_a_change_the_time_since_counts():
    """Ninety days ago people became far easier to reach: the whole foretells worse than the last sixty."""
    found = recent(company(lambda day: -1.0 if day < 60 else 0.4))

    assert found.days == 60
    assert found.since == 90 * DAY
    assert found.gain > 10
    assert "the last 60 days" in found.words()[0]


def test_a_short_history_counts_as_a_whole():
    assert recent(company(lambda day: -0.3, days=60)).whole
