"""Who the leads are: firmographics, fit, means to buy, worth, accounts and duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize, special

from funnelsim.config.market import Fit, Market
from funnelsim.config.team import Economics
from funnelsim.population.demand import Arrivals
from funnelsim.population.shapes import category
from funnelsim.population.streams import Luck, hash32, standard_normal
from funnelsim.records import NO, Bool, Float64, Int16, Int32, Int64

NODES = 200
_HALF_WIDTH = 3.0**0.5  # of a uniform variate of standard deviation one


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """n leads, A attributes; see `records.Leads`."""

    firmographics: Int16  # (A, n)
    fit: Float64
    observed_fit: Float64
    intent: Float64
    account: Int32
    duplicate_of: Int32
    able: Bool
    value: Float64
    months: Float64


def draw_people(arrivals: Arrivals, market: Market, economics: Economics) -> People:
    """Return who the leads are. A duplicate has the data of its original and cannot buy."""
    luck = arrivals.luck
    duplicate_of, account, original = _relations(arrivals, market)
    attributes = _firmographics(arrivals, market)
    standardised, fit = _fit(luck, market, attributes)
    observed = fit + market.fit.noise_sd * luck.normal("fit_noise") if market.fit.noise_sd > 0.0 else fit
    attributes, standardised, fit, observed = (
        attributes[:, original],
        standardised[original],
        fit[original],
        observed[original],
    )
    return People(
        firmographics=attributes,
        fit=fit,
        observed_fit=observed,
        intent=market.journey.declared_intent_max * luck.uniform("intent"),
        account=account,
        duplicate_of=duplicate_of,
        able=_able(arrivals, market, standardised) & (duplicate_of == NO),
        value=_value(arrivals, market, standardised),
        months=economics.lifetime_months * luck.exponential("months"),
    )


def per_channel(arrivals: Arrivals, market: Market, name: str) -> Float64:
    """Return the value of one numeric field of each lead's channel: (n,)."""
    by_channel = np.array([getattr(channel, name) for channel in market.channels.values()], dtype=np.float64)
    return by_channel[arrivals.channel]


def _relations(arrivals: Arrivals, market: Market) -> tuple[Int32, Int32, Int64]:
    """Return duplicate_of, account, and the index of the lead whose data each one has (itself, or its original).

    A duplicate repeats an earlier lead of its channel, each as likely; any other lead opens an account or joins that of
    an earlier one, so that an account has `leads_per_account` people on average. The account's number is the index of
    the lead that opened it.
    """
    luck = arrivals.luck
    itself = np.arange(luck.n)
    number = arrivals.number.astype(np.int64)
    later = number > 0
    duplicate = later & (luck.uniform("duplicate") < market.duplicate_share)
    repeated = arrivals.index(arrivals.channel, (luck.uniform("duplicate_of") * number).astype(np.int64))
    original = _roots(np.where(duplicate, repeated, itself))
    joins = later & ~duplicate & (luck.uniform("account") * market.leads_per_account >= 1.0)
    colleague = arrivals.index(arrivals.channel, (luck.uniform("account_of") * number).astype(np.int64))
    account = _roots(np.where(joins, colleague, original))
    return np.where(duplicate, original, NO).astype(np.int32), account.astype(np.int32), original


def _roots(parent: Int64) -> Int64:
    """Return where each chain of parents ends; a root is its own parent."""
    while True:
        above = parent[parent]
        if np.array_equal(above, parent):
            return parent
        parent = above


def _firmographics(arrivals: Arrivals, market: Market) -> Int16:
    """Return the category of each attribute: (A, n)."""
    out = np.zeros((len(market.firmographics), arrivals.luck.n), dtype=np.int16)
    for a, (attribute, firmographic) in enumerate(market.firmographics.items()):
        row = out[a]
        uniform = arrivals.luck.uniform("firmographic", hash32(attribute))
        for c, channel in enumerate(market.channels.values()):
            mix = channel.firmographics.get(attribute, firmographic.mix)
            mine = arrivals.channel == c
            row[mine] = category([mix.get(name, 0.0) for name in firmographic.mix], uniform[mine])
        if arrivals.given is not None:
            row[:] = arrivals.known(row, arrivals.given.firmographics[a])
    return out


def _fit(luck: Luck, market: Market, attributes: Int16) -> tuple[Float64, Float64]:
    """Return fit in standard deviations and in points."""
    fit = market.fit
    uniform = luck.uniform("fit")
    if fit.form == "uniform":
        return _HALF_WIDTH * (2.0 * uniform - 1.0), fit.low + (fit.high - fit.low) * uniform
    standardised = standard_normal(uniform)
    for row, firmographic in zip(attributes, market.firmographics.values(), strict=True):
        effects = np.array([firmographic.fit.get(name, 0.0) for name in firmographic.mix])
        standardised = standardised + effects[row]
    return standardised, np.clip(fit.mean + fit.sd * standardised, fit.low, fit.high)


def _able(arrivals: Arrivals, market: Market, standardised: Float64) -> Bool:
    if market.fit.able_share in (0.0, 1.0):
        return np.full(arrivals.luck.n, market.fit.able_share == 1.0)
    log_odds = able_intercept(market.fit) + market.fit.able_per_sd * standardised
    probability = special.expit(log_odds + per_channel(arrivals, market, "able_shift"))
    return np.asarray(arrivals.luck.uniform("able") < probability)


@lru_cache(maxsize=256)
def able_intercept(fit: Fit) -> float:
    """Return the log-odds of being able at a fit of 0 sd such that `able_share` (0 < share < 1) of all leads are able.

    The mean is over the fit of a lead without category effects: standard normal (Gauss-Hermite), or uniform
    (Gauss-Legendre).
    """
    at_mean = float(special.logit(fit.able_share))
    if fit.able_per_sd == 0.0:
        return at_mean
    if fit.form == "uniform":
        nodes, weights = special.roots_legendre(NODES)
        nodes = _HALF_WIDTH * nodes
    else:
        nodes, weights = special.roots_hermitenorm(NODES)
    weights = weights / weights.sum()

    def surplus(intercept: float) -> float:
        return float(weights @ special.expit(intercept + fit.able_per_sd * nodes)) - fit.able_share

    far = 800.0 + abs(fit.able_per_sd) * float(np.max(nodes))
    return float(optimize.brentq(surplus, -far, far, xtol=1e-12))


def _value(arrivals: Arrivals, market: Market, standardised: Float64) -> Float64:
    """Return deal values, lognormal about a level that rises with fit, of mean `value_mean` over all fits."""
    deal = market.deal
    slope = deal.value_per_sd
    if market.fit.form == "uniform" and slope != 0.0:
        log_mean = float(np.log(np.sinh(_HALF_WIDTH * slope) / (_HALF_WIDTH * slope)))
    else:
        log_mean = 0.5 * slope**2
    log_mean += 0.5 * deal.value_sigma**2
    spread = deal.value_sigma * arrivals.luck.normal("value")
    mean = deal.value_mean * per_channel(arrivals, market, "value_multiplier")
    return mean * np.exp(slope * standardised + spread - log_mean)
