"""The rows of a file of calls and e-mails: whose they are, and which attempts they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.calibration.amounts import Durations, parse_durations
from funnelsim.calibration.categories import Text, merged
from funnelsim.calibration.columns import Columns
from funnelsim.calibration.lead_rows import LeadRows, seen_before
from funnelsim.calibration.ledger import Ledger
from funnelsim.calibration.span import Span
from funnelsim.calibration.times import Times
from funnelsim.config.mapping import Mapping, TouchColumns
from funnelsim.records import NO, Bool, Int8, Int32, Int64, Row

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
_TOO_EARLY, _ALL_ASIDE = -2, -3


@dataclass(frozen=True, slots=True, eq=False)
class TouchRows:
    """The rows of a file of touches that could be read. n rows."""

    columns: Columns
    ledger: Ledger
    at: Times
    lead: Text | None  # (n,) id of the lead
    contact: Text | None  # (n,) id of the person
    rep: Text | None
    email: Bool  # (n,)
    duration_ms: Int64  # (n,) NO unknown
    talk: Bool  # (n,)
    knows_talks: bool  # durations or results say who was reached


def read_touch_rows(columns: Columns, mapping: Mapping, *, span: Span) -> TouchRows:
    """Return the rows of a file of touches, with the rules applied that need no other table.

    Set aside, in this order: no time, one that cannot be read or cannot be, ids that occurred before, and what is no
    attempt of ours.

    Raises:
        InputError: where a column cannot be understood at all.
    """
    spec = columns.spec
    assert isinstance(spec, TouchColumns)
    ledger, at = Ledger("touches", columns.rows), columns.times("at")
    assert at is not None  # required
    ledger.aside(at.blank, "time_missing", "no time")
    ledger.aside(~at.known, "time_unreadable", "a time that cannot be read")
    ledger.aside(at.known & (at.local_day < span.earliest), "time_impossible", f"before {span.earliest_date}")
    ledger.aside(at.known & (at.local_day > span.latest), "time_in_future", "after the export")
    key = columns.text("key")
    if key is not None:
        ledger.aside(seen_before(key, ledger.kept), "repeated_id", "an id that an earlier row has")
    outbound = columns.when("outbound")
    if outbound is not None:
        ledger.aside(~outbound, "not_outbound", "no attempt of ours: inbound, missed, a note, a meeting")
    if at.skipped:
        ledger.change("clock_gap", "a wall time that the clocks skip, taken at the change", at.skipped)
    if at.twice:
        ledger.note("clock_fold", "a wall time that occurs twice, taken at its first", at.twice)
    email = columns.when("email")
    mail = np.zeros(columns.rows.n, dtype=np.bool_) if email is None else email
    lengths = _lengths(columns, spec, mapping, ledger)
    talk, knows = _talks(columns, spec, lengths, mail, ledger)
    return TouchRows(
        columns=columns,
        ledger=ledger,
        at=at,
        lead=_first_id(columns.text("lead"), ledger),
        contact=_first_id(columns.text("contact"), ledger),
        rep=None if (rep := columns.text("rep")) is None else merged(rep, {}),
        email=mail,
        duration_ms=np.full(columns.rows.n, NO, dtype=np.int64) if lengths is None else lengths.ms,
        talk=talk,
        knows_talks=knows,
    )


def _first_id(text: Text | None, ledger: Ledger) -> Text | None:
    """Return the first id of each row: some exports list several, separated by semicolons."""
    if text is None:
        return None
    several = np.array([";" in word for word in text.tolist()], dtype=np.bool_)
    if several.any():
        text = text.copy()
        text[several] = [word.split(";")[0].strip() for word in text[several].tolist()]
        ledger.change("several_ids", "a touch of several people, taken as the first one's", int(several.sum()))
    return text


def _lengths(columns: Columns, spec: TouchColumns, mapping: Mapping, ledger: Ledger) -> Durations | None:
    text = columns.text("duration")
    if text is None:
        return None
    lengths = parse_durations(
        text,
        unit=spec.duration_unit,
        longest_ms=spec.longest_hours * HOUR_MS,
        decimal=mapping.files.decimal,
        delimiter=columns.form.delimiter,
    )
    kept = ledger.kept
    ledger.change("duration_unreadable", "no duration: it is unknown", int(lengths.unreadable[kept].sum()))
    ledger.change("duration_negative", "a negative duration: it is unknown", int(lengths.negative[kept].sum()))
    absurd = f"longer than {spec.longest_hours:g} h: its duration is unknown"
    ledger.change("duration_absurd", absurd, int(lengths.absurd[kept].sum()))
    return lengths


def _talks(
    columns: Columns, spec: TouchColumns, lengths: Durations | None, email: Bool, ledger: Ledger
) -> tuple[Bool, bool]:
    """Return which rows are a talk, and whether the file can say so at all.

    A result that means no talk decides; then the duration of a call, where known; then a result that means a talk.
    """
    connected, refused = columns.when("connected"), columns.when("not_connected")
    n, kept = columns.rows.n, ledger.kept
    talk = np.zeros(n, dtype=np.bool_) if connected is None else connected.copy()
    if lengths is not None:
        known = (lengths.ms != NO) & ~email
        long = lengths.ms >= spec.contact_seconds * 1000
        if connected is not None:
            lies = kept & known & connected & ~long
            meaning = f"the result says talked, and it lasted less than {spec.contact_seconds:g} s: no talk"
            ledger.change("result_lies", meaning, int(lies.sum()))
        talk = np.where(known, long, talk)
    if refused is not None:
        long_ones = int((kept & talk & refused).sum())
        ledger.note("long_without_talk", "long, but the result says that nobody talked", long_ones)
        talk = talk & ~refused
    return talk, lengths is not None or connected is not None


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """Calls and e-mails joined to leads and redials merged, in order of (lead, at). m attempts."""

    lead: Int64  # (m,) row of the file of leads
    at: Int64  # (m,) Unix ms
    number: Int32
    calls: Int32
    duration_ms: Int64
    talk: Bool
    row: Int64  # (m,) row of the file of touches that began it
    kind: Int8


def join(touches: TouchRows, leads: LeadRows) -> Attempts:
    """Return the attempts that the rows of touches make: joined to leads, redials merged.

    By the lead's id, or by the person: the person's latest lead created before, or, where there is none, one created at
    most `early_minutes` after. A touch of a lead that was set aside goes to the same person's other lead. Set aside:
    touches without an id, of nobody in the file of leads, of leads set aside, and before their lead.
    """
    spec, ledger = touches.columns.spec, touches.ledger
    assert isinstance(spec, TouchColumns)
    early_ms = round(spec.early_minutes * MINUTE_MS)
    lead = np.full(touches.columns.rows.n, -1, dtype=np.int64)
    people = _People.of(leads)
    person = np.full(lead.size, -1, dtype=np.int64)
    named = np.zeros(lead.size, dtype=np.bool_)
    aside = np.zeros(lead.size, dtype=np.bool_)
    if touches.lead is not None and leads.key is not None:
        row = _looked_up(touches.lead, leads.key)
        named |= touches.lead != ""
        kept_row = (row >= 0) & leads.ledger.kept[row]
        lead[kept_row] = row[kept_row]
        aside = (row >= 0) & ~kept_row
        person[aside] = people.number[row[aside]]
    if touches.contact is not None and leads.contact is not None:
        named |= touches.contact != ""
        own = people.of_contact(touches.contact)
        person = np.where((lead < 0) & (own >= 0), own, person)
    by_person = (lead < 0) & (person >= 0) & touches.at.known
    lead[by_person] = people.latest(person[by_person], touches.at.unix_ms[by_person], early_ms=early_ms)
    nobody = (lead == -1) & (person < 0)
    ledger.aside(~named, "no_lead_id", "no id of a lead or person")
    ledger.aside(nobody & ~aside, "no_lead", "of nobody in the file of leads")
    ledger.aside(((lead == -1) & aside) | (lead == _ALL_ASIDE), "lead_set_aside", "of a lead that was set aside")
    early = (lead >= 0) & (touches.at.unix_ms < leads.created.unix_ms[np.maximum(lead, 0)] - early_ms)
    ledger.aside((lead == _TOO_EARLY) | early, "before_lead", "before its lead was created")
    return _merged(touches, lead, redial_ms=round(spec.redial_minutes * MINUTE_MS))


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """Whose leads are whose, for looking up a person's latest lead before an instant."""

    number: Int64  # (n,) person of each row of leads, -1 unknown
    names: Text  # (p,) the person's id
    rows: Int64  # rows of leads that are kept and whose person is known
    created: Int64  # of these, Unix ms

    @classmethod
    def of(cls, leads: LeadRows) -> _People:
        """Return the people of a file of leads; nobody where it names none."""
        import pandas as pd

        if leads.contact is None:
            none = np.zeros(0, dtype=np.int64)
            return cls(np.full(leads.n, -1, dtype=np.int64), np.zeros(0, dtype=np.object_), none, none)
        number, names = pd.factorize(leads.contact, sort=False)
        number = np.where(leads.contact == "", -1, number).astype(np.int64)
        rows = np.flatnonzero(leads.ledger.kept & (number >= 0))
        return cls(number, np.asarray(names, dtype=np.object_), rows, leads.created.unix_ms[rows])

    def of_contact(self, contact: Text) -> Int64:
        """Return the person of each id, -1 where there is none."""
        person = _looked_up(contact, self.names)
        return np.where(contact == "", -1, person)

    def latest(self, person: Int64, at: Int64, *, early_ms: int) -> Int64:
        """Return the row of the person's latest lead created at or before `at`, else one at most `early_ms` later.

        `_TOO_EARLY` where all its leads came later still, `_ALL_ASIDE` where every lead of that person was set aside.
        """
        n = self.rows.size
        whose, when = np.concatenate((self.number[self.rows], person)), np.concatenate((self.created, at))
        touch = np.arange(whose.size) >= n
        order = np.lexsort((touch, when, whose))  # a lead before a touch of the same instant
        place, is_lead = np.arange(order.size), ~touch[order]
        before = np.maximum.accumulate(np.where(is_lead, place, -1))
        after = np.minimum.accumulate(np.where(is_lead, place, order.size)[::-1])[::-1]
        found = np.full(order.size, _ALL_ASIDE, dtype=np.int64)
        for near, take in ((after, True), (before, False)):
            inside = (near >= 0) & (near < order.size)
            at_lead = order[np.where(inside, near, 0)]
            same = inside & (whose[at_lead] == whose[order])
            soon = when[at_lead] - when[order] <= early_ms
            lead = self.rows[np.minimum(at_lead, max(n - 1, 0))] if n else found
            found = np.where(same & (soon | (not take)), lead, np.where(same & take, _TOO_EARLY, found))
        out = np.empty(order.size, dtype=np.int64)
        out[order] = found
        return out[n:]


def _looked_up(wanted: Text, names: Text) -> Int64:
    """Return the first place of each of `wanted` in `names`, -1 where it is not there."""
    import pandas as pd

    index = pd.Index(pd.Series(names, dtype=object).drop_duplicates())
    first = np.flatnonzero(~pd.Series(names, dtype=object).duplicated().to_numpy(dtype=bool))
    place = index.get_indexer(pd.Index(wanted, dtype=object))
    return np.where(place >= 0, first[place] if first.size else -1, -1).astype(np.int64)


def _merged(touches: TouchRows, lead: Int64, *, redial_ms: int) -> Attempts:
    """Return the kept rows in order of (lead, at), calls that follow one another within `redial_ms` as one attempt."""
    rows = np.flatnonzero(touches.ledger.kept)
    rows = rows[np.lexsort((touches.at.unix_ms[rows], lead[rows]))]
    whose, at, email = lead[rows], touches.at.unix_ms[rows], touches.email[rows]
    begins = np.ones(rows.size, dtype=np.bool_)
    new_lead = whose[1:] != whose[:-1]
    apart = (at[1:] - at[:-1] > redial_ms) | (redial_ms == 0) | email[1:] | email[:-1]
    begins[1:] = new_lead | apart
    starts = np.flatnonzero(begins)
    place = np.arange(starts.size)
    first_of_lead = np.concatenate(([True], whose[starts][1:] != whose[starts][:-1])) if starts.size else begins
    calls = np.diff(np.append(starts, rows.size))
    meaning = f"a call at most {redial_ms / MINUTE_MS:g} min after the last: the same attempt"
    touches.ledger.merge("redial", meaning, rows.size - starts.size)
    longest = np.maximum.reduceat(touches.duration_ms[rows], starts) if starts.size else np.zeros(0, dtype=np.int64)
    talk = np.logical_or.reduceat(touches.talk[rows], starts) if starts.size else np.zeros(0, dtype=np.bool_)
    return Attempts(
        lead=whose[starts],
        at=at[starts],
        number=(place - np.maximum.accumulate(np.where(first_of_lead, place, 0)) + 1).astype(np.int32),
        calls=calls.astype(np.int32),
        duration_ms=longest,
        talk=talk,
        row=rows[starts],
        kind=np.where(email[starts], Row.EMAIL, Row.CALL).astype(np.int8),
    )
