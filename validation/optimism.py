"""What `tune` reports of its best policy is what it is worth: the search flatters, the report does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from funnelsim.stats import interval
from validation.claim import Claim, run
from validation.searches import FIRST_SEED, found

BOUND = 0.02


def measure() -> Claim:
    """Return by how much revenue is reported too high, for the policy of each confirmed front that brings most."""
    searches = found()
    grid, studies = searches["grid"], searches["studies"]["grid"]
    reported, searched, luck, in_force = [], [], [], []
    for study in studies:
        front = study["front"]
        best = max(front, key=lambda p: p["reported"][0])
        reported.append(_too_high(best))
        said = best["reported"][0] * (1 + (best["optimism_of_the_search"][0] or 0.0))
        searched.append(said / best["true"][0] - 1)
        in_force.append(_too_high(study["in_force"]))
        luck.append(float(np.mean([_too_high(p) for p in front])))
    # Who is reported was not chosen by the replications of the report: the mean error of all is luck alone.
    flattery = interval(np.array(reported) - np.array(luck))
    raw, beside_today = interval(reported), interval(np.array(reported) - np.array(in_force))
    known = flattery.mean + flattery.half_width <= BOUND
    return Claim(
        key="optimism",
        claims="Reported minus true revenue (optimism) is at most 2 % after confirmation.",
        how=f"The policy with the highest reported revenue of each confirmed front, in {len(studies)} searches; what "
        f"it is truly worth by {grid['replications'][1]} replications that no search saw. The luck of the 20 reported "
        "replications is taken out by the mean error of all policies reported in the same ones: they were chosen by "
        "others, and the best of them by these. It holds where the whole 95 % interval is below the bound.",
        found=f"optimism {flattery.mean:+.2%} ± {flattery.half_width:.2%} (less the error of the policy in "
        f"force, which has less of its luck in common, {beside_today.mean:+.2%} ± {beside_today.half_width:.2%}; with "
        f"all luck left in {raw.mean:+.2%} ± {raw.half_width:.2%})",
        holds=known,
        figures={
            "unproved": not known and flattery.mean <= BOUND,
            "searches_processor_seconds": searches["processor_seconds"],
            "searches": len(studies),
            "optimism": flattery.mean,
            "optimism_half_width": flattery.half_width,
            "first_seed": FIRST_SEED,
            "beside_in_force": beside_today.mean,
            "beside_in_force_half_width": beside_today.half_width,
            "raw": raw.mean,
            "raw_half_width": raw.half_width,
            "reported": reported,
            "searched": searched,
            "luck": luck,
        },
    )


def _too_high(policy: dict[str, Any]) -> float:
    return float(policy["reported"][0] / policy["true"][0] - 1)


if __name__ == "__main__":
    run(measure)
