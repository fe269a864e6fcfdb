"""A search's findings as one JSON object."""

from __future__ import annotations

import math
from typing import Any

from funnelsim.report.findings_verdict import verdict_lines
from funnelsim.stats import Interval, interval
from funnelsim.tuning.study import Tuned
from funnelsim.tuning.verdict import Reported
from funnelsim.tuning.writeout import policy_file, promised, shown

SCHEMA_VERSION = 1


def findings_object(tuned: Tuned) -> dict[str, Any]:
    """Return everything found as one JSON object; what is not defined is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": tuned.plan.scenario.name,
        "seed": tuned.plan.scenario.run.seed,
        "folder": str(tuned.plan.folder),
        "summary": tuned.report.summary,
        "verdict": verdict_lines(tuned),
        "policies_tried": len(tuned.tried),
        "policies_feasible": sum(1 for t in tuned.tried if t.judgement.feasible),
        "candidates": len(tuned.selected) - 1,
        "in_force_on_front": tuned.report.in_force_on_front,
        "knee": tuned.knee,
        "trade_off": _trade_off_object(tuned),
        "hypervolume": {
            "after_each_policy": [_finite(v) for v in tuned.volumes.tolist()],
            "stopped_at_plateau": tuned.at_plateau,
        },
        "importance": {
            measure: [{"path": i.path, "share": i.share, "low": i.low, "high": i.high} for i in rows]
            for measure, rows in tuned.importance.items()
        },
        "objectives": [{"measure": g.measure, "direction": g.direction} for g in tuned.plan.goals.objectives],
        "in_force": _policy_object(tuned, tuned.report.in_force),
        "front": [_policy_object(tuned, p) for p in tuned.report.policies],
    }


def _policy_object(tuned: Tuned, policy: Reported) -> dict[str, Any]:
    number = policy.tried.number
    rows = tuned.rows[number]
    return {
        "policy": number,
        "file": policy_file(policy) if number else None,
        "finding": policy.finding if number else "in force",
        "feasible": policy.judgement.feasible,
        "reason": policy.judgement.reason,
        "probability_on_front": tuned.probabilities[number],
        "changes": [
            {"path": c.path, "before": shown(c.before), "after": shown(c.after)}
            for c in tuned.space.changes(policy.tried.candidate)
        ],
        "objectives": {
            e.measure: {
                **_interval_object(e.estimate),
                "difference": _interval_object(e.difference),
                "p_value": _finite(e.p_value),
                "optimism": _finite(e.optimism) if number else None,
            }
            for e in policy.effects
        },
        "promises": {name: _interval_object(kept) for name, kept in promised(rows).items()},
        "metrics": {name: _interval_object(interval([row[name] for row in rows])) for name in rows[0]},
    }


def _trade_off_object(tuned: Tuned) -> dict[str, Any] | None:
    """Return what a trade-off says; money over the measured window. An open end of the prices is null."""
    choice = tuned.choice
    if choice is None:
        return None
    return {
        "money": choice.price.money,
        "per": choice.price.measure,
        "of_points": choice.price.of_points,
        "amount": choice.amount,
        "choose": choice.chosen,
        "probability_alone": _finite(choice.probability_alone),
        "steps": [{"policy": s.policy, "from": s.low, "to": _finite(s.high)} for s in choice.steps],
        "values": [
            {
                "policy": w.policy,
                **_interval_object(w.value),
                "difference": _interval_object(w.difference),
                "probability_best": _finite(w.probability_best),
                "expected_regret": _finite(w.expected_regret),
            }
            for w in choice.worths
        ],
    }


def _interval_object(found: Interval) -> dict[str, Any]:
    return {"mean": _finite(found.mean), "half_width": _finite(found.half_width), "n": found.n}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
