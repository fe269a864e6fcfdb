"""The figures of a search's findings, as files."""

from __future__ import annotations

import math

from funnelsim.pareto import nondominated
from funnelsim.report.figures_front import FrontPoint, Goal, front_figure
from funnelsim.report.figures_search import Bar, hypervolume_figure, importance_figure
from funnelsim.report.figures_sheet import Imprint, png
from funnelsim.report.findings import label_of, measure_words, scaled, unit_of
from funnelsim.report.findings_search import MOST_VARIABLES, NEARLY
from funnelsim.stats import interval
from funnelsim.tuning.driver import REPORT_FROM, SEARCH_FROM
from funnelsim.tuning.history import reached_at
from funnelsim.tuning.plan import FIGURE, HYPERVOLUME, IMPORTANCE
from funnelsim.tuning.study import Tuned
from funnelsim.tuning.verdict import Reported
from funnelsim.tuning.writeout import PROFIT


def search_figures(tuned: Tuned) -> dict[str, bytes]:
    """Return by file name: the front (of the first two objectives), the hypervolume, the importance of the variables.

    A figure is left out where there is nothing to draw: with one objective, without a feasible policy, with too few.
    """
    return {**_front(tuned), **_hypervolume(tuned), **_importance(tuned)}


def _front(tuned: Tuned) -> dict[str, bytes]:
    scenario, objectives = tuned.plan.scenario, tuned.plan.goals.objectives
    if len(objectives) < 2:
        return {}
    # In the units of the table of findings: money that adds up over the window is told as so much a year.
    days, currency = scenario.run.horizon_days, scenario.economics.currency
    (y_unit, y_factor, y_period), (x_unit, x_factor, x_period) = (
        unit_of(g.measure, currency=currency, days=days) for g in objectives[:2]
    )
    y = Goal(measure_words(objectives[0].measure), y_unit + y_period, "up" if objectives[0].sign > 0 else "down")
    x = Goal(measure_words(objectives[1].measure), x_unit + x_period, "up" if objectives[1].sign > 0 else "down")
    unit, factor, period = unit_of(PROFIT, currency=currency, days=days)

    behind = _behind(tuned)

    def point(p: Reported) -> FrontPoint:
        own = tuned.rows[p.tried.number]
        profit = scaled(interval([row[PROFIT] for row in own]), factor) if PROFIT in own[0] else None
        return FrontPoint(
            f"#{p.tried.number}",
            x=scaled(p.effects[1].estimate, x_factor),
            y=scaled(p.effects[0].estimate, y_factor),
            dominated=p.tried.number in behind,
            probability=tuned.probabilities[p.tried.number],
            profit=profit if profit is not None and math.isfinite(profit.mean) else None,
        )

    points = {p.tried.number: point(p) for p in (tuned.report.in_force, *tuned.report.policies)}
    n = scenario.search.report_replications
    imprint = _imprint(tuned, REPORT_FROM, n)
    figure = front_figure(
        list(points.values()),
        in_force=points[0],
        knee=None if tuned.knee is None else f"#{tuned.knee}",
        chosen=None if tuned.choice is None or tuned.choice.chosen is None else f"#{tuned.choice.chosen}",
        x=x,
        y=y,
        profit=None if PROFIT in (g.measure for g in objectives[:2]) else Goal(PROFIT, unit + period, "up"),
        period=f"Leads created in {days} days; mean and 95 % interval of {n} fresh replications"
        + ("; pale: behind another by the mean" if behind else ""),
        imprint=imprint,
    )
    return {FIGURE: png(figure, imprint)}


def _behind(tuned: Tuned) -> set[int]:
    """Return the policies kept that another of those kept dominates by its means, neither chosen nor the knee."""
    kept, goals = tuned.report.policies, tuned.plan.goals.objectives
    if not kept:
        return set()
    means = [[e.estimate.mean for e in p.effects] for p in kept]
    on_front = nondominated(means, [g.direction for g in goals]).tolist()
    named = {tuned.knee, None if tuned.choice is None else tuned.choice.chosen}
    return {p.tried.number for p, on in zip(kept, on_front, strict=True) if not on} - named


def _hypervolume(tuned: Tuned) -> dict[str, bytes]:
    found, search = tuned.volumes, tuned.plan.scenario.search
    if len(found) < 2 or not math.isfinite(found[-1]):
        return {}
    imprint = _imprint(tuned, SEARCH_FROM, search.replications)
    *names, last = (measure_words(g.measure) for g in tuned.plan.goals.objectives)
    covered = f"{', '.join(names)} and {last}" if names else last
    figure = hypervolume_figure(
        found,
        nearly=(NEARLY, reached_at(found, NEARLY)),
        looked_back=-(-search.plateau_over // search.batch) * search.batch,
        stopped=tuned.at_plateau,
        allowed=tuned.plan.trials or len(found),
        words=f"Covered so far in {covered}, by the search's own replications",
        imprint=imprint,
    )
    return {HYPERVOLUME: png(figure, imprint)}


def _importance(tuned: Tuned) -> dict[str, bytes]:
    known = {measure: {i.path: i for i in rows} for measure, rows in tuned.importance.items() if rows}
    if not known or len(tuned.space.dimensions) < 2:
        return {}
    paths = sorted(next(iter(known.values())), key=lambda path: -max(rows[path].share for rows in known.values()))
    bars = {
        measure_words(measure): [
            Bar(label_of(path), rows[path].share, rows[path].low, rows[path].high) for path in paths[:MOST_VARIABLES]
        ]
        for measure, rows in known.items()
    }
    imprint = _imprint(tuned, SEARCH_FROM, tuned.plan.scenario.search.replications)
    words = "Share in what sets the best tenth of the policies apart from all tried (PED-ANOVA), with 90 % intervals"
    return {IMPORTANCE: png(importance_figure(bars, words=words, imprint=imprint), imprint)}


def _imprint(tuned: Tuned, begin: int, n: int) -> Imprint:
    return Imprint(
        configuration=tuned.plan.scenario.name,
        seed=tuned.plan.scenario.run.seed,
        replications=f"replications {begin}–{begin + n - 1}",
        version=tuned.plan.version,
    )
