"""An attribution of a shortfall as text of at most 100 letters a line, as tables for CSV, and as a plain object."""

from __future__ import annotations

import math
from collections.abc import Iterator
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

from funnelsim.lab.attribution import Attribution, Part, Worth
from funnelsim.lab.factors import FACTORS
from funnelsim.metrics import MEASURES
from funnelsim.report.digits import decimals_of, plain, scale_of
from funnelsim.report.findings import measure_words, scaled, unit_of
from funnelsim.report.results import replications_text
from funnelsim.stats import Interval

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
WIDTH = 100
MOST_PATHS = 4
"""Fields of a factor that are named."""


def attribution_text(found: Attribution, *, heading: str, against: str, currency: str, days: int) -> str:
    """Return an attribution as a table that adds up, and in words.

    Args:
        found: The attribution.
        heading: What was looked at.
        against: What it is held against: a plan's name or "the target".
        currency: What money is called.
        days: Days measured.
    """
    unit, factor = _unit(found, currency=currency, days=days)
    lines = wrap(
        f"{heading}: {replications_text(found.replications)}. What each factor brings, were it as planned (Shapley: "
        f"its mean over every order in which the five may be put right), on the same leads. The intervals of the parts "
        "hold all together with 95 %.",
        WIDTH,
    )
    title = f"{measure_words(found.measure)}{', ' if unit else ''}{unit}"
    lines += ["", title, *_table(found, factor, against=against)]
    lines += ["", "In words", *verdict_lines(found, against=against, currency=currency, days=days)]
    told = [(part.factor, found.differs[part.factor]) for part in found.parts if found.differs[part.factor]]
    if told:
        lines += ["", "What differs in the plan"]
        for name, paths in told:
            more = f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else ""
            words = f"{name}: {', '.join(paths[:MOST_PATHS])}{more}"
            lines += wrap(words, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def _unit(found: Attribution, *, currency: str, days: int) -> tuple[str, float]:
    unit, factor, period = unit_of(found.measure, currency=currency, days=days)
    to_shown, unit = scale_of("" if unit == "ratio" else unit)
    return f"{'points' if unit == '%' else unit}{period}".strip(), factor * to_shown


def _table(found: Attribution, factor: float, *, against: str) -> Iterator[str]:
    # A digit more than the intervals bear, so that it is seen to add up.
    halves = [p.brings.half_width * factor for p in found.parts if p.brings.half_width > 0]
    decimals = decimals_of(found.gap.mean * factor, min(halves, default=math.nan)) + 1
    gap = found.gap.mean * factor

    def row(name: str, value: Interval | None, extra: str = "", mean: float = math.nan) -> str:
        middle = mean if value is None else value.mean * factor
        half = "" if value is None else f"± {plain(value.half_width * factor, decimals)}"
        return f"  {shorten(name, 18, placeholder='..'):<18}{plain(middle, decimals):>12} {half:<12}{extra}".rstrip()

    yield f"  {'':<43}{'of the gap':>10}{'alone':>11}{'last':>11}"
    yield row("as it is", found.as_is)
    for part in found.parts:
        share = f"{100 * part.brings.mean * factor / gap:,.0f} %" if gap else ""
        extra = f"{share:>10}{plain(part.alone * factor, decimals):>11}{plain(part.last * factor, decimals):>11}"
        yield row(f"+ {part.factor}", part.brings, f"{extra}  {part.finding}")
    if found.remainder is not None:
        yield row("+ not explained", found.remainder)
    yield row(f"= {against}", found.planned if found.target is None else None, mean=found.wanted * factor)


def verdict_lines(found: Attribution, *, against: str, currency: str, days: int) -> list[str]:
    """Return in words how large the gap is, what it comes from, and what cannot be told."""
    unit, factor = _unit(found, currency=currency, days=days)
    gap = scaled(found.gap, factor)
    decimals = decimals_of(gap.mean, gap.half_width)
    name = measure_words(found.measure)
    size = f"{plain(abs(gap.mean), decimals)} ± {plain(gap.half_width, decimals)} {unit}".rstrip()
    lines = []
    if abs(gap.mean) <= gap.half_width or not math.isfinite(gap.half_width):
        lines.append(f"{name} differs from {against} by {size}: no detectable gap")
    else:
        lines.append(f"{name} {'misses' if gap.mean > 0 else 'exceeds'} {against} by {size}")
    towards = [p for p in found.parts if p.finding == ("missing" if gap.mean > 0 else "in excess")]
    against_it = [p for p in found.parts if p.finding == ("in excess" if gap.mean > 0 else "missing")]
    if towards:
        lines.append(f"it comes from {_listed(towards, factor)}")
    if against_it:
        lines.append(f"the other way work {_listed(against_it, factor)}")
    for finding, words in (("no detectable part", "no detectable part has"), ("the same", "as planned already")):
        names = [p.factor for p in found.parts if p.finding == finding]
        if names:
            lines.append(f"{words}: {', '.join(names)}")
    if found.volume is not None:
        lines.append(
            f"worked as the standard says, with reps enough, the target would take {found.volume:.2f} times the leads"
        )
    if found.remainder is not None and abs(found.remainder.mean) > found.remainder.half_width:
        lines.append("part of the gap is not explained by the five: see the table")
    return [part for line in lines for part in wrap(f"{line}.", WIDTH, initial_indent="  ", subsequent_indent="    ")]


def _listed(parts: list[Part], factor: float) -> str:
    told = []
    for part in sorted(parts, key=lambda p: -abs(p.brings.mean)):
        value = scaled(part.brings, factor)
        told.append(f"{part.factor} ({plain(value.mean, decimals_of(value.mean, value.half_width))})")
    return ", ".join(told)


def parts_frame(found: Attribution, *, currency: str) -> pd.DataFrame:
    """Return a row for each line of the sum, in the measure's own unit over the measured window."""
    import pandas as pd

    unit = MEASURES[found.measure].unit.replace("money", currency)
    rows: list[tuple[Any, ...]] = [("as it is", found.as_is.mean, found.as_is.half_width, *[None] * 4)]
    rows += [
        (p.factor, p.brings.mean, p.brings.half_width, p.alone, p.last, p.p_value, p.finding) for p in found.parts
    ]
    if found.remainder is not None:
        rows.append(("not explained", found.remainder.mean, found.remainder.half_width, *[None] * 4))
    half = found.planned.half_width if found.target is None else None
    rows.append(("wanted", found.wanted, half, *[None] * 4))
    names = ["line", "value", "half_width", "alone", "last", "p_value_holm", "finding"]
    frame = pd.DataFrame(rows, columns=names)
    frame.insert(1, "unit", unit)
    return frame


def worth_frame(worth: Worth) -> pd.DataFrame:
    """Return a row for each coalition of factors and replication: which are as planned, and the measure."""
    import pandas as pd

    rows = [
        (r, *(bool(number >> at & 1) for at in range(len(FACTORS))), float(value))
        for r in sorted(worth)
        for number, value in enumerate(worth[r])
    ]
    return pd.DataFrame(rows, columns=["replication", *FACTORS, "value"])


def attribution_object(
    found: Attribution, *, against: str, seed: int, complete: bool, currency: str, days: int
) -> dict[str, Any]:
    """Return an attribution as one JSON object, over the measured window; what is not defined is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "measure": found.measure,
        "unit": MEASURES[found.measure].unit.replace("money", currency),
        "days": days,
        "seed": seed,
        "replications": len(found.replications),
        "complete": complete,
        "as_is": _interval(found.as_is),
        "wanted": _or_null(found.wanted),
        "planned": _interval(found.planned),
        "gap": _interval(found.gap),
        "parts": {
            p.factor: _interval(p.brings)
            | {
                "alone": _or_null(p.alone),
                "last": _or_null(p.last),
                "p_value_holm": _or_null(p.p_value),
                "finding": p.finding,
                "differs": list(found.differs[p.factor]),
            }
            for p in found.parts
        },
        "not_explained": None if found.remainder is None else _interval(found.remainder),
        "times_the_leads": found.volume,
        "verdict": [
            line.strip() for line in verdict_lines(found, against=against, currency=currency, days=days)
        ],
    }


def _interval(found: Interval) -> dict[str, Any]:
    return {"mean": _or_null(found.mean), "half_width": _or_null(found.half_width)}


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None
