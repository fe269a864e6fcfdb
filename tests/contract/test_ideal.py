"""The ideal loses no buyer: where nothing takes time and nobody is offended, all who would buy are won, nobody else."""

from __future__ import annotations

import dataclasses

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.policy import Policy
from funnelsim.config.team import Team
from funnelsim.lab.play import draw
from funnelsim.metrics.waste import would_buy
from funnelsim.records import NEVER, Leads, State
from funnelsim.roster import build_agreement, build_roster, build_rules

from .both import run_both
from .hand import verdicts
from .worlds import random_scenario


def unoffended(leads: Leads) -> Leads:
    """Return the leads with work and waits of no length, calls only, and nobody annoyed, tired or misjudged."""
    calls, meetings, n = leads.connect_until.shape[0], leads.show_until.shape[0], leads.n
    nothing = {name: np.zeros((calls, n), np.int64) for name in ("call_ms", "email_ms", "talk_ms", "reply_lag")}
    nothing |= {name: np.zeros((meetings, n), np.int64) for name in ("meeting_ms", "deal_work_ms", "buyer_pace")}
    nothing |= {name: np.zeros(n, np.int64) for name in ("prep_needed", "close_ms", "sync_latency")}
    return dataclasses.replace(
        leads,
        **nothing,
        reply_until=np.full((calls, n), -1),
        books_itself=np.zeros(n, np.bool_),
        **{name: np.zeros((calls, n), np.bool_) for name in ("annoyed", "tired", "misjudged", "given_up")},
    )


def ideal(seed: int, *, calls_take_ms: int = 0) -> tuple[int, int, int]:
    """Play the leads of a random scenario under ideal follow-up; return buyers, of them won, and others won."""
    scenario = random_scenario(seed)
    leads = unoffended(draw(scenario, 0))
    leads = dataclasses.replace(leads, call_ms=leads.call_ms + calls_take_ms)
    by_meetings = scenario.market.deal.closes_by == "meetings"
    attempts = scenario.run.max_touches
    scenario = scenario.model_copy(
        update={
            "team": Team.model_validate(
                {"reps": [{"role": "sales", "count": max(leads.n, 1), "hours": ["Mon-Sun 00:00-24:00"]}],
                 "touch_role": "sales", "close_role": "sales"}
            ),
            "policy": Policy.model_validate(
                {"lifecycle": "no_sql" if by_meetings and seed % 2 else "six_stage",
                 "deduplication": False,
                 "sla": {"attempts": attempts, "gap": "0min", "preparation": "0min", "window": "3650d"},
                 "routing": {"method": "pool" if seed % 4 < 2 else "round_robin"},
                 "meetings": {"slot": "1ms", "notice": "0min"}}
            ),
        }
    )  # fmt: skip
    roster = build_roster(scenario)
    agreement = dataclasses.replace(build_agreement(scenario, roster), rebookings=scenario.run.max_meetings)
    rules = dataclasses.replace(
        build_rules(scenario), mean_call_ms=0, mean_email_ms=0, meeting_ms=0, no_show_ms=0
    )
    at_once = np.maximum(leads.created, leads.ready_from)
    scored = verdicts(leads, events=[[min(int(t), NEVER)] for t in at_once])
    outcomes, _ = run_both(leads, scored, roster, agreement, rules, Clock.of(scenario.run).end)
    buyer, won = would_buy(leads, scenario), outcomes.state == State.WON
    return int(buyer.sum()), int((won & buyer).sum()), int((won & ~buyer).sum())


def test_the_ideal_loses_no_buyer():
    buyers = 0
    for seed in range(60):
        would, won, others = ideal(seed)

        assert won == would, f"random_scenario({seed}) loses {would - won} of {would} buyers"
        assert others == 0
        buyers += would
    assert buyers > 500


def test_calls_that_take_a_day_lose_some():
    """The test above can fail: it does as soon as one thing takes time."""
    played = [ideal(seed, calls_take_ms=24 * 3_600_000) for seed in range(12)]

    assert sum(won for _, won, _ in played) < sum(would for would, _, _ in played)
    assert sum(others for *_, others in played) == 0
