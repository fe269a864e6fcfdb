"""How far the months ahead may lie from those that were fitted: desks change, and who forgets it is too sure.

Asked of the history itself, fortnight by fortnight: the level of reach, and how the desk worked (how soon leads are
seen, how soon they are given up). What differs between fortnights by more than luck passes with them, or is a walk that
goes on (`local_level`): from where it stands at the end of the history, not from the mean of what was fitted, and the
further the less is known. No trend goes on by itself: five months do not tell one from a walk.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_moments import apart, moments
from funnelsim.calibration.fit_parameter import Block
from funnelsim.calibration.fit_reach import attempts_of, level, logit_normal
from funnelsim.calibration.fit_read_off import MOST_GIVEN_UP
from funnelsim.calibration.history import History
from funnelsim.calibration.local_level import LocalLevel, local_level
from funnelsim.records import Bool, Float64

PERIOD_DAYS = 14
MONTH_DAYS = 30.4375
LEAST_PERIODS = 6
LEAST_LEADS = 100
"""Leads that a fortnight must have to be asked."""
STEP = 0.15
"""By how much, log units, a way of working is moved to see what changes."""
DESK = ("latency_minutes", "latency_sigma", "given_up_share")
REACH = "market.reach.mu"
LUCKS, MOVED = 4, 2
"""Replications whose own fortnights tell what is luck, and those in which numbers are moved."""

Play = Callable[[Practised, int], History]


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """One number of the world, fortnight by fortnight, and what that says of the months ahead. m fortnights."""

    name: str  # REACH (log-odds), or a field of `Practised` (log units)
    periods: tuple[dt.date, ...]  # first days
    values: Float64  # (m,) against the fit
    errors: Float64  # (m,) of luck
    walk: LocalLevel

    def ahead(self, months: float) -> tuple[float, float]:
        """Return mean and standard deviation of the change against the fit, in a time whose middle lies so far ahead.

        Args:
            months: From the end of the history, where that time begins, to its middle; > 0.
        """
        return self.walk.foretold(periods_in(months))


def periods_in(months: float) -> int:
    """Return the fortnights of a time that begins now and whose middle lies so many months ahead.

    >>> periods_in(1.0)
    4
    """
    return max(1, round(2.0 * months * MONTH_DAYS / PERIOD_DAYS))


def periods_of(history: History) -> list[tuple[dt.date, Bool]]:
    """Return first day and leads of each fortnight, counted back from the last day while there are leads enough."""
    midnights = history.clock().midnights
    days = (history.last_day - history.first_day).days + 1
    found: list[tuple[dt.date, Bool]] = []
    for end in range(days, PERIOD_DAYS - 1, -PERIOD_DAYS):
        begins, ends = int(midnights[end - PERIOD_DAYS]), int(midnights[end])
        mine = (history.leads.created >= begins) & (history.leads.created < ends)
        if int(mine.sum()) < LEAST_LEADS:
            break
        found.insert(0, (history.first_day + dt.timedelta(days=end - PERIOD_DAYS), mine))
    return found


def drifts(history: History, way: Practised, play: Play, *, since: int = 0) -> tuple[Drift, ...]:
    """Return the drift of reach and of the desk; none where the history has too few fortnights.

    How the desk worked in a fortnight is read off its responses and its given-up leads by one Gauss-Newton step from
    the ways of the fit; the same step from replications of the fit itself says what of that is luck.

    Args:
        history: What was known on its last day.
        way: The ways of working that were fitted.
        play: What one replication of the history's leads under some ways of working leaves in the CRM.
        since: The level of reach was fitted on leads created from this on, ms.
    """
    periods = periods_of(history)
    if history.touches is None or len(periods) < LEAST_PERIODS:
        return ()
    names = [name for name in DESK if getattr(way, name) > 0.0]
    firsts = tuple(first for first, _ in periods)
    seen = _told(history)
    base = [_told(play(way, r + 1)) for r in range(LUCKS)]
    moved = []
    for name in names:
        other = replace(way, **{name: getattr(way, name) * float(np.exp(STEP))})
        moved.append([_told(play(other, r + 1)) for r in range(MOVED)])
    steps = np.empty((len(firsts), len(names)))
    lucks = np.empty((LUCKS, len(firsts), len(names)))
    for m in range(len(firsts)):
        steps[m], lucks[:, m] = _steps(seen[m], [row[m] for row in base], [[row[m] for row in one] for one in moved])
    errors = np.sqrt(np.mean(np.square(lucks), axis=0)) + 1e-6
    desk = [
        Drift(name, firsts, steps[:, j], errors[:, j], local_level(steps[:, j], errors[:, j]))
        for j, name in enumerate(names)
    ]
    return (_reach(history, periods, since), *desk)


Told = dict[str, float]


def _steps(seen: Told, base: list[Told], moved: list[list[Told]]) -> tuple[Float64, Float64]:
    """Return by how much each number is to be moved, log units, to make what was seen: (p,), by luck: (LUCKS, p)."""
    keys = [key for key, value in seen.items() if all(np.isfinite(row[key]) for row in base) and np.isfinite(value)]

    def slope(key: str, one: list[Told]) -> float:
        return float(np.mean([apart(key, one[r][key], base[r][key]) for r in range(MOVED)])) / STEP

    by = np.array([[slope(key, one) for one in moved] for key in keys])
    solve = np.linalg.pinv(by, rcond=0.05)
    misses = np.array([[apart(key, seen[key], row[key]) for key in keys] for row in base])
    pairs = zip(base, [*base[1:], base[0]], strict=True)
    luck = np.array([[apart(key, one[key], other[key]) for key in keys] for one, other in pairs])
    return solve @ misses.mean(axis=0), luck @ solve.T / np.sqrt(2.0)


def _told(history: History) -> list[Told]:
    """Return how the leads of each fortnight were answered and given up."""
    found = []
    for _, mine in periods_of(history):
        whole = moments(history, leads=mine)
        kept = ("response", "answered", "given_up")
        found.append({name: value for name, value in whole.items() if name.split()[0] in kept})
    return found


def _reach(history: History, periods: Sequence[tuple[dt.date, Bool]], since: int) -> Drift:
    shape = logit_normal(attempts_of(history)).estimate
    fitted = level(shape, attempts_of(history, leads=history.leads.created >= since))[0]
    found = [level(shape, attempts_of(history, leads=mine)) for _, mine in periods]
    values = np.array([mu - fitted for mu, _ in found])
    errors = np.array([row[0] ** -0.5 for _, row in found])
    return Drift(REACH, tuple(first for first, _ in periods), values, errors, local_level(values, errors))


def drifted(
    found: Block, way: Practised, known: Sequence[Drift], ahead: float, rng: np.random.Generator | None = None
) -> tuple[Block, Practised]:
    """Return fits and ways of working some months ahead: where they stand now, and with `rng` what may come.

    Args:
        found: The fits.
        way: The ways of working.
        known: What the fortnights of the history say.
        ahead: Months from the end of the history to the middle of what is foretold, >= 0; 0 changes nothing.
        rng: None: the mean alone.
    """
    if ahead <= 0.0:
        return found, way
    changes: dict[str, Any] = {}
    for one in known:
        step = one.ahead(ahead)[0] if rng is None else one.walk.draw(periods_in(ahead), rng)
        if one.name == REACH:
            moved = tuple(replace(p, estimate=p.estimate + step) if p.path == REACH else p for p in found.parameters)
            found = replace(found, parameters=moved)
        else:
            changes[one.name] = getattr(way, one.name) * float(np.exp(step))
    if "given_up_share" in changes:
        changes["given_up_share"] = min(changes["given_up_share"], MOST_GIVEN_UP)
    return found, replace(way, **changes)
