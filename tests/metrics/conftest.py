"""Hand-made lives: tiny `Leads`, `Outcomes` and `TouchLog` records with sensible defaults.

The world they live in: 2025-01-06 is a Monday, UTC; 7 days of warm-up, 56 measured (days 7 to 63), 28 of follow-up, so
the run ends at day 91; one bdr (rep 0) and one ae (rep 1), Monday to Friday 9 to 17. Standard: 6 attempts at least 4 h
apart, the first 2 e-mails count, 14 days before the end nothing more is judged (after day 77).
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from funnelsim.config.scenario import Scenario
from funnelsim.records import ALWAYS, LOG_COLUMNS, NEVER, Leads, Outcomes, Result, Row, Scored, State, TouchLog
from funnelsim.roster import build_roster

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
K, M = 8, 4

SCENARIO = {
    "market": {
        "channels": {
            "site": {"visitors_per_day": 100, "spend_per_month": 3000, "offers": {"demo": 0.5, "content": 0.5}},
            "fair": {"visitors_per_day": 0, "spend_per_month": 1000, "offers": {"demo": 1.0}},
        },
        "offers": {"demo": {"hand_raise": True}, "content": {}},
        "deal": {"meetings": [0.4, 0.3, 0.3]},
    },
    "team": {"reps": [{"role": "bdr", "cost_per_hour": 30}, {"role": "ae", "cost_per_hour": 50}]},
    "economics": {
        "gross_margin": 0.8,
        "contract_months": 12,
        "keep_cost_per_month": 10,
        "overtime_factor": 1.5,
        "fixed_cost_per_month": 500,
        "quota_per_month": 20_000,
    },
    "policy": {"self_scheduling": True},
    "run": {"start": "2025-01-06", "warmup_days": 7, "horizon_days": 56, "followup_days": 28,
            "max_touches": K, "max_meetings": M},
}  # fmt: skip


def merged(base: dict, changes: dict) -> dict:
    """Return `base` with `changes` laid over it, table by table."""
    return {
        **base,
        **{
            key: merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
            for key, value in changes.items()
        },
    }


class World:
    """Lives are told one by one; `leads`, `outcomes` and `touches` make tables of them. Times in ms."""

    def __init__(self, **changes) -> None:
        self.scenario = Scenario.model_validate(
            merged({**SCENARIO, "policy": {**SCENARIO["policy"], "sla": {"attempts": 6, "gap": "24h"}}}, changes)
        )
        self.roster = build_roster(self.scenario)
        self._leads: list[dict] = []
        self._outcomes: list[dict] = []
        self._rows: list[dict] = []

    def lead(self, **changes) -> int:
        """Add a buyer, created on day 10 and ready from then for 30 days, whom every touch reaches; or as changed."""
        created = changes.get("created", 10 * DAY)
        self._leads.append(
            {
                "created": created, "channel": 0, "number": len(self._leads), "offer": 0, "hand_raise": True,
                "fit": 20.0, "observed_fit": 20.0, "intent": 0.0, "account": len(self._leads), "duplicate_of": -1,
                "able": True,
                "value": 12_000.0, "months": 24.0, "ready_from": created, "ready_until": created + 30 * DAY,
                "anonymous_visits": 0, "unsubscribe_below": 0, "unsubscribe_send": 0, "books_itself": False,
                "meetings_needed": 0, "close_ms": 0, "win_until": 20 * DAY, "patience": ALWAYS,
                "queue_patience": ALWAYS, "too_soon": 0, "prep_needed": 0, "sync_latency": 0,
                "connect_until": ALWAYS, "reply_until": -1, "reply_lag": 0, "call_ms": 10 * MINUTE,
                "email_ms": 5 * MINUTE, "talk_ms": 20 * MINUTE, "annoyed": False, "tired": False,
                "callback_at": NEVER, "misjudged": False, "given_up": False, "show_until": ALWAYS, "meeting_ms": HOUR,
                "deal_work_ms": 0, "buyer_pace": DAY,
                **changes,
            }
        )  # fmt: skip
        self._outcomes.append(
            {
                **dict.fromkeys((f.name for f in fields(Outcomes)), -1),
                "state": State.MARKETING, "since": created, "touches": 0, "meetings": 0, "handovers": 0,
                "unprepared": False, "misjudged": False, "burnt": 0,
            }
        )  # fmt: skip
        return len(self._leads) - 1

    def becomes(self, i: int, state: State, since: int, **changes) -> None:
        """Say what became of lead i."""
        self._outcomes[i].update({"state": state, "since": since, **changes})

    def row(self, kind: Row, i: int, **columns) -> None:
        """Add a row to the log as it is."""
        self._rows.append({**dict.fromkeys(LOG_COLUMNS, -1), "kind": kind, "lead": i, **columns})

    def handover(self, i: int, start: int, end: int, result: Result = Result.NURTURE, **columns) -> None:
        """Hand lead i over at `start`; it leaves at `end`. Its first touch is due 8 h later, its window 21 days."""
        o = self._outcomes[i]
        o["handovers"] += 1
        for name in ("mql_at", "handed_at"):
            o[name] = start if o[name] < 0 else o[name]
        o["tier"], o["owner"] = max(o["tier"], columns.get("tier", 0)), 0
        window = columns.pop("window", start + 21 * DAY)
        own = {"episode": 2 * o["handovers"] - 1, "tier": 0, "score": 5000, "rep": 0, "queued_at": start}
        handover = {"available_at": start, "due_at": start + 8 * HOUR, "start": start, "end": end, "result": result}
        self.row(Row.HANDOVER, i, **{**own, **handover, **columns})
        if window >= 0:
            self.row(Row.WINDOW, i, **own, available_at=start, due_at=window, start=start, end=end, result=result)

    def touch(self, i: int, dial: int, result: Result = Result.NOT_REACHED, *, kind: Row = Row.CALL, **columns) -> None:
        """Touch lead i: rep 0 begins 2 min before the dial, and is done 10 min after it."""
        o = self._outcomes[i]
        own = {"episode": 2 * o["handovers"] - 1, "attempt": o["touches"] + 1, "number": o["touches"], "rep": 0}
        times = {"queued_at": dial - 2 * MINUTE, "available_at": dial - 2 * MINUTE, "due_at": dial + HOUR}
        work = {"start": dial - 2 * MINUTE, "dial": dial, "end": dial + 10 * MINUTE, "list": 0, "result": result}
        self.row(kind, i, **{**own, **times, **work, **columns})
        if kind != Row.REPLY:
            o["touches"] += 1
            o["first_touch_at"] = dial if o["first_touch_at"] < 0 else o["first_touch_at"]

    def talk(self, i: int, dial: int, result: Result = Result.SQL, *, kind: Row = Row.CALL, **columns) -> None:
        """Reach lead i: a touch that is answered."""
        self.touch(i, dial, result, kind=kind, **columns)
        self._talked(i, dial)
        if result == Result.SQL and self._outcomes[i]["sql_at"] < 0:
            self._outcomes[i]["sql_at"] = dial + 10 * MINUTE

    def meeting(self, i: int, start: int, result: Result = Result.OPPORTUNITY, **columns) -> None:
        """Meet lead i for an hour, with rep 1; it is met unless the result says otherwise."""
        o = self._outcomes[i]
        own = {"episode": 2 * o["handovers"] - 1, "number": o["meetings"], "rep": 1, "list": 1, "queued_at": start}
        times = {"available_at": start, "due_at": start, "start": start, "dial": start, "end": start + HOUR}
        self.row(Row.MEETING, i, **{**own, **times, "result": result, **columns})
        o["meetings"] += 1
        if result != Result.NO_SHOW:
            self._talked(i, start)
            o["met_at"] = start if o["met_at"] < 0 else o["met_at"]
            if result in (Result.OPPORTUNITY, Result.WON, Result.LOST) and o["opportunity_at"] < 0:
                o["opportunity_at"] = start + HOUR

    def books(self, i: int, at: int, slot: int) -> None:
        """Let lead i book a meeting at `at`, to be held at `slot`."""
        o = self._outcomes[i]
        self.row(Row.BOOKING, i, episode=2 * o["handovers"] - 1, number=o["meetings"], rep=1, queued_at=at,
                 available_at=at, due_at=slot, end=slot, result=Result.BOOKED)  # fmt: skip
        self._talked(i, at, talk=False)

    def _talked(self, i: int, at: int, *, talk: bool = True) -> None:
        o, lead = self._outcomes[i], self._leads[i]
        if talk and o["first_talk_at"] < 0:
            o["first_talk_at"] = at
        if o["contact_at"] < 0 and at >= max(lead["created"], lead["ready_from"]):
            o["contact_at"] = at

    def wins(self, i: int, at: int, **changes) -> None:
        """Win lead i at `at`."""
        self.becomes(i, State.WON, at, closed_at=at, **changes)

    def _with_one_lead(self) -> dict:
        self.lead()
        return self._leads[0]

    def leads(self) -> Leads:
        n = len(self._leads)
        matrix = {"connect_until": K, "reply_until": K, "reply_lag": K, "call_ms": K, "email_ms": K, "talk_ms": K,
                  "annoyed": K, "tired": K, "callback_at": K, "misjudged": K, "given_up": K,
                  "show_until": M, "meeting_ms": M, "deal_work_ms": M, "buyer_pace": M}  # fmt: skip
        types = {"channel": np.int16, "number": np.int32, "offer": np.int16, "account": np.int32,
                 "duplicate_of": np.int32, "anonymous_visits": np.int32, "unsubscribe_below": np.int32,
                 "unsubscribe_send": np.int32, "meetings_needed": np.int16}  # fmt: skip
        columns = {}
        for name in (self._leads or [World()._with_one_lead()])[0]:
            values = [lead[name] for lead in self._leads]
            if name in matrix:
                rows = [np.broadcast_to(value, matrix[name]) for value in values]
                columns[name] = np.array(rows).T if n else np.zeros((matrix[name], 0), dtype=np.int64)
            else:
                columns[name] = np.array(values, dtype=types.get(name, None if n else np.int64))
        for name in ("able", "hand_raise", "books_itself", "annoyed", "tired", "misjudged", "given_up"):
            columns[name] = columns[name].astype(np.bool_)
        every = np.arange(n + 1, dtype=np.int64)
        return Leads(
            replication=0, firmographics=np.zeros((0, n), dtype=np.int16), event_start=every,
            event_time=columns["created"].copy(), event_activity=np.zeros(n, dtype=np.int16),
            nurture_start=np.zeros(n + 1, dtype=np.int64), nurture_send=np.zeros(0, dtype=np.int32),
            nurture_time=np.zeros(0, dtype=np.int64), **columns,
        )  # fmt: skip

    def outcomes(self) -> Outcomes:
        types = {"state": np.int8, "touches": np.int16, "meetings": np.int16, "handovers": np.int16, "owner": np.int16,
                 "closer": np.int16, "tier": np.int8, "score": np.int32, "unprepared": np.bool_,
                 "misjudged": np.bool_, "burnt": np.int8}  # fmt: skip
        return Outcomes(
            **{f.name: np.array([o[f.name] for o in self._outcomes], dtype=types.get(f.name, np.int64))
               for f in fields(Outcomes)}
        )  # fmt: skip

    def touches(self) -> TouchLog:
        rows = sorted(self._rows, key=lambda r: tuple(r[c] for c in ("end", "kind", "lead", "episode", "number")))
        return TouchLog(**{name: np.array([r[name] for r in rows], dtype=np.int64) for name in LOG_COLUMNS})

    def scored(self) -> Scored:
        n = len(self._leads)
        return Scored(
            start=np.arange(n + 1, dtype=np.int64), time=self.leads().created.copy(), holds=np.ones(n, dtype=np.bool_),
            tier=np.zeros(n, dtype=np.int8), grade=np.zeros(n, dtype=np.int8), score=np.full(n, 5000, dtype=np.int32),
        )  # fmt: skip


@pytest.fixture
def world() -> World:
    """A world without lives."""
    return World()


@pytest.fixture
def new_world() -> type[World]:
    """Worlds whose scenario is changed, table by table."""
    return World
