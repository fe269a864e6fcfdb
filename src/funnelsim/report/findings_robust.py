"""What a search found over states of the world: in words, as an object, as files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Any

from funnelsim.lab.criteria import CRITERIA
from funnelsim.lab.robust import Robustness
from funnelsim.lab.states import is_enumerated
from funnelsim.report.figures_sheet import Imprint, png
from funnelsim.report.figures_stress import states_figure
from funnelsim.report.results import replications_text
from funnelsim.report.stressed import WIDTH, criterion_words, robust_frame, robust_lines
from funnelsim.stats import Bounds
from funnelsim.tuning.confirmed import Confirmed
from funnelsim.tuning.driver import REPORT_FROM
from funnelsim.tuning.plan import ROBUST, ROBUST_FIGURE
from funnelsim.tuning.study import Tuned
from funnelsim.tuning.writeout import policy_toml


def label_of(number: int) -> str:
    """Return what to call a policy."""
    return "today" if number == 0 else f"policy {number}"


def looked_for(tuned: Tuned) -> str:
    """Return, in words, what the search made of the states of the world."""
    uncertain = tuned.plan.scenario.uncertain
    means = "Every other figure here is a mean over the states."
    if uncertain.criterion == "cvar":
        return (
            f"The search looked for the best mean of the worst {uncertain.worst_share * 100:g} % of the states of the "
            "world; so are the figures here of objectives and constraints, the worst states taken anew in every "
            "replication, which makes them a little worse than those of the table below."
        )
    if uncertain.criterion == "regret":
        return (
            "The search looked for the best mean over the states of the world, since regret needs the best policy of "
            "each state; it is judged here, against the best of today's, those reported and those that did best at a "
            f"first look. A policy that none of these equals would make it larger. {means}"
        )
    return f"The search looked for the best mean over the states of the world. {means}"


def robust_words(tuned: Tuned, found: Confirmed) -> list[str]:
    """Return what the policies are worth over the states of the world, and which is best by the criterion asked."""
    scenario = tuned.plan.scenario
    first = found.robust[0]
    how = "every combination of the events" if is_enumerated(scenario) else "drawn"
    lines = wrap(f"{len(first.weights)} states of the world ({how}). {looked_for(tuned)}", WIDTH)
    labels = _labels(found)
    for one in found.robust:
        lines += ["", *robust_lines(_shown(one, found), labels, scenario)]
    criterion = scenario.uncertain.criterion
    words = criterion_words(criterion, first.worst_share)
    if not found.able:
        return [*lines, "", *wrap(f"By {words}: none is named, for none of them keeps every constraint.", WIDTH)]
    best = first.best(criterion, among=found.able)
    sure = f"best in {first.standings[best].chances[criterion] * 100:.0f} % of the draws"
    beside = "" if best < found.reported else ", which is not on the front of the means"
    if best >= found.reported and tuned.plan.goals.constraints:
        beside += "; whether it keeps the constraints was judged in the search alone"
    if len(found.able) < len(found.policies):
        beside += "; those that fail a constraint are left out"
    label = label_of(found.policies[best].number)
    lines += ["", *wrap(f"By {words} of {first.measure}, as asked for: {label} ({sure}){beside}.", WIDTH)]
    return lines


def _labels(found: Confirmed) -> list[str]:
    return [label_of(found.policies[at].number) for at in found.shown]


def _shown(one: Robustness, found: Confirmed) -> Robustness:
    """Return the standings of the policies that are told of; regrets stay those against all."""
    return replace(one, standings=tuple(one.standings[at] for at in found.shown))


def robust_object(tuned: Tuned, found: Confirmed) -> list[dict[str, Any]]:
    """Return the same as plain objects, one for each objective, policy and criterion, in the measures' own units."""
    return [
        {
            "measure": one.measure,
            "policy": tried.number,
            "criterion": criterion,
            "asked_for": criterion == tuned.plan.scenario.uncertain.criterion,
            **{name: v if math.isfinite(v) else None for name, v in _numbers(bounds).items()},
            "probability_best": standing.chances[criterion],
            "best": p in found.able and one.best(criterion, among=found.able) == p,
        }
        for one in found.robust
        for p, (tried, standing) in enumerate(zip(found.policies, one.standings, strict=True))
        for criterion, bounds in ((c, standing.estimates[c]) for c in CRITERIA)
    ]


def _numbers(bounds: Bounds) -> dict[str, float]:
    return {"estimate": bounds.estimate, "low": bounds.low, "high": bounds.high}


def robust_files(tuned: Tuned, found: Confirmed) -> dict[str, bytes]:
    """Return by file name the table of all policies over the states of the world, and the figure of those told of.

    With them comes each of these that the search did not report, as a scenario ready to run.
    """
    scenario = tuned.plan.scenario
    everyone = [label_of(tried.number) for tried in found.policies]
    frame = robust_frame(found.robust, everyone, currency=scenario.economics.currency)
    numbers = range(REPORT_FROM, REPORT_FROM + found.robust[0].replications)
    imprint = Imprint(scenario.name, scenario.run.seed, replications_text(numbers), tuned.plan.version)
    told: Sequence[Robustness] = [_shown(one, found) for one in found.robust]
    beside = [found.policies[at] for at in found.shown if at >= found.reported]
    return {
        ROBUST: frame.to_csv(index=False).encode(),
        ROBUST_FIGURE: png(states_figure(told, _labels(found), scenario, imprint), imprint),
        **{f"policy_{tried.number}.toml": policy_toml(tuned, tried).encode() for tried in beside},
    }
