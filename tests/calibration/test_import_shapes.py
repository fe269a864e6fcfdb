"""Exports of other shapes, read by a mapping alone: leads and won dates only, HubSpot's and Salesforce's columns."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from funnelsim.calibration import observed
from funnelsim.calibration.importing import import_history
from funnelsim.calibration.shipped import find_mapping, shipped_mappings, shipped_text
from funnelsim.errors import InputError

from .exports import balanced, counts, file

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def test_leads_and_won_dates_alone_are_imported_without_a_line_of_code(tmp_path):
    """300 leads in an hourly rhythm, every tenth won twelve days later; Excel's CSV with semicolons and a mark."""
    start = dt.datetime(2024, 1, 1)
    rows = ["created_on;won_on"]
    for i in range(300):
        created = start + dt.timedelta(hours=7 * i)
        won = (created + dt.timedelta(days=12)).strftime("%d.%m.%Y") if i % 10 == 0 else ""
        rows.append(f"{created:%d.%m.%Y %H:%M};{won}")
    path = file(tmp_path, "leads.csv", *rows, end="\r\n", encoding="utf-8-sig")

    history = import_history(path, mapping="leads_only", today=dt.date(2024, 12, 31)).history

    assert (history.leads.n, int(history.leads.won.sum())) == (300, 30)
    assert history.leads.created.tolist() == [7 * HOUR * i for i in range(300)]
    assert observed.days_to_won(history).tolist() == [12] * 30
    assert history.channels == ("all",)
    assert balanced(history)
    assert any("no file of touches: reach by attempt" in note for note in history.notes)
    assert any("lost and still open cannot be told apart" in note for note in history.notes)


HUBSPOT_CONTACTS = (
    "Record ID,First Name,Last Name,Create Date,Original Source,Contact owner,Lifecycle Stage,Lead Status,"
    "Became a Customer Date,Recent Deal Amount,Industry,Number of Employees",
    '101,Ada,Roe,2024-03-04 10:00,Organic Search,Ann Lee,Customer,,2024-04-01 12:00,"12,000",SOFTWARE,30',
    "102,Bo,Foe,2024-03-04 11:30,Paid Search,Bo Ray,Lead,Unqualified,,,RETAIL,700",
    "103,Cy,Poe,2024-03-05 09:00,Paid Search,Bo Ray,Opportunity,In Progress,,,RETAIL,",
    "104,Test,Test,2024-03-05 09:30,Direct Traffic,,Lead,New,,,,",
)
HUBSPOT_CALLS = (
    "Record ID,Activity date,Call duration,Call outcome,Call direction,Activity assigned to,Associated Contact IDs",
    "9001,2024-03-04 10:20,0,No answer,Outbound,Ann Lee,101",
    "9002,2024-03-05 10:00,180000,Connected,Outbound,Ann Lee,101;102",
    "9003,2024-03-04 12:00,95000,Left voicemail,Outbound,Bo Ray,102",
    "9004,2024-03-06 12:00,0:03:20,Connected,,Bo Ray,103",
    "9005,2024-03-06 13:00,60000,Connected,Inbound,Bo Ray,103",
)


def test_hubspots_columns_are_read_by_the_mapping_that_comes_with_funnelsim(tmp_path):
    contacts, calls = file(tmp_path, "contacts.csv", *HUBSPOT_CONTACTS), file(tmp_path, "calls.csv", *HUBSPOT_CALLS)
    history = import_history(contacts, touches=calls, mapping="hubspot", today=dt.date(2024, 6, 1)).history
    leads, touches = history.leads, history.touches

    assert leads.key.tolist() == ["101", "102", "103"]
    assert counts(history, effect="set aside") == {"test": 1}
    assert [history.channels[c] for c in leads.channel] == ["Organic Search", "Paid Search", "Paid Search"]
    assert (leads.won.tolist(), leads.closed.tolist()) == ([True, False, False], [True, True, False])
    assert leads.closed_at.tolist() == [28 * DAY + 12 * HOUR, -1, -1]
    assert leads.value[0] == 12_000.0
    sizes = [history.categories["employees"][c] for c in leads.attributes["employees"][:2]]
    assert sizes == ["10 to 50", "250 to 1000"]
    assert touches.lead.tolist() == [0, 0, 1, 2]
    assert touches.connected.tolist() == [False, True, False, True]
    assert touches.duration_ms.tolist() == [0, 180_000, 95_000, 200_000]
    assert counts(history, "touches", "set aside") == {"not_outbound": 1}
    assert [history.reps[r] for r in touches.rep] == ["Ann Lee", "Ann Lee", "Bo Ray", "Bo Ray"]
    assert balanced(history)


SALESFORCE_LEADS = (
    "Lead ID,Created Date,Lead Source,Lead Owner,Lead Status,Converted,Opportunity Amount,Close Date,Won,Email,"
    "No. of Employees,Rating",
    '00Q1,"3/4/2024, 10:00 AM",Web,Ann Lee,Qualified,1,"$12,000.00",4/15/2024,1,a@x.org,30,Hot',
    '00Q2,"3/14/2024, 11:30 AM",Partner,Bo Ray,Closed - Not Converted,0,,,0,b@x.org,700,Cold',
    '00Q3,"3/15/2024, 9:00 AM",Partner,Bo Ray,Working - Contacted,1,"$5,000.00",7/30/2024,0,c@x.org,,',
    "Confidential Information - Do Not Distribute",
)
SALESFORCE_TASKS = (
    "Activity ID,Lead ID,Created Date,Call Duration,Call Result,Call Type,Task Subtype,Assigned",
    '00T1,00Q1,"3/4/2024, 10:45 AM",70,Connected,Outbound,Call,Ann Lee',
    '00T2,00Q2,"3/14/2024, 2:00 PM",,,,Email,Bo Ray',
    '00T3,00Q2,"3/15/2024, 2:00 PM",,No Answer,,Call,Bo Ray',
    '00T4,00Q3,"3/16/2024, 2:00 PM",300,,Inbound,Call,Bo Ray',
)


def test_salesforces_columns_are_read_by_the_mapping_that_comes_with_funnelsim(tmp_path):
    leads, tasks = file(tmp_path, "leads.csv", *SALESFORCE_LEADS), file(tmp_path, "tasks.csv", *SALESFORCE_TASKS)
    history = import_history(leads, touches=tasks, mapping="salesforce", today=dt.date(2024, 6, 1)).history

    assert history.leads.key.tolist() == ["00Q1", "00Q2", "00Q3"]
    assert counts(history, effect="set aside") == {"created_missing": 1}  # the report's footer
    assert history.leads.created.tolist() == [10 * HOUR, 10 * DAY + 11.5 * HOUR, 11 * DAY + 9 * HOUR]
    assert history.leads.won.tolist() == [True, False, False]
    assert history.leads.closed.tolist() == [True, True, False]
    assert history.leads.closed_at.tolist() == [42 * DAY + 12 * HOUR, -1, -1]
    np.testing.assert_array_equal(history.leads.value, [12_000.0, np.nan, 5_000.0])
    assert counts(history, effect="changed")["closing_date_on_open"] == 1
    assert history.known_late == ("rating",)
    assert history.touches.lead.tolist() == [0, 1, 1]
    assert history.touches.connected.tolist() == [True, False, False]
    assert history.touches.kind.tolist() == [0, 1, 0]
    assert counts(history, "touches", "set aside") == {"not_outbound": 1}
    assert balanced(history)


@pytest.mark.parametrize("name", shipped_mappings())
def test_every_mapping_that_comes_with_funnelsim_is_sound_and_found_by_name(name):
    assert find_mapping(name).leads.created
    assert "title" in shipped_text(name)


def test_a_file_of_ones_own_goes_before_the_name_of_a_shipped_mapping(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hubspot").write_text('title = "my own"\n[leads]\ncreated = "when"\n')
    assert find_mapping("hubspot").title == "my own"
    with pytest.raises(InputError, match=r"pipedrive: no such file"):
        find_mapping("pipedrive")
