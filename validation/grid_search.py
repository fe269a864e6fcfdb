"""On a grid small enough to enumerate, a fifth of its evaluations find its best policy and its front."""

from __future__ import annotations

import numpy as np

from funnelsim.pareto import nondominated
from validation.claim import Claim, run
from validation.searches import DIRECTIONS, FIRST_SEED, covered, found

WITHIN, FRONT_SHARE, EFFORT = 0.01, 0.97, 0.20
ENOUGH, MAY_MISS = 20, 0.05
"""Searches below which nothing is said to be shown, and the share of them that may miss."""


def measure() -> Claim:
    """Return how near the true optimum and the true front each search on the grid came, and at which cost."""
    searches = found()
    grid, studies = searches["grid"], searches["studies"]["grid"]
    means = np.array(grid["means"])
    corner = [float(means[:, 0].min()), float(means[:, 1].max())]
    near = means[grid["near"]]
    best, whole = float(near[:, 0].max()), covered(near, corner)
    rows = []
    for study in studies:
        true = np.array([p["true"] for p in study["front"]])
        named = max(study["front"], key=lambda p: p["reported"][0])
        rows.append(
            {
                "behind": 1 - float(true[:, 0].max()) / best,
                "named_behind": 1 - float(named["true"][0]) / best,
                "front": covered(true, corner) / whole,
                "evaluations": study["evaluations"],
                "policies": len(true),
            }
        )
    # What it takes to play every policy as often as the report plays a few.
    replications = searches["settings"]["grid"]["report_replications"]
    effort = max(r["evaluations"] for r in rows) / (len(means) * replications)
    tried = searches["grid_trials"] / len(means)
    behind, front = [r["behind"] for r in rows], [r["front"] for r in rows]
    named, counts = [r["named_behind"] for r in rows], [r["policies"] for r in rows]
    near_enough, wide_enough = sum(b <= WITHIN for b in behind), sum(f >= FRONT_SHARE for f in front)
    missed = sum(b > WITHIN or f < FRONT_SHARE for b, f in zip(behind, front, strict=True))
    return Claim(
        key="grid_search",
        claims="On a grid small enough to enumerate, with at most 20 % of its evaluations, `tune` finds a policy "
        "within 1 % of the true optimum, and the confirmed front's hypervolume is at least 97 % of the true front's; "
        f"at most {MAY_MISS:.0%} of searches miss either.",
        how=f"A small funnel (`weeks` in `validation/worlds.py`) and {len(means)} policies (cutoff, attempts, order of "
        f"work), each played in {grid['replications'][0]} replications, those near the front in "
        f"{grid['replications'][1]}. `funnelsim tune` from {len(rows)} seeds: {searches['grid_trials']} policies tried "
        f"({tried:.0%}), and search, selection and report together at most {effort:.1%} of the evaluations that it "
        f"would take to play every policy as often as the report does ({replications} replications). What a policy is "
        "worth is looked up in the enumeration; the hypervolume is measured from the grid's worst revenue and waste. "
        "The front is what the report tells of, "
        f"{' to '.join(str(n) for n in sorted({min(counts), max(counts)}))} policies.",
        found=f"within 1 % of the best revenue in {near_enough} of {len(rows)} searches (mean {np.mean(behind):.2%} "
        f"behind, worst {max(behind):.2%}); front at least 97 % in {wide_enough} of {len(rows)} (mean "
        f"{np.mean(front):.1%}, least {min(front):.1%}). The one policy of which most revenue is reported is truly "
        f"within 1 % in {sum(b <= WITHIN for b in named)} of {len(rows)} (mean {np.mean(named):.2%} behind, worst "
        f"{max(named):.2%})",
        holds=len(rows) >= ENOUGH
        and missed <= MAY_MISS * len(rows)
        and max(effort, tried) <= EFFORT,
        figures={
            "unproved": len(rows) < ENOUGH,
            "missed": missed,
            "first_seed": FIRST_SEED,
            "searches_processor_seconds": searches["processor_seconds"],
            "policies": len(means),
            "tried": searches["grid_trials"],
            "effort": effort,
            "best_revenue": best,
            "error_of_differences": grid["worst_error_of_differences"] / best,
            "searches": rows,
            "grid": means.tolist(),
            "true_front": near[nondominated(near, DIRECTIONS)].tolist(),
            "confirmed": [[p["true"] for p in s["front"]] for s in studies],
        },
    )


if __name__ == "__main__":
    run(measure)
