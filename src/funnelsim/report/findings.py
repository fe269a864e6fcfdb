"""A search's findings in words: what changes against today, what that is worth, what can be promised, how surely."""

from __future__ import annotations

import math

from funnelsim.metrics import MEASURES
from funnelsim.report.digits import decimals_of, estimate, plain, scale_of
from funnelsim.stats import Interval
from funnelsim.tuning.goals import confirmation
from funnelsim.tuning.selection import DOUBT
from funnelsim.tuning.space import Change
from funnelsim.tuning.study import Tuned
from funnelsim.tuning.verdict import Effect, Reported
from funnelsim.tuning.writeout import policy_file, promised, shown

YEAR_DAYS = 365
PER_YEAR = frozenset({"revenue", "profit"})
"""Measures that add up over the measured window, and so are told as so much a year."""

LABELS = {
    "scoring.rule": "MQL rule",
    "scoring.cutoff": "MQL threshold",
    "scoring.fit_cutoff": "fit threshold",
    "scoring.intent_cutoff": "intent threshold",
    "scoring.decay": "score decay",
    "scoring.half_life": "half-life of activity points",
    "scoring.window": "window of activity points",
    "scoring.fast_lane": "fast lane for hand-raisers",
    "scoring.tier_a_above": "tier A above the threshold by",
    "scoring.tier_b_above": "tier B above the threshold by",
    "sla.first_touch": "first touch due within",
    "sla.later_touch": "later touches due within",
    "sla.attempts": "attempts",
    "sla.gap": "gap between attempts",
    "sla.window": "window to work a lead",
    "sla.earliest_touch": "earliest touch",
    "sla.preparation": "preparation",
    "order.work": "order of work",
    "order.first_before_later": "first touches before later ones",
    "routing.method": "routing",
    "routing.recycles": "times a lead goes to another rep",
    "routing.on_breach": "when a touch is overdue",
    "marketing.nurture_every": "nurture, every n-th send",
    "marketing.quality_floor": "least fit handed over",
    "meetings.rebookings": "rebookings after a no-show",
    "meetings.accept_within": "SQL accepted within",
    "self_scheduling": "self-service scheduling",
    "deduplication": "deduplication",
    "callbacks": "diarised call-backs",
    "cool_off": "time in nurture before a new handover",
    "lifecycle": "lifecycle",
}
_COUNTED = {"attempts": "attempts", "times": "times", "sends": "sends", "reps": "reps", "points": "points"}


def label_of(path: str) -> str:
    """Return what people call a policy field.

    >>> label_of("sla.A.attempts"), label_of("scoring.offer_points.trial")
    ('attempts, tier A', 'scoring.offer_points.trial')
    """
    parts = path.split(".")
    if len(parts) == 3 and parts[0] == "sla" and parts[1] in ("A", "B", "C"):
        return f"{LABELS.get(f'sla.{parts[2]}', parts[2])}, tier {parts[1]}"
    if parts[0] == "headcount":
        return f"{parts[1]} headcount"
    return LABELS.get(path, path)


def measure_words(name: str) -> str:
    """Return a measure as people call it.

    >>> measure_words("leads_wasted_share")
    'leads wasted'
    """
    return name.removesuffix("_share").replace("_", " ")


def change_text(change: Change) -> str:
    """Return one change.

    >>> change_text(Change("scoring.cutoff", 40.0, 52.0, "points", ""))
    'MQL threshold 40 -> 52 points'
    """
    unit = _COUNTED.get(change.unit, "")
    unit = "" if unit in label_of(change.path) or isinstance(change.after, str | bool) else unit
    return f"{label_of(change.path)} {shown(change.before)} -> {shown(change.after)} {unit}".rstrip()


def worth_text(effect: Effect, today: Effect, *, currency: str, days: int) -> str:
    """Return what one objective gains or loses against the policy in force, with its 95 % interval.

    Args:
        effect: Of the policy.
        today: Of the policy in force.
        currency: What money is called.
        days: Days measured.
    """
    unit, factor, period = unit_of(effect.measure, currency=currency, days=days)
    before, after, change = (scaled(i, factor) for i in (today.estimate, effect.estimate, effect.difference))
    if scale_of(unit)[1] == "%":
        decimals = decimals_of(change.mean * 100, change.half_width * 100)
        difference = f"{_signed(change.mean * 100, decimals)} ± {plain(change.half_width * 100, decimals)} points"
        ends = f"{plain(before.mean * 100, decimals)} % -> {plain(after.mean * 100, decimals)} %"
        words = f"{measure_words(effect.measure)} {ends} ({difference})"
    else:
        decimals = decimals_of(change.mean, change.half_width)
        difference = f"{_signed(change.mean, decimals)} ± {plain(change.half_width, decimals)} {unit}{period}"
        relative = f" ({change.mean / abs(before.mean) * 100:+.0f} %)" if before.mean else ""
        words = f"{measure_words(effect.measure)} {difference}{relative}"
    return f"{words}, {certainty(effect)}"


def certainty(effect: Effect) -> str:
    """Return how sure the difference of one objective is."""
    if effect.improved:
        return "detectably better"
    if effect.lost:
        return "worse"
    return "no detectable difference" if math.isfinite(effect.difference.mean) else "not defined"


def promise_text(kept: dict[str, Interval]) -> str:
    """Return the terms that a policy can promise: what it kept in 90 % of cases, with 95 % intervals."""

    def value(name: str, digits: int) -> str:
        found = kept.get(name, Interval(math.nan, math.nan, 0))
        if not found.half_width >= 0.05:  # no interval, or none that can be seen
            return plain(found.mean, digits)
        decimals = min(decimals_of(found.mean, found.half_width), 1)  # of hours, attempts and leads
        return f"{plain(found.mean, decimals)} ± {plain(found.half_width, decimals)}"

    return (
        f"first touch within {value('promise_first_touch_business_hours', 1)} open hours "
        f"({value('promise_first_touch_hours', 0)} h by the calendar), "
        f"{value('promise_attempts', 0)} attempts to those not reached, "
        f"{value('promise_gap_median_hours', 0)} h apart ({value('promise_gap_hours', 0)} h in 9 of 10 cases), "
        f"{value('promise_monthly_mqls', 0)} MQLs and {value('promise_monthly_sqls', 0)} SQLs a month"
    )


def overview(tuned: Tuned) -> tuple[list[str], list[list[str]]]:
    """Return the headings and rows of a table: today's policy and those of the front, with every objective."""
    currency, days = tuned.plan.scenario.economics.currency, tuned.plan.scenario.run.horizon_days
    headings = ["policy"]
    for goal in tuned.plan.goals.objectives:
        unit, _, period = unit_of(goal.measure, currency=currency, days=days)
        headings += [f"{measure_words(goal.measure)}, {scale_of(unit)[1]}{period}", "against today", "optimism"]
    headings.append("finding")
    bend = tuned.knee
    rows = []
    for policy in (tuned.report.in_force, *tuned.report.policies):
        number = policy.tried.number
        row = [name_of(number, knee=bend)]
        for e in policy.effects:
            unit, factor, _ = unit_of(e.measure, currency=currency, days=days)
            mean, half_width, _ = estimate(e.estimate.mean * factor, e.estimate.half_width * factor, unit)
            row.append(f"{mean} ± {half_width}")
            # Today's policy was not selected for its luck, so nothing flattered it.
            row += ["", ""] if number == 0 else [_against(e, unit, factor), _percent(e.optimism)]
        rows.append([*row, _finding(policy, tuned)])
    return headings, rows


def policy_lines(tuned: Tuned, policy: Reported) -> list[str]:
    """Return one policy in words: what changes, what it is worth, what it can promise, and where it is kept."""
    currency, days = tuned.plan.scenario.economics.currency, tuned.plan.scenario.run.horizon_days
    number = policy.tried.number
    changes = "; ".join(change_text(c) for c in tuned.space.changes(policy.tried.candidate)) or "nothing"
    pairs = zip(policy.effects, tuned.report.in_force.effects, strict=True)
    worth = "; ".join(worth_text(e, today, currency=currency, days=days) for e, today in pairs)
    chosen = None if tuned.choice is None else tuned.choice.chosen
    named = ["the choice at that price"] if number == chosen else []
    named += ["the knee of the front"] if number == tuned.knee else []
    what = f" ({', '.join(named)})" if named else ""
    lines = [
        f"Policy {number}{what}, ready to run: {policy_file(policy)}",
        f"  changes: {changes}",
        f"  is worth: {worth}",
    ]
    lines += [f"  constraint {confirmation(c, tuned.rows[number])}" for c in tuned.plan.goals.chances]
    lines.append(f"  can promise, in 90 % of cases: {promise_text(promised(tuned.rows[number]))}")
    return lines


def told_first(tuned: Tuned, *, most: int) -> list[Reported]:
    """Return at most `most` policies of the front: the chosen one, the knee, the best in each objective, the others.

    Of the others those better than today's come first, and of these those that are most surely on the front.
    """
    policies = tuned.report.policies
    wanted = (None if tuned.choice is None else tuned.choice.chosen, tuned.knee)
    first = [number for number in wanted if number in {p.tried.number for p in policies} and number is not None]
    for at, goal in enumerate(tuned.plan.goals.objectives):
        defined = [p for p in policies if math.isfinite(p.effects[at].estimate.mean)]
        if defined:
            best = max(defined, key=lambda p, at=at, sign=goal.sign: sign * p.effects[at].estimate.mean)  # type: ignore[misc]
            first.append(best.tried.number)
    likely = sorted(policies, key=lambda p: (p.finding != "better", -tuned.probabilities[p.tried.number]))
    first += [p.tried.number for p in likely]
    by_number = {p.tried.number: p for p in policies}
    return [by_number[number] for number in list(dict.fromkeys(first))[:most]]


def today_may_be_on_front(tuned: Tuned) -> bool:
    """Return whether neither the selection nor the report shows today's policy dominated beyond doubt."""
    return tuned.report.in_force_on_front and tuned.probabilities[0] >= DOUBT


def name_of(number: int, *, knee: int | None) -> str:
    """Return what a table calls a policy.

    >>> name_of(0, knee=7), name_of(7, knee=7)
    ('today', '7 (knee)')
    """
    return ("today" if number == 0 else str(number)) + (" (knee)" if number == knee else "")


def unit_of(measure: str, *, currency: str, days: int) -> tuple[str, float, str]:
    """Return the unit of a measure, by what to multiply it, and the period it is then told for."""
    unit = MEASURES[measure].unit.replace("money", currency) if measure in MEASURES else ""
    if measure in PER_YEAR:
        return unit, YEAR_DAYS / days, " a year"
    return unit, 1.0, ""


def scaled(found: Interval, factor: float) -> Interval:
    """Return an interval with mean and half-width multiplied by `factor`."""
    return Interval(found.mean * factor, found.half_width * factor, found.n)


def _against(effect: Effect, unit: str, factor: float) -> str:
    change = scaled(effect.difference, factor * scale_of(unit)[0])
    decimals = decimals_of(change.mean, change.half_width)
    return f"{_signed(change.mean, decimals)} ± {plain(change.half_width, decimals)}"


def _signed(value: float, decimals: int) -> str:
    """Return a rounded number with its sign.

    >>> _signed(-0.041, 2), _signed(12.0, 0)
    ('-0.04', '+12')
    """
    shown_value = plain(value, decimals)
    return shown_value if not math.isfinite(value) or shown_value.startswith("-") else f"+{shown_value}"


def _percent(share: float) -> str:
    return f"{share * 100:+.1f} %" if math.isfinite(share) else ""


def _finding(policy: Reported, tuned: Tuned) -> str:
    if not policy.judgement.feasible:
        return "fails a constraint" if policy.judgement.status == "infeasible" else "not defined"
    if policy.tried.number == 0:
        return "may be on the front" if today_may_be_on_front(tuned) else "dominated"
    words = {"better": "better", "trade": "a trade", "same": "no detectable difference", "worse": "worse"}
    return words[policy.finding]
