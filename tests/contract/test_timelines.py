"""Lives computed on paper, moment by moment."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.records import ALWAYS, NEVER, Row, State

from .hand import DAY, HOUR, MIN, at, people, scene, told, verdicts

TOUCHES = (Row.CALL, Row.EMAIL, Row.REPLY, Row.CALLBACK)


def test_a_lead_of_friday_16_59_under_60_business_minutes_is_due_on_monday_at_09_59():
    scenario = scene(policy={"sla": {"first_touch": "60 business minutes"}})
    leads = people([at(4, 16, 59)])

    story = told(scenario, leads)

    [call] = story.rows(*TOUCHES)[:1]
    assert story.when(call["due_at"]) == "Mon 09:59"
    assert story.when(call["start"]) == "Fri 16:59"  # the rep is free and still open


def test_a_holiday_is_no_business_time():
    scenario = scene(
        policy={"sla": {"first_touch": "60 business minutes"}},
        team={"reps": [{"role": "bdr", "days_off": ["2025-01-13"]}, {"role": "ae"}]},
    )

    story = told(scenario, people([at(4, 17, 30)]))

    [call] = story.rows(*TOUCHES)[:1]
    assert call["due_at"] == at(8, 10)  # Monday the 13th is off: Tuesday 09:00 + 1 h
    assert call["start"] == at(8, 9)


def test_in_the_week_the_clocks_change_nine_o_clock_is_an_hour_earlier_on_the_clock_of_elapsed_time():
    scenario = scene(
        run={"start": "2025-03-28", "time_zone": "Europe/Berlin"},
        policy={"sla": {"first_touch": "60 business minutes"}},
    )
    friday = 16 * HOUR + 59 * MIN  # 28 March 2025; the clocks go forward on Sunday the 30th

    story = told(scenario, people([friday]))

    [call] = story.rows(*TOUCHES)[:1]
    assert call["due_at"] == 3 * DAY - HOUR + 9 * HOUR + 59 * MIN
    assert story.when(call["due_at"]) == "Mon 09:59"


def test_attempts_follow_one_another_at_the_gap_and_end_in_nurture():
    scenario = scene(policy={"sla": {"attempts": 3, "gap": "4h"}})

    story = told(scenario, people([at(0, 9)]))

    calls = story.rows(Row.CALL)
    # 09:00-09:10; + 4 h = 13:10-13:20; + 4 h = 17:20, closed, so Tuesday 09:00.
    assert [c["start"] for c in calls] == [at(0, 9), at(0, 13, 10), at(1, 9)]
    assert [c["available_at"] for c in calls] == [at(0, 9), at(0, 13, 10), at(0, 17, 20)]
    assert story.state() == "NURTURE"  # its 30 days of cool-off reach past the 28 that are played
    assert story.results(Row.HANDOVER) == ["NURTURE"]


def test_after_the_cool_off_the_first_event_that_holds_brings_the_lead_back():
    scenario = scene(policy={"sla": {"attempts": 1}, "cool_off": "2d"})
    leads = people([at(0, 9)])
    scored = verdicts(leads, events=[[at(0, 9), at(1, 12), at(2, 9, 10), at(3, 11)]])

    story = told(scenario, leads, scored)

    # Out at Monday 09:10; back in marketing on Wednesday 09:10, and the event of that very moment counts.
    assert [r["start"] for r in story.rows(Row.HANDOVER)] == [at(0, 9), at(2, 9, 10)]
    assert story.outcomes.handovers[0] == 2
    assert story.outcomes.touches[0] == 2


def test_preparation_is_done_once_and_the_dial_comes_after_it():
    scenario = scene(policy={"sla": {"attempts": 2, "gap": "1h", "preparation": "12min"}})

    story = told(scenario, people([at(0, 9)]))

    first, second = story.rows(Row.CALL)
    assert (first["start"], first["dial"], first["end"]) == (at(0, 9), at(0, 9, 12), at(0, 9, 22))
    assert (second["start"], second["dial"], second["end"]) == (at(0, 10, 22), at(0, 10, 22), at(0, 10, 32))


def test_reach_is_judged_at_the_dial_and_the_talk_leads_to_a_meeting_and_a_deal():
    scenario = scene(policy={"sla": {"preparation": "12min"}, "meetings": {"notice": "2h", "slot": "30min"}})
    leads = people([at(0, 9)], connect_until=12 * MIN, meetings_needed=1)

    story = told(scenario, leads)

    [call] = story.rows(Row.CALL)
    assert (call["dial"], call["end"]) == (at(0, 9, 12), at(0, 9, 42))  # 12 + 10 + 20 minutes
    first, second = story.rows(Row.MEETING)
    # Agreed at 09:42, two hours' notice: 11:42, on the half-hour grid 12:00. A day after its end: Tuesday 13:00.
    assert (first["start"], first["end"]) == (at(0, 12), at(0, 13))
    assert (second["start"], second["end"]) == (at(1, 13), at(1, 14))
    assert story.state() == "WON"
    assert story.outcomes.contact_at[0] == at(0, 9, 12)
    assert story.outcomes.opportunity_at[0] == at(0, 13)
    assert story.outcomes.closed_at[0] == at(1, 14)


def test_one_millisecond_less_and_nobody_answers():
    scenario = scene(policy={"sla": {"preparation": "12min", "attempts": 1}})

    story = told(scenario, people([at(0, 9)], connect_until=12 * MIN - 1))

    assert story.results(Row.CALL) == ["NOT_REACHED"]


def test_the_deal_is_lost_where_the_first_contact_came_too_late():
    leads = people([at(0, 9)], connect_until=ALWAYS, win_until=HOUR)
    on_time = told(scene(), leads)
    late = told(scene(policy={"sla": {"earliest_touch": "61min"}}), leads)

    assert on_time.state() == "WON"
    assert late.state() == "LOST"


def test_an_unprepared_talk_shrinks_the_delay_at_which_the_deal_is_won():
    leads = people([at(0, 9)], connect_until=ALWAYS, win_until=100 * MIN, prep_needed=12 * MIN)
    changes = {"market": {"temper": {"unprepared_factor": 0.5}}}

    def end(minutes: str, earliest: str) -> str:
        return told(
            scene(policy={"sla": {"preparation": minutes, "earliest_touch": earliest}}, **changes), leads
        ).state()

    assert end("12min", "51min") == "WON"  # 63 of 100 minutes
    assert end("11min", "51min") == "LOST"  # 62 of 50
    assert end("11min", "39min") == "WON"  # 50 of 50


def test_the_window_sends_a_lead_to_another_rep_and_then_to_nurture():
    scenario = scene(
        team={"reps": [{"role": "bdr", "count": 2}, {"role": "ae"}]},
        policy={"sla": {"attempts": 5, "gap": "20h", "window": "24h"}, "routing": {"recycles": 1}},
        run={"max_touches": 24},
    )

    story = told(scenario, people([at(0, 9)]))

    calls = story.rows(Row.CALL)
    # Rep 0: Monday 09:00, then 09:10 + 20 h = Tuesday 05:10, given out at 09:00, when the window ends (kind 3, before
    # work is given out). Rep 1: Tuesday 09:00, again 20 h later, Wednesday 05:10; window until Wednesday 09:00.
    made = [(c["rep"], c["start"]) for c in calls if c["start"] >= 0]
    assert made == [(0, at(0, 9)), (1, at(1, 9))]
    assert [c["attempt"] for c in calls if c["start"] >= 0] == [1, 1]
    assert [c["number"] for c in calls if c["start"] >= 0] == [0, 1]
    assert story.results(Row.CALL).count("DROPPED") == 2
    assert story.results(Row.WINDOW) == ["RECYCLED", "NURTURE"]
    assert [w["due_at"] for w in story.rows(Row.WINDOW)] == [at(1, 9), at(2, 9)]
    assert story.results(Row.HANDOVER) == ["NURTURE"]


def test_work_in_hand_at_the_end_of_the_window_is_finished_first():
    scenario = scene(policy={"sla": {"window": "5min"}})

    story = told(scenario, people([at(0, 9)]))

    [window] = story.rows(Row.WINDOW)
    assert (window["due_at"], window["end"]) == (at(0, 9, 5), at(0, 9, 10))
    assert story.results(Row.HANDOVER) == ["NURTURE"]


def test_a_talk_begun_inside_the_window_counts_though_it_ends_outside():
    scenario = scene(policy={"sla": {"window": "5min"}})

    story = told(scenario, people([at(0, 9)], connect_until=ALWAYS))

    assert story.state() == "WON"
    assert story.results(Row.WINDOW) == ["LAPSED"]


def test_a_lead_books_for_itself_the_first_free_slot():
    scenario = scene(
        policy={"self_scheduling": True, "meetings": {"notice": "4h", "slot": "30min", "book_ahead": "2d"}}
    )
    leads = people([at(0, 9, 10), at(0, 9, 10)], books_itself=True)

    story = told(scenario, leads)

    meetings = story.rows(Row.MEETING)
    # Notice until 13:10: the grid gives 13:30, and the second lead the next free hour.
    assert [(m["lead"], m["start"]) for m in meetings] == [(0, at(0, 13, 30)), (1, at(0, 14, 30))]
    assert story.rows(*TOUCHES) == []
    assert [story.state(i) for i in (0, 1)] == ["WON", "WON"]
    assert story.outcomes.contact_at.tolist() == [at(0, 9, 10)] * 2


def test_where_no_slot_is_near_enough_it_goes_the_ordinary_way():
    scenario = scene(policy={"self_scheduling": True, "meetings": {"notice": "4h", "book_ahead": "3h"}})

    story = told(scenario, people([at(0, 9, 10)], books_itself=True, connect_until=ALWAYS))

    assert [c["start"] for c in story.rows(Row.CALL)] == [at(0, 9, 10)]
    assert story.state() == "WON"


def test_an_unready_self_booker_is_called_back_on_the_date_it_names():
    scenario = scene(policy={"self_scheduling": True, "meetings": {"slot": "60min"}})
    leads = people([at(0, 9)], books_itself=True, ready_from=at(3, 0), callback_at=at(3, 10), connect_until=0)

    story = told(scenario, leads)

    assert story.results(Row.MEETING) == ["CALLED_BACK", "WON"]
    [call] = story.rows(Row.CALLBACK)
    assert (call["available_at"], call["start"]) == (at(3, 10), at(3, 10))


def test_nobody_comes_and_the_meeting_is_booked_again_up_to_the_limit():
    scenario = scene(policy={"meetings": {"rebookings": 1, "slot": "60min"}})
    never_shows = people([at(0, 9)], connect_until=ALWAYS, show_until=-1)
    shows_later = people([at(0, 9)], connect_until=ALWAYS, show_until=np.array([[-1]] + [[ALWAYS]] * 7))

    assert told(scenario, never_shows).state() == "NO_SHOW"
    assert told(scenario, never_shows).results(Row.MEETING) == ["NO_SHOW", "NO_SHOW"]
    story = told(scenario, shows_later)
    assert story.state() == "WON"
    # Agreed 09:30, met 10:00, waited for until 10:15, booked again for 11:00.
    assert [m["start"] for m in story.rows(Row.MEETING)] == [at(0, 10), at(0, 11)]


def test_a_busy_closer_starts_late_and_a_meeting_not_begun_by_closing_time_is_moved():
    scenario = scene(policy={"meetings": {"slot": "60min"}})
    # Two leads; the first meeting takes three hours of the closer's afternoon.
    leads = people([at(0, 13), at(0, 13, 1)], connect_until=ALWAYS, meeting_ms=np.array([[3 * HOUR, HOUR]] * 8))

    story = told(scenario, leads)

    first, moved, second = story.rows(Row.MEETING)
    # Called 13:00-13:30 and 13:30-14:00; meetings at 14:00 and 15:00; the first lasts until 17:00.
    assert (first["start"], first["end"]) == (at(0, 14), at(0, 17))
    assert (moved["due_at"], moved["start"], moved["end"]) == (at(0, 15), -1, at(0, 17))
    assert (second["due_at"], second["start"]) == (at(1, 9), at(1, 9))
    assert story.results(Row.MEETING) == ["WON", "MOVED", "WON"]


def test_the_accept_window_moves_the_meeting_to_whoever_is_free_first():
    scenario = scene(
        team={"reps": [{"role": "bdr"}, {"role": "ae", "count": 2}]},
        policy={"meetings": {"slot": "60min", "accept_within": "2h"}},
    )
    # Round robin gives leads 0 and 2 to closer 1 (rep index 1), 1 and 3 to closer 2, who meets lead 1 for eight hours.
    leads = people(
        [at(0, 9, m) for m in range(4)], connect_until=ALWAYS, meeting_ms=np.array([[HOUR, 8 * HOUR, HOUR, HOUR]] * 8)
    )

    story = told(scenario, leads)

    # Lead 3: agreed at 11:00 with closer 2 for that very hour, who is busy since 10:00; at 13:00 it goes to closer 1.
    rows = story.rows(Row.MEETING, lead=3)
    assert [(r["rep"], r["due_at"], r["start"]) for r in rows] == [(-1, at(0, 11), -1), (1, at(0, 13), at(0, 13))]
    assert story.results(Row.MEETING, lead=3) == ["MOVED", "WON"]


def test_seller_caused_delay_beyond_the_buyers_patience_stalls_the_opportunity():
    scenario = scene(
        policy={"meetings": {"slot": "60min"}},
        team={"reps": [{"role": "bdr"}, {"role": "ae", "days_off": ["2025-01-08..2025-01-10"]}]},
    )
    # First meeting Tuesday (notice 0, agreed 16:50 -> Tuesday 09:00-10:00); wants the next a day later, Wednesday
    # 10:00, when the closer is away until Monday.
    patient = people([at(0, 16, 20)], connect_until=ALWAYS, meetings_needed=1, patience=5 * DAY)
    hasty = people([at(0, 16, 20)], connect_until=ALWAYS, meetings_needed=1, patience=3 * DAY)

    assert told(scenario, patient).state() == "WON"
    story = told(scenario, hasty)
    assert story.state() == "STALLED"
    assert story.outcomes.closed_at[0] == at(5, 10)


def test_deal_work_is_done_in_pieces_and_the_next_meeting_does_not_wait_for_it():
    scenario = scene(policy={"meetings": {"slot": "60min"}})
    leads = people([at(0, 9)], connect_until=ALWAYS, meetings_needed=1, deal_work_ms=150 * MIN, buyer_pace=HOUR)

    story = told(scenario, leads)

    # Met 10-11; pieces of 60, 60 and 30 minutes, of which 11-12 is done before the meeting at 12-13. The last
    # meeting leaves another three.
    work = [(w["start"], w["end"]) for w in story.rows(Row.DEAL_WORK)]
    assert work == [
        (at(0, 11), at(0, 12)), (at(0, 13), at(0, 14)), (at(0, 14), at(0, 14, 30)),
        (at(0, 14, 30), at(0, 15, 30)), (at(0, 15, 30), at(0, 16, 30)), (at(0, 16, 30), at(0, 17)),
    ]  # fmt: skip
    assert [m["start"] for m in story.rows(Row.MEETING)] == [at(0, 10), at(0, 12)]


def test_the_talk_in_its_order():
    base = {"connect_until": ALWAYS}
    scenario = scene()
    cases = {
        "DISQUALIFIED": people([at(0, 9)], able=False, **base),
        "LOST_TO_ANOTHER": people([at(0, 9)], ready_until=at(0, 8), **base),
        "OPTED_OUT": people([at(0, 9)], ready_from=at(9, 0), tired=True, **base),
        "NURTURE": people([at(0, 9)], ready_from=NEVER, ready_until=-1, **base),
        "REJECTED": people([at(0, 9)], able=False, misjudged=True, **base),
        "WON": people([at(0, 9)], misjudged=True, **base),
    }
    for state, leads in cases.items():
        assert told(scenario, leads).state() == state
    assert told(scenario, cases["REJECTED"]).outcomes.misjudged[0]
    assert not told(scenario, cases["WON"]).outcomes.misjudged[0]


def test_without_the_qualifying_talk_the_meeting_is_the_test():
    scenario = scene(policy={"lifecycle": "no_sql"})

    assert told(scenario, people([at(0, 9)], connect_until=ALWAYS, able=False)).state() == "DISQUALIFIED"
    story = told(scenario, people([at(0, 9)], connect_until=ALWAYS, able=False))
    assert story.results(Row.CALL) == ["BOOKED"]
    assert story.results(Row.MEETING) == ["DISQUALIFIED"]


def test_a_call_back_uses_an_attempt_and_the_cadence_goes_on():
    scenario = scene(policy={"sla": {"attempts": 3, "gap": "4h"}})
    connect = np.full((24, 1), -1)
    connect[0] = ALWAYS
    leads = people([at(0, 9)], connect_until=connect, ready_from=at(2, 0), callback_at=at(2, 10))

    story = told(scenario, leads)

    calls = story.rows(Row.CALL, Row.CALLBACK)
    assert [(c["kind"], c["attempt"], c["start"]) for c in calls] == [
        (Row.CALL, 1, at(0, 9)), (Row.CALLBACK, 2, at(2, 10)), (Row.CALL, 3, at(2, 14, 10)),
    ]  # fmt: skip
    assert story.results(Row.HANDOVER) == ["NURTURE"]


def test_call_backs_go_before_first_touches_and_with_the_switch_off_there_are_none():
    leads = people([at(0, 9)], connect_until=ALWAYS, ready_from=at(2, 0), callback_at=at(2, 10))

    assert told(scene(), leads).state() == "WON"
    assert told(scene(policy={"callbacks": False}), leads).state() == "NURTURE"


def test_a_touch_that_comes_too_soon_burns_an_annoyed_lead_before_reach_is_tested():
    leads = people([at(0, 9)], connect_until=ALWAYS, annoyed=True, too_soon=15 * MIN)

    burnt = told(scene(), leads)
    assert burnt.state() == "OPTED_OUT"
    assert burnt.outcomes.burnt[0] == 1
    assert told(scene(policy={"sla": {"earliest_touch": "15min"}}), leads).state() == "WON"


def test_an_answered_e_mail_is_the_talk_and_cancels_the_next_touch():
    scenario = scene(policy={"sla": {"touches": ["email", "call"], "attempts": 2, "gap": "3h"}})
    leads = people([at(0, 9)], reply_until=HOUR, reply_lag=2 * HOUR)

    story = told(scenario, leads)

    email, reply = story.rows(*TOUCHES)
    # Sent 09:00-09:05; answered at 11:05; the talk takes twenty minutes.
    assert (email["kind"], email["end"]) == (Row.EMAIL, at(0, 9, 5))
    assert (reply["kind"], reply["available_at"], reply["end"]) == (Row.REPLY, at(0, 11, 5), at(0, 11, 25))
    assert story.outcomes.contact_at[0] == at(0, 11, 5)
    assert story.outcomes.touches[0] == 1
    assert story.state() == "WON"


def test_a_reply_waits_for_the_work_in_hand_and_lapses_where_nobody_waits_for_it_any_more():
    scenario = scene(policy={"sla": {"touches": ["email", "call"], "attempts": 2, "gap": "1h"}})
    during_the_call = told(scenario, people([at(0, 9)], reply_until=HOUR, reply_lag=HOUR + 5 * MIN))
    after_the_last = told(scenario, people([at(0, 9)], reply_until=HOUR, reply_lag=2 * HOUR))

    _, call, reply = during_the_call.rows(*TOUCHES)
    assert (call["start"], call["end"]) == (at(0, 10, 5), at(0, 10, 15))
    assert (reply["available_at"], reply["start"]) == (at(0, 10, 15), at(0, 10, 15))
    assert during_the_call.outcomes.contact_at[0] == at(0, 10, 10)
    assert after_the_last.results(*TOUCHES) == ["SENT", "NOT_REACHED"]


def test_the_date_that_is_named_in_a_reply_is_kept_though_another_touch_was_made_since():
    """The e-mail (touch 0) is answered during the call (touch 1): the reply's talk names the date of touch 0."""
    scenario = scene(policy={"sla": {"touches": ["email", "call"], "attempts": 3, "gap": "1h"}})
    named = np.array([[at(1, 10)], *([at(2, 10)] for _ in range(23))])
    leads = people([at(0, 9)], reply_until=HOUR, reply_lag=HOUR + 5 * MIN, ready_from=at(1, 9), callback_at=named)

    story = told(scenario, leads)

    [call_back] = story.rows(Row.CALLBACK)
    assert call_back["available_at"] == at(1, 10)
    # The named date is the new interest; the handover's row still names the event that brought the lead.
    assert [row["available_at"] for row in story.rows(Row.HANDOVER)] == [at(0, 9)]


def test_a_window_that_ends_during_the_talk_lapses_with_the_booking_and_does_not_end_a_later_call_back():
    """Handed over 09:00, talk until 09:30, window until 09:20; met at 10:00 and unready; called on its date, twice."""
    scenario = scene(policy={"lifecycle": "no_sql", "sla": {"window": "20min", "attempts": 3, "gap": "1h"}})
    reach = np.array([[ALWAYS], *([-1] for _ in range(23))])
    leads = people([at(0, 9)], connect_until=reach, ready_from=at(3, 9), callback_at=at(1, 9))

    story = told(scenario, leads)

    assert story.results(Row.WINDOW) == ["LAPSED"]
    assert story.results(Row.MEETING) == ["CALLED_BACK"]
    assert [row["start"] for row in story.rows(*TOUCHES)] == [at(0, 9), at(1, 9), at(1, 10, 10)]


def test_deal_work_that_waits_at_the_end_is_in_the_log_though_the_deal_is_won():
    scenario = scene(run={"horizon_days": 1})
    leads = people([at(0, 16)], connect_until=ALWAYS, deal_work_ms=2 * HOUR)

    story = told(scenario, leads)

    # 16:00-16:30 the call; on the half-hour grid no meeting of an hour fits until 17:00.
    assert story.state() == "MEETING_BOOKED"
    story = told(scenario, people([at(0, 15)], connect_until=ALWAYS, deal_work_ms=2 * HOUR))
    # Met 15:30-16:30 and won; four pieces of half an hour, the first until 17:00, three are left.
    assert story.state() == "WON"
    assert [(row["start"], row["end"]) for row in story.rows(Row.DEAL_WORK)] == [
        (at(0, 16, 30), at(0, 17)), *[(-1, DAY)] * 3
    ]  # fmt: skip
    assert story.results(Row.DEAL_WORK) == ["DONE", "OPEN", "OPEN", "OPEN"]


def test_ties_on_an_hourly_grid_are_settled_by_the_order_of_work_then_due_then_lead():
    hour = {"market": {"effort": {"call": {"form": "fixed", "mean": "60min"}}}}
    leads = people([at(0, 9)] * 4, call_ms=HOUR)
    tiers = [2, 0, 1, 0]

    def first_calls(order: str) -> list[int]:
        scenario = scene(policy={"order": {"work": order}, "sla": {"attempts": 1, "first_touch": "8h"}}, **hour)
        rows = told(scenario, leads, verdicts(leads, tier=tiers, score=[100, 400, 300, 400])).rows(Row.CALL)
        assert [r["start"] for r in rows] == [at(0, 9), at(0, 10), at(0, 11), at(0, 12)]
        return [r["lead"] for r in rows]

    assert first_calls("deadline") == [0, 1, 2, 3]
    assert first_calls("tier") == [1, 3, 2, 0]
    assert first_calls("score") == [1, 3, 2, 0]


def test_fifo_and_lifo_go_by_when_work_became_available():
    leads = people([at(0, 9), at(0, 9, 1), at(0, 9, 2), at(0, 9, 3)])

    def order(work: str) -> list[int]:
        scenario = scene(policy={"order": {"work": work}, "sla": {"attempts": 1}})
        return [r["lead"] for r in told(scenario, leads).rows(Row.CALL)]

    assert order("fifo") == [0, 1, 2, 3]
    assert order("lifo") == [0, 3, 2, 1]  # lead 0 found the rep idle


def test_first_touches_come_before_later_ones_unless_they_are_one_class():
    leads = people([at(0, 9), at(0, 9, 55)], call_ms=50 * MIN)

    def second(first_before_later: bool) -> int:
        scenario = scene(
            policy={
                "order": {"work": "fifo", "first_before_later": first_before_later},
                "sla": {"attempts": 2, "gap": "0h"},
            }
        )
        return [r["lead"] for r in told(scenario, leads).rows(Row.CALL)][2]

    # Lead 0: 09:00-09:50, again at once 09:50-10:40; lead 1 came at 09:55 and its second attempt is available 11:30.
    assert [second(True), second(False)] == [1, 1]


def test_a_breach_escalates_to_any_rep_or_moves_the_task_to_another():
    reps = {"team": {"reps": [{"role": "bdr", "count": 2}, {"role": "ae"}]}}
    # Three leads at nine: owners 0, 1, 0. Rep 0's second lead waits behind an hour-long call; rep 1 is free at 09:10.
    leads = people([at(0, 9)] * 3, call_ms=np.array([[HOUR, 10 * MIN, 10 * MIN]] * 24))

    def second_call(on_breach: str) -> list[tuple[int, int]]:
        scenario = scene(
            policy={"sla": {"attempts": 1, "first_touch": "30min"}, "routing": {"on_breach": on_breach}}, **reps
        )
        return [(r["rep"], r["start"]) for r in told(scenario, leads).rows(Row.CALL, lead=2)]

    moment = at(0, 9, 30) + 1
    assert second_call("none") == [(0, at(0, 10))]
    assert second_call("escalate") == [(1, moment)]
    assert second_call("reassign") == [(-1, -1), (1, moment)]


def test_at_the_cap_a_lead_waits_unassigned_with_its_clock_running():
    scenario = scene(
        team={"reps": [{"role": "bdr", "max_open_leads": 1}, {"role": "ae"}]},
        policy={"sla": {"attempts": 1, "first_touch": "5min"}},
    )

    story = told(scenario, people([at(0, 9), at(0, 9, 1)]))

    [wait] = story.rows(Row.UNASSIGNED)
    assert (wait["lead"], wait["available_at"], wait["end"]) == (1, at(0, 9, 1), at(0, 9, 10))
    [call] = story.rows(Row.CALL, lead=1)
    assert (call["available_at"], call["due_at"], call["start"]) == (at(0, 9, 1), at(0, 9, 6), at(0, 9, 10))


def test_a_rep_does_not_begin_what_does_not_fit_before_a_meeting():
    both = {"team": {"touch_role": "sales", "close_role": "sales", "reps": [{"role": "sales"}]}}
    scenario = scene(policy={"meetings": {"slot": "60min", "notice": "20min"}, "sla": {"attempts": 1}}, **both)
    connect = np.full((24, 2), -1)
    connect[:, 0] = ALWAYS
    leads = people([at(0, 9), at(0, 9, 55)], connect_until=connect)

    story = told(scenario, leads)

    # Lead 0: talk 09:00-09:30, met at 10:00. A call takes ten minutes on average, and at 09:55 five are left.
    assert [m["start"] for m in story.rows(Row.MEETING)] == [at(0, 10)]
    assert [c["start"] for c in story.rows(Row.CALL, lead=1)] == [at(0, 11)]


def test_a_rep_on_the_ramp_takes_longer_rounded_up():
    scenario = scene(
        team={
            "reps": [
                {
                    "role": "bdr",
                    "ramp": [{"after_days": 0, "productivity": 0.3}, {"after_days": 1, "productivity": 1.0}],
                },
                {"role": "ae"},
            ]
        },
        policy={"sla": {"attempts": 2, "gap": "24h"}},
    )

    story = told(scenario, people([at(0, 9)]))

    lengths = [c["end"] - c["start"] for c in story.rows(Row.CALL)]
    assert lengths == [-(-10 * MIN * 1000 // 300), 10 * MIN]


def test_what_is_begun_before_closing_is_finished_and_nothing_starts_at_closing():
    scenario = scene(policy={"sla": {"attempts": 1}})

    story = told(scenario, people([at(0, 16, 55), at(0, 16, 56)]))

    calls = story.rows(Row.CALL)
    assert [(c["start"], c["end"]) for c in calls] == [(at(0, 16, 55), at(0, 17, 5)), (at(1, 9), at(1, 9, 10))]


def test_waiting_longer_than_it_bears_a_lead_abandons_the_list():
    leads = people([at(0, 9), at(0, 9)], queue_patience=10 * MIN - 1)
    patient = people([at(0, 9), at(0, 9)], queue_patience=10 * MIN + 1)

    assert told(scene(policy={"sla": {"attempts": 1}}), leads).state(1) == "ABANDONED"
    assert told(scene(policy={"sla": {"attempts": 1}}), patient).state(1) == "NURTURE"


def test_duplicates_are_merged_or_worked():
    leads = people([at(0, 9), at(0, 10)], duplicate_of=[-1, 0], able=[True, False], connect_until=ALWAYS)

    assert told(scene(), leads).state(1) == "MERGED"
    assert told(scene(policy={"deduplication": False}), leads).state(1) == "DISQUALIFIED"


def test_when_touches_are_spent_the_lead_is_exhausted():
    scenario = scene(policy={"sla": {"attempts": 2, "gap": "1h"}, "cool_off": "1d"}, run={"max_touches": 3})
    leads = people([at(0, 9)], touches=3)
    scored = verdicts(leads, events=[[at(0, 9), at(2, 9)]])

    story = told(scenario, leads, scored)

    assert story.outcomes.touches[0] == 3
    assert story.state() == "EXHAUSTED"
    assert (
        told(scene(policy={"sla": {"attempts": 1}, "after_attempts": "close"}), people([at(0, 9)])).state()
        == "EXHAUSTED"
    )


def test_nothing_happens_at_or_after_the_end_and_work_in_progress_is_logged_as_open():
    scenario = scene(
        team={"reps": [{"role": "bdr", "hours": ["Mon-Sun 00:00-24:00"]}, {"role": "ae"}]}, run={"horizon_days": 1}
    )

    story = told(scenario, people([DAY - 5 * MIN, DAY - MIN]))

    begun, waiting = story.rows(Row.CALL)[::-1]
    assert (begun["start"], begun["end"], begun["result"]) == (DAY - 5 * MIN, DAY + 5 * MIN, 0)
    assert (waiting["start"], waiting["end"], waiting["result"]) == (-1, DAY, 0)
    assert story.state(0) == "IN_WORK"
    assert story.state(1) == "WAITING"


def test_a_dial_at_the_end_does_not_happen():
    scenario = scene(
        team={"reps": [{"role": "bdr", "hours": ["Mon-Sun 00:00-24:00"]}, {"role": "ae"}]},
        run={"horizon_days": 1}, policy={"sla": {"preparation": "5min"}},
    )  # fmt: skip

    story = told(scenario, people([DAY - 5 * MIN]))

    [call] = story.rows(Row.CALL)
    assert call["dial"] == -1
    assert story.outcomes.touches[0] == 0


@pytest.mark.parametrize("method", ["round_robin", "weighted", "least_loaded"])
def test_routing_shares_leads_out(method):
    scenario = scene(
        team={"reps": [{"role": "bdr", "weight": 2}, {"role": "bdr"}, {"role": "ae"}]},
        policy={"routing": {"method": method}, "sla": {"attempts": 1, "gap": "1h"}},
    )
    leads = people([at(0, 9, m) for m in range(6)], call_ms=8 * HOUR)

    owners = [r["rep"] for r in sorted(told(scenario, leads).rows(Row.HANDOVER), key=lambda r: r["lead"])]

    expected = {"round_robin": [0, 1] * 3, "weighted": [0, 1, 0] * 2, "least_loaded": [0, 1] * 3}
    assert owners == expected[method]


def test_a_lead_recycled_before_its_named_date_is_not_reached_by_virtue_of_a_date_to_come():
    scenario = scene(
        team={"reps": [{"role": "bdr", "count": 2}, {"role": "ae"}]},
        policy={"sla": {"attempts": 2, "window": "2d"}, "routing": {"recycles": 1}},
    )
    connect = np.full((24, 1), -1)
    connect[0] = ALWAYS
    leads = people([at(0, 9)], connect_until=connect, ready_from=at(1, 0), callback_at=at(9, 10), annoyed=True)

    story = told(scenario, leads)

    # Rep 0 agrees on Wednesday week, the window ends on Wednesday: rep 1 dials a lead that no call reaches.
    assert story.results(Row.CALL)[:2] == ["CALLED_BACK", "NOT_REACHED"]
    assert story.rows(Row.CALL)[1]["start"] == at(2, 9)


def test_a_lead_that_asked_for_the_call_is_not_annoyed_by_it():
    leads = people(
        [at(0, 9)], connect_until=ALWAYS, annoyed=True, too_soon=20 * MIN, ready_from=at(2, 0), callback_at=at(2, 10)
    )

    assert told(scene(policy={"sla": {"earliest_touch": "30min"}}), leads).state() == "WON"


def test_the_end_of_the_accept_window_never_postpones_a_meeting():
    scenario = scene(policy={"meetings": {"slot": "60min", "notice": "25h", "accept_within": "24h"}})

    story = told(scenario, people([at(0, 9)], connect_until=ALWAYS))

    # Agreed on Monday 09:30 for Tuesday 11:00; at Tuesday 09:30 nobody could meet it sooner.
    assert [m["start"] for m in story.rows(Row.MEETING)] == [at(1, 11)]


def test_an_accept_window_that_ends_while_nobody_comes_sends_the_rebooking_to_whoever_is_free_first():
    scenario = scene(
        team={"reps": [{"role": "bdr"}, {"role": "ae", "count": 2}]},
        policy={"meetings": {"slot": "30min", "accept_within": "35min"}},
    )
    show = np.full((8, 2), ALWAYS)
    show[0, 0] = -1
    # Lead 0 is agreed at 09:30 with closer 1 for 09:30-10:30 and does not come; lead 1, agreed at 10:00, has closer 2
    # at 10:00. Closer 1 has an hour from 10:30 for somebody else.
    leads = people([at(0, 9), at(0, 9, 1)], connect_until=ALWAYS, show_until=show)

    story = told(scenario, leads)

    waited, met = story.rows(Row.MEETING, lead=0)
    assert (waited["rep"], waited["start"], waited["end"]) == (1, at(0, 9, 30), at(0, 9, 45))
    # Within its 35 minutes it was waited for: booked again in the ordinary way, in the half hour that is free again.
    assert (met["rep"], met["start"]) == (1, at(0, 10))


def test_a_lead_assigned_after_its_due_date_breaches_at_once():
    reps = {
        "reps": [
            {"role": "bdr", "max_open_leads": 1},
            {"role": "bdr", "hours": ["Mon-Fri 09:20-17:00"], "max_open_leads": 1},
            {"role": "ae"},
        ]
    }
    scenario = scene(
        team=reps, policy={"sla": {"attempts": 1, "first_touch": "5min"}, "routing": {"on_breach": "escalate"}}
    )
    # Rep 0 works lead 0 until 09:10; lead 1 waits for rep 1, who comes at 09:20; lead 2 is unassigned until 09:10 and
    # due at 09:07, so at 09:10 it is rep 0's and escalated at once. Lead 1 was at 09:06: rep 0 takes it, due first;
    # lead 2 is taken at 09:20 by rep 1, who never worked and so is served before rep 0.
    story = told(scenario, people([at(0, 9), at(0, 9, 1), at(0, 9, 2)]))

    assert [(r["lead"], r["rep"], r["start"]) for r in story.rows(Row.CALL)] == [
        (0, 0, at(0, 9)), (1, 0, at(0, 9, 10)), (2, 1, at(0, 9, 20)),
    ]  # fmt: skip


def test_the_rest_of_a_slot_is_free_again_when_its_meeting_ends():
    scenario = scene(policy={"meetings": {"slot": "30min"}})
    show = np.array([[-1]] + [[ALWAYS]] * 7)

    story = told(scenario, people([at(0, 9)], connect_until=ALWAYS, show_until=show))

    # Waited for from 09:30 to 09:45 of an hour reserved until 10:30.
    assert [m["start"] for m in story.rows(Row.MEETING)] == [at(0, 9, 30), at(0, 10)]


def test_each_lead_is_handed_over_after_its_own_latency():
    """Both come on Monday at 9:00; the second is seen after 25 minutes, when the first call has long ended."""
    scenario = scene(policy={"sla": {"first_touch": "30 min", "attempts": 1}})

    story = told(scenario, people([at(0, 9), at(0, 9)], sync_latency=[0, 25 * MIN]))

    assert sorted(row["start"] for row in story.rows(Row.HANDOVER)) == [at(0, 9), at(0, 9, 25)]
    assert [(row["start"], row["due_at"]) for row in story.rows(Row.CALL)] == [
        (at(0, 9), at(0, 9, 30)),
        (at(0, 9, 25), at(0, 9, 55)),
    ]


def test_a_lead_is_seen_after_so_much_of_the_opening_hours_where_that_is_the_clock():
    """Friday 16:30 plus an hour of opening time: the office closes at 17:00, so Monday 9:30."""
    changes = {"policy": {"sla": {"attempts": 1}}, "market": {"sync_clock": "business"}}
    latency = [HOUR, 0, NEVER - 1]

    story = told(scene(**changes), people([at(4, 16, 30)] * 3, sync_latency=latency))

    starts = {row["lead"]: row["start"] for row in story.rows(Row.HANDOVER)}
    assert starts == {0: at(7, 9, 30), 1: at(4, 16, 30)}  # the third would be seen after the last day
    assert [(c["lead"], c["start"]) for c in story.rows(Row.CALL)] == [(1, at(4, 16, 30)), (0, at(7, 9, 30))]
    assert story.outcomes.state[2] == State.SYNCING
    on_calendar = told(scene(policy=changes["policy"]), people([at(4, 16, 30)], sync_latency=HOUR))
    assert [row["start"] for row in on_calendar.rows(Row.HANDOVER)] == [at(4, 17, 30)]


def test_a_lead_is_given_up_after_an_attempt_that_nobody_answers():
    """Given up after the second of five attempts; another is reached at that attempt, so it does not count there."""
    scenario = scene(policy={"sla": {"attempts": 5, "gap": "4h"}})
    last = np.zeros((24, 2), dtype=np.bool_)
    last[1] = True
    reach = np.full((24, 2), -1)
    reach[1, 1] = ALWAYS
    leads = people([at(0, 9), at(1, 9)], given_up=last, connect_until=reach)

    story = told(scenario, leads)

    starts = [(c["lead"], c["start"]) for c in story.rows(Row.CALL)]
    assert starts == [(0, at(0, 9)), (0, at(0, 13, 10)), (1, at(1, 9)), (1, at(1, 13, 10))]
    assert story.outcomes.state[0] == State.NURTURE
    assert story.outcomes.sql_at[1] > 0


def test_a_lead_that_is_given_up_by_one_rep_is_not_tried_again_in_this_handover_and_closed_where_the_policy_says_so():
    scenario = scene(policy={"sla": {"attempts": 5, "gap": "4h"}, "after_attempts": "close"})
    last = np.zeros((24, 1), dtype=np.bool_)
    last[0] = True

    story = told(scenario, people([at(0, 9)], given_up=last))

    assert [c["start"] for c in story.rows(Row.CALL)] == [at(0, 9)]
    assert story.state() == "EXHAUSTED"


def test_an_answer_to_the_last_e_mail_before_a_lead_is_given_up_lapses():
    scenario = scene(policy={"sla": {"touches": ["email", "call"], "attempts": 2, "gap": "3h"}})
    last = np.ones((24, 1), dtype=np.bool_)

    story = told(scenario, people([at(0, 9)], given_up=last, reply_until=ALWAYS, reply_lag=HOUR))

    assert [row["kind"] for row in story.rows(*TOUCHES)] == [Row.EMAIL]
    assert story.state() == "NURTURE"
