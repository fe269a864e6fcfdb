"""Selecting the best of k systems with a guarantee: subset selection, the KN procedure, and OCBA for a fixed budget.

More is better throughout; turn the sign of what should be small. A system's values are independent from replication to
replication, and paired differences are near normal (means over a window of a simulation are; revenue of few deals held
against that of many is not quite, see `skewed_differences`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as scipy_stats

from funnelsim.records import Bool, Float64, Int64

Play = Callable[[Int64, int], Float64]
"""Plays replication r of the systems named and returns their values, one each."""


def subset(samples: ArrayLike, *, confidence: float = 0.95, indifference: float = 0.0) -> Bool:
    """Return which systems may be the best: the best one is among them with at least `confidence`.

    Screening by paired differences: system i stays where no other j is ahead by more than
    max(t s_ij / sqrt(n) - indifference, 0), with t the quantile of 1 - (1 - confidence) / (k - 1) on n - 1 degrees:
    Nelson, Swann, Goldsman & Song (2001, Operations Research 49(6)), after Gupta (1965, Technometrics 7(2)), with
    paired variances and Bonferroni's level in place of theirs, which common random numbers ask for.

    Args:
        samples: (n, k), a row a replication common to all systems; n >= 2.
        confidence: Probability that the best is kept, within 0..1.
        indifference: Differences up to this do not matter, in the values' unit, >= 0; the guarantee is then for a best
            that is ahead of all others by at least this.

    Returns:
        (k,), at least one true.
    """
    values = _table(samples)
    n, k = values.shape
    if k == 1:
        return np.ones(1, dtype=np.bool_)
    quantile = float(scipy_stats.t.ppf(1 - (1 - confidence) / (k - 1), n - 1))
    mean = values.mean(axis=0)
    reach = np.maximum(quantile * np.sqrt(_pair_variances(values) / n) - indifference, 0.0)
    stays: Bool = np.asarray((mean[:, None] >= mean[None, :] - reach).all(axis=1))
    return stays


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """The system that was selected, and what it cost."""

    best: int
    replications: Int64  # (k,) of each system
    left: tuple[int, ...]  # systems still in the race at the end, the selected one among them


def kim_nelson(
    play: Play, *, systems: int, indifference: float, confidence: float = 0.95, first: int = 10, at_most: int = 100_000
) -> Selected:
    """Return the best system: with at least `confidence` where it is ahead of all others by `indifference` or more.

    The procedure KN of Kim & Nelson (2001, ACM TOMACS 11(3)), with c = 1: all systems are played in the same
    replications, and one is dropped as soon as another is ahead of it by more than a bound that shrinks with their
    number. It allows for common random numbers, and gains by them, as it looks at the variances of differences.

    Args:
        play: Plays replication r of some systems.
        systems: How many, >= 1, numbered from 0.
        indifference: The smallest difference worth detecting, in the values' unit, > 0.
        confidence: Probability of a correct selection, above 1 / systems and below 1.
        first: Replications before anything is dropped, >= 2.
        at_most: Replications at which it gives up and takes the one that leads; the guarantee is then void, and more
            than one system is left.

    Raises:
        ValueError: where an argument is out of range.
    """
    sure = 1 / systems < confidence < 1 if systems > 1 else systems == 1
    if not (indifference > 0 and first >= 2 and sure and at_most >= first):
        raise ValueError("KN needs indifference > 0, first >= 2, at_most >= first, and 1 / systems < confidence < 1")
    everyone = np.arange(systems, dtype=np.int64)
    values = np.array([play(everyone, r) for r in range(first)], dtype=np.float64)
    if systems == 1:
        return Selected(0, np.full(1, first, dtype=np.int64), (0,))
    eta = 0.5 * ((2 * (1 - confidence) / (systems - 1)) ** (-2 / (first - 1)) - 1)
    bound = 2 * eta * (first - 1) * _pair_variances(values) / indifference  # h^2 S^2 / delta
    total, played = values.sum(axis=0), np.full(systems, first, dtype=np.int64)
    left, r = everyone, first
    while True:
        ahead = total[left][None, :] - total[left][:, None]  # of the row's system, by the column's
        reach = np.maximum((bound[np.ix_(left, left)] - indifference * r) / 2, 0.0)
        keeps = (ahead <= reach).all(axis=1)
        left = left[keeps]  # the one that leads is always among them
        if left.size == 1 or r >= at_most or (reach == 0.0).all():
            break
        total[left] += play(left, r)
        played[left] += 1
        r += 1
    return Selected(int(left[np.argmax(total[left])]), played, tuple(left.tolist()))


def ocba(means: ArrayLike, deviations: ArrayLike, *, budget: int) -> Int64:
    """Return how to share `budget` replications among systems so that the best is told with most probability.

    Optimal computing budget allocation: Chen, Lin, Yucesan & Chick (2000, Discrete Event Dynamic Systems 10(3)). Of the
    others n_i is as (s_i / d_i)^2, d_i how far they are behind the best; of the best n_b = s_b sqrt(sum n_i^2 / s_i^2).
    For systems played independently: it knows nothing of common random numbers.

    Args:
        means: (k,) as known so far; a system that ties with the best counts as a thousandth of the spread behind.
        deviations: (k,) standard deviations, >= 0.
        budget: Replications in all, those already played included.

    Returns:
        (k,) whole numbers >= 0 that add up to `budget`.
    """
    mean, deviation = np.asarray(means, dtype=np.float64), np.asarray(deviations, dtype=np.float64)
    if mean.ndim != 1 or mean.shape != deviation.shape or mean.size == 0 or (deviation < 0).any() or budget < 0:
        raise ValueError("means and deviations must be equally long lists, deviations and budget >= 0")
    if mean.size == 1:
        return np.array([budget], dtype=np.int64)
    best = int(np.argmax(mean))
    behind = mean[best] - mean
    scale = float(behind.max()) or 1.0
    behind = np.maximum(behind / scale, 1e-3)
    spread = deviation / (float(deviation.max()) or 1.0)
    spread = np.maximum(spread, 1e-9)
    share = (spread / behind) ** 2
    share[best] = 0.0
    share[best] = spread[best] * math.sqrt(float(((share / spread) ** 2).sum()))
    exact = budget * share / share.sum()
    whole: Int64 = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")  # the largest remainder first
    whole[order[: budget - int(whole.sum())]] += 1
    return whole


def starved(behind: ArrayLike, deviations: ArrayLike, played: ArrayLike, *, more: int) -> Int64:
    """Return how many of `more` replications each system gets where all are played in the same ones.

    One at a time to the system of which it is least sure that it is behind the leader, and to the leader itself where
    that one has no more of them yet: a replication that the leader was not played in tells no difference. The sureness
    is n_i (d_i / s_i)^2, d_i how far it is behind, s_i the deviation of the paired difference: at the end the rates at
    which false selections die out are equal, which Glynn & Juneja (2004, Winter Simulation Conference) show to be the
    best; with common random numbers after Fu, Hu, Chen & Xiong (2007, INFORMS Journal on Computing 19(1)).

    Args:
        behind: (k,) estimated distances to the leader, >= 0; 0 for the leader, the first of those with 0.
        deviations: (k,) standard deviations of the paired differences to the leader, >= 0.
        played: (k,) replications so far.
        more: Replications to share, >= 0.

    Returns:
        (k,) whole numbers >= 0. They add up to `more`, or are all 0 where nothing varies and more would tell nothing.
    """
    distance, deviation = np.asarray(behind, dtype=np.float64), np.asarray(deviations, dtype=np.float64)
    counts: Int64 = np.array(played, dtype=np.int64)
    if distance.ndim != 1 or distance.shape != deviation.shape or distance.shape != counts.shape or more < 0:
        raise ValueError("behind, deviations and played must be equally long lists, and more >= 0")
    leader, before = int(np.argmax(distance == 0.0)), counts.copy()
    varies = deviation > 0.0
    varies[leader] = False
    if not varies.any():
        return counts - before
    sureness = np.full(distance.shape, np.inf)
    sureness[varies] = (distance[varies] / deviation[varies]) ** 2
    for _ in range(more):
        # Of those that are equally sure the one with the fewest replications.
        least = int(np.lexsort((counts, np.where(varies, counts * sureness, np.inf)))[0])
        counts[leader if counts[least] >= counts[leader] else least] += 1
    return counts - before


def probability_correct(samples: Sequence[ArrayLike], *, selected: int, indifference: float = 0.0) -> float:
    """Return the approximate probability of correct selection (APCS): estimated, not guaranteed.

    That no system is ahead of the selected one: one minus the sum over the others of the one-sided p-value of a paired
    t-test on the replications that both were played in (Bonferroni): Chen, Lin, Yucesan & Chick (2000), with paired
    differences. It is estimated from the same replications that selected, and the leader was also a little lucky there.

    Args:
        samples: Values of each system in replications 0, 1, ..., 2 or more of each; they may differ in length.
        selected: Which one.
        indifference: Being behind by up to this counts as correct, >= 0.

    Returns:
        Within 0..1. A system that equals the selected one in every replication takes nothing off.
    """
    best, wrong = np.asarray(samples[selected], dtype=np.float64), 0.0
    for at, values in enumerate(samples):
        other = np.asarray(values, dtype=np.float64)
        n = min(best.size, other.size)
        if n < 2:
            raise ValueError("each system must have 2 replications or more")
        ahead = best[:n] - other[:n]
        if at == selected or (ahead == 0.0).all():
            continue
        margin, error = float(ahead.mean()) + indifference, float(ahead.std(ddof=1)) / math.sqrt(n)
        if error == 0.0:
            wrong += float(margin < 0)
        else:
            wrong += float(scipy_stats.t.sf(margin / error, n - 1))
    return max(0.0, 1.0 - wrong)


def skewed_differences(
    samples: Sequence[ArrayLike], *, selected: int, level: float = 0.01, least: float = 1.0
) -> dict[int, float]:
    """Return the skewness of the paired differences to the selected system where it is beyond doubt and large.

    The guarantee of KN supposes differences near normal. Of two systems that are skewed alike they are, near enough:
    what one has in excess the other takes away. Where one has rare large values and another has not, they are not.
    Tested by D'Agostino (1970, Biometrika 57(3)) at `level` over all the others (Bonferroni).

    Args:
        samples: Values of each system in replications 0, 1, ...; they may differ in length.
        selected: Which one.
        level: Probability that normal differences are told of, within 0..1.
        least: Skewness up to this does not matter, >= 0.

    Returns:
        By system; none of fewer than 8 common replications, which the test needs.
    """
    best = np.asarray(samples[selected], dtype=np.float64)
    found = {}
    for at, values in enumerate(samples):
        other = np.asarray(values, dtype=np.float64)
        n = min(best.size, other.size)
        ahead = best[:n] - other[:n]
        if at == selected or n < 8 or np.ptp(ahead) <= 1e-12 * np.abs(best).max(initial=0.0):
            continue
        skewness = float(scipy_stats.skew(ahead, bias=False))
        if abs(skewness) > least and scipy_stats.skewtest(ahead).pvalue * (len(samples) - 1) <= level:
            found[at] = skewness
    return found


def _table(samples: ArrayLike) -> Float64:
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 1 or not np.isfinite(values).all():
        raise ValueError(f"samples must be (2 or more replications, systems) and finite, got shape {values.shape}")
    return values


def _pair_variances(values: Float64) -> Float64:
    """Return (k, k) the sample variance of the difference of each pair of columns; 0 on the diagonal."""
    found: Float64 = (values[:, :, None] - values[:, None, :]).var(axis=0, ddof=1)
    return found
