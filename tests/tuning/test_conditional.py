"""Variables that only some policies read: asked for where they are read, and truly unread where they are not."""

import itertools

import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from funnelsim.config.durations import Duration
from funnelsim.config.paths import with_values
from funnelsim.config.policy import Policy
from funnelsim.config.search import Variable
from funnelsim.config.space import may_be_unread, unread
from funnelsim.engines.choice import choose
from funnelsim.lab.play import draw, play
from funnelsim.tuning.space import PolicySpace, dimension_of

from . import toy
from .test_study import ends_as

GAPS = {
    "sla.attempts": {"low": 2, "high": 6},
    "sla.gaps.0": {"low": "6h", "high": "72h"},
    "sla.gaps.1": {"low": "6h", "high": "72h"},
    "sla.gaps.3": {"low": "6h", "high": "72h"},
}
ROUTED = {
    "routing.on_breach": {"choices": ["none", "reassign"]},
    "routing.method": {"choices": ["pool", "round_robin", "least_loaded"]},
    "scoring.cutoff": {"low": 20.0, "high": 80.0},
}
BOTH = {**GAPS, **ROUTED}


def space_of(variables):
    return PolicySpace(toy.scenario(variables=variables))


def test_a_gap_is_asked_for_where_there_are_attempts_on_both_its_sides():
    space = space_of(GAPS)

    assert list(space.asked_first) == ["sla.attempts", "sla.gaps.0"]  # every policy has two attempts
    asked = {attempts: space.asked_then({"sla.attempts": attempts}) for attempts in range(2, 7)}
    both = ["sla.gaps.1", "sla.gaps.3"]
    assert asked == {2: [], 3: ["sla.gaps.1"], 4: ["sla.gaps.1"], 5: both, 6: both}


def test_a_breach_is_asked_for_where_a_lead_has_an_owner():
    space = space_of(ROUTED)

    assert list(space.asked_first) == ["routing.method", "scoring.cutoff"]
    assert space.asked_then({"routing.method": "pool", "scoring.cutoff": 40.0}) == []
    assert space.asked_then({"routing.method": "round_robin", "scoring.cutoff": 40.0}) == ["routing.on_breach"]


@pytest.mark.parametrize(
    ("path", "others", "conditional"),
    [
        ("sla.gap", {"sla.attempts": {"low": 2, "high": 9}}, False),
        ("sla.gap", {"sla.attempts": {"low": 1, "high": 9}}, True),
        ("sla.A.gaps.2", {"sla.A.attempts": {"low": 3, "high": 9}}, True),
        ("sla.A.gaps.2", {"sla.B.attempts": {"low": 1, "high": 9}}, False),
        ("sla.touches.2", {"sla.attempts": {"low": 2, "high": 9}}, True),
        ("sla.touches.0", {"sla.attempts": {"low": 1, "high": 9}}, False),
        ("scoring.fit_cutoff", {"scoring.rule": {"choices": ["and", "sum"]}}, True),
        ("scoring.fit_cutoff", {"scoring.rule": {"choices": ["and", "or"]}}, False),
        ("scoring.cutoff", {"lifecycle": {"choices": ["six_stage", "three_stage"]}}, True),
        ("scoring.cutoff", {"handed_over": {"choices": ["scored", "every_lead"]}}, True),
        ("meetings.book_ahead", {"lifecycle": {"choices": ["no_sql", "booked_meeting"]}}, True),
        ("scoring.cutoff", {"sla.attempts": {"low": 1, "high": 9}}, False),
    ],
)
def test_which_variables_some_policies_do_not_read(path, others, conditional):
    variables = {name: Variable.model_validate(v) for name, v in {path: {"low": 1, "high": 2}, **others}.items()}

    assert may_be_unread(Policy(), path, variables) is conditional


def test_what_is_not_asked_for_stays_as_in_force():
    space = space_of(ROUTED)
    params = {"routing.method": "pool", "scoring.cutoff": 33.0}

    completed = {"routing.on_breach": "none", **params}
    assert space.completed(params) == completed
    assert space.candidate(params).digest == space.candidate(completed).digest


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("whole"), []
    tuned = toy.study(folder, toy.scenario(variables=BOTH), toy.counted(made))
    return folder, tuned, len(made)


def test_a_study_asks_each_policy_for_what_it_reads(whole):
    folder, tuned, _ = whole
    for (_, _, params, _, _), t in zip(toy.told_of(folder), tuned.tried, strict=True):
        expected = {"sla.attempts", "sla.gaps.0", "routing.method", "scoring.cutoff"}
        expected |= {f"sla.gaps.{n}" for n in (1, 3) if t.params["sla.attempts"] > n + 1}
        expected |= {"routing.on_breach"} if t.params["routing.method"] != "pool" else set()
        assert set(params) == expected
        assert list(t.params) == list(BOTH)
    assert len({frozenset(params) for _, _, params, _, _ in toy.told_of(folder)}) > 3


def test_interrupted_it_ends_as_the_whole_one(tmp_path, whole):
    folder, _, evaluations = whole
    for count in (30, 77):
        part = tmp_path / str(count)
        with pytest.raises(toy.Interrupted):
            toy.study(part, toy.scenario(variables=BOTH), toy.interrupted_after(count))
        made = []
        toy.study(part, toy.scenario(variables=BOTH), toy.counted(made), resume=True)
        assert len(made) == evaluations - count
        ends_as(part, folder)


@pytest.mark.parametrize("sampler", ["nsga2", "qmc", "random"])
def test_the_other_samplers_can_do_it_too(tmp_path, sampler):
    toy.study(tmp_path, toy.scenario(variables=BOTH, trials=32, sampler=sampler))

    told = toy.told_of(tmp_path)
    assert len({frozenset(params) for _, _, params, _, _ in told}) > 3
    gaps = [params["sla.gaps.3"] for _, _, params, _, _ in told if "sla.gaps.3" in params]
    assert len(set(gaps)) == len(gaps) > 3  # each batch has luck of its own


def test_the_sampler_learns_a_variable_that_only_some_policies_read(tmp_path):
    """The third gap is worth most at 20 hours, and only policies of 5 attempts have it, the best number of attempts."""

    def measure(job):
        row, policy = toy.measured(job), toy.policy_of(job.document)
        gap = policy.sla.gaps[3].hours if len(policy.sla.gaps) > 3 else 48.0
        worth = -10 * abs(gap - 20) if policy.sla.attempts == 5 else -600
        return {**row, "revenue": row["revenue"] + worth}

    from funnelsim.tuning.evaluations import evaluated_by

    toy.study(tmp_path, toy.scenario(variables=GAPS, trials=96), evaluated_by(measure))

    told = [params["sla.gaps.3"] for _, _, params, _, _ in toy.told_of(tmp_path) if "sla.gaps.3" in params]
    late = np.abs(np.array(told[-16:]) - 20.0).mean()
    assert late < 0.6 * np.abs(np.random.default_rng(1).uniform(6.0, 72.0, 4000) - 20.0).mean()


CHANGES = {
    "sla.gaps.2": "3h",
    "sla.gap": "3h",
    "sla.touches.3": "email",
    "routing.on_breach": "reassign",
    "routing.recycles": 2,
    "meetings.book_ahead": "2d",
    "scoring.cutoff": 10.0,
    "scoring.fit_cutoff": 5.0,
    "scoring.half_life": "2d",
    "scoring.window": "4d",
}
POLICIES = [
    {},
    {"sla.attempts": 3, "routing.method": "pool"},
    {"sla.attempts": 1, "scoring.rule": "and", "scoring.decay": "window"},
    {"self_scheduling": True, "sla.attempts": 4},
    {"lifecycle": "three_stage", "scoring.decay": "none"},
]


def test_what_is_not_read_changes_nothing_that_happens():
    """Whatever is called unread is set to something else, and no measure of any replication moves."""
    base = toy.scenario()
    busy = base.model_copy(update={"run": base.run.model_copy(update={"horizon_days": 28})})
    engine, leads, silent, moved = choose(), draw(busy, 3), 0, set()
    for settings, (path, value) in itertools.product(POLICIES, CHANGES.items()):
        policy = with_values(busy.policy, settings)
        both = policy, with_values(policy, {path: value})
        before, after = (play(busy.with_policy(p), leads, engine=engine).summary() for p in both)
        same = all(before[name] == after[name] or before[name] != before[name] for name in before)
        if unread(policy, path, ()) is not None:
            silent += 1
            assert same, (settings, path)
        elif not same:
            moved.add(path)
    assert silent >= 15
    assert len(moved) >= 6  # so that there was something to be silent about


def test_a_logarithmic_range_with_a_step_proposes_round_values():
    low, high, step = (Duration(n, "h") for n in (2, 97, 6))
    hours = dimension_of("sla.gap", Variable(low=low, high=high, step=step, log=True))
    tries = dimension_of("sla.attempts", Variable(low=2, high=13, step=3, log=True))

    assert hours.distribution == FloatDistribution(2.0, 92.0, log=True)
    assert {hours.value(x).hours for x in np.geomspace(2.0, 92.0, 500)} == set(range(2, 93, 6))
    assert tries.distribution == IntDistribution(2, 11, log=True)
    assert {tries.value(x) for x in range(2, 12)} == {2, 5, 8, 11}
    assert all(type(tries.value(x)) is int for x in range(2, 12))
    assert hours.param(Duration(20, "h")) == 20.0
    assert hours.param(Duration(21, "h")) is None
    assert hours.nearest(Duration(22, "h")) == 20.0
    assert (tries.param(8), tries.param(9), tries.nearest(60)) == (8, None, 11)
