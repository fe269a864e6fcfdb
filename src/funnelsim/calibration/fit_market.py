"""The market of a calibrated scenario: fitted numbers as plain tables.

What deals are made of is kept as simple as the data are: whoever would buy is ready at arrival (`ready_at_arrival`, by
channel), is won by `win_at_once` and the delay of the first contact, and closes by itself after a time (`deal.close`).
A CRM shows the product of being able, ready and won; how it splits into the three is assumed (`SPLIT`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from funnelsim.calibration.fit_offers import KINDS, channels_of, kinds
from funnelsim.calibration.fit_parameter import Block
from funnelsim.calibration.history import History

SPLIT = {"able": 0.9, "win_at_once": 0.75}
"""Assumed: able to buy at all, and won if ready and contacted at once. What is left is `ready_at_arrival`."""


@dataclass(frozen=True, slots=True)
class Practised:
    """The policy in force and what goes with it: how the desk works, as estimated or as read off."""

    call_minutes: float = 12.0  # mean effort of an attempt, administration included
    talk_minutes: float = 15.0  # and of a talk
    order: str = "lifo"
    first_before_later: bool = True
    routing: str = "round_robin"
    on_breach: str = "none"
    first_touch: str = "8 business hours"
    attempts: int = 4
    gap_hours: float = 24.0
    window_days: float = 30.0
    callback_days: float = 6.0  # median time to the date that somebody undecided names, and to the next
    callback_sigma: float = 1.5
    callback_share: float = 1.0  # of talks with the undecided, after which a date is named
    given_up_share: float = 0.0  # of attempts that reach nobody, after which there is no other
    latency_least_minutes: float = 0.0  # before which no lead is seen
    latency_minutes: float = 5.0  # median time from there until it is
    latency_sigma: float = 1.0  # and its spread, log units
    latency_clock: str = "calendar"  # "business": that time passes while somebody is at work
    unnoticed_share: float = 0.0  # of leads, that nobody ever sees


def rounded(x: float, digits: int = 4) -> float:
    """Return `x` to so many significant digits.

    >>> rounded(0.0123456)
    0.01235
    """
    if x == 0.0 or not math.isfinite(x):
        return 0.0
    return float(round(x, digits - 1 - math.floor(math.log10(abs(x)))))


def duration_text(minutes: float) -> str:
    """Return a length as a scenario holds it, in the unit that suits it.

    >>> duration_text(90.0), duration_text(3.0), duration_text(5 * 1440.0)
    ('1.5h', '3min', '5d')
    """
    for unit, length in (("d", 1440.0), ("h", 60.0), ("min", 1.0)):
        if minutes >= length * (2 if unit == "d" else 1) or unit == "min":
            return f"{rounded(minutes / length):g}{unit}"
    raise AssertionError


def get(found: Block, path: str, otherwise: float) -> float:
    """Return the estimate of `path`, or a number that stands in for it."""
    return found.value(path) if found.has(path) else otherwise


def market_of(history: History, found: Block, practised: Practised, causal_share: float) -> dict[str, Any]:
    """Return the table `market`. Arguments as in `fit_scenario.tables_of`."""
    return {
        "duplicate_share": 0.0,
        "leads_per_account": 1.0,
        "sync_latency": duration_text(practised.latency_least_minutes),
        "sync_clock": practised.latency_clock,
        "sync_delay": {
            "form": "lognormal",
            "median": duration_text(practised.latency_minutes),
            "sigma": rounded(practised.latency_sigma, 3),
        },
        "unnoticed_share": rounded(practised.unnoticed_share, 3),
        "shape": _shape(found),
        "channels": _channels(history, found),
        "offers": _offers(history, found),
        "firmographics": _firmographics(history),
        "fit": {
            "able_share": SPLIT["able"], "able_per_sd": 0.0, "mean": 0.0, "sd": 1.0, "low": -5.0, "high": 5.0,
        },
        "journey": {"window": {"form": "lognormal", "median": "60d", "sigma": 0.8}},
        "engagement": {
            "idle_per_day": 0.0, "shopper_share": 0.0, "before_ready_per_day": 0.0, "ready_per_day": 0.0,
        },
        "reach": _reach(found, causal_share),
        "effort": {
            "call": {"form": "lognormal", "mean": duration_text(practised.call_minutes), "sigma": 0.8},
            "talk": {
                "form": "lognormal",
                "mean": duration_text(practised.talk_minutes),
                "sigma": rounded(get(found, "lengths.talk_line_sigma", 1.0), 3),
            },
        },
        "temper": {
            "tired_share": 0.0, "misjudged_share": 0.0, "misjudged_later_share": 0.0,
            "callback_share": rounded(practised.callback_share, 3),
            "given_up_share": rounded(practised.given_up_share, 3),
            "callback_never": _callback(practised), "callback_again": _callback(practised),
        },
        "deal": _deal(found, causal_share),
    }  # fmt: skip


def _callback(practised: Practised) -> dict[str, Any]:
    """Return how long after creation, and after one another, the undecided name dates to be called again."""
    return {
        "form": "lognormal",
        "median": duration_text(1440.0 * practised.callback_days),
        "sigma": rounded(practised.callback_sigma, 3),
    }


def _shape(found: Block) -> dict[str, Any]:
    months = np.array([get(found, f"market.shape.month_weights.{m}", 1.0) for m in range(12)])
    return {
        "weekday_weights": [rounded(get(found, f"market.shape.weekday_weights.{j}", 1.0)) for j in range(7)],
        "hour_weights": [rounded(get(found, f"market.shape.hour_weights.{h}", 1.0)) for h in range(24)],
        "month_weights": [rounded(float(m)) for m in months],
        "trend_per_year": rounded(get(found, "market.shape.trend_per_year", 0.0)),
    }


def _channels(history: History, found: Block) -> dict[str, Any]:
    """Return the channels under the history's names, whose leads are won in proportion to the fitted shares."""
    months = np.array([get(found, f"market.shape.month_weights.{m}", 1.0) for m in range(12)])
    made = {}
    multipliers = _relative_wins(history, found)
    for _, name in channels_of(history):
        share = get(found, f"channels.{name}.visit_to_lead", 1.0)
        spent = max(get(found, f"channels.{name}.spend_per_month", 0.0), 0.0)
        # Weights are scaled to a mean of one over twelve months, of which the history may hold a few.
        per_day = get(found, f"arrivals.leads_per_day.{name}", 0.0) * float(months.mean())
        made[name] = {
            "visitors_per_day": rounded(per_day / share, 5),
            "visit_to_lead": rounded(share),
            "spend_per_month": rounded(spent),
            "offers": _mix_of_offers(found, name),
            "ready_multiplier": rounded(multipliers[name], 3),
            "firmographics": {"channel": {name: 1.0}, **_mixes(history, name)},
        }
    return made


def _mix_of_offers(found: Block, name: str) -> dict[str, float]:
    parts = {kind: round(get(found, f"channels.{name}.offers.{kind}", 0.0), 4) for kind in KINDS[1:]}
    parts = {kind: share for kind, share in parts.items() if share > 0.0}
    return {KINDS[0]: round(1.0 - sum(parts.values()), 4), **parts}


def _relative_wins(history: History, found: Block) -> dict[str, float]:
    """Return the share won of the leads of each channel that are called, relative to all; from the fitted shares.

    Shares of few leads are shrunk towards all, the more the less is known of them (empirical Bayes; Efron & Morris
    1975, Journal of the American Statistical Association 70(350)); a draw keeps its distance from the estimate in so
    far. Their mean over the leads that are called is one: they say who is won, and nothing of how many are. What is
    unknown of how many must not be drawn twice.
    """
    called = kinds(history)[0]
    places = channels_of(history)
    leads = np.array([np.count_nonzero(called & (history.leads.channel == place)) for place, _ in places])
    every = np.array([np.count_nonzero(history.leads.channel == place) for place, _ in places])
    logs, drawn, errors = np.zeros((3, len(places)))
    for j, (_, name) in enumerate(places):
        known = next((p for p in found.parameters if p.path == f"deals.win_share.{name}"), None)
        errors[j] = np.inf
        if known is None or leads[j] == 0 or not 0.0 < known.low < known.high:
            continue
        shift = math.log(every[j] / leads[j])
        logs[j] = 0.5 * math.log(known.low * known.high) + shift
        drawn[j] = math.log(known.estimate) + shift
        errors[j] = math.log(known.high / known.low) / (2.0 * 1.645)
    told = np.isfinite(errors)
    odds = np.ones(len(places))
    if np.count_nonzero(told) > 1:
        weights = 1.0 / errors[told] ** 2
        middle = float(np.average(logs[told], weights=weights))
        spread = float(np.average((logs[told] - middle) ** 2, weights=weights)) - told.sum() / weights.sum()
        kept = max(spread, 0.0) / (max(spread, 0.0) + errors[told] ** 2)
        odds[told] = np.exp(kept * (logs[told] - middle) + np.sqrt(kept) * (drawn[told] - logs[told]))
    mean = float((odds * leads).sum() / leads.sum()) if leads.any() else 1.0
    return {name: float(value) for (_, name), value in zip(places, odds / mean, strict=True)}


def _mixes(history: History, name: str) -> dict[str, dict[str, float]]:
    mine = history.leads.channel == history.channels.index(name)
    code = history.leads.attributes
    return {a: _shares(history, a, mine) for a in attributes_of(history) if (code[a][mine] >= 0).any()}


def attributes_of(history: History) -> tuple[str, ...]:
    """Return the attributes that are known at arrival and have few enough categories to be modelled."""
    late = (*history.known_late, "offer", "channel")
    return tuple(a for a, names in history.categories.items() if a not in late and 2 <= len(names) <= 60)


def _shares(history: History, attribute: str, mine: Any) -> dict[str, float]:
    code = history.leads.attributes[attribute][mine]
    counts = np.bincount(code[code >= 0], minlength=len(history.categories[attribute])).astype(np.float64)
    share = np.round(counts / counts.sum(), 4)
    share[int(np.argmax(share))] += round(1.0 - float(share.sum()), 4)
    named = zip(history.categories[attribute], share, strict=True)
    return {category: round(float(s), 4) for category, s in named if s > 0.0}


def _firmographics(history: History) -> dict[str, Any]:
    names = [name for _, name in channels_of(history)]
    even = np.full(len(names), round(1.0 / len(names), 4))
    even[0] += round(1.0 - float(even.sum()), 4)
    channel = {name: round(float(s), 4) for name, s in zip(names, even, strict=True)}
    made: dict[str, Any] = {"channel": {"mix": channel}}
    for a in attributes_of(history):
        made[a] = {"mix": {**dict.fromkeys(history.categories[a], 0.0), **_shares(history, a, slice(None))}}
    return made


def _offers(history: History, found: Block) -> dict[str, Any]:
    """Return the offers; `ready_at_arrival` such that able x ready x won is the share won of those contacted."""
    contacted = get(found, "deals.win_share_contacted", get(found, "deals.win_share", 0.05) / 0.7)
    ready = get(found, "deals.win_scale", 1.0) * contacted / (SPLIT["able"] * SPLIT["win_at_once"])
    made: dict[str, Any] = {
        "lead": {"hand_raise": True, "ready_at_arrival": rounded(min(ready, 1.0)), "ready_later": 0.0}
    }
    for kind, mine in zip(KINDS[1:], kinds(history)[1:], strict=True):
        if mine.any():
            made[kind] = {"ready_at_arrival": 0.0, "ready_later": 0.0}
    return made


def _reach(found: Block, causal_share: float) -> dict[str, Any]:
    if not found.has("market.reach.mu"):
        return {}
    beta = found.value("market.reach.beta")
    # What is not caused by the delay lies in those who were called soon: spread over all, it raises the mean.
    raised = (1.0 - causal_share) * beta * get(found, "reach.mean_fade", 0.0)
    return {
        "mu": rounded(found.value("market.reach.mu") + raised),
        "sigma": rounded(found.value("market.reach.sigma")),
        "beta": rounded(causal_share * beta),
        "tau": duration_text(60.0 * found.value("market.reach.tau")),
        "gamma": 0.0,
        "unreachable_share": rounded(get(found, "market.reach.unreachable_share", 0.0)),
    }


def _deal(found: Block, causal_share: float) -> dict[str, Any]:
    fall = causal_share * get(found, "deals.win_fall_per_day", 0.0)
    return {
        "closes_by": "delay",
        "win_at_once": SPLIT["win_at_once"],
        "win_tau": f"{min(rounded(1.0 / fall, 3), 36500.0):g}d" if fall > 1e-5 else "none",
        "value_mean": rounded(get(found, "market.deal.value_mean", 1000.0)),
        "value_sigma": rounded(get(found, "market.deal.value_sigma", 0.6), 3),
        "value_per_sd": 0.0,
        "close": {
            "form": "lognormal",
            "median": duration_text(
                1440.0 * get(found, "deals.close_scale", 1.0) * get(found, "deals.close_days_median", 14.0)
            ),
            "sigma": rounded(get(found, "deals.close_days_sigma", 1.0), 3),
        },
    }
