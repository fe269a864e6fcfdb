"""The likelihood of reach: closed forms, quadrature, censoring, and planted values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from calibration import scenes_fit as scenes
from calibration.scenes_fit import DAY, HOUR
from funnelsim.calibration.fit_reach import (
    Attempts,
    _negative,
    attempts_of,
    fit_reach,
    level,
    log_likelihood,
    logit_normal,
    normal_rule,
    relevelled,
)
from funnelsim.calibration.fit_reach_forms import compare


def of(histories: list[list[tuple[float, bool]]]) -> Attempts:
    """Return attempts (delay in hours, reached) of leads."""
    start = np.cumsum([0] + [len(h) for h in histories[:-1]])
    flat = [pair for h in histories for pair in h]
    n = len(histories)
    return Attempts(
        start, np.array([d for d, _ in flat]), np.array([y for _, y in flat]), np.arange(n), 0, n, n
    )  # fmt: skip


def planted(n: int, seed: int, *, mu: float, sigma: float, beta: float, tau: float, most: int = 5) -> Attempts:
    """Return the attempts of n leads until reached, given up at random."""
    rng = np.random.default_rng(seed)
    out = []
    for eta in mu + sigma * rng.standard_normal(n):
        delay = float(np.exp(rng.normal(-0.5, 2.0)))
        mine: list[tuple[float, bool]] = []
        for _ in range(int(rng.integers(1, most + 1))):
            reached = bool(rng.random() < special.expit(eta + beta * math.exp(-delay / tau)))
            mine.append((delay, reached))
            if reached:
                break
            delay += 24.0
        out.append(mine)
    return of(out)


def test_without_spread_the_likelihood_is_a_product_of_bernoulli_probabilities():
    data = of([[(0.0, False), (2.0, True)], [(1.0, False)]])
    p = [special.expit(-0.5 + 2.0 * math.exp(-d / 0.5)) for d in (0.0, 2.0, 1.0)]

    value, _ = _negative(np.array([-0.5, -20.0, 2.0, math.log(0.5)]), data, *normal_rule(20))

    assert -value == pytest.approx(math.log(1 - p[0]) + math.log(p[1]) + math.log(1 - p[2]), abs=1e-7)


@pytest.mark.parametrize(("attempts", "sigma", "error"), [(10, 2.0, 2e-4), (3, 1.6, 1e-6)])
def test_quadrature_agrees_with_adaptive_integration_over_the_spread(attempts, sigma, error):
    """Reached at the last of so many attempts; ten at a spread of two is the hardest case in use."""
    delays = [0.1, *(24.0 * k for k in range(1, attempts))]
    data = of([[(d, j == attempts - 1) for j, d in enumerate(delays)]])

    def density(eta: float) -> float:
        p = [special.expit(eta + 2.5 * math.exp(-d / 0.24)) for d in delays]
        return float(np.prod([1 - q for q in p[:-1]]) * p[-1] * stats.norm.pdf(eta, -0.4, sigma))

    exact, _ = integrate.quad(density, -16.0, 16.0, epsabs=1e-14)
    value, _ = _negative(np.array([-0.4, math.log(sigma), 2.5, math.log(0.24)]), data, *normal_rule(40))

    assert -value == pytest.approx(math.log(exact), abs=error)


def test_the_gradient_is_the_derivative_of_the_likelihood():
    data = planted(60, 1, mu=-0.4, sigma=1.5, beta=2.0, tau=0.4)
    theta = np.array([-0.2, 0.3, 1.5, -0.7])
    rule = normal_rule(30)
    _, gradient = _negative(theta, data, *rule)

    for j in range(4):
        step = np.eye(4)[j] * 1e-6
        slope = (_negative(theta + step, data, *rule)[0] - _negative(theta - step, data, *rule)[0]) / 2e-6
        assert gradient[j] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_attempts_after_the_first_contact_are_not_asked():
    calls = scenes.touches([0, 0, 0, 1], [HOUR, 2 * HOUR, 3 * HOUR, HOUR], [False, True, False, False])
    known = attempts_of(scenes.history(scenes.leads([0, 0]), calls, days=7))

    assert known.delay_hours.tolist() == [1.0, 2.0, 1.0]
    assert known.reached.tolist() == [False, True, False]
    assert known.start.tolist() == [0, 2]


def test_marked_numbers_are_left_out_and_counted():
    calls = scenes.touches([0, 1, 2], [HOUR] * 3, [True, False, False])
    table = scenes.leads([0, 0, 0], unreachable=np.array([False, True, False]))
    known = attempts_of(scenes.history(table, calls, days=7))

    assert (known.n, known.marked, known.called) == (2, 1, 3)


def test_large_exports_are_sampled_by_lead():
    n = 500
    calls = scenes.touches(np.repeat(np.arange(n), 2), np.tile([HOUR, 2 * HOUR], n), np.zeros(2 * n))
    known = attempts_of(scenes.history(scenes.leads(np.zeros(n)), calls, days=7), most=100)

    assert known.n == 100
    assert known.sampled_from == n
    assert known.reached.size == 200  # both attempts of each lead of the sample


def test_one_attempt_a_lead_gives_no_interval_for_the_spread():
    """With one attempt at one delay a wider spread and a lower mean are the same: no interval, and a word of it."""
    rng = np.random.default_rng(3)
    n = 400
    calls = scenes.touches(np.arange(n), np.full(n, 30 * DAY), rng.random(n) < 0.4)
    found = fit_reach(scenes.history(scenes.leads(np.zeros(n)), calls, days=40))
    sigma = next(p for p in found.parameters if p.path == "market.reach.sigma")

    assert "cannot be told" in sigma.warning
    assert not np.isfinite(sigma.low) or sigma.high / sigma.low > 20


@pytest.mark.slow
def test_the_level_of_some_leads_is_found_with_the_shape_of_all():
    """Recent leads are easier to reach by 0.8: their mean is found, within what is known of it."""
    old = planted(6_000, 1, mu=-0.8, sigma=1.4, beta=2.0, tau=0.3)
    new = planted(2_000, 2, mu=0.0, sigma=1.4, beta=2.0, tau=0.3)
    fit = relevelled(logit_normal(old), new)
    error = np.sqrt(fit.covariance[0, 0])

    assert abs(fit.estimate[0] - 0.0) < 4 * error
    assert error < 0.15
    assert np.linalg.eigvalsh(fit.covariance).min() > 0.0
    assert fit.covariance[0, 0] > 1.0 / level(fit.estimate, new)[1][0]


@pytest.mark.slow
def test_the_advantage_of_an_early_call_may_be_that_of_some_leads_too():
    """Recent leads are easier to reach by 0.8, and by 1.5 more at once: both are found; the level alone falls short."""
    old = planted(6_000, 1, mu=-0.8, sigma=1.4, beta=2.0, tau=0.3)
    new = planted(4_000, 2, mu=0.0, sigma=1.4, beta=3.5, tau=0.3)
    whole = logit_normal(old)
    fit = relevelled(whole, new, advantage=True)
    errors = np.sqrt(np.diag(fit.covariance))

    assert abs(fit.estimate[0] - 0.0) < 4 * errors[0]
    assert abs(fit.estimate[2] - 3.5) < 4 * errors[2]
    assert errors[2] < 0.4
    assert fit.estimate[1] == whole.estimate[1]
    assert np.linalg.eigvalsh(fit.covariance).min() > 0.0
    assert log_likelihood(fit.estimate, new) > log_likelihood(relevelled(whole, new).estimate, new) + 5.0


@pytest.mark.slow
def test_planted_values_are_found_within_four_standard_errors():
    truth = np.array([-0.4, math.log(1.6), 2.5, math.log(0.25)])
    fit = logit_normal(planted(12_000, 7, mu=-0.4, sigma=1.6, beta=2.5, tau=0.25))

    assert fit.converged
    assert (np.abs(fit.estimate - truth) < 4 * np.sqrt(np.diag(fit.covariance))).all()


@pytest.mark.slow
def test_the_form_that_made_the_attempts_has_the_smallest_aic():
    forms = compare(planted(4_000, 5, mu=-0.4, sigma=1.6, beta=2.5, tau=0.25))
    aic = {form.form: form.aic for form in forms}

    assert forms[0].form in ("logit-normal, fast decay", "and a share never reached")
    assert aic["no fast decay"] - aic["logit-normal, fast decay"] > 20
    assert aic["no spread"] - aic["logit-normal, fast decay"] > 20
    assert abs(aic["and a share never reached"] - aic["logit-normal, fast decay"]) < 8
