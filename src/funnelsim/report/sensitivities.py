"""A study of sensitivity as text of at most 100 letters a line, as tables for CSV, and as a plain object."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

from funnelsim.lab.compare import Contrast
from funnelsim.lab.inputs import Input, ends_of
from funnelsim.lab.sensitivity import Sensitivity, end_text
from funnelsim.metrics import MEASURES
from funnelsim.report.compared import difference_words
from funnelsim.report.digits import ABSENT, plain, scale_of, short
from funnelsim.report.findings import label_of, measure_words, unit_of
from funnelsim.report.results import replications_text

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
WIDTH, LABEL_WIDTH = 100, 33
NOTHING = 1e-4
"""What is smaller than this part of the largest weight is told as 0."""
MOST_NAMED = 5
"""Inputs named in words as those that matter most."""

WORLD_LABELS = {
    "market.channels.*.visitors_per_day": "visitors, all channels",
    "market.channels.*.ready_multiplier": "share ready to buy",
    "market.fit.able_share": "share able to buy",
    "market.journey.window": "how long a buyer stays ready",
    "market.reach.mu": "odds of being reached",
    "market.reach.p0": "chance of being reached",
    "market.deal.win_at_once": "win rate at no delay",
    "market.deal.win_tau": "how slowly the win rate falls",
    "market.deal.value_mean": "mean deal value",
    "market.deal.no_show_share": "share of no-shows",
    "market.effort.call": "length of a call attempt",
    "market.effort.talk": "length of a talk",
    "market.effort.deal_work": "deal work after a meeting",
}


def input_words(path: str) -> str:
    """Return what people call an input.

    >>> input_words("scoring.cutoff"), input_words("market.fit.able_share"), input_words("market.fit.sd")
    ('MQL threshold', 'share able to buy', 'fit.sd')
    """
    return WORLD_LABELS.get(path) or label_of(path).removeprefix("market.")


def extremes(found: Sensitivity, measure: str, at: int) -> tuple[tuple[str, Contrast], tuple[str, Contrast]]:
    """Return the two ends of an input alone, each as text with its difference; of choices the least and the most."""
    m, one = found.measures.index(measure), found.inputs[at]
    told = [
        (end_text(one, u), found.alone.contrasts[s][m]) for u, s in zip(ends_of(one), found.ends[at], strict=True)
    ]
    if one.choices:
        told.sort(key=lambda pair: pair[1].difference.mean)
    return told[0], told[-1]


def sensitivity_text(found: Sensitivity, *, heading: str, currency: str, days: int) -> str:
    """Return a study of sensitivity as tables and a verdict in words.

    Args:
        found: The study.
        heading: What was looked at.
        currency: What money is called.
        days: Days measured.
    """
    lines = wrap(
        f"{heading}: {replications_text(found.replications)}. Each input alone, all else as it is in force; "
        "differences are paired by replication, their intervals hold all together with 95 %; * is told from none.",
        WIDTH,
    )
    for measure in found.measures:
        lines += ["", *_alone_table(found, measure, currency=currency, days=days)]
    if found.screened:
        told = (
            f"All together: {found.trajectories} Morris trajectories over all the ranges. mu* is the mean size of the "
            "change over an input's whole range, sigma how much that depends on the other inputs; 95 % intervals."
        )
        lines += ["", *wrap(told, WIDTH)]
        if found.shared:
            shares = f"first, total: share of the variance, by itself and with the others ({found.rows} rows)."
            lines += wrap(shares, WIDTH)
        for measure in found.screened:
            lines += ["", *_weights_table(found, measure, currency=currency, days=days)]
    lines += ["", "In words", *verdict_lines(found)]
    return "\n".join(lines) + "\n"


def _title(measure: str, *, currency: str, days: int) -> tuple[str, float]:
    unit, factor, period = unit_of(measure, currency=currency, days=days)
    to_shown, unit = scale_of("" if unit == "ratio" else unit)
    better = {"up": " (more is better)", "down": " (less is better)"}.get(MEASURES[measure].direction, "")
    unit = "points" if unit == "%" else unit
    return ", ".join(p for p in (measure_words(measure), f"{unit}{period}".strip()) if p) + better, factor * to_shown


def _alone_table(found: Sensitivity, measure: str, *, currency: str, days: int) -> Iterator[str]:
    title, factor = _title(measure, currency=currency, days=days)
    yield title
    yield f"  {'':<{LABEL_WIDTH}}{'range':<21}{'at the low end':>22}{'at the high end':>22}"
    for at in _by_swing(found, measure):
        (low, at_low), (high, at_high) = extremes(found, measure, at)
        name = shorten(input_words(found.inputs[at].path), LABEL_WIDTH - 1, placeholder=" ...")
        ends = shorten(f"{low} .. {high}", 20, placeholder="..")
        yield f"  {name:<{LABEL_WIDTH}}{ends:<21}{_told(at_low, factor):>22}{_told(at_high, factor):>22}".rstrip()


def _by_swing(found: Sensitivity, measure: str) -> list[int]:
    return sorted(range(len(found.inputs)), key=lambda at: (-found.swing(measure, at), at))


def _told(contrast: Contrast, factor: float) -> str:
    mark = "*" if is_told(contrast) else " "
    return ("the same " if contrast.equal else difference_words(contrast, factor) + mark)


def is_told(contrast: Contrast) -> bool:
    """Return whether a difference is told from none."""
    return contrast.finding not in ("no detectable difference", "not defined")


def _weights_table(found: Sensitivity, measure: str, *, currency: str, days: int) -> Iterator[str]:
    title, factor = _title(measure, currency=currency, days=days)
    shared = dict(zip(found.shared_inputs, found.shared.get(measure, ()), strict=False))
    yield title
    most = max((s.mu_star.estimate for s in found.screened[measure]), default=0.0) * factor

    def brief(value: float) -> str:
        return "0" if abs(value * factor) < NOTHING * most else short(value * factor)

    heads = f"{'first':>8}{'total':>7}{'95 %':>14}" if shared else ""
    yield f"  {'':<{LABEL_WIDTH}}{'mu*':>8}{'95 %':>19}{'sigma':>9}{heads}"
    for at in found.order(measure):
        s = found.screened[measure][at]
        name = shorten(input_words(found.inputs[at].path), LABEL_WIDTH - 1, placeholder=" ...")
        row = f"  {name:<{LABEL_WIDTH}}{brief(s.mu_star.estimate):>8}"
        ends = f"{brief(s.mu_star.low)} .. {brief(s.mu_star.high)}" if math.isfinite(s.mu_star.low) else ABSENT
        row += f"{ends:>19}{brief(s.sigma.estimate):>9}"
        if at in shared:
            first, total = shared[at].first, shared[at].total
            row += f"{plain(first.estimate, 2):>8}{plain(total.estimate, 2):>7}"
            row += f"{plain(total.low, 2) + ' .. ' + plain(total.high, 2):>14}"
        yield row.rstrip()


def verdict_lines(found: Sensitivity) -> list[str]:
    """Return what follows, in words: what matters most, and what cannot be told from doing nothing."""
    lines = []
    for measure in found.measures:
        name = measure_words(measure)
        order = found.order(measure) if measure in found.screened else _by_swing(found, measure)
        basis = "by mu*" if measure in found.screened else "by its two ends"
        first = ", ".join(input_words(found.inputs[at].path) for at in order[:MOST_NAMED])
        lines.append(f"{name} depends most on {first} ({basis}).")
        m = found.measures.index(measure)
        quiet = [
            input_words(found.inputs[at].path)
            for at in order
            if not any(is_told(found.alone.contrasts[s][m]) for s in found.ends[at])
        ]
        if quiet:
            lines.append(f"{name}: no detectable difference at either end of {', '.join(quiet)}.")
        if measure not in found.screened and found.trajectories:
            lines.append(f"{name} is not defined at every point, so it was not screened.")
    return [part for line in lines for part in wrap(line, WIDTH, initial_indent="  ", subsequent_indent="    ")]


def alone_frame(found: Sensitivity, *, currency: str) -> pd.DataFrame:
    """Return a row for each measure, input and end, in the measures' own units over the measured window."""
    import pandas as pd

    rows = []
    for m, measure in enumerate(found.measures):
        for at, one in enumerate(found.inputs):
            for u, s in zip(ends_of(one), found.ends[at], strict=True):
                c = found.alone.contrasts[s][m]
                ends = (c.estimate.mean, c.estimate.half_width, c.difference.mean, c.difference.half_width)
                unit = MEASURES[measure].unit.replace("money", currency)
                rows.append((measure, unit, one.path, one.side, end_text(one, u), *ends, c.p_value, c.finding))
    names = ["measure", "unit", "input", "side", "value", "mean", "half_width", "difference", "difference_half_width"]
    return pd.DataFrame(rows, columns=[*names, "p_value_holm", "finding"])


def weights_frame(found: Sensitivity, *, currency: str) -> pd.DataFrame:
    """Return a row for each measure and input: mu, mu*, sigma and, where worked out, Sobol indices, with intervals."""
    import pandas as pd

    rows = []
    for measure, screened in found.screened.items():
        shared = dict(zip(found.shared_inputs, found.shared.get(measure, ()), strict=False))
        for at, (one, s) in enumerate(zip(found.inputs, screened, strict=True)):
            row: dict[str, Any] = {"measure": measure, "unit": MEASURES[measure].unit.replace("money", currency)}
            row |= {"input": one.path, "side": one.side, "low": _end(one, 0.0), "high": _end(one, 1.0)}
            bounds = {"mu": s.mu, "mu_star": s.mu_star, "sigma": s.sigma}
            if at in shared:
                bounds |= {"sobol_first": shared[at].first, "sobol_total": shared[at].total}
            for name, b in bounds.items():
                row |= {name: b.estimate, f"{name}_low": b.low, f"{name}_high": b.high}
            rows.append(row)
    return pd.DataFrame(rows)


def _end(one: Input, u: float) -> str:
    return ", ".join(map(str, one.choices)) if one.choices else end_text(one, u)


def sensitivity_object(found: Sensitivity, *, seed: int, currency: str) -> dict[str, Any]:
    """Return a study of sensitivity as one JSON object; what is not defined is null."""
    alone = [_nulls(row) for row in alone_frame(found, currency=currency).to_dict("records")]
    weights = [_nulls(row) for row in weights_frame(found, currency=currency).to_dict("records")]
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "replications": len(found.replications),
        "complete": found.complete,
        "trajectories": found.trajectories,
        "sobol_rows": found.rows,
        "verdict": [line.strip() for line in verdict_lines(found)],
        "one_at_a_time": alone,
        "all_together": weights,
    }


def _nulls(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(k): None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def shown_inputs(found: Sensitivity, measure: str, *, most: int) -> Sequence[int]:
    """Return the inputs of a figure, the most important first."""
    return (found.order(measure) if measure in found.screened else _by_swing(found, measure))[:most]
