"""What the factors bring to a gap adds up to it, and a gap with one cause is laid to that cause alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from funnelsim.lab.attribution import attribute, play_coalitions
from funnelsim.lab.factors import FACTORS
from validation.claim import Claim, jobs, run
from validation.worlds import changed, weeks

MEASURE = "revenue"
ROUNDING = 1e-9
"""Of the revenue: what is lost in adding thirty-two doubles."""
CAUSES: dict[str, dict[str, Any]] = {
    "volume": {"market.channels.website.visitors_per_day": 480, "market.channels.ads.visitors_per_day": 360},
    "quality": {"market.fit.able_share": 0.6},
    "speed": {"policy.sla.gap": "12h"},
    "effort": {"policy.sla.attempts": 8},
    "capacity": {"market.effort.talk.mean": "15min"},
}
"""Plans that differ from what is in one factor."""


def measure(*, replications: int = 10, workers: int | None = None) -> Claim:
    """Return by how much the parts miss the gap, for a plan with all five causes and for each cause alone."""
    everything = {path: value for changes in CAUSES.values() for path, value in changes.items()}
    cases = {}
    for name, changes in {"all five": everything, **CAUSES}.items():
        plan = changed(weeks(), changes)
        worth = play_coalitions(
            weeks(), plan, measure=MEASURE, replications=range(replications), jobs=workers or jobs()
        )
        found = attribute(worth, weeks(), plan, measure=MEASURE)
        parts = {part.factor: part.brings.mean for part in found.parts}
        alone = {part.factor: part.alone for part in found.parts}
        cases[name] = {
            "gap": found.gap.mean,
            "parts": parts,
            "error": abs(sum(parts.values()) - found.gap.mean) / abs(found.as_is.mean),
            "others": max((abs(v) for factor, v in parts.items() if name in FACTORS and factor != name), default=0.0),
            "alone": alone,
        }
    worst = max(case["error"] for case in cases.values())
    strays = max(case["others"] for case in cases.values())
    told = ", ".join(f"{factor} {value:+,.0f}" for factor, value in cases["all five"]["parts"].items())
    return Claim(
        key="attribution",
        claims="Attribution sums to the gap to rounding, and a gap with one cause is laid to that cause alone.",
        how="The small funnel `weeks` against a plan that differs in volume, quality, speed, effort and capacity, and "
        f"against five plans that differ in one of them each; {replications} replications of every coalition.",
        found=f"the parts miss the gap by at most {worst:.1e} of the revenue; where there is one cause, all others "
        f"bring {strays:g}; of the five together: {told}, the gap {cases['all five']['gap']:+,.0f}",
        holds=worst <= ROUNDING and strays == 0.0 and bool(np.all([cases[f]["parts"][f] != 0 for f in CAUSES])),
        figures={"cases": cases},
    )


if __name__ == "__main__":
    run(measure)
