"""A study from its scenario to its report: searched, selected and reported on three sets of seeds that never meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

from funnelsim.errors import Fault, InputError
from funnelsim.records import Float64
from funnelsim.tuning.driver import REPORT_FROM, SEARCH_FROM, SELECTION_FROM, Candidate, Tried, search
from funnelsim.tuning.evaluations import Evaluate, Evaluations, Step
from funnelsim.tuning.front import probability_on_front
from funnelsim.tuning.goals import Row
from funnelsim.tuning.history import Plateau, volumes
from funnelsim.tuning.importance import Importance, importance
from funnelsim.tuning.journal import FolderJournal
from funnelsim.tuning.plan import EVALUATIONS, Note, Plan, begun
from funnelsim.tuning.samplers import check_sampler
from funnelsim.tuning.selection import Selected, candidates, select
from funnelsim.tuning.space import PolicySpace
from funnelsim.tuning.storage import StoredStudy
from funnelsim.tuning.trade_off import Choice, choose, price_of
from funnelsim.tuning.verdict import Report, knee_of, report

Progress = Callable[[str, int, int], None]
"""Called with the phase ('search', 'selection', 'report'), how many evaluations it has, and of how many."""


@dataclass(frozen=True)  # without slots: what is derived is worked out once, where it is asked for
class Tuned:
    """What a study found."""

    plan: Plan  # with the number of trials filled in
    space: PolicySpace
    tried: tuple[Tried, ...]  # by number
    selected: tuple[Selected, ...]  # the policy in force, then every candidate
    report: Report
    rows: dict[int, list[Row]]  # all measures of the reported policies by number, on the report's replications

    @property
    def at_plateau(self) -> bool:
        """Return whether the search ended before its cap."""
        return self.plan.trials is not None and len(self.tried) < self.plan.trials

    @cached_property
    def volumes(self) -> Float64:
        """Return the hypervolume after each policy (see `history.volumes`)."""
        return volumes(self.tried, self.plan.goals)

    @cached_property
    def importance(self) -> dict[str, list[Importance]]:
        """Return for each objective how much every variable matters, the most important first."""
        return importance(self.tried, self.plan.goals, self.space.distributions, seed=self.plan.scenario.search.seed)

    @cached_property
    def probabilities(self) -> dict[int, float]:
        """Return by number how surely each reported policy is on the front of them all."""
        return probability_on_front(self.rows, self.plan.goals, seed=self.plan.scenario.search.seed)

    @cached_property
    def knee(self) -> int | None:
        """Return the number of the policy at which the front bends most; None without one."""
        return knee_of(self.report, self.plan.goals)

    @cached_property
    def choice(self) -> Choice | None:
        """Return what a trade-off between money and another measure decides; None where there is none."""
        price, amount = price_of(self.plan.scenario, self.plan.goals)
        seed = self.plan.scenario.search.seed
        return None if price is None else choose(self.report, self.rows, price, amount, seed=seed)


def tune(
    plan: Plan,
    evaluating: Callable[[], AbstractContextManager[Evaluate]],
    *,
    progress: Progress | None = None,
    note: Note | None = None,
) -> Tuned:
    """Carry a study through, or on from where it stopped; the end is the same however often it was interrupted.

    Args:
        plan: What to search and where.
        evaluating: Opens what evaluates policies (see `evaluate.evaluating`); closed when the study ends.
        progress: Told of each evaluation.
        note: Told what the user should know.

    Raises:
        InputError: where there is nothing to vary, or the folder holds a study and neither resume nor force is asked.
        StudyMismatchError: where the folder's study was begun with other settings.
        ResultError: where the folder holds something else or is in use.
    """
    if not plan.scenario.search.variables:
        raise InputError(
            [Fault(plan.scenario.name, "search.variables", "names no policy field: there is nothing to vary")]
        )
    check_sampler(plan.scenario.search.sampler, where=plan.scenario.name)
    price_of(plan.scenario, plan.goals)  # a trade-off that names nothing is told before the work
    space = PolicySpace(plan.scenario)
    with (
        begun(plan, note or _silent) as (carried, kept),
        evaluating() as evaluate,
        Evaluations(plan.folder / EVALUATIONS, evaluate) as evaluations,
    ):
        return _carried_through(carried, kept, space, evaluations, progress or _unseen)


def _carried_through(
    plan: Plan, kept: FolderJournal | StoredStudy, space: PolicySpace, evaluations: Evaluations, progress: Progress
) -> Tuned:
    how, goals = plan.scenario.search, plan.goals
    assert plan.trials is not None  # filled in on beginning
    plateau = None if how.plateau is None else Plateau(how.plateau, how.plateau_over)
    directions, names = [g.direction for g in goals.objectives], [g.measure for g in goals.objectives]
    keep = min(kept.whole_batches(how.batch), plan.trials // how.batch * how.batch)
    study = kept.opened(keep, directions=directions, measures=names)

    def batch_done(so_far: Sequence[Tried]) -> bool:
        kept.append(study)
        return plateau is not None and plateau.reached(so_far, goals, batch=how.batch)

    tried = search(
        study,
        space,
        goals,
        evaluations,
        trials=plan.trials,
        batch=how.batch,
        replications=how.replications,
        seed=how.seed,
        measures=goals.measures,
        step=_counter(progress, "search", plan.trials * how.replications),
        sampler=how.sampler,
        race_from=how.race_from,
        batch_done=batch_done,
    )

    def rows_on(replications: range) -> Callable[[Tried], list[Row]]:
        return lambda t: evaluations.rows(t.candidate.digest, replications)

    def filled(phase: str, policies: Sequence[Candidate], replications: range, measures: Sequence[str] | None) -> None:
        step = _counter(progress, phase, len({c.digest for c in policies}) * len(replications))
        evaluations.fill([(c.digest, c.document) for c in policies], replications, measures, step)

    on_search = range(SEARCH_FROM, SEARCH_FROM + how.replications)
    chosen = candidates(tried, rows_on(on_search), goals, changes=lambda t: len(space.changes(t.candidate)))
    on_selection = range(SELECTION_FROM, SELECTION_FROM + how.selection_replications)
    filled("selection", [t.candidate for t in (tried[0], *chosen)], on_selection, goals.measures)
    selected = select(tried[0], chosen, rows_on(on_selection), goals, seed=how.seed)
    reported = [selected[0], *(s for s in selected[1:] if s.kept)]
    on_report = range(REPORT_FROM, REPORT_FROM + how.report_replications)
    filled("report", [s.tried.candidate for s in reported], on_report, None)
    rows = {s.tried.number: rows_on(on_report)(s.tried) for s in reported}
    found = report(reported, list(rows.values()), goals)
    return Tuned(plan, space, tuple(tried), tuple(selected), found, rows)


def _counter(progress: Progress, phase: str, total: int) -> Step:
    done = 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        progress(phase, done, total)

    progress(phase, 0, total)
    return step


def _silent(sentence: str) -> None:
    """Take a note nowhere."""


def _unseen(phase: str, done: int, total: int) -> None:
    """Show progress nowhere."""
