"""Workload W as a scenario: its counts agree with those published for it, and with an idiomatic SimPy program."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# One replication of W-base, counted by other programs.
PUBLISHED = {"arrivals": 40_406, "attempts": 122_116, "events": 263_625}


@pytest.fixture(scope="module")
def workload():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("workload_w", BENCHMARKS / "workload_w.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.mark.slow
def test_the_counts_of_w_base_are_those_published_for_it(workload):
    counted = {name: [] for name in PUBLISHED}
    for replication in range(4):
        leads, _, play = workload.prepare("base", replication=replication)
        counts = workload.counts(leads, *play(), workload.END_MS)
        for name in PUBLISHED:
            counted[name].append(counts[name])

    for name, published in PUBLISHED.items():
        values = np.array(counted[name], dtype=float)
        # One published replication against the mean of four; every count is about Poisson in its arrivals.
        spread = max(values.std(ddof=1), values.mean() / np.sqrt(PUBLISHED["arrivals"]))
        assert abs(values.mean() - published) < 4 * spread * np.sqrt(1 + 1 / values.size), name


def test_the_engine_and_an_idiomatic_program_do_the_same_work_on_the_same_luck(workload):
    import idiomatic

    days = 6
    end = days * 86_400_000
    leads, roster, play = workload.prepare("base", end=end, days=days)

    ours = workload.counts(leads, *play(), end)
    theirs = idiomatic.run(leads, reps=roster.n, horizon_minutes=end / 60_000)

    # Whole milliseconds against floating minutes: only ties and near-ties can fall out differently.
    assert ours["arrivals"] == theirs.arrivals
    assert abs(ours["attempts"] - theirs.attempts) <= 3
    assert abs(ours["closes"] - theirs.closes) <= 3
    assert abs(ours["events"] - theirs.events) <= 10
