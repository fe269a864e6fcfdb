"""The search space: variables of a scenario as Optuna's distributions, and their values as policies."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from funnelsim.config.cross import cross_faults
from funnelsim.config.durations import HOUR_MS, Duration
from funnelsim.config.paths import field_at, get_value, value_in_force, with_values
from funnelsim.config.policy import Policy, Terms
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Search, Variable
from funnelsim.config.space import may_be_unread, switches_of, unread
from funnelsim.errors import InputError
from funnelsim.tuning.driver import Candidate

BUSINESS_DAY_MS = 8 * HOUR_MS
"""Length of a business day where two durations are compared; both on one clock, so it only sets the scale."""

LEVELS = 2
"""A range without a step is searched to 10**LEVELS parts of it, or to so many digits and one more on a log scale."""

Param = str | bool | float | int


@dataclass(frozen=True, slots=True)
class Dimension:
    """One variable: how its values and the sampler's parameters are turned into one another."""

    path: str
    distribution: BaseDistribution
    unit: Duration | None = None  # of length 1, on its clock, where the values are durations
    rounding: float | None = None  # step to which a value on a logarithmic scale is rounded, from the low end on

    def value(self, param: Param) -> Any:
        """Return the policy value that a parameter stands for, rounded to what people would write."""
        if isinstance(self.distribution, FloatDistribution):
            rounded = self._stepped(float(param)) or _rounded(float(param), self.distribution)
            return rounded if self.unit is None else self.unit.scaled_to(rounded)
        if isinstance(self.distribution, IntDistribution):
            return int(self._stepped(float(param)) or param)
        return param

    def _stepped(self, amount: float) -> float | None:
        """Return a value on a logarithmic scale rounded to its step; None where it has none."""
        if self.rounding is None:
            return None
        assert isinstance(self.distribution, FloatDistribution | IntDistribution)
        low = self.distribution.low
        return _on_grid(low, self.rounding, round((amount - low) / self.rounding))

    def param(self, value: Any) -> Param | None:
        """Return the parameter of a policy value, or None where the value lies outside the space."""
        if isinstance(self.distribution, CategoricalDistribution):
            return next((c for c in self.distribution.choices if c is not None and self._same(c, value)), None)
        amount = self._amount(value)
        if amount is None:
            return None
        inside = self._inside(amount)
        return (int(amount) if isinstance(self.distribution, IntDistribution) else amount) if inside else None

    def nearest(self, value: Any) -> Param:
        """Return the parameter nearest to a policy value; the middle, or the first choice, where none is nearest."""
        known = self.param(value)
        if known is not None:
            return known
        if isinstance(self.distribution, CategoricalDistribution):
            first = self.distribution.choices[0]
            assert first is not None  # choices of a scenario are texts, numbers and switches
            return first
        assert isinstance(self.distribution, FloatDistribution | IntDistribution)
        low, high, step = self.distribution.low, self.distribution.high, self.distribution.step
        amount = self._amount(value)
        amount = (low + high) / 2 if amount is None else min(max(amount, low), high)
        if step is not None:
            amount = _on_grid(low, step, round((amount - low) / step))
        amount = self._stepped(amount) or amount
        return int(amount) if isinstance(self.distribution, IntDistribution) else amount

    def _amount(self, value: Any) -> float | None:
        if self.unit is None:
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        if not isinstance(value, Duration) or value.business != self.unit.business:
            return None
        return value.amount if value.unit == self.unit.unit else _ms(value) / _ms(self.unit)

    def _inside(self, amount: float) -> bool:
        assert isinstance(self.distribution, FloatDistribution | IntDistribution)
        if not self.distribution.low <= amount <= self.distribution.high:
            return False
        step = self.rounding or self.distribution.step
        if step is None:
            return True
        steps = (amount - self.distribution.low) / step
        return abs(steps - round(steps)) < 1e-8

    def _same(self, choice: Param, value: Any) -> bool:
        """Return whether a choice, as a file writes it, is `value`."""
        if isinstance(value, Duration):
            written = Duration.parse(choice) if isinstance(choice, str) and choice != "none" else None
            return written is not None and (written.business, _ms(written)) == (value.business, _ms(value))
        if value is None:
            return choice == "none"
        return choice == value and isinstance(choice, bool) == isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Change:
    """One policy field that differs from the policy in force."""

    path: str
    before: Any
    after: Any
    unit: str
    meaning: str


class PolicySpace:
    """The policies that a scenario's search may try. Satisfies `driver.Space`."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario.model_copy(update={"search": Search()})  # what is searched changes no policy's fate
        self.dimensions = tuple(dimension_of(path, variable) for path, variable in scenario.search.variables.items())
        self.distributions: Mapping[str, BaseDistribution] = {d.path: d.distribution for d in self.dimensions}
        self.in_force = _candidate(scenario.policy)
        values = {d.path: value_in_force(scenario, d.path) for d in self.dimensions}
        self.start: Mapping[str, Any] = {d.path: d.nearest(values[d.path]) for d in self.dimensions}
        inside = all(d.param(values[d.path]) is not None for d in self.dimensions)
        self.holds_in_force = inside and _alike(with_values(scenario.policy, values), scenario.policy)
        self._values_in_force = values
        variables = scenario.search.variables
        conditional = {path for path in variables if may_be_unread(scenario.policy, path, variables)}
        self.asked_first: Sequence[str] = tuple(path for path in variables if path not in conditional)
        self._asked_then = tuple(path for path in variables if path in conditional)
        self._deciding = {switch for path in conditional for switch in switches_of(path)} & variables.keys()

    def asked_then(self, params: Mapping[str, Any]) -> list[str]:
        """Return which of the variables not asked first a policy reads whose others are `params`, in their order."""
        if not self._asked_then:
            return []
        values = {d.path: d.value(params[d.path]) for d in self.dimensions if d.path in self._deciding}
        policy = with_values(self.scenario.policy, values)
        undecided = self.distributions.keys() - self._deciding
        return [path for path in self._asked_then if unread(policy, path, undecided) is None]

    def completed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return `params` with what the policy does not read at its value in force, in the order of the variables."""
        return {path: params.get(path, at_start) for path, at_start in self.start.items()}

    def candidate(self, params: Mapping[str, Any]) -> Candidate:
        """Return the policy that `params` make, or the rules that it would break; what is absent stays as in force."""
        values = {d.path: d.value(params[d.path]) for d in self.dimensions if d.path in params}
        try:
            policy = with_values(self.scenario.policy, values)
        except InputError as error:
            return Candidate("", "", tuple(f"policy.{fault.key}: {fault.rule}" for fault in error.faults))
        broken = cross_faults(self.scenario.model_copy(update={"policy": policy}))
        if broken:
            return Candidate("", "", tuple(f"{fault.key}: {fault.rule}" for fault in broken))
        return _candidate(policy)

    def changes(self, candidate: Candidate) -> list[Change]:
        """Return what differs between a candidate and the policy in force, in the order of the variables.

        A field that the candidate's other settings leave unread (recycling under a pool) is no change.
        """
        policy = policy_of(candidate.document)
        found = []
        for dimension in self.dimensions:
            before, after = self._values_in_force[dimension.path], get_value(policy, dimension.path)
            if after is None:  # not set in the candidate either: a headcount that stays the team's
                after = value_in_force(self.scenario.model_copy(update={"policy": policy}), dimension.path)
            if _plain(before) != _plain(after) and unread(policy, dimension.path, ()) is None:
                known = field_at(dimension.path)
                found.append(Change(dimension.path, before, after, known.unit, known.meaning))
        return found


def dimension_of(path: str, variable: Variable) -> Dimension:
    """Return one variable of a checked scenario as a dimension."""
    if variable.choices is not None:
        return Dimension(path, CategoricalDistribution(variable.choices))
    low, high, step = variable.low, variable.high, variable.step
    assert low is not None  # the model asks for both
    assert high is not None
    if isinstance(low, Duration):
        unit = low.scaled_to(1.0)
        amounts = [
            None if bound is None else bound.amount if bound.unit == unit.unit else _ms(bound) / _ms(unit)
            for bound in (low, high, step)
            if bound is None or isinstance(bound, Duration)
        ]
        return Dimension(path, _floats(*amounts, log=variable.log), unit, amounts[2] if variable.log else None)
    numbers = [bound for bound in (low, high, step) if not isinstance(bound, Duration)]
    if field_at(path).kind == "int":
        first, last, by = (None if n is None else int(n) for n in numbers)
        assert first is not None
        assert last is not None
        step, last = by or 1, first + (last - first) // (by or 1) * (by or 1)
        if variable.log:
            return Dimension(path, IntDistribution(first, last, log=True), rounding=by)
        return Dimension(path, IntDistribution(first, last, step=step))
    rounding = None if numbers[2] is None or not variable.log else float(numbers[2])
    return Dimension(path, _floats(*numbers, log=variable.log), rounding=rounding)


@lru_cache(maxsize=512)
def policy_of(document: str) -> Policy:
    """Return the policy that a candidate's document holds."""
    return Policy.model_validate_json(document)


def _candidate(policy: Policy) -> Candidate:
    whole = json.dumps(policy.model_dump(mode="json"), sort_keys=True)
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    # Only what was given is written: some rules ask whether a field was given or left to its default.
    return Candidate(digest, policy.model_dump_json(exclude_unset=True))


def _floats(low: float | None, high: float | None, step: float | None, *, log: bool) -> FloatDistribution:
    assert low is not None
    assert high is not None
    if step is not None:
        high = _on_grid(low, step, math.floor((high - low) / step + 1e-9))
    return FloatDistribution(low, high, log=log, step=None if log else step)


def _on_grid(low: float, step: float, number: int) -> float:
    """Return low + number * step without the dust of binary fractions."""
    return float(Decimal(str(low)) + number * Decimal(str(step)))


def _rounded(amount: float, distribution: FloatDistribution) -> float:
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is not None:
        return _on_grid(low, step, round((amount - low) / step))
    if distribution.log:
        rounded = float(f"{amount:.{LEVELS}e}")
    elif high > low:
        rounded = round(amount, LEVELS - math.floor(math.log10(high - low)))
    else:
        rounded = amount
    return min(max(rounded, low), high)


def _ms(value: Duration) -> int:
    return value.ms(BUSINESS_DAY_MS)


def _plain(value: Any) -> Any:
    """Return a policy value such that equal ones compare equal, however they are written."""
    if isinstance(value, Duration):
        return ("duration", value.business, _ms(value))
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _alike(a: Policy, b: Policy) -> bool:
    """Return whether two policies agree in all but headcount, however their terms are written.

    A tier's terms may be its own or the common ones, gaps and touches one by one or the last of them repeated.
    """

    def resolved(policy: Policy) -> Any:
        rest = {name: getattr(policy, name) for name in Policy.model_fields if name not in ("sla", "headcount")}
        terms = [policy.sla.of_tier(tier) for tier in ("A", "B", "C")]
        common = [name for name in Terms.model_fields if name not in ("A", "B", "C", "gap", "gaps", "touches")]
        return rest, [{name: _plain(getattr(t, name)) for name in common} for t in terms], [_steps(t) for t in terms]

    return bool(resolved(a) == resolved(b))


def _steps(terms: Terms) -> list[Any]:
    """Return the touch of each attempt, then the gap between each and the next."""
    gaps, last = terms.gaps or [terms.gap], len(terms.touches) - 1
    touches = [terms.touches[min(j, last)] for j in range(terms.attempts)]
    return [touches, _plain([gaps[min(j, len(gaps) - 1)] for j in range(terms.attempts - 1)])]
