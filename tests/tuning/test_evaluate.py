import dataclasses

import numpy as np
import pytest

from funnelsim.config.paths import with_values
from funnelsim.engines.choice import choose
from funnelsim.lab.cache import LeadsCache
from funnelsim.lab.play import draw, measure
from funnelsim.lab.processes import WorkerLostError
from funnelsim.tuning import evaluate
from funnelsim.tuning.evaluate import Bench, EvaluationError, evaluating, shares
from funnelsim.tuning.evaluations import Evaluations, Job
from funnelsim.tuning.space import PolicySpace

from . import toy

PARAMS = [
    {"scoring.cutoff": 30.0, "sla.attempts": 4, "sla.gap": 12.0},
    {"scoring.cutoff": 60.0, "sla.attempts": 9, "sla.gap": 30.0},
]


def bench_of(scenario):
    return Bench(scenario, engine=choose(), cache_bytes=2**30)


def jobs_of(scenario):
    space = PolicySpace(scenario)
    made = [space.in_force, *(space.candidate(params) for params in PARAMS)]
    return [Job(c.digest, c.document, r) for c in made for r in (0, 1_000_000)]


def test_a_policy_is_worth_what_a_run_of_it_says():
    scenario = toy.scenario()
    [*_, job] = jobs_of(scenario)
    values = {"scoring.cutoff": 60.0, "sla.attempts": 9, "sla.gap": "30h"}

    found = bench_of(scenario)(job)

    direct = measure(scenario.with_policy(with_values(scenario.policy, values)), 1_000_000)
    assert found.keys() == direct.keys()
    np.testing.assert_array_equal(list(found.values()), list(direct.values()))


def test_workers_give_what_this_process_gives():
    scenario = toy.scenario()
    jobs = jobs_of(scenario)
    with evaluating(scenario, jobs=1) as alone, evaluating(scenario, jobs=2) as together:
        here, there = dict(alone(jobs)), dict(together(jobs))

    assert set(here) == set(there) == set(jobs)
    for job in jobs:
        np.testing.assert_array_equal(list(here[job].values()), list(there[job].values()))


def test_leads_are_drawn_once_for_all_policies():
    drawn = []
    scenario = toy.scenario()
    bench = bench_of(scenario)
    bench._leads = LeadsCache(lambda r: (drawn.append(r), draw(scenario, r))[1], most_bytes=2**30)

    for job in jobs_of(scenario):
        bench(job)

    assert sorted(drawn) == [0, 1_000_000]


def test_a_job_is_given_the_measures_that_it_wants_and_no_others():
    scenario = toy.scenario()
    job = jobs_of(scenario)[-1]
    two = dataclasses.replace(job, measures=("leads_wasted_share", "revenue"))

    every, some = bench_of(scenario)(job), bench_of(scenario)(two)

    assert some == {name: every[name] for name in ("revenue", "leads_wasted_share")}


def test_each_worker_has_the_same_replications_in_every_batch_and_as_much_to_do():
    """Eight policies on five replications for two workers: 20 jobs each, two and a half replications."""
    batches = [[Job(f"{batch}-{p}", "{}", r) for r in range(5) for p in range(8)] for batch in range(3)]

    cut = [shares(batch, 2) for batch in batches]

    assert [[len(share) for share in batch] for batch in cut] == [[20, 20]] * 3
    assert [[{job.replication for job in share} for share in batch] for batch in cut] == [[{0, 1, 2}, {2, 3, 4}]] * 3
    for batch, parts in zip(batches, cut, strict=True):
        assert [job for share in parts for job in share] == batch


@pytest.mark.parametrize(("jobs", "workers"), [(0, 3), (1, 3), (5, 3), (7, 1)])
def test_shares_are_whole_and_alike(jobs, workers):
    wanted = [Job(str(j), "{}", j) for j in range(jobs)]

    cut = shares(wanted, workers)

    assert len(cut) == workers
    assert [job for share in cut for job in share] == wanted
    assert max(len(share) for share in cut) - min(len(share) for share in cut) <= 1


def test_what_fails_names_the_replication_and_the_policy(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(evaluate, "play", broken)
    job = jobs_of(toy.scenario())[0]

    with pytest.raises(EvaluationError, match=r"replication 0 of the policy \{.*ZeroDivisionError: by zero"):
        bench_of(toy.scenario())(job)


def test_a_failure_in_a_worker_arrives_whole():
    scenario = toy.scenario()
    with evaluating(scenario, jobs=2) as together, pytest.raises(EvaluationError, match="replication 3"):
        list(together([Job("x", '{"cool_off": "no time"}', 3)]))


def test_a_killed_worker_is_told():
    with evaluating(toy.scenario(), jobs=2) as together, pytest.raises(WorkerLostError, match="process was killed"):
        list(together([Suicidal("x", "{}", 0)]))


@dataclasses.dataclass(frozen=True)
class Suicidal(Job):
    """A job that kills the process that reads it."""

    def __setstate__(self, state):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)


def test_what_was_evaluated_comes_back_to_the_bit(tmp_path):
    scenario = toy.scenario()
    jobs = jobs_of(scenario)
    policies = [(job.policy, job.document) for job in jobs]
    with evaluating(scenario, jobs=1) as alone, Evaluations(tmp_path / "e.jsonl", alone) as first:
        first.fill(policies, range(2), None, lambda more: None)
        before = [dict(row) for job in jobs for row in first.rows(job.policy, range(2))]

    def nothing(wanted):
        raise AssertionError("evaluated again")

    with Evaluations(tmp_path / "e.jsonl", nothing) as second:
        second.fill(policies, range(2), None, lambda more: None)
        after = [dict(row) for job in jobs for row in second.rows(job.policy, range(2))]

    assert any(np.isnan(v) for row in before for v in row.values())  # that nan passes too
    for a, b in zip(before, after, strict=True):
        assert list(a) == list(b)
        assert np.array(list(a.values())).tobytes() == np.array(list(b.values())).tobytes()
