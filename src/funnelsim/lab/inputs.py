"""What a sensitivity study varies: fields of policy and world, each over a range or a list of values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from funnelsim.config.cross import cross_faults
from funnelsim.config.draws import with_draw
from funnelsim.config.durations import Duration
from funnelsim.config.node import Node, below, node_of
from funnelsim.config.paths import field_at, with_values
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Search, Variable, size
from funnelsim.config.space import unread
from funnelsim.config.suggest import did_you_mean
from funnelsim.config.uncertain import Uncertain
from funnelsim.config.values import plain_tables
from funnelsim.errors import Fault, InputError

Side = Literal["policy", "world"]
WORLD_TABLES = ("market", "economics", "team")
WORLD = (
    "market.channels.*.visitors_per_day",
    "market.channels.*.ready_multiplier",
    "market.fit.able_share",
    "market.journey.window",
    "market.reach.mu",
    "market.reach.p0",
    "market.deal.win_at_once",
    "market.deal.win_tau",
    "market.deal.value_mean",
    "market.deal.no_show_share",
    "market.effort.call",
    "market.effort.talk",
    "market.effort.deal_work",
)
"""What is varied of the world unless something else is asked for, where the scenario reads it and it is not zero."""
WORLD_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Setting:
    """Values by path, for the policy and for the rest of a scenario; hashable, so that equal ones are played once."""

    policy: tuple[tuple[str, Any], ...] = ()
    world: tuple[tuple[str, float | str], ...] = ()

    def joined(self, other: Setting) -> Setting:
        """Return both settings in one."""
        return Setting(self.policy + other.policy, self.world + other.world)

    def applied(self, scenario: Scenario) -> Scenario:
        """Return `scenario` with these values, checked anew, and with nothing to search.

        Raises:
            InputError: with every rule that they break.
        """
        bare = scenario.model_copy(update={"search": Search(), "uncertain": Uncertain()})
        changed = with_draw(bare, dict(self.world), where="world") if self.world else bare
        if not self.policy:
            return changed
        changed = changed.model_copy(update={"policy": with_values(changed.policy, dict(self.policy))})
        if broken := cross_faults(changed):
            raise InputError([Fault(scenario.name or "scenario", b.key, b.rule, None, b.suggestion) for b in broken])
        return changed


@dataclass(frozen=True, slots=True)
class Scaled:
    """One field of a relative input: what it is in force, and how it is multiplied."""

    path: str  # dotted, without "*"
    value: float | Duration
    log_odds: bool = False  # a factor multiplies the odds
    low: float = -math.inf
    high: float = math.inf

    def times(self, factor: float) -> float | str:
        """Return the value multiplied by `factor`, as a file writes it, kept within the field's bounds."""
        if isinstance(self.value, Duration):
            return str(self.value.scaled_to(float(f"{self.value.amount * factor:.9g}")))
        found = self.value + math.log(factor) if self.log_odds else self.value * factor
        return float(f"{min(max(found, self.low), self.high):.12g}")


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that is varied: a field, or fields that move together, over a range or a list of values.

    A relative range multiplies what each field has by 1 + low to 1 + high; of a field in log-odds, the odds.
    """

    path: str  # as given, "*" for any one name
    side: Side
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    step: float | None = None
    unit: Duration | None = None  # of length 1, where the values are durations
    whole: bool = False
    choices: tuple[Any, ...] = ()
    relative_to: tuple[Scaled, ...] = ()

    @property
    def is_relative(self) -> bool:
        """Return whether the range is relative to what is in force."""
        return bool(self.relative_to)

    def amount(self, u: float) -> float:
        """Return the place of `u`, 0..1, in the range (a factor less one where it is relative)."""
        if self.log:
            found = math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        else:
            found = self.low + u * (self.high - self.low)
        if self.step is not None:
            found = min(self.low + self.step * round((found - self.low) / self.step), self.high)
        return float(round(found)) if self.whole else float(f"{found:.9g}")

    def place(self, u: float) -> float:
        """Return where `u` comes to lie, 0..1, once whole numbers and steps are kept to."""
        if self.choices or not (self.whole or self.step):
            return u
        span = math.log(self.high / self.low) if self.log else self.high - self.low
        gone = math.log(self.amount(u) / self.low) if self.log else self.amount(u) - self.low
        return gone / span

    def choice(self, u: float) -> int:
        """Return the number of the choice at `u`, 0..1, each as wide as the others."""
        return min(int(u * len(self.choices)), len(self.choices) - 1)

    def at(self, u: float) -> Setting:
        """Return the values at `u`, 0..1."""
        if self.choices:
            return self._set(self.choices[self.choice(u)])
        amount = self.amount(u)
        if self.is_relative:
            return Setting(world=tuple((one.path, one.times(1.0 + amount)) for one in self.relative_to))
        return self._set(amount if self.unit is None else self.unit.scaled_to(amount))

    def _set(self, value: Any) -> Setting:
        if self.side == "policy":
            return Setting(policy=((self.path, value),))
        return Setting(world=((self.path, str(value) if isinstance(value, Duration) else value),))


def searched(scenario: Scenario) -> list[Input]:
    """Return the fields of the scenario's [search] space over their ranges, in its order."""
    return [of_variable(path, variable) for path, variable in scenario.search.variables.items()]


def of_variable(path: str, variable: Variable) -> Input:
    """Return one variable of the [search] space as an input."""
    if variable.choices is not None:
        known = field_at(path)
        choices = tuple(
            Duration.parse(c) if known.kind == "duration" and isinstance(c, str) and c != "none" else c
            for c in variable.choices
        )
        return Input(path, "policy", choices=choices)
    assert variable.low is not None  # the model asks for both
    assert variable.high is not None
    return ranged(path, "policy", variable.low, variable.high, log=variable.log, step=variable.step)


def ranged(
    path: str,
    side: Side,
    low: Duration | float,
    high: Duration | float,
    *,
    log: bool = False,
    step: Duration | float | None = None,
) -> Input:
    """Return an input from `low` to `high`, both numbers or both durations on one clock."""
    whole = side == "policy" and field_at(path).kind == "int"
    unit = high.scaled_to(1.0) if isinstance(high, Duration) else None  # of "0min" to "1h" an hour
    per = 1.0 if unit is None else unit.hours
    by = None if step is None else size(step) / per
    return Input(path, side, size(low) / per, size(high) / per, log=log, step=by, unit=unit, whole=whole)


def of_the_world(scenario: Scenario, share: float = WORLD_SHARE) -> list[Input]:
    """Return the fields of `WORLD` that the scenario reads, each from `share` below to as much above what is in force.

    Args:
        scenario: The scenario.
        share: Above 0 and below 1.
    """
    found = []
    logit = scenario.market.reach.form == "logit"
    for path in WORLD:
        if path == ("market.reach.p0" if logit else "market.reach.mu"):
            continue
        if path == "market.effort.deal_work" and scenario.market.deal.closes_by == "delay":
            continue
        try:
            one = relative(scenario, path, -share, share, where="world")
        except InputError:
            continue
        if any(field.log_odds or size(field.value) != 0 for field in one.relative_to):
            found.append(one)
    return found


def relative(scenario: Scenario, path: str, low: float, high: float, *, where: str) -> Input:
    """Return the fields of the world at `path` ("*" for any one name), multiplied by 1 + low to 1 + high together.

    Raises:
        InputError: where there is no such field, or it is none that can be multiplied.
    """
    return Input(path, "world", low, high, relative_to=tuple(world_fields(scenario, path, where=where)))


def world_fields(scenario: Scenario, path: str, *, where: str) -> Iterator[Scaled]:
    """Yield the fields of the world at `path`, "*" for any one name; of a random length its mean or median.

    Raises:
        InputError: where there is none, or one is neither a number nor a duration.
    """
    tables = plain_tables(scenario, defaults=True)
    places = list(_places(tables, path.split(".")))
    if not places:
        raise InputError([Fault(where, path, "no such field in this scenario", None, _guess(tables, path))])
    for place in places:
        node, value = _node(place), tables
        for part in place:
            value = value[int(part)] if isinstance(value, list) else value[part]
        if node is not None and node.is_table() and {"mean", "median"} <= set(node.fields()):
            # The length of something: whichever of mean and median it is given by.
            centre = next(name for name in ("mean", "median") if value[name] is not None)
            place, value, node = (*place, centre), value[centre], below(node, centre)
        if isinstance(value, str) and node is not None and node.kind() == "duration":
            yield Scaled(".".join(place), Duration.parse(value))
        elif isinstance(value, int | float) and not isinstance(value, bool) and node is not None:
            bounds = node.bounds()
            low = -math.inf if bounds.low is None else bounds.low
            high = math.inf if bounds.high is None else bounds.high
            yield Scaled(".".join(place), float(value), node.unit == "log-odds", low, high)
        else:
            raise InputError([Fault(where, ".".join(place), "is no number or duration that could be varied")])


def _places(tables: Any, parts: Sequence[str], done: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not parts:
        if tables is not None:
            yield done
        return
    names = tables if isinstance(tables, dict) else map(str, range(len(tables))) if isinstance(tables, list) else ()
    for name in names:
        if parts[0] in ("*", name):
            inner = tables[int(name)] if isinstance(tables, list) else tables[name]
            yield from _places(inner, parts[1:], (*done, name))


def _node(place: Sequence[str]) -> Node | None:
    node: Node | None = node_of(Scenario)
    for part in place:
        node = None if node is None else below(node, part)
    return node


def _guess(tables: Any, path: str) -> str | None:
    *above, last = path.split(".")
    for place in _places(tables, above):
        inner = tables
        for part in place:
            inner = inner[int(part)] if isinstance(inner, list) else inner[part]
        if isinstance(inner, dict):
            return did_you_mean(last, inner)
    return None


def check_inputs(inputs: Sequence[Input], scenario: Scenario, *, where: str) -> None:
    """Check that each input is varied once, is read by the policy, and breaks no rule at its ends.

    Raises:
        InputError: with every fault.
    """
    paths = [one.path for one in inputs]
    faults = [Fault(where, path, "is varied twice") for path in dict.fromkeys(paths) if paths.count(path) > 1]
    for one in inputs:
        if one.side == "policy" and (reason := unread(scenario.policy, one.path, paths)) is not None:
            faults.append(Fault(where, one.path, f"is not read where {reason}", None, "vary another field"))
    for one in inputs if not faults else ():
        for u in ends_of(one):
            try:
                one.at(u).applied(scenario)
            except InputError as error:
                faults += [Fault(where, f.key, f.rule, f.value, f.suggestion) for f in error.faults]
    if faults:
        raise InputError(list(dict.fromkeys(faults)))


def ends_of(one: Input) -> list[float]:
    """Return the places, 0..1, that a look at one input alone takes: both ends, or every choice."""
    if one.choices:
        return [(j + 0.5) / len(one.choices) for j in range(len(one.choices))]
    return [0.0, 1.0]

