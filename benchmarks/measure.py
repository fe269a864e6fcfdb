"""Ratios of CPU time taken in one interleaved run: these are what a noisy machine can say."""

from __future__ import annotations

import gc
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def cpu_seconds(work: Callable[[], Any]) -> float:
    """Return the CPU time of one call, the garbage of earlier ones collected beforehand."""
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def interleaved(
    programs: dict[str, Callable[[], Any]], *, rounds: int, repeats: dict[str, int] | None = None
) -> dict[str, list[float]]:
    """Return the CPU seconds of each program in each round; the programs take turns.

    `repeats` says which are called several times in a row; what counts is then the median.
    """
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, work in programs.items():
            times = (repeats or {}).get(name, 1)
            seconds[name].append(statistics.median(cpu_seconds(work) for _ in range(times)))
    return seconds


def ratio(seconds: dict[str, list[float]], slow: str, fast: str) -> dict[str, float]:
    """Return how many times as fast `fast` is: the median of the rounds' ratios, and their range."""
    ratios = [a / b for a, b in zip(seconds[slow], seconds[fast], strict=True)]
    return {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios), "rounds": len(ratios)}


def write(report: dict[str, Any], path: str | None) -> None:
    """Print the report as JSON, and write it to `path` where one is given."""
    report = {"python": platform.python_version(), "machine": platform.machine(), **report}
    text = json.dumps(report, indent=2)
    if path:
        Path(path).write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
