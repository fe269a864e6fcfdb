"""Constraints with a probability: a share of replications in the search, a lower bound of it in the report."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from funnelsim.config.load import load_scenario
from funnelsim.config.search import Constraint, Search
from funnelsim.errors import InputError
from funnelsim.report.findings import policy_lines
from funnelsim.stats import proportion_low
from funnelsim.tuning.goals import Goal, Goals, shortfall

from . import toy

CHANCE = Constraint(measure="m", at_least=0.5, probability=0.95)


def rows_of(kept, n):
    return [{"revenue": 1.0, "m": 1.0 if r < kept else 0.0} for r in range(n)]


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("P(first_touch_attainment >= 0.9) >= 0.95", {"at_least": 0.9, "probability": 0.95}),
        ("  P( first_touch_attainment<=.2 )>=.5 ", {"at_most": 0.2, "probability": 0.5}),
        ("first_touch_attainment >= 0.9", {"at_least": 0.9}),
        ("first_touch_attainment <= -1e3", {"at_most": -1000.0}),
    ],
)
def test_a_constraint_can_be_written_as_a_text(text, table):
    written = Search(constraints=[text], report_replications=60)

    assert written.constraints == [Constraint(measure="first_touch_attainment", **table)]


@pytest.mark.parametrize("text", ["P(m >= 0.9)", "P(m >= 0.9) <= 0.9", "m > 0.9", "m >= 0.9 >= 0.9", "m >= 1.2.3", ""])
def test_what_is_no_constraint_is_told_with_what_is(tmp_path, text):
    path = tmp_path / "a.toml"
    path.write_text(f'[search]\nconstraints = ["{text}"]\n')

    with pytest.raises(InputError, match=r"search.constraints: must read .*P\(measure >= 0.9\) >= 0.95"):
        load_scenario(path)


def test_a_measure_that_does_not_exist_is_told_in_a_text_too(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[search]\nconstraints = ["proft >= 0"]\n')

    with pytest.raises(InputError, match=r"constraints.0.measure: no such measure 'proft'; did you mean 'profit'"):
        load_scenario(path, measures=["profit", "revenue"])


def test_the_least_replications_that_can_show_a_probability():
    """All of n keep it: the bound is .05^(1/n), at least .95 from ln .05 / ln .95 = 58.4 on."""
    assert CHANCE.replications_to_show == 59
    assert CHANCE.model_copy(update={"confidence": None}).replications_to_show == 0
    assert math.isinf(CHANCE.model_copy(update={"probability": 1.0}).replications_to_show)
    assert Constraint(measure="m", at_least=0.5, probability=0.5, confidence=0.875).replications_to_show == 3


def test_what_the_report_could_never_show_is_refused_with_the_number_it_takes(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[search]\nreport_replications = 58\nconstraints = ["P(mqls >= 1) >= 0.95", "P(mqls >= 1) >= 1"]\n')

    with pytest.raises(InputError) as caught:
        load_scenario(path)

    few, never = (fault for fault in caught.value.faults if "constraints" in fault.key)
    assert few.key == "search.constraints.0.probability"
    assert "58 report_replications cannot show a probability of 0.95 with a confidence of 0.95" in few.rule
    assert "report_replications = 59" in few.suggestion
    assert "no number of replications shows a probability of 1" in never.rule
    Search(constraints=["P(mqls >= 1) >= 0.95"], report_replications=59)


def test_the_lower_bound_is_that_at_which_so_many_successes_are_just_unlikely():
    """By definition: with that probability, as many successes or more happen in 5 % of cases."""
    for k, n in ((59, 59), (57, 60), (3, 20)):
        assert scipy_stats.binom.sf(k - 1, n, proportion_low(k, n)) == pytest.approx(0.05, rel=1e-9)
    assert proportion_low(0, 10) == 0.0


def test_the_search_asks_for_the_share_and_the_report_for_the_bound():
    goals = Goals((Goal("revenue", "maximize"),), (CHANCE,))

    assert goals.judge(rows_of(57, 60)).feasible
    confirmed = goals.judge(rows_of(57, 60), confirming=True)
    assert confirmed.reason == (
        "does not show m >= 0.5 in 95 % of replications: kept in 57 of 60, so in at least 87.6 % (95 % confidence)"
    )
    assert confirmed.violations == (pytest.approx(0.95 - proportion_low(57, 60)),)
    assert goals.judge(rows_of(56, 60), confirming=True).reason == "breaks m >= 0.5 in 95 % of replications"
    assert goals.judge(rows_of(60, 60), confirming=True).feasible


def test_without_a_confidence_the_share_is_enough_and_means_are_judged_as_before():
    share = CHANCE.model_copy(update={"confidence": None})
    values = [1.0] * 57 + [0.0] * 3

    assert shortfall(share, values) == 0.0
    assert shortfall(Constraint(measure="m", at_least=0.5), values) == pytest.approx((0.5 - 0.95) / 0.5)


def test_where_it_takes_every_replication_rounding_does_not_decide():
    """.5 is shown with a confidence of .875 by three of three: .125^(1/3) is .5."""
    tested = Constraint(measure="m", at_least=0.5, probability=0.5, confidence=0.875)

    assert shortfall(tested, [1.0, 1.0, 1.0]) == 0.0
    assert shortfall(tested, [1.0, 1.0, 0.0]) > 0.0


def test_a_policy_that_breaks_it_is_called_feasible_in_at_most_one_of_twenty_reports():
    """A policy that keeps the bound in 94 % of replications only: the share calls it feasible in nearly half."""
    goals, rng, reports = Goals((Goal("revenue", "maximize"),), (CHANCE,)), np.random.default_rng(5), 400
    kept = rng.binomial(90, 0.94, reports).tolist()

    by_share = np.mean([goals.judge(rows_of(k, 90)).feasible for k in kept])
    by_bound = np.mean([goals.judge(rows_of(k, 90), confirming=True).feasible for k in kept])

    assert by_share > 0.3
    assert by_bound <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / reports)
    assert by_bound > 0.0


def test_a_study_keeps_to_it_and_the_report_says_how_surely(tmp_path):
    """Attainment is 1 - attempts / 20 + .05 z: .6 holds in 97.7 % of replications at 6 attempts, in 84 % at 7.

    So 7 attempts, nearer to the best, keep P >= .8, but 60 replications cannot show it: that takes 54 that keep it.
    """
    constraints = ["P(first_touch_attainment >= 0.6) >= 0.8"]
    scenario = toy.scenario(constraints=constraints, replications=20, race_from=2, report_replications=60, trials=48)

    tuned = toy.study(tmp_path, scenario)

    feasible = [p for p in tuned.report.policies if p.judgement.feasible]
    assert feasible
    assert max(p.tried.params["sla.attempts"] for p in feasible) <= 6
    [line] = [line for line in policy_lines(tuned, feasible[0]) if "constraint" in line]
    assert line.startswith("  constraint first_touch_attainment >= 0.6 in 80 % of replications: kept in ")
    assert "of 60, so in at least " in line
    failed = [p for p in tuned.report.policies if not p.judgement.feasible]
    assert {p.tried.params["sla.attempts"] for p in failed} == {7}
    assert all(p.judgement.reason.startswith("does not show") for p in failed)
    assert {t.judgement.status for t in tuned.tried} >= {"feasible", "given up"}
