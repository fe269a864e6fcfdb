"""Workload W: the reference engine with its full log against an idiomatic SimPy program, on the same luck.

    python benchmarks/workload_w.py [--rounds 5] [--json FILE] [--check]

The amount of work is asserted: both programs count their logical events (arrivals, attempt ends, later due times,
closes, abandonments), which agree but for ties that the idiomatic program settles by insertion. With --check the
targets are asserted too: 2 times as fast on W-base, 8 times on W-over.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import idiomatic
import measure
import numpy as np

from funnelsim.config.load import load_scenario
from funnelsim.engines import reference
from funnelsim.population import draw_leads
from funnelsim.records import Leads, Outcomes, Row, State, TouchLog
from funnelsim.roster import build_agreement, build_roster, build_rules
from funnelsim.scoring import score_leads

CONFIGS = Path(__file__).parent.parent / "configs" / "oracles"
END_MINUTES = 175_200  # 365 days of 8 working hours, one continuous clock
END_MS = END_MINUTES * 60_000
TARGETS = {"base": 2.0, "over": 8.0}


def counts(leads: Leads, outcomes: Outcomes, log: TouchLog, end: int) -> dict[str, int]:
    """Return the logical events of a played W, by kind."""
    calls = log.kind == Row.CALL
    result = {
        "arrivals": int((leads.created < end).sum()),
        "attempts": int((calls & (log.dial >= 0) & (log.end < end)).sum()),
        "due": int((calls & (log.attempt > 1)).sum()),
        "closes": int((outcomes.closed_at >= 0).sum()),
        "abandoned": int((outcomes.state == State.ABANDONED).sum()),
    }
    result["events"] = sum(result.values())
    return result


def arguments(name: str, *, end: int = END_MS, days: int | None = None, replication: int = 0):
    """Return what an engine is given to play W."""
    scenario = load_scenario(CONFIGS / f"workload_w_{name}.toml")
    if days is not None:
        scenario = scenario.model_copy(update={"run": scenario.run.model_copy(update={"horizon_days": days})})
    leads = draw_leads(scenario.market, scenario.economics, scenario.run, replication)
    roster = build_roster(scenario)
    agreement, rules = build_agreement(scenario, roster), build_rules(scenario)
    return leads, score_leads(leads, scenario.policy, scenario.market), roster, agreement, rules, end


def prepare(name: str, *, end: int = END_MS, days: int | None = None, replication: int = 0):
    """Return the leads of W, its reps, and a function that plays it on the reference engine."""
    given = arguments(name, end=end, days=days, replication=replication)
    return given[0], given[2], lambda: reference.run(*given)


def compare(name: str, *, rounds: int) -> dict[str, object]:
    leads, roster, play = prepare(name)
    ours = counts(leads, *play(), END_MS)
    theirs = idiomatic.run(leads, reps=roster.n, horizon_minutes=END_MINUTES)
    # Integer milliseconds against floating minutes: near-ties fall out differently, and queues carry them on.
    assert abs(ours["events"] - theirs.events) < 0.005 * theirs.events, (ours, theirs.events)
    assert np.isclose(ours["attempts"], theirs.attempts, rtol=0.005)
    seconds = measure.interleaved(
        {
            "reference": play,
            "idiomatic": lambda: idiomatic.run(leads, reps=roster.n, horizon_minutes=END_MINUTES),
        },
        rounds=rounds,
    )
    return {
        "work": ours,
        "idiomatic_events": theirs.events,
        "seconds": seconds,
        "times_as_fast": measure.ratio(seconds, "idiomatic", "reference"),
        "target": TARGETS[name],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    report = {f"w_{name}": compare(name, rounds=options.rounds if name == "base" else 3) for name in TARGETS}
    measure.write(report, options.json)
    if options.check:
        for name, target in TARGETS.items():
            assert report[f"w_{name}"]["times_as_fast"]["median"] >= target, name


if __name__ == "__main__":
    main()
