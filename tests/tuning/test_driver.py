import math
import random

import numpy as np
import pytest

from funnelsim.tuning.evaluations import evaluated_by
from funnelsim.tuning.study import tune

from . import toy


def test_trial_0_is_the_policy_in_force(tmp_path):
    tuned = toy.study(tmp_path, toy.scenario(trials=1))

    [(number, state, params, values, _)] = toy.told_of(tmp_path)
    assert (number, state) == (0, "COMPLETE")
    assert params == {"scoring.cutoff": 40.0, "sla.attempts": 6, "sla.gap": 48.0}
    assert tuned.tried[0].candidate.digest == tuned.space.in_force.digest
    assert values == list(tuned.tried[0].judgement.means)


def test_it_is_evaluated_as_it_stands_not_as_the_space_would_round_it(tmp_path):
    tuned = toy.study(tmp_path, toy.scenario(trials=1, policy={"scoring": {"cutoff": 40.123456}}))

    assert tuned.space.holds_in_force
    assert toy.told_of(tmp_path)[0][2]["scoring.cutoff"] == 40.123456
    assert tuned.space.changes(tuned.tried[0].candidate) == []


def test_values_are_means_over_the_common_replications(tmp_path):
    tuned = toy.study(tmp_path, toy.scenario(trials=9))

    for tried in tuned.tried:
        jobs = [toy.Job(tried.candidate.digest, tried.candidate.document, r) for r in range(3)]
        rows = [toy.measured(job) for job in jobs]
        assert tried.judgement.means[0] == pytest.approx(np.mean([row["revenue"] for row in rows]), rel=1e-12)
        assert tried.judgement.means[1] == pytest.approx(
            np.mean([row["leads_wasted_share"] for row in rows]), rel=1e-12
        )


def test_a_policy_in_force_outside_the_space_is_trial_0_all_the_same(tmp_path):
    """Trap 7: Optuna enqueues a value out of range with a warning only, and models it as if it were in the space."""
    variables = {"scoring.cutoff": {"low": 50.0, "high": 80.0}, "sla.attempts": {"low": 2, "high": 12}}
    tuned = toy.study(tmp_path, toy.scenario(trials=48, variables=variables))

    told = toy.told_of(tmp_path)
    assert told[0][1:3] == ("FAIL", {})
    assert told[1][1:3] == ("COMPLETE", {"scoring.cutoff": 50.0, "sla.attempts": 6})  # its nearest neighbour
    assert tuned.tried[0].judgement.feasible
    assert tuned.tried[0].candidate.digest == tuned.space.in_force.digest
    assert tuned.report.in_force.tried.number == 0
    # The sampler models both variables: later policies crowd round the optimum in both.
    late = [params for _, _, params, _, _ in told[32:]]
    early = [params for _, _, params, _, _ in told[2:16]]
    for name, best in (("scoring.cutoff", toy.BEST_CUTOFF), ("sla.attempts", toy.BEST_ATTEMPTS)):
        assert np.mean([abs(p[name] - best) for p in late]) < np.mean([abs(p[name] - best) for p in early])


def test_values_not_among_the_choices_or_off_the_grid_are_not_pressed_into_the_space(tmp_path):
    variables = {
        "order.work": {"choices": ["lifo", "score"]},
        "scoring.cutoff": {"low": 21.0, "high": 60.0, "step": 6.0},
    }
    toy.study(tmp_path, toy.scenario(trials=4, variables=variables))

    told = toy.told_of(tmp_path)
    assert told[0][1:3] == ("FAIL", {})
    assert told[1][2] == {"order.work": "lifo", "scoring.cutoff": 39.0}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_evaluations_finish_leaves_no_mark(tmp_path, seed):
    plain = toy.study(tmp_path / "plain", toy.scenario())
    mixed = toy.study(tmp_path / "mixed", toy.scenario(), toy.shuffled(seed))

    assert toy.told_of(tmp_path / "plain") == toy.told_of(tmp_path / "mixed")
    assert toy.results_of(tmp_path / "plain").keys() == toy.results_of(tmp_path / "mixed").keys()
    assert plain.report == mixed.report


def test_another_seed_asks_for_other_policies_and_0_is_a_seed(tmp_path):
    told = []
    for seed in (0, 1):
        toy.study(tmp_path / str(seed), toy.scenario(trials=8, seed=seed))
        told.append(toy.told_of(tmp_path / str(seed)))

    assert told[0][0] == told[1][0]
    assert told[0][1:] != told[1][1:]
    toy.study(tmp_path / "again", toy.scenario(trials=8, seed=0))
    assert toy.told_of(tmp_path / "again") == told[0]


def test_each_batch_has_luck_of_its_own(tmp_path):
    """Both batches are drawn at random, before the sampler learns: the second must not repeat the first."""
    toy.study(tmp_path, toy.scenario(trials=8, batch=4))

    cutoffs = [params["scoring.cutoff"] for _, _, params, _, _ in toy.told_of(tmp_path)]
    assert len(set(cutoffs)) == 8


def test_policies_that_break_a_rule_are_infeasible_with_the_reason_and_cost_no_evaluation(tmp_path):
    variables = {"scoring.tier_a_above": {"low": 0.0, "high": 30.0}, "scoring.tier_b_above": {"low": 0.0, "high": 30.0}}
    scenario = toy.unchecked(toy.scenario(), variables=variables, trials=24)
    made = []

    tuned = toy.study(tmp_path, scenario, toy.counted(made))

    invalid = [t for t in tuned.tried if t.judgement.status == "invalid"]
    assert 3 < len(invalid) < 24
    told = toy.told_of(tmp_path)
    for tried in invalid:
        assert "tier_b_above" in tried.judgement.reason
        _, state, _, values, constraints = told[tried.number]
        assert (state, values) == ("PRUNED", None)
        assert max(constraints.values()) > 0
    in_search = {job.policy for job in made if job.replication < 1_000_000}
    assert in_search == {t.candidate.digest for t in tuned.tried if not t.candidate.faults}


def test_the_sampler_learns_to_keep_away_from_them(tmp_path):
    """Half of a square breaks the rule; at random half of the policies would, and learned far fewer do."""
    variables = {"scoring.tier_a_above": {"low": 0.0, "high": 30.0}, "scoring.tier_b_above": {"low": 0.0, "high": 30.0}}
    scenario = toy.unchecked(toy.scenario(), variables=variables, trials=80)

    tuned = toy.study(tmp_path, scenario)

    broken = [t.judgement.status == "invalid" for t in tuned.tried]
    assert np.mean(broken[1:16]) > 0.2
    assert np.mean(broken[40:]) < 0.2  # at random half would


def test_an_objective_that_is_no_number_is_infeasible_not_best(tmp_path):
    """Trap 7: Optuna takes inf for a value, and the best one at that."""

    def odd(job):
        row = toy.measured(job)
        return {**row, "revenue": math.inf} if row["revenue"] > 950 else row

    def absent(job):
        row = toy.measured(job)
        return {**row, "leads_wasted_share": math.nan} if row["revenue"] > 950 else row

    for name, measure in (("inf", odd), ("nan", absent)):
        tuned = toy.study(tmp_path / name, toy.scenario(), evaluated_by(measure))
        undefined = [t for t in tuned.tried if t.judgement.status == "undefined"]
        assert undefined
        told = toy.told_of(tmp_path / name)
        assert all(told[t.number][1] == "PRUNED" for t in undefined)
        assert all(v is None or all(map(math.isfinite, v)) for _, _, _, v, _ in told)
        chosen = {s.tried.number for s in tuned.selected[1:]}
        assert not chosen & {t.number for t in undefined}


def test_every_constraint_is_told_of_every_policy(tmp_path):
    """Trap 6: a constraint that is not set counts as kept."""
    constraints = [
        {"measure": "first_touch_attainment", "at_least": 0.6},
        {"measure": "first_touch_attainment", "at_least": 0.5, "probability": 0.9, "confidence": None},
    ]
    tuned = toy.study(tmp_path, toy.scenario(constraints=constraints))

    told = toy.told_of(tmp_path)
    assert all(set(c) == {"0: first_touch_attainment", "1: first_touch_attainment"} for _, _, _, _, c in told)
    for tried in tuned.tried:
        assert tuple(told[tried.number][4].values()) == tried.judgement.violations
        assert tried.judgement.feasible == all(v <= 0 for v in tried.judgement.violations)


def test_a_constraint_keeps_the_search_and_the_front_on_its_side(tmp_path):
    """Attainment is 1 - attempts / 20: at least .7 allows 6 attempts, two fewer than are best without it."""
    constraints = [{"measure": "first_touch_attainment", "at_least": 0.7}]
    tuned = toy.study(tmp_path, toy.scenario(trials=64, constraints=constraints))

    front = [toy.told_of(tmp_path)[p.tried.number][2]["sla.attempts"] for p in tuned.report.policies]
    assert front
    assert max(front) <= 6
    late = [t.judgement.feasible for t in tuned.tried[32:]]
    assert np.mean(late) > 0.5


def test_where_nothing_is_feasible_it_says_so(tmp_path):
    """Trap 7: `best_trials` is empty where nothing is feasible."""
    constraints = [{"measure": "first_touch_attainment", "at_least": 1.0}]
    tuned = toy.study(tmp_path, toy.scenario(trials=16, constraints=constraints))

    assert tuned.report.summary == "no feasible policy"
    assert tuned.report.policies == ()
    assert not tuned.report.in_force.judgement.feasible


def test_a_policy_tried_twice_is_evaluated_once(tmp_path):
    variables = {"sla.attempts": {"low": 5, "high": 7}, "callbacks": {"choices": [True, False]}}
    made = []

    tuned = toy.study(tmp_path, toy.scenario(trials=24, variables=variables), toy.counted(made))

    assert len({t.candidate.digest for t in tuned.tried}) == 6
    assert len([job for job in made if job.replication < 1_000_000]) == 6 * 3
    assert len({(job.policy, job.replication) for job in made}) == len(made)


def test_the_three_sets_of_seeds_never_meet(tmp_path):
    made = []
    toy.study(tmp_path, toy.scenario(), toy.counted(made))

    by_set = {
        first: {job.replication for job in made if first <= job.replication < first + 10**6}
        for first in (0, 10**6, 2 * 10**6)
    }
    assert by_set == {
        0: set(range(3)),
        10**6: set(range(10**6, 10**6 + 6)),
        2 * 10**6: set(range(2 * 10**6, 2 * 10**6 + 10)),
    }
    assert sum(map(len, by_set.values())) == len({job.replication for job in made})


def test_nothing_to_vary_is_told(tmp_path):
    from funnelsim.errors import InputError

    with pytest.raises(InputError, match="nothing to vary"):
        toy.study(tmp_path, toy.scenario(variables={}))


def test_the_global_generators_of_the_user_are_left_alone(tmp_path):
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002 (the legacy generator is what is looked at)
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002

    toy.study(tmp_path, toy.scenario(trials=24))

    assert (random.random(), np.random.random()) == expected  # noqa: NPY002
    assert callable(tune)
