"""The second objective cannot be gamed: whoever wastes least still earns, and promising less makes nobody cleaner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from funnelsim.config.load import load_scenario
from funnelsim.config.paths import with_values
from funnelsim.lab.play import draw, play

SIX_STAGE = Path(__file__).parents[2] / "configs" / "six_stage.toml"
POLICIES = 30


def random_policy(rng: np.random.Generator) -> dict[str, object]:
    """Return values over more than the range that a search would look at, cutoffs that hand over nobody included."""
    return {
        "scoring.cutoff": float(rng.uniform(20, 95)),
        "sla.attempts": int(rng.integers(1, 13)),
        "sla.gap": f"{rng.uniform(4, 96):.1f}h",
        "sla.window": f"{rng.integers(5, 43)}d",
        "cool_off": f"{rng.integers(5, 61)}d",
        "order.work": str(rng.choice(["deadline", "tier", "fifo", "lifo", "score"])),
        "after_attempts": str(rng.choice(["nurture", "close"])),
    }


@pytest.mark.slow
def test_the_least_waste_policy_earns_at_least_half_the_best_revenue():
    scenario = load_scenario(SIX_STAGE)
    run = scenario.run.model_copy(update={"warmup_days": 60, "horizon_days": 240, "followup_days": 90})
    scenario = scenario.model_copy(update={"run": run})
    rng = np.random.default_rng(7)
    # The end that games a share of MQLs: a cutoff that hardly anybody reaches, and a single attempt.
    policies = [{"scoring.cutoff": 90.0, "sla.attempts": 1}, {"scoring.cutoff": 75.0, "sla.attempts": 1}]
    policies += [random_policy(rng) for _ in range(POLICIES)]
    leads = [draw(scenario, replication) for replication in range(2)]

    found = []
    for values in policies:
        tried = scenario.with_policy(with_values(scenario.policy, values))
        rows = [play(tried, people).summary() for people in leads]
        found.append([np.mean([row[name] for row in rows]) for name in ("revenue", "leads_wasted_share")])
    revenue, wasted = np.array(found).T

    best = revenue.max()
    assert revenue[wasted.argmin()] >= 0.5 * best
    # The two that would look cleanest under a share of MQLs are not clean here.
    assert wasted[:2].min() > wasted.min()
    assert revenue[:2].max() < 0.7 * best
