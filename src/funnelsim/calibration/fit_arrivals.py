"""Arrivals: how many leads of each channel, on which weekday, in which hour and month; and what Poisson misses.

The model: the number of leads of day d is Poisson with mean rate x weekday weight x month weight, and each lead falls
into an hour of the day by the hour weights (population/demand.py). The likelihood splits exactly into days and hours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from funnelsim.calibration.fit_offers import channels_of
from funnelsim.calibration.fit_parameter import LEVEL, Assumed, Block, Entry, Parameter, block
from funnelsim.calibration.history import History
from funnelsim.records import Float64, Int64

YEARS_FOR_TREND = 2.0
"""A season and a trend can be told apart from two years on."""

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The whole local days on which leads were created. D days."""

    weekday: Int64  # (D,) 0 Monday
    month: Int64  # (D,) 0 January
    year: Float64  # (D,) years since first_day, of 365.25 days
    of_lead: Int64  # (n,) day of each lead
    hour: Int64  # (n,) local hour of the day of each lead

    @property
    def n(self) -> int:
        """Return the number of days."""
        return int(self.weekday.size)


def days_of(history: History) -> Days:
    """Return the calendar of `history`, from first_day to last_day, and where each lead falls."""
    clock = history.clock()
    count = (history.last_day - history.first_day).days + 1
    day = np.arange(count)
    dates = np.datetime64(history.first_day, "D") + day
    of_lead = np.clip(np.searchsorted(clock.midnights, history.leads.created, side="right") - 1, 0, count - 1)
    return Days(
        weekday=(history.first_day.weekday() + day) % 7,
        month=dates.astype("datetime64[M]").astype(np.int64) % 12,
        year=day / 365.25,
        of_lead=of_lead,
        hour=clock.local_hour_of_week(np.maximum(history.leads.created, 0)) % 24,
    )


def fit_arrivals(history: History) -> Block:
    """Return leads a day by channel, the shape of week, day and year, trend and the index of dispersion.

    Day counts by Poisson maximum likelihood (log-linear in weekday, month and, from two years on, time), hours as a
    multinomial. Where days vary more than Poisson (the index of dispersion lies above 1 with its whole interval), the
    variances are multiplied by the index (McCullagh & Nelder 1989, section 4.5), since the intervals must hold for
    this history, but the simulation stays Poisson; `arrivals.level_sd` says how much it misses.
    """
    days, n = days_of(history), history.leads.n
    counts = np.bincount(days.of_lead, minlength=days.n).astype(np.float64)
    with_trend = days.year[-1] >= YEARS_FOR_TREND
    months = np.unique(days.month)
    design = _design(days, months, with_trend)
    coefficients, information = _poisson(design, counts)
    mean = np.exp(design @ coefficients)
    index, low, high = _dispersion(counts, mean, design.shape[1])
    factor = max(1.0, index) if low > 1.0 else 1.0

    # Logarithms of what the scenario holds, as functions of the coefficients; the covariance by their derivatives.
    def named(c: Float64) -> Float64:
        return _logs(c, days, months, with_trend)

    jacobian = _jacobian(named, coefficients)
    covariance = factor * jacobian @ np.linalg.inv(information) @ jacobian.T
    logs = named(coefficients)
    rows: list[Entry] = []
    total = float(np.exp(logs[0]))
    few = "a Poisson likelihood of leads a day" + (" (variance x index of dispersion)" if factor > 1 else "")
    one_year = "" if with_trend or months.size < 2 else (
        "less than two years: season, trend and growth cannot be told apart; all of it is in the months"
    )  # fmt: skip
    for j in range(7):
        rows.append((f"market.shape.weekday_weights.{j}", float(np.exp(logs[1 + j])), "log", "relative", few, n, ""))
    for j, month in enumerate(months):
        seen = int((days.month == month).sum())
        warning = one_year or ("" if seen >= 56 else f"only {seen} days of {_MONTHS[month]} seen")
        path = f"market.shape.month_weights.{month}"
        rows.append((path, float(np.exp(logs[8 + j])), "log", "relative", few, n, warning))
    assumed = [
        Assumed(f"market.shape.month_weights.{m}", "the mean of the months seen", f"no lead of {_MONTHS[m]} in it")
        for m in range(12)
        if m not in months
    ]
    if with_trend:
        rows.append(("market.shape.trend_per_year", float(np.expm1(logs[-1])), "identity", "share a year", few, n, ""))
        covariance[-1, :] *= np.exp(logs[-1])
        covariance[:, -1] *= np.exp(logs[-1])
    else:
        assumed.append(Assumed("market.shape.trend_per_year", "0", "less than two years of leads"))
    hour_rows, hour_covariance = _hours(days)
    channel_rows, channel_covariance = _channels(history, days, total, counts, mean, covariance[0, 0])
    parts = (covariance[1:, 1:], hour_covariance, channel_covariance)
    size = sum(part.shape[0] for part in parts)
    whole, at = np.zeros((size, size)), 0
    for part in parts:
        whole[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    words = _words(index, low, days)
    fitted = block([*rows, *hour_rows, *channel_rows], whole, assumed=assumed, warnings=words)
    return _with_dispersion(fitted, index, low, high, days=days, counts=counts, mean=mean)


def _design(days: Days, months: Int64, with_trend: bool) -> Float64:
    """Return the columns of the log-linear model: (D, p). Monday and the first month are the reference."""
    columns = [np.ones(days.n)]
    columns += [(days.weekday == j).astype(np.float64) for j in range(1, 7)]
    columns += [(days.month == m).astype(np.float64) for m in months[1:]]
    if with_trend:
        columns.append(np.floor(days.year * 365.25) / 365.25)
    return np.column_stack(columns)


def _poisson(design: Float64, counts: Float64) -> tuple[Float64, Float64]:
    """Return the maximum-likelihood coefficients and their information, by Newton's method with step halving.

    A level without a lead is kept finite by half a lead's worth of prior weight on each row's mean.
    """
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = np.log(max(counts.mean(), 0.5 / counts.size))
    ridge = 1e-6 * np.eye(design.shape[1])

    def value(c: Float64) -> float:
        linear = np.minimum(design @ c, 50.0)
        return float(counts @ linear - np.exp(linear).sum() - 0.5 * c @ ridge @ c)

    best = value(coefficients)
    for _ in range(100):
        mean = np.exp(np.minimum(design @ coefficients, 50.0))
        information = design.T @ (mean[:, None] * design) + ridge
        step = np.linalg.solve(information, design.T @ (counts - mean) - ridge @ coefficients)
        scale = 1.0
        while value(coefficients + scale * step) < best and scale > 1e-6:
            scale /= 2
        coefficients = coefficients + scale * step
        new = value(coefficients)
        if abs(new - best) < 1e-10 * (1.0 + abs(best)):
            break
        best = new
    return coefficients, information


def _logs(c: Float64, days: Days, months: Int64, with_trend: bool) -> Float64:
    """Return log leads a day, of weights scaled to a mean of one: [rate, 7 weekdays, months seen, trend]."""
    weekday = np.concatenate(([0.0], c[1:7]))
    month = np.concatenate(([0.0], c[7 : 7 + months.size - 1]))
    week_mean, year_mean = np.log(np.mean(np.exp(weekday))), np.log(np.mean(np.exp(month)))
    parts = [[c[0] + week_mean + year_mean], weekday - week_mean, month - year_mean]
    if with_trend:
        parts.append([c[-1]])
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


def _jacobian(function: Callable[[Float64], Float64], at: Float64) -> Float64:
    """Return the derivatives of a vector function by central differences: (values, arguments)."""
    step = 1e-5
    columns = []
    for j in range(at.size):
        up, down = at.copy(), at.copy()
        up[j] += step
        down[j] -= step
        columns.append((function(up) - function(down)) / (2 * step))
    return np.column_stack(columns)


def _dispersion(counts: Float64, mean: Float64, parameters: int) -> tuple[float, float, float]:
    """Return Pearson's index of dispersion of days about their expected counts, and its interval under Poisson.

    Small expected counts make Pearson's statistic skewed, so days are added up until each cell expects five leads.
    """
    cell = np.floor(np.cumsum(mean) / max(5.0, 1e-9)).astype(np.int64)
    _, cell = np.unique(cell, return_inverse=True)
    observed, expected = np.bincount(cell, counts), np.bincount(cell, mean)
    degrees = max(observed.size - parameters, 1)
    statistic = float(((observed - expected) ** 2 / np.maximum(expected, 1e-12)).sum())
    low = statistic / float(scipy_stats.chi2.ppf(0.5 + LEVEL / 2, degrees))
    high = statistic / float(scipy_stats.chi2.ppf(0.5 - LEVEL / 2, degrees))
    return statistic / degrees, low, high


def _hours(days: Days) -> tuple[list[Entry], Float64]:
    """Return the hour weights, scaled to a mean of one, and the covariance of their logarithms.

    An hour without a lead counts as half a one, so that its interval is finite.
    """
    counts = np.bincount(days.hour, minlength=24).astype(np.float64)
    filled = np.maximum(counts, 0.5)
    share = filled / filled.sum()
    n = int(counts.sum())
    covariance = np.diag(1.0 / filled) - 1.0 / filled.sum()  # of multinomial log shares
    rows: list[Entry] = [
        (
            f"market.shape.hour_weights.{h}", float(24 * share[h]), "log", "relative", "shares of leads by local hour",
            n, "" if counts[h] else "no lead in this hour; half a one assumed",
        )
        for h in range(24)
    ]  # fmt: skip
    return rows, covariance


def _channels(
    history: History, days: Days, total: float, counts: Float64, mean: Float64, level_variance: float
) -> tuple[list[Entry], Float64]:
    """Return leads a day of each channel at weights of one, and the covariance of their logarithms.

    A channel's own days may vary more than Poisson (campaigns); its variance is then multiplied by its own index.
    """
    present, n = channels_of(history), history.leads.n
    known = float((history.leads.channel >= 0).sum())
    rows: list[Entry] = []
    covariance = np.full((len(present), len(present)), max(level_variance - 1.0 / max(n, 1), 0.0))
    relative = mean / max(mean.sum(), 1e-12)
    for j, (c, name) in enumerate(present):
        mine = np.bincount(days.of_lead[history.leads.channel == c], minlength=days.n).astype(np.float64)
        of = float(mine.sum())
        index, low, _ = _dispersion(mine, of * relative, 1) if of >= 25 else (1.0, 0.0, 0.0)
        factor = max(1.0, index) if low > 1.0 else 1.0
        covariance[j, j] += factor / of
        uneven = f"its days vary {index:.1f} times as much as Poisson: campaigns, not a steady flow"
        warning = uneven if low > 1.0 else ""
        rows.append(
            (f"arrivals.leads_per_day.{name}", float(total * of / known), "log", "leads/day",
             "Poisson likelihood given the shape that all channels share", int(of), warning)
        )  # fmt: skip
    return rows, covariance


def _words(index: float, low: float, days: Days) -> list[str]:
    words = []
    if low > 1.0:
        words.append(
            f"arrivals: days vary {index:.1f} times as much as Poisson with the fitted shape; simulated days, being "
            "Poisson, are too even, and intervals of daily counts too narrow"
        )
    if days.n < 28:
        words.append(f"arrivals: only {days.n} days; the shape of the week rests on {days.n / 7:.0f} weeks")
    return words


def _with_dispersion(
    fitted: Block, index: float, low: float, high: float, *, days: Days, counts: Float64, mean: Float64
) -> Block:
    """Return the block with the index of dispersion and the day-of-level noise, neither of which a scenario holds."""
    noise = float(np.sqrt(max(((counts - mean) ** 2 - mean).sum(), 0.0) / max((mean**2).sum(), 1e-12)))
    pearson, nan = "Pearson's index of days about the fit, chi-square interval", float("nan")
    beyond = "standard deviation of a day's level beyond Poisson, by moments"
    poisson = "the model is Poisson (1.0)" if low > 1.0 else ""
    extra = (
        Parameter("arrivals.dispersion", index, low, high, "ratio", pearson, days.n, poisson),
        Parameter("arrivals.level_sd", noise, nan, nan, "share", beyond, days.n, "no such term in the model"),
    )
    size = len(fitted.parameters)
    covariance = np.zeros((size + 2, size + 2))
    covariance[:size, :size] = fitted.covariance
    return Block(
        (*fitted.parameters, *extra), (*fitted.scales, "log", "log"), covariance, fitted.assumed, fitted.warnings
    )
