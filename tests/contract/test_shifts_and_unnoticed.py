"""Days with hours of their own, and leads that nobody notices: by hand, in both engines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from funnelsim.population.journey import UNNOTICED_MS
from funnelsim.records import Row, State

from .hand import HOUR, at, people, scene, told


def test_a_lead_of_saturday_is_called_in_the_shift_of_sunday():
    """Monday to Friday from 9 to 17, but Sunday the 12th from 14 to 16: an hour of business time is up at 15:00."""
    scenario = scene(
        policy={"sla": {"first_touch": "60 business minutes"}},
        team={"reps": [{"role": "bdr", "shifts": ["2025-01-12 14:00-16:00"]}, {"role": "ae"}]},
    )

    story = told(scenario, people([at(5, 12)]))

    [call] = story.rows(Row.CALL)[:1]
    assert call["start"] == at(6, 14)
    assert call["due_at"] == at(6, 15)


@pytest.mark.parametrize("clock", ["calendar", "business"])
def test_a_lead_that_nobody_notices_is_never_called_and_the_next_one_is(clock: str):
    scenario = scene(market={"sync_clock": clock})
    leads = people([at(0, 9), at(0, 9)])
    leads = replace(leads, sync_latency=np.array([UNNOTICED_MS, HOUR], dtype=np.int64))

    story = told(scenario, leads)

    assert story.outcomes.state[0] == State.SYNCING
    assert {row["lead"] for row in story.rows(Row.CALL)} == {1}
    assert story.rows(Row.CALL)[0]["start"] == at(0, 10)
