"""Tries and talks in the order of each lead's life, and how many tries the study's standard counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from funnelsim.config.run import Standard
from funnelsim.metrics.arithmetic import lexical_order, ordinal, run_starts
from funnelsim.records import NEVER, Bool, Int64, Row, TouchLog


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Tries or talks, in order of (lead, time). c rows."""

    lead: Int64  # (c,)
    at: Int64  # (c,) the moment at which it is judged
    handover: Int64  # (c,) index into Handovers, or -1
    email: Bool  # (c,)
    row: Int64  # (c,) row of the touch log

    def within(self, mask: Bool | Int64) -> Contacts:
        """Return only the rows that `mask` (c,) flags, or those of these indices, in their order."""
        return Contacts(self.lead[mask], self.at[mask], self.handover[mask], self.email[mask], self.row[mask])


def contacts_of(
    touches: TouchLog, rows: Int64, *, at: Int64, handover_of: Callable[[Int64, Int64], Int64]
) -> Contacts:
    """Return the contacts that `rows` (c,) of the log are, made at `at` (c,).

    `handover_of` says of leads and episodes, sorted by lead, which handover they belong to.
    """
    lead, email = touches.lead[rows], touches.kind[rows] == Row.EMAIL
    order = lexical_order(lead)
    in_lead, in_at = lead[order], at[order]
    if not _in_order(in_lead, in_at):
        order = lexical_order(lead, at, touches.number[rows])
        in_lead, in_at = lead[order], at[order]
    handover = handover_of(in_lead, touches.episode[rows][order])
    return Contacts(lead=in_lead, at=in_at, handover=handover, email=email[order], row=rows[order])


def _in_order(lead: Int64, at: Int64) -> bool:
    """Return whether the times of each lead rise: the log is sorted by the end of work, and so, mostly, by its dial."""
    return bool(((lead[1:] != lead[:-1]) | (at[1:] > at[:-1])).all())


def counted_tries(tries: Contacts, *, n: int, standard: Standard) -> Int64:
    """Return (n,) how many tries of each lead count towards the standard.

    A try counts if it is a call, or one of the first `standard.emails` e-mails among those given, made at least
    `standard.apart` after the last counted one (dial to dial).
    """
    lead, at = tries.lead, tries.at
    if tries.email.any():
        sent = np.cumsum(tries.email)
        first = run_starts(lead)
        before: Int64 = np.repeat(sent[first] - tries.email[first], np.diff(first, append=lead.size))
        eligible = ~tries.email | (sent - before <= standard.emails)  # e-mails of this lead so far, this one included
        lead, at = lead[eligible], at[eligible]
    counts = np.zeros(n, dtype=np.int64)
    if not lead.size:
        return counts
    first = run_starts(lead)
    tried = np.diff(first, append=lead.size)
    # The r-th tries of all leads that have one stand side by side, the leads with most tries first: all leads take one
    # step together.
    most_first = np.argsort(tried)[::-1]
    have = first.size - np.cumsum(np.bincount(tried))[:-1]
    rank = np.empty(first.size, dtype=np.int64)
    rank[most_first] = np.arange(first.size)
    begins = np.concatenate(([0], np.cumsum(have)))
    side_by_side = np.empty(lead.size, dtype=np.int64)
    side_by_side[begins[ordinal(lead)] + np.repeat(rank, tried)] = at
    apart = standard.apart.ms()
    last = np.full(first.size, -NEVER, dtype=np.int64)
    count = np.zeros(first.size, dtype=np.int64)
    for r, leads in enumerate(have.tolist()):
        now = side_by_side[begins[r] : begins[r] + leads]
        counts_now = now >= last[:leads] + apart
        count[:leads] += counts_now
        np.copyto(last[:leads], now, where=counts_now)
    counts[lead[first[most_first]]] = count
    return counts
