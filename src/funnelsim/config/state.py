"""One state of the world: where each uncertain number lies, which events happen, and the scenario that this makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from funnelsim.config.cross import cross_faults
from funnelsim.config.durations import Duration
from funnelsim.config.faults import translate
from funnelsim.config.paper import Broken
from funnelsim.config.search import Search
from funnelsim.config.suggest import did_you_mean
from funnelsim.config.team import parse_shift
from funnelsim.config.uncertain import TABLES, Absence, Range, Uncertain, as_plain
from funnelsim.config.values import places, plain_tables, set_value, value_at
from funnelsim.errors import Fault, InputError

if TYPE_CHECKING:
    from funnelsim.config.scenario import Scenario

READS = ("uncertain", *TABLES, "policy", "run", "oracle")


@dataclass(frozen=True, slots=True)
class State:
    """One state of the world; what it does not name is as the file says."""

    name: str
    levels: Mapping[str, float] = field(default_factory=dict)  # by path of a range: 0 is its low end, 1 its high end
    events: frozenset[str] = frozenset()  # those that happen
    draw: Mapping[str, float | str] = field(default_factory=dict)  # values by path, set before all else
    weight: float = 1.0  # probability; those of all states sum to one


def in_state(scenario: Scenario, state: State) -> Scenario:
    """Return the scenario as the world is in a state: checked anew, with nothing uncertain and nothing to search.

    First the values of the draw, then ranges (a factor multiplies what is there by then), events, and absences.

    Raises:
        InputError: with every rule that the scenario breaks in this state, and every path that it does not have.
    """
    tables = plain_tables(scenario.model_copy(update={"uncertain": Uncertain(), "search": Search()}))
    where = f"{scenario.name or 'scenario'} in {state.name}"
    faults = list(_set_all(tables, scenario, state, where=where))
    try:
        if not faults:
            return type(scenario).model_validate(tables)
    except ValidationError as error:
        faults = translate(error, root=type(scenario), where=where)
    raise InputError(faults)


def _set_all(tables: Any, scenario: Scenario, state: State, *, where: str) -> Iterator[Fault]:
    uncertain, full = scenario.uncertain, plain_tables(scenario, defaults=True)

    def put(path: str, value: Any) -> Iterator[Fault]:
        fault = set_value(tables, full, path, value, where=where)
        if fault is None:
            set_value(full, full, path, value, where=where)
        else:
            yield fault

    for path, value in state.draw.items():
        yield from put(path, value)
    for pattern, level in state.levels.items():
        for path in places(full, pattern):
            yield from put(path, _value(uncertain.ranges[pattern], level, value_at(full, path)))
    for name in (name for name in uncertain.events if name in state.events):
        for path, value in uncertain.events[name].values.items():
            yield from put(path, as_plain(value))
        for absence in uncertain.events[name].away:
            tables["team"]["reps"] = _without(tables["team"]["reps"], absence)


def _value(given: Range, level: float, written: Any) -> Any:
    """Return the value at a level (0..1) of a range, of the kind of what is written in the file."""
    if given.factor is not None:
        factor = given.factor[0] + level * (given.factor[1] - given.factor[0])
        if isinstance(written, str):
            duration = Duration.parse(written)
            return str(duration.scaled_to(duration.amount * factor))
        return round(written * factor) if isinstance(written, int) else written * factor
    low, high = given.low, given.high
    if isinstance(low, Duration) and isinstance(high, Duration):
        if level in (0.0, 1.0):
            return str(high if level else low)
        hours = low.hours + level * (high.hours - low.hours)
        return str(low.scaled_to(hours * low.amount / low.hours) if low.amount else Duration(hours, "h", low.business))
    assert isinstance(low, int | float)  # the model has a range of one kind
    assert isinstance(high, int | float)
    value = low + level * (high - low)
    return round(value) if isinstance(written, int) else float(value)


def _without(groups: list[dict[str, Any]], absence: Absence) -> list[dict[str, Any]]:
    """Return groups of reps in which the first of a role are away, or leave; their order and so their numbers stay."""
    left, found = absence.reps, []
    for group in groups:
        count = group.get("count", 1)
        away = min(left, count) if group["role"] == absence.role else 0
        left -= away
        if away:
            found.append({**_away(group, absence), "count": away})
        if count > away:
            found.append({**group, "count": count - away})
    return found


def _away(group: dict[str, Any], absence: Absence) -> dict[str, Any]:
    """Return reps who are off from the first to the last day of an absence; without a last day they leave."""
    starts, ends = absence.starts, absence.ends
    if ends is None:
        leaves = group.get("leaves")
        return {**group, "leaves": str(starts) if leaves is None else min(str(leaves), str(starts))}
    shifts = [text for text in group.get("shifts", []) if not starts <= parse_shift(text)[0] <= ends]
    return {**group, "days_off": [*group.get("days_off", []), f"{starts}..{ends}"], "shifts": shifts}


def uncertain_faults(scenario: Scenario) -> Iterator[Broken]:
    """Yield every rule that `[uncertain]` breaks: paths, kinds, and the rules of the scenario at either end."""
    uncertain = scenario.uncertain
    if not uncertain.anything:
        return
    full = plain_tables(scenario, defaults=True)
    already = {(b.key, b.rule) for b in cross_faults(scenario)}
    for path, given in uncertain.ranges.items():
        key = f"uncertain.ranges.{path}"
        broken = _range_fault(key, path, given, full)
        if broken is not None:
            yield broken
            continue
        for level, end in ((0.0, "low end"), (1.0, "high end")):
            yield from _broken_in(scenario, State(f"the {end} of {path}", {path: level}), key, end, already)
    for name, event in uncertain.events.items():
        key = f"uncertain.events.{name}"
        faults = [f for path in event.values if (f := _path_fault(f"{key}.values.{path}", path, full)) is not None]
        faults += [
            f for at, absence in enumerate(event.away) if (f := _absence_fault(f"{key}.away.{at}", absence, scenario))
        ]
        yield from faults
        if not faults:
            yield from _broken_in(scenario, State(name, events=frozenset({name})), key, "this event", already)


def _broken_in(
    scenario: Scenario, state: State, key: str, what: str, already: set[tuple[str, str]]
) -> Iterator[Broken]:
    try:
        in_state(scenario, state)
    except InputError as error:
        for fault in error.faults:
            if (fault.key, fault.rule) not in already:
                got = "" if fault.value is None else f", got {fault.value}"
                yield Broken(key, f"at {what} a rule is broken: {fault.key}: {fault.rule}{got}", reads=READS)


def _path_fault(key: str, path: str, full: Any) -> Broken | None:
    if path.split(".")[0] not in TABLES:
        rule = f"must lie in the world ({', '.join(TABLES)}); what is chosen is not uncertain"
        return Broken(key, rule, did_you_mean(path.split(".")[0], TABLES), reads=READS)
    if places(full, path):
        return None
    parts = path.split(".")
    at = next(n for n in range(1, len(parts) + 1) if not places(full, ".".join(parts[:n])))
    known = sorted({p.rsplit(".", 1)[-1] for p in places(full, ".".join([*parts[: at - 1], "*"]))})
    where = ".".join(parts[: at - 1])
    return Broken(key, f"{where} has no '{parts[at - 1]}'", did_you_mean(parts[at - 1], known), reads=READS)


def _range_fault(key: str, path: str, given: Range, full: Any) -> Broken | None:
    fault = _path_fault(key, path, full)
    if fault is not None:
        return fault
    for place in places(full, path):
        written = value_at(full, place)
        if isinstance(written, bool) or not isinstance(written, int | float | str | None):
            return Broken(key, f"{place} is not one number", f"name one of its own: {place}.NAME", reads=READS)
        duration = isinstance(written, str) and _is_duration(written)
        if isinstance(written, str) and not duration:
            return Broken(key, f"{place} is neither a number nor a duration", reads=READS)
        if written is None and given.factor is not None:
            return Broken(key, f"{place} has no value to multiply", "give low and high", reads=READS)
        if given.factor is None and written is not None and duration != isinstance(given.low, Duration):
            kind = "a duration" if duration else "a number"
            return Broken(key, f"{place} is {kind}, which low and high must be too", reads=READS)
    return None


def _is_duration(text: str) -> bool:
    try:
        Duration.parse(text)
    except ValueError:
        return False
    return True


def _absence_fault(key: str, absence: Absence, scenario: Scenario) -> Broken | None:
    there = sum(group.count for group in scenario.team.reps if group.role == absence.role)
    if not there:
        roles = sorted({group.role for group in scenario.team.reps})
        rule = f"nobody fills the role '{absence.role}' (roles of team.reps: {', '.join(roles)})"
        return Broken(f"{key}.role", rule, did_you_mean(absence.role, roles), reads=READS)
    if absence.reps > there:
        rule = f"must be at most the {there} that team.reps has, got {absence.reps}"
        return Broken(f"{key}.reps", rule, reads=READS)
    return None
