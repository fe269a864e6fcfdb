"""What decides between the policies of a front: what one objective is worth in money, given or asked back.

Given ("500 per wasted lead"), every policy has one value: its money less what it wastes, and the policy of the highest
is named, with how surely it is and what choosing it risks. Not given, the question is turned round: for which prices is
each policy the choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.config.suggest import did_you_mean
from funnelsim.config.trade_off import TradeOff
from funnelsim.errors import Fault, InputError
from funnelsim.metrics import MEASURES
from funnelsim.records import Float64
from funnelsim.selection_statistics import chances, multipliers
from funnelsim.stats import Interval, interval, paired
from funnelsim.tuning.front import DRAWS
from funnelsim.tuning.goals import Goals, Row
from funnelsim.tuning.verdict import LEVEL, Report, Reported

WASTE = frozenset({"leads_wasted", "leads_wasted_share"})
"""Objectives of which the price is asked in wasted leads."""


@dataclass(frozen=True, slots=True)
class Price:
    """So much of a money measure for one unit of another measure."""

    money: str  # the measure that counts as money
    measure: str
    of_points: bool  # the unit is a point: a hundredth of a share
    sign: int  # 1 where more of the measure is better, else -1

    def amounts(self, rows: Sequence[Row]) -> Float64:
        """Return money and units of the measure, more of these is worse: (replications, 2), nan where undefined."""
        units = -self.sign * (100.0 if self.of_points else 1.0)
        found = [[row.get(self.money, math.nan), units * row.get(self.measure, math.nan)] for row in rows]
        return np.array(found, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Step:
    """A policy and the prices at which it is the choice, by the means."""

    policy: int  # its number
    low: float
    high: float  # may be infinite


@dataclass(frozen=True, slots=True)
class Worth:
    """One policy's value at the price asked for."""

    policy: int
    value: Interval  # money less price times units, over the measured window
    difference: Interval  # against the policy in force, paired; 95 % for all policies together
    probability_best: float
    expected_regret: float  # in money, over the measured window


@dataclass(frozen=True, slots=True)
class Choice:
    """What a trade-off says of the policies that keep every constraint, the one in force among them."""

    price: Price
    amount: float | None  # money for one unit; None where it was not given
    steps: tuple[Step, ...]  # by rising price: who is the choice from where to where, by the means
    probability_alone: float  # that the first of `steps` is the choice at every price; nan without steps
    worths: tuple[Worth, ...]  # by falling value; empty where no amount was given

    @property
    def chosen(self) -> int | None:
        """Return the number of the policy of the highest value; None where no amount was given."""
        return self.worths[0].policy if self.worths else None


def price_of(scenario: Scenario, goals: Goals) -> tuple[Price | None, float | None]:
    """Return in what a study trades off and at what amount; None and None where it trades nothing for money.

    Money is the first objective in money, or the revenue. Without `search.trade_off`, the price of a wasted lead is
    asked where money and waste are both objectives.

    Raises:
        InputError: where the trade-off names no measure, money, one better neither way, or a share not by the point.
    """
    names = [g.measure for g in goals.objectives]
    money = next((n for n in names if MEASURES[n].unit == "money"), None)
    text = scenario.search.trade_off
    if text is None:
        asked = money is not None and bool(WASTE & set(names))
        return (Price(money, "leads_wasted", False, -1), None) if asked and money else (None, None)
    wanted = TradeOff.parse(text)
    measure, key = MEASURES.get(wanted.measure), "search.trade_off"
    if measure is None:
        remedy = did_you_mean(wanted.measure, MEASURES) or "`funnelsim measures` lists them"
        raise InputError([Fault(scenario.name, key, "no such measure", repr(wanted.measure), remedy)])
    if measure.unit == "money":
        raise InputError([Fault(scenario.name, key, "trades money for money", repr(text))])
    if measure.direction == "none":
        rule = f"'{wanted.measure}' is not better either way"
        raise InputError([Fault(scenario.name, key, rule, repr(text))])
    if (measure.unit in ("share", "probability")) != wanted.of_points:
        remedy = f"write '{wanted.amount:g} per {'' if wanted.of_points else 'point of '}{wanted.measure}'"
        rule = "a share is priced by the point, and nothing else is"
        raise InputError([Fault(scenario.name, key, rule, repr(text), remedy)])
    sign = 1 if measure.direction == "up" else -1
    return Price(money or "revenue", wanted.measure, wanted.of_points, sign), wanted.amount


def choose(found: Report, rows: dict[int, list[Row]], price: Price, amount: float | None, *, seed: int = 0) -> Choice:
    """Return what a trade-off says of the policies reported.

    Args:
        found: The report.
        rows: All measures of the reported policies by number, on the report's replications.
        price: What is traded for what.
        amount: Money for one unit, >= 0; None = not given.
        seed: Of the draws behind the probability of being best; 0 is a seed.
    """
    sound = [p for p in (found.in_force, *found.policies) if p.judgement.feasible and _defined(p, rows, price)]
    if not sound:
        return Choice(price, amount, (), math.nan, ())
    numbers = [p.tried.number for p in sound]
    table = np.array([price.amounts(rows[number]) for number in numbers])  # (policies, replications, 2)
    means = table.mean(axis=1)
    steps = tuple(Step(numbers[at], low, high) for at, low, high in ladder(means[:, 0], means[:, 1]))
    alone = probability_alone(table, numbers.index(steps[0].policy), seed=seed)
    if amount is None:
        return Choice(price, None, steps, alone, ())
    values = table[:, :, 0] - amount * table[:, :, 1]
    luck = chances(values.T, better="up", seed=seed)
    today = price.amounts(rows[0])
    base = today[:, 0] - amount * today[:, 1]
    confidence = 1 - LEVEL / max(1, sum(number > 0 for number in numbers))
    worths = [
        Worth(
            number,
            interval(own),
            paired(own, base, confidence=confidence),
            float(luck.probability_best[at]),
            float(luck.expected_regret[at]),
        )
        for at, (number, own) in enumerate(zip(numbers, values, strict=True))
    ]
    return Choice(price, amount, steps, alone, tuple(sorted(worths, key=lambda w: (-w.value.mean, w.policy))))


def ladder(money: Float64, units: Float64) -> list[tuple[int, float, float]]:
    """Return by rising price >= 0 which policy has the most money less price times units: (policy, from, to).

    The upper envelope of one line for each policy. Among policies that are equal everywhere, the first.

    >>> ladder(np.array([10.0, 8.0, 1.0]), np.array([4.0, 2.0, 1.0]))
    [(0, 0.0, 1.0), (1, 1.0, 7.0), (2, 7.0, inf)]
    """
    at = min(range(len(money)), key=lambda n: (-money[n], units[n], n))
    price = 0.0
    steps: list[tuple[int, float, float]] = []
    while True:
        fewer = [n for n in range(len(money)) if units[n] < units[at]]
        # From here on the next choice is whoever overtakes first, and of several the one with the fewest units.
        crossings = [(max(float((money[at] - money[n]) / (units[at] - units[n])), price), units[n], n) for n in fewer]
        if not crossings:
            return [*steps, (at, price, math.inf)]
        after, _, following = min(crossings)
        if after > price:
            steps.append((at, price, after))
        at, price = following, after


def probability_alone(table: Float64, at: int, *, seed: int = 0, draws: int = DRAWS) -> float:
    """Return the probability that a policy has the most money and the fewest units at once, and so at every price.

    The true means are drawn together, as for `front.probability_on_front`.

    Args:
        table: (policies, replications, 2): money and units, on the same replications.
        at: Which policy.
        seed: Of the draws; 0 is a seed.
        draws: How many.
    """
    policies, n = table.shape[:2]
    if n < 2:
        return math.nan
    losses = (table - table[at]) * np.array([-1.0, 1.0])  # less is better, and the policy itself is at zero
    means = losses.mean(axis=1)
    deviations = (losses - means[:, None]).swapaxes(0, 1).reshape(n, policies * 2)
    drawn = means + (multipliers(n, size=draws, rng=np.random.default_rng(seed)) @ deviations).reshape(-1, policies, 2)
    rounding = 1e-12 * np.abs(table).max(axis=(0, 1))
    return float((drawn >= -rounding).all(axis=(1, 2)).mean())


def _defined(policy: Reported, rows: dict[int, list[Row]], price: Price) -> bool:
    return bool(np.isfinite(price.amounts(rows[policy.tried.number])).all())
