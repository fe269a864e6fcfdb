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

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from funnelsim.config.search import SamplerName
from funnelsim.tuning.evaluations import Evaluations, Step
from funnelsim.tuning.goals import Goals, Judgement, Row
from funnelsim.tuning.journal import quiet
from funnelsim.tuning.race import Race, Rivals, Verdict, front_of
from funnelsim.tuning.samplers import sampler_of

SEARCH_FROM, SELECTION_FROM, REPORT_FROM = 0, 1_000_000, 2_000_000
"""First replication of the three sets of seeds: they never meet, since each set is at most a million long."""


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
    asked_first: Sequence[str]
    """The variables that every policy reads."""

    def asked_then(self, params: Mapping[str, Any]) -> Sequence[str]:
        """Return which others a policy reads whose variables asked first are `params`."""
        ...

    def completed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return `params` with those that the policy does not read at their value in force."""
        ...

    def candidate(self, params: Mapping[str, Any]) -> Candidate:
        """Return the policy that `params` make."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """One policy of the search. Number 0 is the one in force."""

    number: int
    params: Mapping[str, Any]  # of all variables; empty where the policy in force lies outside the space
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
    sampler: SamplerName = "tpe",
    race_from: int | None = None,
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
        sampler: Name of what proposes policies (see `samplers`).
        race_from: Replications after which a policy may be given up (see `race`); None plays all policies on all.
        batch_done: Called with all policies so far where a batch has been told, and at the start; True ends the search.
    """
    playing = _Playing(goals, evaluations, replications=replications, race_from=race_from, measures=measures, step=step)
    with quiet():
        tried = _kept(study, space, playing, batch=batch)
        while not (batch_done and batch_done(tried)) and len(tried) < trials:
            study.sampler = sampler_of(
                sampler,
                seed=seed,
                number=len(tried) // batch,
                batch=batch,
                distributions=space.distributions,
                conditional=len(space.asked_first) < len(space.distributions),
            )
            asked = [_ask(study, space, number) for number in range(len(tried), min(len(tried) + batch, trials))]
            new = _batch(space, asked, playing, tried)
            for trial, t in zip(asked, new, strict=True):
                _tell(study, trial, goals, t, told=trial.number > 0 or space.holds_in_force)
            tried += new
    return tried


class _Playing:
    """Plays the policies of a batch on the common replications and judges them, raced where that is wanted."""

    def __init__(
        self,
        goals: Goals,
        evaluations: Evaluations,
        *,
        replications: int,
        race_from: int | None,
        measures: Sequence[str],
        step: Step,
    ) -> None:
        self._goals, self._evaluations = goals, evaluations
        self._race = None if race_from is None else Race(goals, start=race_from, replications=replications)
        self._stages = (replications,) if self._race is None else self._race.stages
        self._replications, self._measures, self._step = replications, measures, step

    def __call__(self, batch: Sequence[Candidate], before: Sequence[Tried]) -> list[Judgement]:
        """Return what is said of each policy of a batch; the first of `before`, else of `batch`, is the one in force.

        It is never given up, since everything is compared with it.
        """
        race, rivals = self._race, self._front(before)
        playing = {at: c for at, c in enumerate(batch) if not c.faults}
        found = {at: _invalid(c, self._goals) for at, c in enumerate(batch) if c.faults}
        given_up: dict[int, tuple[Verdict, int]] = {}
        begun, n = 0, len(batch)
        for until in self._stages:
            policies = {c.digest: c.document for c in playing.values()}
            self._step((n - len(policies)) * (self._replications - begun))  # nothing to do for these any more
            numbers = range(SEARCH_FROM + begun, SEARCH_FROM + until)
            self._evaluations.fill(policies.items(), numbers, self._measures, self._step)
            begun, n = until, len(policies)
            if race is None or until == self._replications:
                break
            for at, c in list(playing.items()):
                verdict = race.given_up(self._rows(c, until), rivals) if at or before else None
                if verdict is not None:
                    given_up[at] = verdict, until
                    del playing[at]
        found |= {at: self._goals.judge(self._rows(c)) for at, c in playing.items()}
        for at, (verdict, until) in given_up.items():
            assert race is not None
            base = before[verdict.rival or 0].candidate if before else batch[0]
            found[at] = race.judged(verdict, self._rows(batch[at], until), self._rows(base))
        return [found[at] for at in range(len(batch))]

    def _front(self, tried: Sequence[Tried]) -> Rivals:
        judgements = [] if self._race is None else [t.judgement for t in tried]
        return front_of(judgements, lambda number: self._rows(tried[number].candidate), self._goals)

    def _rows(self, candidate: Candidate, until: int | None = None) -> list[Row]:
        """Return the measures of a policy in the first replications, in all of them where `until` is None."""
        numbers = range(SEARCH_FROM, SEARCH_FROM + (self._replications if until is None else until))
        return self._evaluations.rows(candidate.digest, numbers)


def _kept(study: optuna.Study, space: Space, playing: _Playing, *, batch: int) -> list[Tried]:
    """Return the policies that the study holds already, judged from their evaluations, which are mostly in the file."""
    trials = study.get_trials(deepcopy=False)
    tried: list[Tried] = []
    while len(tried) < len(trials):
        tried += _batch(space, trials[len(tried) : len(tried) + batch], playing, tried)
    return tried


def _batch(
    space: Space, trials: Sequence[optuna.Trial | FrozenTrial], playing: _Playing, before: Sequence[Tried]
) -> list[Tried]:
    """Return one batch, played and judged."""
    candidates = [_candidate(space, trial.number, trial.params) for trial in trials]
    return [
        Tried(trial.number, space.completed(trial.params) if trial.params else {}, candidate, judgement)
        for trial, candidate, judgement in zip(trials, candidates, playing(candidates, before), strict=True)
    ]


def _candidate(space: Space, number: int, params: Mapping[str, Any]) -> Candidate:
    # The policy in force is evaluated as it stands, not as its parameters round it.
    return space.in_force if number == 0 else space.candidate(params)


def _ask(study: optuna.Study, space: Space, number: int) -> optuna.Trial:
    if number == 0 and not space.holds_in_force:
        # It has no place in the space: a trial without parameters, which the sampler is not told of (see `_tell`).
        study.enqueue_trial({}, user_attrs={"policy": "in force, outside the space"})
        return study.ask()
    if number == 0:
        study.enqueue_trial(dict(space.start), user_attrs={"policy": "in force"})
    elif number == 1 and not space.holds_in_force:
        study.enqueue_trial(dict(space.start), user_attrs={"policy": "nearest to the one in force"})
    trial = study.ask({name: space.distributions[name] for name in space.asked_first})
    for name in space.asked_then(trial.params):
        _suggest(trial, name, space.distributions[name])
    return trial


def _suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> None:
    if isinstance(distribution, CategoricalDistribution):
        trial.suggest_categorical(name, distribution.choices)
    elif isinstance(distribution, IntDistribution):
        trial.suggest_int(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
    else:
        assert isinstance(distribution, FloatDistribution)
        trial.suggest_float(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)


def _tell(study: optuna.Study, trial: optuna.Trial, goals: Goals, tried: Tried, *, told: bool) -> None:
    """Tell the study what became of one trial.

    A trial that makes no policy, or none whose objectives are defined, is `pruned` and breaks a constraint, so that the
    sampler keeps away from it though it has no values. The policy in force outside the space is `failed`: a finished
    trial without parameters would take every parameter out of what the sampler models together.
    """
    judgement = tried.judgement
    if judgement.reason:
        trial.set_user_attr("reason", judgement.reason)
    if judgement.status == "given up":
        trial.set_user_attr("replications", judgement.replications)
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
