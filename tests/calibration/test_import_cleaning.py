"""Each cleaning rule on a few rows written by hand: what it counts, what it changes, and that the books balance."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from funnelsim.calibration.importing import import_history
from funnelsim.errors import InputError
from funnelsim.records import Row

from .exports import TOUCHES, balanced, counts, file, mapping, read

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
HEADER = "id,person,created,source,owner,stage,closed,amount"
GOOD = "1,P1,2024-03-04 10:00,web,Ann,Lost,2024-03-20,100"


def leads(tmp_path, *rows: str):
    return file(tmp_path, "leads.csv", HEADER, *rows)


# Leads that are set aside, each under the first rule that holds for it.


def test_every_row_is_set_aside_under_one_rule_and_listed_with_its_line(tmp_path):
    rows = (
        GOOD,
        "2,P2,,web,Ann,Lost,,",  # line 3
        "3,P3,soon,web,Ann,Lost,,",
        "4,P4,1970-01-01 00:00,web,Ann,Lost,,",
        "5,P5,2025-06-01 10:00,web,Ann,Lost,,",
        "6,P6,2024-03-04 11:00,web,Test,Lost,,",
        "7,P7,2024-03-04 11:00,web,Ann,Duplicate,,",
        "8,P8,2024-03-04 11:00,web,Test,Duplicate,,",  # both: a test first
        "1,P9,2024-03-04 12:00,web,Ann,Lost,,",
        "9,P9,2024-03-04 12:00,web,Ann,Lost,,,,surplus",
    )
    by = mapping({"test": {"owner": "test"}, "duplicate": {"stage": "duplicate"}})
    imported = read(leads(tmp_path, *rows), by=by)
    history = imported.history

    assert counts(history, effect="set aside") == {
        "created_missing": 1, "created_unreadable": 1, "created_impossible": 1, "created_in_future": 1, "test": 2,
        "duplicate": 1, "repeated_id": 1,
    }  # fmt: skip
    assert (history.leads.n, history.read["leads"], history.unreadable["leads"]) == (1, 10, 1)
    assert balanced(history)
    aside = imported.set_aside()
    assert aside["line"].tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert aside["rule"].tolist()[-3:] == ["duplicate", "test", "repeated_id"]
    assert aside["row"][7] == "id=1; person=P9; created=2024-03-04 12:00; source=web; owner=Ann; stage=Lost"
    lost = imported.unreadable()
    assert lost.values.tolist() == [["leads", 11, "10 fields where the header has 8", rows[-1]]]


def test_without_an_as_of_nothing_lies_after_today(tmp_path):
    path = leads(tmp_path, GOOD, "2,P2,2024-06-02 10:00,web,Ann,Open,,")
    by = mapping().model_copy(update={"as_of": None})
    imported = import_history(path, mapping=by, today=dt.date(2024, 6, 1))
    assert counts(imported.history, effect="set aside") == {"created_in_future": 1}
    assert imported.history.as_of == dt.date(2024, 3, 20)  # the last day on which anything happened
    assert any("give as_of" in note for note in imported.history.notes)


def test_leads_outside_the_days_of_the_mapping_are_set_aside_and_days_without_leads_stay_in(tmp_path):
    rows = (GOOD, "2,P2,2024-02-29 23:59,web,Ann,Lost,,", "3,P3,2024-04-01 00:00,web,Ann,Lost,,")
    by = mapping().model_copy(update={"since": dt.date(2024, 3, 1), "until": dt.date(2024, 3, 31)})
    history = read(leads(tmp_path, *rows), by=by).history
    assert counts(history, effect="set aside") == {"outside_dates": 2}
    assert (history.first_day, history.last_day) == (dt.date(2024, 3, 1), dt.date(2024, 3, 31))
    assert history.leads.created.tolist() == [3 * DAY + 10 * HOUR]


def test_when_no_lead_is_left_the_reasons_are_told(tmp_path):
    with pytest.raises(InputError, match=r"no lead is left of 2 rows \(1 created_missing, 1 unreadable\); look at"):
        read(leads(tmp_path, "1,P1,,web,Ann,Lost,,", "1,2,3,4,5,6,7,8,9"))
    with pytest.raises(InputError, match=r"has a header and no rows"):
        read(leads(tmp_path))


# Leads that contradict themselves.


def test_closing_dates_that_cannot_be_are_unknown_and_the_lead_stays(tmp_path):
    rows = (
        "1,P1,2024-03-04 10:00,web,Ann,Won,2024-03-03,100",  # before it was created
        "2,P2,2024-03-04 10:00,web,Ann,Won,2024-03-04,100",  # on that day
        "3,P3,2024-03-04 10:00,web,Ann,Won,2030-01-01,100",  # in the future
        "4,P4,2024-03-04 10:00,web,Ann,Won,,100",  # nobody knows
        "5,P5,2024-03-04 10:00,web,Ann,Open,2024-05-01,100",  # expected, not happened
        "6,P6,2024-03-04 10:00,web,Ann,Lost,soon,100",
        "7,P7,2024-03-04 10:00,web,Ann,Won,2024-03-14,100",
    )
    history = read(leads(tmp_path, *rows)).history
    assert counts(history, effect="changed") == {
        "closed_before_created": 1, "closed_in_future": 1, "closing_date_on_open": 1, "closed_unreadable": 1,
    }  # fmt: skip
    assert counts(history, effect="noted") == {"won_without_date": 3}
    created, noon = 10 * HOUR, 12 * HOUR
    assert history.leads.created.tolist() == [created] * 7
    assert history.leads.closed_at.tolist() == [-1, noon, -1, -1, -1, -1, 10 * DAY + noon]
    assert history.leads.won.tolist() == [True, True, True, True, False, False, True]
    assert history.leads.closed.tolist() == [True, True, True, True, False, True, True]


def test_a_closing_date_without_a_time_is_never_before_the_creation(tmp_path):
    rows = ("1,P1,2024-03-04 18:00,web,Ann,Won,2024-03-04,",)
    assert read(leads(tmp_path, *rows)).history.leads.closed_at.tolist() == [18 * HOUR]


def test_won_wins_over_lost_and_a_reason_for_its_loss_is_dropped(tmp_path):
    rows = ("2024-03-04 10:00,1,Lost,price", "2024-03-04 11:00,0,Lost,no")
    path = file(tmp_path, "l.csv", "created,won,stage,why", *rows)
    by = mapping(
        {"key": None, "contact": None, "channel": None, "owner": None, "closed": None, "value": None, "stage": "stage",
         "created": "created", "lost_reason": "why", "won": {"won": "1"}, "lost": {"stage": "Lost"}}
    )  # fmt: skip
    history = read(path, by=by).history
    assert counts(history, effect="changed") == {"won_and_lost": 1, "lost_reason_on_won": 1}
    assert (history.leads.won.tolist(), history.leads.closed.tolist()) == ([True, False], [True, True])
    assert [history.lost_reasons[c] if c >= 0 else "" for c in history.leads.lost_reason] == ["", "no"]
    assert history.leads.key.tolist() == ["line 2", "line 3"]


def test_values_and_first_responses_that_cannot_be_are_unknown(tmp_path):
    header = "created,amount,sla"
    at = "2024-03-04 10:00"
    rows = (f"{at},-5,60", f"{at},much,-60", f"{at},7.5,999999999", f"{at},,")
    by = mapping(
        {"key": None, "contact": None, "channel": None, "owner": None, "closed": None, "stage": None, "won": None,
         "lost": None, "value": "amount", "first_response": "sla"}
    )  # fmt: skip
    history = read(file(tmp_path, "l.csv", header, *rows), by=by).history
    assert counts(history, effect="changed") == {"value_negative": 1, "value_unreadable": 1, "response_impossible": 2}
    assert np.isnan(history.leads.value).tolist() == [True, True, False, True]
    assert history.leads.first_response_ms.tolist() == [60_000, -1, -1, -1]
    assert history.leads.won is None


def test_a_first_touch_gives_the_first_response_unless_it_came_before_the_lead(tmp_path):
    by = mapping(
        {"key": None, "contact": None, "channel": None, "owner": None, "closed": None, "stage": None, "won": None,
         "lost": None, "value": None, "first_touch": "called"}
    )  # fmt: skip
    rows = ("2024-03-04 10:00,2024-03-04 10:30", "2024-03-04 10:00,2024-03-04 09:59")
    path = file(tmp_path, "l.csv", "created,called", *rows)
    history = read(path, by=by).history
    assert history.leads.first_response_ms.tolist() == [30 * MINUTE, -1]


def test_times_are_counted_from_the_local_midnight_of_the_first_day_across_the_change_of_the_clocks(tmp_path):
    """Summer time began on 31 March 2024, so 1 April 10:00 is 24 + 10 - 1 hours after midnight of 31 March."""
    rows = ("1,P1,2024-03-31 02:30,web,Ann,Lost,,", "2,P2,2024-04-01 10:00,web,Ann,Lost,,")
    history = read(leads(tmp_path, *rows)).history
    assert history.leads.created.tolist() == [2 * HOUR, 33 * HOUR]
    assert counts(history, effect="changed") == {"clock_gap": 1}
    moment = dt.datetime(2024, 4, 1, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert history.clock().from_datetime(moment) == 33 * HOUR


def test_sources_are_merged_named_and_the_rare_ones_become_other(tmp_path):
    sources = ["FB", "facebook ads", "Facebook Ads", "Web", "web", "Fair", "Mail", ""]
    rows = [f"{i},P{i},2024-03-04 10:00,{s},Ann,Lost,," for i, s in enumerate(sources)]
    by = mapping({"channels": {"facebook": ["FB", "Facebook Ads"]}, "channels_most": 4})
    history = read(leads(tmp_path, *rows), by=by).history
    named = [history.channels[c] for c in history.leads.channel]
    assert named == ["facebook"] * 3 + ["Web", "Web", "Fair", "other", "other"]
    assert counts(history) == {"no_channel": 1, "rare_channel": 2}


def test_ids_that_a_spreadsheet_turned_into_numbers_are_refused(tmp_path):
    rows = [f"5.80503E+18,P{i},2024-03-04 10:00,web,Ann,Lost,," for i in range(3)]
    with pytest.raises(InputError, match=r"column 'id': ids were turned into numbers by a spreadsheet"):
        read(leads(tmp_path, *rows))


# Touches.

CALLS = "call,person,at,seconds,kind,result"


def both(tmp_path, calls: tuple[str, ...], people: tuple[str, ...], **touches: object):
    by = mapping(touches=TOUCHES | touches)
    return read(leads(tmp_path, *people), touches=file(tmp_path, "calls.csv", CALLS, *calls), by=by)


def test_touches_are_set_aside_under_one_rule_each(tmp_path):
    people = (GOOD, "2,P2,2024-03-04 10:00,web,Test,Lost,,")
    calls = (
        "a,P1,2024-03-05 10:00,70,out,",
        "b,P1,,70,out,",
        "c,P1,soon,70,out,",
        "d,P1,1900-01-01 00:00,70,out,",
        "e,P1,2025-03-01 00:01,70,out,",
        "a,P1,2024-03-06 10:00,70,out,",
        "f,P1,2024-03-07 10:00,70,in,",
        "g,,2024-03-07 10:00,70,out,",
        "h,P9,2024-03-07 10:00,70,out,",
        "i,P2,2024-03-07 10:00,70,out,",
        "j,P1,2024-03-04 09:54,70,out,",
    )
    by = mapping({"test": {"owner": "test"}}, touches=TOUCHES | {"outbound": {"kind": "out"}})
    imported = read(leads(tmp_path, *people), touches=file(tmp_path, "calls.csv", CALLS, *calls), by=by)
    assert counts(imported.history, "touches", "set aside") == {
        "time_missing": 1, "time_unreadable": 1, "time_impossible": 1, "time_in_future": 1, "repeated_id": 1,
        "not_outbound": 1, "no_lead_id": 1, "no_lead": 1, "lead_set_aside": 1, "before_lead": 1,
    }  # fmt: skip
    assert (imported.history.touches.n, balanced(imported.history)) == (1, True)


def test_redials_are_one_attempt_that_lasts_as_long_as_its_longest_call(tmp_path):
    """10:00, 10:15 and 10:30 follow one another within 15 minutes; 10:46 does not."""
    calls = (
        "a,P1,2024-03-05 10:00,0,,",
        "b,P1,2024-03-05 10:15,75,,",
        "c,P1,2024-03-05 10:30,3,,",
        "d,P1,2024-03-05 10:46,5,,",
    )
    history = both(tmp_path, calls, (GOOD,)).history
    touches = history.touches
    assert touches.at.tolist() == [DAY + 10 * HOUR, DAY + 10 * HOUR + 46 * MINUTE]
    assert (touches.number.tolist(), touches.calls.tolist()) == ([1, 2], [3, 1])
    assert (touches.duration_ms.tolist(), touches.connected.tolist()) == ([75_000, 5_000], [True, False])
    assert counts(history, "touches", "merged") == {"redial": 2}
    assert balanced(history)


def test_a_call_to_another_lead_or_an_email_between_is_no_redial(tmp_path):
    people = (GOOD, "2,P2,2024-03-04 10:00,web,Ann,Lost,,")
    calls = (
        "a,P1,2024-03-05 10:00,0,call,", "b,P2,2024-03-05 10:01,0,call,", "c,P1,2024-03-05 10:02,0,mail,",
        "d,P1,2024-03-05 10:03,0,call,",
    )  # fmt: skip
    touches = both(tmp_path, calls, people, email={"kind": "mail"}).history.touches
    assert touches.lead.tolist() == [0, 0, 0, 1]
    assert touches.kind.tolist() == [Row.CALL, Row.EMAIL, Row.CALL, Row.CALL]
    assert touches.number.tolist() == [1, 2, 3, 1]


def test_a_call_belongs_to_the_persons_latest_lead_created_before_it(tmp_path):
    people = (
        "1,P1,2024-03-04 10:00,web,Ann,Lost,,",
        "2,P1,2024-03-08 10:00,web,Bo,Lost,,",
        "3,P2,2024-03-04 10:00,web,Cy,Lost,,",
    )
    calls = (
        "a,P1,2024-03-04 09:56,0,,",  # four minutes before her first lead was entered
        "b,P1,2024-03-08 09:59,0,,",
        "c,P1,2024-03-08 10:00,0,,",
        "d,P1,2024-05-01 10:00,0,,",
        "e,P2,2024-03-08 10:00,0,,",
        "f,P2,2024-03-04 09:54,0,,",  # six minutes before
    )
    history = both(tmp_path, calls, people).history
    touches, keys = history.touches, history.leads.key
    assert keys[touches.lead].tolist() == ["1", "1", "3", "2", "2"]
    assert touches.at.tolist()[0] == 10 * HOUR - 4 * MINUTE
    assert [history.reps[r] for r in touches.rep] == ["Ann", "Ann", "Cy", "Bo", "Bo"]  # each lead's owner
    assert counts(history, "touches", "set aside") == {"before_lead": 1}


def test_a_call_to_a_duplicate_goes_to_the_same_persons_other_lead(tmp_path):
    people = (GOOD, "2,P1,2024-03-05 10:00,web,Ann,Duplicate,,", "3,P3,2024-03-05 10:00,web,Ann,Duplicate,,")
    rows = ("2,2024-03-06 10:00,0", "3,2024-03-06 10:00,0", "1,2024-03-06 11:00,0")
    calls = file(tmp_path, "calls.csv", "lead,at,seconds", *rows)
    by = mapping({"duplicate": {"stage": "Duplicate"}}, touches={"lead": "lead", "at": "at", "duration": "seconds"})
    history = read(leads(tmp_path, *people), touches=calls, by=by).history
    assert history.leads.key[history.touches.lead].tolist() == ["1", "1"]
    assert counts(history, "touches", "set aside") == {"lead_set_aside": 1}


def test_a_rep_is_one_however_the_two_files_spell_the_name(tmp_path):
    calls = ("a,P1,2024-03-05 10:00,0,ANN,", "b,P1,2024-03-06 10:00,0,Zoe,", "c,P1,2024-03-07 10:00,0,,")
    history = both(tmp_path, calls, (GOOD,), rep="kind").history
    assert history.reps == ("Ann", "Zoe")
    assert history.touches.rep.tolist() == [0, 1, 0]  # nobody named: the owner


def test_durations_that_cannot_be_are_unknown_and_a_status_that_lies_is_counted(tmp_path):
    calls = (
        "a,P1,2024-03-05 10:00,17,,answered",  # says answered, lasted 17 s
        "b,P1,2024-03-06 10:00,60,,",
        "c,P1,2024-03-07 10:00,-5,,answered",  # unknown: the status decides
        "d,P1,2024-03-08 10:00,99999,,",  # 28 hours
        "e,P1,2024-03-09 10:00,soon,,",
        "f,P1,2024-03-10 10:00,90,,voicemail",  # long, and nobody talked
        "g,P1,2024-03-11 10:00,,,answered",
    )
    rules = {"connected": {"result": "answered"}, "not_connected": {"result": "voicemail"}}
    history = both(tmp_path, calls, (GOOD,), **rules).history
    assert history.touches.connected.tolist() == [False, True, True, False, False, False, True]
    assert history.touches.duration_ms.tolist() == [17_000, 60_000, -1, -1, -1, 90_000, -1]
    assert counts(history, "touches") == {
        "duration_unreadable": 1, "duration_negative": 1, "duration_absurd": 1, "result_lies": 1,
        "long_without_talk": 1,
    }  # fmt: skip


def test_a_touch_of_several_people_is_the_first_ones(tmp_path):
    history = both(tmp_path, ("a,P1; P7,2024-03-05 10:00,0,,",), (GOOD,)).history
    assert (history.touches.n, counts(history, "touches", "changed")) == (1, {"several_ids": 1})


# Spend.


def test_spend_is_added_up_by_day_and_channel_and_named_like_the_leads(tmp_path):
    people = [f"{i},P{i},2024-03-0{4 + i} 10:00,{s},Ann,Lost,," for i, s in enumerate(["FB", "Web", "Web", "Fair"])]
    spend = file(
        tmp_path, "spend.csv", "day,source,clicks,cost",
        "2024-03-04,fb,10,1.50", "2024-03-04,Facebook,5,2.00", "2024-03-05,WEB,,4", "2024-03-05,Fair,1,-3",
        "2024-03-06,Poster,2,5", "2024-03-03,fb,1,1", "2024-03-09,fb,1,1", ",fb,1,1", "soon,fb,1,1", "2024-03-04,Web,,",
        "2024-03-04,Test,9,9",
    )  # fmt: skip
    rules = {"day": "day", "channel": "source", "clicks": "clicks", "spend": "cost", "test": {"source": "test"}}
    by = mapping({"channels": {"facebook": ["fb", "Facebook"]}, "channels_most": 2}, spend=rules)
    history = read(leads(tmp_path, *people), spend=spend, by=by).history
    table = history.spend
    assert [history.channels[c] for c in table.channel] == ["other", "Web", "other", "Poster"]
    assert table.day.tolist() == [0, 1, 1, 2]
    assert table.clicks.tolist()[0] == 15.0
    np.testing.assert_array_equal(table.clicks[1:], [np.nan, 1.0, 2.0])
    np.testing.assert_array_equal(table.spend, [3.5, 4.0, np.nan, 5.0])
    assert counts(history, "spend") == {
        "day_missing": 1, "day_unreadable": 1, "outside_dates": 2, "test": 1, "no_amount": 1, "spend_impossible": 1,
        "same_day": 1,
    }  # fmt: skip
    assert balanced(history)


# What is missing.


def test_created_alone_is_enough_and_the_notes_say_what_that_costs(tmp_path):
    by = mapping(dict.fromkeys(("key", "contact", "channel", "owner", "stage", "closed", "value", "won", "lost")))
    history = read(file(tmp_path, "l.csv", "created", "2024-03-04 10:00", "2024-03-05 11:00"), by=by).history
    assert (history.leads.n, history.channels, history.leads.won, history.touches) == (2, ("all",), None, None)
    assert history.leads.contact.tolist() == [0, 1]
    told = "\n".join(history.notes)
    wanted = ("no file of touches: reach", "no file of spend", "leads.won: conversion", "leads.closed: days to won")
    for words in wanted:
        assert words in told


def test_a_column_that_the_file_lacks_is_noted_with_a_guess_and_a_required_one_refused(tmp_path):
    path = file(tmp_path, "l.csv", "id,person,created,sourse", "1,P1,2024-03-04 10:00,web")
    history = read(path).history
    assert any("no column 'source' (did you mean 'sourse'?)" in note for note in history.notes)

    path = file(tmp_path, "l.csv", "id,creatd", "1,2024-03-04 10:00")
    with pytest.raises(InputError, match=r"leads\.created: no column 'created' in the file; did you mean 'creatd'"):
        read(path)


def test_the_faults_of_all_files_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        import_history(
            tmp_path / "none.csv",
            touches=file(tmp_path, "c.csv", "x,y", "1,2"),
            spend=file(tmp_path, "s.csv", "day", "2024-03-04"),
            mapping=mapping(touches=TOUCHES),
        )
    told = str(caught.value).splitlines()
    assert len(told) == 4
    assert "none.csv: no such file" in told[0]
    assert "touches.at: no column 'at'" in told[1]
    assert "touches.lead or touches.contact: no column 'person'" in told[2]
    assert "s.csv: the mapping has no [spend]" in told[3]


def test_times_that_could_be_read_two_ways_are_refused_with_the_column(tmp_path):
    path = leads(tmp_path, "1,P1,03/04/2024 10:00,web,Ann,Lost,,", "2,P2,05/06/2024 10:00,web,Ann,Lost,,")
    with pytest.raises(InputError, match=r"column 'created': could be day/month or month/day .*in \[leads\]"):
        read(path)
    history = read(path, by=mapping({"time_formats": "%m/%d/%Y %H:%M"})).history
    assert history.first_day == dt.date(2024, 3, 4)
