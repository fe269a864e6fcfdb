"""How a CRM's export is to be read: column names, values, time formats and thresholds, from TOML, strict."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from funnelsim.config.dump import as_toml_value
from funnelsim.config.faults import translate
from funnelsim.config.kinds import Date, NonNegative
from funnelsim.config.paper import Broken, Paper, binds, field
from funnelsim.config.team import Zone
from funnelsim.config.toml import read_toml
from funnelsim.errors import InputError

ANY = "*"
"""Stands for any value but blank where a mapping lists values."""

COUNTED_FORMATS = ("iso", "epoch_s", "epoch_ms", "excel")
"""Time formats that are no `strptime` pattern: ISO 8601, Unix time, and a spreadsheet's count of days since 1900."""

_DIRECTIVE = re.compile(r"%[a-zA-Z]")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _named(value: list[str]) -> list[str]:
    if any(not name.strip() for name in value):
        raise ValueError("must name columns, not a blank")
    return value


def _format(value: str) -> str:
    if value not in COUNTED_FORMATS and not _DIRECTIVE.search(value):
        raise ValueError(f"must be a pattern such as '%d/%m/%Y %H:%M', or one of {', '.join(COUNTED_FORMATS)}")
    return value


Column = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1), AfterValidator(_named)]
"""The name of a column, or several: the first that the file has. Capitals and outer spaces do not count."""

Values = Annotated[list[str], BeforeValidator(_listed)]
"""One value or several. Capitals and outer spaces do not count; "*" is any value, "" a blank."""

When = dict[str, Values]
"""Column -> values: true of a row where any of these columns has one of its values."""

TimeFormats = Annotated[list[Annotated[str, AfterValidator(_format)]], BeforeValidator(_listed)]
Unit = Literal["ms", "s", "min", "h", "d"]


class Files(Paper):
    """How the text files are written; what is absent is found out from the file, and said."""

    encoding: str | None = field(None, "", "Encoding of the text, such as utf-8 or cp1252.")
    delimiter: Literal[",", ";", "\t", "|"] | None = field(None, "", "What separates the columns.")
    decimal: Literal[".", ","] | None = field(None, "", "Decimal sign of numbers.")

    @binds("encoding")
    def _known_encoding(self) -> Iterator[Broken]:
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, ValueError, UnicodeError):
                yield Broken("encoding", f"no such text encoding '{self.encoding}'", "utf-8, utf-16 or cp1252")


class Attribute(Paper):
    """One attribute of leads, as categories."""

    column: Column = field(..., "", "Its column.")
    known_late: bool = field(False, "", "Known only after talking to the lead: never a predictor at arrival.")
    values: dict[str, Values] = field(
        None, "", "Category -> values merged into it; others keep their name.", factory=dict
    )
    edges: list[float] = field(
        None, "", "Cuts a number into categories: [10, 50] makes '< 10', '10 to 50' and '>= 50'.", factory=list
    )
    most: int = field(20, "categories", "Rarer categories beyond this many become 'other'.", ge=2, le=1000)

    @binds("edges", "values")
    def _rising(self) -> Iterator[Broken]:
        if self.edges != sorted(set(self.edges)):
            yield Broken("edges", "must rise from entry to entry")
        if self.edges and self.values:
            yield Broken("edges", "give edges or values, not both")


class LeadColumns(Paper):
    """Where a file of leads says what. Only `created` must be there."""

    created: Column = field(..., "", "When the lead was created.")
    key: Column | None = field(None, "", "The CRM's id of the lead; the line number where absent.")
    contact: Column | None = field(None, "", "Id of the person, equal for leads of one; each its own where absent.")
    channel: Column | None = field(None, "", "The source of the lead.")
    owner: Column | None = field(None, "", "The rep who owns it.")
    stage: Column | None = field(None, "", "Stage or status.")
    lost_reason: Column | None = field(None, "", "Why it was lost.")
    closed: Column | None = field(None, "", "When it was won or lost.")
    value: Column | None = field(None, "", "Value of the deal, money.")
    first_response: Column | None = field(None, "", "Time from creation to the first touch, as the CRM counts it.")
    first_response_unit: Unit = field("s", "", "Unit of first_response where it is a bare number.")
    first_touch: Column | None = field(None, "", "When it was first touched, where there is no first_response.")
    time_formats: TimeFormats = field(None, "", "Formats, tried in this order; found out where empty.", factory=list)
    won: When | None = field(None, "", "Rows that were won.")
    lost: When | None = field(None, "", "Rows that were lost.")
    duplicate: When | None = field(None, "", "Rows that the CRM marks as duplicates; set aside.")
    test: When | None = field(None, "", "Test records; set aside.")
    unreachable: When | None = field(None, "", "Rows with a wrong or missing number.")
    not_called: When | None = field(None, "", "Rows that stand where sales does not call.")
    channels: dict[str, Values] = field(
        None, "", "Channel -> source names merged into it; others keep their name.", factory=dict
    )
    channels_most: int = field(30, "channels", "Rarer channels beyond this many become 'other'.", ge=1, le=1000)
    attributes: dict[str, Attribute] = field(None, "", "Attributes by name (size, industry, ...).", factory=dict)

    @binds("channels")
    def _once(self) -> Iterator[Broken]:
        yield from _twice(self.channels, "channels")

    @binds("first_response", "first_touch")
    def _one_response(self) -> Iterator[Broken]:
        if self.first_response is not None and self.first_touch is not None:
            yield Broken("first_touch", "give first_response or first_touch, not both")


class TouchColumns(Paper):
    """Where a file of calls and e-mails says what. `at` must be there, and `lead` or `contact`."""

    at: Column = field(..., "", "When it began.")
    lead: Column | None = field(None, "", "The id of its lead (leads.key).")
    contact: Column | None = field(
        None, "", "The id of its person (leads.contact): it belongs to the person's latest lead created before it."
    )
    key: Column | None = field(None, "", "Its own id; rows that repeat one are set aside.")
    duration: Column | None = field(None, "", "How long it lasted.")
    duration_unit: Unit = field("s", "", "Unit of a duration that is a bare number; 1:23 and 0:01:23 are read as such.")
    rep: Column | None = field(None, "", "Who made it; the lead's owner where absent.")
    time_formats: TimeFormats = field(None, "", "Formats, tried in this order; found out where empty.", factory=list)
    outbound: When | None = field(None, "", "Attempts of ours; every row where absent.")
    email: When | None = field(None, "", "Rows that are e-mails; the others are calls.")
    connected: When | None = field(None, "", "Results that mean a talk; read where the duration is unknown.")
    not_connected: When | None = field(None, "", "Results that mean no talk, however long (voicemail).")
    contact_seconds: NonNegative = field(60.0, "s", "A call of this length is a talk.", source="assumed")
    redial_minutes: NonNegative = field(
        15.0,
        "min",
        "A call begun at most this after the last one to the same lead is the same attempt.",
        source="assumed",
    )
    early_minutes: NonNegative = field(
        5.0,
        "min",
        "A call belongs to a lead entered at most this after it, where there is no earlier one.",
        source="assumed",
    )
    longest_hours: float = field(
        8.0, "h", "A longer call cannot be; its duration is unknown.", gt=0.0, source="assumed"
    )

    @binds("lead", "contact")
    def _joined(self) -> Iterator[Broken]:
        if self.lead is None and self.contact is None:
            yield Broken("lead", "give lead or contact, by which touches are joined to leads")


class SpendColumns(Paper):
    """Where a file of marketing spend says what."""

    day: Column = field(..., "", "The day.")
    channel: Column | None = field(None, "", "The source, named as in the file of leads.")
    impressions: Column | None = field(None, "", "Times shown.")
    clicks: Column | None = field(None, "", "Clicks or visits.")
    spend: Column | None = field(None, "", "Money spent.")
    test: When | None = field(None, "", "Rows of tests; set aside.")
    time_formats: TimeFormats = field(None, "", "Formats, tried in this order; found out where empty.", factory=list)


class Mapping(Paper):
    """How one CRM's export is read."""

    title: str = field("", "", "What it is for.")
    time_zone: Zone = field("UTC", "", "Time zone of times without an offset, and of the history.")
    currency: str = field("EUR", "", "Currency of every amount of money.", min_length=1)
    since: Date | None = field(None, "date", "First day of the export; that of the first lead where absent.")
    until: Date | None = field(None, "date", "Last day on which leads came; that of the last lead where absent.")
    as_of: Date | None = field(
        None, "date", "Outcomes are known up to this day; the last moment in the files where absent."
    )
    earliest: Date = field(dt.date(1990, 1, 1), "date", "A date before this cannot be.", source="assumed")
    files: Files = field(None, "", "How the files are written.", factory=Files)
    leads: LeadColumns = field(..., "", "The file of leads.")
    touches: TouchColumns | None = field(None, "", "The file of calls and e-mails.")
    spend: SpendColumns | None = field(None, "", "The file of marketing spend.")

    @binds("since", "until", "as_of")
    def _in_order(self) -> Iterator[Broken]:
        if self.since is not None and self.until is not None and self.until < self.since:
            yield Broken("until", f"must not come before since ({self.since}), got {self.until}")
        last = self.until or self.since
        if self.as_of is not None and last is not None and self.as_of < last:
            yield Broken("as_of", f"must not come before {last}, got {self.as_of}")


def load_mapping(path: str | Path) -> Mapping:
    """Return the mapping that the TOML file at `path` describes.

    Raises:
        InputError: with every fault of the file.
    """
    path = Path(path)
    return mapping_from(read_toml(path), where=str(path))


def mapping_from(tables: dict[str, Any], *, where: str) -> Mapping:
    """Return the mapping that plain tables (as TOML gives them) describe; `where` is their origin, for messages.

    Raises:
        InputError: with every fault of the tables.
    """
    try:
        return Mapping.model_validate(tables)
    except ValidationError as error:
        raise InputError(translate(error, root=Mapping, where=where)) from None


def dump_mapping(mapping: Mapping) -> str:
    """Return `mapping` as TOML that loads back to an equal one."""
    return tomli_w.dumps(_short(as_toml_value(mapping)))


def _short(value: Any) -> Any:
    """Write a list of one text as the text."""
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return value


def _twice(merged: dict[str, list[str]], key: str) -> Iterator[Broken]:
    seen: dict[str, str] = {}
    for name, values in merged.items():
        for value in values:
            word = value.strip().casefold()
            if seen.setdefault(word, name) != name:
                yield Broken(f"{key}.{name}", f"'{value}' is merged into '{seen[word]}' already")
