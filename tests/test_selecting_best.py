"""Selecting the best: correct selection at least as often as promised where it is hardest, and rules by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from funnelsim.selecting_best import kim_nelson, ocba, probability_correct, skewed_differences, starved, subset


def not_below(times: int, of: int, nominal: float) -> bool:
    """Return whether a share is not significantly below `nominal`: within 2.33 standard errors, 99 % one-sided."""
    return times / of >= nominal - 2.33 * math.sqrt(nominal * (1 - nominal) / of)


def slipped(k: int, by: float) -> np.ndarray:
    """Return the slippage configuration: the last is ahead of all others, which are equal, by just `by`."""
    means = np.zeros(k)
    means[-1] = by
    return means


def luck(shape: tuple[int, ...], rng: np.random.Generator, *, common: float) -> np.ndarray:
    """Return normal values of variance 1, a share `common` of it shared by all systems of a replication."""
    shared = rng.normal(size=(*shape[:-1], 1))
    return math.sqrt(common) * shared + math.sqrt(1 - common) * rng.normal(size=shape)


def test_a_subset_by_hand():
    """Differences 0-1: 1, 3 (mean 2, s^2 2); t(0.95, 1) = 6.314 with two systems: 6.314 sqrt(2 / 2) = 6.314 > 2."""
    samples = np.array([[1.0, 0.0], [3.0, 0.0]])

    assert subset(samples).tolist() == [True, True]
    # t(0.7, 1) = 0.7265 < 2: out; an indifference narrows the reach the same way.
    assert subset(samples, confidence=0.7).tolist() == [True, False]
    assert subset(samples, indifference=5.0).tolist() == [True, False]
    assert subset(samples, indifference=4.0).tolist() == [True, True]
    assert subset([[1.0], [2.0]]).tolist() == [True]
    assert subset([[1.0, 1.0], [2.0, 2.0]]).tolist() == [True, True]


@pytest.mark.parametrize("common", [0.0, 0.8])
def test_the_best_is_in_the_subset_as_often_as_promised_when_all_are_equal(common):
    """Where all means are equal (the hardest case without an indifference) the last must stay in 90 of 100."""
    rng = np.random.default_rng(1)
    kept = sum(bool(subset(luck((12, 5), rng, common=common), confidence=0.9)[-1]) for _ in range(1_000))

    assert not_below(kept, 1_000, 0.9)
    assert kept < 995  # a screen that lets everything through would pass the line above


def test_common_random_numbers_make_the_subset_smaller():
    rng = np.random.default_rng(2)
    sizes = [
        np.mean([subset(slipped(8, 0.5) + luck((15, 8), rng, common=c)).sum() for _ in range(200)]) for c in (0.0, 0.9)
    ]

    assert sizes[1] < sizes[0] - 2


@pytest.mark.parametrize("common", [0.0, 0.8])
def test_kn_selects_the_best_as_often_as_promised_on_the_slippage_configuration(common):
    """Five systems, the best ahead by the indifference; its guarantee must hold with and without common luck."""
    rng = np.random.default_rng(3)
    means, correct, cost = slipped(5, 0.6), 0, []
    for _ in range(500):
        values = means + luck((400, 5), rng, common=common)
        found = kim_nelson(lambda left, r, v=values: v[r, left], systems=5, indifference=0.6, confidence=0.9)
        correct += found.best == 4
        cost.append(int(found.replications.sum()))

    assert not_below(correct, 500, 0.9)
    # Of independent systems KN takes 10 and more replications each; with common luck a fifth of the variance is left.
    assert np.mean(cost) < (90 if common else 250)


def test_kn_drops_a_hopeless_system_at_once_and_spends_no_more_on_it():
    rng = np.random.default_rng(4)
    values = np.array([0.0, 10.0, 10.3]) + rng.normal(size=(5_000, 3))
    found = kim_nelson(lambda left, r: values[r, left], systems=3, indifference=0.3)

    assert found.replications[0] == 10
    assert found.replications[1] == found.replications[2] > 10
    assert (found.best, found.left) == (2, (2,))


def test_kn_on_what_never_differs_ends_with_one_of_them():
    found = kim_nelson(lambda left, r: np.full(left.size, float(r)), systems=3, indifference=1.0)

    assert found.best == 0
    assert found.replications.tolist() == [10, 10, 10]


def test_kn_gives_up_at_the_cap_and_shows_it():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(50, 2))
    found = kim_nelson(lambda left, r: values[r, left], systems=2, indifference=0.01, at_most=50)

    assert found.replications.tolist() == [50, 50]
    assert found.left == (0, 1)
    assert found.best == int(np.argmax(values.sum(axis=0)))


def test_ocba_by_hand():
    """Behind by 1 and 2, deviations 1: n_1 : n_2 = 1 : 1/4, n_b = sqrt(1 + 1/16) = 1.0308; of 228.08, 100, 25, 103."""
    assert ocba([3.0, 2.0, 1.0], [1.0, 1.0, 1.0], budget=228).tolist() == [103, 100, 25]


def test_ocba_spends_on_noise_and_on_rivals_and_adds_up():
    noisy = ocba([3.0, 2.0, 2.0], [1.0, 1.0, 3.0], budget=1_000)

    assert noisy[2] == pytest.approx(9 * noisy[1], abs=9)
    assert noisy.sum() == 1_000
    assert ocba([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], budget=10).sum() == 10
    assert ocba([1.0, 0.0], [0.0, 0.0], budget=5).sum() == 5
    assert ocba([1.0], [2.0], budget=7).tolist() == [7]


def test_ocba_finds_the_best_more_often_than_equal_shares():
    """Ten systems, means 0..9, all deviations 6, independent; 20 replications each to begin with, 400 in all."""
    rng = np.random.default_rng(6)
    means, trials, correct = np.arange(10.0), 1_000, {"ocba": 0, "equal": 0}
    for _ in range(trials):
        values = means + 6 * rng.normal(size=(400, 10))
        counts = np.full(10, 20, dtype=np.int64)
        while counts.sum() < 400:
            known = [values[: counts[i], i] for i in range(10)]
            wanted = ocba([v.mean() for v in known], [v.std(ddof=1) for v in known], budget=int(counts.sum()) + 50)
            more = np.maximum(wanted - counts, 0)
            spent = np.floor(more * 50 / more.sum()).astype(np.int64)
            spent[np.argmax(more)] += 50 - spent.sum()
            counts += spent
        correct["ocba"] += int(np.argmax([values[: counts[i], i].mean() for i in range(10)])) == 9
        correct["equal"] += int(np.argmax(values[:40].mean(axis=0))) == 9

    # Four standard errors of a difference of two shares near .8.
    assert correct["ocba"] - correct["equal"] > 4 * math.sqrt(2 * 0.16 * trials) / 2


@pytest.mark.parametrize("wrong", [{"indifference": 0.0}, {"first": 1}, {"confidence": 0.3}, {"at_most": 5}])
def test_kn_refuses_what_makes_no_sense(wrong):
    with pytest.raises(ValueError, match="KN needs"):
        kim_nelson(lambda left, r: np.zeros(left.size), systems=3, **({"indifference": 1.0} | wrong))


def test_what_is_no_sample_is_refused():
    with pytest.raises(ValueError, match="finite"):
        subset([[1.0, math.nan], [1.0, 2.0]])
    with pytest.raises(ValueError, match="equally long"):
        ocba([1.0, 2.0], [1.0], budget=10)


def test_starved_by_hand():
    """Sureness per replication (1/1)^2 = 1 and (2/1)^2 = 4; from 4, 4, 4 replications it goes 4, 16.

    The first of those less sure than 16 is system 1, and the leader must be there with it: leader and system 1 in turn,
    the leader first, three times each.
    """
    assert starved([0.0, 1.0, 2.0], [0.0, 1.0, 1.0], [4, 4, 4], more=6).tolist() == [3, 3, 0]
    # System 1 is as sure as system 2 with 16: 12 for either of the two, then system 2 is served as well.
    assert starved([0.0, 1.0, 2.0], [0.0, 1.0, 1.0], [4, 4, 4], more=28)[2] > 0


def test_starved_leaves_alone_what_never_differs_and_stops_where_nothing_does():
    assert starved([0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [5, 5, 5], more=10).tolist() == [5, 0, 5]
    assert starved([0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [5, 5, 5], more=10).tolist() == [0, 0, 0]
    assert starved([0.0], [0.0], [5], more=10).tolist() == [0]
    with pytest.raises(ValueError, match="equally long"):
        starved([0.0, 1.0], [1.0], [5, 5], more=1)


def test_the_probability_of_two_is_one_minus_the_paired_t_tests_p_value():
    """Differences 1, 2, 3: mean 2, s 1, t = 2 sqrt(3) = 3.4641 on two degrees: p = .0371 one-sided, by table."""
    samples = [[3.0, 4.0, 5.0, 9.0], [2.0, 2.0, 2.0]]

    assert probability_correct(samples, selected=0) == pytest.approx(1 - 0.0371, abs=5e-5)
    # Of three, what is twice doubtful counts twice (Bonferroni); an equal takes nothing off.
    assert probability_correct([*samples, samples[1]], selected=0) == pytest.approx(1 - 2 * 0.0371, abs=1e-4)
    assert probability_correct([*samples, samples[0]], selected=0) == pytest.approx(1 - 0.0371, abs=5e-5)
    # With an indifference of 1 the margin is 3: t = 5.196, p = .0175.
    assert probability_correct(samples, selected=0, indifference=1.0) == pytest.approx(1 - 0.0175, abs=5e-5)


def test_the_probability_where_nothing_varies():
    assert probability_correct([[2.0, 3.0], [1.0, 2.0]], selected=0) == 1.0
    assert probability_correct([[2.0, 3.0], [1.0, 2.0]], selected=1) == 0.0
    assert probability_correct([[2.0, 3.0], [1.0, 2.0]], selected=1, indifference=1.5) == 1.0


def test_differences_that_are_skewed_are_told_of_and_normal_ones_or_alike_ones_are_not():
    """Exponential less near-constant: skewness 2. Exponential less exponential: 0, both being skewed alike."""
    rng = np.random.default_rng(1)
    rare, alike, steady = rng.exponential(size=200), rng.exponential(size=200), rng.normal(0.0, 0.05, 200)

    found = skewed_differences([rare, alike, steady], selected=0)
    assert set(found) == {2}
    assert found[2] == pytest.approx(2.0, abs=0.8)
    assert skewed_differences([steady, rare], selected=0)[1] < -1.0
    assert skewed_differences([rare, rare, rare[:7]], selected=0) == {}


def test_normal_differences_are_called_skewed_as_seldom_as_the_level_says():
    rng = np.random.default_rng(2)
    told = sum(bool(skewed_differences(rng.normal(size=(5, 12)), selected=0, least=0.0)) for _ in range(2_000))

    # Bonferroni over four at 1 %: 2,000 cases, four standard errors.
    assert told / 2_000 < 0.01 + 4 * math.sqrt(0.01 * 0.99 / 2_000)
