"""Which variables matter for an objective: Optuna's PED-ANOVA over the policies tried, with its own uncertainty.

Watanabe, Bansal & Hutter (2023, IJCAI; conditional variables: Watanabe et al. 2026, KDD): how much the values that a
variable takes in the best policies differ from those it takes in all. It says what to get right to be among the best,
not by how much an objective moves. fANOVA, Optuna's other evaluator, needs scikit-learn and leaves out conditional
variables. Optuna's own `get_param_importances` gives no uncertainty; ours is a bootstrap over the policies.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial, create_trial

from funnelsim.tuning.driver import Tried
from funnelsim.tuning.goals import Goals
from funnelsim.tuning.journal import quiet

BEST_SHARE, FEWEST_BEST = 0.1, 5
"""The best policies: a tenth of those tried, and at least so many, below which the estimate is hardly stable."""
FEWEST = 4 * FEWEST_BEST
"""Policies below which nothing is said: the best would be a large part of all."""
RESAMPLES = 40
LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Importance:
    """How much one variable matters for one objective, among all variables."""

    path: str
    share: float  # of all variables together, within 0..1
    low: float  # 90 % interval, bootstrap over the policies tried
    high: float


def importance(
    tried: Sequence[Tried],
    goals: Goals,
    distributions: Mapping[str, BaseDistribution],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, list[Importance]]:
    """Return for each objective, by measure, every variable's importance, the largest first.

    Policies that break a constraint count as well: they too show what an objective depends on. An objective that does
    not vary, or that fewer than `FEWEST` policies define, has an empty list.

    Args:
        tried: The policies; those without parameters are passed over.
        goals: What is wanted.
        distributions: Of the variables, by path.
        resamples: For the intervals.
        seed: Of the resampling; 0 is a seed.
    """
    found: dict[str, list[Importance]] = {}
    for at, goal in enumerate(goals.objectives):
        known = [(t, -goal.sign * t.judgement.means[at]) for t in tried if t.params]
        known = [(t, loss) for t, loss in known if math.isfinite(loss)]
        if len(known) < FEWEST or len({loss for _, loss in known}) == 1:
            found[goal.measure] = []
            continue
        with quiet():
            trials = [
                create_trial(
                    params=dict(t.params), distributions={name: distributions[name] for name in t.params}, value=loss
                )
                for t, loss in known
            ]
            found[goal.measure] = _with_intervals(trials, tuple(distributions), resamples=resamples, seed=seed)
    return found


def _with_intervals(
    trials: Sequence[FrozenTrial], paths: Sequence[str], *, resamples: int, seed: int
) -> list[Importance]:
    rng = np.random.default_rng(seed)
    shares = _shares(trials)
    again = [_shares([trials[n] for n in rng.integers(0, len(trials), len(trials))]) for _ in range(resamples)]
    rows = []
    for path in paths:
        drawn = [one.get(path, 0.0) for one in again]
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        rows.append(Importance(path, shares.get(path, 0.0), float(low), float(high)))
    return sorted(rows, key=lambda row: -row.share)


def _shares(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    study = optuna.create_study()
    study.add_trials(trials)
    evaluator = PedAnovaImportanceEvaluator(target_quantile=max(BEST_SHARE, FEWEST_BEST / len(trials)))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="optuna")
        return optuna.importance.get_param_importances(study, evaluator=evaluator)
