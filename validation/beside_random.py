"""At equal budget `tune` finds a better front than random search in at least 8 of 10 macro-replications."""

from __future__ import annotations

import numpy as np

from validation.claim import Claim, run
from validation.searches import FIRST_SEED, covered, found

LEAST = 8


def measure() -> Claim:
    """Return in how many pairs of searches the confirmed front of `tune` covers more than that of random search."""
    searches = found()
    means = np.array(searches["grid"]["means"])
    corner = [float(means[:, 0].min()), float(means[:, 1].max())]
    volumes = {
        name: [covered(np.array([p["true"] for p in s["front"]]), corner) for s in some]
        for name, some in searches["studies"].items()
        if name != "grid"
    }
    scale = max(max(v) for v in volumes.values())
    told = {}
    for name, trials in searches["trials"].items():
        both = zip(volumes[f"{name}, tpe"], volumes[f"{name}, random"], strict=True)
        pairs = [(a / scale, b / scale) for a, b in both]
        won, gain = sum(a > b for a, b in pairs), float(np.mean([a / b - 1 for a, b in pairs]))
        told[name] = {"trials": trials, "pairs": pairs, "won": won, "gain": gain}
    played = {name: searches["settings"][name]["replications"] for name in told}
    short, long = told["wide"], told["long"]
    return Claim(
        key="beside_random",
        claims=f"At equal budget `tune` is better than random search in at least {LEAST} of 10 macro-replications, "
        "where it tries as many policies as it does unless told otherwise.",
        how=f"{len(long['pairs'])} pairs of searches of {long['trials']} policies on {played['long']} replications in "
        "six fields (the space of the quickstart), sampler `tpe` and sampler `random`, everything else equal, "
        "selection and report included; judged by the hypervolume of the confirmed front, each policy at what it is "
        f"truly worth (60 fresh replications). Also {len(short['pairs'])} pairs of short searches, of "
        f"{short['trials']} policies on {played['wide']}.",
        found=f"better in {long['won']} of {len(long['pairs'])}, hypervolume {long['gain']:+.1%} on average; of the "
        f"short searches in {short['won']} of {len(short['pairs'])}, {short['gain']:+.1%}",
        holds=long["won"] >= LEAST,
        figures={
            "budgets": told,
            "first_seed": FIRST_SEED,
            "searches_processor_seconds": searches["processor_seconds"],
        },
    )


if __name__ == "__main__":
    run(measure)
