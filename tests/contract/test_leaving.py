"""Who leaves, who joins, and what becomes of the work: lives computed on paper, on both engines."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pytest

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.engines import reference
from funnelsim.lab.play import draw
from funnelsim.metrics.workload import months_at_work, rep_hours
from funnelsim.records import ALWAYS, Row, same
from funnelsim.roster import build_roster

from .audit import Audit
from .both import play_both
from .hand import DAY, HOUR, MIN, Told, at, people, scene, told
from .worlds import random_scenario

TRIES = (Row.CALL, Row.EMAIL, Row.REPLY, Row.CALLBACK)
WEDNESDAY = dt.date(2025, 1, 8)  # day 2
FRIDAY = dt.date(2025, 1, 10)  # day 4
ROUND_THE_CLOCK = ["Mon-Sun 00:00-24:00"]


def leaver(role: str = "bdr", **more: Any) -> dict[str, Any]:
    return {"role": role, "leaves": WEDNESDAY, **more}


def callers(*reps: dict[str, Any], **changes: Any) -> Scenario:
    return scene(team={"reps": [*reps, {"role": "ae"}]}, **changes)


def closers(*reps: dict[str, Any], **changes: Any) -> Scenario:
    return scene(team={"reps": [{"role": "bdr"}, *reps]}, **changes)


def done(story: Told, *kinds: Row) -> list[tuple[int, int, int]]:
    """Return (lead, rep, start) of work that was begun, in the order of its beginnings."""
    rows = [row for row in story.rows(*kinds) if row["start"] >= 0]
    return sorted(((row["lead"], row["rep"], row["start"]) for row in rows), key=lambda row: row[2])


def bookings(story: Told, lead: int) -> list[tuple[int, int, int]]:
    """Return (booked at, rep, reserved) of each booking of a lead."""
    return [(row["queued_at"], row["rep"], row["due_at"]) for row in story.rows(Row.BOOKING, lead=lead)]


def test_a_lead_between_touches_goes_to_a_teammate_who_prepares_anew():
    scenario = callers(
        leaver(), {"role": "bdr"}, policy={"sla": {"attempts": 3, "gap": "20h", "preparation": "12min"}}
    )

    story = told(scenario, people([at(0, 9)]))

    calls = story.rows(Row.CALL)
    # 09:00-09:22 by rep 0; + 20 h = Tuesday 05:22, at 09:00, 10 minutes; + 20 h = Wednesday 05:10, when rep 0 is gone.
    assert [(c["rep"], c["start"]) for c in calls] == [(0, at(0, 9)), (0, at(1, 9)), (1, at(2, 9))]
    assert [c["dial"] - c["start"] for c in calls] == [12 * MIN, 0, 12 * MIN]
    assert [c["attempt"] for c in calls] == [1, 2, 3]
    assert [c["queued_at"] for c in calls] == [at(0, 9), at(1, 5, 22), at(2, 5, 10)]
    assert story.outcomes.owner[0] == 0  # the first


def test_a_task_that_waits_moves_to_the_new_owner_s_list_with_its_times():
    story = told(callers(leaver(), {"role": "bdr"}), people([at(1, 18)]))

    moved, made = story.rows(Row.CALL)[:2]
    assert (moved["start"], moved["end"], moved["list"]) == (-1, at(2, 0), 0)
    assert story.results(Row.CALL)[0] == "REASSIGNED"
    assert (made["rep"], made["list"], made["queued_at"], made["start"]) == (1, 1, at(2, 0), at(2, 9))
    assert (made["available_at"], made["due_at"]) == (moved["available_at"], moved["due_at"])
    assert made["number"] == moved["number"]
    assert made["attempt"] == moved["attempt"]


def test_who_is_gone_gets_no_new_leads():
    story = told(callers(leaver(), {"role": "bdr"}), people([at(1, 9), at(1, 10), at(2, 9), at(2, 10), at(2, 11)]))

    assert story.outcomes.owner.tolist() == [0, 1, 1, 1, 1]


def test_leads_are_handed_on_in_their_order_by_the_routing_rule():
    reps = ({"role": "bdr", "leaves": WEDNESDAY}, {"role": "bdr", "count": 2})
    story = told(callers(*reps, policy={"sla": {"attempts": 1}}), people([at(1, 18, m) for m in range(6)]))

    # In turn 0 1 2 0 1 2. On Wednesday it is the turn of rep 0 again, who is gone: lead 0 goes to 1 and lead 3 to 2.
    assert story.outcomes.owner.tolist() == [0, 1, 2, 0, 1, 2]
    assert {(lead, rep) for lead, rep, _ in done(story, Row.CALL)} == {(0, 1), (1, 1), (2, 2), (3, 2), (4, 1), (5, 2)}


def test_all_who_leave_on_a_day_are_gone_before_anything_is_handed_on():
    reps = ({"role": "bdr", "count": 2, "leaves": WEDNESDAY}, {"role": "bdr"})
    story = told(callers(*reps), people([at(1, 18)]))

    assert story.results(Row.CALL)[:1] == ["REASSIGNED"]
    assert [c["list"] for c in story.rows(Row.CALL)][:2] == [0, 2]


def test_what_is_handed_on_passes_the_cap_and_what_is_new_waits():
    reps = (leaver(), {"role": "bdr", "max_open_leads": 1}, {"role": "bdr", "max_open_leads": 1})
    created = [at(1, 18), at(1, 18, 1), at(1, 18, 2), at(1, 18, 3), at(1, 18, 4), at(2, 1)]
    story = told(callers(*reps, policy={"sla": {"attempts": 1}}), people(created))

    # Leads 0, 3 and 4 were rep 0's. Nobody has room: 0 to rep 1 and 3 to rep 2 (each has one), then 4 to rep 1 again.
    assert story.outcomes.owner.tolist() == [0, 1, 2, 0, 0, 2]
    handed = {c["lead"]: c["list"] for c in story.rows(Row.CALL) if c["queued_at"] == at(2, 0)}
    assert handed == {0: 1, 3: 2, 4: 1}
    # Each call takes 10 minutes: 3 leads of rep 1 and 2 of rep 2 are called from 09:00 on. Rep 2 is free for the next
    # one at 09:20, rep 1 at 09:30.
    [waited] = story.rows(Row.UNASSIGNED)
    assert (waited["lead"], waited["start"], waited["end"]) == (5, -1, at(2, 9, 20))
    assert [c["rep"] for c in story.rows(Row.CALL, lead=5)] == [2]


def test_a_call_under_way_is_finished_and_the_next_is_a_teammate_s():
    reps = (leaver(hours=ROUND_THE_CLOCK), {"role": "bdr", "hours": ROUND_THE_CLOCK})
    story = told(callers(*reps, policy={"sla": {"attempts": 2, "gap": "1h"}}), people([at(1, 23, 55)]))

    first, second = story.rows(Row.CALL)
    assert (first["rep"], first["start"], first["end"]) == (0, at(1, 23, 55), at(2, 0, 5))
    assert (second["rep"], second["start"]) == (1, at(2, 1, 5))


def test_a_call_back_is_made_by_the_new_owner_on_the_date_that_was_named():
    scenario = callers(leaver(), {"role": "bdr"}, policy={"sla": {"attempts": 2}, "callbacks": True})
    leads = people([at(0, 9)], connect_until=ALWAYS, ready_from=at(3, 9), callback_at=at(3, 10), meetings_needed=0)

    story = told(scenario, leads)

    assert done(story, Row.CALL, Row.CALLBACK) == [(0, 0, at(0, 9)), (0, 1, at(3, 10))]


def test_a_meeting_to_come_is_booked_again_no_earlier_than_it_was():
    scenario = closers(
        leaver("ae"), {"role": "ae"}, policy={"meetings": {"notice": "24h", "slot": "30min"}}
    )
    story = told(scenario, people([at(1, 9), at(1, 9)], connect_until=ALWAYS))

    # Talks of 20 minutes after calls of 10: agreed at 09:30 (ae 1 of the file, rep 1) and 10:00 (rep 2), a day ahead.
    # Rep 1 is gone on Wednesday. Rep 2 is taken 10:00-11:00: 09:30 does not fit, so 11:00.
    assert bookings(story, 0) == [(at(1, 9, 30), 1, at(2, 9, 30)), (at(2, 0), 2, at(2, 11))]
    assert bookings(story, 1) == [(at(1, 10), 2, at(2, 10))]
    assert done(story, Row.MEETING) == [(1, 2, at(2, 10)), (0, 2, at(2, 11))]
    assert [story.state(i) for i in (0, 1)] == ["WON", "WON"]
    assert story.outcomes.meetings.tolist() == [1, 1]  # moved by the seller: no meeting is used up
    assert story.outcomes.closer.tolist() == [2, 2]


def test_a_meeting_under_way_is_finished_and_the_next_one_is_a_teammate_s():
    reps = (leaver("ae", hours=ROUND_THE_CLOCK), {"role": "ae", "hours": ROUND_THE_CLOCK})
    scenario = scene(
        team={"reps": [{"role": "bdr", "hours": ROUND_THE_CLOCK}, *reps]},
        policy={"meetings": {"notice": "0h", "slot": "30min"}},
    )
    story = told(scenario, people([at(1, 23)], connect_until=ALWAYS, meetings_needed=1))

    # Called at 23:00, met from 23:30 to 00:30, and again a day later.
    assert done(story, Row.MEETING) == [(0, 1, at(1, 23, 30)), (0, 2, at(3, 0, 30))]
    assert bookings(story, 0)[1] == (at(2, 0, 30), 2, at(3, 0, 30))
    assert story.state() == "WON"


def test_the_buyer_s_wait_for_a_moved_meeting_is_the_seller_s_delay():
    scenario = closers(
        leaver("ae"), {"role": "ae", "days_off": ["2025-01-08", "2025-01-09"]},
        policy={"meetings": {"notice": "0h", "slot": "30min"}},
    )  # fmt: skip
    patient = {"connect_until": ALWAYS, "meetings_needed": 1, "buyer_pace": DAY}

    # Met on Tuesday 10:00-11:00, again wanted on Wednesday at 11:00; rep 2 comes back on Friday at 09:00.
    waits, leaves = (
        told(scenario, people([at(1, 9, 30)], patience=patience, **patient)) for patience in (47 * HOUR, 45 * HOUR)
    )

    assert done(waits, Row.MEETING) == [(0, 1, at(1, 10)), (0, 2, at(4, 9))]
    assert waits.state() == "WON"  # 46 hours late
    assert leaves.state() == "STALLED"


def test_deal_work_that_waits_is_done_by_the_team():
    scenario = closers(
        leaver("ae"), {"role": "ae"},
        policy={"meetings": {"notice": "0h", "slot": "30min"}},
    )  # fmt: skip
    story = told(scenario, people([at(1, 15)], connect_until=ALWAYS, deal_work_ms=90 * MIN))

    # Called 15:00-15:30, met 15:30-16:30, one piece of half an hour before 17:00; two are left.
    assert story.state() == "WON"
    assert done(story, Row.DEAL_WORK) == [(0, 1, at(1, 16, 30)), (0, 2, at(2, 9)), (0, 2, at(2, 9, 30))]
    rows = story.rows(Row.DEAL_WORK)
    assert story.results(Row.DEAL_WORK).count("REASSIGNED") == 2
    assert [r["list"] for r in rows] == [1, 1, 1, 4, 4]  # reps 0 to 2, then the teams of bdr and ae
    assert [r["queued_at"] for r in rows[3:]] == [at(2, 0)] * 2


def test_what_nobody_is_there_for_waits_for_who_joins():
    reps = (leaver(), {"role": "bdr", "starts": FRIDAY})
    story = told(callers(*reps, policy={"sla": {"attempts": 1}}), people([at(1, 18), at(2, 10)]))

    moved, first, second = story.rows(Row.CALL)
    assert (moved["lead"], moved["list"], moved["end"]) == (0, 0, at(4, 0))
    assert [(c["lead"], c["rep"], c["start"]) for c in (first, second)] == [(0, 1, at(4, 9)), (1, 1, at(4, 9, 10))]
    [waited] = story.rows(Row.UNASSIGNED)
    assert (waited["lead"], waited["queued_at"], waited["end"]) == (1, at(2, 10), at(4, 0))


def test_where_everybody_has_left_leads_wait_until_their_window_ends_or_the_end():
    scenario = callers(leaver(), policy={"sla": {"window": "5d", "first_touch": "2 business hours"}, "cool_off": "90d"})
    story = told(scenario, people([at(1, 18), at(2, 10), at(25, 10)]))

    assert done(story, *TRIES) == []
    assert [story.state(i) for i in range(3)] == ["NURTURE", "NURTURE", "UNASSIGNED"]
    assert story.results(Row.CALL) == ["DROPPED"]
    assert [row["end"] for row in story.rows(Row.HANDOVER)] == [at(6, 18), at(7, 10), 28 * DAY]


def test_meetings_wait_too_and_the_next_closer_begins_with_them():
    scenario = closers(
        leaver("ae"), {"role": "ae", "starts": FRIDAY}, policy={"meetings": {"notice": "20h", "slot": "30min"}}
    )
    story = told(scenario, people([at(1, 14)], connect_until=ALWAYS))

    # Agreed on Tuesday at 14:30 for Wednesday 10:30; on Friday booked again, with notice: 20:00, so Monday 09:00.
    assert bookings(story, 0) == [(at(1, 14, 30), 1, at(2, 10, 30)), (at(4, 0), 2, at(7, 9))]
    assert story.results(Row.MEETING) == ["MOVED", "WON"]
    assert story.state() == "WON"


def test_a_lead_that_comes_back_from_its_closer_goes_to_somebody_who_is_there():
    scenario = callers(
        leaver(), {"role": "bdr"},
        policy={"qualifying_talk": False, "callbacks": True, "sla": {"attempts": 3},
                "meetings": {"notice": "24h", "slot": "30min"}},
    )  # fmt: skip
    leads = people([at(1, 9)], connect_until=ALWAYS, ready_from=at(3, 9), callback_at=at(3, 10))

    story = told(scenario, leads)

    # Called on Tuesday by rep 0, met on Wednesday and not yet ready; called back on Thursday, by who is there.
    assert done(story, Row.CALL, Row.CALLBACK) == [(0, 0, at(1, 9)), (0, 1, at(3, 10))]


def test_hours_and_months_count_until_the_rep_leaves():
    scenario = callers(leaver(cost_per_hour=10.0), {"role": "bdr"})
    story = told(scenario, people([]))
    roster, clock = build_roster(scenario), Clock.of(scenario.run)

    hours = rep_hours(story.log, roster, clock)

    assert (hours.open_ms / HOUR).tolist() == [2 * 8, 20 * 8, 20 * 8]  # Monday and Tuesday; four weeks
    assert months_at_work(roster, [0], clock) * 30.4375 == 2


def test_business_time_is_that_of_who_is_there():
    early = {"role": "bdr", "hours": ["Mon-Fri 07:00-09:00"], "leaves": WEDNESDAY}
    scenario = callers(early, {"role": "bdr"}, policy={"sla": {"first_touch": "60 business minutes"}})

    story = told(scenario, people([at(0, 18), at(1, 18)]))

    # Open from 07:00 on Tuesday, from 09:00 on Wednesday.
    assert [row["due_at"] for row in story.rows(Row.HANDOVER)] == [at(1, 8), at(2, 10)]


def test_one_who_left_before_the_start_was_never_there():
    scenario = callers({"role": "bdr", "leaves": dt.date(2025, 1, 1)}, {"role": "bdr"})

    story = told(scenario, people([0, at(0, 9)]))

    assert story.outcomes.owner.tolist() == [1, 1]


def with_reps(scenario: Scenario, reps: list[Any]) -> Scenario:
    return scenario.model_copy(update={"team": scenario.team.model_copy(update={"reps": reps})})


def test_who_left_before_the_start_changes_nothing():
    """A rep more, the last of all, who was never there: the same outcomes and log, but for the numbers of lists."""
    for seed in range(0, 60, 3):
        scenario = random_scenario(seed)
        last = scenario.team.reps[-1]
        ghost = last.model_copy(update={"count": 1, "starts": None, "leaves": scenario.run.start})
        leads = draw(scenario, 0)

        one, other = (play_both(s, leads) for s in (scenario, with_reps(scenario, [*scenario.team.reps, ghost])))

        assert other.roster.n == one.roster.n + 1
        assert same(one.outcomes, other.outcomes), f"random_scenario({seed})"
        shifted = np.where(one.touches.list >= one.roster.n, one.touches.list + 1, one.touches.list)
        assert same(dataclasses.replace(one.touches, list=shifted), other.touches), f"random_scenario({seed})"


def test_where_nobody_owns_leads_who_leaves_is_as_good_as_off():
    """In a pool the callers own nothing: to leave is to have no shift any more, which the model has always had."""
    played = 0
    for seed in range(400):
        scenario = random_scenario(seed)
        callers_only = scenario.team.touch_role != scenario.team.close_role
        if scenario.policy.routing.method != "pool" or not callers_only:
            continue
        day = scenario.run.start + dt.timedelta(days=7)
        others = [group.model_copy(update={"leaves": None}) for group in scenario.team.reps]
        first = next(j for j, group in enumerate(others) if group.role == scenario.team.touch_role)
        leaves = [*others]
        leaves[first] = others[first].model_copy(update={"leaves": day})
        off = [*others]
        off[first] = others[first].model_copy(update={"days_off": [*others[first].days_off, f"{day}..2030-12-31"]})
        leads = draw(scenario, 0)

        one, other = (play_both(with_reps(scenario, reps), leads) for reps in (leaves, off))

        assert same(one.outcomes, other.outcomes), f"random_scenario({seed})"
        assert same(one.touches, other.touches), f"random_scenario({seed})"
        played += 1
        if played == 20:
            return
    raise AssertionError(f"only {played} scenarios with a pool of callers")


CHUNK = 20


@pytest.mark.parametrize(
    "first", [180, *(pytest.param(first, marks=pytest.mark.slow) for first in (*range(0, 180, CHUNK), 200, 220))]
)
def test_teams_that_leave_at_any_hour_conserve_every_lead_at_every_instant(first: int):
    """In scenario 193 a task comes back to a list in which it stood before: reassigned, handed on, reassigned."""
    pytest.importorskip("numba", reason="the scenarios of the fuzz are made beside the compiled engine")
    from . import fuzz

    for number in range(first, first + CHUNK):
        given = fuzz.arguments(number)
        _, _, roster, agreement, rules, end = given
        if (roster.leaves < end).any() and not (rules.closes_by_delay and agreement.self_scheduling):
            audit = Audit()
            reference.run(*given, watch=audit, new_list=audit.new_list)
