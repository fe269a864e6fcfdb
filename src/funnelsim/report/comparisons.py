"""Backtests and replays as text of at most 80 letters a line, and as plain objects for JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.calibration.backtest import Backtest
from funnelsim.calibration.predicted import Compared
from funnelsim.calibration.replay import CAVEATS, Difference, Replay
from funnelsim.metrics.registry import MEASURES
from funnelsim.records import Float64
from funnelsim.report.digits import ABSENT, decimals_of, plain, scale_of
from funnelsim.report.tables import GROUP_TITLES, HEADLINES

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
WIDTH = 80

CONFOUNDED = (
    "Delays are observational: reps may call good leads first, and then answering late looks worse than it is. What "
    "an interval holds is what the model predicts under the policy in force, not what another speed would bring."
)


def backtest_text(found: Backtest, *, name: str) -> str:
    """Return a backtest as a table: every figure observed, simulated and with its interval, misses marked."""
    widths = _widenings(found)
    lines = [
        f"{name}: leads of {found.look.first} to {found.look.last}, {len(found.simulated)} replications",
        *_wrapped(_verdict(found)),
    ]
    if found.with_draws and widths.size:
        median, most = float(np.median(widths)), float(widths.max())
        lines += _wrapped(
            f"Intervals hold luck and what is unknown of the parameters; they are {median:.2f} times as wide as by "
            f"luck alone (median), at most {most:.2f} times."
        )
    elif not found.with_draws:
        lines += _wrapped("Intervals hold luck alone: give --posterior for what is unknown of the parameters.")
    lines += ["", f"{'':<30}{'observed':>10}{'simulated':>11}   {_per_cent(found.level)} interval"]
    group = ""
    for figure in found.figures:
        if figure.key.group != group:
            group = figure.key.group
            lines.append(group + (" (given to the model)" if figure.given else ""))
        lines.append(_figure_line(figure))
    lines += ["", f"{'distances between event logs':<30}{'observed':>10}{'model’s own':>12}   below"]
    for one in found.distances:
        mark = "" if one.inside or not math.isfinite(one.observed) else "  *"
        observed, simulated, high = (plain(v, 2) for v in (one.observed, one.simulated, one.high))
        lines.append(f"  {one.log.name:<28}{observed:>10}{simulated:>12}   {high} {one.log.unit}{mark}")
    lines += ["", "* outside its interval", *_wrapped(CONFOUNDED)]
    return "\n".join(lines) + "\n"


def _verdict(found: Backtest) -> str:
    share = found.share
    if not share.judged:
        return "No figure of the history can be judged."
    per_cent = _per_cent(found.level)
    return (
        f"{share.inside} of {share.judged} figures ({100 * share.value:.0f} %) lie inside their {per_cent} interval "
        f"for one history; of the model's own histories {per_cent} would."
    )


def _figure_line(figure: Compared) -> str:
    half = (figure.high - figure.low) / 2
    decimals = max(decimals_of(figure.observed), decimals_of(figure.mean, half)) if half > 0 else 1
    decimals = min(max(decimals, 0), 2)
    observed, mean, low, high = (plain(v, decimals) for v in (figure.observed, figure.mean, figure.low, figure.high))
    between = ABSENT if low == ABSENT else f"{low} to {high} {figure.key.unit}"
    mark = "  *" if figure.judged and not figure.inside else ""
    return f"  {figure.key.name[:28]:<28}{observed:>10}{mean:>11}   {between}{mark}".rstrip()


def _widenings(found: Backtest) -> Float64:
    widths = np.array([figure.widening for figure in found.figures if figure.judged])
    return np.asarray(widths[np.isfinite(widths)], dtype=np.float64)


def backtest_object(found: Backtest, *, name: str) -> dict[str, Any]:
    """Return a backtest as `--json` prints it; what is not defined is null."""
    widths = _widenings(found)
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": name,
        "from": str(found.look.first),
        "to": str(found.look.last),
        "replications": len(found.simulated),
        "level": found.level,
        "with_draws": found.with_draws,
        "own_arrivals": found.own_arrivals,
        "own_team": found.own_team,
        "mature_days": found.look.mature_days,
        "figures_inside": found.share.inside,
        "figures_judged": found.share.judged,
        "share_inside": _or_null(found.share.value),
        "widening_median": _or_null(float(np.median(widths))) if widths.size else None,
        "widening_max": _or_null(float(widths.max())) if widths.size else None,
        "figures": [_nulls(row) for row in figure_rows(found)],
        "distances": [_nulls(row) for row in distance_rows(found)],
    }


def figure_rows(found: Backtest) -> list[dict[str, Any]]:
    """Return a row for each figure, as in figures.csv."""
    return [
        {
            "group": figure.key.group,
            "figure": figure.key.name,
            "unit": figure.key.unit,
            "observed": figure.observed,
            "simulated": figure.mean,
            "low": figure.low,
            "high": figure.high,
            "low_alone": figure.low_alone,
            "high_alone": figure.high_alone,
            "widening": figure.widening,
            "n": figure.n,
            "given": figure.given,
            "judged": figure.judged,
            "inside": figure.inside if figure.judged else None,
        }
        for figure in found.figures
    ]


def distance_rows(found: Backtest) -> list[dict[str, Any]]:
    """Return a row for each distance, as in distances.csv."""
    return [
        {
            "log": one.log.name,
            "meaning": one.log.meaning,
            "unit": one.log.unit,
            "observed": one.observed,
            "simulated": one.simulated,
            "high": one.high,
            "n": one.n,
            "inside": one.inside if math.isfinite(one.observed) else None,
        }
        for one in found.distances
    ]


def replay_text(found: Replay, *, name: str, change: str, currency: str, everything: bool = False) -> str:
    """Return a replay as a table: each measure before, after, and by how much it changes for one history."""
    unknown = "luck and what is unknown of the parameters" if found.with_draws else "luck alone"
    lines = [
        f"{name}: leads of {found.first} to {found.last} again, {found.replications} replications",
        *_wrapped(f"Changed: {change}"),
        *_wrapped(f"Difference: its mean over replications, and the {_per_cent(found.level)} interval of what one "
                  f"history would show ({unknown})."),
        "",
        f"{'':<30}{'before':>11}{'after':>11}{'difference':>12}",
    ]  # fmt: skip
    for group, members in _shown(found.differences, everything=everything):
        lines.append(GROUP_TITLES[group])
        lines += [_difference_line(one, currency) for one in members]
    lines += ["", *(line for caveat in CAVEATS for line in _wrapped(f"- {caveat}", "  "))]
    return "\n".join(lines) + "\n"


def _shown(differences: Sequence[Difference], *, everything: bool) -> Iterator[tuple[str, list[Difference]]]:
    for group in GROUP_TITLES:
        members = [
            one
            for one in differences
            if MEASURES[one.measure].group == group and one.mean.n and (everything or one.measure in HEADLINES)
        ]
        if members:
            yield group, members


def _difference_line(one: Difference, currency: str) -> str:
    unit = MEASURES[one.measure].unit.replace("money", currency)
    factor, shown = scale_of(unit)
    half = factor * (one.high - one.low) / 2
    decimals = decimals_of(factor * one.mean.mean, half) if half > 0 else decimals_of(factor * one.before)
    decimals = min(decimals, 2)
    before, after, mean, low, high = (
        plain(factor * v, decimals) for v in (one.before, one.after, one.mean.mean, one.low, one.high)
    )
    sign = "+" if one.mean.mean > 0 else ""
    between = f"{low} to {high} {'' if shown == 'ratio' else shown}".rstrip()
    return f"  {one.measure[:27]:<28}{before:>11}{after:>11}{sign + mean:>12}   {between}"


def replay_object(found: Replay, *, name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return a replay as `--json` prints it; what is not defined is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": name,
        "from": str(found.first),
        "to": str(found.last),
        "changed": dict(change),
        "replications": found.replications,
        "level": found.level,
        "with_draws": found.with_draws,
        "own_team": found.own_team,
        "differences": [_nulls(row) for row in difference_rows(found)],
        "caveats": list(CAVEATS),
    }


def difference_rows(found: Replay) -> list[dict[str, Any]]:
    """Return a row for each measure, as in differences.csv."""
    return [
        {
            "measure": one.measure,
            "unit": MEASURES[one.measure].unit,
            "before": one.before,
            "after": one.after,
            "difference": one.mean.mean,
            "half_width": one.mean.half_width,
            "low": one.low,
            "high": one.high,
            "n": one.mean.n,
            "direction": MEASURES[one.measure].direction,
        }
        for one in found.differences
    ]


def frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a data frame."""
    import pandas as pd

    return pd.DataFrame(list(rows))


def _wrapped(text: str, indent: str = "") -> list[str]:
    return wrap(text, WIDTH, subsequent_indent=indent)


def _per_cent(share: float) -> str:
    return f"{100 * share:g} %"


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _or_null(value) if isinstance(value, float) else value for key, value in row.items()}
