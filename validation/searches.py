"""The searches that three claims look at: `funnelsim tune` on a grid that can be tried whole, and beside random search.

Written once to results/validate/searches.json; `make validate` makes it before the claims that read it.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner

from funnelsim.cli.shell import funnelsim
from funnelsim.config.dump import dump_toml
from funnelsim.config.load import load_scenario
from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario
from funnelsim.lab.compare import play_each
from funnelsim.pareto import hypervolume_2d, nondominated
from funnelsim.records import Float64
from validation.claim import FOUND, jobs, over, processor_seconds
from validation.worlds import GRID, WIDE, changed, weeks

MEASURES = ["revenue", "leads_wasted_share"]
SAMPLERS = ("tpe", "random")
DIRECTIONS = ("maximize", "minimize")
TRUTH_SEED, TRUTH_FROM = 1_000_003, 10_000
"""Of the replications that stand for the truth, and the first of them; no study has that seed."""
MACROS, PAIRS = 20, 10
"""Searches on the grid, and pairs of searches in the wide space."""
FIRST_SEED = 200
"""Of the searches. Those from 100 on were looked at while the search was being mended."""
SETTINGS = {
    "grid": {"replications": 8, "selection_replications": 10, "report_replications": 20},
    "wide": {"replications": 6, "selection_replications": 8, "report_replications": 4},
    "long": {"replications": 4, "selection_replications": 12, "report_replications": 4},
}
"""By space; of the wide one only the front is looked at, not what is reported. `long` searches it as by default."""
TRIALS = {"wide": 60, "long": 200}
"""Policies tried in the wide space, in a short and a long search."""


def grid_values() -> list[dict[str, Any]]:
    """Return every policy of the grid by its fields."""
    values = []
    for spec in GRID.values():
        steps = np.arange(spec["low"], spec["high"] + spec["step"] / 2, spec["step"]) if "low" in spec else []
        values.append(spec.get("choices") or [v if isinstance(spec["low"], float) else int(v) for v in steps.tolist()])
    return [dict(zip(GRID, row, strict=True)) for row in itertools.product(*values)]


def policies(values: list[dict[str, Any]]) -> list[Scenario]:
    """Return the scenario of `weeks` under each policy."""
    world = weeks()
    return [world.with_policy(with_values(world.policy, one)) for one in values]


def truth(scenarios: list[Scenario], *, replications: range, workers: int) -> Float64:
    """Return (replications, scenarios, measures) on replications that no study saw, the same for all."""
    world = weeks()
    run = world.run.model_copy(update={"seed": TRUTH_SEED})
    under = [world.with_policy(s.policy).model_copy(update={"run": run}) for s in scenarios]
    rows = play_each(under, measures=MEASURES, replications=replications, jobs=workers)
    return np.array([[[one[m] for m in MEASURES] for one in rows[r]] for r in replications])


def enumerated(values: list[dict[str, Any]], *, first: int, rest: int, workers: int) -> dict[str, Any]:
    """Return the true means of the grid: of all by `first` replications, of those near the front by `rest` more.

    Near: no other is better in both measures by more than three standard errors of the paired differences.
    """
    whole = truth(policies(values), replications=range(TRUTH_FROM, TRUTH_FROM + first), workers=workers)
    losses = whole * np.array([-1.0, 1.0])
    mean = losses.mean(axis=0)
    front = np.flatnonzero(nondominated(mean, ["minimize", "minimize"]))
    near = np.ones(len(values), dtype=bool)
    for leader in front:
        behind = losses - losses[:, [leader]]
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = behind.mean(axis=0) / (behind.std(axis=0, ddof=1) / np.sqrt(first))
        near &= ~((errors > 3).all(axis=1))
    chosen = np.flatnonzero(near)
    further = range(TRUTH_FROM + first, TRUTH_FROM + first + rest)
    more = truth(policies([values[n] for n in chosen]), replications=further, workers=workers)
    means = whole.mean(axis=0)
    means[chosen] = np.concatenate([whole[:, chosen], more]).mean(axis=0)
    best = int(chosen[np.argmax(means[chosen, 0])])
    paired = more[:, :, 0] - more[:, [int(np.flatnonzero(chosen == best)[0])], 0]
    error = paired.std(axis=0, ddof=1) / np.sqrt(rest)
    return {
        "policies": values,
        "means": means.tolist(),
        "near": chosen.tolist(),
        "replications": [first, first + rest],
        "worst_error_of_differences": float(error.max()),
    }


def studied(number: int, *, space: str, sampler: str, trials: int) -> dict[str, Any]:
    """Return the confirmed front of one search by `funnelsim tune`, as it is reported."""
    variables = GRID if space == "grid" else WIDE
    search = {"search.variables": variables, "search.trials": trials, "search.sampler": sampler}
    search |= {f"search.{name}": value for name, value in SETTINGS[space].items()}
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "weeks.toml", Path(folder) / "study"
        path.write_text(dump_toml(changed(weeks(), search)), encoding="utf-8")
        words = ["tune", str(path), "--jobs", "1", "--out", str(out), "--seed", str(FIRST_SEED + number), "--json"]
        answer = CliRunner().invoke(funnelsim, words)
        if answer.exit_code:
            raise RuntimeError(f"funnelsim {' '.join(words)} failed: {answer.stderr}")
        told = json.loads(answer.stdout)
        made = len((out / "evaluations.jsonl").read_text(encoding="utf-8").splitlines())
        front = [_found(p, load_scenario(out / p["file"]).policy.model_dump_json()) for p in told["front"]]
        in_force = _found(told["in_force"], weeks().policy.model_dump_json())
        if told["in_force_on_front"]:
            front.append(in_force)
    study = {"number": number, "space": space, "sampler": sampler, "evaluations": made}
    return {**study, "in_force": in_force, "front": front}


def _found(policy: dict[str, Any], document: str) -> dict[str, Any]:
    reported = [policy["objectives"][m]["mean"] for m in MEASURES]
    seen = [policy["objectives"][m]["optimism"] for m in MEASURES]
    return {"number": policy["policy"], "document": document, "reported": reported, "optimism_of_the_search": seen}


def with_truth(studies: list[dict[str, Any]], *, replications: range, workers: int) -> None:
    """Add to each policy of each study what it is truly worth."""
    documents = sorted({p["document"] for s in studies for p in (s["in_force"], *s["front"])})
    world = weeks()
    read = type(world.policy).model_validate_json
    means = truth(
        [world.with_policy(read(d)) for d in documents], replications=replications, workers=workers
    ).mean(axis=0)
    worth = dict(zip(documents, means.tolist(), strict=True))
    for study in studies:
        for policy in (study["in_force"], *study["front"]):
            policy["true"] = worth[policy["document"]]


def make(
    *,
    macros: int = MACROS,
    pairs: int = PAIRS,
    first: int = 16,
    rest: int = 304,
    trials_of: Mapping[str, int] = TRIALS,
    most: int = 60,
    workers: int | None = None,
) -> dict[str, Any]:
    """Return the grid's truth and the studies: on the grid, in the wide space, and there by random search.

    Args:
        macros: Searches on the grid, from seeds of their own.
        pairs: Searches of each sampler in the wide space.
        first: Replications that stand for the truth of the whole grid.
        rest: Further ones for the policies near its front.
        trials_of: Policies tried in the wide space, in a short and a long search.
        most: Replications that stand for the truth of what is found there.
        workers: Processes.
    """
    workers, values = workers or jobs(), grid_values()
    grid = enumerated(values, first=first, rest=rest, workers=workers)
    trials = len(values) // 5
    studies = {
        name: over(partial(studied, space=space, sampler=sampler, trials=n), range(count), workers=workers)
        for name, space, sampler, n, count in [
            ("grid", "grid", "tpe", trials, macros),
            *((f"{space}, {by}", space, by, n, pairs) for space, n in trials_of.items() for by in SAMPLERS),
        ]
    }
    with_truth(studies["grid"], replications=range(TRUTH_FROM, TRUTH_FROM + first + rest), workers=workers)
    there = range(TRUTH_FROM, TRUTH_FROM + most)
    wide = [study for name, some in studies.items() if name != "grid" for study in some]
    with_truth(wide, replications=there, workers=workers)
    return {
        "grid": grid, "grid_trials": trials, "trials": dict(trials_of), "settings": SETTINGS, "studies": studies,
    }  # fmt: skip


def covered(points: Float64, corner: Sequence[float]) -> float:
    """Return the hypervolume of policies (n, revenue and waste), measured from `corner`."""
    return hypervolume_2d(points, DIRECTIONS, reference=corner)


def found(folder: Path = FOUND) -> dict[str, Any]:
    """Return the searches, made where they are not there."""
    path = folder / "searches.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / ".searches.part"
        made = make()
        made["processor_seconds"] = processor_seconds()
        part.write_text(json.dumps(made, allow_nan=False), encoding="utf-8")
        os.replace(part, path)
    answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return answer


if __name__ == "__main__":
    (FOUND / "searches.json").unlink(missing_ok=True)
    found()
