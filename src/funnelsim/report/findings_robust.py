"""What a search found over states of the world: in words, as an object, as files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from funnelsim.lab.robust import CRITERIA, Robustness
from funnelsim.lab.states import is_enumerated
from funnelsim.report.figures_sheet import Imprint, png
from funnelsim.report.figures_stress import states_figure
from funnelsim.report.results import replications_text
from funnelsim.report.stressed import WIDTH, criterion_words, robust_frame, robust_lines
from funnelsim.stats import Bounds
from funnelsim.tuning.driver import REPORT_FROM
from funnelsim.tuning.plan import ROBUST, ROBUST_FIGURE
from funnelsim.tuning.study import Tuned


def labels_of(tuned: Tuned) -> list[str]:
    """Return what to call each policy that was confirmed: today's, then those kept."""
    return ["today", *(f"policy {p.tried.number}" for p in tuned.report.policies)]


def looked_for(tuned: Tuned) -> str:
    """Return, in words, what the search made of the states of the world."""
    uncertain = tuned.plan.scenario.uncertain
    tail = f"worst {uncertain.worst_share * 100:g} %"
    means = "Every other figure here is a mean over the states."
    if uncertain.criterion == "cvar":
        return (
            f"The search looked for the best mean of the {tail} of the states of the world; so are the figures here of "
            "objectives and constraints, the worst states taken anew in every replication, which makes them a little "
            "worse than those of the table below."
        )
    if uncertain.criterion == "regret":
        return (
            "The search looked for the best mean over the states of the world, since regret needs the best policy of "
            f"each state; it is judged below, among the policies kept. {means}"
        )
    return f"The search looked for the best mean over the states of the world. {means}"


def robust_words(tuned: Tuned, robust: Sequence[Robustness]) -> list[str]:
    """Return what the kept policies are worth over the states of the world, and which is best by the criterion asked.

    Args:
        tuned: The search.
        robust: What `tuning.robust.confirm` says of its policies, one for each objective, at least one.
    """
    scenario, labels = tuned.plan.scenario, labels_of(tuned)
    states = len(robust[0].weights)
    how = "every combination of the events" if is_enumerated(scenario) else "drawn"
    lines = wrap(f"{states} states of the world ({how}). {looked_for(tuned)}", WIDTH)
    for one in robust:
        lines += ["", *robust_lines(one, labels, scenario)]
    criterion = scenario.uncertain.criterion
    best = robust[0].best(criterion)
    chance = robust[0].standings[best].chances[criterion]
    words = criterion_words(criterion, robust[0].worst_share)
    sure = f"best in {chance * 100:.0f} % of resamples"
    lines += ["", *wrap(f"By {words} of {robust[0].measure}, as asked for: {labels[best]} ({sure}).", WIDTH)]
    return lines


def robust_object(tuned: Tuned, robust: Sequence[Robustness]) -> list[dict[str, Any]]:
    """Return the same as plain objects, one for each objective, policy and criterion, in the measures' own units."""
    numbers = [0, *(p.tried.number for p in tuned.report.policies)]
    return [
        {
            "measure": one.measure,
            "policy": number,
            "criterion": criterion,
            "asked_for": criterion == tuned.plan.scenario.uncertain.criterion,
            **{name: v if math.isfinite(v) else None for name, v in _numbers(bounds).items()},
            "probability_best": standing.chances[criterion],
            "best": one.best(criterion) == p,
        }
        for one in robust
        for p, (number, standing) in enumerate(zip(numbers, one.standings, strict=True))
        for criterion, bounds in ((c, standing.estimates[c]) for c in CRITERIA)
    ]


def _numbers(bounds: Bounds) -> dict[str, float]:
    return {"estimate": bounds.estimate, "low": bounds.low, "high": bounds.high}


def robust_files(tuned: Tuned, robust: Sequence[Robustness]) -> dict[str, bytes]:
    """Return the table and the figure of the kept policies over the states of the world, by file name."""
    scenario, labels = tuned.plan.scenario, labels_of(tuned)
    frame = robust_frame(robust, labels, currency=scenario.economics.currency)
    numbers = range(REPORT_FROM, REPORT_FROM + robust[0].replications)
    imprint = Imprint(scenario.name, scenario.run.seed, replications_text(numbers), tuned.plan.version)
    return {
        ROBUST: frame.to_csv(index=False).encode(),
        ROBUST_FIGURE: png(states_figure(robust, labels, scenario, imprint), imprint),
    }
