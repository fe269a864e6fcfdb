"""Comparing a thing with itself calls a difference no more often than promised, and never where luck is shared."""

from __future__ import annotations

import warnings

import numpy as np

from funnelsim.lab.compare import compare, play_each
from validation.claim import Claim, jobs, run
from validation.worlds import conversions

MEASURES = ["revenue", "leads_wasted_share"]
BOUND = 0.067
"""A nominal 5 % of 1,000 is not exceeded by more than this with 99 %."""


def measure(*, macros: int = 1_000, replications: int = 5, workers: int | None = None) -> Claim:
    """Return in which share of `macros` comparisons of a scenario with itself on other seeds anything is called."""
    numbers = range(2 * macros * replications)
    rows = play_each([conversions()], measures=MEASURES, replications=numbers, jobs=workers or jobs())
    values = [rows[r][0] for r in numbers]
    smallest, called = [], 0
    for at in range(0, len(values), 2 * replications):
        pairs = zip(values[at : at + replications], values[at + replications : at + 2 * replications], strict=True)
        found = compare(dict(enumerate(pairs)), labels=["one", "the same"], measures=MEASURES)
        smallest.append(min(c.p_value for c in found.contrasts[1]))
        called += any(c.finding != "no detectable difference" for c in found.contrasts[1])
    share, same = called / macros, _identical()
    return Claim(
        key="false_alarms",
        claims="A comparison of two things that do not differ calls a difference in at most 6.7 % of 1,000 (nominal "
        "5 %, 99 % bound); of identical things on the same luck never, without dividing by zero.",
        how=f"{macros:,} comparisons of a small funnel (`conversions` in `validation/worlds.py`) with itself, "
        f"{replications} replications each on independent seeds, two measures (revenue, leads wasted) with Holm's "
        "adjustment; and once with itself on the same seeds, floating-point errors and warnings raised.",
        found=f"called in {share:.1%}; the identical case: {same}",
        holds=share <= BOUND and same == "no detectable difference",
        figures={
            "comparisons": macros,
            "replications": replications,
            "called": share,
            "identical": same,
            "smallest_adjusted_p_values": np.sort(smallest).tolist(),
        },
    )


def _identical() -> str:
    """Return what is found where a scenario is compared with itself in the same replications."""
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = play_each([conversions(), conversions()], measures=MEASURES, replications=range(5))
        found = compare(rows, labels=["one", "the same"], measures=MEASURES)
    findings = {c.finding if c.equal and c.difference.half_width == 0.0 else "not equal" for c in found.contrasts[1]}
    return " / ".join(sorted(findings))


if __name__ == "__main__":
    run(measure)
