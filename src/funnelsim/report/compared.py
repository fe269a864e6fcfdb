"""A comparison of scenarios as text of at most 100 letters a line, as a table for CSV, and as a plain object."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

from funnelsim.lab.compare import Comparison, Contrast, Rows
from funnelsim.metrics import MEASURES
from funnelsim.report.digits import ABSENT, decimals_of, plain, scale_of
from funnelsim.report.findings import measure_words, scaled, unit_of
from funnelsim.report.results import replications_text
from funnelsim.selection_statistics import MOST_REPLICATIONS

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
WIDTH = 100
LABEL_WIDTH = 30
FEW = 4
"""Scenarios told one by one in words; of more, the table says it."""


def comparison_text(found: Comparison, *, heading: str, currency: str, days: int) -> str:
    """Return a comparison as tables, one a measure, and a verdict in words.

    Args:
        found: The comparison.
        heading: What was compared.
        currency: What money is called.
        days: Days measured.
    """
    told = (
        f"{heading}: {replications_text(found.replications)}. Differences are against {found.labels[0]}, replication "
        "by replication; their intervals hold all together with 95 %, and what excludes 0 is called better or worse."
    )
    lines = wrap(told, WIDTH)
    for measure in found.measures:
        lines += ["", *_table(found, measure, currency=currency, days=days)]
    lines += ["", "In words", *verdict_lines(found, currency=currency, days=days)]
    return "\n".join(lines) + "\n"


def _table(found: Comparison, measure: str, *, currency: str, days: int) -> Iterator[str]:
    at = found.measures.index(measure)
    unit, factor, period = unit_of(measure, currency=currency, days=days)
    to_shown, unit = scale_of("" if unit == "ratio" else unit)
    factor *= to_shown
    contrasts = [row[at] for row in found.contrasts]
    labels = [shorten(label, LABEL_WIDTH, placeholder=" ...") for label in found.labels]
    names = max(len(label) for label in labels)
    title = ", ".join(part for part in (measure_words(measure), f"{unit}{period}".strip()) if part)
    yield f"{title}" + {"up": " (more is better)", "down": " (less is better)"}.get(_direction(measure), "")
    best = f"{'best':>6}{'regret':>11}" if _direction(measure) != "none" else ""
    yield f"  {'':<{names}}{'mean':>12}{'difference':>22}{best}"
    for label, c, first in zip(labels, contrasts, [True, *[False] * len(labels)], strict=False):
        difference = "" if first else difference_words(c, factor)
        decimals = decimals_of(c.estimate.mean * factor, c.estimate.half_width * factor)
        mean = plain(c.estimate.mean * factor, decimals)
        chance = f"{percent(c.probability_best):>6}{_regret(c.expected_regret * factor):>11}" if best else ""
        finding = "" if first else f"  {c.finding}"
        yield f"  {label:<{names}}{mean:>12}{difference:>22}{chance}{finding}".rstrip()


def difference_words(contrast: Contrast, factor: float) -> str:
    """Return the difference with its half-width, multiplied by `factor`.

    >>> from funnelsim.stats import Interval
    >>> at = Contrast("revenue", Interval(9, 1, 5), Interval(2.04, 0.31, 5), 0.01, "better", False, None, 1.0, 0.0)
    >>> difference_words(at, 10.0)
    '+20.4 ± 3.1'
    """
    change = scaled(contrast.difference, factor)
    if not math.isfinite(change.mean):
        return ABSENT
    decimals = decimals_of(change.mean, change.half_width)
    shown = plain(change.mean, decimals)
    signed = shown if shown.startswith("-") or change.mean == 0 else f"+{shown}"
    return f"{signed} ± {plain(change.half_width, decimals)}"


def verdict_lines(found: Comparison, *, currency: str, days: int) -> list[str]:
    """Return what follows from a comparison, in words: the best by each measure, and what is not settled."""
    lines = []
    for measure in found.measures:
        at, best = found.measures.index(measure), found.best(measure)
        if best is not None:
            lines.append(_best_words(found, at, best, currency=currency, days=days))
        if missing := _undefined_words(found, at):
            lines.append(missing)
        others = list(enumerate(found.contrasts))[1:]
        if len(others) <= FEW:
            lines += [line for s, row in others if (line := _unsettled_words(found.labels[s], row[at]))]
        elif unsettled := sum(row[at].finding == "no detectable difference" for _, row in others):
            name, first = measure_words(measure), found.labels[0]
            lines.append(f"{name}: no detectable difference to {first} in {unsettled} of {len(others)}")
            if best is not None and (line := _unsettled_words(found.labels[best], found.contrasts[best][at])):
                lines += [line] if best else []
    return [part for line in lines for part in wrap(f"{line}.", WIDTH, initial_indent="  ", subsequent_indent="    ")]


def _best_words(found: Comparison, at: int, best: int, *, currency: str, days: int) -> str:
    contrast = found.contrasts[best][at]
    unit, factor, period = unit_of(contrast.measure, currency=currency, days=days)
    to_shown, unit = scale_of("" if unit == "ratio" else unit)
    name = measure_words(contrast.measure)
    chance = contrast.probability_best
    if all(row[at].equal for row in found.contrasts):
        return f"{name}: none is better than another"
    risk = contrast.expected_regret * factor * to_shown
    unit = "points" if unit == "%" else unit
    cost = f"expected regret of choosing it {_regret(risk)} {unit}{period}".rstrip()
    sure = "is most probably best" if chance > 0.5 else "leads, with others close"
    if chance > 0.5 and not _shown(found, at, best):
        sure = "is probably best, which is not shown"
    return f"{name}: {found.labels[best]} {sure} ({percent(chance)}; {cost})"


def _shown(found: Comparison, at: int, best: int) -> bool:
    """Return whether a difference was called between the best one and the first, or of the first to all others."""
    if best:
        return found.contrasts[best][at].finding == "better"
    return all(row[at].finding == "worse" for row in found.contrasts[1:])


def _undefined_words(found: Comparison, at: int) -> str:
    """Say where a measure is not defined in every replication: CAC where there was no deal, for one."""
    all_of_them = len(found.replications)
    short = [(found.labels[s], row[at].estimate.n) for s, row in enumerate(found.contrasts)]
    told = [f"{label} in {n} of {all_of_them}" for label, n in short if n < all_of_them]
    if not told:
        return ""
    return (
        f"{measure_words(found.measures[at])} is defined for {', '.join(told)} replications; the others are left out, "
        "often the bad ones, so means, differences and chances flatter"
    )


def _unsettled_words(label: str, contrast: Contrast) -> str:
    name = measure_words(contrast.measure)
    if contrast.finding == "not defined":
        return f"{name}, {label}: not defined in enough replications to be compared"
    if contrast.finding != "no detectable difference":
        return ""
    if contrast.equal:
        return f"{name}, {label}: no detectable difference; equal in every replication"
    if contrast.settled_by is None:
        return f"{name}, {label}: no detectable difference; what was seen, {MOST_REPLICATIONS:,} would not show"
    settle = f"{contrast.settled_by:,} replications in all would show it 4 times in 5, were it as large as it looks"
    if contrast.borderline:
        told = f"its interval includes 0, though Holm's test tells a difference (p = {contrast.p_value:.2g})"
        return f"{name}, {label}: borderline: {told}; {settle}"
    return f"{name}, {label}: no detectable difference; {settle}"


def percent(share: float) -> str:
    """Return a probability; one that is drawn from resamples is never said to be certain.

    >>> percent(0.9999), percent(0.31), percent(0.0)
    ('>99 %', '31 %', '<1 %')
    """
    if not math.isfinite(share):
        return ABSENT
    return "<1 %" if share < 0.01 else ">99 %" if share > 0.99 else f"{share * 100:.0f} %"


def comparison_frame(found: Comparison, *, currency: str) -> pd.DataFrame:
    """Return a row for each scenario and measure, in the measures' own units over the measured window."""
    import pandas as pd

    rows = []
    for label, row in zip(found.labels, found.contrasts, strict=True):
        for c in row:
            unit = MEASURES[c.measure].unit.replace("money", currency)
            both = (c.estimate.mean, c.estimate.half_width, c.difference.mean, c.difference.half_width)
            chance = (c.probability_best, c.expected_regret)
            rows.append((label, c.measure, unit, *both, c.difference.n, c.p_value, c.finding, *chance, c.settled_by))
    names = ["scenario", "measure", "unit", "mean", "half_width", "difference", "difference_half_width", "n"]
    names += ["p_value_holm", "finding", "probability_best", "expected_regret", "replications_to_settle"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype({"replications_to_settle": "Int64"})


def values_frame(rows: Rows, labels: Sequence[str]) -> pd.DataFrame:
    """Return every value that was compared: scenario, replication, measure, value."""
    import pandas as pd

    listed = [
        (label, r, measure, value)
        for at, label in enumerate(labels)
        for r in sorted(rows)
        for measure, value in rows[r][at].items()
    ]
    return pd.DataFrame(listed, columns=["scenario", "replication", "measure", "value"])


def comparison_object(found: Comparison, *, seed: int, complete: bool, currency: str, days: int) -> dict[str, Any]:
    """Return a comparison as one JSON object; what is not defined is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "replications": len(found.replications),
        "complete": complete,
        "first": found.labels[0],
        "verdict": [line.strip() for line in verdict_lines(found, currency=currency, days=days)],
        "scenarios": [
            {"scenario": label, "measures": {c.measure: _contrast_object(c) for c in row}}
            for label, row in zip(found.labels, found.contrasts, strict=True)
        ],
    }


def _contrast_object(c: Contrast) -> dict[str, Any]:
    return {
        "mean": _or_null(c.estimate.mean),
        "half_width": _or_null(c.estimate.half_width),
        "difference": _or_null(c.difference.mean),
        "difference_half_width": _or_null(c.difference.half_width),
        "n": c.difference.n,
        "p_value_holm": _or_null(c.p_value),
        "finding": c.finding,
        "equal": c.equal,
        "probability_best": _or_null(c.probability_best),
        "expected_regret": _or_null(c.expected_regret),
        "replications_to_settle": c.settled_by,
    }


def _direction(measure: str) -> str:
    return MEASURES[measure].direction


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _regret(value: float) -> str:
    """Return an expected regret to two digits: its resamples do not bear more."""
    if not value > 0:
        return "0" if value == 0 else ABSENT
    return plain(value, 1 - math.floor(math.log10(value))) if value >= 0.01 else "<0.01"
