"""The life of one lead: made by hand, so that every line can be worked out on paper, and real ones told in full."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

from contract.hand import DAY, HOUR, MIN, people, scene, verdicts
from funnelsim.engines import reference
from funnelsim.lab.play import Played
from funnelsim.records import NEVER, Row, State
from funnelsim.report.life import happenings
from funnelsim.report.timeline import timeline_text, timeline_values
from funnelsim.roster import build_agreement, build_roster, build_rules

MONDAY_10 = 10 * HOUR


def played(scenario, leads, scored=None) -> Played:
    """Return the scene as it was played."""
    scored = verdicts(leads, score=4250) if scored is None else scored
    roster = build_roster(scenario)
    outcomes, log = reference.run(
        leads, scored, roster, build_agreement(scenario, roster), build_rules(scenario), scenario.run.days * DAY
    )
    return Played(scenario, roster, leads, scored, outcomes, log)


def buyer(**columns) -> Played:
    """Return the scene of one lead: created on Monday at 10:00, reached by the second call, then met and won.

    Calls of 10 min, a talk of 20, a gap of 48 h; a meeting of an hour, deal work of 90 min in pieces of 30.
    """
    leads = people(
        [MONDAY_10],
        connect_until=np.where(np.arange(24) == 1, 60 * DAY, -1)[:, None],
        deal_work_ms=90 * MIN,
        ready_from=0,
        ready_until=20 * DAY,
        value=23_100.0,
        **columns,
    )
    return played(scene(name="by_hand", policy={"sla": {"first_touch": "8 business hours"}}), leads)


def test_a_buyer_by_hand():
    told = timeline_text(buyer(), 0, width=100)

    assert told == (
        "Lead 0 of by_hand, seed 1, replication 0; times in UTC\n"
        "content from web, fit as seen 0.0, account 0\n"
        "\n"
        "Mon 06 Jan 2025\n"
        "  10:00  created by content                          42.5 points, tier C (C3)\n"
        "  10:00  (ready to buy from here on, until Sun 26 Jan 00:00, 19.6 d)\n"
        "  10:00  handed over to sales                   bdr  tier C, due Tue 07 Jan 10:00\n"
        "  10:00  call 1: not reached                    bdr  at once, in time\n"
        "Wed 08 Jan 2025\n"
        "  10:10  call 2: talk, passed on as an SQL      bdr  at once, in time\n"
        "  10:40  meeting 1 booked for Wed 08 Jan 11:00  ae   20 min ahead\n"
        "  11:00  meeting 1: kept, the deal is won       ae\n"
        "  12:00  deal work, 1.5 h in 3 pieces           ae   done by Wed 08 Jan 13:30\n"
        "  12:00  won: 23,100 EUR\n"
        "Sun 26 Jan 2025\n"
        "  00:00  (no longer ready)\n"
        "\n"
        "Outcome: won.\n"
        "(Known to the simulation alone: with ideal follow-up it would buy for 23,100 EUR. True fit 0.0.)\n"
    )


def test_waiting_and_lateness_by_hand():
    """Two leads at once and one caller: the second waits for the first; its term of 5 minutes is not kept."""
    leads = people([MONDAY_10, MONDAY_10], ready_from=NEVER, ready_until=-1)
    game = played(scene(policy={"sla": {"first_touch": "5min", "attempts": 1}}), leads)

    first, second = (next(h for h in happenings(game, lead) if h.kind == "call") for lead in (0, 1))

    assert (first.at, first.note) == (MONDAY_10, "at once, in time")
    assert second.at == MONDAY_10 + 10 * MIN
    assert second.note == "waited 10 min, late by 5 min (due Mon 06 Jan 10:05)"
    assert second.facts["waited_h"] == pytest.approx(1 / 6)
    assert second.facts["in_time"] is False


def test_a_lead_nobody_reaches_goes_back_to_nurture():
    game = played(
        scene(policy={"sla": {"attempts": 1}, "cool_off": "7d"}), people([MONDAY_10], ready_from=NEVER, ready_until=-1)
    )

    told = [(h.at, h.kind, h.what, h.note) for h in happenings(game, 0)][-2:]

    assert told == [
        (MONDAY_10 + 10 * MIN, "nurture", "back to nurture", "until Mon 13 Jan 10:10 at least"),
        (28 * DAY, "outcome", "the run ends, marketing", "since Mon 13 Jan 10:10"),
    ]


def test_what_only_the_simulation_knows_stands_in_brackets_and_not_among_the_happenings():
    game = buyer()

    lines = timeline_text(game, 0).splitlines()
    values = timeline_values(game, 0)

    assert sum("ready" in line for line in lines) == 2
    assert all("(" in line for line in lines if "ready" in line)
    assert not any("ready" in h["what"] for h in values["happenings"])
    assert values["hidden"] == {
        "would_buy": True,
        "able": True,
        "ready_from_ms": 0,
        "ready_until_ms": 20 * DAY,
        "value": 23_100.0,
        "fit": 0.0,
        "duplicate_of": None,
    }


def test_values_are_json_with_a_schema():
    values = json.loads(json.dumps(timeline_values(buyer(), 0), allow_nan=False))

    assert values["schema_version"] == 1
    assert {k: values[k] for k in ("scenario", "seed", "replication", "lead")} == {
        "scenario": "by_hand", "seed": 1, "replication": 0, "lead": 0,
    }  # fmt: skip
    assert values["outcome"] == {"state": "won", "wasted_as": None, "lost_as": None}
    call = next(h for h in values["happenings"] if h["kind"] == "call")
    assert call == {
        "at_ms": MONDAY_10,
        "at": "2025-01-06T10:00:00.000+00:00",
        "kind": "call",
        "what": "call 1: not reached",
        "who": "bdr",
        "note": "at once, in time",
        "facts": {
            "result": "not_reached", "waited_h": 0.0, "due_ms": 34 * HOUR, "in_time": True,
            "start_ms": MONDAY_10, "end_ms": MONDAY_10 + 10 * MIN,
        },
    }  # fmt: skip


def test_much_engagement_in_a_row_is_told_in_one_line():
    leads = people([MONDAY_10], ready_from=NEVER, ready_until=-1)
    times = [MONDAY_10, *(10 * DAY + j * HOUR for j in range(6))]
    busy = dataclasses.replace(
        leads,
        event_start=np.array([0, 7]),
        event_time=np.array(times, dtype=np.int64),
        event_activity=np.array([0, 1, 1, 1, 2, 1, 1], dtype=np.int16),
    )
    scored = verdicts(busy, events=[times])
    game = played(scene(policy={"sla": {"attempts": 1}}), busy, scored)

    lines = timeline_text(game, 0).splitlines()

    other = scene().market.activities()[2]
    assert sum(f"4 x visit, {other}" in line for line in lines) == 1
    assert sum(line.strip().startswith("15:00  visit") for line in lines) == 0
    assert len([h for h in timeline_values(game, 0)["happenings"] if h["kind"] == "engagement"]) == 6


def test_every_line_of_a_real_life_is_short_and_in_order(games):
    game = games[0]
    busiest = np.argsort(-game.outcomes.touches.astype(int))[:40]

    for lead in busiest.tolist():
        lines = timeline_text(game, lead, width=90).splitlines()
        moments = [h.at for h in happenings(game, lead)]
        assert max(map(len, lines)) <= 90
        assert moments == sorted(moments)


def test_every_row_of_the_log_is_told(games):
    """Each touch, meeting and booking appears once; every way in which a piece of work can end has its words."""
    game = games[1]
    log = game.touches
    told_as = {Row.CALL: "call", Row.CALLBACK: "call-back", Row.MEETING: "meeting", Row.BOOKING: "booking"}
    expected: Counter[str] = Counter()
    for kind, name in told_as.items():
        expected[name] = int(np.count_nonzero(log.kind == kind))
    expected["handover"] = int(np.count_nonzero(log.kind == Row.HANDOVER))

    found: Counter[str] = Counter()
    for lead in range(game.leads.n):
        told = happenings(game, lead)
        found.update(h.kind for h in told if h.kind in expected)
        assert told[-1].kind in ("outcome", "truth", "engagement", "deal work")
        assert sum(h.kind == "outcome" for h in told) == 1

    assert found == expected
    assert {State(s) for s in game.outcomes.state.tolist()} >= {State.WON, State.NURTURE, State.MERGED}
