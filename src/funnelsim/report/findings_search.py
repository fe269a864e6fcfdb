"""What a search's findings say beside the front: what decides among its policies, what matters, and how far it came."""

from __future__ import annotations

import math

from funnelsim.metrics import MEASURES
from funnelsim.report.digits import estimate, plain
from funnelsim.report.findings import label_of, measure_words, name_of, unit_of
from funnelsim.stats import Interval, interval
from funnelsim.tuning.history import reached_at
from funnelsim.tuning.study import Tuned
from funnelsim.tuning.trade_off import Choice
from funnelsim.tuning.writeout import PROFIT

NEARLY = 0.95
"""Share of the last hypervolume of which is told when it was reached."""
STILL_GAINING = 0.05
"""Growth over the last policies from which a search counts as still gaining."""
MOST_VARIABLES = 12
"""Variables that the table of importance lists; all are in the JSON object."""


def front_table(tuned: Tuned) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: how surely a policy is on the front, its profit, and its value at the price given."""
    currency, days = tuned.plan.scenario.economics.currency, tuned.plan.scenario.run.horizon_days
    unit, factor, period = unit_of(PROFIT, currency=currency, days=days)
    choice = tuned.choice if tuned.choice is not None and tuned.choice.worths else None
    worths = {} if choice is None else {w.policy: w for w in choice.worths}
    headings = ["policy", "on the front", f"{PROFIT}, {unit}{period}"]
    if choice is not None:
        headings += [f"value, {unit}{period}", "best choice", f"regret, {unit}{period}"]
    rows = []
    for policy in (tuned.report.in_force, *tuned.report.policies):
        number, own = policy.tried.number, tuned.rows[policy.tried.number]
        profit = interval([row.get(PROFIT, math.nan) for row in own])
        row = [name_of(number, knee=tuned.knee), percent(tuned.probabilities[number]), _money(profit, factor, unit)]
        if choice is not None:
            worth = worths.get(number)
            row += (
                ["", "", ""]
                if worth is None
                else [
                    _money(worth.value, factor, unit),
                    percent(worth.probability_best),
                    _rounded(worth.expected_regret * factor),
                ]
            )
        rows.append(row)
    return headings, rows


def front_notes(tuned: Tuned) -> list[str]:
    """Return what a reader of `front_table` must know of its columns, a line each."""
    n = tuned.plan.scenario.search.report_replications
    told = [f"on the front: how surely none of these policies beats it, by the {n} replications."]
    if tuned.choice is not None and tuned.choice.worths:
        sense = "less" if tuned.choice.price.sign < 0 else "plus"
        told.append(
            f"value: {tuned.choice.price.money} {sense} {price_words(tuned)}. "
            "regret: what choosing it is expected to cost against the best."
        )
    return told


def price_words(tuned: Tuned) -> str:
    """Return the price given, such as '500 EUR for every wasted lead'."""
    assert tuned.choice is not None
    assert tuned.choice.amount is not None
    return f"{tuned.choice.amount:,.6g} {tuned.plan.scenario.economics.currency} for every {unit_words(tuned.choice)}"


def unit_words(choice: Choice) -> str:
    """Return what is priced, one of it.

    >>> from funnelsim.tuning.trade_off import Price
    >>> unit_words(Choice(Price("revenue", "leads_wasted", False, -1), None, (), math.nan, ()))
    'wasted lead'
    """
    if choice.price.measure == "leads_wasted":
        return "wasted lead"
    if choice.price.of_points:
        return f"point of {measure_words(choice.price.measure)}"
    unit = MEASURES[choice.price.measure].unit.removesuffix("s")
    words = measure_words(choice.price.measure)
    return words.removesuffix("s") if unit in words else f"{unit} of {words}"


def choice_lines(tuned: Tuned) -> list[str]:
    """Return which policy a trade-off names and how surely, or for which prices each is the choice."""
    choice = tuned.choice
    if choice is None or not choice.steps:
        return []
    currency, what = tuned.plan.scenario.economics.currency, unit_words(choice)
    if choice.amount is None:
        if len(choice.steps) == 1:
            alone = _policy(choice.steps[0].policy)
            if len(tuned.report.policies) == 0:
                return []
            return [
                f"By the means {alone} is the choice whatever a {what} costs; that no price names another has a "
                f"probability of {percent(choice.probability_alone)}."
            ]
        parts = [f"up to {_rounded(s.high)} {currency} {_policy(s.policy)}" for s in choice.steps[:-1]]
        last = f"beyond that {_policy(choice.steps[-1].policy)}"
        return [
            f"What a {what} costs decides, by the means: {', '.join(parts)}, {last}. "
            f'(--trade-off "{_rounded(choice.steps[-1].low)} per {what}" says how surely.)'
        ]
    best = choice.worths[0]
    unit, factor, period = unit_of(PROFIT, currency=currency, days=tuned.plan.scenario.run.horizon_days)
    against = ""
    if best.policy:
        difference = best.difference
        sign = "+" if difference.mean > 0 else ""
        against = f", {sign}{_money(difference, factor, unit)} {unit}{period} against today's"
    step = next((s for s in choice.steps if s.policy == best.policy), None)
    lines = [
        f"At {price_words(tuned)} choose {_policy(best.policy)}: best with {percent(best.probability_best)} "
        f"probability, expected regret {_rounded(best.expected_regret * factor)} {unit}{period}{against}."
    ]
    if step is not None and len(choice.steps) > 1:
        low = f"from {_rounded(step.low)} " if step.low > 0 else ""
        high = "upwards" if math.isinf(step.high) else f"up to {_rounded(step.high)}"
        lines.append(f"By the means it stays the choice {low}{high} {currency} per {what}.")
    return lines


def history_lines(tuned: Tuned) -> list[str]:
    """Return how far the search came: when it had most of its hypervolume, and whether it was still gaining."""
    found, search = tuned.volumes, tuned.plan.scenario.search
    if len(found) < 2 or not math.isfinite(found[-1]):
        return []
    n, over = len(found), -(-search.plateau_over // search.batch) * search.batch
    told = f"The search had {percent(NEARLY)} of its hypervolume after {reached_at(found, NEARLY)} of {n} policies"
    if over >= n:
        return [f"{told}; too few to say whether it still gained."]
    growth = 1.0 - float(found[-1 - over])
    told += f"; the last {over} added {growth * 100:.1f} %"
    if tuned.at_plateau and search.plateau is not None:
        stopped = f", less than the {search.plateau * 100:g} % of search.plateau: it stopped there"
        return [f"{told}{stopped}, {tuned.plan.trials} allowed."]
    gaining = growth > STILL_GAINING
    return [f"{told}: {'it was still gaining' if gaining else 'little'}, and more policies may find better."]


def importance_table(tuned: Tuned) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: how much every variable matters for each objective; no rows where nothing is known."""
    known = {measure: {i.path: i for i in rows} for measure, rows in tuned.importance.items() if rows}
    paths = sorted(
        {path for rows in known.values() for path in rows}, key=lambda path: -max(r[path].share for r in known.values())
    )
    headings = ["what matters for", *(measure_words(measure) for measure in known)]
    rows = [
        [label_of(path), *(f"{i.share * 100:.0f} % ({i.low * 100:.0f}–{i.high * 100:.0f})" for i in cells)]
        for path in paths[:MOST_VARIABLES]
        for cells in [[rows[path] for rows in known.values()]]
    ]
    return headings, rows


def importance_note(tuned: Tuned) -> str:
    """Return what the table of importance says, and what not."""
    more = len(tuned.space.dimensions) - MOST_VARIABLES
    left = f" {more} more matter less." if more > 0 else ""
    return (
        "share in what sets the best tenth of the policies apart from all tried (PED-ANOVA), with its 90 % interval."
        f"{left}"
    )


def _policy(number: int) -> str:
    return "today's policy" if number == 0 else f"policy {number}"


def percent(share: float) -> str:
    """Return a probability in whole per cent, never rounded to certainty.

    >>> percent(0.9996), percent(0.0004), percent(1.0)
    ('>99 %', '<1 %', '100 %')
    """
    if not math.isfinite(share):
        return "–"
    if 0.995 <= share < 1.0:
        return ">99 %"
    return "<1 %" if 0.0 < share < 0.005 else f"{share * 100:.0f} %"


def _money(found: Interval, factor: float, unit: str) -> str:
    mean, half_width, _ = estimate(found.mean * factor, found.half_width * factor, unit)
    return f"{mean} ± {half_width}"


def _rounded(amount: float) -> str:
    """Return an amount of money to three significant digits.

    >>> _rounded(1234.0), _rounded(0.0)
    ('1,230', '0')
    """
    if amount == 0 or not math.isfinite(amount):
        return plain(amount, 0)
    return plain(amount, 2 - math.floor(math.log10(abs(amount))))
