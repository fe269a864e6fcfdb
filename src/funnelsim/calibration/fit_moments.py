"""What a way of working is judged by: responses, attempts and reach as a CRM holds them, and how far apart two are."""

from __future__ import annotations

import numpy as np

from funnelsim.calibration import observed
from funnelsim.calibration.fit_offers import kinds
from funnelsim.calibration.history import History
from funnelsim.records import NO, Bool, Row

MINUTE_MS, DAY_MS = 60_000, 86_400_000
RESPONSE = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
WITHIN_MINUTES = (5.0, 15.0, 30.0, 60.0, 240.0, 480.0, 1440.0, 2880.0)
BY_ATTEMPT = (1, 2, 3, 4, 6)
GIVEN_UP = (1, 2, 3, 5)

TOLERANCE = {
    "response": 0.2, "answered": 0.04, "called": 0.02, "reached": 0.02, "given_up": 0.05, "attempts": 0.1,
    "talks": 0.15,
}  # fmt: skip
"""A distance of one: a fifth of a response quantile, a tenth of a number of attempts, 15 % of the talks a lead has,
four points of a share answered within a time, two of a share called or reached, five of those given up."""
WEIGHT = {
    "response p50": 4.0, "response p90": 4.0, "attempts a day": 2.0, "attempts per called lead": 2.0,
    "called share": 0.25,
}  # fmt: skip


def moments(history: History, *, leads: Bool | None = None) -> dict[str, float]:
    """Return what the ways of working are judged by, of `leads` (all where None).

    First responses are the CRM's own where it knows them, else those of the touches.
    """
    chosen = np.ones(history.leads.n, dtype=np.bool_) if leads is None else leads
    made = observed.attempts(history, by="lead", leads=chosen)
    minutes = made.delay_ms()[made.number == 1] / MINUTE_MS
    told = history.leads.first_response_ms
    if told is not None and (told[chosen] != NO).any():
        minutes = told[chosen & (told != NO)] / MINUTE_MS
    out = {
        f"response p{100 * p:.0f}": float(v)
        for p, v in zip(RESPONSE, observed.quantiles(minutes, RESPONSE), strict=True)
    }
    for within, share in zip(WITHIN_MINUTES, observed.answered_within(minutes, WITHIN_MINUTES), strict=True):
        out[f"answered within {within:g} min"] = float(share)
    wanted = int((kinds(history)[0] & chosen).sum())
    out["called share"] = made.called / max(wanted, 1)
    for k, share in zip(BY_ATTEMPT, observed.reached_by_attempt(made, BY_ATTEMPT), strict=True):
        out[f"reached by attempt {k}"] = float(share)
    number = np.bincount(made.unit, minlength=made.called)
    unreached = number[made.reached_at() == 0]
    for k in GIVEN_UP:
        out[f"given_up after {k} or fewer"] = float((unreached <= k).mean()) if unreached.size else float("nan")
    out["attempts per called lead"] = observed.attempts_per_called(made)
    reached = int((made.reached_at() > 0).sum())
    out["talks per reached lead"] = float(made.connected.sum()) / reached if reached else float("nan")
    out["attempts a day"] = _attempts_a_day(history, int(history.leads.created[chosen].min(initial=0)))
    return out


def _attempts_a_day(history: History, since: int) -> float:
    """Return the calls made a day, on whomever, from the day of `since` to the last day."""
    until = history.clock().measured_until
    if history.touches is None or since >= until:
        return float("nan")
    at = history.touches.at[history.touches.kind == Row.CALL]
    return float(((at >= since) & (at < until)).sum()) / max((until - since) / DAY_MS, 1.0)


def distances(simulated: dict[str, float], seen: dict[str, float]) -> dict[str, float]:
    """Return the squared distance of each moment in tolerances, weighted, at most 100; undefined ones are left out."""
    out = {}
    for name, value in seen.items():
        other = simulated[name]
        if np.isfinite(value) and np.isfinite(other):
            out[name] = min(WEIGHT.get(name, 1.0) * apart(name, other, value) ** 2, 100.0)
    return out


def apart(name: str, one: float, other: float) -> float:
    """Return how far the moment `name` of one lies above that of the other, in tolerances."""
    group = name.split()[0]
    if group in ("response", "attempts", "talks"):
        return float(np.log(max(one, 0.1) / max(other, 0.1))) / TOLERANCE[group]
    return (one - other) / TOLERANCE[group]
