"""Random scenarios over everything that can be expressed: none fails, all conserve, and the same gives the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from funnelsim.calendar import Clock
from funnelsim.records import Result, Row, State, same

from .audit import Audit
from .books import check_books, table
from .worlds import play_watched, random_scenario

CHUNK = 20


@pytest.mark.parametrize(
    "first",
    [*range(0, 100, CHUNK), *(pytest.param(first, marks=pytest.mark.slow) for first in range(100, 240, CHUNK))],
)
def test_random_scenarios_conserve_every_lead_at_every_instant(first: int):
    for seed in range(first, first + CHUNK):
        try:
            _audit(seed)
        except Exception as error:
            error.add_note(f"random_scenario({seed})")
            raise


def _audit(seed: int) -> None:
    scenario = random_scenario(seed)
    audit = Audit()
    played = play_watched(scenario, watch=audit, new_list=audit.new_list)
    check_books(played, Clock.of(scenario.run).end)
    check_littles_law(audit, played)


def check_littles_law(audit: Audit, played) -> None:
    """For each list over [a, b) the integral of its length is the sum of the stays in it, cut to that time: exactly."""
    end = Clock.of(played.scenario.run).end
    log = table(played)
    stays = log[log.list >= 0]
    until = np.where(stays.start >= 0, stays.start, stays.end)
    lists = [*audit.lists, max(audit.lists) + 1 + played.roster.touch_team]
    assert set(stays.list) <= set(lists)
    for list_id in lists:
        mine = (stays.list == list_id).to_numpy()
        for a, b in ((0, end), (end // 5, end // 2)):
            summed = np.maximum(np.minimum(until[mine], b) - np.maximum(stays.queued_at.to_numpy()[mine], a), 0).sum()
            assert audit.integral(list_id, a, b) == summed, f"list {list_id} over [{a}, {b})"


def test_the_same_arguments_give_the_same_bits():
    for seed in range(0, 60, 4):
        scenario = random_scenario(seed)
        first, second = play_watched(scenario), play_watched(scenario)

        assert same(first.leads, second.leads)
        assert same(first.scored, second.scored)
        assert same(first.outcomes, second.outcomes)
        assert same(first.touches, second.touches)


def test_the_random_scenarios_reach_every_state_and_every_result():
    states: Counter[int] = Counter()
    rows: Counter[tuple[int, int]] = Counter()
    for seed in range(120):
        played = play_watched(random_scenario(seed))
        states.update(played.outcomes.state.tolist())
        rows.update(zip(played.touches.kind.tolist(), played.touches.result.tolist(), strict=True))

    # Only dates before the end are named, so that nobody is still to be called back at the end.
    assert set(states) == {int(s) for s in State if s != State.CALLED_BACK}
    assert {kind for kind, _ in rows} == {int(k) for k in Row}
    assert {result for _, result in rows} == {int(r) for r in Result}
