"""A calibration in words and as a plain object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from funnelsim.calibration.backtest import Backtest
from funnelsim.calibration.fit import Fit
from funnelsim.calibration.fit_parameter import Parameter
from funnelsim.calibration.sensitivity import Sensitivity
from funnelsim.report.digits import ABSENT, plain

SCHEMA_VERSION = 1
WIDTH = 80
MANY = ("market.shape.", "channels.", "arrivals.leads_per_day.", "deals.win_share.", "policy.scoring.")
"""Parameters that come one for each hour, channel or category: in parameters.csv, not on the screen."""


def calibration_text(
    fit: Fit, compared: Backtest | None, sensitivity: Sequence[Sensitivity], *, causal_share: float
) -> str:
    """Return a calibration in at most 80 letters a line: what was fitted, how well it fits, what is not known."""
    history = fit.history
    lines = [f"{fit.name}: {history.leads.n:,} leads from {history.first_day} to {history.last_day}", ""]
    lines.append(f"{'':<36}{'estimate':>10}   90 % interval")
    shown = [p for p in fit.parameters if not p.path.startswith(MANY)]
    lines += [_line(p) for p in shown]
    hidden = len(fit.parameters) - len(shown)
    marked = sum(bool(p.warning) for p in fit.parameters)
    lines += ["", *_wrapped(
        f"{hidden} more (hours, channels, scores) in parameters.csv; {marked} carry a warning (!), "
        f"{len(fit.assumed)} settings stay assumed: assumed.csv."
    )]  # fmt: skip
    for warning in fit.policy.words():
        lines += _wrapped(f"- {warning}", "  ")
    if compared is not None:
        share = compared.share
        lines += ["", *_wrapped(
            f"Played on its own dates: {share.inside} of {share.judged} observed figures lie inside their "
            f"{100 * compared.level:g} % interval. Most were fitted; `funnelsim backtest` on later months is the test."
        )]  # fmt: skip
    if sensitivity:
        lines += ["", *_wrapped(
            "Reps may call good leads first, so the effect of delay is confounded. What twice the team would win, by "
            "the share of that effect which is caused by delay:"
        )]  # fmt: skip
        for row in sensitivity:
            here = "  (in scenario.toml)" if row.causal_share == causal_share else ""
            gain = f"{100 * row.gain.mean:+.2f} ± {100 * row.gain.half_width:.2f}"
            lines.append(f"  causal share {row.causal_share:g}: {gain} points of leads won{here}")
    return "\n".join(lines) + "\n"


def calibration_object(
    fit: Fit, compared: Backtest | None, sensitivity: Sequence[Sensitivity], *, causal_share: float
) -> dict[str, Any]:
    """Return a calibration as `--json` prints it; what is not defined is null."""
    history = fit.history
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": fit.name,
        "from": str(history.first_day),
        "to": str(history.last_day),
        "as_of": str(history.as_of),
        "leads": history.leads.n,
        "touches": None if history.touches is None else history.touches.n,
        "read": dict(history.read),
        "unreadable": dict(history.unreadable),
        "parameters": [_nulls(asdict(p)) for p in fit.parameters],
        "assumed": [asdict(one) for one in fit.assumed],
        "policy": list(fit.policy.words()),
        "causal_share": causal_share,
        "figures_inside": None if compared is None else compared.share.inside,
        "figures_judged": None if compared is None else compared.share.judged,
        "sensitivity": [
            _nulls(
                {
                    "causal_share": row.causal_share,
                    "won": row.won.mean,
                    "won_team_doubled": row.won_faster.mean,
                    "gain": row.gain.mean,
                    "gain_half_width": row.gain.half_width,
                }
            )
            for row in sensitivity
        ],
    }


def _line(p: Parameter) -> str:
    between = f"{_number(p.low)} to {_number(p.high)} {p.unit}" if math.isfinite(p.low) else p.unit
    return f"  {p.path[:33]:<34}{_number(p.estimate):>10}   {between}{' !' if p.warning else ''}"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ABSENT
    return plain(value, min(max(0, 2 - math.floor(math.log10(abs(value)))), 4) if value else 0)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return wrap(text, WIDTH, subsequent_indent=indent)


def _nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
