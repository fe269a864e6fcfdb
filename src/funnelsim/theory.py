"""Closed forms with which the simulation is compared: queues, funnels and lengths of time.

Rates are per hour and lengths in hours. Every queue has Poisson arrivals and reps who are alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from scipy import integrate, special


def erlang_b(offered: float, *, reps: int) -> float:
    """Return the share of arrivals lost where nobody can wait (M/G/c/c).

    Erlang (1917); by the stable recursion of Jagerman (1974, Bell System Technical Journal 53(3)).

    Args:
        offered: Offered load in erlangs (arrivals per hour times hours each), >= 0.
        reps: Number of reps, >= 0.

    >>> erlang_b(2.0, reps=2)
    0.4
    """
    if reps < 0 or offered < 0:
        raise ValueError(f"reps and offered must be >= 0, got {reps} and {offered}")
    blocked = 1.0
    for c in range(1, reps + 1):
        blocked = offered * blocked / (c + offered * blocked)
    return blocked


def erlang_c(*, per_hour: float, handling_hours: float, reps: int) -> float:
    """Return the probability that an arrival has to wait (M/M/c); 1 where the reps cannot keep up.

    Erlang (1917); Gross, Shortle, Thompson & Harris (2008), Fundamentals of Queueing Theory, section 2.3.

    Args:
        per_hour: Arrivals per hour, > 0.
        handling_hours: Mean of the exponential handling time, > 0.
        reps: Number of reps, >= 1.

    >>> round(erlang_c(per_hour=10.0, handling_hours=0.25, reps=3), 5)
    0.70225
    """
    _check_queue(per_hour, handling_hours, reps)
    offered = per_hour * handling_hours
    if offered >= reps:
        return 1.0
    blocked = erlang_b(offered, reps=reps)
    return blocked / (1.0 - offered / reps * (1.0 - blocked))


def erlang_c_mean_wait(*, per_hour: float, handling_hours: float, reps: int) -> float:
    """Return the mean wait in hours, those who do not wait included (M/M/c); inf where the reps cannot keep up.

    Arguments and sources as for `erlang_c`.

    >>> round(erlang_c_mean_wait(per_hour=10.0, handling_hours=0.25, reps=3), 5)
    0.35112
    """
    waiting = erlang_c(per_hour=per_hour, handling_hours=handling_hours, reps=reps)
    spare = reps / handling_hours - per_hour
    return waiting / spare if spare > 0 else math.inf


def erlang_c_wait_exceeds(hours: float, *, per_hour: float, handling_hours: float, reps: int) -> float:
    """Return the probability that an arrival waits longer than `hours` >= 0, first come first served (M/M/c).

    Other arguments and sources as for `erlang_c`.

    >>> round(erlang_c_wait_exceeds(0.5, per_hour=10.0, handling_hours=0.25, reps=3), 5)
    0.25834
    """
    waiting = erlang_c(per_hour=per_hour, handling_hours=handling_hours, reps=reps)
    return waiting * math.exp(-max(reps / handling_hours - per_hour, 0.0) * hours)


@dataclass(frozen=True, slots=True)
class ErlangA:
    """The stationary M/M/c+M queue."""

    waiting: float  # probability that an arrival finds every rep busy
    abandoned: float  # share of arrivals that leave before they are served
    mean_queue: float  # mean number waiting
    mean_wait_hours: float  # mean time in the queue, served or not


def erlang_a(*, per_hour: float, handling_hours: float, reps: int, patience_hours: float) -> ErlangA:
    """Return the M/M/c+M queue, in which those who wait lose patience; stable under any load.

    Palm (1957); Garnett, Mandelbaum & Reiman (2002, Manufacturing & Service Operations Management 4(3)). The stationary
    probabilities of the birth-death chain are summed until the rest is below 1e-16 of the whole.

    Args:
        per_hour: Arrivals per hour, > 0.
        handling_hours: Mean of the exponential handling time, > 0.
        reps: Number of reps, >= 1.
        patience_hours: Mean of the exponential patience in the queue, > 0.

    >>> queue = erlang_a(per_hour=14.0, handling_hours=0.25, reps=3, patience_hours=0.5)
    >>> round(queue.abandoned, 5), round(queue.mean_queue, 5)
    (0.24718, 1.73028)
    """
    _check_queue(per_hour, handling_hours, reps)
    if not patience_hours > 0:
        raise ValueError(f"patience_hours must be > 0, got {patience_hours}")
    weight, total, busy, queued = 1.0, 1.0, 0.0, 0.0
    n = 0
    while True:
        n += 1
        leaving = min(n, reps) / handling_hours + max(n - reps, 0) / patience_hours
        weight *= per_hour / leaving
        total += weight
        if n >= reps:
            busy += weight
            queued += (n - reps) * weight
        # Past the peak the ratio of neighbours only falls, so the rest is less than a geometric series.
        falling = per_hour / (leaving + 1 / patience_hours)
        if n > reps and falling < 1 and n * weight < 1e-18 * (1 - falling) ** 2 * total:
            break
        if total > 1e200:
            weight, total, busy, queued = weight / total, 1.0, busy / total, queued / total
    mean_queue = queued / total
    return ErlangA(
        waiting=busy / total,
        abandoned=mean_queue / patience_hours / per_hour,
        mean_queue=mean_queue,
        mean_wait_hours=mean_queue / per_hour,
    )


def cobham_mean_waits(per_hour: Sequence[float], *, handling_hours: float, reps: int) -> tuple[float, ...]:
    """Return the mean wait in hours of each class, the most urgent first: non-preemptive priorities, M/M/c.

    Cobham (1954, Operations Research 2(1)). A class is waited for without end (inf) where it and those above it are
    more than the reps can do; those above it still have finite waits.

    Args:
        per_hour: Arrivals per hour of each class, each >= 0, in all > 0.
        handling_hours: Mean of the exponential handling time, the same for every class, > 0.
        reps: Number of reps, >= 1.

    >>> [round(wait, 4) for wait in cobham_mean_waits([4.0, 6.0], handling_hours=0.25, reps=3)]
    [0.0878, 0.5267]
    """
    if min(per_hour, default=-1.0) < 0:
        raise ValueError(f"every rate must be >= 0, and there must be one, got {list(per_hour)}")
    all_busy = erlang_c(per_hour=sum(per_hour), handling_hours=handling_hours, reps=reps)
    until_one_is_free = all_busy * handling_hours / reps
    spare = [1.0 - rate * handling_hours / reps for rate in accumulate(per_hour, initial=0.0)]
    return tuple(
        until_one_is_free / (above * with_it) if with_it > 0 else math.inf for above, with_it in pairwise(spare)
    )


def pollaczek_khinchine_mean_wait(*, per_hour: float, handling_hours: float, squared_variation: float) -> float:
    """Return the mean wait in hours for one rep and any handling time (M/G/1); inf where the rep cannot keep up.

    Pollaczek (1930), Khinchine (1932).

    Args:
        per_hour: Arrivals per hour, > 0.
        handling_hours: Mean handling time, > 0.
        squared_variation: Variance of the handling time over its squared mean (0 fixed, 1 exponential,
            exp(sigma^2) - 1 lognormal), >= 0.

    >>> pollaczek_khinchine_mean_wait(per_hour=1.0, handling_hours=0.5, squared_variation=0.0)
    0.25
    """
    _check_queue(per_hour, handling_hours, 1)
    load = per_hour * handling_hours
    if load >= 1:
        return math.inf
    return load * handling_hours * (1.0 + squared_variation) / (2.0 * (1.0 - load))


def mt_g_inf_mean(
    hours: float,
    *,
    rate: Callable[[float], float],
    survival: Callable[[float], float],
    empty_at: float = 0.0,
    breaks: Sequence[float] = (),
) -> float:
    """Return the mean number in a system without queueing whose arrival rate varies (M_t/G/infinity).

    m(t) = integral of rate(s) * survival(t - s) over s from `empty_at` to t: Eick, Massey & Whitt (1993, Operations
    Research 41(4)). Integrated piece by piece between `breaks`.

    Args:
        hours: The time t at which it is asked.
        rate: Arrivals per hour at a time in hours.
        survival: Probability that a stay is longer than a number of hours >= 0.
        empty_at: When the system was last empty; -inf for a system that has always run.
        breaks: Times at which `rate` jumps, or `survival` does as seen from t, in any order.

    >>> round(mt_g_inf_mean(1.0, rate=lambda s: 3.0, survival=lambda u: math.exp(-u)), 6)
    1.896362
    """
    if hours <= empty_at:
        return 0.0
    ends = [empty_at, *sorted(b for b in breaks if empty_at < b < hours), hours]
    return math.fsum(
        integrate.quad(lambda s: rate(s) * survival(hours - s), low, high, limit=500)[0] for low, high in pairwise(ends)
    )


def conversion(shares: Iterable[float]) -> float:
    """Return the share that passes every stage: the product of the stages' shares, each within 0..1.

    >>> conversion([0.5, 0.6, 0.5])
    0.15
    """
    passed = 1.0
    for share in shares:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a share must be within 0..1, got {share}")
        passed *= share
    return passed


def lognormal_mean(median: float, *, sigma: float) -> float:
    """Return the mean of a lognormal length of median `median` and standard deviation `sigma` of its logarithm.

    >>> round(lognormal_mean(20.0, sigma=0.7), 3)
    25.552
    """
    return median * math.exp(sigma**2 / 2)


def lognormal_quantile(p: float, *, median: float, sigma: float) -> float:
    """Return the value that a lognormal length does not exceed with probability `p` in 0..1.

    >>> lognormal_quantile(0.5, median=20.0, sigma=0.7)
    20.0
    """
    return median * math.exp(sigma * float(special.ndtri(p)))


def _check_queue(per_hour: float, handling_hours: float, reps: int) -> None:
    if not (per_hour > 0 and handling_hours > 0 and reps >= 1):
        raise ValueError(
            f"per_hour and handling_hours must be > 0 and reps >= 1, got {per_hour}, {handling_hours} and {reps}"
        )
