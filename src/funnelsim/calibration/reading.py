"""A table of text from a CSV file: columns of text with the line of each row, and every row that could not be read.

Read with the standard library's `csv`, which tells the line of each row and goes on after a broken one; a million rows
take some seconds. Found out from the file: encoding, delimiter, and on which line the header is.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from funnelsim.calibration.categories import Text
from funnelsim.calibration.textfile import Lines, check_encoding, encoding_of, fault, lines_of
from funnelsim.config.mapping import Files
from funnelsim.config.suggest import nearest
from funnelsim.records import Int64

DELIMITERS = (",", ";", "\t", "|")
HEADER_WITHIN = 20
"""The header is among the first rows: some exports put a title above it."""
MOST_BROKEN_QUOTES = 1000
SHOWN = 200
"""Characters of an unreadable line that are kept."""
_CHUNK, _LONGEST_NAME = 20_000, 100


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be read."""

    line: int
    reason: str
    text: str  # the beginning of the line


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written."""

    path: Path
    encoding: str
    delimiter: str
    header_line: int  # 1 for the first
    header: tuple[str, ...]  # names without outer spaces

    def place(self, names: Sequence[str]) -> int | None:
        """Return the place of the first of `names` that the header has, else None."""
        folded = [name.casefold() for name in self.header]
        for name in names:
            if (word := name.strip().casefold()) in folded:
                return folded.index(word)
        return None

    def guess(self, names: Sequence[str]) -> str | None:
        """Return the column that one of `names` most likely misspells."""
        likely = [name for name in self.header if len(name) <= _LONGEST_NAME]
        return next((guess for name in names if (guess := nearest(name, likely))), None)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a file. n rows that could be read."""

    form: Form
    columns: dict[int, Text]  # place in the header -> (n,) text without outer spaces
    line: Int64  # (n,) line on which each begins, 1 for the first
    unreadable: tuple[Unreadable, ...]
    short: int  # rows with fewer fields than the header; what is missing is blank
    nuls: int  # lines with NUL characters, which were left out

    @property
    def n(self) -> int:
        """Return the number of rows that could be read."""
        return int(self.line.size)

    @property
    def read(self) -> int:
        """Return the number of rows, those that could not be read included."""
        return self.n + len(self.unreadable)


def form_of(path: Path, files: Files, *, wanted: Iterable[str] = ()) -> Form:
    """Return how the file at `path` is written.

    Args:
        path: The file: plain, gzip, or a zip archive with one CSV file.
        files: What is known of it.
        wanted: Names of columns that it may have, by which header and delimiter are known.

    Raises:
        InputError: where the file is missing, empty, damaged, not text, or has no header.
    """
    if files.encoding is not None:
        check_encoding(path, files.encoding)
        encoding = files.encoding
    else:
        encoding = encoding_of(path)
        if encoding.startswith("utf-") and encoding != "utf-8":  # known by its mark alone
            check_encoding(path, encoding)
    words = {name.strip().casefold() for name in wanted}
    with lines_of(path, encoding) as lines:
        head = [line for line, _ in zip(lines, range(HEADER_WITHIN), strict=False)]
    skipped = 0
    said = None
    if head and head[0].strip().strip('"').lower().startswith("sep=") and len(head[0].strip().strip('"')) == 5:
        said, skipped = head[0].strip().strip('"')[4], 1
    delimiters = (files.delimiter,) if files.delimiter else (said,) if said in DELIMITERS else DELIMITERS
    guesses = [_header(head[skipped:], str(delimiter), words) for delimiter in delimiters]
    best = max(guesses, key=lambda guess: (guess.matches, guess.alike, guess.width))
    if not any(letter.isalnum() for name in best.names for letter in name):
        raise fault(path, "has no header", "the first line must name the columns")
    return Form(path, encoding, best.delimiter, best.line + skipped + 1, best.names)


@dataclass(frozen=True, slots=True)
class _Guess:
    """A possible header: the more of the wanted columns, the more rows of one width, the wider, the better."""

    matches: int
    alike: int
    width: int
    line: int  # from 0
    delimiter: str
    names: tuple[str, ...]


def _header(head: list[str], delimiter: str, words: set[str]) -> _Guess:
    """Return the most likely header among the first lines, read with one delimiter."""
    rows: list[tuple[int, tuple[str, ...]]] = []
    reader = csv.reader(head, delimiter=delimiter)
    try:
        before = 0
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((before, tuple(cell.strip().strip("\ufeff") for cell in row)))
            before = reader.line_num
    except csv.Error:
        pass
    usual, alike = Counter(len(row) for _, row in rows).most_common(1)[0] if rows else (1, 0)
    best = _Guess(0, 0, 0, 0, delimiter, ())
    for line, names in rows:
        matches = len(words & {name.casefold() for name in names})
        if matches > best.matches or (best.width == 0 and len(names) >= usual):
            best = _Guess(matches, alike if usual > 1 else 0, len(names), line, delimiter, names)
    return best


def read_rows(form: Form, places: Iterable[int], *, most: int | None = None) -> Rows:
    """Return the columns at `places` of the header, text of every row.

    Rows longer than the header are unreadable, shorter ones have blanks at the end, blank lines are no rows. A field
    that swallowed whole rows, because a quotation mark is not closed, is taken apart: its first line is unreadable.

    Args:
        form: How the file is written.
        places: Which columns.
        most: Stop after about this many rows.

    Raises:
        InputError: where the file cannot be read, or quotation marks do not pair in more than a thousand places.
    """
    chosen = sorted(set(places))
    parts: dict[int, list[Text]] = {place: [] for place in chosen}
    memo: dict[str, str] = {}
    line_parts: list[Int64] = []
    unreadable: list[Unreadable] = []
    short = n = 0
    with lines_of(form.path, form.encoding) as lines:
        for chunk in _chunks(lines, form, unreadable):
            width = len(form.header)
            short += sum(len(row) < width for _, row in chunk)
            fields = list(zip(*(row if len(row) == width else _padded(row, width) for _, row in chunk), strict=True))
            for place in chosen:
                parts[place].append(_column(fields[place], memo))
            line_parts.append(np.fromiter((line for line, _ in chunk), dtype=np.int64, count=len(chunk)))
            n += len(chunk)
            if len(memo) > 200_000:
                memo.clear()
            if most is not None and n >= most:
                break
        nuls = lines.nuls
    none = np.zeros(0, dtype=np.object_)
    return Rows(
        form=form,
        columns={place: np.concatenate([none, *part]) for place, part in parts.items()},
        line=np.concatenate([np.zeros(0, dtype=np.int64), *line_parts]),
        unreadable=tuple(unreadable),
        short=short,
        nuls=nuls,
    )


def _column(fields: tuple[str, ...], memo: dict[str, str]) -> Text:
    """Return one column of a chunk without outer spaces; equal text is kept once."""
    text = list(map(str.strip, fields))
    out = np.empty(len(text), dtype=np.object_)
    out[:] = list(map(memo.setdefault, text, text))
    return out


def _padded(row: list[str], width: int) -> list[str]:
    return row[:width] if len(row) > width else row + [""] * (width - len(row))


def _chunks(lines: Lines, form: Form, unreadable: list[Unreadable]) -> Iterator[list[tuple[int, list[str]]]]:
    chunk: list[tuple[int, list[str]]] = []
    for item in _records(lines, form, unreadable):
        chunk.append(item)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _records(lines: Lines, form: Form, unreadable: list[Unreadable]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of each row below the header; what cannot be read goes into `unreadable`."""
    for _ in range(form.header_line - 1):
        next(lines, None)
    try:
        next(csv.reader(lines, delimiter=form.delimiter), None)
    except csv.Error as error:
        raise fault(form.path, f"the header cannot be read ({error})") from None
    reader = csv.reader(lines, delimiter=form.delimiter)
    width, line, broken = len(form.header), 0, 0
    row: list[str] = []
    while True:
        line += len(lines.since)
        lines.since.clear()
        reason = ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason, row = str(error), []
        taken = lines.since
        if len(taken) > 1 and (reason or _swallowed(row, taken, form)):
            broken += 1
            if broken > MOST_BROKEN_QUOTES:
                raise fault(form.path, f"quotation marks do not pair in more than {MOST_BROKEN_QUOTES} lines")
            again = taken[1:]
            unreadable.append(Unreadable(line + 1, "a quotation mark is not closed", taken[0].strip()[:SHOWN]))
            lines.since = taken[:1]
            lines.put_back(again)
            reader = csv.reader(lines, delimiter=form.delimiter)
        elif reason:
            unreadable.append(Unreadable(line + 1, reason, taken[0].strip()[:SHOWN]))
            reader = csv.reader(lines, delimiter=form.delimiter)
        elif len(row) > width and any(cell.strip() for cell in row[width:]):
            text = "".join(taken).strip()[:SHOWN]
            unreadable.append(Unreadable(line + 1, f"{len(row)} fields where the header has {width}", text))
        elif row and (row[0] or any(cell.strip() for cell in row)):
            yield line + 1, row


def _swallowed(row: list[str], taken: list[str], form: Form) -> bool:
    """Return whether a row of several lines is in truth several rows.

    Where it has a wrong number of fields: a line of it is a row by itself, or its quotation marks are odd in number.
    Where the number is right by chance: a field holds more delimiters than a row, and every line after the first is a
    row by itself, or, in a file of four columns or more, one of those in the middle.
    """
    width = len(form.header)
    if len(row) == width and max(cell.count(form.delimiter) for cell in row) < width - 1:
        return False
    try:
        alone = [len(own) == width for text in taken[1:] for own in csv.reader([text], delimiter=form.delimiter) if own]
    except csv.Error:
        return False
    if len(row) != width:
        return any(alone) or sum(text.count('"') for text in taken) % 2 == 1
    return width > 1 and (all(alone) or (width > 3 and any(alone[:-1])))
