"""Common random numbers are the data: two policies meet the same people, so little hides their difference.

That one channel's leads do not depend on the others, and that a replication does not depend on which others are run,
nor on the number of workers, is shown in `tests/population/test_draw.py` and `tests/lab/test_replicate.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from funnelsim.config.load import load_scenario
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw, play
from funnelsim.records import Leads, same
from funnelsim.stats import variance_ratio_lower_bound

from .worlds import random_scenario

SIX_STAGE = Path(__file__).parents[2] / "configs" / "six_stage.toml"


def one_field_changed(scenario: Scenario, other: Scenario) -> Iterator[tuple[str, Scenario]]:
    """Yield the scenario with each field of its policy (two levels deep) in turn taken from another policy."""
    policy, wanted = scenario.policy, other.policy
    for name in type(policy).model_fields:
        own, new = getattr(policy, name), getattr(wanted, name)
        parts = type(own).model_fields if hasattr(type(own), "model_fields") else ()
        for part in parts:
            if getattr(own, part) != getattr(new, part):
                changed = own.model_copy(update={part: getattr(new, part)})
                yield f"{name}.{part}", _with(scenario, name, changed)
        if not parts and own != new:
            yield name, _with(scenario, name, new)


def _with(scenario: Scenario, name: str, value: Any) -> Scenario:
    return scenario.model_copy(update={"policy": scenario.policy.model_copy(update={name: value})})


def test_changing_one_field_of_the_policy_leaves_every_lead_the_same_to_the_bit():
    scenario = random_scenario(0)
    leads = draw(scenario, 3)
    tried = set()
    for number in range(1, 12):
        for name, changed in one_field_changed(scenario, random_scenario(number)):
            if name not in tried:
                tried.add(name)
                assert same(draw(changed, 3), leads), name
    assert {"scoring.cutoff", "sla.attempts", "routing.method", "order.work", "cool_off"} <= tried
    assert len(tried) > 25


def test_playing_a_policy_leaves_the_leads_as_they_were():
    for seed in range(10):
        scenario = random_scenario(seed)
        leads, untouched = draw(scenario, 0), draw(scenario, 0)
        play(scenario, leads)

        assert same(leads, untouched)
        assert not any(_writeable(leads, f.name) for f in fields(Leads))


def _writeable(leads: Leads, name: str) -> bool:
    column: Any = getattr(leads, name)
    return isinstance(column, np.ndarray) and bool(column.flags.writeable)


def revenues(replication: int) -> tuple[float, float]:
    """Return the revenue of four months of six_stage under cutoffs 40 and 45 on the leads of one replication."""
    scenario = load_scenario(SIX_STAGE)
    dates = {"warmup_days": 60, "horizon_days": 120, "followup_days": 60}
    scenario = scenario.model_copy(update={"run": scenario.run.model_copy(update=dates)})
    leads = draw(scenario, replication)
    found = []
    for cutoff in (40.0, 45.0):
        scoring = scenario.policy.scoring.model_copy(update={"cutoff": cutoff})
        changed = scenario.with_policy(scenario.policy.model_copy(update={"scoring": scoring}))
        found.append(play(changed, leads).summary()["revenue"])
    return found[0], found[1]


@pytest.mark.slow
def test_the_difference_of_two_cutoffs_varies_a_fifth_as_much_as_with_independent_seeds():
    """Independent: cutoff 45 meets the leads of the next replication. Lower 95 % bound over 200 replications.

    The further apart two policies are, the less they share of what happens: ten points apart it is a third.
    """
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        low, high = np.array(list(pool.map(revenues, range(200), chunksize=10))).T

    common = high - low
    independent = np.roll(high, 1) - low

    assert variance_ratio_lower_bound(independent, common) >= 5.0
