"""The second half of a life: meetings, the opportunity, the decision."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

from funnelsim.engines import moments
from funnelsim.engines.case import Case
from funnelsim.engines.moments import Moment
from funnelsim.engines.tasks import DealWork, Meeting
from funnelsim.engines.words import (
    ACCEPT_OVER,
    DROPPED,
    IS_BOOKED,
    IS_OPPORTUNITY,
    LAPSED,
    LOST,
    MET,
    MOVED,
    NO_SHOW,
    OPPORTUNITY,
    STALLED,
    WON,
)
from funnelsim.records import ALWAYS, NEVER

if TYPE_CHECKING:
    from funnelsim.engines.rep import Rep

# The accept window of the present agreement.
RUNNING, OVERDUE, SPENT = range(3)

Part = Generator[Any, Any, int]
"""Part of a life: yields events, and other parts for whose value it waits."""


class Closing(Case):
    """The lead with the closing role: its meetings, its opportunity, its decision."""

    __slots__ = ()

    def _meets(self) -> Part:
        """Meet: the first meeting, then those of the opportunity; return how it ended."""
        shop, env, desk = self.shop, self.env, self.shop.desk
        self.task = None
        self._enter(IS_BOOKED)
        while True:
            closer = self.closer
            assert closer is not None
            meeting: Meeting | None = None
            try:
                yield self._at(moments.MEETING_STARTS, self.reserved, self.m)
                self.task = meeting = Meeting(self)
                desk.queue(meeting, closer, shop.close_team)
                yield meeting
            except simpy.Interrupt as interrupt:
                word = interrupt.cause or 0
                if meeting is not None:
                    desk.drop(meeting, shop.close_team, STALLED if word == STALLED else MOVED)
                self.task = None
                closer.unreserve(self.reserved, shop.reserved_ms)
                closer.team.dirty = desk.dirty = True  # what did not fit before it may fit now
                if word == STALLED:
                    self._drop_deal_work()
                    return STALLED
                self._books_again(anybody=word == ACCEPT_OVER)
                continue
            self.task = None
            closer.unreserve(self.reserved, shop.reserved_ms)  # the rest of it is free again
            if closer.gone and closer.team.is_anybody_there(env._now):
                self._changes_closer(desk.closer(self, self._notice(), shop.reserved_ms)[0])
            result = meeting.result
            if result == NO_SHOW:
                if self.rebookings >= shop.agreement.rebookings or self.m >= shop.rules.max_meetings:
                    self._drop_deal_work()
                    return NO_SHOW
                self.rebookings += 1  # `wanted` stays NEVER: its own doing is no delay of the seller's
                self._books_again(anybody=self.accept == OVERDUE)
                self.accept = SPENT if self.accept == OVERDUE else self.accept
                self.distance = self.reserved - env._now
            elif result in (OPPORTUNITY, MET, WON, LOST):
                if self.state != IS_OPPORTUNITY:
                    self.opportunity_at = env._now
                    self._enter(IS_OPPORTUNITY)
                self._leaves_deal_work(meeting)
                if result in (WON, LOST):
                    return result
                if self.m >= shop.rules.max_meetings:
                    self._drop_deal_work()
                    return NO_SHOW
                self._books_next(meeting)
            else:
                return result

    def _decides(self) -> Part:
        """Where deals close by themselves: wait for the decision."""
        self._ends_touching()
        self.opportunity_at = self.env._now
        self._enter(IS_OPPORTUNITY)
        yield self._at(moments.DECISION, self.env._now + self.shop.close_ms[self.i])
        return WON if self.is_won() else LOST

    def _ends_touching(self) -> None:
        """Leave the caller for a meeting or a decision: the window lapses, the place is free."""
        self._closes_window(LAPSED)
        self.window_over = False
        self.replied_to = -1
        self.misjudged = self.misjudged or self.erring
        if self.sql_at < 0:
            self.sql_at = self.env._now
        if self.owner is not None:
            self.shop.desk.release_lead(self.owner)

    def _closes_window(self, result: int) -> None:
        if self.window_open:
            self.window_open = False
            self.log_window(self.env._now, result)

    def _agrees_meeting(self) -> bool:
        """Agree a meeting after the talk; False where the lead's meetings are spent."""
        shop = self.shop
        self.qualified = shop.agreement.qualifying_talk
        if self.m >= shop.rules.max_meetings:
            return False
        rep, slot = shop.desk.closer(self, self._notice(), shop.reserved_ms)
        self._ends_touching()
        self._takes_closer(rep, slot)
        self.agreements += 1
        accept = shop.agreement.accept_within
        if accept is not None:
            until = shop.after(self.env._now, accept, closing=True)
            if until < shop.end:
                agreement = self.agreements
                key = moments.WINDOW_ENDS | self.key | moments.episode_key(self.episode) | 1
                Moment(self.env, key, until, lambda _: self._accept_ends(agreement))
        return True

    def _takes_closer(self, rep: Rep, slot: int) -> None:
        self.closer = rep
        rep.open_opportunities += 1
        self.patience = self.shop.patience[self.i]
        self.wanted = NEVER
        self.accept = RUNNING
        self.meetings_left = 0
        self.deal_tasks = []
        self._reserve(rep, slot)
        self.distance = slot - self.env._now

    def _reserve(self, rep: Rep, slot: int) -> None:
        rep.reserve(slot, self.shop.reserved_ms)
        self.reserved = slot
        self.last_closer = rep.index
        self.log_booking()

    def _notice(self) -> int:
        return self.shop.after(self.env._now, self.shop.agreement.notice, closing=True)

    def _accept_ends(self, agreement: int) -> None:
        """At the end of the accept window: go to the earliest free closer, if that is sooner or the meeting is late."""
        if agreement != self.agreements or self.state != IS_BOOKED or self.closer is None:
            return
        if self.task is not None and not self.task.waiting:
            self.accept = OVERDUE  # being met; if nobody comes, it is booked again with anybody
            return
        shop, closer = self.shop, self.closer
        closer.unreserve(self.reserved, shop.reserved_ms)
        _, slot = shop.desk.earliest_closer(self, self._notice(), shop.reserved_ms)
        closer.reserve(self.reserved, shop.reserved_ms)
        if slot < self.reserved or self.task is not None:
            self.accept = SPENT
            self.tell(ACCEPT_OVER)

    def _books_again(self, *, anybody: bool) -> None:
        """Move a meeting that was not begun: to the owner's first free slot, or to the earliest free closer.

        Where the owner is gone: to another, who is found as when it was agreed, and not before the slot it had.
        """
        shop, closer = self.shop, self.closer
        assert closer is not None
        if anybody:
            rep, slot = shop.desk.earliest_closer(self, self._notice(), shop.reserved_ms)
        elif closer.gone and closer.team.is_anybody_there(self.env._now):
            earliest = self.reserved
            if not self.env._now <= earliest < NEVER:
                earliest = self._notice() if self.wanted >= NEVER else max(self._notice(), self.wanted)
            rep, slot = shop.desk.closer(self, earliest, shop.reserved_ms)
        else:
            rep, slot = closer, closer.first_slot(self._notice(), shop.reserved_ms, shop.agreement.slot_ms)
        self._changes_closer(rep)
        self._reserve(rep, slot)

    def _changes_closer(self, rep: Rep) -> None:
        assert self.closer is not None
        self.closer.open_opportunities -= 1
        rep.open_opportunities += 1
        self.closer = rep

    def _books_next(self, held: Meeting) -> None:
        """Book the next meeting of the opportunity, at the buyer's pace; its patience runs from then on."""
        shop, now, closer = self.shop, self.env._now, self.closer
        assert closer is not None
        wanted = self.wanted = now + shop.buyer_pace[held.number][self.i]
        earliest = max(wanted, self._notice())
        self._reserve(closer, closer.first_slot(earliest, shop.reserved_ms, shop.agreement.slot_ms))
        self.distance = self.reserved - now
        if self.patience < ALWAYS and wanted + self.patience < shop.end:
            key = moments.PATIENCE_ENDS | self.key | moments.episode_key(self.episode) | self.m
            Moment(self.env, key, wanted + self.patience, lambda _: self._patience_ends(wanted))

    def _patience_ends(self, wanted: int) -> None:
        # Once the meeting has begun `wanted` is NEVER, or the next meeting's.
        if self.state == IS_OPPORTUNITY and self.wanted == wanted:
            self.tell(STALLED)

    def _leaves_deal_work(self, held: Meeting) -> None:
        shop, closer, now = self.shop, self.closer, self.env._now
        assert closer is not None
        left = shop.deal_work_ms[held.number][self.i]
        self.deal_tasks = [task for task in self.deal_tasks if task.waiting]
        while left > 0:
            piece = DealWork(self, min(left, shop.agreement.slot_ms), self.pieces, now)
            self.pieces += 1
            left -= piece.length
            self.deal_tasks.append(piece)
            shop.desk.queue(piece, closer, shop.close_team)

    def _drop_deal_work(self) -> None:
        for piece in self.deal_tasks:
            if piece.waiting:
                self.shop.desk.drop(piece, self.shop.close_team, DROPPED)
