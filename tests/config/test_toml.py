"""Files that cannot be read as TOML are told as faults with their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnelsim.config.load import load_scenario
from funnelsim.config.toml import parse_toml
from funnelsim.errors import InputError


def fault(raw: bytes) -> str:
    with pytest.raises(InputError) as caught:
        parse_toml(raw, where="a.toml")
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_syntax_error_has_line_and_column():
    assert fault(b"[run]\nseed 3\n") == ("a.toml:2:6: is not valid TOML: expected '=' after a key in a key/value pair")
    assert fault(b"[run]\nname = 'x") == 'a.toml:2:10: is not valid TOML: expected "\'"'
    assert fault(b"a = 1\na = 2\n").startswith("a.toml:2:6: is not valid TOML: cannot overwrite a value")


def test_what_is_not_utf8_names_the_line():
    assert fault(b"title = 'a'\nname = 'b\xe9'\n") == "a.toml:2: is not UTF-8 text (byte 0xe9); save it as UTF-8"


def test_an_empty_file_says_how_to_begin():
    for raw in (b"", b"\n \n", b"# only a comment\n"):
        assert fault(raw) == "a.toml: is empty; `funnelsim init` writes a scenario to start from"


def test_what_overflows_the_parser_is_a_fault_too():
    assert fault(b"a = " + b"[" * 100_000).startswith("a.toml: is nested too deeply")
    assert "is not valid TOML" in fault(b"a = " + b"9" * 5_000)


def test_windows_files_are_read():
    assert parse_toml("\ufeffname = 'é'\r\n".encode(), where="a.toml") == {"name": "é"}


def test_missing_files_and_folders(tmp_path: Path):
    (tmp_path / "other.toml").write_text("a = 1")
    with pytest.raises(InputError, match=r"nope\.toml: no such file; the folder has other\.toml"):
        load_scenario(tmp_path / "nope.toml")
    with pytest.raises(InputError, match=r"no such file$"):
        load_scenario(tmp_path / "no" / "folder.toml")
    with pytest.raises(InputError, match="is a folder, not a file"):
        load_scenario(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        load_scenario(tmp_path / "a\0b.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path):
    path = tmp_path / "secret.toml"
    path.write_text("a = 1")
    path.chmod(0)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        load_scenario(path)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_are_tables_or_a_fault(raw: bytes):
    told = ""
    try:
        told = "a.toml" if parse_toml(raw, where="a.toml") else "nothing"
    except InputError as error:
        told = str(error)
    assert told.startswith("a.toml")
