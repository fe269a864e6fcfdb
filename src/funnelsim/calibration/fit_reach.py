"""Reach: who answers which attempt, by maximum likelihood on the attempts up to the first contact.

    logit p = eta + beta exp(-d / tau),   eta ~ Normal(mu, sigma) once per lead,   d from creation (docs/model.md, 2)

A lead that was given two attempts says nothing of a third; after a contact the sequence stops. So a lead's likelihood
is the product over the attempts it was given, integrated over eta by Gauss-Hermite quadrature. Whether a further
attempt is made may depend on what came before it, not on eta otherwise: then their number says nothing of reach.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize, special

from funnelsim.calibration.fit_parameter import Assumed, Block, Entry, block, nothing
from funnelsim.calibration.history import History
from funnelsim.records import Bool, Float64, Int64, Row

HOUR_MS = 3_600_000
NODES = 40
"""Quadrature nodes: the log-likelihood of a lead is right to 1e-4 at worst (ten attempts, sigma 2), mostly to 1e-7."""

MOST_LEADS = 20_000
"""More leads than these are sampled: they fix each parameter to within a few percent, far below what confounds it."""

_TAU_HOURS = (1 / 120, 24.0 * 30)
"""Bounds of tau: half a minute to a month."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """Attempts up to the first contact, lead after lead. a attempts of m leads."""

    start: Int64  # (m,) first row of each lead
    delay_hours: Float64  # (a,) since creation, >= 0
    reached: Bool  # (a,)
    lead: Int64  # (m,) row of LeadTable
    marked: int  # called leads left out because their number is marked as wrong
    called: int  # all called leads
    sampled_from: int  # leads before a sample was taken

    @property
    def n(self) -> int:
        """Return the number of leads."""
        return int(self.start.size)


def attempts_of(
    history: History, *, leads: Bool | None = None, until: int | None = None, most: int = MOST_LEADS, seed: int = 0
) -> Attempts:
    """Return the calls of each lead up to its first contact; leads whose number is marked as wrong are left out.

    Args:
        history: With touches.
        leads: (n,) leads that count; all where None.
        until: Attempts at or after this, ms, are not known yet.
        most: Leads above this number are sampled without replacement.
        seed: Of that sample; 0 is a seed.
    """
    touches, table = history.touches, history.leads
    assert touches is not None
    calls = touches.kind == Row.CALL
    if leads is not None:
        calls &= leads[touches.lead]
    if until is not None:
        calls &= touches.at < until
    lead, at, connected = touches.lead[calls], touches.at[calls], touches.connected[calls]
    called = np.unique(lead)
    bad = np.zeros(table.n, dtype=np.bool_) if table.unreachable is None else table.unreachable
    earlier = np.cumsum(connected) - connected
    first = np.concatenate(([True], lead[1:] != lead[:-1])) if lead.size else np.zeros(0, dtype=np.bool_)
    base = np.maximum.accumulate(np.where(first, earlier, 0)) if lead.size else earlier
    kept = (earlier == base) & ~bad[lead]  # nothing connected before it
    left = np.unique(lead[kept])
    sampled_from = int(left.size)
    if left.size > most:
        chosen = np.random.default_rng(seed).choice(left, most, replace=False)
        kept &= np.isin(lead, chosen)
    lead, at, connected = lead[kept], at[kept], connected[kept]
    ids, start = np.unique(lead, return_index=True)
    delay = np.maximum(at - table.created[lead], 0) / HOUR_MS
    marked = int(bad[called].sum())
    return Attempts(start.astype(np.int64), delay, connected, ids, marked, int(called.size), sampled_from)


@dataclass(frozen=True, slots=True, eq=False)
class ReachFit:
    """A fitted form of reach."""

    form: str  # in words
    names: tuple[str, ...]
    estimate: Float64  # on the scale of the optimiser
    covariance: Float64
    log_likelihood: float
    converged: bool

    @property
    def aic(self) -> float:
        """Return Akaike's criterion: 2 x parameters - 2 x log-likelihood; smaller is better."""
        return 2.0 * len(self.names) - 2.0 * self.log_likelihood


def logit_normal(attempts: Attempts) -> ReachFit:
    """Return the maximum-likelihood fit of (mu, log sigma, beta, log tau in hours)."""
    low, high = np.log(_TAU_HOURS)
    bounds = [(-12.0, 12.0), (-4.0, 2.5), (0.0, 25.0), (low, high)]

    def climb(from_: Float64, data: Attempts, rule: tuple[Float64, Float64], options: Any) -> Any:
        search: Any = optimize.minimize  # its many signatures confuse the checker
        return search(_negative, from_, args=(data, *rule), jac=True, method="L-BFGS-B", bounds=bounds, options=options)

    # From several tau first, coarsely: the likelihood may have a second, poorer summit at a long one.
    few = _first(attempts, 2_000)
    coarse = normal_rule(10)
    starts = [
        climb(np.array([-0.5, 0.3, 1.0, np.log(tau)]), few, coarse, {"maxiter": 15}) for tau in (0.1, 0.5, 4.0, 48.0)
    ]
    rule = normal_rule(NODES)
    best = climb(min(starts, key=lambda r: r.fun).x, attempts, rule, {"maxiter": 200, "ftol": 1e-11, "gtol": 1e-3})
    information = _information(best.x, attempts, *rule)
    return ReachFit(
        "logit-normal, fast decay", ("mu", "log sigma", "beta", "log tau"), np.asarray(best.x),
        _inverse(information), -float(best.fun), bool(best.success),
    )  # fmt: skip


def normal_rule(nodes: int) -> tuple[Float64, Float64]:
    """Return Gauss-Hermite nodes for a standard normal and the logarithms of their weights."""
    at, weights = special.roots_hermitenorm(nodes)
    return np.asarray(at), np.log(weights / weights.sum())


def _first(attempts: Attempts, leads: int) -> Attempts:
    """Return the attempts of the first `leads` leads."""
    if attempts.n <= leads:
        return attempts
    end = int(attempts.start[leads])
    return replace(
        attempts, start=attempts.start[:leads], delay_hours=attempts.delay_hours[:end],
        reached=attempts.reached[:end], lead=attempts.lead[:leads],
    )  # fmt: skip


def _negative(theta: Float64, attempts: Attempts, nodes: Float64, log_weights: Float64) -> tuple[float, Float64]:
    """Return minus the log-likelihood and its gradient."""
    mu, sigma, beta, tau = theta[0], np.exp(theta[1]), theta[2], np.exp(theta[3])
    fade = np.exp(-attempts.delay_hours / tau)
    logits = (mu + beta * fade)[:, None] + sigma * nodes[None, :]
    reaches = special.expit(logits)
    each = np.log(np.maximum(np.where(attempts.reached[:, None], reaches, 1.0 - reaches), 1e-300))
    total = np.add.reduceat(each, attempts.start, axis=0) + log_weights
    top = total.max(axis=1, keepdims=True)
    mass = np.exp(total - top)
    lead = mass.sum(axis=1, keepdims=True)
    value = float((np.log(lead) + top).sum())
    posterior = mass / lead
    count = np.diff(np.append(attempts.start, attempts.reached.size))
    residual = (attempts.reached[:, None] - reaches) * np.repeat(posterior, count, axis=0)
    of_row = residual.sum(axis=1)
    gradient = np.array([
        of_row.sum(),
        float((residual @ nodes).sum()) * sigma,
        float(of_row @ fade),
        float(of_row @ (fade * attempts.delay_hours)) * beta / tau,
    ])  # fmt: skip
    return -value, -gradient


def level(theta: Float64, attempts: Attempts) -> tuple[float, Float64]:
    """Return the mean reachability of these leads, all else as in `theta`, and its row of the information: (4,)."""
    rule = normal_rule(NODES)

    def slope(mu: float) -> float:
        return float(_negative(np.array([mu, *theta[1:]]), attempts, *rule)[1][0])

    mu = float(optimize.brentq(slope, -12.0, 12.0, xtol=1e-6))
    return mu, _information(np.array([mu, *theta[1:]]), attempts, *rule)[0]


def relevelled(fit: ReachFit, attempts: Attempts, *, advantage: bool = False) -> ReachFit:
    """Return the fit with the mean of these leads and the shape (spread, advantage, its fading) of the fit.

    What is unknown of the shape goes into the mean by the information that these leads hold on both.

    Args:
        fit: Of all leads.
        attempts: Of these.
        advantage: The advantage of an early call is theirs too.
    """
    free = [0, 2] if advantage else [0]
    held = [j for j in range(4) if j not in free]
    estimate = moved(fit.estimate, attempts, free)
    information = _information(estimate, attempts, *normal_rule(NODES))
    own = np.linalg.inv(information[np.ix_(free, free)])
    pull = -own @ information[np.ix_(free, held)]
    shape = fit.covariance[np.ix_(held, held)]
    covariance = fit.covariance.copy()
    covariance[np.ix_(free, free)] = own + pull @ shape @ pull.T
    covariance[np.ix_(free, held)] = pull @ shape
    covariance[np.ix_(held, free)] = (pull @ shape).T
    return replace(fit, estimate=estimate, covariance=covariance)


def moved(theta: Float64, attempts: Attempts, free: list[int]) -> Float64:
    """Return `theta` with its `free` numbers (0, the mean, first) at the maximum likelihood of these leads: (4,)."""
    start = theta.copy()
    start[0] = level(theta, attempts)[0]
    if free == [0]:
        return start
    rule = normal_rule(NODES)

    def of(values: Float64) -> tuple[float, Float64]:
        whole = theta.copy()
        whole[free] = values
        value, slope = _negative(whole, attempts, *rule)
        return value, slope[free]

    search: Any = optimize.minimize
    start[free] = search(of, start[free], jac=True, method="BFGS", options={"gtol": 1e-3}).x
    return start


def log_likelihood(theta: Float64, attempts: Attempts) -> float:
    """Return the log-likelihood of attempts under (mu, log sigma, beta, log tau in hours)."""
    return -_negative(theta, attempts, *normal_rule(NODES))[0]


def _information(theta: Float64, attempts: Attempts, nodes: Float64, log_weights: Float64) -> Float64:
    """Return the observed information: central differences of the gradient."""
    step = 1e-4
    columns = []
    for j in range(theta.size):
        up, down = theta.copy(), theta.copy()
        up[j] += step
        down[j] -= step
        change = _negative(up, attempts, nodes, log_weights)[1] - _negative(down, attempts, nodes, log_weights)[1]
        columns.append(change / (2 * step))
    matrix = np.column_stack(columns)
    return (matrix + matrix.T) / 2


def _inverse(information: Float64) -> Float64:
    """Return the covariance; nan on the diagonal where the likelihood is flat."""
    values = np.linalg.eigvalsh(information)
    if values.min() <= 1e-8 * max(values.max(), 1e-8):
        flat: Float64 = np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64)
        flat[np.diag_indices_from(flat)] = np.nan
        return flat
    return np.asarray(np.linalg.inv(information), dtype=np.float64)


def fit_reach(history: History, *, leads: Bool | None = None, advantage: bool = False) -> Block:
    """Return mu, sigma, beta, tau and the share that can never be reached.

    With `leads`, the mean is theirs and the shape that of all: a few weeks fix the level of reach, not how it falls;
    with `advantage` that of an early call is theirs too.

    Intervals come from the observed information. The never-reachable share is that of called leads whose number the CRM
    marks as wrong; who is never reached and not marked belongs to the lower tail of eta.
    """
    if history.touches is None or history.touches.n == 0:
        return nothing(
            *(Assumed(f"market.reach.{name}", "the default", "no touches") for name in ("mu", "sigma", "beta", "tau")),
            Assumed("market.reach.unreachable_share", "0", "no touches"),
        )
    attempts = attempts_of(history)
    if attempts.n < 50 or attempts.reached.all() or not attempts.reached.any():
        return nothing(Assumed("market.reach", "the defaults", f"only {attempts.n} called leads that tell of reach"))
    fit = logit_normal(attempts)
    if leads is not None and not leads.all():
        lately = attempts_of(history, leads=leads)
        if lately.n >= 50 and lately.reached.any() and not lately.reached.all():
            fit = relevelled(fit, lately, advantage=advantage)
    mu, log_sigma, beta, log_tau = fit.estimate
    soon = int((attempts.delay_hours < 3 * np.exp(log_tau)).sum())
    spread = np.sqrt(np.diag(fit.covariance))
    weak = not np.isfinite(spread[2]) or beta - 1.645 * spread[2] <= 0.0 or soon < 30
    of_fade = f"only {soon} attempts within three tau: the fast decay can hardly be told" if weak else ""
    confounded = "observational: reps choose whom to call first"
    single = attempts.n == attempts.reached.size
    of_spread = "one attempt a lead: the spread between leads cannot be told from a lower mean" if single else ""
    sampled = "" if attempts.n == attempts.sampled_from else f" (a sample of {attempts.sampled_from:,} leads)"
    method = "maximum likelihood, Gauss-Hermite, attempts up to the first contact" + sampled
    rows: list[Entry] = [
        ("market.reach.mu", float(mu), "identity", "log-odds", method, attempts.n, of_spread),
        ("market.reach.sigma", float(np.exp(log_sigma)), "log", "log-odds", method, attempts.n, of_spread),
        ("market.reach.beta", float(beta), "identity", "log-odds", method, attempts.n, of_fade or confounded),
        ("market.reach.tau", float(np.exp(log_tau)), "log", "h", method, attempts.n, of_fade or confounded),
    ]
    firsts = attempts.delay_hours[attempts.start]
    fade = float(np.exp(-firsts / np.exp(log_tau)).mean())
    rows.append(("reach.mean_fade", fade, "log", "share", "mean of exp(-d / tau) over first attempts", attempts.n, ""))
    covariance = np.zeros((6, 6))
    covariance[:4, :4] = fit.covariance
    covariance[4, 4] = 1.0 / attempts.n
    known = history.leads.unreachable is not None
    assumed: list[Assumed] = []
    if known:
        share = (attempts.marked + 0.5) / (attempts.called + 1.0)
        covariance[5, 5] = 1.0 / ((attempts.called + 1.0) * share * (1.0 - share))
        rows.append(
            ("market.reach.unreachable_share", float(share), "logit", "share",
             "called leads whose number is marked as wrong", attempts.called,
             "who is never reached and not marked counts as hard to reach")
        )  # fmt: skip
    else:
        covariance = covariance[:5, :5]
        assumed.append(Assumed("market.reach.unreachable_share", "0", "the export marks no wrong numbers"))
    assumed.append(Assumed("market.reach.gamma", "0", "a slow decay cannot be told from who is called late"))
    words = [] if fit.converged else ["reach: the likelihood's maximum was not found to full accuracy"]
    return block(rows, covariance, assumed=assumed, warnings=words)
