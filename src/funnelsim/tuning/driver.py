"""The search: ask for a batch of policies, evaluate it on common replications, tell the answers in order.

One driver asks and tells. The sampler is built anew for each batch from (seed, number of the batch) and sees what was
told before, so the study is a function of its settings and the number of trials: the number of workers, the order in
which they finish, and interruptions leave no mark on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from funnelsim.tuning.evaluations import Evaluations, Step
from funnelsim.tuning.goals import Goals, Judgement
from funnelsim.tuning.journal import quiet

SEARCH_FROM, SELECTION_FROM, REPORT_FROM = 0, 1_000_000, 2_000_000
"""First replication of the three sets of seeds: they never meet, since each set is at most a million long."""

SAMPLER_STREAM = 1
STARTUP_TRIALS = 10
"""Policies drawn at random before the sampler learns from them."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a set of parameters makes: a policy, or the reasons why it makes none."""

    digest: str  # of the document; "" where there is none
    document: str  # the policy as JSON
    faults: tuple[str, ...] = ()


class Space(Protocol):
    """What may be varied, as the driver sees it."""

    distributions: Mapping[str, BaseDistribution]
    in_force: Candidate
    start: Mapping[str, Any]
    """The policy in force as parameters, or its nearest neighbour in the space."""
    holds_in_force: bool
    """Whether `start` is the policy in force itself."""

    def candidate(self, params: Mapping[str, Any]) -> Candidate:
        """Return the policy that `params` make."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """One policy of the search. Number 0 is the one in force."""

    number: int
    params: Mapping[str, Any]  # empty where the policy in force lies outside the space
    candidate: Candidate
    judgement: Judgement


def search(
    study: optuna.Study,
    space: Space,
    goals: Goals,
    evaluations: Evaluations,
    *,
    trials: int,
    batch: int,
    replications: int,
    seed: int,
    measures: Sequence[str],
    step: Step,
    batch_done: Callable[[Sequence[Tried]], bool] | None = None,
) -> list[Tried]:
    """Carry `study` on to `trials` policies and return all of them, by number.

    Args:
        study: Holds whole batches (see `journal.open_study`), or nothing.
        space: What may be varied.
        goals: What is wanted.
        evaluations: Where evaluations are made and kept.
        trials: How many policies in all, the one in force (number 0) included.
        batch: How many are asked for before any of them is told.
        replications: Common replications of each, from `SEARCH_FROM`.
        seed: Root of the sampler's luck.
        measures: What to keep of each evaluation.
        step: Called as evaluations are made.
        batch_done: Called with all policies so far where a batch has been told, and at the start; True ends the search.
    """
    numbers = range(SEARCH_FROM, SEARCH_FROM + replications)

    def evaluate(candidates: Sequence[Candidate]) -> list[Judgement]:
        sound = [(c.digest, c.document) for c in candidates if not c.faults]
        step((len(candidates) - len(dict(sound))) * replications)  # nothing to do for these
        evaluations.fill(sound, numbers, measures, step)
        return [
            _invalid(c, goals) if c.faults else goals.judge(evaluations.rows(c.digest, numbers)) for c in candidates
        ]

    with quiet():
        tried = _kept(study, space, evaluate)
        while not (batch_done and batch_done(tried)) and len(tried) < trials:
            study.sampler = sampler_of(seed, len(tried) // batch)
            asked = [_ask(study, space, number) for number in range(len(tried), min(len(tried) + batch, trials))]
            candidates = [_candidate(space, trial.number, trial.params) for trial in asked]
            for trial, candidate, judgement in zip(asked, candidates, evaluate(candidates), strict=True):
                tried.append(Tried(trial.number, dict(trial.params), candidate, judgement))
                _tell(study, trial, goals, tried[-1], told=trial.number > 0 or space.holds_in_force)
    return tried


def sampler_of(seed: int, batch: int) -> TPESampler:
    """Return the sampler of one batch; the same for the same numbers."""
    state = np.random.SeedSequence(seed, spawn_key=(SAMPLER_STREAM, batch)).generate_state(1)
    return TPESampler(multivariate=True, n_startup_trials=STARTUP_TRIALS, constant_liar=True, seed=int(state[0]))


def _kept(study: optuna.Study, space: Space, evaluate: Any) -> list[Tried]:
    """Return the policies that the study holds already, judged from their evaluations, which are mostly in the file."""
    trials = study.get_trials(deepcopy=False)
    candidates = [_candidate(space, trial.number, trial.params) for trial in trials]
    return [
        Tried(trial.number, dict(trial.params), candidate, judgement)
        for trial, candidate, judgement in zip(trials, candidates, evaluate(candidates), strict=True)
    ]


def _candidate(space: Space, number: int, params: Mapping[str, Any]) -> Candidate:
    # The policy in force is evaluated as it stands, not as its parameters round it.
    return space.in_force if number == 0 else space.candidate(params)


def _ask(study: optuna.Study, space: Space, number: int) -> optuna.Trial:
    distributions = dict(space.distributions)
    if number == 0 and not space.holds_in_force:
        # It has no place in the space: a trial without parameters, which the sampler is not told of (see `_tell`).
        study.enqueue_trial({}, user_attrs={"policy": "in force, outside the space"})
        return study.ask()
    if number == 0:
        study.enqueue_trial(dict(space.start), user_attrs={"policy": "in force"})
    elif number == 1 and not space.holds_in_force:
        study.enqueue_trial(dict(space.start), user_attrs={"policy": "nearest to the one in force"})
    return study.ask(distributions)


def _tell(study: optuna.Study, trial: optuna.Trial, goals: Goals, tried: Tried, *, told: bool) -> None:
    """Tell the study what became of one trial.

    A trial that makes no policy, or none whose objectives are defined, is `pruned` and breaks a constraint, so that the
    sampler keeps away from it though it has no values. The policy in force outside the space is `failed`: a finished
    trial without parameters would take every parameter out of what the sampler models together.
    """
    judgement = tried.judgement
    if judgement.reason:
        trial.set_user_attr("reason", judgement.reason)
    if not told:
        study.tell(trial, state=TrialState.FAIL)
        return
    for at, violation in enumerate(judgement.violations):
        trial.set_constraint(f"{at}: {goals.constraints[at].measure}", violation)
    if judgement.status in ("invalid", "undefined"):
        trial.set_constraint("makes a policy that can be judged", 1.0)
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, list(judgement.means))


def _invalid(candidate: Candidate, goals: Goals) -> Judgement:
    means = (math.nan,) * len(goals.objectives)
    # Broken by as much as can be: no policy that exists is worse.
    return Judgement(means, (1.0,) * len(goals.constraints), "invalid", "; ".join(candidate.faults))
