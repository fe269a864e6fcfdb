"""A digest by which two processes know that they would give the same bits: a small scenario, played and summed up."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.config.template import template_text
from funnelsim.config.toml import parse_toml
from funnelsim.engines.choice import Engine, Name
from funnelsim.lab.play import draw, play

PACKAGES = ("funnelsim", "numpy", "scipy", "numba", "simpy", "pandas", "pydantic", "holidays", "tzdata")
"""Whose versions a message compares where digests differ."""
POINTS = 4096
"""At so many points the elementary functions behind the luck are compared, beside the scenario."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a process says of itself."""

    digest: str
    """SHA-256, in hex, of the probe's leads, scores, outcomes, touches and measures."""
    versions: dict[str, str]
    """Of Python and of the packages on which the numbers depend; "" where one is not installed."""
    processor: str
    """Its type, as the system calls it; "" where it does not say."""

    def differences(self, other: Report) -> list[str]:
        """Return, in words, each version and the processor in which `other` differs; "here" is self."""
        names = dict.fromkeys((*self.versions, *other.versions))
        pairs = {name: (self.versions.get(name, ""), other.versions.get(name, "")) for name in names}
        pairs["processor"] = (self.processor, other.processor)
        return [f"{name} {a or 'none'} here, {b or 'none'} there" for name, (a, b) in pairs.items() if a != b]


@lru_cache(maxsize=2)
def report(engine: Name) -> Report:
    """Return what this process says of itself with that engine. Worked out once; other processes import it by name."""
    return Report(digest_of_probe(engine), versions(), processor())


def probe_scenario() -> Scenario:
    """Return the scenario that is played: the one that `funnelsim init` writes, over four weeks."""
    tables = parse_toml(template_text().encode(), where="probe")
    scenario = scenario_from(tables, where="probe", name="probe")
    short = {"warmup_days": 7, "horizon_days": 28, "followup_days": 14, "seed": 0}
    return scenario.model_copy(update={"run": scenario.run.model_copy(update=short)})


def digest_of_probe(engine: Name) -> str:
    """Return the digest of everything that one replication of the probe holds, to the last bit.

    Measures are among it, since sums of floats also depend on the processor, and so are the functions that make
    uniforms into luck, at many points: what few leads leave unseen, many points show.
    """
    scenario = probe_scenario()
    played = play(scenario, draw(scenario, 0), engine=Engine(engine))
    seen = hashlib.sha256()
    for record in (played.leads, played.scored, played.outcomes, played.touches):
        for name, value in _columns(record):
            seen.update(f"{type(record).__name__}.{name}".encode())
            seen.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    seen.update(np.array(list(played.summary().values()), dtype=np.float64).tobytes())
    seen.update(elementary().tobytes())
    return seen.hexdigest()


def elementary() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the functions behind the luck at `POINTS` points of (0, 1), one row each."""
    u = (np.arange(POINTS, dtype=np.float64) + 0.5) / POINTS
    rows = (np.exp(-8.0 * u), np.log(u), np.log1p(-u), np.expm1(u), np.exp2(-u), np.sinh(u), np.sqrt(u))
    return np.stack([*rows, special.ndtri(u), special.expit(16.0 * u - 8.0), np.cumsum(u)])


def _columns(record: Any) -> Iterable[tuple[str, Any]]:
    return ((f.name, getattr(record, f.name)) for f in fields(record))


def versions() -> dict[str, str]:
    """Return the versions on which the numbers depend, of Python and of packages; "" where one is not installed."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def processor() -> str:
    """Return the type of this machine's processor, as the system calls it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
