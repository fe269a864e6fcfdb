"""Other forms of reach, fitted to the same attempts: the one in use is a choice that the data were asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize, special

from funnelsim.calibration.fit_reach import NODES, Attempts, ReachFit, logit_normal, normal_rule
from funnelsim.records import Float64


def compare(attempts: Attempts) -> list[ReachFit]:
    """Return every form fitted by maximum likelihood, the smallest AIC first.

    logit-normal, fast decay      the model's form: 4 parameters
    and a share never reached     5: a mixture with leads that nobody reaches
    no fast decay                 2: logit-normal, whatever the delay
    no spread                     3: every lead alike
    Beta x decay                  4: reachability Beta(a, b), times c + (1 - c) exp(-d / tau)
    p0 exp(-d / tau)              2: the second form of the model, d from creation
    """
    forms = [
        logit_normal(attempts),
        _never(attempts),
        _no_decay(attempts),
        _no_spread(attempts),
        _beta(attempts),
        _exponential(attempts),
    ]
    return sorted(forms, key=lambda form: form.aic)


def _fitted(
    form: str, names: Sequence[str], negative: Callable[[Float64], float], start: Sequence[float],
    bounds: Sequence[tuple[float, float]],
) -> ReachFit:  # fmt: skip
    found = optimize.minimize(negative, np.array(start), method="L-BFGS-B", bounds=list(bounds))
    size = len(names)
    return ReachFit(
        form, tuple(names), np.asarray(found.x), np.full((size, size), np.nan), -float(found.fun), bool(found.success)
    )


def _mixture(logits: Float64, attempts: Attempts, log_weights: Float64) -> Float64:
    """Return the log-likelihood of each lead: logits (a, nodes) integrated over the nodes: (m,)."""
    sign = np.where(attempts.reached, 1.0, -1.0)[:, None]
    total = np.add.reduceat(special.log_expit(sign * logits), attempts.start, axis=0) + log_weights
    return np.asarray(special.logsumexp(total, axis=1))


def _never(attempts: Attempts) -> ReachFit:
    nodes, log_weights = normal_rule(NODES)
    none = ~np.logical_or.reduceat(attempts.reached, attempts.start)

    def negative(theta: Float64) -> float:
        fade = np.exp(-attempts.delay_hours / np.exp(theta[3]))
        logits = (theta[0] + theta[2] * fade)[:, None] + np.exp(theta[1]) * nodes
        lead = np.log1p(-theta[4]) + _mixture(logits, attempts, log_weights)
        return -float(np.where(none, np.logaddexp(lead, np.log(theta[4])), lead).sum())

    start = [*logit_normal(attempts).estimate, 0.02]
    bounds = [(-12.0, 12.0), (-4.0, 2.5), (0.0, 25.0), (-5.0, 7.0), (1e-9, 0.9)]
    names = ("mu", "log sigma", "beta", "log tau", "share")
    return _fitted("and a share never reached", names, negative, start, bounds)


def _no_decay(attempts: Attempts) -> ReachFit:
    nodes, log_weights = normal_rule(NODES)

    def negative(theta: Float64) -> float:
        logits = np.full((attempts.reached.size, 1), theta[0]) + np.exp(theta[1]) * nodes
        return -float(_mixture(logits, attempts, log_weights).sum())

    return _fitted("no fast decay", ("mu", "log sigma"), negative, [-0.3, 0.3], [(-12.0, 12.0), (-4.0, 2.5)])


def _no_spread(attempts: Attempts) -> ReachFit:
    sign = np.where(attempts.reached, 1.0, -1.0)

    def negative(theta: Float64) -> float:
        logits = theta[0] + theta[1] * np.exp(-attempts.delay_hours / np.exp(theta[2]))
        return -float(special.log_expit(sign * logits).sum())

    bounds = [(-12.0, 12.0), (0.0, 25.0), (-5.0, 7.0)]
    return _fitted("no spread", ("mu", "beta", "log tau"), negative, [-0.5, 1.0, -1.0], bounds)


def _beta(attempts: Attempts) -> ReachFit:
    def negative(theta: Float64) -> float:
        a, b, floor, tau = np.exp(theta[0]), np.exp(theta[1]), special.expit(theta[2]), np.exp(theta[3])
        x, weights = special.roots_jacobi(NODES, b - 1.0, a - 1.0)  # on -1..1
        factor = floor + (1.0 - floor) * np.exp(-attempts.delay_hours / tau)
        p = np.clip(factor[:, None] * (x + 1.0) / 2.0, 1e-12, 1.0 - 1e-12)
        each = np.where(attempts.reached[:, None], np.log(p), np.log1p(-p))
        total = np.add.reduceat(each, attempts.start, axis=0) + np.log(weights / weights.sum())
        return -float(special.logsumexp(total, axis=1).sum())

    bounds = [(-3.0, 4.0), (-3.0, 4.0), (-8.0, 8.0), (-5.0, 7.0)]
    return _fitted("Beta x decay", ("log a", "log b", "logit c", "log tau"), negative, [0.0, 0.0, 1.0, -1.0], bounds)


def _exponential(attempts: Attempts) -> ReachFit:
    def negative(theta: Float64) -> float:
        log_p = np.minimum(special.log_expit(theta[0]) - attempts.delay_hours / np.exp(theta[1]), -1e-12)
        return -float(np.where(attempts.reached, log_p, np.log(-np.expm1(log_p))).sum())

    return _fitted("p0 exp(-d / tau)", ("logit p0", "log tau"), negative, [-0.5, 4.0], [(-12.0, 12.0), (-5.0, 12.0)])
