"""The rows of a file of leads: what each says, and the rules that clean them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from funnelsim.calibration.amounts import parse_durations, parse_numbers
from funnelsim.calibration.categories import OTHER, UNKNOWN, Text, merged
from funnelsim.calibration.columns import Columns
from funnelsim.calibration.ledger import Ledger
from funnelsim.calibration.span import DAY_MS, Span
from funnelsim.calibration.times import NO_TIME, Times
from funnelsim.config.mapping import Attribute, LeadColumns, Mapping
from funnelsim.errors import Fault, InputError
from funnelsim.records import NO, Bool, Float64, Int64

_SPREADSHEET_ID = re.compile(r"^\d(?:[.,]\d+)?E\+?\d{2}$", re.IGNORECASE)
_FOREVER_MS = 1e15
NOON_MS = 43_200_000


@dataclass(frozen=True, slots=True, eq=False)
class LeadRows:
    """The rows of a file of leads that could be read. n rows; times are Unix ms, NO_TIME unknown."""

    columns: Columns
    ledger: Ledger
    created: Times
    key: Text | None  # (n,)
    contact: Text | None  # (n,) "" unknown
    channel: Text  # (n,) merged names
    raw_channel: Text | None  # (n,) as the file has it
    owner: Text | None
    stage: Text | None
    lost_reason: Text | None
    attributes: dict[str, Text]
    won: Bool | None
    lost: Bool | None
    closed: Times | None
    unreachable: Bool | None
    not_called: Bool | None
    value: Float64 | None
    first_response_ms: Int64 | None  # NO unknown

    @property
    def n(self) -> int:
        """Return the number of rows that could be read."""
        return self.columns.rows.n


def read_lead_rows(columns: Columns, mapping: Mapping, *, span: Span) -> LeadRows:
    """Return the rows of a file of leads, with the rules applied that need no other table.

    Set aside, in this order: no creation date, one that cannot be read or cannot be, test records, duplicates as the
    CRM marks them, ids that occurred before, days outside the mapping's.

    Args:
        columns: The file.
        mapping: The whole mapping.
        span: Which dates can be.

    Raises:
        InputError: where a column cannot be understood at all.
    """
    spec = mapping.leads
    ledger = Ledger("leads", columns.rows)
    created = columns.times("created")
    assert created is not None  # required
    key = columns.text("key")
    _no_spreadsheet_ids(columns, key)
    _creation(ledger, created, span)
    _marked(ledger, columns)
    if key is not None:
        ledger.aside(seen_before(key, ledger.kept), "repeated_id", "an id that an earlier row has")
    ledger.aside(span.outside(created.local_day), "outside_dates", "created before `since` or after `until`")
    raw_channel = columns.text("channel")
    lost_reason, won, lost = columns.text("lost_reason"), columns.when("won"), columns.when("lost")
    return LeadRows(
        columns=columns,
        ledger=ledger,
        created=created,
        key=key,
        contact=columns.text("contact"),
        channel=_channels(raw_channel, spec, columns.rows.n, ledger),
        raw_channel=raw_channel,
        owner=_blanked(columns.text("owner")),
        stage=_blanked(columns.text("stage")),
        lost_reason=_blanked(lost_reason),
        attributes=_attributes(columns, spec),
        won=won,
        lost=lost,
        closed=columns.times("closed"),
        unreachable=columns.when("unreachable"),
        not_called=columns.when("not_called"),
        value=_value(columns, mapping, ledger),
        first_response_ms=_first_response(columns, mapping, created, ledger, span=span),
    )


def _creation(ledger: Ledger, created: Times, span: Span) -> None:
    ledger.aside(created.blank, "created_missing", "no creation date")
    ledger.aside(~created.known, "created_unreadable", "a creation date that cannot be read")
    ledger.aside(
        created.known & (created.local_day < span.earliest),
        "created_impossible",
        f"a creation date before {span.earliest_date} (an empty date written as 1900 or 1970)",
    )
    ledger.aside(created.known & (created.local_day > span.latest), "created_in_future", "created after the export")
    kept = ledger.kept
    if created.skipped:
        ledger.change("clock_gap", "a wall time that the clocks skip, taken at the change", created.skipped)
    if created.twice:
        ledger.note("clock_fold", "a wall time that occurs twice, taken at its first", created.twice)
    bare = int(created.date_only[kept].sum())
    if bare:
        ledger.note("created_without_time", "a creation date without a time, taken at 0:00", bare)


def _marked(ledger: Ledger, columns: Columns) -> None:
    for key, meaning in (("test", "a test record"), ("duplicate", "a duplicate, as the CRM marks it")):
        marked = columns.when(key)
        if marked is not None:
            ledger.aside(marked, key, meaning)


def _no_spreadsheet_ids(columns: Columns, key: Text | None) -> None:
    """Refuse ids that a spreadsheet turned into numbers: different ones became equal."""
    spec_key = columns.spec.key if isinstance(columns.spec, LeadColumns) else None
    if key is None or spec_key is None:
        return
    sample = key[:: max(key.size // 1000, 1)]
    mangled = [str(word) for word in sample if _SPREADSHEET_ID.match(str(word))]
    if len(mangled) > 0.01 * sample.size:
        place = columns.form.place(spec_key) or 0
        where = f"{columns.form.path}: column '{columns.form.header[place]}'"
        rule = "ids were turned into numbers by a spreadsheet, so that different ones are equal"
        raise InputError([Fault(where, "", rule, mangled[0], "export again and do not open the file in a spreadsheet")])


def seen_before(key: Text, kept: Bool) -> Bool:
    """Return which rows have a key that an earlier kept row has; blanks are no keys."""
    import pandas as pd

    repeated = np.zeros(key.size, dtype=np.bool_)
    rows = np.flatnonzero(kept & (key != ""))
    repeated[rows] = pd.Series(key[rows], dtype=object).duplicated().to_numpy(dtype=bool)
    return repeated


def _blanked(text: Text | None) -> Text | None:
    """Return names as first spelled; those that differ in capitals are one."""
    return None if text is None else merged(text, {})


def _channels(raw: Text | None, spec: LeadColumns, n: int, ledger: Ledger) -> Text:
    if raw is None:
        return np.full(n, "all", dtype=np.object_)
    named = merged(raw, spec.channels, blank=UNKNOWN)
    kept = ledger.kept
    blank = int(np.count_nonzero(named[kept] == UNKNOWN))
    if blank:
        ledger.note("no_channel", f"no source: the channel '{UNKNOWN}'", blank)
    frequent = merged(named[kept], {}, most=spec.channels_most)
    rare = int(np.count_nonzero((frequent == OTHER) & (named[kept] != OTHER)))
    if rare:
        ledger.change("rare_channel", f"a rare source, merged into the channel '{OTHER}'", rare)
    out = named.copy()
    out[kept] = frequent
    return out


def _attributes(columns: Columns, spec: LeadColumns) -> dict[str, Text]:
    found = {}
    for name, attribute in spec.attributes.items():
        text = columns.text(f"attributes.{name}", attribute.column)
        if text is not None:
            found[name] = _binned(text, attribute, columns) if attribute.edges else merged(text, attribute.values)
    return found


def _binned(text: Text, attribute: Attribute, columns: Columns) -> Text:
    """Return a number as a category between the attribute's edges; blank where it is none."""
    value = parse_numbers(text, decimal=None, delimiter=columns.form.delimiter).value
    names = bin_names(attribute.edges)
    code = np.searchsorted(np.asarray(attribute.edges), value, side="right")
    code[np.isnan(value)] = len(names)
    return np.array([*names, ""], dtype=np.object_)[code]


def bin_names(edges: list[float]) -> list[str]:
    """Return the names of the categories that `edges` make.

    >>> bin_names([10, 50])
    ['< 10', '10 to 50', '>= 50']
    """
    told = [f"{edge:.12g}" for edge in edges]
    return [f"< {told[0]}", *(f"{a} to {b}" for a, b in pairwise(told)), f">= {told[-1]}"]


def _value(columns: Columns, mapping: Mapping, ledger: Ledger) -> Float64 | None:
    text = columns.text("value")
    if text is None:
        return None
    numbers = parse_numbers(text, decimal=mapping.files.decimal, delimiter=columns.form.delimiter)
    kept = ledger.kept
    unreadable = numbers.unreadable[kept]
    ledger.change("value_unreadable", "a value that is no number, taken as unknown", int(unreadable.sum()))
    negative = numbers.value < 0
    ledger.change("value_negative", "a negative value, taken as unknown", int(negative[kept].sum()))
    return np.where(negative, np.nan, numbers.value)


def _first_response(
    columns: Columns, mapping: Mapping, created: Times, ledger: Ledger, *, span: Span
) -> Int64 | None:
    kept, spec = ledger.kept, mapping.leads
    text = columns.text("first_response")
    if text is not None:
        lengths = parse_durations(
            text,
            unit=spec.first_response_unit,
            longest_ms=_FOREVER_MS,
            decimal=mapping.files.decimal,
            delimiter=columns.form.delimiter,
        )
        late = (lengths.ms != NO) & (created.unix_ms + lengths.ms > (span.latest + 2) * DAY_MS)
        wrong = lengths.unreadable | lengths.negative | lengths.absurd | (late & created.known)
        meaning = "a first response that is negative, no duration, or after the export, taken as unknown"
        ledger.change("response_impossible", meaning, int(wrong[kept].sum()))
        return np.where(wrong, NO, lengths.ms)
    touched = columns.times("first_touch")
    if touched is None:
        return None
    known = touched.known & created.known
    ms = np.where(known, touched.unix_ms - created.unix_ms, NO)
    wrong = known & (ms < 0)
    ledger.change("response_impossible", "a first touch before the creation, taken as unknown", int(wrong[kept].sum()))
    return np.where(wrong, NO, ms)


@dataclass(frozen=True, slots=True, eq=False)
class Endings:
    """How the leads ended, cleaned. n rows."""

    won: Bool | None
    closed: Bool | None
    closed_unix_ms: Int64 | None  # NO_TIME unknown
    lost_reason: Text | None


def clean_endings(rows: LeadRows, *, span: Span) -> Endings:
    """Return won, lost, when and why, where they do not contradict one another; every contradiction is counted.

    Won wins over lost. A closing date before the creation or after `span.latest` is unknown, and so is one of a lead
    that is neither (many CRMs put the expected date there). A reason for the loss of a won lead is dropped.
    """
    ledger, kept = rows.ledger, rows.ledger.kept
    won, lost = rows.won, rows.lost
    if won is not None and lost is not None:
        both = won & lost
        ledger.change("won_and_lost", "both won and lost: taken as won", int(both[kept].sum()))
        lost = lost & ~won
    closed = won | lost if won is not None and lost is not None else None
    reason = rows.lost_reason
    if reason is not None and won is not None:
        lies = won & (reason != "")
        ledger.change("lost_reason_on_won", "a reason for the loss of a won lead, dropped", int(lies[kept].sum()))
        reason = np.where(won, "", reason).astype(np.object_)
    if rows.closed is None:
        return Endings(won, closed, None, reason)
    ended = closed if closed is not None else won
    return Endings(won, closed, _closing(rows, ended, span=span), reason)


def _closing(rows: LeadRows, ended: Bool | None, *, span: Span) -> Int64:
    """Return when each lead ended, Unix ms; NO_TIME where that is unknown or cannot be."""
    ledger, kept, times, created = rows.ledger, rows.ledger.kept, rows.closed, rows.created
    assert times is not None
    unreadable = ~times.known & ~times.blank
    ledger.change("closed_unreadable", "a closing date that cannot be read: it is unknown", int(unreadable[kept].sum()))
    known = times.known.copy()
    if ended is not None:
        early = known & ~ended
        ledger.change("closing_date_on_open", "a closing date of an open lead, dropped", int(early[kept].sum()))
        known &= ended
    late = known & (times.local_day > span.latest)
    ledger.change("closed_in_future", "closed after the export: the date is unknown", int(late[kept].sum()))
    before = known & (
        np.where(times.date_only, times.local_day < created.local_day, times.unix_ms < created.unix_ms)
        | (times.local_day < span.earliest)
    )
    ledger.change("closed_before_created", "closed before it was created: the date is unknown", int(before[kept].sum()))
    known &= ~late & ~before
    if rows.won is not None:
        undated = rows.won & ~known
        ledger.note("won_without_date", "won, and nobody knows when", int(undated[kept].sum()))
    unix = np.where(times.date_only, times.unix_ms + NOON_MS, times.unix_ms)
    return np.where(known, np.maximum(unix, created.unix_ms), NO_TIME)
