"""`select` takes the best at least as often as it says, where that is hardest: all others equal, and just behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np

from funnelsim.engines.choice import choose
from funnelsim.lab.select import Rules, Selection, playing, select
from validation.claim import Claim, least, over, run
from validation.worlds import AHEAD_DEALS, RIVALS, slippage

MOST = 2_000
"""Replications of one system, beyond what any macro-replication needs."""
NOMINAL = 0.9
SYSTEMS, COMMON, ZONE = 10, 0.8, 0.4
"""Of the normal case: systems, share of the variance that all have in common, lead of the best in deviations."""
KN = Rules("KN", "up", indifference=ZONE, confidence=NOMINAL, at_most=MOST)
BUDGETS = (150, 300)
FUNNEL = Rules("KN", "up", indifference=AHEAD_DEALS, confidence=NOMINAL, at_most=MOST)
FUNNEL_BUDGET = 120


def _normal(macro: int, rules: Rules) -> Selection:
    """Return the selection among normal systems, all of mean 0 but the last, which is ahead by the zone."""
    rng = np.random.default_rng([7, macro])
    shared, own = rng.normal(size=(MOST, 1)), rng.normal(size=(MOST, SYSTEMS))
    values = math.sqrt(COMMON) * shared + math.sqrt(1 - COMMON) * own
    values[:, -1] += ZONE

    def play_some(systems: Sequence[int], replications: range) -> dict[int, list[float]]:
        return {r: values[r, list(systems)].tolist() for r in replications}

    return select(play_some, systems=SYSTEMS, rules=rules)


@cache
def _player():
    engine = choose()
    engine.prepare()
    labels = [s.name for s in slippage()]
    return playing(slippage(), labels, measure="deals", engine=engine)


def _funnel(macro: int, rules: Rules) -> Selection:
    """Return the selection among five policies of the funnel, on replications of this macro-replication alone."""

    def play_some(systems: Sequence[int], replications: range) -> dict[int, list[float]]:
        first = macro * MOST
        played = _player()(systems, range(first + replications.start, first + replications.stop))
        return {r: list(played[first + r]) for r in replications}

    return select(play_some, systems=RIVALS, rules=rules)


def measure(*, macros: int = 1_000, funnels: int = 100, workers: int | None = None) -> Claim:
    """Return how often the best is selected: in `macros` draws of normal systems, and in `funnels` of the funnel."""
    cases = {}
    for name, work, rules, number in [
        ("KN, normal", _normal, KN, macros),
        *((f"OCBA {b}, normal", _normal, Rules("OCBA", "up", 0.0, budget=b), macros) for b in BUDGETS),
        ("KN, funnel", _funnel, FUNNEL, funnels),
        (f"OCBA {FUNNEL_BUDGET}, funnel", _funnel, replace(FUNNEL, procedure="OCBA", indifference=0.0,
                                                           budget=FUNNEL_BUDGET), funnels),
    ]:  # fmt: skip
        found = over(partial(_told, work=work, rules=rules), range(number), workers=workers)
        cases[name] = _case(found, nominal=NOMINAL if rules.procedure == "KN" else None)
    told = [f"{name} {c['correct']:.1%} (stated {c['stated']:.1%})" for name, c in cases.items()]
    return Claim(
        key="correct_selection",
        claims="The best is selected at least as often as stated on the slippage configuration, with common random "
        "numbers: KN with its guarantee, OCBA with the probability that it estimates.",
        how=f"Slippage configuration: all systems equal but one, which is ahead by just the indifference zone. "
        f"{macros:,} times {SYSTEMS} normal systems ({COMMON:.0%} of the variance common to all, the best ahead by "
        f"{ZONE} deviations), and {funnels} times five policies of a funnel that are equal by symmetry, the best ahead "
        f"by {AHEAD_DEALS:.2f} deals; by `select` as the command runs it, first look included. KN: 90 % stated. OCBA: "
        "the mean of the probabilities printed. Not significantly below: 99 %, one-sided.",
        found="selected: " + "; ".join(told),
        holds=all(c["holds"] for c in cases.values()),
        figures={"cases": cases},
    )


def _told(macro: int, *, work, rules: Rules) -> tuple[bool, float, int]:
    """Return whether the best, which comes last, was selected, the probability estimated, and the cost."""
    found = work(macro, rules)
    return found.best == len(found.values) - 1, found.probability, found.played


def _case(found: list[tuple[bool, float, int]], *, nominal: float | None) -> dict[str, float | bool]:
    correct = np.array([c for c, _, _ in found], dtype=float)
    estimated = np.array([p for _, p, _ in found])
    stated = float(estimated.mean()) if nominal is None else nominal
    if nominal is None:  # of each run its own probability: the error of the mean difference
        excess = correct - estimated
        holds = excess.mean() >= -2.33 * excess.std(ddof=1) / math.sqrt(excess.size)
    else:
        holds = correct.mean() >= least(nominal, correct.size)
    return {
        "runs": correct.size,
        "correct": float(correct.mean()),
        "stated": stated,
        "replications": float(np.mean([n for _, _, n in found])),
        "holds": bool(holds),
    }


if __name__ == "__main__":
    run(measure)
