"""A scenario whose policies are worth what a formula says, so that a search can be checked against known answers.

Two policy fields matter: `scoring.cutoff` and `sla.attempts`. With the optimum at (`best_cutoff`, `best_attempts`) for
both objectives, the true means are

    revenue = 1000 - (cutoff - best_cutoff)^2 / 4 - 20 (attempts - best_attempts)^2
    wasted  = 0.1 + |cutoff - best_cutoff| / 200 + |attempts - best_attempts| / 50

Each replication adds 80 z to every policy alike (common random numbers) and 5 z' to each policy by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Search
from funnelsim.tuning.evaluations import Evaluate, Job, evaluated_by
from funnelsim.tuning.goals import Row, goals_of
from funnelsim.tuning.space import policy_of
from funnelsim.tuning.study import Plan, Tuned, tune
from funnelsim.tuning.writeout import write_results

BEST_CUTOFF, BEST_ATTEMPTS = 52.0, 8
EPOCH = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)


def scenario(*, policy: dict[str, Any] | None = None, **search: Any) -> Scenario:
    """Return the toy's scenario, 40 policies in batches of 8 unless told otherwise."""
    variables = {
        "scoring.cutoff": {"low": 20.0, "high": 80.0},
        "sla.attempts": {"low": 2, "high": 12},
        "sla.gap": {"low": "6h", "high": "72h", "log": True},
    }
    settings = {
        "variables": variables,
        "trials": 40,
        "batch": 8,
        "replications": 3,
        "selection_replications": 6,
        "report_replications": 10,
        "seed": 3,
    }
    return Scenario.model_validate(
        {
            "name": "toy",
            "market": {
                "channels": {"web": {"visitors_per_day": 60.0, "visit_to_lead": 0.05, "offers": {"demo": 1.0}}},
                "offers": {"demo": {"hand_raise": True, "ready_at_arrival": 0.2}},
            },
            "team": {"reps": [{"role": "bdr", "count": 1}, {"role": "ae", "count": 1}]},
            "policy": policy or {},
            "run": {
                "start": dt.date(2025, 1, 6),
                "warmup_days": 7,
                "horizon_days": 14,
                "followup_days": 14,
                "standard": {"days": 7.0},
            },
            "search": {**settings, **search},
        }
    )


def unchecked(base: Scenario, **search: Any) -> Scenario:
    """Return `base` with changes to its search that are checked by themselves, but not against the policy."""
    settings = {name: getattr(base.search, name) for name in Search.model_fields}
    return base.model_copy(update={"search": Search.model_validate({**settings, **search})})


def true_means(cutoff: float, attempts: int) -> tuple[float, float]:
    """Return revenue and wasted share of a policy without luck."""
    revenue = 1000 - (cutoff - BEST_CUTOFF) ** 2 / 4 - 20 * (attempts - BEST_ATTEMPTS) ** 2
    return revenue, 0.1 + abs(cutoff - BEST_CUTOFF) / 200 + abs(attempts - BEST_ATTEMPTS) / 50


def measured(job: Job) -> Row:
    """Return the toy's measures of one policy in one replication."""
    policy = policy_of(job.document)
    revenue, wasted = true_means(policy.scoring.cutoff, policy.sla.attempts)
    common = np.random.default_rng([job.replication, 1]).standard_normal(2)
    own = np.random.default_rng([job.replication, int(job.policy, 16)]).standard_normal(2)
    share = float(wasted + 0.02 * common[1] + 0.001 * own[1])
    return {
        "revenue": float(revenue + 80 * common[0] + 5 * own[0]),
        "profit": float(0.6 * revenue - 200.0 + 50 * common[0] + 3 * own[0]),
        "leads_wasted": 200.0 * share,
        "leads_wasted_share": share,
        "first_touch_attainment": float(1.0 - policy.sla.attempts / 20 + 0.05 * common[0]),
    }


def shuffled(seed: int, measure: Callable[[Job], Row] = measured) -> Evaluate:
    """Return an evaluator that finishes in a random order, as workers do."""
    rng = np.random.default_rng(seed)

    def evaluate(jobs: Sequence[Job]) -> Iterable[tuple[Job, Row]]:
        for at in rng.permutation(len(jobs)).tolist():
            yield jobs[at], measure(jobs[at])

    return evaluate


class Interrupted(Exception):
    """Stands for Ctrl-C or a kill."""


def interrupted_after(count: int, measure: Callable[[Job], Row] = measured) -> Evaluate:
    """Return an evaluator that fails in place of its evaluation number `count`, from 0."""
    made = 0

    def evaluate(jobs: Sequence[Job]) -> Iterable[tuple[Job, Row]]:
        nonlocal made
        for job in jobs:
            if made == count:
                raise Interrupted
            made += 1
            yield job, measure(job)

    return evaluate


def counted(counter: list[Job], measure: Callable[[Job], Row] = measured) -> Evaluate:
    """Return an evaluator that notes every job."""
    return evaluated_by(lambda job: (counter.append(job), measure(job))[1])


def study(folder: Path, of: Scenario, evaluate: Evaluate | None = None, **plan: Any) -> Tuned:
    """Carry a study through with the toy's evaluator and write its results."""
    evaluate = evaluate or evaluated_by(measured)
    tuned = tune(Plan(of, goals_of(of), folder, "0", **plan), lambda: nullcontext(evaluate))
    write_results(tuned, more={}, started=EPOCH, finished=EPOCH)
    return tuned


def results_of(folder: Path) -> dict[str, bytes]:
    """Return every result file by name."""
    inner = {"study.json", "study.lock", "journal.log", "evaluations.jsonl"}
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name not in inner}


def told_of(folder: Path) -> list[tuple[int, str, dict[str, Any], list[float] | None, dict[str, float]]]:
    """Return number, state, parameters, values and constraints of every trial in a folder's journal."""
    import optuna

    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str((folder / "journal.log").resolve()))
    )
    trials = optuna.load_study(study_name="funnelsim", storage=storage).trials
    return [(t.number, t.state.name, t.params, t.values, t.constraints) for t in trials]
