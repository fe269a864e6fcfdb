"""What is called better, and what is not, on paired differences."""

import math

import numpy as np
import pytest
from scipy import stats

from funnelsim.config.search import Constraint
from funnelsim.tuning.driver import Candidate, Tried
from funnelsim.tuning.goals import Goal, Goals, Judgement
from funnelsim.tuning.selection import Selected
from funnelsim.tuning.verdict import report

from . import toy

TWO = Goals((Goal("gain", "maximize"), Goal("pain", "minimize")))
COMMON = np.linspace(-5.0, 5.0, 20)
NOISE = np.array([-1.0, 1.0] * 10)  # sd 1.026, standard error .229, t(.975, 19) = 2.093: half-width .48


def rows(gain, pain, gain_noise=0.0, pain_noise=0.0, **extra):
    return [
        {"gain": gain + c + gain_noise * e, "pain": pain + c + pain_noise * e, **extra}
        for c, e in zip(COMMON.tolist(), NOISE.tolist(), strict=True)
    ]


def reported(*policies, goals=TWO, searched=None, in_force_kept=False):
    everyone = [
        Selected(
            Tried(n, {}, Candidate(str(n), ""), Judgement(searched or (0.0, 0.0), (), "feasible")),
            goals.judge(own),
            kept=n > 0 or in_force_kept,
            why="",
        )
        for n, own in enumerate(policies)
    ]
    return report(everyone, policies, goals)


@pytest.mark.parametrize(
    ("gain", "pain", "finding"),
    [
        (12.0, 9.0, "better"),  # both improve
        (12.0, 10.0, "better"),  # one improves, the other does not move
        (12.0, 10.3, "better"),  # .3 more pain is within its half-width of .48
        (12.0, 11.0, "trade"),
        (10.3, 9.7, "same"),
        (10.0, 10.0, "same"),
        (9.0, 10.0, "worse"),
        (9.0, 11.0, "worse"),
    ],
)
def test_a_policy_is_better_where_it_gains_and_nothing_is_detectably_lost(gain, pain, finding):
    found = reported(rows(10.0, 10.0), rows(gain, pain, gain_noise=1.0, pain_noise=1.0))

    assert found.policies[0].finding == finding


def test_differences_are_paired_so_common_luck_cancels():
    found = reported(rows(10.0, 10.0), rows(10.5, 10.0, gain_noise=0.1))

    [gain, pain] = found.policies[0].effects
    assert gain.estimate.half_width > 1.4  # the luck of the replications
    assert gain.difference.mean == pytest.approx(0.5)
    assert gain.difference.half_width == pytest.approx(2.093 * 0.1 * math.sqrt(20 / 19) / math.sqrt(20), rel=1e-3)
    assert gain.improved
    assert pain.difference.mean == 0.0
    assert not pain.improved


def test_a_minimised_objective_gains_where_it_falls():
    found = reported(rows(10.0, 10.0), rows(10.0, 8.0, pain_noise=1.0))

    [_, pain] = found.policies[0].effects
    assert pain.difference.mean == pytest.approx(-2.0)
    assert pain.gain == pytest.approx(2.0)
    assert pain.improved


def test_many_policies_make_one_find_less_sure():
    """A gain of .6 has p = .017 by itself; among ten policies with two objectives each it proves nothing."""
    p_value = stats.ttest_1samp(0.6 + NOISE, 0.0).pvalue
    assert 0.01 < p_value < 0.02
    alone = reported(rows(10.0, 10.0), rows(10.6, 10.0, gain_noise=1.0))
    among = reported(rows(10.0, 10.0), *[rows(10.6, 10.0, gain_noise=1.0, pain_noise=1.0) for _ in range(10)])

    assert alone.policies[0].effects[0].p_value == pytest.approx(2 * p_value)  # two objectives, Holm
    assert alone.policies[0].effects[0].improved
    assert among.policies[0].effects[0].p_value == pytest.approx(20 * p_value)
    assert not any(p.effects[0].improved for p in among.policies)
    assert among.summary == "no detectable improvement"


def test_losses_are_looked_for_without_that_mercy():
    """With the adjustment a loss of .6 among ten policies would pass for none, and a trade for an improvement."""
    trades = [rows(13.0, 10.6, gain_noise=1.0, pain_noise=1.0) for _ in range(10)]

    found = reported(rows(10.0, 10.0), *trades)

    assert {p.finding for p in found.policies} == {"trade"}
    assert all(p.effects[1].p_value > 0.05 for p in found.policies)
    assert found.summary == "trade-off"


def test_optimism_is_by_how_much_the_search_flattered():
    found = reported(rows(100.0, 50.0), rows(100.0, 50.0), searched=(110.0, 40.0))

    gain, pain = found.policies[0].effects
    assert gain.optimism == pytest.approx(0.1)  # promised 110, is 100
    assert pain.optimism == pytest.approx(0.2)  # promised 40, is 50


def test_optimism_of_nothing_is_undefined_unless_nothing_was_promised():
    still = [{"gain": 0.0, "pain": 0.0}] * 20
    found = reported(still, still, searched=(1.0, 0.0))

    gain, pain = found.policies[0].effects
    assert math.isnan(gain.optimism)
    assert pain.optimism == 0.0


def test_a_policy_that_breaks_a_constraint_on_the_report_is_not_called_better():
    goals = Goals(TWO.objectives, (Constraint(measure="load", at_most=1.0),))
    found = reported(rows(10.0, 10.0, load=0.5), rows(15.0, 5.0, load=2.0), goals=goals)

    assert found.policies[0].finding == "infeasible"
    assert found.summary == "no detectable improvement"


def test_where_today_breaks_a_constraint_what_keeps_it_is_the_answer():
    goals = Goals(TWO.objectives, (Constraint(measure="load", at_most=1.0),))

    found = reported(rows(10.0, 10.0, load=2.0), rows(9.0, 11.0, load=0.5), goals=goals)
    nobody = reported(rows(10.0, 10.0, load=2.0), rows(9.0, 11.0, load=1.5), goals=goals)

    assert found.summary == "in force infeasible"
    assert nobody.summary == "no feasible policy"


def test_nothing_found_is_said_so():
    found = reported(rows(10.0, 10.0), in_force_kept=True)

    assert found.policies == ()
    assert found.summary == "no detectable improvement"
    assert found.in_force_on_front


def test_an_undefined_objective_proves_nothing():
    odd = rows(15.0, 5.0)
    odd[3] = {**odd[3], "gain": math.inf}

    found = reported(rows(10.0, 10.0), odd)

    assert found.policies[0].finding == "infeasible"
    assert found.policies[0].effects[0].estimate.n == 19


def test_calling_nothing_better_holds_in_19_of_20_studies_where_nothing_is():
    """Policies that differ from today's by luck alone: any of 8 is called better in at most 5 % of studies."""
    rng = np.random.default_rng(8)
    studies, false = 200, 0
    for _ in range(studies):
        luck = rng.standard_normal((9, 20, 2))
        policies = [[{"gain": float(g), "pain": float(p)} for g, p in own] for own in luck]
        false += reported(*policies).summary != "no detectable improvement"
    # 5 % of 200 is 10, with a standard error of 3.1.
    assert false <= 10 + 4 * 3.1


# Planted studies.


def test_a_known_better_policy_is_found(tmp_path):
    """The policy at the optimum beats today's in both objectives; the search must find one as good."""
    today = {"scoring": {"cutoff": 25.0}, "sla": {"attempts": 3}}

    tuned = toy.study(tmp_path, toy.scenario(policy=today, trials=64))

    assert tuned.report.summary == "improvement"
    assert not tuned.report.in_force_on_front
    revenue, wasted = toy.true_means(toy.BEST_CUTOFF, toy.BEST_ATTEMPTS)
    base_revenue, base_wasted = toy.true_means(25.0, 3)
    best = tuned.report.better
    assert best
    for policy in best:
        assert policy.effects[0].gain > 0.97 * (revenue - base_revenue)
        assert policy.effects[1].gain > 0.9 * (base_wasted - wasted)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_today_is_best_it_says_so(tmp_path, seed):
    today = {"scoring": {"cutoff": toy.BEST_CUTOFF}, "sla": {"attempts": toy.BEST_ATTEMPTS}}

    tuned = toy.study(tmp_path, toy.scenario(policy=today, trials=64, seed=seed))

    assert tuned.report.summary == "no detectable improvement"
    assert tuned.report.in_force_on_front


def test_the_search_flatters_what_the_report_does_not(tmp_path):
    """With one replication of heavy luck of its own, the best of many is the luckiest: the winner's curse, measured."""

    def lucky(job):
        row = toy.measured(job)
        own = np.random.default_rng([job.replication, int(job.policy, 16), 7]).standard_normal()
        return {**row, "revenue": row["revenue"] + 200 * float(own)}

    from funnelsim.tuning.evaluations import evaluated_by

    scenario = toy.scenario(trials=64, replications=1, report_replications=40, objectives=[{"measure": "revenue"}])
    tuned = toy.study(tmp_path, scenario, evaluated_by(lucky))

    best = max(tuned.tried, key=lambda t: t.judgement.means[0])
    true_best, _ = toy.true_means(toy.BEST_CUTOFF, toy.BEST_ATTEMPTS)
    assert best.judgement.means[0] > true_best + 200
    assert tuned.report.policies
    for policy in tuned.report.policies:
        [effect] = policy.effects
        truth, _ = toy.true_means(policy.tried.params["scoring.cutoff"], policy.tried.params["sla.attempts"])
        # Today's own optimism is the luck of the search's one replication, which all policies share.
        [common] = tuned.report.in_force.effects
        assert effect.optimism - common.optimism > 0.1
        assert abs(effect.estimate.mean - truth) < 2 * effect.estimate.half_width  # 4 standard errors
