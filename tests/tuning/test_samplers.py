"""Samplers by name: each is a function of its settings and of the told trials, wherever these are kept."""

import importlib.util

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from funnelsim.errors import InputError
from funnelsim.tuning import samplers
from funnelsim.tuning.driver import search
from funnelsim.tuning.evaluations import Evaluations, evaluated_by
from funnelsim.tuning.goals import goals_of
from funnelsim.tuning.journal import quiet
from funnelsim.tuning.samplers import check_sampler, value_at
from funnelsim.tuning.space import PolicySpace

from . import toy

HAS_TORCH = importlib.util.find_spec("torch") is not None
WITHOUT_TORCH = ["tpe", "nsga2", "nsga3", "qmc", "random"]
NAMES = [
    *WITHOUT_TORCH,
    pytest.param("gp", marks=pytest.mark.skipif(not HAS_TORCH, reason="the extra gp (torch) is not installed")),
]


def searched(folder, study, *, sampler, trials, batch=8, seed=3, **changes):
    """Carry a study in memory on to so many trials and return their parameters."""
    scenario = toy.scenario(**changes)
    with Evaluations(folder / "evaluations.jsonl", evaluated_by(toy.measured)) as evaluations:
        tried = search(
            study,
            PolicySpace(scenario),
            goals_of(scenario),
            evaluations,
            trials=trials,
            batch=batch,
            replications=2,
            seed=seed,
            measures=goals_of(scenario).measures,
            step=lambda more: None,
            sampler=sampler,
        )
    return [dict(t.params) for t in tried]


def new_study():
    with quiet():
        return optuna.create_study(directions=["maximize", "minimize"])


def copy_of(study, keep):
    copy = new_study()
    with quiet():
        copy.add_trials(study.get_trials()[:keep])
    return copy


@pytest.mark.parametrize("sampler", NAMES)
def test_it_goes_on_from_any_batch_as_if_it_had_not_been_stopped(tmp_path, sampler):
    """Nothing but the trials is left of the study that was stopped: not what a sampler wrote beside them.

    72 trials are three generations, so that the parents of parents are chosen again; 20 are enough for the others.
    """
    trials = 72 if sampler.startswith("nsga") else 24
    whole = new_study()
    params = searched(tmp_path, whole, sampler=sampler, trials=trials)

    for keep in (8, 16, trials - 16, trials - 8):
        assert searched(tmp_path, copy_of(whole, keep), sampler=sampler, trials=trials) == params


@pytest.mark.parametrize("sampler", WITHOUT_TORCH)
def test_another_seed_proposes_others_and_no_batch_repeats_the_one_before(tmp_path, sampler):
    first = searched(tmp_path, new_study(), sampler=sampler, trials=17)
    second = searched(tmp_path, new_study(), sampler=sampler, trials=17, seed=0)

    assert first[0] == second[0]  # the policy in force
    assert all(a != b for a, b in zip(first[1:], second[1:], strict=True))
    assert len({p["scoring.cutoff"] for p in first}) == 17


def test_the_samplers_differ(tmp_path):
    found = {s: str(searched(tmp_path, new_study(), sampler=s, trials=80)[72:]) for s in WITHOUT_TORCH}

    assert len(set(found.values())) == len(WITHOUT_TORCH)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3"])
def test_those_that_learn_come_nearer_to_the_best_than_random_does(tmp_path, sampler):
    def late(name):
        params = searched(tmp_path, new_study(), sampler=name, trials=96)[72:]
        return np.mean([toy.true_means(p["scoring.cutoff"], p["sla.attempts"])[0] for p in params])

    assert late(sampler) > late("random") + 100.0


def test_qmc_spreads_every_variable_evenly(tmp_path):
    """Of the first 32 points of a scrambled Sobol' sequence each dimension has one in every 32nd part of its range.

    The first point is the policy in force, so 31 parts are hit; at random about 20 would be.
    """
    variables = {
        "scoring.cutoff": {"low": 20.0, "high": 84.0},
        "sla.attempts": {"low": 2, "high": 9},
        "sla.gap": {"low": "6h", "high": "96h", "log": True},
        "order.work": {"choices": ["deadline", "tier", "fifo", "lifo"]},
    }
    params = searched(tmp_path, new_study(), sampler="qmc", trials=32, batch=6, variables=variables)[1:]

    assert len({int((p["scoring.cutoff"] - 20.0) // 2.0) for p in params}) == 31
    assert len({int(np.log(p["sla.gap"] / 6.0) / np.log(16.0) * 32) for p in params}) == 31
    for name, values in (("sla.attempts", range(2, 10)), ("order.work", ["deadline", "tier", "fifo", "lifo"])):
        counts = [sum(p[name] == value for p in params) for value in values]
        share = 32 // len(values)
        assert sorted(counts) == [share - 1] + [share] * (len(values) - 1)


@pytest.mark.parametrize(
    ("distribution", "values"),
    [
        (IntDistribution(2, 8, step=3), [2, 2, 5, 5, 8, 8]),
        (FloatDistribution(0.0, 1.0, step=0.5), [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]),
        (CategoricalDistribution(["a", "b", "c"]), ["a", "a", "b", "b", "c", "c"]),
        (FloatDistribution(0.0, 6.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        (FloatDistribution(1.0, 64.0, log=True), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
    ],
)
def test_each_value_has_its_share_of_the_places(distribution, values):
    found = [value_at(n / 6 + 1e-12, distribution) for n in range(6)]

    assert found == pytest.approx(values, abs=1e-9) if isinstance(values[0], float) else found == values


def test_whole_numbers_on_a_logarithmic_scale_stay_within_their_ends():
    found = [value_at(place, IntDistribution(1, 60, log=True)) for place in np.linspace(0.0, 1.0 - 2**-53, 2000)]

    assert (min(found), max(found)) == (1, 60)
    assert found == sorted(found)
    assert 0.25 < np.mean(np.array(found) <= 2) < 0.4  # ln(2.5 / .5) / ln(60.5 / .5) = .34


def test_gp_without_its_extra_is_told_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(samplers, "find_spec", lambda name: None)

    with pytest.raises(InputError, match=r"search.sampler: needs torch.*pip install 'funnelsim\[gp\]'") as caught:
        toy.study(tmp_path / "study", toy.scenario(sampler="gp"))

    assert caught.value.exit_code == 3
    assert not (tmp_path / "study").exists()
    for name in WITHOUT_TORCH:
        check_sampler(name, where="")


@pytest.mark.skipif(not HAS_TORCH, reason="the extra gp (torch) is not installed")
def test_gp_learns(tmp_path):
    params = searched(tmp_path, new_study(), sampler="gp", trials=32)[24:]
    true = [toy.true_means(p["scoring.cutoff"], p["sla.attempts"])[0] for p in params]

    assert np.mean(true) > 800.0


def test_a_sampler_that_does_not_exist_is_told_with_those_that_do(tmp_path):
    from funnelsim.config.load import load_scenario

    path = tmp_path / "a.toml"
    path.write_text('[search]\nsampler = "tpee"\n')

    with pytest.raises(InputError, match=r"search.sampler: must be one of .*tpe.*'tpe'"):
        load_scenario(path)


def test_the_command_knows_every_sampler():
    from typing import get_args

    from funnelsim.cli.tune import tune
    from funnelsim.config.search import SamplerName

    [option] = [parameter for parameter in tune.params if parameter.name == "sampler"]
    assert tuple(option.type.choices) == get_args(SamplerName)
