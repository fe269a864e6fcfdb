"""Expectation, conditional value at risk and regret: by hand, by closed form, and intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from funnelsim.config.load import scenario_from
from funnelsim.config.paths import with_values
from funnelsim.config.state import State, in_state
from funnelsim.config.values import plain_tables
from funnelsim.lab.criteria import cvar, regrets
from funnelsim.lab.replicate import replicate
from funnelsim.lab.robust import judge, play_in_states
from funnelsim.lab.states import sobol, states_of
from funnelsim.stats import interval
from lab.small import small


def judged(means, *, weights=None, better="up", worst_share=0.5, drawn=False, replications=3):
    """Judge policies that reach the same in every replication."""
    values = np.repeat(np.asarray(means, dtype=np.float64)[:, :, None], replications, axis=2)
    states = values.shape[1]
    weights = [1 / states] * states if weights is None else weights
    return judge(
        values, measure="revenue", better=better, weights=weights, drawn=drawn, worst_share=worst_share, draws=50
    )


def estimates(found, criterion):
    return [s.estimates[criterion].estimate for s in found.standings]


def test_three_policies_in_four_states_by_hand():
    """Steady: 5 5 5 5. Bold: 12 8 2 0. Between: 8 7 4 3. The worst half of each: 5, 1, 3.5.

    Best in each state: 12 8 5 5. Regrets: steady 7 3 0 0, bold 0 0 3 5, between 4 1 1 2.
    """
    found = judged([[5, 5, 5, 5], [12, 8, 2, 0], [8, 7, 4, 3]])

    assert estimates(found, "expectation") == [5.0, 5.5, 5.5]
    assert estimates(found, "cvar") == [5.0, 1.0, 3.5]
    assert estimates(found, "regret") == [7.0, 5.0, 4.0]
    assert [found.best(c) for c in ("expectation", "cvar", "regret")] == [1, 0, 2]
    assert [found.best(c, among=(c_at,)) for c_at, c in enumerate(("expectation", "cvar", "regret"))] == [0, 1, 2]
    assert found.best("regret", among=(0, 1, 2)) == 2
    assert [s.worst_state for s in found.standings] == [0, 3, 3]
    assert [s.regret_state for s in found.standings] == [0, 3, 0]
    # Nothing varies from replication to replication, and the states are all there is: no doubt is left.
    assert all(b.low == b.estimate == b.high for s in found.standings for b in s.estimates.values())
    assert [s.differences["cvar"].estimate for s in found.standings] == [0.0, -4.0, -1.5]
    assert [s.chances["regret"] for s in found.standings] == [0.0, 0.0, 1.0]
    assert [s.chances["expectation"] for s in found.standings] == [0.0, 0.5, 0.5]


def test_where_less_is_better_the_worst_states_are_the_high_ones():
    found = judged([[1, 2, 3, 10], [4, 4, 4, 4]], better="down")

    assert estimates(found, "cvar") == [6.5, 4.0]
    assert estimates(found, "regret") == [6.0, 3.0]
    assert (found.best("expectation"), found.best("cvar"), found.best("regret")) == (0, 1, 1)


def test_a_state_across_the_edge_counts_in_part():
    """The worst 0.5 of weights .2 .4 .4: the first state and three quarters of the second, (.2 x 1 + .3 x 2) / .5."""
    values, weights = np.array([1.0, 2.0, 9.0]), np.array([0.2, 0.4, 0.4])

    assert float(cvar(values, weights, 0.5, better="up")) == pytest.approx(1.6, rel=1e-12)
    assert float(cvar(values, weights, 1.0, better="up")) == pytest.approx(0.2 + 0.8 + 3.6, rel=1e-12)
    assert float(cvar(values, weights, 0.1, better="up")) == pytest.approx(1.0, rel=1e-12)
    assert math.isnan(float(cvar(np.array([1.0, np.nan, 9.0]), weights, 0.1, better="up")))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 1.0])
def test_a_line_over_a_uniform_number_has_its_closed_form(share):
    """a + b u, u uniform: expectation a + b / 2; the worst share c has the mean a + b c / 2 (b > 0)."""
    u = sobol(1, 1024, seed=3)[:, 0]
    found = judged([10 + 4 * u, 14 - 4 * u], worst_share=share)

    assert estimates(found, "expectation") == pytest.approx([12.0, 12.0], abs=4 / 1024)
    assert estimates(found, "cvar") == pytest.approx([10 + 2 * share] * 2, abs=4 / 1024)
    assert estimates(found, "regret") == pytest.approx([4.0, 4.0], abs=8 / 1024)  # at u = 1 and at u = 0


def test_the_normal_tail_has_its_closed_form():
    """Mean of the worst c of a standard normal: -phi(z_c) / c."""
    from scipy.stats import norm

    z = norm.ppf(sobol(1, 4096, seed=1)[:, 0])
    expected = -norm.pdf(norm.ppf(0.1)) / 0.1

    assert float(cvar(z, np.full(4096, 1 / 4096), 0.1, better="up")) == pytest.approx(expected, abs=0.01)


def test_regret_is_never_negative_and_zero_for_the_best_in_each_state():
    means = np.random.default_rng(0).normal(size=(5, 7))
    found = regrets(means, better="up")

    assert (found >= 0).all()
    assert (found.min(axis=0) == 0).all()
    np.testing.assert_allclose(regrets(-means, better="down"), found)


def test_a_measure_that_is_undefined_in_a_replication_is_left_out_there_and_in_a_whole_state_is_told():
    values = np.array([[[1.0, 3.0], [np.nan, 5.0]], [[1.0, 1.0], [np.nan, np.nan]]])
    found = judge(values, measure="m", better="up", weights=[0.5, 0.5], drawn=False, worst_share=0.5, draws=20)

    assert found.standings[0].estimates["expectation"].estimate == 3.5  # of 2 and 5
    assert math.isnan(found.standings[1].estimates["expectation"].estimate)
    assert found.best("expectation") == 0


def _crossed(rng, policies=1, states=24, replications=16):
    """Draw 10 + state + luck + both; the states are drawn, the luck is common to all of them."""
    return (
        10.0
        + 2.0 * rng.normal(size=(1, states, 1))
        + 1.0 * rng.normal(size=(1, 1, replications))
        + 1.0 * rng.normal(size=(policies, states, replications))
    )


@pytest.mark.slow
def test_the_interval_of_the_expectation_covers_states_and_luck():
    """Variance of the mean: 4 / 24 + 1 / 16 + 1 / 384; intervals of the luck alone would see a quarter of it."""
    rng, n = np.random.default_rng(5), 400
    inside = blind = 0
    for _ in range(n):
        values = _crossed(rng)
        both, luck = (
            judge(
                values, measure="m", better="up", weights=[1 / 24] * 24, drawn=drawn, worst_share=0.25, draws=300
            ).standings[0].estimates["expectation"]
            for drawn in (True, False)
        )  # fmt: skip
        inside += both.low <= 10.0 <= both.high
        blind += luck.low <= 10.0 <= luck.high

    # Four standard errors of a share of .95 in 400 are .044.
    assert 0.91 <= inside / n <= 0.99
    assert blind / n < 0.8


# Three policies in four states of unequal weight; 'alike': no policy and no state differs from another.
PLANTED = {
    "apart": np.array([[10.0, 9.0, 6.0, 4.0], [9.5, 9.2, 7.5, 5.0], [9.8, 8.0, 8.0, 5.0]]),
    "alike": np.full((3, 4), 10.0),
}
WEIGHTS = np.array([0.72, 0.08, 0.18, 0.02])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["apart", "alike"])
@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("n", [5, 10, 20])
def test_all_intervals_cover_at_few_replications(kind, skewed, n):
    """Luck of a replication that all share, of a state, of a policy and of both, normal or exponential.

    Percentiles of resampled replications cover .84, .89 and .92 of the expectations at 5, 10 and 20 replications, and
    of the largest regret, where all are alike, .10 to .20.
    """
    means, runs = PLANTED[kind], 200
    truth = {
        "expectation": (means * WEIGHTS).sum(axis=1),
        "cvar": cvar(means, WEIGHTS, 0.25, better="up"),
        "regret": regrets(means, better="up").max(axis=1),
    }
    rng = np.random.default_rng(n)
    own: dict[str, list[bool]] = {c: [] for c in truth}
    ahead: dict[str, list[bool]] = {c: [] for c in truth}

    def luck(*shape):
        return rng.exponential(size=shape) - 1.0 if skewed else rng.normal(size=shape)

    for _ in range(runs):
        values = means[..., None] + luck(1, 1, n) + 0.5 * (luck(1, 4, n) + luck(3, 1, n) + luck(3, 4, n))
        found = judge(values, measure="m", better="up", weights=WEIGHTS, drawn=False, worst_share=0.25, draws=400)
        for c, true in truth.items():
            for p, standing in enumerate(found.standings):
                bounds, behind = standing.estimates[c], standing.differences[c]
                own[c].append(bounds.low <= true[p] <= bounds.high)
                if p:
                    ahead[c].append(behind.low <= true[p] - true[0] <= behind.high)

    # Three policies that share most luck: four standard errors of .95 in 200 are .06; skewness takes off a little more.
    least = 0.86 if skewed else 0.89
    assert all(np.mean(hits) >= least for hits in (*own.values(), *ahead.values())), (own, ahead)
    # Not by being wide: the expectation's is a t-interval.
    assert np.mean(own["expectation"]) <= 0.985


def test_the_interval_of_the_expectation_is_the_t_interval_of_the_weighted_replications():
    rng = np.random.default_rng(3)
    values = PLANTED["apart"][..., None] + rng.normal(size=(3, 4, 6))
    found = judge(values, measure="m", better="up", weights=WEIGHTS, drawn=False, worst_share=0.25)

    own = np.einsum("psr,s->pr", values, WEIGHTS)
    for p, standing in enumerate(found.standings):
        exact, bounds = interval(own[p]), standing.estimates["expectation"]
        assert bounds.estimate == pytest.approx(exact.mean)
        # Ends of 10,000 draws: t of 5 degrees has density .031 at 2.57, so they are off by .05 of 2.57 at most.
        assert (bounds.low, bounds.high) == pytest.approx((exact.low, exact.high), abs=0.08 * exact.half_width)


def test_one_replication_has_no_interval_and_a_state_known_once_neither():
    values = PLANTED["apart"][..., None]
    once = judge(values, measure="m", better="up", weights=WEIGHTS, drawn=False, worst_share=0.25)
    assert math.isnan(once.standings[0].estimates["cvar"].low)
    assert [one.chances["expectation"] for one in once.standings] == [0.0, 0.0, 1.0]  # 9.08, 9.026 and 9.236

    twice = np.concatenate([values, values + 1.0, values + 3.0], axis=2)
    twice[1, 2, 1:] = np.nan
    found = judge(twice, measure="m", better="up", weights=WEIGHTS, drawn=False, worst_share=0.25, draws=50)
    assert math.isnan(found.standings[1].estimates["expectation"].low)
    assert math.isfinite(found.standings[0].estimates["expectation"].low)


def test_differences_are_paired():
    """Two policies that differ by exactly 1 everywhere: no doubt about it, however much states and luck vary."""
    values = np.concatenate([_crossed(np.random.default_rng(1)) + step for step in (0.0, 1.0)])
    found = judge(values, measure="m", better="up", weights=[1 / 24] * 24, drawn=True, worst_share=0.25, draws=200)

    difference = found.standings[1].differences["expectation"]
    assert (difference.low, difference.estimate, difference.high) == pytest.approx((1.0, 1.0, 1.0))
    assert found.standings[1].chances["cvar"] == 1.0
    assert found.standings[0].estimates["regret"].estimate == pytest.approx(1.0)


def test_every_play_is_that_of_the_scenario_in_its_state_alone_for_any_number_of_workers():
    section = {"ranges": {"market.reach.mu": {"low": -2.0, "high": 1.0}}, "states": 2}
    scenario = scenario_from({**plain_tables(small()), "uncertain": section}, where="a")
    policies = [scenario.policy, with_values(scenario.policy, {"scoring.cutoff": 40.0})]
    states = states_of(scenario)
    names = ["revenue", "mqls"]
    found = play_in_states(scenario, policies, states, measures=names, replications=range(3))
    again = play_in_states(scenario, policies, states, measures=names, replications=range(3), jobs=2)

    for name in names:
        assert found[name].shape == (2, 2, 3)
        np.testing.assert_array_equal(found[name], again[name])
    alone = replicate(in_state(scenario, states[1]).with_policy(policies[1]), replications=range(3))
    assert found["mqls"][1, 1].tolist() == alone["mqls"].tolist()
    assert found["revenue"][1, 1].tolist() == alone["revenue"].tolist()
    assert (found["mqls"][0] > found["mqls"][1]).all()


def test_who_comes_anyway_is_not_moved_by_a_demand_that_differs():
    """Twice the demand: the same leads and an independent process of as many again, Poisson with the same mean."""
    demand = "market.channels.*.visitors_per_day"
    section = {"ranges": {demand: {"factor": [1.0, 2.0]}}}
    scenario = scenario_from({**plain_tables(small()), "uncertain": section}, where="a")
    states = [State("as written"), State("double", {demand: 1.0})]
    once, twice = play_in_states(scenario, [scenario.policy], states, measures=["leads"], replications=range(8))[
        "leads"
    ][0]

    alone = replicate(small(), replications=range(8))["leads"].to_numpy()
    assert once.tolist() == alone.tolist()
    excess = twice - once
    assert (excess > 0).all()
    # A variance of 8 values about its mean: F of 7 and many degrees, 4 standard errors are a factor of about 3.
    assert excess.mean() == pytest.approx(once.mean(), abs=4 * math.sqrt(2 * once.mean() / 8))
    assert excess.var(ddof=1) < 4 * once.mean()
