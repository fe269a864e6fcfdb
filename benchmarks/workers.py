"""Threads against processes: the time of a whole play (score, compiled engine, two objectives) by one and by several.

    python benchmarks/workers.py [--workers 2] [--leads 24000] [--plays 16] [--rounds 3] [--json FILE]

Six_stage, larger, as in a search: every worker plays replications that are drawn already. Threads share the leads of
one process; each process has drawn its own. Wall-clock time, so the machine must have that many cores to spare.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache

import everything
import measure

from funnelsim.engines.choice import choose
from funnelsim.lab.play import draw, play
from funnelsim.tuning.goals import goals_of


@lru_cache(maxsize=1)
def scenario_of(leads_a_year: float):
    return everything.plain(leads_a_year)


@lru_cache(maxsize=64)
def leads_of(leads_a_year: float, replication: int):
    return draw(scenario_of(leads_a_year), replication)


def play_one(leads_a_year: float, replication: int) -> float:
    """Play one replication and return its revenue."""
    scenario = scenario_of(leads_a_year)
    played = play(scenario, leads_of(leads_a_year, replication), engine=choose("compiled"))
    return played.summary(goals_of(scenario).measures)["revenue"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--leads", type=float, default=24_000, help="a year; a replication has 1.66 times as many")
    parser.add_argument("--plays", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()

    choose("compiled").prepare()
    replications = [j % options.workers for j in range(options.plays)]

    def through(pool: Executor) -> list[float]:
        # Replication w is worker w's: with processes each draws its own.
        return list(pool.map(play_one, [options.leads] * options.plays, replications))

    with (
        ThreadPoolExecutor(options.workers) as threads,
        ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("spawn")) as processes,
    ):
        ways: dict[str, Callable[[], list[float]]] = {
            "one": lambda: [play_one(options.leads, r) for r in replications],
            f"{options.workers}_threads": lambda: through(threads),
            f"{options.workers}_processes": lambda: through(processes),
        }
        expected = ways["one"]()
        for _ in range(3):  # until every process has drawn what it plays
            through(processes)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                assert way() == expected  # the same bits, whoever played
                seconds[name].append(time.perf_counter() - began)
    a_play = {name: statistics.median(values) / options.plays for name, values in seconds.items()}
    report = {
        "leads": leads_of(options.leads, 0).n,
        "wall_s_a_play": a_play,
        "times_one": {name: a_play["one"] / value for name, value in a_play.items()},
    }
    measure.write(report, options.json)


if __name__ == "__main__":
    main()
