"""A mapping is proposed from headers and values; what it gets wrong or leaves open is said."""

from __future__ import annotations

import pytest

from funnelsim.calibration.guessing import name_score, plain
from funnelsim.calibration.importing import import_history
from funnelsim.calibration.propose import propose_mapping
from funnelsim.config.mapping import mapping_from
from funnelsim.config.toml import parse_toml
from funnelsim.errors import InputError

from .exports import file
from .test_import_shapes import HUBSPOT_CALLS, HUBSPOT_CONTACTS

LEADS = (
    "Lead ID;Created;Lead Source;Sales Rep;Status;Amount;Country;Notes",
    *(f"L{i};{1 + i % 28:02d}.07.2023 {i % 24:02d}:30;{'Web' if i % 3 else 'Fair'};{'Ann' if i % 2 else 'Bo'};"
      f"{'Closed won' if i % 10 == 0 else 'Lost' if i % 2 else 'Open'};1.234,50;{'DE' if i % 4 else 'AT'};text {i}"
      for i in range(80)),
)  # fmt: skip
CALLS = (
    "Call ID;Lead ID;Call start;Duration (ms);Agent;Call outcome;Direction",
    *(f"C{i};L{i};{2 + i % 27:02d}.07.2023 11:00;{i * 3000};{'Ann' if i % 2 else 'Bo'};"
      f"{'No answer' if i % 2 else 'Connected'};{'Outbound' if i % 5 else 'Inbound'}" for i in range(80)),
)  # fmt: skip
SPEND = ("Day;Channel;Impressions;Clicks;Cost", *(f"{d:02d}.07.2023;Web;1000;{d};12,50" for d in range(1, 21)))


def test_columns_values_and_tables_are_recognised_in_any_order(tmp_path):
    files = [file(tmp_path, f"{name}.csv", *rows) for name, rows in (("c", CALLS), ("s", SPEND), ("l", LEADS))]
    proposal = propose_mapping(files)
    spec = proposal.tables

    assert {table: path.name for table, path in proposal.files.items()} == {
        "leads": "l.csv", "touches": "c.csv", "spend": "s.csv",
    }  # fmt: skip
    leads = spec["leads"]
    assert (leads["created"], leads["key"], leads["channel"]) == ("Created", "Lead ID", "Lead Source")
    assert (leads["owner"], leads["stage"], leads["value"]) == ("Sales Rep", "Status", "Amount")
    assert (leads["won"], leads["lost"]) == ({"Status": ["Closed won"]}, {"Status": ["Lost"]})
    assert leads["attributes"] == {"country": {"column": "Country"}}
    touches = spec["touches"]
    assert (touches["at"], touches["lead"], touches["rep"]) == ("Call start", "Lead ID", "Agent")
    assert (touches["duration"], touches["duration_unit"]) == ("Duration (ms)", "ms")
    assert (touches["outbound"], touches["connected"]) == ({"Direction": ["Outbound"]}, {"Call outcome": ["Connected"]})
    assert touches["not_connected"] == {"Call outcome": ["No answer"]}
    assert spec["spend"] == {
        "day": "Day", "channel": "Channel", "impressions": "Impressions", "clicks": "Clicks", "spend": "Cost",
    }  # fmt: skip
    assert proposal.unused == {"leads": ["Notes"], "touches": [], "spend": []}


def test_the_proposal_reads_the_files_and_its_toml_is_the_mapping(tmp_path):
    paths = {n: file(tmp_path, f"{n}.csv", *rows) for n, rows in (("l", LEADS), ("c", CALLS), ("s", SPEND))}
    proposal = propose_mapping(list(paths.values()))
    history = import_history(paths["l"], touches=paths["c"], spend=paths["s"], mapping=proposal.mapping()).history

    assert (history.leads.n, int(history.leads.won.sum()), history.leads.value[0]) == (80, 8, 1234.5)
    assert history.touches.n == sum(1 for i in range(80) if i % 5 and 2 + i % 27 >= 1 + i % 28)
    assert history.spend.spend.sum() == 250.0
    assert mapping_from(parse_toml(proposal.toml().encode(), where="t"), where="t") == proposal.mapping()


def test_what_is_open_is_said_and_an_answer_goes_into_the_mapping(tmp_path):
    proposal = propose_mapping([file(tmp_path, "l.csv", *LEADS)])
    about = {question.about: question for question in proposal.questions}
    assert {"time_zone", "as_of", "leads.contact", "leads.closed", "leads.won"} <= set(about)
    assert "# open: time_zone" in proposal.toml()

    proposal.answer(about["time_zone"], "Europe/Berlin")
    proposal.answer(about["as_of"], "2024-01-31")
    proposal.answer(about["leads.won"], "Closed won, Open")
    proposal.answer(about["leads.contact"], "")
    mapping = proposal.mapping()
    assert (mapping.time_zone, str(mapping.as_of)) == ("Europe/Berlin", "2024-01-31")
    assert mapping.leads.won == {"Status": ["Closed won", "Open"]}
    with pytest.raises(InputError, match=r"time_zone: must be an IANA time zone"):
        proposal.answer(about["time_zone"], "Mars")
    assert proposal.mapping() == mapping  # an answer that does not fit changes nothing


def test_days_and_months_that_could_be_either_are_asked_and_the_first_is_proposed(tmp_path):
    rows = [f"L{i},{1 + i % 12}/{1 + i % 11}/2023 10:30" for i in range(40)]
    proposal = propose_mapping([file(tmp_path, "l.csv", "id,created", *rows)])
    asked = next(q for q in proposal.questions if q.about == "leads.time_formats")
    assert asked.choices == ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")
    assert proposal.tables["leads"]["time_formats"] == asked.proposal == "%d/%m/%Y %H:%M"


def test_a_crm_that_funnelsim_knows_is_named(tmp_path):
    contacts, calls = file(tmp_path, "a.csv", *HUBSPOT_CONTACTS), file(tmp_path, "b.csv", *HUBSPOT_CALLS)
    assert propose_mapping([contacts, calls]).shipped == "hubspot"
    assert propose_mapping([file(tmp_path, "l.csv", *LEADS)]).shipped is None


def test_what_cannot_be_a_set_of_files_is_refused(tmp_path):
    calls, leads = file(tmp_path, "c.csv", *CALLS), file(tmp_path, "l.csv", *LEADS)
    with pytest.raises(InputError, match=r"no file of leads \(c\.csv looks like touches\)"):
        propose_mapping([calls])
    with pytest.raises(InputError, match=r"looks like another file of leads beside l\.csv"):
        propose_mapping([leads, file(tmp_path, "m.csv", *LEADS)])
    with pytest.raises(InputError, match=r"no column looks like a creation date; the file has: a, b"):
        propose_mapping([file(tmp_path, "x.csv", "a,b", "1,2", "3,4")])
    with pytest.raises(InputError, match=r"has a header and no rows"):
        propose_mapping([file(tmp_path, "e.csv", LEADS[0])])


def test_names_are_compared_as_words():
    assert plain("createdAt") == plain("Created_at") == "created at"
    known = ("lead source", "source")
    assert name_score("Lead Source", known) > name_score("First source (UTM)", known) > name_score("soruce", known) > 0
    assert name_score("colour", known) == 0


def test_a_column_whose_name_has_line_ends_does_not_break_the_file(tmp_path):
    rows = [f"{i},2023-07-01 10:0{i},b,web" for i in range(9)]
    path = file(tmp_path, "l.csv", 'id,created,"Why\n= ""x"" #",source', *rows)
    proposal = propose_mapping([path])
    assert proposal.unused["leads"] == ['Why\n= "x" #']
    assert mapping_from(parse_toml(proposal.toml().encode(), where="t"), where="t") == proposal.mapping()
