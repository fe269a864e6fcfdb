"""A study's findings as files: the front, every policy tried, those of the front ready to run, and their provenance.

Each file is written in one step and nothing but `provenance.json` tells the time, so that a study which was interrupted
leaves the same bytes as one which was not. `provenance.json` is written last: with it, the others are whole.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import math
from collections.abc import Mapping
from typing import Any

from funnelsim.config.dump import dump_toml, scenario_digest
from funnelsim.config.paths import as_text, get_value, value_in_force
from funnelsim.metrics import MEASURES
from funnelsim.stats import Interval, interval
from funnelsim.tuning.driver import REPORT_FROM, SEARCH_FROM, SELECTION_FROM, Tried
from funnelsim.tuning.fingerprint import versions
from funnelsim.tuning.goals import Row, describe
from funnelsim.tuning.journal import write_whole
from funnelsim.tuning.plan import CONFIGURATION, FRONT, PROVENANCE, TRIALS, remove_results
from funnelsim.tuning.space import policy_of
from funnelsim.tuning.study import Tuned
from funnelsim.tuning.verdict import Reported

SCHEMA_VERSION = 1
PROFIT = "profit"
"""Told beside the front, whether it is an objective or not."""
PROMISES = tuple(name for name, measure in MEASURES.items() if measure.group == "promises")


def write_results(tuned: Tuned, *, more: Mapping[str, bytes], started: dt.datetime, finished: dt.datetime) -> list[str]:
    """Write every file of the study's results into its folder and return their names.

    Args:
        tuned: The study.
        more: Content by file name of what is told elsewhere: figures, words.
        started: When this part of the study was begun, aware.
        finished: When it was done.
    """
    folder = tuned.plan.folder
    files = {
        CONFIGURATION: dump_toml(tuned.plan.scenario).encode(),
        FRONT: _table(front_rows(tuned)),
        TRIALS: _table(trial_rows(tuned)),
        **{policy_file(p): policy_toml(tuned, p.tried).encode() for p in tuned.report.policies},
        **more,
    }
    remove_results(folder)
    for name, content in files.items():
        write_whole(folder / name, content)
    provenance = _provenance(tuned, files, started=started, finished=finished)
    write_whole(folder / PROVENANCE, (json.dumps(provenance, indent=1) + "\n").encode())
    return [*files, PROVENANCE]


def policy_file(policy: Reported) -> str:
    """Return the name of the file that holds a policy of the front."""
    return f"policy_{policy.tried.number}.toml"


def policy_toml(tuned: Tuned, tried: Tried) -> str:
    """Return a scenario file with a policy of the search in force, ready to run under a name of its own."""
    scenario = tuned.plan.scenario
    name = f"{scenario.name}-policy-{tried.number}".removeprefix("-")
    new = scenario.model_copy(update={"name": name, "policy": policy_of(tried.candidate.document)})
    changes = tuned.space.changes(tried.candidate)
    lines = [
        f"# Policy {tried.number} of a search over '{scenario.name or scenario.title}'. What it changes:",
        *(f"#   policy.{c.path}: {shown(c.before)} -> {shown(c.after)}" for c in changes),
    ]
    return "\n".join(lines) + "\n\n" + dump_toml(new)


def promised(rows: list[Row]) -> dict[str, Interval]:
    """Return what a policy can promise: mean and half-width of each measure of that group."""
    return {name: interval([row[name] for row in rows]) for name in PROMISES if name in rows[0]}


def front_rows(tuned: Tuned) -> list[dict[str, Any]]:
    """Return the policy in force and those of the front, a row each, from the report's replications."""
    rows = []
    for policy in (tuned.report.in_force, *tuned.report.policies):
        number = policy.tried.number
        rows_of_it = tuned.rows[number]
        row: dict[str, Any] = {
            "policy": number,
            "status": "in force" if number == 0 else "front",
            "on_front": tuned.report.in_force_on_front if number == 0 else True,
            "finding": policy.finding if number else "",
            "feasible": policy.judgement.feasible,
            "reason": policy.judgement.reason,
            **_values(tuned, policy.tried),
        }
        for e in policy.effects:
            row |= {e.measure: e.estimate.mean, f"{e.measure}_half_width": e.estimate.half_width}
            row |= {f"{e.measure}_difference": e.difference.mean} if number else {f"{e.measure}_difference": ""}
            row[f"{e.measure}_difference_half_width"] = e.difference.half_width if number else ""
            row[f"{e.measure}_p_value"] = e.p_value if number else ""
            row[f"{e.measure}_optimism"] = e.optimism if number else ""
        if PROFIT not in row and PROFIT in rows_of_it[0]:
            profit = interval([one[PROFIT] for one in rows_of_it])
            row |= {PROFIT: profit.mean, f"{PROFIT}_half_width": profit.half_width}
        row |= {"probability_on_front": tuned.probabilities[number], "knee": number == tuned.knee}
        row |= _trade_off(tuned, number)
        for name, kept in promised(rows_of_it).items():
            row |= {name: kept.mean, f"{name}_half_width": kept.half_width}
        rows.append(row)
    return rows


def _trade_off(tuned: Tuned, number: int) -> dict[str, Any]:
    """Return at which prices one policy is the choice, and its value at the price given."""
    if tuned.choice is None:
        return {}
    step = next((s for s in tuned.choice.steps if s.policy == number), None)
    row: dict[str, Any] = {
        "chosen_from_price": "" if step is None else step.low,
        "chosen_to_price": "" if step is None else step.high,
    }
    if tuned.choice.amount is None:
        return row
    worth = next((w for w in tuned.choice.worths if w.policy == number), None)
    return row | {
        "chosen": number == tuned.choice.chosen,
        "value": "" if worth is None else worth.value.mean,
        "value_half_width": "" if worth is None else worth.value.half_width,
        "value_difference": "" if worth is None else worth.difference.mean,
        "value_difference_half_width": "" if worth is None else worth.difference.half_width,
        "probability_best": "" if worth is None else worth.probability_best,
        "expected_regret": "" if worth is None else worth.expected_regret,
    }


def trial_rows(tuned: Tuned) -> list[dict[str, Any]]:
    """Return every policy tried, a row each, with what the search and the selection say of it."""
    goals = tuned.plan.goals
    fates = {s.tried.number: "kept" if s.kept else f"dropped: {s.why}" for s in tuned.selected}
    rows = []
    for t, volume in zip(tuned.tried, tuned.volumes.tolist(), strict=True):
        row: dict[str, Any] = {"policy": t.number, "status": t.judgement.status, "reason": t.judgement.reason}
        row |= _values(tuned, t)
        row |= {g.measure: m for g, m in zip(goals.objectives, t.judgement.means, strict=True)}
        row |= {
            f"violation of {describe(c)}": v for c, v in zip(goals.constraints, t.judgement.violations, strict=True)
        }
        row["hypervolume"] = volume  # of the search's front so far, as a share of the last
        row["selection"] = fates.get(t.number, "")
        rows.append(row)
    return rows


def shown(value: Any) -> str:
    """Return a policy value as people read it: as a file writes it, texts without quotation marks.

    >>> shown("lifo"), shown(True), shown(52.31)
    ('lifo', 'true', '52.31')
    """
    return value if isinstance(value, str) else as_text(value)


def _values(tuned: Tuned, tried: Tried) -> dict[str, Any]:
    """Return the policy value of each variable as a file writes it."""
    scenario = tuned.plan.scenario
    if not tried.candidate.document:  # no policy: what it would have been
        return {d.path: shown(d.value(tried.params[d.path])) for d in tuned.space.dimensions}
    policy = policy_of(tried.candidate.document)
    values = {}
    for dimension in tuned.space.dimensions:
        value = get_value(policy, dimension.path)
        values[dimension.path] = shown(value_in_force(scenario, dimension.path) if value is None else value)
    return values


def _table(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if isinstance(value, float) and math.isnan(value) else value


def _provenance(
    tuned: Tuned, files: Mapping[str, bytes], *, started: dt.datetime, finished: dt.datetime
) -> dict[str, Any]:
    scenario, search = tuned.plan.scenario, tuned.plan.scenario.search
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "tune",
        "scenario": scenario.name,
        "scenario_sha256": scenario_digest(scenario),
        "again": f"funnelsim tune {CONFIGURATION} --trials {tuned.plan.trials} --out again",
        "seed": scenario.run.seed,
        "sampler_seed": search.seed,
        "trials": tuned.plan.trials,
        "batch": search.batch,
        "replications": {
            "search": [SEARCH_FROM, search.replications],
            "selection": [SELECTION_FROM, search.selection_replications],
            "report": [REPORT_FROM, search.report_replications],
        },
        "summary": tuned.report.summary,
        "engine": tuned.plan.engine,
        "versions": versions(tuned.plan.version),
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
