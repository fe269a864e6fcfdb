"""Files as they come: encodings, delimiters, quotation marks, headers, archives; every row is read or named."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from funnelsim.calibration.reading import Form, Rows, form_of, read_rows
from funnelsim.config.mapping import Files
from funnelsim.errors import InputError

PLAIN = "id,name,created\n1,Müller,2023-07-03\n2,Łódź,2023-07-04\n"


def rows_of(path: Path, *, wanted: tuple[str, ...] = ("id", "created"), files: Files | None = None) -> Rows:
    form = form_of(path, files or Files(), wanted=wanted)
    return read_rows(form, range(len(form.header)))


def table(rows: Rows) -> list[list[str]]:
    return [list(row) for row in zip(*(rows.columns[j].tolist() for j in sorted(rows.columns)), strict=True)]


def written(tmp_path: Path, raw: bytes | str, name: str = "leads.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_encoding_gives_the_same_table(tmp_path, encoding):
    raw = PLAIN.encode(encoding)
    rows = rows_of(written(tmp_path, raw))
    assert table(rows) == [["1", "Müller", "2023-07-03"], ["2", "Łódź", "2023-07-04"]]
    assert rows.line.tolist() == [2, 3]


def test_what_is_no_utf8_is_read_as_cp1252_and_what_is_not_even_that_as_latin1(tmp_path):
    western = rows_of(written(tmp_path, "id,name,created\n1,Müller – €,x\n".encode("cp1252")))
    assert (western.form.encoding, table(western)) == ("cp1252", [["1", "Müller – €", "x"]])

    odd = rows_of(written(tmp_path, b"id,name,created\n1,M\xfcller\x81,x\n"))  # 0x81 means nothing in cp1252
    assert (odd.form.encoding, odd.columns[1][0][:6]) == ("latin-1", "Müller")


def test_a_foreign_byte_late_in_a_long_file_is_found_too(tmp_path):
    raw = b"id,name,created\n" + (b"1," + b"A" * 9_000 + b",x\n") * 400 + b"2,M\xfcller,x\n"
    rows = rows_of(written(tmp_path, raw))
    assert (rows.form.encoding, rows.n, rows.columns[1][-1]) == ("cp1252", 401, "Müller")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found_out(tmp_path, delimiter, end):
    raw = PLAIN.replace(",", delimiter).replace("\n", end)
    rows = rows_of(written(tmp_path, raw))
    assert rows.form.delimiter == delimiter
    assert table(rows) == [["1", "Müller", "2023-07-03"], ["2", "Łódź", "2023-07-04"]]


def test_excel_says_its_delimiter_on_a_line_of_its_own(tmp_path):
    rows = rows_of(written(tmp_path, "sep=;\r\nid;name;created\r\n1;a,b,c,d;x\r\n"))
    assert (rows.form.delimiter, rows.form.header_line, table(rows)) == (";", 2, [["1", "a,b,c,d", "x"]])
    assert rows.line.tolist() == [3]


def test_a_title_above_the_header_is_left_out(tmp_path):
    rows = rows_of(written(tmp_path, "Leads of the quarter\n\nmade by Ann, 1 July\nid,name,created\n1,Bo,x\n"))
    assert (rows.form.header_line, rows.form.header, table(rows)) == (4, ("id", "name", "created"), [["1", "Bo", "x"]])


def test_a_quoted_field_may_hold_delimiters_marks_and_line_ends_and_lines_are_counted_on(tmp_path):
    rows = rows_of(written(tmp_path, 'id,name,created\n1,"a, ""b""\nc",x\n\n2,d,y\n'))
    assert table(rows) == [["1", 'a, "b"\nc', "x"], ["2", "d", "y"]]
    assert rows.line.tolist() == [2, 5]
    assert (rows.read, rows.unreadable) == (2, ())


def test_a_quotation_mark_that_is_not_closed_costs_its_own_line_alone(tmp_path):
    """Without taking it apart, the mark of line 3 would swallow lines 4 to 6."""
    raw = 'id,name,created\n1,a,x\n2,"b,x\n3,c,x\n4,"d",x\n5,e,x\n'
    rows = rows_of(written(tmp_path, raw))
    assert rows.columns[0].tolist() == ["1", "3", "4", "5"]
    assert [(u.line, u.reason) for u in rows.unreadable] == [(3, "a quotation mark is not closed")]
    assert rows.read == 5


def test_a_mark_that_is_closed_by_the_next_row_by_chance_is_noticed(tmp_path):
    """Every name is quoted; the lost mark of line 2 makes one row of lines 2 and 3, with the right number of fields."""
    raw = 'id,name,kind,created\n1,"a,k,x\n2,"b",k,x\n3,"c",k,x\n'
    rows = rows_of(written(tmp_path, raw))
    assert rows.columns[0].tolist() == ["2", "3"]
    assert [u.line for u in rows.unreadable] == [2]


def test_an_unclosed_mark_in_a_large_file_does_not_swallow_the_rest(tmp_path):
    """The field would grow past the limit of 131,072 characters."""
    lines = [f"{k},name {k},2023-07-03" for k in range(20_000)]
    lines[100] = '100,"name 100,2023-07-03'
    rows = rows_of(written(tmp_path, "\n".join(["id,name,created", *lines]) + "\n"))
    assert (rows.n, [u.line for u in rows.unreadable]) == (19_999, [102])


def test_a_field_that_is_too_long_is_unreadable_and_the_next_row_is_read(tmp_path):
    rows = rows_of(written(tmp_path, f"id,name,created\n1,{'z' * 140_000},x\n2,b,y\n"))
    assert rows.columns[0].tolist() == ["2"]
    assert rows.unreadable[0].line == 2
    assert "131072" in rows.unreadable[0].reason


def test_longer_rows_are_unreadable_shorter_ones_have_blanks_at_the_end_and_are_counted(tmp_path):
    rows = rows_of(written(tmp_path, "id,name,created\n1,a,x,surplus\n2\n3,c,x,,\n4,d,y\n"))
    assert table(rows) == [["2", "", ""], ["3", "c", "x"], ["4", "d", "y"]]
    assert [(u.line, u.reason) for u in rows.unreadable] == [(2, "4 fields where the header has 3")]
    assert (rows.short, rows.read) == (1, 4)


def test_nul_characters_are_left_out_and_counted(tmp_path):
    rows = rows_of(written(tmp_path, b"id,name,created\n1,a\x00b,x\n2,c,y\n"))
    assert (table(rows), rows.nuls) == ([["1", "ab", "x"], ["2", "c", "y"]], 1)


def test_gzip_and_an_archive_with_one_csv_are_unpacked(tmp_path):
    packed = written(tmp_path, gzip.compress(PLAIN.encode()), "leads.csv.gz")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("__MACOSX/._leads.csv", "x")
        archive.writestr("leads.csv", PLAIN)
    assert table(rows_of(packed)) == table(rows_of(tmp_path / "export.zip")) == table(rows_of(written(tmp_path, PLAIN)))


def test_text_without_outer_spaces_and_column_names_without_capitals(tmp_path):
    rows = rows_of(written(tmp_path, " ID , Name,created\n 1 ,  Ann Lee\t,x\n"), wanted=("id",))
    assert rows.form.header == ("ID", "Name", "created")
    assert table(rows) == [["1", "Ann Lee", "x"]]
    assert (rows.form.place(["nothing", "NAME"]), rows.form.place(["nothing"])) == (1, None)


REFUSED = [
    (b"", "is empty"),
    (b"  \n\n", "is empty"),
    (b"PK\x03\x04not an archive", "is a damaged archive"),
    (b"\x1f\x8bnot gzip", "is a damaged archive"),
    (gzip.compress(PLAIN.encode() * 500)[:-20], "is a damaged archive"),
    (b"%PDF-1.7\n...", "is a PDF document, not text"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel workbook, not text"),
    (bytes(range(256)) * 20, "is not a text file"),
    (b"\xff\xfei\x00d\x00,", "is not utf-16 text"),
    (b"\n\n,,\n", "has no header"),
]


@pytest.mark.parametrize(("raw", "rule"), REFUSED, ids=[rule for _, rule in REFUSED])
def test_what_cannot_be_read_at_all_is_refused_with_the_file_and_the_reason(tmp_path, raw, rule):
    path = written(tmp_path, raw)
    with pytest.raises(InputError) as caught:
        rows_of(path)
    assert str(caught.value).startswith(f"{path}: {rule}")


def test_an_excel_workbook_is_told_from_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "leads.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
    with pytest.raises(InputError, match=r"is an Excel workbook, not text; save it as CSV"):
        rows_of(tmp_path / "leads.xlsx")


def test_a_missing_file_is_told_with_its_neighbours_and_a_folder_as_such(tmp_path):
    written(tmp_path, PLAIN, "lead.csv")
    with pytest.raises(InputError, match=r"leads\.csv: no such file; the folder has lead\.csv"):
        rows_of(tmp_path / "leads.csv")
    with pytest.raises(InputError, match=r"is a folder, not a file"):
        rows_of(tmp_path)


def test_a_given_encoding_that_does_not_fit_is_told_with_the_line(tmp_path):
    path = written(tmp_path, b"id,created\n1,x\n2,\xff\n")
    with pytest.raises(InputError, match=r"is not utf-8 text \(.*near line 1"):
        rows_of(path, files=Files(encoding="utf-8"))
    assert rows_of(path, files=Files(encoding="latin-1")).n == 2


def test_marks_that_never_pair_are_refused_before_they_take_for_ever(tmp_path):
    raw = "id,name,kind,created\n" + "".join(f'{k},"a,k,x\n{k},b,k,x\n' for k in range(1500))
    with pytest.raises(InputError, match=r"quotation marks do not pair in more than 1000 lines"):
        rows_of(written(tmp_path, raw))


def test_only_the_columns_asked_for_are_kept(tmp_path):
    form: Form = form_of(written(tmp_path, PLAIN), Files())
    assert list(read_rows(form, [2]).columns) == [2]
    assert read_rows(form, [0], most=1).columns[0].dtype == np.object_
