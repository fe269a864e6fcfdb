"""What kind of record a lead is: one to be called, a wrong number, or one that sales does not call; and duplicates."""

from __future__ import annotations

import numpy as np

from funnelsim.calibration.fit_parameter import Block, Entry, block
from funnelsim.calibration.history import History
from funnelsim.records import Bool

KINDS = ("lead", "invalid", "not_called")


def channels_of(history: History) -> tuple[tuple[int, str], ...]:
    """Return index and name of each channel that has a lead; one that has only spend is left out of a scenario."""
    counts = np.bincount(history.leads.channel[history.leads.channel >= 0], minlength=len(history.channels))
    return tuple((c, name) for c, name in enumerate(history.channels) if counts[c])


def kinds(history: History) -> tuple[Bool, Bool, Bool]:
    """Return which leads are to be called, have a wrong number and were never called, or are not called: (n,) each."""
    leads = history.leads
    called = np.zeros(leads.n, dtype=np.bool_)
    if history.touches is not None:
        called[history.touches.lead] = True
    none = np.zeros(leads.n, dtype=np.bool_)
    invalid = none if leads.unreachable is None else leads.unreachable & ~called
    not_called = none if leads.not_called is None else leads.not_called & ~called & ~invalid
    return ~(invalid | not_called), invalid, not_called


def fit_offers(history: History) -> Block:
    """Return, by channel, the share of wrong numbers that nobody called, and of leads that sales does not call."""
    rows: list[Entry] = []
    variances = []
    for kind, mine in zip(KINDS[1:], kinds(history)[1:], strict=True):
        if not mine.any():
            continue
        for c, name in channels_of(history):
            of = history.leads.channel == c
            k, n = float((mine & of).sum()), float(of.sum())
            if not k:
                continue
            share = (k + 0.5) / (n + 1.0)
            path = f"channels.{name}.offers.{kind}"
            rows.append((path, share, "logit", "share", "counted, never called", int(n), ""))
            variances.append(1.0 / (k + 0.5) + 1.0 / (n - k + 0.5))
    removed = sum(rule.rows for rule in history.cleaning if rule.table == "leads" and "duplicate" in rule.rule)
    read = history.leads.n + removed
    people = np.unique(history.leads.contact).size
    share = (removed + 0.5) / (read + 1.0)
    rows.append(("leads.duplicate_share", share, "logit", "share", "rows set aside as duplicates", read,
                 "set aside before the fit: arrivals are of what is left, so duplicate_share is 0"))  # fmt: skip
    variances.append(1.0 / (removed + 0.5) + 1.0 / (read - removed + 0.5))
    again = (history.leads.n - people + 0.5) / (history.leads.n + 1.0)
    rows.append(("leads.same_person_share", again, "logit", "share", "leads of a person with an earlier one",
                 history.leads.n, "separate people in the simulation"))  # fmt: skip
    variances.append(1.0 / (history.leads.n - people + 0.5) + 1.0 / (people + 0.5))
    return block(rows, np.diag(variances))
