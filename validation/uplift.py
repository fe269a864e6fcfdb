"""A planted uplift of 2 % is found as often as the comparison says it would be."""

from __future__ import annotations

from typing import Any

import numpy as np

from funnelsim.lab.compare import LEVEL, compare, play_each
from funnelsim.selection_statistics import POWER, replications_to_detect
from funnelsim.stats import proportion_interval
from validation.claim import Claim, jobs, least, run
from validation.worlds import WON, conversions, true_means

UPLIFT = 0.02
NORMAL = 2_000
"""Comparisons with normal differences, of the same mean and deviation."""


def measure(*, macros: int = 250, pilot: int = 1_000, workers: int | None = None) -> Claim:
    """Return how often a true uplift of 2 % in revenue is called in `macros` comparisons of the size told for 80 %."""
    truth = true_means(WON * (1 + UPLIFT))["revenue"] - true_means()["revenue"]
    pair, workers = [conversions(), conversions(won=WON * (1 + UPLIFT))], workers or jobs()
    apart_from_these = range(1_000_000, 1_000_000 + pilot)
    rows = play_each(pair, measures=["revenue"], replications=apart_from_these, jobs=workers)
    deviation = float(np.std([b["revenue"] - a["revenue"] for a, b in rows.values()], ddof=1))
    alone = float(np.std([a["revenue"] for a, _ in rows.values()], ddof=1))
    n = replications_to_detect(truth, deviation, level=LEVEL)
    apart = replications_to_detect(truth, alone * 2**0.5, level=LEVEL)
    assert n is not None
    rows = play_each(pair, measures=["revenue"], replications=range(macros * n), jobs=workers)
    findings, covered, seen = {"better": 0, "worse": 0, "no detectable difference": 0}, 0, []
    for at in range(macros):
        found = compare({r: rows[r] for r in range(at * n, (at + 1) * n)}, labels=["a", "b"], measures=["revenue"])
        contrast = found.contrasts[1][0]
        findings[contrast.finding] += 1
        covered += contrast.difference.low <= truth <= contrast.difference.high
        seen.append((contrast.difference.mean, contrast.finding == "better"))
    bounds = proportion_interval(findings["better"], macros)
    return told(
        {
            "comparisons": macros,
            "replications": n,
            "replications_without_common_luck": apart,
            "true_difference": truth,
            "deviation_of_differences": deviation,
            "deviation_of_one": alone,
            "power_stated": POWER,
            "power": findings["better"] / macros,
            "power_of_normal_differences": power_of_normal(truth, deviation, n),
            "power_interval": [bounds.low, bounds.high],
            "findings": findings,
            "difference_covered": covered / macros,
            "differences_seen": seen,
        }
    )


def told(found: dict[str, Any]) -> Claim:
    """Return the claim that the figures make."""
    macros, n, normal = found["comparisons"], found["replications"], found["power_of_normal_differences"]
    low, high = found["power_interval"]
    return Claim(
        key="uplift",
        claims=f"A true uplift of 2 % is found with the stated power or more: {POWER:.0%} at the number of "
        "replications that `compare` names as settling it.",
        how=f"The oracle of conversions, and the same world where 2 % more of those able buy; the true difference in "
        f"revenue is known ({found['true_difference']:,.2f} a replication). {macros:,} comparisons of {n} replications "
        "each, the number that the formula behind `compare` asks for at that difference and the measured deviation of "
        "differences. On the same leads the difference is never negative and skewed, where the formula supposes normal "
        f"ones: so also {NORMAL:,} comparisons of normal differences of the same mean and deviation.",
        found=f"found in {found['power']:.1%} ({low:.1%} to {high:.1%}) with {n} replications, in {normal:.1%} where "
        f"the differences are normal, taken for worse in {found['findings']['worse'] / macros:.1%}; intervals of the "
        f"difference cover the truth in {found['difference_covered']:.1%}; without common random numbers it would take "
        f"about {found['replications_without_common_luck']:,}",
        holds=found["power"] >= least(POWER, macros) and normal >= least(POWER, NORMAL),
        figures=found,
    )


def power_of_normal(truth: float, deviation: float, n: int) -> float:
    """Return how often `compare` calls a true difference of normal differences, `n` replications each."""
    rng, found = np.random.default_rng(17), 0
    for _ in range(NORMAL):
        seen = rng.normal(truth, deviation, n)
        rows = {r: ({"revenue": 0.0}, {"revenue": float(value)}) for r, value in enumerate(seen)}
        contrast = compare(rows, labels=["a", "b"], measures=["revenue"]).contrasts[1][0]
        found += contrast.finding == "better"
    return found / NORMAL


if __name__ == "__main__":
    run(measure)
