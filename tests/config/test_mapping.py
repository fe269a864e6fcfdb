"""Mappings: strict, every fault at once, and written back as they were read."""

from __future__ import annotations

import pytest

from funnelsim.config.mapping import dump_mapping, load_mapping, mapping_from
from funnelsim.config.toml import parse_toml
from funnelsim.errors import InputError

WHOLE = {
    "time_zone": "Europe/Berlin",
    "since": "2024-01-01",
    "as_of": "2024-12-31",
    "files": {"delimiter": ";", "decimal": ","},
    "leads": {
        "created": ["Created", "Create Date"],
        "won": {"Stage": ["Won", "Paid"], "Paid on": "*"},
        "channels": {"ads": ["FB", "Google"], "web": "Web"},
        "attributes": {"size": {"column": "Employees", "edges": [10.0, 50.0]}},
        "time_formats": "%d.%m.%Y %H:%M",
    },
    "touches": {"at": "When", "contact": "Person", "contact_seconds": 30.0},
    "spend": {"day": "Day"},
}


def test_one_name_may_stand_for_a_list_of_one():
    mapping = mapping_from(WHOLE, where="t")
    assert mapping.touches is not None
    assert (mapping.touches.at, mapping.leads.created) == (["When"], ["Created", "Create Date"])
    assert mapping.leads.won == {"Stage": ["Won", "Paid"], "Paid on": ["*"]}


def test_what_is_written_is_read_back_equal():
    mapping = mapping_from(WHOLE, where="t")
    assert mapping_from(parse_toml(dump_mapping(mapping).encode(), where="t"), where="t") == mapping


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(
        'time_zone = "Mars"\nuntil = 2024-01-01\n'
        '[files]\nencoding = "klingon"\n'
        '[leads]\ncreatd = "x"\nfirst_response_unit = "sec"\ntime_formats = ["soon"]\n'
        '[leads.attributes.size]\ncolumn = "n"\nedges = [5.0, 1.0]\n'
        '[touches]\nat = " "\nredial_minutes = -1.0\n'
    )
    with pytest.raises(InputError) as caught:
        load_mapping(path)
    told = str(caught.value)
    for fault in (
        "time_zone: must be an IANA time zone such as 'Europe/Berlin', got 'Mars'",
        "files.encoding: no such text encoding 'klingon'",
        "leads.created: is required",
        "leads.creatd: unknown key; did you mean 'created'?",
        "leads.first_response_unit: must be one of 'ms', 's', 'min', 'h', 'd', got 'sec'",
        "leads.time_formats.0: must be a pattern such as '%d/%m/%Y %H:%M', or one of iso",
        "leads.attributes.size.edges: must rise from entry to entry",
        "touches.at: must name columns, not a blank",
        "touches.redial_minutes: must be >= 0, got -1.0",
    ):
        assert f"{path}: {fault}" in told
    assert len(told.splitlines()) == 9


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ({"touches": {"at": "t"}}, "touches.lead: give lead or contact, by which touches are joined to leads"),
        ({"leads": {"created": "c", "channels": {"a": ["FB"], "b": ["fb"]}}}, "channels.b: 'fb' is merged into 'a'"),
        ({"leads": {"created": "c", "first_response": "r", "first_touch": "f"}}, "first_touch: give first_response or"),
        ({"since": "2024-02-01", "until": "2024-01-01"}, r"until: must not come before since \(2024-02-01\)"),
        ({"until": "2024-02-01", "as_of": "2024-01-01"}, "as_of: must not come before 2024-02-01"),
        (
            {"leads": {"created": "c", "attributes": {"a": {"column": "x", "edges": [1.0], "values": {"b": ["c"]}}}}},
            "leads.attributes.a.edges: give edges or values, not both",
        ),
    ],
)
def test_rules_between_fields(tables, fault):
    with pytest.raises(InputError, match=fault):
        mapping_from({"leads": {"created": "c"}, **tables}, where="t")
