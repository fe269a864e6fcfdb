"""Degenerate settings with known answers: the queue, the funnel and the day's load that theory predicts.

Each starts after 50 relaxation times, runs until the standard error is at most 1 % of theory, and must then lie
within four standard errors. Waits of a loaded queue vary so slowly that this would take minutes. Most of it is
explained by how many leads came, how long their calls were, and how long these very leads would wait for one rep three
times as fast; all three have known means (the last by Pollaczek and Khinchine), so they serve as control variates
(Lavenberg and Welch 1981, Management Science 27(3)).
"""

from __future__ import annotations

import math
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from funnelsim import theory
from funnelsim.calendar import Clock
from funnelsim.config.load import load_scenario
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import Played, draw
from funnelsim.records import Result, Row, State, Tier

from .both import play_both
from .hand import HOUR, people, told, verdicts

ORACLES = Path(__file__).parents[2] / "configs" / "oracles"


@lru_cache
def oracle(name: str) -> Scenario:
    return load_scenario(ORACLES / f"{name}.toml")


def played(name: str, replication: int) -> Played:
    return play_both(oracle(name), draw(oracle(name), replication))


def controlled(y: Any, *controls: tuple[Any, float]) -> tuple[float, float]:
    """Return the mean of batches `y` and its standard error, by regression on controls with known means."""
    values = np.asarray(y, dtype=float)
    design = np.column_stack([np.ones(values.size), *(np.asarray(c) / mean - 1.0 for c, mean in controls)])
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ values
    residual = values - design @ fitted
    variance = residual @ residual / (values.size - design.shape[1])
    return float(fitted[0]), math.sqrt(variance * inverse[0, 0])


def agrees(estimate: float, error: float, expected: float) -> None:
    assert error <= 0.01 * expected, f"standard error {error / expected:.2%} of theory"
    assert abs(estimate - expected) <= 4 * error, f"{estimate:.5f} +- {error:.5f}, theory {expected:.5f}"


def batches(name: str, *, replications: int, per_replication: int) -> list[dict[str, Any]]:
    """Return the calls handed over in each batch of the measured time: waits, waiting or not, tiers, lengths."""
    result = []
    for r in range(replications):
        p = played(name, r)
        log, clock = p.touches, Clock.of(p.scenario.run)
        calls = np.flatnonzero(log.kind == Row.CALL)
        calls = calls[np.argsort(log.available_at[calls], kind="stable")]
        at = log.available_at[calls]
        one_rep = waits_for_one(at, p.leads.call_ms[0, log.lead[calls]] / 3) / HOUR
        edges = np.linspace(clock.measured_from, clock.measured_until, per_replication + 1)
        for low, high in pairwise(edges):
            mine = (at >= low) & (at < high)
            rows = calls[mine]
            left = np.where(log.start[rows] >= 0, log.start[rows], log.end[rows])
            result.append({
                "n": rows.size, "hours": (high - low) / HOUR, "wait": (left - log.queued_at[rows]) / HOUR,
                "tier": log.tier[rows], "abandoned": log.result[rows] == Result.ABANDONED,
                "call": p.leads.call_ms[0, log.lead[rows]] / HOUR, "one_rep": one_rep[mine],
            })  # fmt: skip
    return result


def test_every_wait_is_that_of_the_recursion_for_three_reps_to_the_millisecond():
    """First come, first served: each call begins when it comes or when the first of three is free, if that is later.

    Kiefer and Wolfowitz (1955, Transactions of the American Mathematical Society 78(1)).
    """
    scenario = oracle("mm3")
    scenario = scenario.model_copy(update={"run": scenario.run.model_copy(update={"horizon_days": 10})})
    p = play_both(scenario, draw(scenario, 0))
    end, log = Clock.of(scenario.run).end, p.touches
    calls = log.kind == Row.CALL
    begun = dict(zip(log.lead[calls].tolist(), log.start[calls].tolist(), strict=True))

    free = [0, 0, 0]
    for i, (created, length) in enumerate(zip(p.leads.created.tolist(), p.leads.call_ms[0].tolist(), strict=True)):
        start = max(created, heappop(free))
        heappush(free, start + length)
        assert begun[i] == (start if start < end else -1)
    assert p.leads.n > 7_000


def waits_for_one(at: Any, length: Any) -> Any:
    """Return each wait for one rep who serves in order of arrival (Lindley's recursion)."""
    surplus = np.concatenate(([0.0], np.cumsum(length[:-1] - np.diff(at))))
    return surplus - np.minimum.accumulate(surplus)


def three_controls(done: list[dict[str, Any]]) -> list[tuple[list[float], float]]:
    """Return the controls of a queue of three reps, 10 leads an hour and exponential calls of a quarter of an hour."""
    one_rep = theory.pollaczek_khinchine_mean_wait(per_hour=10.0, handling_hours=0.25 / 3, squared_variation=1.0)
    return [
        ([b["n"] / b["hours"] for b in done], 10.0),
        ([b["call"].mean() for b in done], 0.25),
        ([b["one_rep"].mean() for b in done], one_rep),
    ]


@pytest.mark.slow
def test_the_queue_is_that_of_erlang_c():
    done = batches("mm3", replications=2, per_replication=12)

    waited = controlled([(b["wait"] > 0).mean() for b in done], *three_controls(done))
    wait = controlled([b["wait"].mean() for b in done], *three_controls(done))

    agrees(*waited, theory.erlang_c(per_hour=10.0, handling_hours=0.25, reps=3))
    agrees(*wait, theory.erlang_c_mean_wait(per_hour=10.0, handling_hours=0.25, reps=3))


@pytest.mark.slow
def test_those_who_lose_patience_are_those_of_erlang_a():
    expected = theory.erlang_a(per_hour=14.0, handling_hours=0.25, reps=3, patience_hours=0.5)
    done = batches("erlang_a", replications=1, per_replication=40)
    counts = ([b["n"] / b["hours"] for b in done], 14.0)
    lengths = ([b["call"].mean() for b in done], 0.25)

    abandoned = controlled([b["abandoned"].mean() for b in done], counts, lengths)
    queue = controlled([b["wait"].sum() / b["hours"] for b in done], counts, lengths)

    agrees(*abandoned, expected.abandoned)
    agrees(*queue, expected.mean_queue)


@pytest.mark.slow
def test_the_waits_of_two_tiers_are_those_of_cobham():
    urgent, other = theory.cobham_mean_waits([4.0, 6.0], handling_hours=0.25, reps=3)
    done = batches("priority", replications=3, per_replication=12)
    share = ([(b["tier"] == Tier.A).mean() for b in done], 0.4)

    first = controlled([b["wait"][b["tier"] == Tier.A].mean() for b in done], *three_controls(done), share)
    second = controlled([b["wait"][b["tier"] == Tier.B].mean() for b in done], *three_controls(done), share)

    agrees(*first, urgent)
    agrees(*second, other)


@pytest.mark.slow
def test_without_a_queue_the_funnel_is_the_product_of_its_conversions():
    reached = 1.0 - (1.0 - 0.3) ** 3
    stages = {"mql": 0.6, "talk": reached, "sql": 0.5, "won": 0.25}
    passed: dict[str, list[float]] = {name: [] for name in stages}
    for r in range(6):
        p = played("conversions", r)
        clock, o = Clock.of(p.scenario.run), p.outcomes
        mine = (p.leads.created >= clock.measured_from) & (p.leads.created < clock.measured_until)
        halves = (p.leads.created[mine] * 4 // clock.measured_until).astype(int)
        for name, flag in (("mql", o.mql_at >= 0), ("talk", o.first_talk_at >= 0), ("sql", o.sql_at >= 0),
                           ("won", o.state == State.WON)):  # fmt: skip
            passed[name] += (np.bincount(halves, weights=flag[mine]) / np.bincount(halves)).tolist()

    shares = list(stages.values())
    for depth, (name, values) in enumerate(passed.items(), start=1):
        error = float(np.std(values, ddof=1) / math.sqrt(len(values)))
        assert name in stages
        agrees(float(np.mean(values)), error, theory.conversion(shares[:depth]))


@pytest.mark.slow
def test_without_a_queue_the_load_follows_the_day_as_in_mt_g_infinity():
    scenario = oracle("mtginf")
    weights = scenario.market.shape.hour_weights
    rate = [10.0 * w * 24 / sum(weights) for w in weights]
    sigma, mean = 0.8, 2.0
    length = stats.lognorm(s=sigma, scale=mean * math.exp(-(sigma**2) / 2))
    found = []
    for r in range(2):
        p = played("mtginf", r)
        clock = Clock.of(p.scenario.run)
        days = np.arange(clock.measured_from, clock.measured_until, 24 * HOUR)
        calls = p.touches.kind == Row.CALL
        begun, ended = np.sort(p.touches.start[calls]), np.sort(p.touches.end[calls])
        at = days[:, None] + np.arange(24)[None, :] * HOUR
        assert (p.touches.start[calls] == p.touches.queued_at[calls]).all()  # nobody ever waits
        found.append(np.searchsorted(begun, at, side="right") - np.searchsorted(ended, at, side="right"))
    number = np.concatenate(found)  # (days, 24)

    expected = np.array([
        theory.mt_g_inf_mean(
            hour + 240.0, rate=lambda t: rate[int(t) % 24], survival=lambda s: float(length.sf(s)),
            breaks=[float(b) for b in range(1, hour + 240)],
        )
        for hour in range(24)
    ])  # fmt: skip
    daily = number.mean(axis=1)
    agrees(float(daily.mean()), float(daily.std(ddof=1) / math.sqrt(daily.size)), float(expected.mean()))
    errors = number.std(axis=0, ddof=1) / math.sqrt(number.shape[0])
    assert (np.abs(number.mean(axis=0) - expected) <= 4 * errors).all()
    assert (errors <= 0.03 * expected).all()
    # Poisson: the variance is the mean.
    assert number.var(axis=0, ddof=1) == pytest.approx(number.mean(axis=0), rel=4 * math.sqrt(2 / number.shape[0]))


def test_of_1066_leads_all_are_worked_six_times_and_four_calls_are_left():
    """4 reps x 80 calls x 20 days = 6,400 = 6 x 1,066 + 4; of 1,067 exactly one, the last of the lower tier, is not.

    The four calls left are those of four reps in the last six minutes: the one lead can be given one of them.
    """
    scenario = oracle("capacity_1066")
    for n in (1_066, 1_067):
        leads = people(list(range(n)), touches=6, call_ms=6 * 60_000)
        last = np.full(n, Tier.A)
        last[1_066:] = Tier.C
        story = told(scenario, leads, verdicts(leads, tier=last))

        log = story.log
        made = np.bincount(log.lead[(log.kind == Row.CALL) & (log.start >= 0)], minlength=n)
        exhausted = story.outcomes.state == State.EXHAUSTED
        assert (made[:1_066] == 6).all()
        assert exhausted[:1_066].all()
        assert made[1_066:].tolist() == [1] * (n - 1_066)
        assert 6_400 - made[:1_066].sum() == 4
        assert not exhausted[1_066:].any()
