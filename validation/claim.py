"""A claim that was checked: what, how, the figures, and whether it holds; kept as JSON for the page."""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import resource
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

FOUND = Path("results") / "validate"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim and what was found."""

    key: str  # also the name of its module
    claims: str  # what is claimed, one sentence
    how: str  # how it was checked
    found: str  # the decisive figures in words
    holds: bool
    figures: dict[str, Any] = field(default_factory=dict)  # everything measured; JSON values


def run(measure: Callable[[], Claim]) -> None:
    """Measure a claim, print it, and write it to results/validate/<key>.json; exit code 1 where it does not hold."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--out", type=Path, default=FOUND, help="folder for the JSON file")
    folder = parser.parse_args().out
    claim = measure()
    seconds = processor_seconds()
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**asdict(claim), "processor_seconds": round(seconds, 1)}, indent=1, allow_nan=False)
    part = folder / f".{claim.key}.part"
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, folder / f"{claim.key}.json")
    print(f"{'holds' if claim.holds else 'DOES NOT HOLD'}: {claim.claims}")
    print(f"  {claim.found}  ({seconds:.0f} s of processor time)")
    sys.exit(0 if claim.holds else 1)


def processor_seconds() -> float:
    """Return the processor time that this process and those that it waited for have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def jobs() -> int:
    """Return how many processes to use: FUNNELSIM_VALIDATE_JOBS, or the cores there are."""
    return int(os.environ.get("FUNNELSIM_VALIDATE_JOBS", 0)) or os.cpu_count() or 1


def over(work: Callable[[int], T], numbers: Iterable[int], *, workers: int | None = None) -> list[T]:
    """Return `work` of each number, in order, by several processes; `work` stands at the top of a module."""
    workers = workers or jobs()
    if workers == 1:
        return [work(n) for n in numbers]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(work, numbers, chunksize=4))


def least(nominal: float, of: int) -> float:
    """Return the least share that is not significantly below `nominal` in `of` trials: 99 %, one-sided."""
    return nominal - 2.33 * math.sqrt(nominal * (1 - nominal) / of)
