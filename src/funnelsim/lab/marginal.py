"""What one step of each field is worth: one more rep, an hour less, five points of cutoff, 1,000 more of spend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim.config.durations import Duration
from funnelsim.config.paths import field_at, get_value, value_in_force
from funnelsim.config.scenario import Scenario
from funnelsim.config.space import unread
from funnelsim.errors import Fault, InputError
from funnelsim.lab.compare import Comparison, compare
from funnelsim.lab.inputs import Setting, world_fields
from funnelsim.lab.sensitivity import Values
from funnelsim.lab.vary import WORLD_TABLES

SPEND_A_MONTH = 1_000.0
TIERS = ("A", "B", "C")
_STEP = re.compile(r"^([+-])\s*(\d+(?:\.\d+)?)\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Step:
    """A small change of a scenario, everything else as it is."""

    label: str
    setting: Setting


def usual_steps(scenario: Scenario, *, spend: float = SPEND_A_MONTH) -> tuple[list[Step], list[str]]:
    """Return the steps that a planner asks for, and in words those that this scenario's rules do not allow.

    More spend on a channel brings leads at what one costs today: spend and visitors grow by one share.

    Args:
        scenario: What is in force.
        spend: How much more a month, money.
    """
    steps, left_out = [], []
    for step in _wanted(scenario, spend):
        try:
            step.setting.applied(scenario)
        except InputError as error:
            left_out.append(f"{step.label}: {error.faults[0].key} {error.faults[0].rule}")
        else:
            steps.append(step)
    return steps, left_out


def _wanted(scenario: Scenario, spend: float) -> Iterator[Step]:
    policy = scenario.policy
    for role in dict.fromkeys((scenario.team.touch_role, scenario.team.close_role)):
        path = f"headcount.{role}"
        yield Step(f"one more {role}", Setting(policy=((path, value_in_force(scenario, path) + 1),)))
    if policy.handed_over == "scored" and policy.scoring.rule != "event":
        paths = ("scoring.cutoff",) if policy.scoring.rule == "sum" else ("scoring.fit_cutoff", "scoring.intent_cutoff")
        for by, word in ((5.0, "higher"), (-5.0, "lower")):
            changed = tuple((path, get_value(policy, path) + by) for path in paths)
            yield Step(f"MQL threshold 5 points {word}", Setting(policy=changed))
    yield from _terms(scenario, "first_touch", Duration(1, "h"), "first touch {} sooner")
    for by, word in ((1, "one more attempt"), (-1, "one attempt fewer")):
        changed = tuple((path, get_value(policy, path) + by) for path in _tiers(scenario, "attempts"))
        yield Step(word, Setting(policy=changed))
    yield from _terms(scenario, "gap", Duration(12, "h"), "gap between attempts {} shorter")
    yield Step("window to work a lead 7 d longer", _longer(scenario, "window", Duration(7, "d")))
    yield from _terms(scenario, "preparation", Duration(5, "min"), "preparation {} shorter")
    if policy.cool_off.ms():
        sooner = _less(policy.cool_off, Duration(7, "d"))
        yield Step("back from nurture 7 d sooner", Setting(policy=(("cool_off", sooner),)))
    if unread(policy, "routing.recycles", ()) is None:
        yield Step("one more rep may try a lead", Setting(policy=(("routing.recycles", policy.routing.recycles + 1),)))
    for name, channel in scenario.market.channels.items():
        if channel.spend_per_month > 0 and channel.visitors_per_day * channel.visit_to_lead > 0:
            more = channel.spend_per_month + spend
            visitors = channel.visitors_per_day * more / channel.spend_per_month
            key = f"market.channels.{name}"
            grown = ((f"{key}.visitors_per_day", visitors), (f"{key}.spend_per_month", more))
            yield Step(f"{spend:,.0f} more a month on {name}", Setting(world=grown))


def _tiers(scenario: Scenario, term: str) -> list[str]:
    """Return the paths of a term of sales: the common one, and those of the tiers that have their own."""
    own = [tier for tier in TIERS if getattr(getattr(scenario.policy.sla, tier), term) is not None]
    return [f"sla.{term}", *(f"sla.{tier}.{term}" for tier in own)]


def _terms(scenario: Scenario, term: str, by: Duration, words: str) -> Iterator[Step]:
    """Yield the step that shortens a term in every tier, by half at most."""
    changed = [(path, get_value(scenario.policy, path)) for path in _tiers(scenario, term)]
    if all(value.ms() == 0 for _, value in changed) or unread(scenario.policy, f"sla.{term}", ()) is not None:
        return
    halved = any(2 * by.ms() > value.ms() for _, value in changed)
    told = words.format(f"{by.amount:g} {by.unit}") + (", half at most" if halved else "")
    yield Step(told, Setting(policy=tuple((path, _less(value, by)) for path, value in changed)))


def _longer(scenario: Scenario, term: str, by: Duration) -> Setting:
    return Setting(policy=tuple((path, _plus(get_value(scenario.policy, path), by)) for path in _tiers(scenario, term)))


def _less(value: Duration, by: Duration) -> Duration:
    """Return `value` less `by` of its own clock, but at least half of it.

    >>> str(_less(Duration(8, "h", business=True), Duration(1, "h"))), str(_less(Duration(1, "h"), Duration(1, "h")))
    ('7 business hours', '0.5h')
    """
    return value.scaled_to(float(f"{max(value.amount - _in_unit_of(value, by), value.amount / 2):.9g}"))


def _plus(value: Duration, by: Duration) -> Duration:
    return value.scaled_to(float(f"{value.amount + _in_unit_of(value, by):.9g}"))


def _in_unit_of(value: Duration, by: Duration) -> float:
    """Return `by` as an amount of the unit of `value`; a day of business hours is one business day."""
    if value.unit == by.unit:
        return by.amount
    return by.ms() / Duration(1.0, value.unit).ms()


def read_step(text: str, scenario: Scenario) -> Step:
    """Return the step that `PATH=+AMOUNT` or `PATH=-AMOUNT` writes: a number, a duration, or a share (+5%).

    Paths are those of the scenario file; "policy." may be left out, and "*" stands for any one name of the world.

    Raises:
        InputError: where it writes none, or one that breaks a rule.
    """
    where = f"--step {text}"
    path, _, written = (part.strip() for part in text.partition("="))
    match = _STEP.match(written)
    if match is None:
        raise InputError([Fault(where, "", "must be PATH=+AMOUNT or PATH=-AMOUNT")])
    sign, amount, unit = (1.0 if match[1] == "+" else -1.0), float(match[2]), match[3]
    if path.split(".")[0] in WORLD_TABLES:
        world = tuple(
            (field.path, _stepped(field.value, sign * amount, unit, where, field.path))
            for field in world_fields(scenario, path, where=where)
        )
        setting = Setting(world=tuple((key, str(v) if isinstance(v, Duration) else v) for key, v in world))
    else:
        path = path.removeprefix("policy.")
        try:
            known, value = field_at(path), value_in_force(scenario, path)
        except InputError as error:
            raise InputError([Fault(where, f.key, f.rule, f.value, f.suggestion) for f in error.faults]) from None
        if known.kind not in ("int", "float", "duration") or value is None:
            raise InputError([Fault(where, path, "is no number or duration that could be changed by a step")])
        if (reason := unread(scenario.policy, path, ())) is not None:
            raise InputError([Fault(where, path, f"is not read where {reason}")])
        setting = Setting(policy=((path, _stepped(value, sign * amount, unit, where, path)),))
    try:
        setting.applied(scenario)
    except InputError as error:
        raise InputError([Fault(where, f.key, f.rule, f.value, f.suggestion) for f in error.faults]) from None
    return Step(f"{path} {written}", setting)


def _stepped(value: Any, amount: float, unit: str, where: str, path: str) -> Any:
    if unit == "%":
        if isinstance(value, Duration):
            return value.scaled_to(float(f"{value.amount * (1 + amount / 100):.9g}"))
        return float(f"{value * (1 + amount / 100):.12g}")
    if not isinstance(value, Duration):
        if unit:
            raise InputError([Fault(where, path, "is a number, so changes by a number or a share", unit)])
        return value + amount
    try:
        by = Duration.parse(f"{abs(amount):g}{unit}")
    except ValueError as error:
        raise InputError([Fault(where, path, str(error))]) from None
    changed = value.amount + (1 if amount > 0 else -1) * _in_unit_of(value, by)
    if changed < 0:
        raise InputError([Fault(where, path, f"must stay >= 0, it is {value}")])
    return value.scaled_to(float(f"{changed:.9g}"))


def marginal_values(values: Values, steps: Sequence[Step], *, measures: Sequence[str], seed: int = 0) -> Comparison:
    """Return each step's difference against what is in force, from the values at its settings.

    Args:
        values: By replication, (1 + steps, measures): `play_settings` of `settings_of`.
        steps: In that order.
        measures: In that order.
        seed: Seed of the draws behind the probability of being best; 0 is a seed.
    """
    rows = {r: tuple(dict(zip(measures, map(float, row), strict=True)) for row in table) for r, table in values.items()}
    return compare(rows, labels=["in force", *(step.label for step in steps)], measures=measures, seed=seed)


def settings_of(steps: Sequence[Step]) -> list[Setting]:
    """Return what is to be played: what is in force, then each step."""
    return [Setting(), *(step.setting for step in steps)]
