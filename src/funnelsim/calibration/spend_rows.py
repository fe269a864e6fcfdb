"""The rows of a file of marketing spend, added up by day and channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.calibration.amounts import parse_numbers
from funnelsim.calibration.categories import OTHER, UNKNOWN, Text, merged, spelled_like
from funnelsim.calibration.columns import Columns
from funnelsim.calibration.lead_rows import LeadRows
from funnelsim.calibration.ledger import Ledger
from funnelsim.calibration.span import Span
from funnelsim.config.mapping import Mapping
from funnelsim.records import Bool, Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class SpendRows:
    """Spend by day and channel, in order of (day, channel name). d rows."""

    ledger: Ledger
    columns: Columns
    day: Int64  # (d,) days since 1970-01-01
    channel: Text  # (d,)
    impressions: Float64  # (d,) nan unknown
    clicks: Float64
    spend: Float64


def read_spend_rows(
    columns: Columns, mapping: Mapping, leads: LeadRows, *, span: Span, first: int, last: int
) -> SpendRows:
    """Return spend by day and channel, the channels named as those of the leads.

    Set aside, in this order: no day, one that cannot be read, days outside the history, tests, rows without any number.

    Args:
        columns: The file.
        mapping: The whole mapping.
        leads: The leads, whose channels they are.
        span: Which dates can be.
        first: First day of the history, days since 1970-01-01.
        last: Its last day.

    Raises:
        InputError: where the column of days cannot be understood at all.
    """
    ledger, day = Ledger("spend", columns.rows), columns.times("day")
    assert day is not None  # required
    ledger.aside(day.blank, "day_missing", "no day")
    ledger.aside(~day.known, "day_unreadable", "a day that cannot be read")
    outside = day.known & ((day.local_day < max(first, span.earliest)) | (day.local_day > last))
    ledger.aside(outside, "outside_dates", "a day before the first lead or after the last")
    test = columns.when("test")
    if test is not None:
        ledger.aside(test, "test", "a test")
    amounts = {key: _amount(columns, key, mapping, ledger) for key in ("impressions", "clicks", "spend")}
    ledger.aside(np.all([np.isnan(amount) for amount in amounts.values()], axis=0), "no_amount", "no number at all")
    channel = _channels(columns.text("channel"), mapping, leads, columns.rows.n)
    return _added_up(ledger, columns, day.local_day, channel, amounts)


def _amount(columns: Columns, key: str, mapping: Mapping, ledger: Ledger) -> Float64:
    text = columns.text(key)
    if text is None:
        return np.full(columns.rows.n, np.nan)
    numbers = parse_numbers(text, decimal=mapping.files.decimal, delimiter=columns.form.delimiter)
    negative, kept = numbers.value < 0, ledger.kept
    wrong = negative | numbers.unreadable
    meaning = f"{key}: negative or no number, taken as unknown"
    ledger.change(f"{key}_impossible", meaning, int(wrong[kept].sum()))
    return np.where(negative, np.nan, numbers.value)


def _channels(text: Text | None, mapping: Mapping, leads: LeadRows, n: int) -> Text:
    """Return the channel of each row: what the leads' source of that name became, else the name itself."""
    if text is None:
        return np.full(n, "all" if leads.raw_channel is None else UNKNOWN, dtype=np.object_)
    named = merged(text, mapping.leads.channels, blank=UNKNOWN)
    if leads.raw_channel is None:
        return named
    kept = leads.ledger.kept
    before = merged(leads.raw_channel[kept], mapping.leads.channels, blank=UNKNOWN)
    rare = set(before.tolist()) - set(leads.channel[kept].tolist())
    named = spelled_like(named, before)
    return np.where(np.isin(named, list(rare)), OTHER, named).astype(np.object_)


def _added_up(ledger: Ledger, columns: Columns, day: Int64, channel: Text, amounts: dict[str, Float64]) -> SpendRows:
    import pandas as pd

    kept: Bool = ledger.kept
    frame = pd.DataFrame({"day": day[kept], "channel": channel[kept], **{k: v[kept] for k, v in amounts.items()}})
    sums = frame.groupby(["day", "channel"], sort=True).sum(min_count=1).reset_index()
    ledger.merge("same_day", "spend on one channel on one day, added up", len(frame) - len(sums))
    values = {key: sums[key].to_numpy(dtype=np.float64) for key in amounts}
    return SpendRows(
        ledger=ledger,
        columns=columns,
        day=sums["day"].to_numpy(dtype=np.int64),
        channel=sums["channel"].to_numpy(dtype=object),
        **values,
    )
