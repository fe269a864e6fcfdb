"""The policies that a search kept, played again in every state of the world."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from funnelsim.config.policy import Policy
from funnelsim.engines.choice import Engine
from funnelsim.lab.criteria import CRITERIA, regrets
from funnelsim.lab.processes import Progress
from funnelsim.lab.robust import Robustness, play_in_states
from funnelsim.lab.states import states_of
from funnelsim.tuning.driver import SEARCH_FROM, Tried
from funnelsim.tuning.robust import confirm
from funnelsim.tuning.selection import MOST_CANDIDATES
from funnelsim.tuning.space import policy_of
from funnelsim.tuning.study import Tuned

FIRST_LOOK = 2
"""Replications on which all policies tried are looked at in every state, for the regret."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What policies are worth over the states of the world, by every criterion."""

    policies: tuple[Tried, ...]  # today's, those reported, then other candidates where regret is wanted
    reported: int  # how many of them the search reports, today's among them
    robust: tuple[Robustness, ...]  # one for each objective
    able: tuple[int, ...]  # which may be chosen: not those that the report found to fail a constraint

    @property
    def shown(self) -> tuple[int, ...]:
        """Return which of `policies` to tell of: those reported, and the best by each criterion that may be chosen."""
        best = {one.best(criterion, among=self.able) for one in self.robust for criterion in CRITERIA if self.able}
        return (*range(self.reported), *sorted(best - set(range(self.reported))))


def confirmed(
    tuned: Tuned,
    *,
    jobs: int = 1,
    engine: Engine | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Confirmed | None:
    """Return what the policies of a search are worth over the states of the world; None where nothing is uncertain.

    Those are today's and those reported. Where the least regret is wanted, others of those tried take part: a first
    look at all of them names who is best in some state, which need not be on the front of the means, and who falls
    least behind. What is told of them is from the replications of the report, on which the kept were not chosen; the
    one that is best by a criterion is the best of them there, and so a little flattered. Constraints are judged anew of
    those reported; of the others the search alone has judged them.

    Args:
        tuned: The search.
        jobs: Worker processes, >= 1; their number changes no answer.
        engine: The one that plays; chosen as `auto` where it is None.
        executor: Workers in place of own processes, as in `for_each_replication`.
        progress: Called after each replication.
    """
    scenario, report = tuned.plan.scenario, tuned.report
    if not scenario.uncertain.anything:
        return None
    policies = [report.in_force.tried, *(p.tried for p in report.policies)]
    reported = len(policies)
    if scenario.uncertain.criterion == "regret":
        digests = {t.candidate.digest for t in policies}
        looked_at = _first_look(tuned, jobs=jobs, engine=engine, executor=executor)
        policies += [t for t in looked_at if t.candidate.digest not in digests]
    found = confirm(
        scenario, _policies(tuned, policies), jobs=jobs, engine=engine, executor=executor, progress=progress
    )
    judged = [report.in_force, *report.policies]
    able = tuple(at for at in range(len(policies)) if at >= reported or judged[at].judgement.feasible)
    return Confirmed(tuple(policies), reported, found, able)


def _policies(tuned: Tuned, tried: Sequence[Tried]) -> list[Policy]:
    # The one in force as it stands, not as its parameters round it.
    return [tuned.plan.scenario.policy if t.number == 0 else policy_of(t.candidate.document) for t in tried]


def _first_look(tuned: Tuned, *, jobs: int, engine: Engine | None, executor: Executor | None) -> list[Tried]:
    """Return the feasible policies tried that are best in a state, then those of least largest regret.

    At most `MOST_CANDIDATES`, judged by the first objective on `FIRST_LOOK` replications of the search.
    """
    scenario, goal = tuned.plan.scenario, tuned.plan.goals.objectives[0]
    distinct = list({t.candidate.digest: t for t in reversed(tuned.tried) if t.judgement.feasible}.values())[::-1]
    if not distinct:
        return []
    values = play_in_states(
        scenario,
        _policies(tuned, distinct),
        states_of(scenario),
        measures=[goal.measure],
        replications=range(SEARCH_FROM, SEARCH_FROM + min(FIRST_LOOK, scenario.search.replications)),
        jobs=jobs,
        engine=engine or "auto",
        executor=executor,
    )[goal.measure]
    behind = regrets(values.mean(axis=2), better="up" if goal.sign > 0 else "down")
    best = [int(at) for at in dict.fromkeys(behind.argmin(axis=0).tolist())]
    rest = [int(at) for at in behind.max(axis=1).argsort(kind="stable") if int(at) not in best]
    return [distinct[at] for at in (*best, *rest)[:MOST_CANDIDATES]]
