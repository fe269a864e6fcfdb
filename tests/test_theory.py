"""The closed forms against chains solved as linear equations, limits, and published values."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, sparse
from scipy.sparse.linalg import spsolve

from funnelsim import theory

LOADS = [(10.0, 0.25, 3), (1.0, 0.5, 1), (8.0, 0.5, 5), (30.0, 0.9, 29)]


def stationary(generator: sparse.lil_matrix) -> np.ndarray:
    """Return the stationary distribution of a chain, given its rates off the diagonal."""
    rates = generator.tocsr()
    balance = (rates - sparse.diags_array(np.asarray(rates.sum(axis=1)).ravel())).T.tolil()
    balance[0, :] = 1.0
    right = np.zeros(balance.shape[0])
    right[0] = 1.0
    return spsolve(balance.tocsc(), right)


def birth_death(*, births: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    """Return the stationary distribution over 0..n of a chain with `births` from 0..n-1 and `deaths` from 1..n."""
    chain = sparse.lil_matrix((births.size + 1, births.size + 1))
    for n in range(births.size):
        chain[n, n + 1] = births[n]
        chain[n + 1, n] = deaths[n]
    return stationary(chain)


def test_examples_in_the_docstrings():
    outcome = doctest.testmod(theory)
    assert outcome.attempted >= 10
    assert outcome.failed == 0


@pytest.mark.parametrize("offered", [0.1, 2.5, 20.0])
@pytest.mark.parametrize("reps", [0, 1, 3, 25])
def test_erlang_b_is_the_share_of_time_at_the_limit(offered: float, reps: int):
    weights = [offered**n / math.factorial(n) for n in range(reps + 1)]
    assert theory.erlang_b(offered, reps=reps) == pytest.approx(weights[-1] / sum(weights), rel=1e-12)


def test_the_published_desk_of_three():
    assert theory.erlang_c(per_hour=10.0, handling_hours=0.25, reps=3) == pytest.approx(0.70225, abs=5e-6)
    assert theory.erlang_c_mean_wait(per_hour=10.0, handling_hours=0.25, reps=3) == pytest.approx(0.35112, abs=5e-6)


@pytest.mark.parametrize(("per_hour", "handling_hours", "reps"), LOADS)
def test_erlang_c_agrees_with_the_chain(per_hour: float, handling_hours: float, reps: int):
    size = 1_500
    n = np.arange(1, size + 1)
    p = birth_death(births=np.full(size, per_hour), deaths=np.minimum(n, reps) / handling_hours)
    queue = np.maximum(np.arange(size + 1) - reps, 0)
    waiting = theory.erlang_c(per_hour=per_hour, handling_hours=handling_hours, reps=reps)
    wait = theory.erlang_c_mean_wait(per_hour=per_hour, handling_hours=handling_hours, reps=reps)
    assert waiting == pytest.approx(p[reps:].sum(), rel=1e-8)
    assert wait == pytest.approx((queue * p).sum() / per_hour, rel=1e-8)


def test_a_desk_that_cannot_keep_up_makes_everybody_wait_for_ever():
    assert theory.erlang_c(per_hour=12.0, handling_hours=0.25, reps=3) == 1.0
    assert theory.erlang_c_mean_wait(per_hour=12.0, handling_hours=0.25, reps=3) == math.inf
    assert theory.erlang_c_wait_exceeds(9.0, per_hour=13.0, handling_hours=0.25, reps=3) == 1.0


@pytest.mark.parametrize(("per_hour", "handling_hours", "reps"), LOADS)
def test_the_tail_of_the_wait_integrates_to_its_mean(per_hour: float, handling_hours: float, reps: int):
    def exceeds(hours: float) -> float:
        return theory.erlang_c_wait_exceeds(hours, per_hour=per_hour, handling_hours=handling_hours, reps=reps)

    mean = theory.erlang_c_mean_wait(per_hour=per_hour, handling_hours=handling_hours, reps=reps)
    assert integrate.quad(exceeds, 0, np.inf)[0] == pytest.approx(mean, rel=1e-6)


def test_the_published_impatient_queue():
    queue = theory.erlang_a(per_hour=14.0, handling_hours=0.25, reps=3, patience_hours=0.5)
    assert queue.abandoned == pytest.approx(0.24718, abs=5e-6)
    assert queue.mean_queue == pytest.approx(1.73028, abs=5e-6)


@pytest.mark.parametrize(("per_hour", "reps", "patience_hours"), [(14.0, 3, 0.5), (2.0, 1, 0.1), (90.0, 4, 3.0)])
def test_erlang_a_agrees_with_the_chain(per_hour: float, reps: int, patience_hours: float):
    size = 1_000
    n = np.arange(1, size + 1)
    deaths = np.minimum(n, reps) / 0.25 + np.maximum(n - reps, 0) / patience_hours
    p = birth_death(births=np.full(size, per_hour), deaths=deaths)
    states = np.arange(size + 1)
    served = (np.minimum(states, reps) / 0.25 * p).sum()
    queue = theory.erlang_a(per_hour=per_hour, handling_hours=0.25, reps=reps, patience_hours=patience_hours)
    assert queue.waiting == pytest.approx(p[reps:].sum(), rel=1e-8)
    assert queue.mean_queue == pytest.approx((np.maximum(states - reps, 0) * p).sum(), rel=1e-8)
    assert queue.abandoned == pytest.approx(1 - served / per_hour, rel=1e-8)


def test_patience_without_end_is_erlang_c_and_none_is_erlang_b():
    patient = theory.erlang_a(per_hour=10.0, handling_hours=0.25, reps=3, patience_hours=1e6)
    assert patient.mean_wait_hours == pytest.approx(0.351123, rel=1e-4)
    assert patient.waiting == pytest.approx(0.702247, rel=1e-4)
    impatient = theory.erlang_a(per_hour=10.0, handling_hours=0.25, reps=3, patience_hours=1e-9)
    assert impatient.abandoned == pytest.approx(theory.erlang_b(2.5, reps=3), rel=1e-6)


def test_a_flooded_impatient_queue_serves_at_full_speed():
    """10,000 arrivals an hour, 12 served: no number overflows, and what is not served abandons."""
    queue = theory.erlang_a(per_hour=10_000.0, handling_hours=0.25, reps=3, patience_hours=0.5)
    assert queue.abandoned == pytest.approx(1 - 12 / 10_000, rel=1e-9)


def two_class_chain(rates: tuple[float, float], *, handling_hours: float, reps: int, room: int) -> tuple[float, ...]:
    """Return the mean waits of two classes from the chain over (busy reps; urgent, others waiting), cut at `room`."""
    states = [(busy, 0, 0) for busy in range(reps)]
    states += [(reps, a, b) for a in range(room) for b in range(room)]
    index = {state: j for j, state in enumerate(states)}
    chain = sparse.lil_matrix((len(states), len(states)))
    for (busy, a, b), j in index.items():
        leaving = busy / handling_hours
        if busy < reps:
            chain[j, index[busy + 1, 0, 0]] = sum(rates)
            if busy:
                chain[j, index[busy - 1, 0, 0]] = leaving
            continue
        if a + 1 < room:
            chain[j, index[busy, a + 1, b]] = rates[0]
        if b + 1 < room:
            chain[j, index[busy, a, b + 1]] = rates[1]
        after = (busy, a - 1, b) if a else (busy, 0, b - 1) if b else (busy - 1, 0, 0)
        chain[j, index[after]] = leaving
    p = stationary(chain)
    queued = np.array([[a, b] for _, a, b in states])
    return tuple((p[:, None] * queued).sum(axis=0) / np.array(rates))


@pytest.mark.parametrize(("rates", "reps"), [((1.5, 1.0), 1), ((2.0, 3.0), 2)])
def test_cobham_agrees_with_the_chain(rates: tuple[float, float], reps: int):
    waits = theory.cobham_mean_waits(rates, handling_hours=0.25, reps=reps)
    assert waits == pytest.approx(two_class_chain(rates, handling_hours=0.25, reps=reps, room=60), rel=1e-6)


@given(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=5), st.integers(1, 6))
def test_priorities_move_waiting_about_but_keep_its_sum(rates: list[float], reps: int):
    """Kleinrock's conservation law; classes wait the longer the less urgent they are."""
    handling_hours = 0.9 * reps / sum(rates)
    waits = theory.cobham_mean_waits(rates, handling_hours=handling_hours, reps=reps)
    alike = theory.erlang_c_mean_wait(per_hour=sum(rates), handling_hours=handling_hours, reps=reps)
    assert sum(r * w for r, w in zip(rates, waits, strict=True)) == pytest.approx(sum(rates) * alike, rel=1e-9)
    assert list(waits) == sorted(waits)


def test_an_overloaded_desk_still_serves_its_urgent_class():
    """Every rep is always busy: an urgent lead waits 1/12 h for itself and each urgent one before it: 1/(12 - 4)."""
    urgent, other = theory.cobham_mean_waits([4.0, 50.0], handling_hours=0.25, reps=3)
    assert urgent == pytest.approx(1 / 8)
    assert other == math.inf


def test_one_rep_with_exponential_handling_is_both_formulas():
    both = {"per_hour": 3.0, "handling_hours": 0.25}
    wait = theory.pollaczek_khinchine_mean_wait(squared_variation=1.0, **both)
    assert wait == pytest.approx(theory.erlang_c_mean_wait(reps=1, **both))
    assert theory.pollaczek_khinchine_mean_wait(per_hour=4.0, handling_hours=0.25, squared_variation=0.0) == math.inf


@pytest.mark.parametrize("t", [0.3, 2.0, 11.0])
def test_a_sine_of_arrivals_with_exponential_stays(t: float):
    """Solves m' = 5 + 3 sin(2 t) - m; the system that has always run has only the particular solution."""
    always = 5.0 + 3.0 * (math.sin(2 * t) - 2 * math.cos(2 * t)) / 5
    from_empty = always - (5.0 - 6.0 / 5) * math.exp(-t)
    number = {"rate": lambda s: 5.0 + 3.0 * math.sin(2 * s), "survival": lambda u: math.exp(-u)}
    assert theory.mt_g_inf_mean(t, **number) == pytest.approx(from_empty, rel=1e-8)
    assert theory.mt_g_inf_mean(t, empty_at=t - 60, **number) == pytest.approx(always, rel=1e-8)


def test_office_hours_with_fixed_stays():
    """Ten arrivals an hour from 9 to 17 h that stay 2 h: at 10 h ten are there, at 12 h twenty, at 18 h ten."""

    def number_at(t: float) -> float:
        return theory.mt_g_inf_mean(
            t,
            rate=lambda s: 10.0 if 9 <= s < 17 else 0.0,
            survival=lambda u: 1.0 if u < 2 else 0.0,
            breaks=[9.0, 17.0, t - 2.0],
        )

    assert [number_at(t) for t in (8.0, 10.0, 12.0, 18.0, 20.0)] == pytest.approx([0.0, 10.0, 20.0, 10.0, 0.0])


def test_a_steady_flow_obeys_little_s_law():
    """Lognormal stays, after 60 of their means: rate times mean stay."""
    median, sigma = 2.0, 0.5

    def survival(u: float) -> float:
        return 0.5 * math.erfc(math.log(u / median) / sigma / math.sqrt(2)) if u > 0 else 1.0

    mean = theory.lognormal_mean(median, sigma=sigma)
    number = theory.mt_g_inf_mean(120.0, rate=lambda s: 7.0, survival=survival, breaks=[90.0, 110.0])
    assert number == pytest.approx(7.0 * mean, rel=1e-7)


def test_conversion_is_the_product_of_the_stages():
    assert theory.conversion([]) == 1.0
    assert theory.conversion([0.47, 0.3, 0.5]) == pytest.approx(0.0705)
    with pytest.raises(ValueError, match=r"within 0\.\.1, got 1\.2"):
        theory.conversion([0.5, 1.2])


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
def test_lognormal_quantiles_invert_the_distribution(p: float):
    value = theory.lognormal_quantile(p, median=20.0, sigma=0.7)
    assert 0.5 * math.erfc(-math.log(value / 20.0) / 0.7 / math.sqrt(2)) == pytest.approx(p)


def test_impossible_queues_are_refused():
    with pytest.raises(ValueError, match="reps >= 1"):
        theory.erlang_c(per_hour=1.0, handling_hours=1.0, reps=0)
    with pytest.raises(ValueError, match="patience_hours"):
        theory.erlang_a(per_hour=1.0, handling_hours=1.0, reps=1, patience_hours=0.0)
    with pytest.raises(ValueError, match="every rate"):
        theory.cobham_mean_waits([1.0, -1.0], handling_hours=1.0, reps=1)
