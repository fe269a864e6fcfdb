"""The verdict of a search in plain words, and what its table and figures rest on."""

from __future__ import annotations

from collections.abc import Sequence

from funnelsim.report.digits import plain
from funnelsim.report.findings import PER_YEAR, YEAR_DAYS, today_may_be_on_front
from funnelsim.report.findings_search import percent
from funnelsim.stats import interval
from funnelsim.tuning.goals import describe
from funnelsim.tuning.selection import DOUBT, MOST_KEPT
from funnelsim.tuning.study import Tuned
from funnelsim.tuning.verdict import LEVEL

ENOUGH_POLICIES = 20
"""Policies to try before the absence of a better one says anything (and two for each variable, and two more)."""


def verdict_lines(tuned: Tuned) -> list[str]:
    """Return the verdict in plain words, the answer first."""
    found = tuned.report
    if len(tuned.tried) == 1:
        broken = "" if found.in_force.judgement.feasible else f" It {found.in_force.judgement.reason}."
        return [f"Nothing was searched: only today's policy was tried.{broken}"]
    trades = _listed([p.tried.number for p in found.policies if p.finding == "trade"])
    names = _listed([p.tried.number for p in found.better])
    level = f"{LEVEL * 100:g} %"
    lines = {
        "improvement": (
            f"Better than today's in an objective, and with no loss detected in another: {names}. Were no policy "
            f"better in anything, one would be named here in at most {level} of such searches. A loss that its "
            "interval in the table still holds is not excluded."
        ),
        "trade-off": (
            "No policy found is better than today's in one objective without losing in another; "
            f"those that trade one for the other: {trades}."
        ),
        "no detectable improvement": (
            f"Only {len(tuned.tried)} policies were tried: too few to conclude that nothing better exists."
            if _too_few(tuned)
            else "No detectable improvement: keep today's policy."
        ),
        "no feasible policy": _nothing_feasible(tuned),
        "in force infeasible": (
            "Today's policy fails a constraint "
            f"({found.in_force.judgement.reason}); policies that keep them all: "
            f"{_listed([p.tried.number for p in found.policies if p.judgement.feasible])}."
        ),
    }
    verdict = [lines[found.summary]]
    if today_may_be_on_front(tuned):
        verdict.append(
            "Today's policy may be on the front itself: no other dominates it beyond doubt (it is on the front with "
            f"{percent(tuned.probabilities[0])} probability)."
        )
    broken_again = [p for p in found.policies if p.finding == "infeasible"]
    if broken_again:
        verdict.append(
            "On the seeds that report, a constraint is broken or not shown to be kept, or an objective undefined, for: "
            f"{_listed([p.tried.number for p in broken_again])}."
        )
    return verdict


def notes(tuned: Tuned) -> list[str]:
    """Return what a reader of the table of findings must know of its columns and units, a line each."""
    told = []
    if tuned.report.policies:
        told.append("optimism: by how much the search's own few replications flattered a policy.")
    days = tuned.plan.scenario.run.horizon_days
    if days != YEAR_DAYS and any(g.measure in PER_YEAR for g in tuned.plan.goals.objectives):
        told.append(
            f"Money a year is that of the {days} days measured times {YEAR_DAYS / days:.3g} "
            f"({YEAR_DAYS} / {days}); no season is added."
        )
    return told


def method_line(tuned: Tuned) -> str:
    """Return how the figures came about."""
    search, tried = tuned.plan.scenario.search, tuned.tried
    feasible = sum(1 for t in tried if t.judgement.feasible)
    kept = len(tuned.report.policies)
    bounded = any(not s.kept and s.probability >= DOUBT for s in tuned.selected)
    most = f", the {MOST_KEPT} most surely on the front" if bounded else ""
    return (
        f"{len(tried)} {'policy' if len(tried) == 1 else 'policies'} tried on {search.replications} common "
        f"replications ({feasible} feasible); "
        f"{len(tuned.selected) - 1} on or near the front estimated again on {search.selection_replications} fresh "
        f"ones, {kept} of them kept, not dominated beyond doubt{most}; every figure here is from "
        f"{search.report_replications} more that neither saw."
    )


def _too_few(tuned: Tuned) -> bool:
    """Return whether the search was too short for its silence to mean anything."""
    return len(tuned.tried) < max(ENOUGH_POLICIES, 2 * len(tuned.space.dimensions) + 2)


def _nothing_feasible(tuned: Tuned) -> str:
    """Return that no policy keeps the constraints: which they are, and the value of each under today's policy."""
    judgement, rows = tuned.report.in_force.judgement, tuned.rows[0]
    if judgement.status == "undefined":
        return f"No policy found can be judged, and neither can today's: {judgement.reason}."
    wanted = []
    for constraint in tuned.plan.goals.constraints:
        today = interval([row[constraint.measure] for row in rows]).mean
        wanted.append(f"{describe(constraint)} (today {plain(today, 3 if abs(today) < 10 else 0)})")
    return f"No policy found keeps every constraint, and neither does today's: {'; '.join(wanted)}."


def _listed(numbers: Sequence[int]) -> str:
    """Return policies by number.

    >>> _listed([3, 7])
    'policies 3 and 7'
    """
    words = [str(number) for number in numbers]
    if not words:
        return "none"
    return f"policy {words[0]}" if len(words) == 1 else f"policies {', '.join(words[:-1])} and {words[-1]}"
