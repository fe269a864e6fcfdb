"""A prospect, told as a salesperson would tell it. Luck is looked up, never drawn."""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator
from contextlib import suppress
from heapq import heappush
from typing import TYPE_CHECKING, Any

import simpy

from funnelsim.engines import moments
from funnelsim.engines.closing import Closing, Part
from funnelsim.engines.moments import Moment
from funnelsim.engines.tasks import Reply, Touch
from funnelsim.engines.words import (
    ASSIGNED,
    BOOKED,
    BURNT,
    CALLED_BACK,
    DROPPED,
    DROPPED_AS,
    EXHAUSTED,
    FINAL_STATE,
    GOES_ON,
    IS_BETWEEN,
    IS_BOOKED,
    IS_CALLED_BACK,
    IS_IN_WORK,
    IS_MARKETING,
    IS_NURTURE,
    IS_OPPORTUNITY,
    IS_SYNCING,
    IS_UNASSIGNED,
    IS_WAITING,
    LAPSED,
    LOST,
    NO_SHOW,
    NOT_REACHED,
    NURTURE,
    RECYCLED,
    REPLIED,
    SENT,
    SQL,
    STALLED,
    WINDOW_OVER,
    WON,
)
from funnelsim.engines.worklist import CALLBACKS, FIRST, LATER
from funnelsim.records import NEVER
from funnelsim.roster import Span

if TYPE_CHECKING:
    from funnelsim.engines.rep import Rep
    from funnelsim.engines.worklist import Task


class Prospect(Closing):
    """One lead on its way; `life` tells it."""

    __slots__ = ()

    # The story.

    def life(self, at: int, books_itself: bool) -> Generator[Any, Any, None]:
        """Tell the whole life, from the first moment that matters to sales to the last.

        It begins at the creation where the lead books for itself, else at the first engagement event that qualifies,
        `at` (-1: there is none).
        """
        shop = self.shop
        booked = books_itself and self._books_itself()
        if books_itself and not booked:
            if at < 0:
                self.write()
                return
            yield self._at(moments.QUALIFIES, shop.event_time[at])
        while True:
            if not booked:
                if shop.sync_latency[self.i]:
                    yield self._syncs()
                self._handed_over(at)
            # With sales, until the handover ends; how it ends is NURTURE, or a result that is final.
            result: int = BOOKED if booked else (yield self._worked(*self._first_term(), called_back=False))
            while result in (SQL, BOOKED):
                if not booked and shop.rules.closes_by_delay:
                    result = yield self._decides()
                    break
                if not booked and not self._agrees_meeting():
                    result = NO_SHOW
                    break
                booked = False
                result = yield self._meets()
                if result == CALLED_BACK:
                    # It turned out unready at its first meeting: back to those who call.
                    result = NURTURE
                    if self._back_to_caller():
                        result = yield self._worked(*self._named_date(), called_back=True)
            self._leaves_sales(result)
            if result != NURTURE:
                break
            # Marketing has it back, and after a while it may qualify again.
            back = self.env._now + shop.agreement.cool_off_ms
            self._enter(IS_NURTURE)
            yield self._at(moments.COOL_OFF_ENDS, back)
            self._enter(IS_MARKETING)
            at = self._next_event(back)
            if at < 0:
                break
            yield self._at(moments.QUALIFIES, shop.event_time[at])
        self.write()

    def _books_itself(self) -> bool:
        """Book the first free slot, at creation, which is the handover too; False where none is near enough."""
        shop, created = self.shop, self.env._now
        rep, slot = shop.desk.earliest_closer(self, self._notice(), shop.reserved_ms)
        if slot > shop.after(created, shop.agreement.book_ahead, closing=True) or slot >= NEVER:
            return False
        self._handed_over(shop.event_start[self.i])
        self.contact(created)
        self.sql_at = created
        self._takes_closer(rep, slot)
        return True

    def _syncs(self) -> Part:
        """Wait for the CRM after a qualifying event."""
        if self.mql_at < 0:
            self.mql_at = self.env._now
        self._enter(IS_SYNCING)
        latency = Span(self.shop.sync_latency[self.i], self.shop.rules.syncs_in_business)
        yield self._at(moments.HANDED_OVER, self.shop.after(self.env._now, latency))
        return 0

    def _worked(self, available: int, due: int, *, called_back: bool) -> Part:
        """Be called and written to, touch after touch, until somebody answers or something runs out."""
        shop, env = self.shop, self.env
        first = not called_back
        if self.owner is None and not shop.desk.pooled and (yield self._unassigned(due)):
            return NURTURE
        if self.k >= shop.max_touches:
            yield self._waits_in_vain(available)
            return EXHAUSTED
        while True:
            # A touch falls due; it stands in the list; it is worked.
            work_class = CALLBACKS if called_back else FIRST if first or shop.one_class else LATER
            touch = Touch(self, work_class, available, due, called_back)
            try:
                now = env._now
                if available > now:
                    self.state = IS_CALLED_BACK if called_back else IS_BETWEEN
                    self.since = now
                    if available < shop.end:
                        touch.callbacks = (touch.falls_due,)  # type: ignore[assignment]  # nobody adds to it
                        heappush(env._queue, (available, moments.AVAILABLE | touch.key, 0, touch))  # type: ignore[misc]
                else:
                    touch.falls_due(None)
                yield  # the touch goes on with this life when the work on it ends
                result = touch.result
                first = False
            except simpy.Interrupt as interrupt:
                result = interrupt.cause or 0
                if not touch.waiting:
                    touch.cancelled = True
                else:
                    self._leaves_list(touch, result)
                    if result in (WINDOW_OVER, REPLIED):
                        self.attempt -= 1  # it was not made
                    else:
                        first = False
            # An e-mail was answered, now or while they worked on the next touch: that is the talk.
            if result == REPLIED or (self.replied_to >= 0 and result in (NOT_REACHED, SENT) and not self.window_over):
                reply = Reply(self, self.replied_to, env._now, shop.after(env._now, self.terms.later_touch))
                self.state, self.since = IS_WAITING, env._now
                shop.desk.queue(reply, self.owner, shop.touch_team)
                shop.desk.set_timers(reply)
                try:
                    yield reply
                    result = reply.result
                except simpy.Interrupt as interrupt:
                    result = interrupt.cause or 0
                    self._leaves_list(reply, result)
            # What now?
            if result == CALLED_BACK and not self.window_over:
                self.replied_to = -1
                called_back = True
                available, due = self._named_date()
            elif result in GOES_ON:
                called_back = False
                if self.k >= shop.max_touches:
                    return EXHAUSTED
                terms = self.terms
                if self.window_over:
                    if not self._recycled():
                        return NURTURE
                    first, available = True, env._now
                    due = shop.after(available, terms.first_touch)
                elif self.attempt >= terms.attempts or (shop.given_up and shop.given_up[self.k - 1][self.i]):
                    return EXHAUSTED if shop.agreement.close_after_attempts else NURTURE
                else:
                    gap, term, now = terms.gaps[self.attempt - 1], terms.later_touch, env._now
                    available = shop.after(now, gap) if gap.business else now + gap.ms
                    due = shop.after(available, term) if term.business else available + term.ms
            else:
                return result

    def _waits_in_vain(self, available: int) -> Part:
        """Wait for a touch to fall due that cannot be made: the lead's touches are spent."""
        if available > self.env._now:
            self._enter(IS_BETWEEN)
            with suppress(simpy.Interrupt):
                yield self._at(moments.AVAILABLE, available, self.k)
        return 0

    def _leaves_list(self, task: Task, word: int) -> None:
        """Leave the list before any work has begun, at the word that said so."""
        self.shop.desk.drop(task, self.shop.touch_team, DROPPED_AS.get(word, word))

    def _unassigned(self, due: int) -> Part:
        """Wait for a rep with room, clocks running; return 0, or the word that ended the wait."""
        team, now = self.shop.touch_team, self.env._now
        place = (self.shop.desk.queue_key(self, now, due), due, self.i, self)
        insort(team.unassigned, place)
        self._enter(IS_UNASSIGNED)
        self.unassigned_since = now
        self.assignment = self.env.event()
        word = 0
        try:
            yield self.assignment
        except simpy.Interrupt as interrupt:
            word = interrupt.cause or 0
            team.unassigned.remove(place)
        self.log_unassigned(self.env._now, DROPPED if word else ASSIGNED)
        self.unassigned_since = -1
        return word

    # Handovers, owners and windows.

    def _next_event(self, earliest: int) -> int:
        """Return the index of the first engagement event at or after `earliest` at which the rule holds, or -1."""
        shop = self.shop
        for at in range(shop.event_start[self.i], shop.event_start[self.i + 1]):
            if shop.event_holds[at] and shop.event_time[at] >= earliest:
                return at
        return -1

    def _handed_over(self, at: int) -> None:
        shop, now = self.shop, self.env._now
        self.in_sales = True
        self.episode += 1
        self.handovers += 1
        self.qualified_at = self.interest = shop.event_time[at]
        self.tier = shop.event_tier[at]
        self.score = shop.event_score[at]
        self.terms = shop.agreement.tiers[self.tier]
        self.former = []
        self.recycles = shop.agreement.recycles
        self.attempt = self.rebookings = 0
        self.prepared = self.qualified = False
        self.replied_to = self.first_due = -1
        self.handover_at = now
        if self.mql_at < 0:
            self.mql_at = self.interest
        if self.handed_at < 0:
            self.handed_at, self.first_tier, self.first_score = now, self.tier, self.score

    def _first_term(self) -> tuple[int, int]:
        """Be routed, start the window, and return when the first touch becomes available and is due."""
        shop, now = self.shop, self.env._now
        if not shop.desk.pooled:
            owner = shop.desk.route(shop.touch_team, self)
            if owner is not None:
                self._takes_owner(owner)
        self._opens_window()
        available = max(now, shop.after(self.interest, self.terms.earliest))
        self.first_due = shop.after(available, self.terms.first_touch)
        return available, self.first_due

    def _named_date(self) -> tuple[int, int]:
        """Return when the call on the named date becomes available and is due."""
        available = max(self.env._now, self.named_at)
        return available, self.shop.after(available, self.terms.first_touch)

    def _takes_owner(self, rep: Rep) -> None:
        self.owner = rep
        rep.open_leads += 1
        if self.first_owner < 0:
            self.first_owner = rep.index

    def assigned_to(self, rep: Rep) -> None:
        """Be given to a rep who has room at last."""
        self._takes_owner(rep)
        self.assignment.succeed()

    def _back_to_caller(self) -> bool:
        """Leave the closer for the caller it came from, or another; False where nobody has room."""
        desk, closer = self.shop.desk, self.closer
        assert closer is not None
        closer.open_opportunities -= 1
        self.closer = None
        if desk.pooled:
            return True
        owner = self.owner
        if owner is None or owner.gone:
            owner = desk.route(self.shop.touch_team, self)
        if owner is not None:
            self._takes_owner(owner)
        return owner is not None

    def _opens_window(self) -> None:
        shop, now = self.shop, self.env._now
        self.window_from = now
        self.window_to = shop.after(now, self.terms.window)
        self.window_open, self.window_over = True, False
        if self.window_to < shop.end:
            episode = self.episode
            key = moments.WINDOW_ENDS | self.key | moments.episode_key(episode)
            Moment(self.env, key, self.window_to, lambda _: self._window_ends(episode))

    def _window_ends(self, episode: int) -> None:
        if episode == self.episode and self.window_open:
            self.window_over = True
            if self.state != IS_IN_WORK:
                self.tell(WINDOW_OVER)

    def _recycled(self) -> bool:
        """At the end of the window: go to another rep, and return whether there is one."""
        desk, old = self.shop.desk, self.owner
        if old is None or not self.recycles:
            return False
        new = desk.route(self.shop.touch_team, self, excluded=(*self.former, old))
        if new is None:
            return False
        self._closes_window(RECYCLED)
        self.recycles -= 1
        self.episode += 1
        self.attempt = 0
        self.prepared = False
        self.replied_to = -1
        self.former.append(old)
        self._takes_owner(new)
        desk.release_lead(old)
        self._opens_window()
        return True

    def _leaves_sales(self, result: int) -> None:
        """End the handover: free the place, close the window, and enter the final state if it is one."""
        self.log_handover(self.env._now, result)
        if self.state in (IS_OPPORTUNITY, IS_BOOKED):
            if self.closer is not None:
                self.closer.open_opportunities -= 1
            if result in (WON, LOST, STALLED):
                self.closed_at = self.env._now
        else:
            self._closes_window(NURTURE if self.window_over and result == NURTURE else LAPSED)
            if self.owner is not None:
                self.shop.desk.release_lead(self.owner)
        self.owner = self.closer = None
        self.in_sales = False
        self.episode += 1
        self.burnt = BURNT.get(result, 0)
        if result != NURTURE:
            self._enter(FINAL_STATE[result])
