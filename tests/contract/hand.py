"""Scenes with leads made by hand, so that every moment of a timeline can be computed on paper."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.engines import reference
from funnelsim.records import ALWAYS, NEVER, Leads, Outcomes, Result, Row, Scored, State, TouchLog
from funnelsim.roster import build_agreement, build_roster, build_rules

from .both import run_both

MIN = 60_000
HOUR = 60 * MIN
DAY = 24 * HOUR


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it, table by table."""
    result = dict(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def scene(**changes: Any) -> Scenario:
    """Return a small scenario: one channel, two roles, a week from Monday 6 January 2025, `changes` laid over it."""
    base: dict[str, Any] = {
        "oracle": True,
        "market": {
            "channels": {"web": {"visitors_per_day": 10.0, "offers": {"content": 1.0}}},
            "offers": {"content": {}},
            "duplicate_share": 0.0,
            "effort": {
                "call": {"form": "fixed", "mean": "10min"},
                "email": {"form": "fixed", "mean": "5min"},
                "talk": {"form": "fixed", "mean": "20min"},
                "meeting": {"form": "fixed", "mean": "60min"},
                "deal_work": {"form": "fixed", "mean": "0min"},
            },
        },
        "team": {"reps": [{"role": "bdr", "count": 1}, {"role": "ae", "count": 1}]},
        "policy": {"sla": {"preparation": "0min", "window": "60d"}, "meetings": {"notice": "0h"}},
        "run": {"start": dt.date(2025, 1, 6), "warmup_days": 0, "horizon_days": 28, "followup_days": 0,
                "standard": {"days": 0.0}},
    }  # fmt: skip
    return Scenario.model_validate(merged(base, changes))


_PER_TOUCH: dict[str, tuple[Any, Any]] = {
    "connect_until": (np.int64, -1), "reply_until": (np.int64, -1), "reply_lag": (np.int64, HOUR),
    "call_ms": (np.int64, 10 * MIN), "email_ms": (np.int64, 5 * MIN), "talk_ms": (np.int64, 20 * MIN),
    "annoyed": (np.bool_, False), "tired": (np.bool_, False), "callback_at": (np.int64, NEVER),
    "misjudged": (np.bool_, False), "given_up": (np.bool_, False),
}  # fmt: skip
_PER_MEETING: dict[str, tuple[Any, Any]] = {
    "show_until": (np.int64, ALWAYS), "meeting_ms": (np.int64, HOUR), "deal_work_ms": (np.int64, 0),
    "buyer_pace": (np.int64, DAY),
}  # fmt: skip
_PER_LEAD: dict[str, tuple[Any, Any]] = {
    "channel": (np.int16, 0), "offer": (np.int16, 0), "hand_raise": (np.bool_, False), "fit": (np.float64, 0.0),
    "observed_fit": (np.float64, 0.0), "intent": (np.float64, 0.0), "account": (np.int32, 0),
    "duplicate_of": (np.int32, -1), "able": (np.bool_, True), "value": (np.float64, 1000.0),
    "months": (np.float64, 12.0), "ready_from": (np.int64, 0), "ready_until": (np.int64, ALWAYS),
    "anonymous_visits": (np.int32, 0), "unsubscribe_below": (np.int32, 0), "unsubscribe_send": (np.int32, 1),
    "books_itself": (np.bool_, False), "meetings_needed": (np.int16, 0), "close_ms": (np.int64, DAY),
    "win_until": (np.int64, ALWAYS), "patience": (np.int64, ALWAYS), "queue_patience": (np.int64, ALWAYS),
    "too_soon": (np.int64, 0), "prep_needed": (np.int64, 0), "sync_latency": (np.int64, 0),
}  # fmt: skip


def people(created: list[int], *, touches: int = 24, meetings: int = 8, **columns: Any) -> Leads:
    """Return leads created at the given ms, able and ready, whom no call reaches; `columns` replace what differs."""
    n = len(created)
    fields: dict[str, Any] = {"replication": 0, "created": np.array(created, dtype=np.int64)}
    fields["number"] = np.arange(n, dtype=np.int32)
    fields["firmographics"] = np.zeros((0, n), dtype=np.int16)
    for table, shape in ((_PER_TOUCH, (touches, n)), (_PER_MEETING, (meetings, n)), (_PER_LEAD, (n,))):
        for name, (kind, value) in table.items():
            fields[name] = np.array(np.broadcast_to(np.asarray(columns.pop(name, value), dtype=kind), shape))
    fields["event_start"] = np.arange(n + 1, dtype=np.int64)
    fields["event_time"] = fields["created"].copy()
    fields["event_activity"] = np.zeros(n, dtype=np.int16)
    fields["nurture_start"] = np.zeros(n + 1, dtype=np.int64)
    fields["nurture_send"] = np.zeros(0, dtype=np.int32)
    fields["nurture_time"] = np.zeros(0, dtype=np.int64)
    fields.update(columns)
    return Leads(**fields)


def verdicts(leads: Leads, *, tier: Any = 2, score: Any = 0, events: list[list[int]] | None = None) -> Scored:
    """Return a scoring that qualifies every lead at creation (or at the given event times), in the given tier."""
    times = [[int(t)] for t in leads.created] if events is None else events
    start = np.concatenate(([0], np.cumsum([len(t) for t in times]))).astype(np.int64)
    size = int(start[-1])
    spread = np.repeat(np.arange(leads.n), np.diff(start))
    return Scored(
        start=start,
        time=np.array([t for row in times for t in row], dtype=np.int64),
        holds=np.ones(size, dtype=np.bool_),
        tier=np.broadcast_to(np.asarray(tier, dtype=np.int8), leads.n)[spread].copy(),
        grade=np.full(size, 8, dtype=np.int8),
        score=np.broadcast_to(np.asarray(score, dtype=np.int32), leads.n)[spread].copy(),
    )


@dataclasses.dataclass(frozen=True)
class Told:
    """A played scene, read the way a test speaks."""

    scenario: Scenario
    outcomes: Outcomes
    log: TouchLog

    def state(self, i: int = 0) -> str:
        return State(int(self.outcomes.state[i])).name

    def rows(self, *kinds: Row, lead: int | None = None) -> list[dict[str, int]]:
        names = [f.name for f in dataclasses.fields(self.log)]
        rows = [
            dict(zip(names, values, strict=True))
            for values in zip(*(getattr(self.log, n).tolist() for n in names), strict=True)
        ]
        return [r for r in rows if (not kinds or r["kind"] in kinds) and (lead is None or r["lead"] == lead)]

    def results(self, *kinds: Row, lead: int | None = None) -> list[str]:
        return [Result(r["result"]).name for r in self.rows(*kinds, lead=lead)]

    def when(self, ms: int) -> str:
        return self.clock.to_datetime(ms).strftime("%a %H:%M")

    @property
    def clock(self) -> Clock:
        return Clock.of(self.scenario.run)


def told(scenario: Scenario, leads: Leads, scored: Scored | None = None, **hooks: Any) -> Told:
    """Play the scene: on both engines, or where `hooks` are given on the reference engine, which alone has them."""
    roster = build_roster(scenario)
    run = reference.run if hooks else run_both
    outcomes, log = run(
        leads, verdicts(leads) if scored is None else scored, roster, build_agreement(scenario, roster),
        build_rules(scenario), Clock.of(scenario.run).end, **hooks,
    )  # fmt: skip
    return Told(scenario, outcomes, log)


def at(day: int, hour: int, minute: int = 0) -> int:
    """Return the ms of a wall time, day 0 being Monday 6 January 2025 (no daylight saving)."""
    return day * DAY + hour * HOUR + minute * MIN
