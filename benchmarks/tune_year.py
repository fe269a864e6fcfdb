"""Where the time of a search goes: six_stage at 40,000 leads a year, 500 policies on 20 common replications.

    python benchmarks/tune_year.py [--trials 500] [--replications 20] [--jobs 2] [--engine auto] [--leads 40000]
                                   [--everything] [--cache-memory MIB] [--json FILE] [--check]

The shipped search, with clocks put around its parts: drawing, scoring, engine and summary in the worker processes, and
in the driver Optuna's ask and tell with the journal behind them. Seconds of workers are of processor time, those of the
driver and of the whole of wall-clock time. With --check the targets are asserted: ten minutes for all of it and a tenth
of the search's wall-clock time for Optuna.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import everything
import measure

from funnelsim.engines.choice import Engine, choose
from funnelsim.lab import cache, play
from funnelsim.lab.processes import to_json, worker_pools
from funnelsim.tuning import driver, evaluate
from funnelsim.tuning.evaluations import Evaluate, Job
from funnelsim.tuning.goals import Row, goals_of
from funnelsim.tuning.study import Plan, tune

MINUTES = 10.0
OPTUNA_SHARE = 0.1
spent: Counter[str] = Counter()
"""Seconds by part, in this process."""
inside: list[float] = []
"""For each timed part that is running: what the parts inside it have taken."""


def timed(part: str, work: Callable[..., Any], clock: Callable[[], float]) -> Callable[..., Any]:
    """Return `work` with its own time added to `spent[part]`: without that of timed parts inside it."""

    @wraps(work)
    def watched(*arguments: Any, **named: Any) -> Any:
        began = clock()
        inside.append(0.0)
        try:
            return work(*arguments, **named)
        finally:
            took = clock() - began
            spent[part] += took - inside.pop()
            if inside:
                inside[-1] += took

    return watched


def answer(about: evaluate.About, job: Job) -> tuple[Row, dict[str, float]]:
    """Do a job in a worker process; the answer comes with the seconds of its parts."""
    if not hasattr(evaluate._answer, "__wrapped__"):
        cpu = time.process_time
        evaluate.draw = timed("draw", evaluate.draw, cpu)
        play.score_leads = timed("score", play.score_leads, cpu)
        Engine.run = timed("engine", Engine.run, cpu)
        play.summarise = timed("summary", play.summarise, cpu)
        evaluate._answer = timed("other", evaluate._answer, cpu)
    spent.clear()
    row = evaluate._answer(about, job)
    return row, dict(spent)


@contextmanager
def evaluating(about: evaluate.About, jobs: int, parts: Counter[str]) -> Iterator[Evaluate]:
    """Give what evaluates policies as the shipped search does, and adds up the seconds of `parts`."""
    with worker_pools([1] * jobs) as pools:
        yield lambda wanted: through(pools, about, wanted, parts)


def through(
    pools: Sequence[Executor], about: evaluate.About, wanted: Sequence[Job], parts: Counter[str]
) -> Iterable[tuple[Job, Row]]:
    cut = evaluate.shares(wanted, len(pools))
    futures = {pool.submit(answer, about, job): job for pool, share in zip(pools, cut, strict=True) for job in share}
    for future in as_completed(futures):
        row, seconds = future.result()
        parts.update(seconds)
        parts["plays"] += 1
        yield futures[future], row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--replications", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--leads", type=float, default=40_000, help="leads a year")
    parser.add_argument("--race-from", type=int, help="replications before a trial may be given up; without, none is")
    parser.add_argument("--everything", action="store_true", help="with every mechanism switched on")
    parser.add_argument("--cache-memory", type=int, default=cache.default_bytes() // 2**20, help="MiB, all workers")
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()

    scenario = (everything.everything if options.everything else everything.plain)(options.leads)
    asked = {"trials": options.trials, "replications": options.replications, "race_from": options.race_from}
    search = scenario.search.model_copy(update=asked)
    scenario = scenario.model_copy(update={"search": search})
    engine = choose(options.engine)
    engine.prepare()
    about = to_json(evaluate.without_search(scenario)), engine, options.cache_memory * 2**20 // options.jobs
    parts: Counter[str] = Counter()
    began_at: dict[str, float] = {}
    wall = time.perf_counter
    driver._ask = timed("ask", driver._ask, wall)
    driver._tell = timed("tell", driver._tell, wall)

    def progress(phase: str, done: int, total: int) -> None:
        began_at.setdefault(phase, wall())
        if done and done % 200 == 0:
            sys.stderr.write(f"{phase} {done} of {total}, {wall() - began:.0f} s\n")

    began = wall()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(scenario, goals_of(scenario), Path(folder) / "study", "benchmark")
        tune(plan, lambda: evaluating(about, options.jobs, parts), progress=progress)
    ended = wall()

    plays = parts.pop("plays")
    least = options.replications if options.race_from is None else options.race_from
    assert plays >= 0.9 * options.trials * least  # the work that was asked for; a policy may recur
    searching = began_at["selection"] - began_at["search"]
    optuna = spent["ask"] + spent["tell"]
    report = {
        "scenario": "everything" if options.everything else "plain",
        "leads_a_year": options.leads,
        "race_from": options.race_from,
        "engine": engine.name,
        "jobs": options.jobs,
        "cache_mib": options.cache_memory,
        "plays": plays,
        "wall_s": ended - began,
        "search_wall_s": searching,
        "optuna_wall_s": {"ask": spent["ask"], "tell": spent["tell"], "share_of_search": optuna / searching},
        "worker_cpu_s": dict(parts),
        "worker_cpu_ms_per_play": {name: 1000 * seconds / plays for name, seconds in parts.items()},
        "targets": {"wall_s": 60 * MINUTES, "optuna_share": OPTUNA_SHARE},
    }
    sys.stderr.write(table(report))
    measure.write(report, options.json)
    if options.check:
        assert report["wall_s"] <= 60 * MINUTES
        assert optuna / searching <= OPTUNA_SHARE


def table(report: dict[str, Any]) -> str:
    """Return the parts as a table in Markdown."""
    everything_s = sum(report["worker_cpu_s"].values())
    lines = ["| part | processor time, s | ms a play | share of the workers |", "|---|---|---|---|"]
    for name in ("draw", "score", "engine", "summary", "other"):
        seconds = report["worker_cpu_s"].get(name, 0.0)
        a_play = 1000 * seconds / report["plays"]
        lines.append(f"| {name} | {seconds:.0f} | {a_play:.1f} | {100 * seconds / everything_s:.0f} % |")
    optuna = report["optuna_wall_s"]
    share = 100 * optuna["share_of_search"]
    asked_and_told = optuna["ask"] + optuna["tell"]
    lines.append(f"| Optuna, in the driver (wall) | {asked_and_told:.0f} | | {share:.1f} % of the search |")
    lines.append(f"| whole study (wall) | {report['wall_s']:.0f} | | |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
