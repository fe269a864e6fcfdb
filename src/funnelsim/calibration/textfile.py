"""A file of any encoding, plain or compressed, as lines of text."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from funnelsim.errors import Fault, InputError

_HEAD = 65_536
_BLOCK = 1 << 20
_NOT_TEXT = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"SQLite format": "a database",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"(\xb5/\xfd": "a zstd archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAVE = "save it as CSV (UTF-8)"


def encoding_of(path: Path) -> str:
    """Return the encoding of the text file at `path`: by its mark, else UTF-8 where it is that, else cp1252 or latin-1.

    Raises:
        InputError: where there is no such file, it cannot be read, is damaged, empty, or no text.
    """
    with _opened(path) as file:
        head = file.read(_HEAD)
        if not head.strip():
            raise fault(path, "is empty")
        for magic, what in _NOT_TEXT.items():
            if head.startswith(magic):
                raise fault(path, f"is {what}, not text", _SAVE)
        for mark, encoding in _BOMS:
            if head.startswith(mark):
                return encoding
        if wide := _without_mark(head):
            return wide
        if _junk(head):
            raise fault(path, "is not a text file", _SAVE)
        return _by_content(file, head)


def check_encoding(path: Path, encoding: str) -> None:
    """Read the whole file at `path` in `encoding`.

    Raises:
        InputError: where it cannot be read so, with the line.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with _opened(path) as file:
        while True:
            block = file.read(_BLOCK)
            try:
                lines += decoder.decode(block, final=not block).count("\n")
            except UnicodeError as error:
                reason = getattr(error, "reason", "") or str(error)
                near = f"near line {lines}"
                raise fault(path, f"is not {encoding} text ({reason}, {near})", "leave files.encoding out") from None
            if not block:
                return


@contextmanager
def lines_of(path: Path, encoding: str) -> Iterator[Lines]:
    """Give the lines of the text file at `path`, each with its end, without a byte order mark and without NULs.

    Raises:
        InputError: where it cannot be read.
    """
    with _opened(path) as file, io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        yield Lines(text)


class Lines:
    """Lines one by one, with the way back: what was taken for one row can be put back and read as others."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.since: list[str] = []  # the lines taken since it was last cleared
        self.nuls = 0  # lines with NUL characters, which were left out

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._text)
        if "\x00" in line:
            self.nuls += 1
            line = line.replace("\x00", "")
        self.since.append(line)
        return line

    def put_back(self, lines: list[str]) -> None:
        """Let `lines` be the next."""
        self._again.extendleft(reversed(lines))


def fault(path: Path, rule: str, suggestion: str | None = None) -> InputError:
    """Return the error that a file breaks a rule."""
    return InputError([Fault(str(path), "", rule, None, suggestion)])


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Give the bytes of a file, unpacked where it is gzip or a zip archive with one CSV file."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic[:2] == b"\x1f\x8b":
                yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
            elif magic == b"PK\x03\x04":
                with _archive(raw, path) as archive, _unpacked(archive, path) as member:
                    yield member
            else:
                yield raw
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.csv*"))[:8] if path.parent.is_dir() else []
        raise fault(path, "no such file", f"the folder has {', '.join(near)}" if near else None) from None
    except IsADirectoryError:
        raise fault(path, "is a folder, not a file") from None
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise fault(path, f"is a damaged archive ({error})", "copy or export it again") from None
    except OSError as error:
        raise fault(path, f"cannot be read: {error.strerror or error}") from None


# NotImplementedError and RuntimeError are what zipfile says of rare methods and of passwords.
def _archive(raw: IO[bytes], path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(raw)
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise fault(path, f"cannot be unpacked ({error})", _SAVE) from None


def _unpacked(archive: zipfile.ZipFile, path: Path) -> IO[bytes]:
    try:
        return archive.open(_member(archive, path))
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise fault(path, f"cannot be unpacked ({error})", _SAVE) from None


def _member(archive: zipfile.ZipFile, path: Path) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
    if "[Content_Types].xml" in names:
        raise fault(path, "is an Excel workbook, not text", _SAVE)
    texts = [name for name in names if name.lower().endswith((".csv", ".txt", ".tsv"))]
    if len(texts) != 1:
        raise fault(path, f"is an archive with {len(texts)} CSV files", "unpack it and name one of them")
    return texts[0]


def _without_mark(head: bytes) -> str | None:
    """Return UTF-16 where every other byte is a NUL, as in plain text of that encoding without a mark."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half and odd < 0.05 * half else None


def _junk(head: bytes) -> bool:
    control = sum(head.count(bytes([code])) for code in range(32) if code not in (0, 9, 10, 12, 13, 27))
    return control + head.count(0) > 0.1 * len(head)


def _by_content(file: IO[bytes], head: bytes) -> str:
    """Return utf-8 where all is, else cp1252, else latin-1, in which every byte means something."""
    fits: dict[str, Callable[[bytes, bool], str]] = {
        name: codecs.getincrementaldecoder(name)().decode for name in ("utf-8", "cp1252")
    }
    block, last = head, False
    while fits and not last:
        following = file.read(_BLOCK)
        last = not following
        for name in list(fits):
            try:
                fits[name](block, last)
            except UnicodeError:
                del fits[name]
        block = following
    return next(iter(fits), "latin-1")
