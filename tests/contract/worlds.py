"""Small random scenarios over everything that the model can express, each a pure function of its number."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.engines import reference
from funnelsim.lab.play import Played, draw
from funnelsim.records import Leads, Scored
from funnelsim.roster import build_agreement, build_roster, build_rules
from funnelsim.scoring import score_leads

HOURS = (
    ["Mon-Fri 09:00-17:00"],
    ["Mon-Sun 00:00-24:00"],
    ["Mon-Sat 07:30-12:00", "Mon-Fri 13:00-18:15"],
    ["Tue-Fri 12:00-20:00", "Sun-Sun 22:00-24:00"],
)


class Dice:
    """Choices in a fixed order from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one(self, *options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def between(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 3)

    def count(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))


def random_scenario(seed: int) -> Scenario:
    """Return a small eventful scenario; one in three on a grid of whole hours or half hours, full of ties."""
    d = Dice(seed)
    tied = seed % 3 == 0
    policy = _policy(d, tied=tied)
    shares = d.one([1.0], [0.5, 0.5], [0.0, 0.3, 0.3, 0.4])
    start = d.one(dt.date(2025, 1, 6), dt.date(2025, 3, 26), dt.date(2024, 12, 19), dt.date(2025, 10, 23))
    market = _market(d, shares, tied=tied)
    if market["deal"]["closes_by"] == "delay":
        policy.update(lifecycle=d.one("six_stage", "three_stage"), self_scheduling=False)
    attempts = max(policy["sla"]["attempts"], policy["sla"]["A"].get("attempts", 1))
    tightest = attempts * (1 + policy["routing"]["recycles"])
    meetings = len(shares) - 1 + policy["meetings"]["rebookings"] + 1
    return Scenario.model_validate(
        {
            "oracle": True,
            "market": market,
            "team": _with_leavers(seed, _team(d, start=start, split=policy["routing"]["method"] == "segment"), start),
            "policy": policy,
            "run": {
                "start": start,
                "time_zone": d.one("UTC", "Europe/Berlin", "America/New_York"),
                "warmup_days": d.count(0, 3),
                "horizon_days": d.count(5, 14),
                "followup_days": d.count(0, 7),
                "seed": seed,
                "max_touches": tightest + d.one(0, 0, 3, 12),
                "max_meetings": meetings + d.one(0, 0, 2, 6),
                "grid": d.one("60min", "30min", "1d") if tied else "0min",
                "standard": {"days": d.one(0.0, 2.0), "attempts": d.count(1, 4)},
            },
        }
    )


def _length(d: Dice, mean: str, *, tied: bool) -> dict[str, Any]:
    if tied:
        return {"form": "fixed", "mean": mean}
    return d.one({"form": "lognormal", "mean": mean, "sigma": 0.6}, {"form": "exponential", "mean": mean})


def _market(d: Dice, shares: list[float], *, tied: bool) -> dict[str, Any]:
    def length(*means: str) -> dict[str, Any]:
        return _length(d, d.one(*means), tied=tied)

    def offer(**more: Any) -> dict[str, Any]:
        now, later = d.between(0.1, 0.6), d.between(0.1, 0.4)
        return {
            "ready_at_arrival": now,
            "ready_later": later,
            "ready_lag": length("1d", "3d", "5d"),
            "self_books_share": d.one(0.0, 0.5),
            "anonymous_visits_mean": d.one(0.0, 2.0),
            **more,
        }

    return {
        "channels": {
            "web": {"visitors_per_day": d.one(2, 5, 9), "visit_to_lead": 1.0, "offers": {"demo": 0.4, "paper": 0.6}},
            "fair": {"visitors_per_day": 1, "visit_to_lead": 1.0, "offers": {"paper": 1.0},
                     "shape": {"hour_weights": [0.0] * 9 + [1.0] + [0.0] * 14}},
        },
        "offers": {
            "demo": offer(hand_raise=True),
            "paper": offer(too_soon_mean=d.one("0min", "20min", "4h")),
        },
        "firmographics": {"region": {"mix": {"north": 0.5, "south": 0.3, "east": 0.2}, "fit": {"north": 0.5}}},
        "fit": {"able_share": d.between(0.5, 1.0), "noise_sd": d.one(0.0, 5.0)},
        "journey": {"window": length("3d", "8d", "60d"), "declared_intent_max": d.one(0.0, 30.0)},
        "engagement": {"idle_per_day": d.one(0.02, 0.3), "ready_per_day": d.one(0.3, 1.5)},
        "nurture": {"finest_pace": d.one("1d", "3d"), "response_idle": 0.1, "response_ready": 0.4,
                    "lag": length("2h"), "sensitive_share": 0.4, "unsubscribe_send_mean": 2.0},
        "reach": {
            "form": d.one("logit", "logit", "exponential"),
            "mu": d.one(-1.0, 0.5),
            "p0": d.between(0.1, 0.9),
            "tau": d.one("1h", "1d"),
            "unreachable_share": d.one(0.0, 0.2),
            "email_p0": d.between(0.1, 0.9),
            "email_lag": length("1h", "10h", "2d"),
        },
        "effort": {
            "call": length("10min", "60min", "0min"),
            "email": length("5min", "60min"),
            "talk": length("20min", "60min"),
            "meeting": length("45min", "60min", "2h"),
            "deal_work": length("0min", "90min", "4h"),
            "no_show": d.one("0min", "15min", "60min"),
            "preparation_needed": d.one(None, length("5min", "15min")),
        },
        "temper": {
            "annoyed_share": d.one(0.0, 0.5),
            "tired_share": d.one(0.0, 0.3),
            "callback_share": d.one(0.0, 0.9, 0.9),
            "callback_error": length("1h", "6h", "1d"),
            "callback_never": length("1d", "4d"),
            "misjudged_share": d.one(0.0, 0.4),
            "misjudged_later_share": d.one(0.0, 0.4),
            "given_up_share": d.one(0.0, 0.0, 0.3),
            "queue_patience": d.one(None, None, length("3h", "1d", "3d")),
        },
        "deal": {
            "closes_by": d.one("meetings", "meetings", "meetings", "delay"),
            "win_at_once": d.between(0.3, 1.0),
            "win_tau": d.one("none", "2d", "20d"),
            "meetings": shares,
            "buyer_pace": length("0min", "6h", "2d"),
            "close": length("3h", "2d"),
            "patience": d.one("none", length("3h", "1d", "4d")),
            "no_show_share": d.one(0.0, 0.4),
            "show_tau": d.one("none", "5d"),
        },
        "duplicate_share": d.one(0.0, 0.3),
        "sync_latency": d.one("0min", "0min", "5min", "60min"),
        "sync_delay": d.one("none", "none", length("20min")),
        "sync_clock": d.one("calendar", "business"),
    }  # fmt: skip


def _team(d: Dice, *, start: dt.date, split: bool) -> dict[str, Any]:
    roles = d.one(("bdr", "ae"), ("sales", "sales"))
    groups: list[dict[str, Any]] = []
    for role in dict.fromkeys(roles):
        regions: list[list[str]] = d.one([[]], [["north", "east"], ["south"]], [["north"], []]) if split else [[]]
        for segments in regions if split else [[]] * d.count(1, 2):
            group: dict[str, Any] = {"role": role, "count": d.count(1, 2), "hours": d.one(*HOURS)}
            group["segments"] = segments
            group["weight"] = d.count(1, 3)
            if d.chance(0.3):
                group["time_zone"] = d.one("America/New_York", "Asia/Kolkata", "Australia/Sydney")
            if d.chance(0.3):
                group["holidays"] = d.one("US", "DE-BY")
            if d.chance(0.2):
                group["days_off"] = [(start + dt.timedelta(days=d.count(1, 6))).isoformat()]
            if d.chance(0.25):
                group["starts"] = start + dt.timedelta(days=d.count(1, 6))
            if d.chance(0.35):
                group["ramp"] = [{"after_days": 0, "productivity": 0.3}, {"after_days": 5, "productivity": 0.7}]
            if d.chance(0.4):
                group["max_open_leads"] = d.count(1, 4)
            if d.chance(0.3):
                group["max_open_opportunities"] = d.count(1, 3)
            groups.append(group)
    return {"reps": groups, "touch_role": roles[0], "close_role": roles[1]}


def _with_leavers(seed: int, team: dict[str, Any], start: dt.date) -> dict[str, Any]:
    """Return the team of which, in two scenarios of five, some reps leave: drawn apart, so that the rest stays."""
    d = Dice(30_000_000 + seed)
    if d.chance(0.6):
        return team
    groups = []
    for group in team["reps"]:
        leaves = max(group.get("starts", start), start) + dt.timedelta(days=d.count(1, 9))
        if not d.chance(0.6):
            groups.append(group)
            continue
        groups.append({**group, "count": 1, "leaves": leaves})
        if group["count"] > 1:
            groups.append({**group, "count": group["count"] - 1})
    return {**team, "reps": groups}


def _policy(d: Dice, *, tied: bool) -> dict[str, Any]:
    lifecycle = d.one("six_stage", "six_stage", "no_sql", "three_stage", "booked_meeting")
    method = d.one("pool", "round_robin", "weighted", "least_loaded", "segment")

    def term(*options: str) -> str:
        return str(d.one(*options))

    sla: dict[str, Any] = {
        "first_touch": term("1h", "30 business minutes", "8 business hours", "1d"),
        "later_touch": term("2h", "1 business days", "4 business hours"),
        "attempts": d.count(1, 4),
        "gap": term("0min", "60min", "4h", "1d", "3 business hours", "0 business hours"),
        "touches": d.one(["call"], ["email", "call"], ["call", "email"], ["email"]),
        "preparation": term("0min", "10min", "60min" if tied else "7min"),
        "earliest_touch": term("0min", "0min", "2h", "1 business hours"),
        "window": term("60d", "1d", "3d", "6 business hours"),
        "A": d.one({}, {"attempts": d.count(1, 4), "gaps": ["30min", "2h"], "window": "2d"}),
        "B": d.one({}, {"preparation": "30min", "first_touch": "4h"}),
    }
    policy: dict[str, Any] = {
        "lifecycle": lifecycle,
        "deduplication": d.chance(0.5),
        "callbacks": d.chance(0.7),
        "scoring": {
            "rule": d.one("sum", "sum", "and", "or", "event"),
            "cutoff": d.one(5.0, 20.0, 35.0),
            "intent_cutoff": 5.0,
            "offer_points": {"demo": 15.0},
            "trigger_offers": ["demo"],
            "decay": d.one("none", "half_life", "window"),
            "fast_lane": d.chance(0.3),
        },
        "sla": sla,
        "marketing": {"nurture_every": d.count(0, 3), "quality_floor": d.one(None, 10.0)},
        "order": {"work": d.one("deadline", "tier", "fifo", "lifo", "score"), "first_before_later": d.chance(0.6)},
        "routing": {
            "method": method,
            "segment_by": "region" if method == "segment" else None,
            "recycles": d.count(0, 2),
            "on_breach": d.one("none", "escalate", "reassign"),
        },
        "meetings": {
            "slot": d.one("30min", "60min", "45min"),
            "notice": term("0h", "4h", "3 business hours"),
            "rebookings": d.count(0, 2),
            "accept_within": d.one(None, "1d", "6 business hours"),
            "book_ahead": term("1d", "14d", "2 business days"),
        },
        "after_attempts": d.one("nurture", "nurture", "close"),
        "cool_off": term("0min", "1d", "4d"),
    }
    if lifecycle != "booked_meeting":
        policy["self_scheduling"] = d.chance(0.3)
    return policy


def play_watched(
    scenario: Scenario, *, leads: Leads | None = None, scored: Scored | None = None, **hooks: Any
) -> Played:
    """Play replication 0 of `scenario` (or the given leads) with the engine's hooks for tests."""
    people = draw(scenario, 0) if leads is None else leads
    roster = build_roster(scenario)
    verdicts = score_leads(people, scenario.policy, scenario.market) if scored is None else scored
    outcomes, touches = reference.run(
        people, verdicts, roster, build_agreement(scenario, roster), build_rules(scenario),
        Clock.of(scenario.run).end, **hooks,
    )  # fmt: skip
    return Played(scenario, roster, people, verdicts, outcomes, touches)
