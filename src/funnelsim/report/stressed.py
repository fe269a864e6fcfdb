"""Stress tests as text of at most 100 letters a line, as tables for CSV, and as a plain object."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

from funnelsim.config.scenario import Scenario
from funnelsim.config.uncertain import Criterion
from funnelsim.lab.compare import Comparison, Contrast
from funnelsim.lab.criteria import CRITERIA
from funnelsim.lab.robust import Robustness
from funnelsim.lab.states import columns_of
from funnelsim.lab.stress import Stressed
from funnelsim.metrics import MEASURES
from funnelsim.report.compared import difference_words, percent
from funnelsim.report.digits import ABSENT, decimals_of, plain, scale_of
from funnelsim.report.findings import measure_words, unit_of
from funnelsim.report.results import replications_text
from funnelsim.stats import Bounds

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
WIDTH = 100
LABEL_WIDTH, COLUMN_WIDTH = 31, 23
COLUMNS = 3
"""Measures beside one another."""


def criterion_words(criterion: Criterion, worst_share: float) -> str:
    """Return what people call a criterion.

    >>> criterion_words("cvar", 0.2)
    'worst 20 %'
    """
    return {"expectation": "mean", "cvar": f"worst {worst_share * 100:g} %", "regret": "largest regret"}[criterion]


def stress_text(found: Stressed, scenario: Scenario) -> str:
    """Return a table of stress tests for each policy, and what each is worth over the states of the world."""
    heading = (
        f"{scenario.name}, seed {scenario.run.seed}, {replications_text(found.replications)}. Each line changes one "
        "thing and leaves the rest as written; what it changes is told with its paired interval; those of a table hold "
        "all together with 95 %. * detectable: the interval excludes 0."
    )
    lines = wrap(heading, WIDTH)
    for label, table in zip(found.labels, found.tables, strict=True):
        for at in range(0, len(found.measures), COLUMNS):
            lines += ["", *_table(label, table, found.measures[at : at + COLUMNS], scenario)]
    return "\n".join([*lines, "", *states_lines(found, scenario)]) + "\n"


def _table(label: str, table: Comparison, measures: Sequence[str], scenario: Scenario) -> Iterator[str]:
    units = [_units(m, scenario) for m in measures]
    yield f"{shorten(label, LABEL_WIDTH, placeholder=' ...'):<{LABEL_WIDTH}}" + "".join(
        f"{shorten(measure_words(m), COLUMN_WIDTH - 1, placeholder='...'):>{COLUMN_WIDTH}}" for m in measures
    )
    yield " " * LABEL_WIDTH + "".join(f"{unit:>{COLUMN_WIDTH}}" for unit, _ in units)
    for at, row in enumerate(table.contrasts):
        cells = []
        for m, (_, factor) in zip(measures, units, strict=True):
            contrast = row[table.measures.index(m)]
            told = _mean_words(contrast, factor) if at == 0 else difference_words(contrast, factor)
            star = " *" if at and contrast.finding not in ("no detectable difference", "not defined") else "  "
            cells.append(f"{told + star:>{COLUMN_WIDTH}}")
        name = shorten(table.labels[at], LABEL_WIDTH - 3, placeholder=" ...")
        yield f"  {name:<{LABEL_WIDTH - 2}}{''.join(cells)}".rstrip()


def _units(measure: str, scenario: Scenario) -> tuple[str, float]:
    unit, factor, period = unit_of(measure, currency=scenario.economics.currency, days=scenario.run.horizon_days)
    to_shown, unit = scale_of("" if unit == "ratio" else unit)
    return f"{unit}{period}".strip() + "  ", factor * to_shown


def _mean_words(contrast: Contrast, factor: float) -> str:
    mean, half = contrast.estimate.mean * factor, contrast.estimate.half_width * factor
    decimals = decimals_of(mean, half)
    return f"{plain(mean, decimals)} ± {plain(half, decimals)}"


def states_lines(found: Stressed, scenario: Scenario) -> list[str]:
    """Return what each policy is worth over all states, by criterion, and which one is best by each."""
    equal = len({state.weight for state in found.states}) == 1
    drawn = "drawn, each as likely as another" if equal else "drawn, weighed so that each event has its probability"
    how = "every combination of the events" if found.enumerated else drawn
    lines = wrap(f"Over {len(found.states)} states of the world ({how}), with 95 % intervals", WIDTH)
    for at, robust in enumerate(found.robust.values()):
        lines += ["", *robust_lines(robust, found.labels, scenario)]
        lines += _worst_lines(robust, found, scenario) if at == 0 else []
    return lines


def robust_lines(robust: Robustness, labels: Sequence[str], scenario: Scenario) -> list[str]:
    """Return a table of one measure: for each policy its mean, worst states and largest regret."""
    unit, factor = _units(robust.measure, scenario)
    better = "more" if robust.better == "up" else "less"
    lines = [f"{', '.join(p for p in (measure_words(robust.measure), unit.strip()) if p)} ({better} is better)"]
    against = f"against {shorten(labels[0], 16, placeholder='...')}" if len(labels) > 1 else ""
    best = "best" if len(labels) > 1 else ""
    lines.append(f"  {'':<14}{'':<15}{'estimate':>11}{'interval':>22}{against:>30}{best:>6}".rstrip())
    for p, (label, standing) in enumerate(zip(labels, robust.standings, strict=True)):
        for n, criterion in enumerate(CRITERIA):
            if criterion == "regret" and len(labels) == 1:
                continue
            estimate, difference = standing.estimates[criterion], standing.differences[criterion]
            decimals = _decimals(estimate, factor)
            name = shorten(label, 13, placeholder="...") if n == 0 else ""
            other = f"{_signed(difference, factor)}" if p else ""
            chance = percent(standing.chances[criterion]) if best else ""
            lines.append(
                f"  {name:<14}{criterion_words(criterion, robust.worst_share):<15}"
                f"{plain(estimate.estimate * factor, decimals):>11} {_between(estimate, factor, decimals):>21}"
                f" {other:>29}{chance:>6}".rstrip()
            )
    if len(labels) > 1:
        chosen = [
            f"{labels[at]} by {criterion_words(c, robust.worst_share)} ({percent(robust.standings[at].chances[c])})"
            for c in CRITERIA
            for at in (robust.best(c),)
        ]
        lines += wrap(f"Ahead: {', '.join(chosen)}.", WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines


def _worst_lines(robust: Robustness, found: Stressed, scenario: Scenario) -> list[str]:
    rows = columns_of(scenario, found.states)
    drawn = {path for state in found.states for path in state.draw}
    lines = []
    for label, standing in zip(found.labels, robust.standings, strict=True):
        row = rows[standing.worst_state]
        told = [
            f"{name} {value}" if value not in ("yes", "no") else name
            for name, value in row.items()
            if name not in ("state", "weight") and name not in drawn and value != "no"
        ]
        words = f"{label} does worst in {row['state']}{': ' if told else ''}{', '.join(told)}"
        lines += wrap(f"{words}.", WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines


def _decimals(bounds: Bounds, factor: float) -> int:
    half = (bounds.high - bounds.low) / 2 * factor
    return decimals_of(bounds.estimate * factor, half)


def _between(bounds: Bounds, factor: float, decimals: int) -> str:
    if not math.isfinite(bounds.low):
        return ABSENT
    return f"{plain(bounds.low * factor, decimals)} to {plain(bounds.high * factor, decimals)}"


def _signed(bounds: Bounds, factor: float) -> str:
    if not math.isfinite(bounds.estimate):
        return ABSENT
    decimals = _decimals(bounds, factor)
    shown = plain(bounds.estimate * factor, decimals)
    sign = "" if shown.startswith("-") or bounds.estimate == 0 else "+"
    return f"{sign}{shown} ({_between(bounds, factor, decimals).replace(' to ', '..')})"


def stress_frame(found: Stressed, scenario: Scenario) -> pd.DataFrame:
    """Return a row for each policy, stress and measure, in the measures' own units over the measured window."""
    import pandas as pd

    rows = []
    for label, table in zip(found.labels, found.tables, strict=True):
        for at, row in enumerate(table.contrasts):
            given = found.stresses[at - 1] if at else None
            what = (table.labels[0], "", "") if given is None else (given.input, given.end, given.value)
            for c in row:
                unit = MEASURES[c.measure].unit.replace("money", scenario.economics.currency)
                numbers = (c.estimate.mean, c.estimate.half_width, c.difference.mean, c.difference.half_width)
                rows.append((label, *what, c.measure, unit, *numbers, c.difference.n, c.p_value, c.finding))
    names = ["policy", "input", "end", "value", "measure", "unit", "mean", "half_width", "difference"]
    return pd.DataFrame(rows, columns=[*names, "difference_half_width", "n", "p_value_holm", "finding"])


def states_frame(found: Stressed, scenario: Scenario) -> pd.DataFrame:
    """Return a row for each state and policy: what the state is, and the mean of each measure in it."""
    import pandas as pd

    head = 1 + len(found.stresses)
    rows = []
    for s, about in enumerate(columns_of(scenario, found.states)):
        for p, label in enumerate(found.labels):
            means = {m: _mean(found.values[m][p, head + s].tolist()) for m in found.measures}
            rows.append({**about, "policy": label, **means})
    return pd.DataFrame(rows)


def _mean(values: Sequence[float]) -> float:
    known = [v for v in values if math.isfinite(v)]
    return math.fsum(known) / len(known) if known else math.nan


def robust_frame(robust: Sequence[Robustness], labels: Sequence[str], *, currency: str) -> pd.DataFrame:
    """Return a row for each measure, policy and criterion, in the measures' own units over the measured window."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "measure": one.measure,
                "unit": MEASURES[one.measure].unit.replace("money", currency),
                "policy": label,
                "criterion": c,
                "estimate": standing.estimates[c].estimate,
                "low": standing.estimates[c].low,
                "high": standing.estimates[c].high,
                "difference": standing.differences[c].estimate,
                "difference_low": standing.differences[c].low,
                "difference_high": standing.differences[c].high,
                "probability_best": standing.chances[c],
                "best": one.best(c) == p,
            }
            for one in robust
            for p, (label, standing) in enumerate(zip(labels, one.standings, strict=True))
            for c in CRITERIA
        ]
    )


def stress_object(found: Stressed, scenario: Scenario) -> dict[str, Any]:
    """Return stress tests as one JSON object, in the measures' own units; what is not defined is null."""
    uncertain = scenario.uncertain
    stresses = stress_frame(found, scenario).to_dict("records")
    robust = robust_frame(list(found.robust.values()), found.labels, currency=scenario.economics.currency)
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.name,
        "seed": scenario.run.seed,
        "replications": len(found.replications),
        "policies": list(found.labels),
        "stresses": [_nulls(row) for row in stresses],
        "states": {
            "number": len(found.states),
            "enumerated": found.enumerated,
            "seed": uncertain.seed,
            "worst_share": uncertain.worst_share,
        },
        "robust": [_nulls(row) for row in robust.to_dict("records")],
    }


def _nulls(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(key): None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()
    }
