"""Small markets and hand-made leads for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

from funnelsim.config.market import Market
from funnelsim.config.run import Run
from funnelsim.config.team import Economics
from funnelsim.population import draw_leads
from funnelsim.records import ALWAYS, NEVER, Leads

DAY = 86_400_000
HOUR = 3_600_000

OFFERS: dict[str, Any] = {
    "content": {"ready_at_arrival": 0.05, "ready_later": 0.25, "too_soon_mean": "15min", "anonymous_visits_mean": 1.5},
    "demo": {"hand_raise": True, "ready_at_arrival": 0.2, "ready_later": 0.5, "self_books_share": 0.4},
}
FIRMOGRAPHICS: dict[str, Any] = {
    "size": {"mix": {"small": 0.6, "large": 0.4}, "fit": {"small": -0.2, "large": 0.3}},
    "region": {"mix": {"north": 0.5, "south": 0.3, "east": 0.2}},
}


def channel(leads_per_day: float, **changes: Any) -> dict[str, Any]:
    """Return a channel with so many leads a day, half its visitors, on both offers."""
    plain = {"visitors_per_day": 2.0 * leads_per_day, "visit_to_lead": 0.5, "offers": {"content": 0.7, "demo": 0.3}}
    return plain | changes


def market(leads_per_day: float = 20.0, **changes: Any) -> Market:
    """Return a market of one channel 'organic' unless `channels` are given; other changes replace its tables."""
    plain = {"channels": {"organic": channel(leads_per_day)}, "offers": OFFERS, "firmographics": FIRMOGRAPHICS}
    return Market.model_validate(plain | changes)


def run(days: int = 50, **changes: Any) -> Run:
    """Return a run of so many measured days, in UTC from a Monday, without warm-up and follow-up."""
    plain = {"warmup_days": 0, "horizon_days": days, "followup_days": 0, "max_touches": 2, "max_meetings": 2}
    return Run.model_validate(plain | changes)


def draw(world: Market, dates: Run | None = None, replication: int = 0) -> Leads:
    """Return the leads of one replication."""
    return draw_leads(world, Economics(), dates if dates is not None else run(), replication)


@cache
def many(replication: int = 0) -> Leads:
    """Return about 40,000 leads of the plain market: 400 a day for 100 days."""
    return draw(market(400.0, duplicate_share=0.0), run(100), replication)


def within_sampling_error(happened: Any, probability: Any) -> bool:
    """Return whether a share lies within 4 standard errors of its probability (a number, or one for each trial)."""
    happened = np.asarray(happened)
    probability = np.broadcast_to(probability, happened.shape)
    error = np.sqrt(np.sum(probability * (1.0 - probability)))
    return bool(abs(happened.sum() - probability.sum()) <= 4.0 * error)


def mean_is(values: Any, expected: float) -> bool:
    """Return whether a sample mean lies within 4 standard errors of what is expected."""
    values = np.asarray(values, dtype=np.float64)
    return bool(abs(values.mean() - expected) <= 4.0 * values.std(ddof=1) / np.sqrt(values.size))


def timelines(
    events: Sequence[Sequence[tuple[int, int]]],
    answers: Sequence[Sequence[tuple[int, int]]] | None = None,
    **columns: Any,
) -> Leads:
    """Return hand-made leads.

    Args:
        events: For each lead its (ms, activity code) after creation; each lead is created at its `created`.
        answers: For each lead its (send, ms) of answered nurture sends.
        columns: Columns of `Leads` (n,) that differ from: created 0, fit and intent 0, able, always reachable.
    """
    n = len(events)
    answers = answers if answers is not None else [[] for _ in range(n)]
    created = np.asarray(columns.get("created", np.zeros(n)), dtype=np.int64)
    rows = [[(int(born), 0), *own] for born, own in zip(created, events, strict=True)]
    table: dict[str, Any] = {
        "replication": 0,
        "created": created,
        "firmographics": np.zeros((0, n), dtype=np.int16),
        "event_start": np.cumsum([0, *(len(row) for row in rows)]),
        "event_time": np.array([t for row in rows for t, _ in row], dtype=np.int64),
        "event_activity": np.array([a for row in rows for _, a in row], dtype=np.int16),
        "nurture_start": np.cumsum([0, *(len(row) for row in answers)]),
        "nurture_send": np.array([s for row in answers for s, _ in row], dtype=np.int32),
        "nurture_time": np.array([t for row in answers for _, t in row], dtype=np.int64),
        "ready_until": np.full(n, NEVER),
    }
    types = {"Int8": np.int8, "Int16": np.int16, "Int32": np.int32, "Int64": np.int64, "Float64": np.float64}
    by_touch = {"connect_until", "reply_until", "reply_lag", "call_ms", "email_ms", "talk_ms", "annoyed", "tired"}
    by_meeting = {"show_until", "meeting_ms", "deal_work_ms", "buyer_pace"}
    for field in fields(Leads):
        if field.name in table:
            continue
        kind = types.get(str(field.type), np.bool_)
        wide = field.name in by_touch | by_meeting | {"callback_at", "misjudged", "given_up"}
        default = ALWAYS if field.name.endswith("_until") or "patience" in field.name else 0
        default = -1 if field.name == "duplicate_of" else default
        plain = np.full((1, n) if wide else n, default, dtype=kind)
        table[field.name] = np.asarray(columns.get(field.name, plain), dtype=kind)
    if "firmographics" in columns:
        table["firmographics"] = np.asarray(columns["firmographics"], dtype=np.int16)
    for value in table.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return Leads(**table)
