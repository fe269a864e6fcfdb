"""All engines in one interleaved run: the compiled one, the reference engine, and programs that others would write.

    python benchmarks/engines.py [--rounds 3] [--only base over everything memory threads] [--json FILE] [--check]

W-base and W-over are also played by an idiomatic SimPy program (`idiomatic.py`) on the same luck, W-base by Ciw and
salabim too on luck of their own (`others.py`), where they are installed (extra `bench`). "Everything" is six_stage at
40,000 leads a year with every mechanism at work. The amount of work is asserted: both engines give the same bits, the
idiomatic program the same events but for ties, the others as many of each kind as chance allows.

"memory" plays W-base over ever longer horizons, each in a process of its own; "threads" plays the same leads on one
thread and on two. With --check the targets are asserted: 60 and 400 times the idiomatic program on W-base and W-over,
30 times the reference engine on everything, two threads 1.7 times one.
"""

from __future__ import annotations

import argparse
import gc
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import everything
import idiomatic
import measure
import numpy as np
import others
from workload_w import END_MINUTES, END_MS, arguments, counts

from funnelsim.calendar import Clock
from funnelsim.engines import compiled, reference
from funnelsim.lab.play import draw
from funnelsim.records import same
from funnelsim.roster import build_agreement, build_roster, build_rules
from funnelsim.scoring import score_leads

TARGETS = {"base": 60.0, "over": 400.0, "everything": 30.0, "threads": 1.7, "slope": 1.1}
LEADS_PER_DAY = 332.055
DAY_MS = 86_400_000


def same_bits(given: tuple[Any, ...]) -> tuple[Any, Any]:
    """Play on both engines, assert that they agree to the bit, and return what they found."""
    found, other = compiled.run(*given), reference.run(*given)
    assert same(found[0], other[0])
    assert same(found[1], other[1])
    return found


def workload(name: str, *, rounds: int) -> dict[str, Any]:
    """Compare all programs on workload W."""
    given = arguments(name)
    leads, roster = given[0], given[2]
    found = same_bits(given)
    work = counts(leads, *found, END_MS)
    theirs = idiomatic.run(leads, reps=roster.n, horizon_minutes=END_MINUTES)
    assert abs(work["events"] - theirs.events) < 0.005 * theirs.events, (work, theirs.events)
    programs: dict[str, Callable[[], Any]] = {
        "compiled": lambda: compiled.run(*given),
        "reference": lambda: reference.run(*given),
        "idiomatic": lambda: idiomatic.run(leads, reps=roster.n, horizon_minutes=END_MINUTES),
    }
    for program, run in others.installed().items():
        if name == "base":  # under overload a program without an end would be measured, not an engine
            others.assert_work(run(seed=1), work)
            programs[program] = lambda run=run: run(seed=1)
    seconds = measure.interleaved(programs, rounds=rounds, repeats={"compiled": 9})
    return {
        "work": work,
        "rows": found[1].n,
        "seconds": seconds,
        "times_as_fast": {p: measure.ratio(seconds, p, "compiled") for p in programs if p != "compiled"},
        "target": TARGETS[name],
    }


def everything_at_work() -> tuple[Any, ...]:
    """Return what an engine is given to play six_stage at 40,000 leads a year with every mechanism at work."""
    scenario = everything.everything(40_000)
    leads, roster = draw(scenario, 0), build_roster(scenario)
    scored = score_leads(leads, scenario.policy, scenario.market)
    agreement, rules = build_agreement(scenario, roster), build_rules(scenario)
    return leads, scored, roster, agreement, rules, Clock.of(scenario.run).end


def with_everything(*, rounds: int) -> dict[str, Any]:
    """Compare the engines on six_stage at 40,000 leads a year with every mechanism at work."""
    given = everything_at_work()
    found = same_bits(given)
    programs = {"compiled": lambda: compiled.run(*given), "reference": lambda: reference.run(*given)}
    seconds = measure.interleaved(programs, rounds=rounds, repeats={"compiled": 5})
    return {
        "leads": given[0].n,
        "reps": given[2].n,
        "rows": found[1].n,
        "seconds": seconds,
        "times_as_fast": {"reference": measure.ratio(seconds, "reference", "compiled")},
        "target": TARGETS["everything"],
    }


def play_long(n_leads: int) -> None:
    """Play W-base for so many leads, and print leads, CPU seconds of a play, MiB of the leads, and the peak in MiB."""
    days = math.ceil(n_leads / LEADS_PER_DAY)
    given = arguments("base", end=days * DAY_MS, days=days)
    compiled.make_ready()
    before = _from_now_on()
    seconds = min(measure.cpu_seconds(lambda: compiled.run(*given)) for _ in range(3))
    print(given[0].n, seconds, before, _memory_mib("VmHWM"))


def _from_now_on() -> float:
    """Forget the peak of the memory so far (drawing has one of its own), and return what is in use (MiB; Linux)."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _memory_mib("VmRSS")


def _memory_mib(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def memory(most: int) -> dict[str, Any]:
    """Play W-base over ever longer horizons; each size in a process of its own, since a peak never falls."""
    rows = []
    for n_leads in (10_000, 30_000, 100_000, 300_000, 1_000_000):
        if n_leads <= most:
            told = subprocess.run(
                [sys.executable, __file__, "--play-long", str(n_leads)], check=True, capture_output=True, text=True
            )
            n, seconds, before, peak = (float(word) for word in told.stdout.split())
            assert abs(n - n_leads) < 6 * math.sqrt(n_leads) + LEADS_PER_DAY
            rows.append({"leads": int(n), "play_s": seconds, "us_per_lead": 1e6 * seconds / n,
                         "mib_before_play": before, "peak_mib": peak})  # fmt: skip
    slope = np.polyfit(*(np.log([row[name] for row in rows]) for name in ("leads", "play_s")), 1)[0]
    return {"rows": rows, "slope": float(slope), "target": TARGETS["slope"]}


def threads(*, rounds: int) -> dict[str, Any]:
    """Play six_stage with everything on one thread and on two: wall-clock time for twice the work."""
    given = everything_at_work()

    def elapsed(n: int, plays: int) -> float:
        workers = [
            threading.Thread(target=lambda: [compiled.run(*given) for _ in range(plays // n)]) for _ in range(n)
        ]
        gc.collect()
        started = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return time.perf_counter() - started

    seconds = {"one": [], "two": []}
    for _ in range(rounds):
        seconds["one"].append(elapsed(1, 4))
        seconds["two"].append(elapsed(2, 4))
    return {"elapsed_s": seconds, "times": measure.ratio(seconds, "one", "two"), "target": TARGETS["threads"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parts = ("base", "over", "everything", "memory", "threads")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--most", type=int, default=1_000_000, help="leads of the longest horizon")
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--play-long", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play_long:
        play_long(options.play_long)
        return
    compiled.make_ready()
    report: dict[str, Any] = {}
    for part in options.only:
        if part in ("base", "over"):
            report[f"w_{part}"] = workload(part, rounds=options.rounds)
        elif part == "everything":
            report[part] = with_everything(rounds=options.rounds)
        elif part == "memory":
            report[part] = memory(options.most)
        else:
            report[part] = threads(rounds=options.rounds)
    measure.write(report, options.json)
    if options.check:
        for name, program in (("w_base", "idiomatic"), ("w_over", "idiomatic"), ("everything", "reference")):
            if name in report:
                assert report[name]["times_as_fast"][program]["median"] >= report[name]["target"], name
        if "memory" in report:
            assert report["memory"]["slope"] <= TARGETS["slope"]
        if "threads" in report:
            assert report["threads"]["times"]["median"] >= TARGETS["threads"]


if __name__ == "__main__":
    main()
