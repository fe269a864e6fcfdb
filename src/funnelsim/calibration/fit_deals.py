"""Deals: who wins, how long it takes, how that falls with the delay of the first contact, and what a deal is worth.

Win shares are of leads whose outcome is known or old enough; the time to a deal is right-censored: a lead still open
may yet be won. Both come from one likelihood with a cured fraction (Boag 1949; Farewell 1982, Biometrics 38):

    won at t      p f(t)          lost for good     1 - p          open since c          1 - p F(c)

with f lognormal. Wins without a date are set aside for the time and added to the share: when they came to be known is
not known, and to count them as seen at once would make deals look quick. What is observed under one team and one policy
is not what another would win: readiness is set afterwards so that this share comes out (`fit.win_scale`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special
from scipy import stats as scipy_stats

from funnelsim.calibration.fit_offers import channels_of
from funnelsim.calibration.fit_parameter import LEVEL, Assumed, Block, Entry, block, joined, nothing
from funnelsim.calibration.history import History
from funnelsim.records import NO, Bool, Float64, Int64

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
HALF_A_DAY = 0.5
Rows = list[Entry]


@dataclass(frozen=True, slots=True, eq=False)
class Deals:
    """What is known of the end of each lead. n leads."""

    won: Bool  # (n,)
    lost: Bool  # (n,) closed and not won: never
    days: Float64  # (n,) from creation to won, nan where unknown
    open_days: Float64  # (n,) from creation to as_of
    least_days: float  # the shortest time that the dates can tell; half a day where they have no time of day


def deals_of(history: History) -> Deals | None:
    """Return the outcomes; None where the export does not say who was won."""
    leads = history.leads
    if leads.won is None:
        return None
    closed = leads.won if leads.closed is None else leads.closed | leads.won
    at = np.full(leads.n, NO) if leads.closed_at is None else leads.closed_at
    dated = leads.won & (at != NO) & (at >= leads.created)
    least = _resolution(at[dated])
    days = np.where(dated, np.maximum((at - leads.created) / DAY_MS, _shortest(least)), np.nan)
    waited = np.maximum((history.clock().end - leads.created) / DAY_MS, least)
    return Deals(leads.won, closed & ~leads.won, days, waited, least)


def _shortest(least: float) -> float:
    """Return the shortest time kept: a date may lie within the day of the beginning, or, by a slip, before it."""
    return 0.0 if least >= HALF_A_DAY else least


def _resolution(at: Int64) -> float:
    """Return the shortest time to a deal that the dates can tell, days: half a one where they have no time of day."""
    if not at.size:
        return HALF_A_DAY
    _, counts = np.unique(at % HOUR_MS, return_counts=True)
    return HALF_A_DAY if counts.max() > 0.5 * at.size else 1e-3


def fit_deals(history: History, *, leads: Bool | None = None) -> Block:
    """Return win shares by channel, the time to a deal, the effect of delay, and the value of a deal.

    Args:
        history: With `won`.
        leads: (n,) those whose shares are meant; all where None. Times, the effect of delay and values rest on all.
    """
    deals = deals_of(history)
    if deals is None or not deals.won.any():
        return nothing(
            Assumed("market.deal.win_at_once", "the default", "the export does not say who was won"),
            Assumed("market.deal.close", "the default", "no dates of deals"),
            Assumed("market.deal.value_mean", "the default", "no deals"),
        )
    chosen = np.ones(history.leads.n, dtype=np.bool_) if leads is None else leads
    if deals.won[chosen].sum() < 20:
        chosen = np.ones(history.leads.n, dtype=np.bool_)
    times = _share_and_time(history, deals, chosen)
    return joined(times, _delay(history, deals, times), _value(history, deals))


def _share_and_time(history: History, deals: Deals, leads: Bool) -> Block:
    """Return the win share of all leads and of each channel, and the lognormal times to a deal, days.

    `days_to_won` counts from creation, `close_days` from the first talk: what comes before it is a matter of the desk.
    """
    dated = int(np.isfinite(deals.days).sum())
    if dated < 20:
        shares, covariance = _win_shares(history, deals, leads, np.ones(history.leads.n), None)
        few = Assumed("market.deal.close", "lognormal, median 14 d, sigma 1", f"only {dated} deals have a date")
        return block(shares, covariance, assumed=(few,))
    theta, rows, covariance, words = _time(deals, "days_to_won", "from creation")
    by_now = scipy_stats.norm.cdf((np.log(deals.open_days) - theta[1]) / np.exp(theta[2]))
    joint = float(covariance[0, 0]) if leads.all() else None
    shares, share_covariance = _win_shares(history, deals, leads, by_now, joint)
    parts = [block(shares, share_covariance), block(rows, covariance[1:, 1:], warnings=words)]
    talked = first_contact_hours(history) / 24.0
    of = np.isfinite(talked)
    shortest = _shortest(deals.least_days)
    after = Deals(
        deals.won[of],
        deals.lost[of],
        np.where(np.isfinite(deals.days[of]), np.maximum(deals.days[of] - talked[of], shortest), np.nan),
        np.maximum(deals.open_days[of] - talked[of], deals.least_days),
        deals.least_days,
    )
    if np.isfinite(after.days).sum() >= 20:
        _, rows, covariance, words = _time(after, "close_days", "from the first talk")
        parts.append(block(rows, covariance[1:, 1:], warnings=words))
    return joined(*parts)


def _time(deals: Deals, name: str, since: str) -> tuple[Float64, Rows, Float64, list[str]]:
    """Return (logit p, log median, log sigma), rows of the last two, the covariance of all three, and warnings."""
    theta, covariance, success = _cure(deals)
    dated, wins = int(np.isfinite(deals.days).sum()), int(deals.won.sum())
    n_open = int((~deals.won & ~deals.lost).sum())
    words = [f"{wins - dated} of {wins} wins have no date and inform the share only"] if dated < wins else []
    if n_open > wins:
        words.append(f"{n_open} leads are still open")
    method = f"lognormal {since}, with a cured fraction, right-censored, maximum likelihood"
    rows: Rows = [
        (f"deals.{name}_median", float(np.exp(theta[1])), "log", "days", method, dated, "; ".join(words)),
        (f"deals.{name}_sigma", float(np.exp(theta[2])), "log", "log units", method, dated, "; ".join(words)),
    ]
    failed = [] if success else [f"deals.{name}: not fitted to full accuracy"]
    return theta, rows, covariance, failed


def _win_shares(
    history: History, deals: Deals, leads: Bool, by_now: Float64, joint: float | None
) -> tuple[Rows, Float64]:
    """Return the shares of leads that are won or will be, given how much of each one's time is up.

    A lead of `by_now` F that is still open has the likelihood 1 - p F. Intervals on the log-odds, half a win and half a
    loss added (Agresti 2013, section 3.1); what is unknown of F adds to all of them what it adds to the total.

    Args:
        history: Its channels.
        deals: What is known of each end.
        leads: (n,) those whose shares are meant.
        by_now: (n,) probability that a deal would have been made by now.
        joint: Variance of the total's log-odds with F unknown; None: as if it were known.
    """
    rows: Rows = []
    variances: list[float] = []
    method = "maximum likelihood, open leads censored"
    chosen = [("deals.win_share", leads)]
    chosen += [(f"deals.win_share.{name}", leads & (history.leads.channel == c)) for c, name in channels_of(history)]
    for path, mine in chosen:
        undated = float((deals.won & mine & ~np.isfinite(deals.days)).sum())
        wins, losses = float(deals.won[mine].sum()) - undated + 0.5, float((deals.lost & mine).sum()) + 0.5
        waiting = by_now[mine & ~deals.won & ~deals.lost]
        share, variance = _share(wins, losses, waiting)
        if undated:  # the others' share, and they
            apart = undated / (float(mine.sum()) + 1.0)
            others, share = share, apart + (1.0 - apart) * share
            error = (1.0 - apart) ** 2 * variance * (others * (1.0 - others)) ** 2
            error += (1.0 - others) ** 2 * apart * (1.0 - apart) / float(mine.sum())
            variance = error / (share * (1.0 - share)) ** 2
        rows.append((path, share, "logit", "share", method, int(mine.sum()), "" if wins >= 10 else "few wins"))
        variances.append(variance)
    more = max(joint - variances[0], 0.0) if joint is not None and np.isfinite(joint) else 0.0
    return rows, np.diag([variance + more for variance in variances])


def _share(wins: float, losses: float, waiting: Float64) -> tuple[float, float]:
    """Return the share that maximises wins log p + losses log(1 - p) + sum log(1 - p F), and its log-odds' variance."""

    def slope(p: float) -> float:
        return wins / p - losses / (1.0 - p) - float((waiting / (1.0 - p * waiting)).sum())

    p = float(optimize.brentq(slope, 1e-12, 1.0 - 1e-12))
    information = wins / p**2 + losses / (1.0 - p) ** 2 + float(((waiting / (1.0 - p * waiting)) ** 2).sum())
    return p, 1.0 / (information * (p * (1.0 - p)) ** 2)


def _cure(deals: Deals) -> tuple[Float64, Float64, bool]:
    """Return (logit p, log median days, log sigma), its covariance, and whether the maximum was found."""
    dated = np.isfinite(deals.days)
    logs = np.log(np.maximum(deals.days[dated], deals.least_days))
    lost = float(deals.lost.sum())
    waiting = np.log(deals.open_days[~deals.won & ~deals.lost])

    def seen(median: float, sigma: float) -> float:
        if deals.least_days < HALF_A_DAY:
            return float(scipy_stats.norm.logpdf(logs, median, sigma).sum())
        # A date without a time says within which day.
        early = np.log(np.maximum(deals.days[dated] - HALF_A_DAY, 1e-9))
        late = np.log(deals.days[dated] + HALF_A_DAY)
        inside = scipy_stats.norm.cdf((late - median) / sigma) - scipy_stats.norm.cdf((early - median) / sigma)
        return float(np.log(np.maximum(inside, 1e-300)).sum())

    def negative(theta: Float64) -> float:
        p, median, sigma = float(special.expit(theta[0])), theta[1], np.exp(theta[2])
        value = dated.sum() * np.log(p) + seen(median, sigma)
        value += lost * np.log1p(-p)
        if waiting.size:
            value += float(np.log(1.0 - p + p * scipy_stats.norm.sf((waiting - median) / sigma)).sum())
        return -float(value)

    share = min(max(float(dated.sum()) / max((dated | ~deals.won).sum(), 1), 1e-6), 1 - 1e-6)
    start = np.array([special.logit(share), logs.mean(), np.log(max(logs.std(), 0.05))])
    found = optimize.minimize(negative, start, method="L-BFGS-B", bounds=[(-15, 15), (-5, 12), (-4, 2)])
    return np.asarray(found.x), _covariance(negative, np.asarray(found.x)), bool(found.success)


def _covariance(negative: Callable[[Float64], float], at: Float64, step: float = 1e-3) -> Float64:
    """Return the inverse of the observed information by central second differences."""
    size = at.size
    matrix = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            shifts = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
            total = 0.0
            for sa, sb, sign in shifts:
                there = at.copy()
                there[a] += sa * step
                there[b] += sb * step
                total += sign * negative(there)
            matrix[a, b] = total / (4 * step * step)
    matrix = (matrix + matrix.T) / 2
    if np.linalg.eigvalsh(matrix).min() <= 0.0:
        flat: Float64 = np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)
        flat[np.diag_indices_from(flat)] = np.nan
        return flat
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def first_contact_hours(history: History) -> Float64:
    """Return the time from creation to the first talk, hours, nan where there was none: (n,)."""
    out = np.full(history.leads.n, np.nan)
    touches = history.touches
    if touches is None:
        return out
    rows = np.flatnonzero(touches.connected)[::-1]
    out[touches.lead[rows]] = (touches.at[rows] - history.leads.created[touches.lead[rows]]) / HOUR_MS
    return np.asarray(np.maximum(out, 0.0), dtype=np.float64)


def _delay(history: History, deals: Deals, times: Block) -> Block:
    """Return how the win share of contacted leads falls with the delay of the first contact: p0 exp(-d / tau).

    By maximum likelihood in (logit p0, 1 / tau), an open lead counting as not won so far: 1 - p F(c), F the fitted time
    from the first talk to a deal. A fall that the data cannot tell from none has an interval that includes 0.
    Observational: those who answer late differ from those who answer at once, and reps choose.
    """
    delay = first_contact_hours(history) / 24.0
    contacted = np.isfinite(delay)
    undated = contacted & deals.won & ~np.isfinite(deals.days)
    known = contacted & ~undated
    by_now = np.ones(history.leads.n)
    if times.has("deals.close_days_median"):
        waited = np.maximum(deals.open_days - np.nan_to_num(delay), deals.least_days)
        middle, sigma = np.log(times.value("deals.close_days_median")), times.value("deals.close_days_sigma")
        by_now = np.where(deals.lost, 1.0, scipy_stats.norm.cdf((np.log(waited) - middle) / sigma))
    if known.sum() < 200 or deals.won[known].sum() < 20:
        return nothing(Assumed("market.deal.win_tau", "none", "too few contacts of known delay"))
    days, won, ripe = delay[known], deals.won[known], by_now[known]
    scale = max(float(np.median(days)), 0.1)

    def negative(theta: Float64) -> float:
        p = np.clip(special.expit(theta[0]) * np.exp(-theta[1] * days / scale), 1e-12, 1.0 - 1e-12)
        return -float(np.where(won, np.log(p), np.log1p(-p * ripe)).sum())

    start = np.array([float(special.logit(np.clip(won.mean(), 1e-4, 0.99))), 0.0])
    found = optimize.minimize(negative, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8})
    covariance = _covariance(negative, np.asarray(found.x))
    covariance[1, :] /= scale
    covariance[:, 1] /= scale
    rate = float(found.x[1]) / scale
    apart = float(undated.sum()) / float(contacted.sum())
    at_once = apart + (1.0 - apart) * float(special.expit(found.x[0]))
    half = float(scipy_stats.norm.ppf(0.5 + LEVEL / 2)) * float(np.sqrt(covariance[1, 1]))
    flat = "cannot be told from no fall at all" if rate - half <= 0.0 else ""
    rows: Rows = [
        ("deals.win_share_contacted", at_once, "logit", "share",
         "maximum likelihood: wins of contacted leads at no delay", int(known.sum()), ""),
        ("deals.win_fall_per_day", rate, "identity", "1/day",
         "maximum likelihood: wins of contacted leads by the delay of the first contact", int(known.sum()),
         "; ".join(word for word in (flat, "observational: see the causal share") if word)),
    ]  # fmt: skip
    return block(rows, covariance)


def _value(history: History, deals: Deals) -> Block:
    """Return the mean and the log-spread of the value of won deals: a lognormal (Cox's interval for the mean)."""
    value = history.leads.value
    if value is None:
        return nothing(Assumed("market.deal.value_mean", "the default", "no column of values"))
    amounts = value[deals.won & np.isfinite(value) & (np.nan_to_num(value) > 0)]
    n, wins = int(amounts.size), int(deals.won.sum())
    if n < 5:
        return nothing(Assumed("market.deal.value_mean", "the default", f"only {n} deals of known value"))
    logs = np.log(amounts)
    spread = max(float(logs.std(ddof=1)), 1e-3)
    mean = float(np.exp(logs.mean() + spread**2 / 2))
    plain = float(amounts.mean())
    words = [] if n == wins else [f"{wins - n} of {wins} wins have no value"]
    if abs(mean - plain) > 0.05 * plain:
        words.append(f"not quite lognormal: the plain mean is {plain:,.0f}")
        mean = plain
    covariance = np.array([[spread**2 / n + spread**4 / (2 * n), spread**2 / (2 * n)], [spread**2 / (2 * n), 0.5 / n]])
    unit, method = history.currency, "lognormal maximum likelihood over won deals"
    rows: Rows = [
        ("market.deal.value_mean", mean, "log", unit, method, n, "; ".join(words)),
        ("market.deal.value_sigma", spread, "log", "log units", method, n, "; ".join(words)),
    ]
    return block(rows, covariance)
