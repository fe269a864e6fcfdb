"""How far the months ahead may lie from those that were fitted: desks change, and who forgets it is too sure.

Asked of the history itself, month by month: the level of reach, and how the desk worked (how soon leads are seen, how
soon they are given up). From each of the earlier months on, the next one is foretold, and what the forecast missed,
less the luck of a month, is what a month can bring. Two forecasters are tried: the level of the last two months stays,
or it goes on along half of the trend (a damped trend: Gardner & McKenzie 1985, Management Science 31(10)). The second
is used where it missed clearly less: so few months do not tell a trend from a walk.
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
from funnelsim.calibration.fit_policy import MOST_GIVEN_UP
from funnelsim.calibration.fit_reach import attempts_of, level, logit_normal
from funnelsim.calibration.history import History
from funnelsim.records import Bool, Float64

LEAST_MONTHS = 4
LEAST_LEADS = 200
"""Leads that a month must have to be asked."""
DAMPED = 0.5
"""How much of the trend goes on."""
CLEARLY = 0.5
"""A trend is used where its mean squared miss is at most this share of that of a level that stays."""
RECENT = 2
"""Months whose mean is the present level."""
STEP = 0.15
"""By how much, log units, a way of working is moved to see what changes."""
DESK = ("latency_minutes", "latency_sigma", "given_up_share")
REACH = "market.reach.mu"
LUCKS, MOVED = 4, 2
"""Replications whose own months tell what is luck, and those in which numbers are moved."""

Play = Callable[[Practised, int], History]


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """One number of the world, month by month, and what that says of the months ahead. m months."""

    name: str  # REACH (log-odds), or a field of `Practised` (log units)
    months: tuple[dt.date, ...]  # first days
    values: Float64  # (m,) against the fit
    errors: Float64  # (m,) of luck
    trend: float  # a month, damped; 0 where the level stays
    missed: float  # standard deviation, beyond luck, of a forecast 1.5 months from the level it rests on

    def ahead(self, months: float) -> tuple[float, float]:
        """Return mean and standard deviation of the change, so many months after the middle of the present level."""
        return self.trend * months, self.missed * float(np.sqrt(max(months, 0.0) / (0.5 * (RECENT + 1))))


def drift(name: str, months: Sequence[dt.date], values: Float64, errors: Float64) -> Drift:
    """Return what the months of one number say of those ahead.

    Args:
        name: What it is.
        months: First day of each, at least `LEAST_MONTHS`.
        values: Of each month.
        errors: Standard error of each.
    """
    misses: dict[float, list[float]] = {0.0: [], DAMPED: []}
    for k in range(RECENT + 1, values.size):
        before = values[:k]
        for share, missed in misses.items():
            foretold = before[-RECENT:].mean() + share * _slope(before, errors[:k]) * 0.5 * (RECENT + 1)
            missed.append(float(values[k] - foretold))
    squares = {share: float(np.mean(np.square(missed))) for share, missed in misses.items()}
    share = DAMPED if squares[DAMPED] <= CLEARLY * squares[0.0] else 0.0
    luck = float(np.mean(np.square(errors[RECENT + 1 :]))) + float(np.mean(np.square(errors))) / RECENT
    missed_beyond = float(np.sqrt(max(squares[share] - luck, 0.0)))
    return Drift(name, tuple(months), values, errors, share * _slope(values, errors), missed_beyond)


def _slope(values: Float64, errors: Float64) -> float:
    """Return the slope a month, weighted by precision."""
    weights = 1.0 / np.maximum(errors, 1e-9)
    return float(np.polyfit(np.arange(values.size), values, 1, w=weights)[0])


def whole_months(history: History) -> list[tuple[dt.date, Bool]]:
    """Return first day and leads of each calendar month that the history has enough of."""
    midnights, day = history.clock().midnights, history.first_day
    found = []
    while day <= history.last_day:
        after = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        after = min(after, history.last_day + dt.timedelta(days=1))
        begins, ends = (int(midnights[(d - history.first_day).days]) for d in (day, after))
        mine = (history.leads.created >= begins) & (history.leads.created < ends)
        if int(mine.sum()) >= LEAST_LEADS and (after - day).days >= 20:
            found.append((day, mine))
        day = after
    return found


def drifts(history: History, way: Practised, play: Play) -> tuple[Drift, ...]:
    """Return the drift of reach and of the desk; none where the history has too few months.

    How the desk worked in a month is read off its responses and its given-up leads by one Gauss-Newton step from the
    ways of the fit; the same step from replications of the fit itself says what of that is luck.

    Args:
        history: What was known on its last day.
        way: The ways of working that were fitted.
        play: What one replication of the history's leads under some ways of working leaves in the CRM.
    """
    months = whole_months(history)
    if history.touches is None or len(months) < LEAST_MONTHS:
        return ()
    names = [name for name in DESK if getattr(way, name) > 0.0]
    firsts = [first for first, _ in months]

    def told(made: History) -> list[dict[str, float]]:
        return [_told(made, first) for first in firsts]

    seen = told(history)
    base = [told(play(way, r + 1)) for r in range(LUCKS)]
    moved = []
    for name in names:
        other = replace(way, **{name: getattr(way, name) * float(np.exp(STEP))})
        moved.append([told(play(other, r + 1)) for r in range(MOVED)])
    steps = np.empty((len(firsts), len(names)))
    lucks = np.empty((LUCKS, len(firsts), len(names)))
    for m in range(len(firsts)):
        steps[m], lucks[:, m] = _steps(seen[m], [row[m] for row in base], [[row[m] for row in one] for one in moved])
    errors = np.sqrt(np.mean(np.square(lucks), axis=0)) + 1e-6
    desk = [drift(name, firsts, steps[:, j], errors[:, j]) for j, name in enumerate(names)]
    return (_reach(history, months), *desk)


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


def _told(history: History, first: dt.date) -> Told:
    """Return how a month's leads were answered and given up."""
    mine = dict(whole_months(history))[first]
    whole = moments(history, leads=mine)
    return {name: value for name, value in whole.items() if name.split()[0] in ("response", "answered", "given_up")}


def _reach(history: History, months: Sequence[tuple[dt.date, Bool]]) -> Drift:
    shape = logit_normal(attempts_of(history)).estimate
    found = [level(shape, attempts_of(history, leads=mine)) for _, mine in months]
    values = np.array([mu for mu, _ in found])
    return drift(REACH, [first for first, _ in months], values, np.array([row[0] ** -0.5 for _, row in found]))


def drifted(
    found: Block, way: Practised, known: Sequence[Drift], ahead: float, rng: np.random.Generator | None = None
) -> tuple[Block, Practised]:
    """Return fits and ways of working as they may be some months ahead: with the trends, and with `rng` what comes.

    Args:
        found: The fits.
        way: The ways of working.
        known: What the months of the history say.
        ahead: Months from the middle of the present level, >= 0; 0 changes nothing.
        rng: None: the mean alone.
    """
    if ahead <= 0.0:
        return found, way
    changes: dict[str, Any] = {}
    for one in known:
        mean, spread = one.ahead(ahead)
        step = mean + (0.0 if rng is None else spread * float(rng.standard_normal()))
        if one.name == REACH:
            moved = tuple(replace(p, estimate=p.estimate + step) if p.path == REACH else p for p in found.parameters)
            found = replace(found, parameters=moved)
        else:
            changes[one.name] = getattr(way, one.name) * float(np.exp(step))
    if "given_up_share" in changes:
        changes["given_up_share"] = min(changes["given_up_share"], MOST_GIVEN_UP)
    return found, replace(way, **changes)
