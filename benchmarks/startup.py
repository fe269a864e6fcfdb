"""CPU time of `funnelsim --help` in a fresh process; the target is 0.2 s.

python benchmarks/startup.py [--rounds 9] [--json FILE] [--check]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys

import measure


def cpu_seconds_of(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    help_s, bare_s = [], []
    for _ in range(options.rounds):
        help_s.append(cpu_seconds_of([sys.executable, "-m", "funnelsim", "--help"]))
        bare_s.append(cpu_seconds_of([sys.executable, "-c", "pass"]))
    report = {"help_s": statistics.median(help_s), "bare_python_s": statistics.median(bare_s), "target_s": 0.2}
    measure.write(report, options.json)
    if options.check:
        assert report["help_s"] <= 0.2


if __name__ == "__main__":
    main()
