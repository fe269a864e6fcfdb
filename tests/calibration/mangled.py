"""Small exports of a made-up company, and thousands of ways to spoil them.

    python tests/calibration/mangled.py [how many] [seed]

Each spoilt export must give an `InputError` or a history whose books balance: rows read = kept + merged + set aside +
unreadable. Anything else is printed with the seed that made it, and the exit code is 1.
"""

from __future__ import annotations

import gzip
import io
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from funnelsim.calibration.history import History
from funnelsim.calibration.importing import import_history
from funnelsim.calibration.propose import propose_mapping
from funnelsim.config.mapping import Mapping, mapping_from
from funnelsim.config.toml import parse_toml
from funnelsim.errors import InputError

Rng = np.random.Generator
ABSURD = (
    "", " ", "NULL", "N/A", "-1", "0", "1e308", "-1e308", "NaN", "inf", "99999999999999999999", "1,2,3.4.5", "'", '"',
    '""', "0000-00-00 00:00:00", "1900-01-01", "1970-01-01 00:00:00", "9999-12-31", "2023-02-30", "32.13.2023",
    "2023-07-03 25:61", "2023-03-26 02:30:00", "2023-10-29 02:30:00", "-0001-01-01", "1688396580", "45110.5", "=1+1",
    "ß€漢字😀", "\u202e", "\x1a", "true", "won", "x" * 300, "12:99:99", "1h2m", "5.8E+18",
    "+49 (0) 123", "a;b;c", "a\tb", "a\nb", "€ 1.234,56", "--",
)  # fmt: skip


def company(rng: Rng, rows: int = 40) -> dict[str, list[list[str]]]:
    """Return three tables of a made-up company, headers first."""
    start = np.datetime64("2023-07-03T00:00:00")
    leads = [
        ["deal_id", "contact_id", "created_at", "source", "owner", "stage", "reason", "closed", "amount", "won", "sla"]
    ]
    touches = [["call_id", "contact_id", "started_at", "type", "status", "duration"]]
    spend = [["date", "source", "clicks", "spend"]]
    for i in range(rows):
        created = start + np.timedelta64(int(rng.integers(0, 200 * 86400)), "s")
        won = rng.random() < 0.2
        closed = created + np.timedelta64(int(rng.integers(0, 40 * 86400)), "s")
        leads.append(
            [f"D{i}", f"C{i // 2}", _text(created), str(rng.choice(["ads", "Web", "fair"])),
             str(rng.choice(["Ann", "Bo"])), "Won" if won else "Lost", "" if won else "no answer", _text(closed)[:10],
             f"{rng.integers(1, 9000)}.50", str(int(won)), str(rng.integers(10, 90000))]
        )  # fmt: skip
        for k in range(int(rng.integers(0, 4))):
            at = created + np.timedelta64(int(rng.integers(-60, 20 * 86400)), "s")
            status = str(rng.choice(["answered", "no answer"]))
            touches.append([f"T{i}-{k}", f"C{i // 2}", _text(at), "out", status, str(rng.integers(0, 900))])
    for day in range(20):
        spend.append([str((start + np.timedelta64(day, "D")).astype("datetime64[D]")), "ads", "12", "34.5"])
    return {"leads": leads, "touches": touches, "spend": spend}


def _text(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[s]")).replace("T", " ")


MAPPING = {
    "time_zone": "Europe/Berlin",
    "leads": {
        "key": "deal_id", "contact": "contact_id", "created": "created_at", "channel": "source", "owner": "owner",
        "stage": "stage", "lost_reason": "reason", "closed": "closed", "value": "amount", "first_response": "sla",
        "won": {"won": "1"}, "lost": {"stage": "Lost"}, "test": {"owner": "Test"}, "duplicate": {"reason": "duplicate"},
        "attributes": {"size": {"column": "amount", "edges": [100.0, 1000.0]}, "stage": {"column": "stage", "most": 3}},
    },
    "touches": {
        "key": "call_id", "contact": "contact_id", "at": "started_at", "duration": "duration",
        "outbound": {"type": "out"}, "connected": {"status": "answered"},
    },
    "spend": {"day": "date", "channel": "source", "clicks": "clicks", "spend": "spend"},
}  # fmt: skip


def written(table: list[list[str]], rng: Rng) -> bytes:
    """Return a table as CSV in some dialect and encoding."""
    delimiter = str(rng.choice([",", ",", ",", ";", "\t", "|"]))
    end = str(rng.choice(["\n", "\n", "\r\n", "\r"]))
    quoting = rng.random() < 0.3

    def cell(word: str) -> str:
        if quoting or any(mark in word for mark in (delimiter, '"', "\n", "\r")):
            return '"' + word.replace('"', '""') + '"'
        return word

    text = end.join(delimiter.join(cell(word) for word in row) for row in table) + end
    encoding = str(rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"]))
    return text.encode(encoding, errors="replace")


# Ways to spoil the cells of a table.
def absurd_cells(table: list[list[str]], rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 30))):
        row = table[int(rng.integers(0, len(table)))]
        if row:
            row[int(rng.integers(0, len(row)))] = str(rng.choice(ABSURD))


def absurd_column(table: list[list[str]], rng: Rng) -> None:
    j, word = int(rng.integers(0, len(table[0]))), str(rng.choice(ABSURD))
    for row in table[1:]:
        if j < len(row):
            row[j] = word


def swapped_columns(table: list[list[str]], rng: Rng) -> None:
    a, b = rng.integers(0, len(table[0]), 2).tolist()
    for row in table[int(rng.integers(0, 2)) :]:
        if max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]


def renamed_header(table: list[list[str]], rng: Rng) -> None:
    j = int(rng.integers(0, len(table[0])))
    names = ["", "x", table[0][0], table[0][-1], " created_at ", "CREATED_AT", "crated_at", "a,b"]
    table[0][j] = str(rng.choice(names))


def ragged(table: list[list[str]], rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 10))):
        row = table[int(rng.integers(0, len(table)))]
        if rng.random() < 0.5:
            del row[int(rng.integers(0, len(row) + 1)) :]
        else:
            row += ["y"] * int(rng.integers(1, 5))


def no_rows(table: list[list[str]], rng: Rng) -> None:
    del table[int(rng.integers(0, 3)) :]


def repeated_rows(table: list[list[str]], rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 20))):
        table.insert(int(rng.integers(0, len(table) + 1)), list(table[int(rng.integers(0, len(table)))]))


def shuffled(table: list[list[str]], rng: Rng) -> None:
    order = rng.permutation(len(table)).tolist()
    table[:] = [table[k] for k in order]


def title_above(table: list[list[str]], rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 25))):
        table.insert(0, ["Report"] if rng.random() < 0.7 else ["sep=;"])


def giant_field(table: list[list[str]], rng: Rng) -> None:
    row = table[int(rng.integers(0, len(table)))]
    if row:
        word = str(rng.choice(["z", "1", '"', "a,b\n"]))
        row[int(rng.integers(0, len(row)))] = word * int(rng.integers(1000, 200_000))


def other_dates(table: list[list[str]], rng: Rng) -> None:
    pattern = str(rng.choice(["%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d/%m/%y", "%s", "%b %d, %Y", "%Y%m%d"]))
    for row in table[1:]:
        for j, word in enumerate(row):
            if len(word) == 19 and word[4:5] == "-" and rng.random() < 0.95:
                try:
                    row[j] = np.datetime64(word.replace(" ", "T")).astype("datetime64[s]").item().strftime(pattern)
                except (ValueError, AttributeError):
                    continue


CELLS: tuple[Callable[[list[list[str]], Rng], None], ...] = (
    absurd_cells, absurd_cells, absurd_column, swapped_columns, renamed_header, ragged, no_rows, repeated_rows,
    shuffled, title_above, giant_field, other_dates,
)  # fmt: skip


# Ways to spoil the bytes of a file.
def truncated(raw: bytes, rng: Rng) -> bytes:
    return raw[: int(rng.integers(0, len(raw) + 1))]


def beheaded(raw: bytes, rng: Rng) -> bytes:
    return raw[int(rng.integers(0, len(raw) + 1)) :]


def flipped(raw: bytes, rng: Rng) -> bytes:
    spoilt = bytearray(raw)
    for _ in range(int(rng.integers(1, 40)) if spoilt else 0):
        spoilt[int(rng.integers(0, len(spoilt)))] = int(rng.integers(0, 256))
    return bytes(spoilt)


def inserted(raw: bytes, rng: Rng) -> bytes:
    marks = [b'"', b"\x00", b"\n", b"\r", b",", b";", b"\xff\xfe", b"\xef\xbb\xbf", b'","', b"\x1a", b"\xe9", b'"""']
    for _ in range(int(rng.integers(1, 12))):
        at = int(rng.integers(0, len(raw) + 1))
        raw = raw[:at] + marks[int(rng.integers(0, len(marks)))] + raw[at:]
    return raw


def junk(raw: bytes, rng: Rng) -> bytes:
    return rng.integers(0, 256, int(rng.integers(0, 3000)), dtype=np.uint8).tobytes()


def doubled(raw: bytes, rng: Rng) -> bytes:
    return raw + raw


def zipped(raw: bytes, rng: Rng) -> bytes:
    whole = gzip.compress(raw)
    return whole if rng.random() < 0.3 else truncated(whole, rng) if rng.random() < 0.5 else flipped(whole, rng)


def in_archive(raw: bytes, rng: Rng) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        holds = [["a.csv"], ["a.csv", "b.csv"], ["a.txt"], ["[Content_Types].xml", "a.csv"], []]
        for name in holds[int(rng.integers(0, 5))]:
            archive.writestr(name, raw)
    return out.getvalue() if rng.random() < 0.5 else flipped(out.getvalue(), rng)


def foreign(raw: bytes, rng: Rng) -> bytes:
    heads = [b"%PDF-1.7", b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"SQLite format 3", b'{"a": 1}']
    return heads[int(rng.integers(0, len(heads)))] + raw


def nothing(raw: bytes, rng: Rng) -> bytes:
    return [b"", b"\n\n\n", b" ", b"\xef\xbb\xbf", b"\xff\xfe", b",,,\n,,,\n", b"a", b'"'][int(rng.integers(0, 8))]


BYTES: tuple[Callable[[bytes, Rng], bytes], ...] = (
    truncated, beheaded, flipped, inserted, inserted, junk, doubled, zipped, in_archive, foreign, nothing,
)  # fmt: skip


def spoilt(seed: int) -> tuple[dict[str, bytes], str]:
    """Return three files, at least one of them spoilt in one to three ways, and the names of those ways."""
    rng = np.random.default_rng(seed)
    tables = company(rng, rows=int(rng.integers(3, 40)))
    ways = []
    for _ in range(int(rng.integers(0, 3))):
        way = CELLS[int(rng.integers(0, len(CELLS)))]
        table = tables[str(rng.choice(list(tables)))]
        if table and table[0]:
            way(table, rng)
            ways.append(way.__name__)
    files = {name: written(table, rng) for name, table in tables.items()}
    if not ways or rng.random() < 0.5:
        spoil = BYTES[int(rng.integers(0, len(BYTES)))]
        name = str(rng.choice(list(files)))
        files[name] = spoil(files[name], rng)
        ways.append(spoil.__name__)
    return files, "+".join(ways)


def unbalanced(history: History) -> list[str]:
    """Return the tables of an import whose books do not balance."""
    kept = {"leads": history.leads.n}
    if history.touches is not None:
        kept["touches"] = history.touches.n
    if history.spend is not None:
        kept["spend"] = int(history.spend.day.size)
    wrong = []
    for table, rows in kept.items():
        away = sum(c.rows for c in history.cleaning if c.table == table and c.effect in ("set aside", "merged"))
        if history.read[table] != rows + away + history.unreadable[table]:
            lost = history.unreadable[table]
            wrong.append(f"{table}: read {history.read[table]}, kept {rows}, away {away}, {lost} unreadable")
    return wrong


def tried(seed: int, folder: Path, mapping: Mapping) -> tuple[str, str]:
    """Return what an import of the files of `seed` gave (refused, read, or what is wrong) and how they were spoilt."""
    files, ways = spoilt(seed)
    paths = {}
    for name, raw in files.items():
        paths[name] = folder / f"{name}.csv"
        paths[name].write_bytes(raw)
    try:
        if seed % 7 == 0:
            proposal = propose_mapping([paths["leads"]])
            assert mapping_from(parse_toml(proposal.toml().encode(), where="toml"), where="toml") == proposal.mapping()
        imported = import_history(paths["leads"], touches=paths["touches"], spend=paths["spend"], mapping=mapping)
        wrong = unbalanced(imported.history)
        listed = len(imported.set_aside()), len(imported.unreadable())
        history = imported.history
        counted = sum(c.rows for c in history.cleaning if c.effect == "set aside"), sum(history.unreadable.values())
        wrong += [] if listed == counted else [f"listed {listed}, counted {counted}"]
    except InputError as error:
        told = str(error)
        return ("refused" if told and "\n\n" not in told else f"unclear: {told!r}"), ways
    except Exception as error:
        return f"{type(error).__name__}: {error}", ways
    return ("read" if not wrong else f"books do not balance: {wrong}"), ways


def main(many: int, seed: int = 0) -> int:
    """Try `many` spoilt exports from `seed` on; print what they gave, and return the exit code."""
    mapping = mapping_from(MAPPING, where="mangled")
    results: Counter[str] = Counter()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for k in range(seed, seed + many):
            result, ways = tried(k, Path(folder), mapping)
            results[result if result in ("read", "refused") else "failed"] += 1
            if result not in ("read", "refused"):
                failures += 1
                print(f"seed {k} ({ways}): {result}"[:600])
    print(f"{many} mangled exports: " + ", ".join(f"{n} {word}" for word, n in sorted(results.items())))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:3] or ["10000"])))
