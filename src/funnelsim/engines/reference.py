"""The reference engine: SimPy runs the clock and a process per prospect; the desk keeps the order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.engines import moments
from funnelsim.engines.moments import Lifeline, Moment
from funnelsim.engines.prospect import Prospect
from funnelsim.engines.shop import Shop
from funnelsim.engines.worklist import WorkList
from funnelsim.records import NEVER, Int64, Leads, Outcomes, Rules, Scored, TouchLog
from funnelsim.roster import Agreement, Roster

if TYPE_CHECKING:
    from funnelsim.engines.case import Case
    from funnelsim.engines.rep import Rep


def run(
    leads: Leads,
    scored: Scored,
    roster: Roster,
    agreement: Agreement,
    rules: Rules,
    end: int,
    *,
    watch: Callable[[Shop], None] | None = None,
    new_list: Callable[[int], WorkList] = WorkList,
    route: Callable[[Case, Sequence[Rep]], Rep] | None = None,
    processes: Sequence[Callable[[Shop], Generator[Any, Any, Any]]] = (),
) -> tuple[Outcomes, TouchLog]:
    """Play one policy on `leads` and return what became of each, and who did what to whom.

    Nothing is drawn: the same arguments give the same bits.

    Args:
        leads: The people and all their luck, n leads; fewer than 2**26.
        scored: What the scoring policy says of their engagement events.
        roster: The reps.
        agreement: The policy, as integers.
        rules: Constants of the world.
        end: Events at or after this (ms) do not happen.
        watch: Called with the shop after the work of each instant was given out (for tests).
        new_list: Makes the work lists (for tests that measure them).
        route: A user's own routing rule (see `choice.Plugin`).
        processes: A user's own SimPy processes (see there).
    """
    moments.check_numbers(leads, agreement.slot_ms)
    shop = Shop(leads, scored, roster, agreement, rules, end, new_list=new_list)
    desk = shop.desk
    desk.rule = route
    for process in processes:
        running: Any = shop.env.process(process(shop))
        running.callbacks.append(_raise_fault)
    _Arrivals(shop, leads, scored)
    with _uncollected():
        shop.env.run_until(end, desk, None if watch is None else lambda: watch(shop))
    desk.log_work_in_progress()
    for prospect in list(shop.unfinished.values()):
        prospect.log_as_open()
        prospect.write()
    return shop.outcomes(leads), shop.log.close()


def _raise_fault(ended: Any) -> None:
    """End the replication where a user's process has failed: the clock itself would pass over it."""
    if not ended._ok:
        raise ended._value


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the cyclic garbage collector out: lives that end leave no cycles, and looking for some costs a tenth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Arrivals:
    """Starts each life at its first moment that matters to sales, one after the other in the total order."""

    def __init__(self, shop: Shop, leads: Leads, scored: Scored) -> None:
        self.shop = shop
        first = first_qualifying(scored)
        time = np.where(first >= 0, scored.time[first], NEVER)
        books = leads.books_itself & shop.agreement.self_scheduling
        time = np.where(books, leads.created, time)
        if shop.agreement.deduplication:
            time = np.where(leads.duplicate_of >= 0, NEVER, time)
        order = np.lexsort((np.arange(leads.n), ~books, time))
        order = order[time[order] < shop.end]
        self._next: Iterator[Any] = zip(
            order.tolist(), time[order].tolist(), books[order].tolist(), first[order].tolist(), strict=True
        )
        self._moment = Moment.__new__(Moment)  # one for all: there is never more than one ahead
        self._await()

    def _await(self) -> None:
        due = next(self._next, None)
        if due is not None:
            self._due = due
            i, time, books, _ = due
            key = (moments.BOOKS_ITSELF if books else moments.QUALIFIES) | moments.index_key(i)
            Moment.__init__(self._moment, self.shop.env, key, time, self._begin)

    def _begin(self, _: Any) -> None:
        i, _, books, at = self._due
        prospect = Prospect(i, self.shop)
        self.shop.unfinished[i] = prospect
        prospect.process = process = Lifeline(self.shop.env, prospect.life(at, books))
        prospect.goes_on = goes_on = process._resume
        goes_on(None)
        self._await()


def first_qualifying(scored: Scored) -> Int64:
    """Return for each lead the index of its first event that holds, or -1."""
    n = scored.start.size - 1
    holding = np.flatnonzero(scored.holds)
    lead = np.searchsorted(scored.start, holding, side="right") - 1
    first = np.full(n, -1, dtype=np.int64)
    first[lead[::-1]] = holding[::-1]
    return first
