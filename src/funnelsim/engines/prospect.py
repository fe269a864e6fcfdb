"""A prospect, told as a salesperson would tell it. Luck is looked up, never drawn."""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

from funnelsim.engines import moments
from funnelsim.engines.desk import CALLBACKS, FIRST, LATER
from funnelsim.engines.log import row
from funnelsim.engines.moments import Moment
from funnelsim.engines.shop import life_row
from funnelsim.engines.tasks import DealWork, Meeting, Reply, Touch
from funnelsim.records import ALWAYS, NEVER, Result, Row, State

if TYPE_CHECKING:
    from funnelsim.engines.desk import Rep, Task
    from funnelsim.engines.shop import Shop

Life = Generator[simpy.Event, Any, None]
Part = Generator[simpy.Event, Any, int]

# Plain integers: the log takes integers, and enums are slow to compare.
OPEN, NOT_REACHED, SENT, SQL, BOOKED, CALLED_BACK, NURTURE = (int(r) for r in list(Result)[:7])
DISQUALIFIED, LOST_TO_ANOTHER, TOO_SOON, TIRED = (int(r) for r in list(Result)[7:11])
NO_SHOW, OPPORTUNITY, MET = int(Result.NO_SHOW), int(Result.OPPORTUNITY), int(Result.MET)
WON, LOST, STALLED = int(Result.WON), int(Result.LOST), int(Result.STALLED)
DROPPED, CANCELLED, RECYCLED = int(Result.DROPPED), int(Result.CANCELLED), int(Result.RECYCLED)
ABANDONED, EXHAUSTED, MOVED = int(Result.ABANDONED), int(Result.EXHAUSTED), int(Result.MOVED)
ASSIGNED, LAPSED = int(Result.ASSIGNED), int(Result.LAPSED)
# Words that end a wait and are no results of work.
WINDOW_OVER, REPLIED, ACCEPT_OVER = 100, 101, 102
_DROPPED_AS = {WINDOW_OVER: DROPPED, REPLIED: CANCELLED}

_MARKETING, _SYNCING, _UNASSIGNED, _WAITING, _IN_WORK, _BETWEEN, _CALLED_BACK, _BOOKED, _OPPORTUNITY, _NURTURE = (
    int(s) for s in list(State)[:10]
)
FINAL_STATE = {
    DISQUALIFIED: int(State.DISQUALIFIED),
    LOST_TO_ANOTHER: int(State.LOST_TO_ANOTHER),
    TOO_SOON: int(State.OPTED_OUT),
    TIRED: int(State.OPTED_OUT),
    WON: int(State.WON),
    LOST: int(State.LOST),
    STALLED: int(State.STALLED),
    int(Result.REJECTED): int(State.REJECTED),
    NO_SHOW: int(State.NO_SHOW),
    ABANDONED: int(State.ABANDONED),
    EXHAUSTED: int(State.EXHAUSTED),
}
_BURNT = {TOO_SOON: 1, TIRED: 2}


class Prospect:
    """One lead on its way; `life` tells it."""

    __slots__ = (
        "accept_used", "assignment", "attempt", "burnt", "closed_at", "closer", "contact_at", "deal_tasks", "distance",
        "env", "episode", "erring", "first_due", "first_owner", "first_score", "first_talk_at", "first_tier",
        "first_touch_at", "former", "handed_at", "handover_at", "handovers", "i", "in_sales", "interest", "k", "key",
        "last_closer", "m", "meetings_left", "met_at", "misjudged", "mql_at", "opportunity_at", "owner", "patience",
        "pieces", "prepared", "process", "qualified", "queue_patience", "rebookings", "recycles",
        "replied_at", "replied_to", "reserved", "score", "segment", "shop", "since", "sql_at", "state", "task", "terms",
        "tier", "unassigned_since", "unprepared", "wanted", "window_from", "window_open", "window_over", "window_to",
    )  # fmt: skip

    def __init__(self, i: int, shop: Shop) -> None:
        self.i = i
        self.key = moments.index_key(i)
        self.shop = shop
        self.env = shop.env
        self.since: int = shop.created[i]
        self.state = _MARKETING
        self.episode = self.handovers = self.attempt = self.k = self.m = self.pieces = self.burnt = 0
        self.meetings_left = self.distance = self.rebookings = self.recycles = 0
        self.mql_at = self.handed_at = self.first_touch_at = self.first_talk_at = self.sql_at = self.met_at = -1
        self.opportunity_at = self.closed_at = self.contact_at = self.replied_to = self.unassigned_since = -1
        self.first_owner = self.last_closer = self.first_tier = self.first_score = self.tier = self.score = -1
        self.owner: Rep | None = None
        self.closer: Rep | None = None
        self.task: Task | None = None
        self.deal_tasks: list[Task] = []
        self.unprepared = self.misjudged = self.erring = self.in_sales = self.window_open = self.window_over = False
        self.segment: int = -1 if shop.segments is None else shop.segments[i]
        self.queue_patience: int = shop.queue_patience[i]
        self.process: simpy.Process | None = None

    # The story.

    def life(self, at: int, books_itself: bool) -> Life:
        """Tell the whole life, from the first moment that matters to sales to the last.

        It begins at the creation where the lead books for itself, else at the first engagement event that qualifies,
        `at` (-1: there is none).
        """
        if books_itself:
            ended = yield from self._books_itself(at)
        else:
            if self.shop.rules.sync_latency_ms:
                yield from self._syncs(at)
            else:
                self._handed_over(at)
            ended = yield from self._with_sales()
        while ended == NURTURE:
            back = self.env._now + self.shop.agreement.cool_off_ms
            self._enter(_NURTURE)
            yield self._at(moments.COOL_OFF_ENDS, back)
            self._enter(_MARKETING)
            at = self._next_event(back)
            if at < 0:
                break
            yield self._at(moments.QUALIFIES, self.shop.event_time[at])
            yield from self._syncs(at)
            ended = yield from self._with_sales()
        self.write()

    def _books_itself(self, at: int) -> Part:
        """Book the first free slot, at creation; where none is near enough, go the ordinary way."""
        shop, created = self.shop, self.env._now
        rep, slot = shop.desk.earliest_closer(self, self._notice(), shop.reserved_ms)
        if slot <= shop.after(created, shop.agreement.book_ahead, closing=True) and slot < NEVER:
            self._handed_over(shop.event_start[self.i])
            self.contact(created)
            self.sql_at = created
            self._takes_closer(rep, slot)
            return (yield from self._with_sales(booked=True))
        if at < 0:
            return OPEN
        yield self._at(moments.QUALIFIES, shop.event_time[at])
        yield from self._syncs(at)
        return (yield from self._with_sales())

    def _syncs(self, at: int) -> Generator[simpy.Event, Any, None]:
        """Wait for the CRM after the qualifying event `at`, then be handed over."""
        latency = self.shop.rules.sync_latency_ms
        if self.mql_at < 0:
            self.mql_at = self.env._now
        if latency:
            self._enter(_SYNCING)
            yield self._at(moments.HANDED_OVER, self.env._now + latency)
        self._handed_over(at)

    def _with_sales(self, *, booked: bool = False) -> Part:
        """Stay with sales until the handover ends, and return how: NURTURE, or a result that is final."""
        result = BOOKED if booked else (yield from self._worked(*self._first_term(), called_back=False))
        while result in (SQL, BOOKED):
            if not booked and self.shop.rules.closes_by_delay:
                result = yield from self._decides()
                break
            if not booked and not self._agrees_meeting():
                result = NO_SHOW
                break
            booked = False
            result = yield from self._meets()
            if result == CALLED_BACK:
                # It turned out unready at its first meeting: back to those who call.
                result = NURTURE
                if self._back_to_caller():
                    result = yield from self._worked(*self._named_date(), called_back=True)
        self._leaves_sales(result)
        return result

    def _worked(self, available: int, due: int, *, called_back: bool) -> Part:
        """Be called and written to, touch after touch, until somebody answers or something runs out."""
        shop, env = self.shop, self.env
        first = not called_back
        if self.owner is None and not shop.desk.pooled and (yield from self._unassigned(due)):
            return NURTURE
        while True:
            # Wait for the touch to fall due.
            result = 0
            task: Task
            if available > env._now:
                self.state = _CALLED_BACK if called_back else _BETWEEN
                self.since = env._now
                try:
                    if available < shop.end:
                        yield Moment(env, moments.AVAILABLE | self.key | (self.episode << 16) | self.k, available)
                    else:
                        yield env.event()
                except simpy.Interrupt as interrupt:
                    result = interrupt.cause or 0
            # Stand in the list, and be worked.
            if not result:
                if self.k >= shop.rules.max_touches:
                    return EXHAUSTED
                self.attempt += 1
                work_class = CALLBACKS if called_back else FIRST if first or shop.one_class else LATER
                task = Touch(self, work_class, available, due, called_back)
                self._joins_list(task)
                try:
                    yield task
                    result = task.result
                except simpy.Interrupt as interrupt:
                    result = self._leaves_list(task, interrupt)
                if result in (WINDOW_OVER, REPLIED):
                    self.attempt -= 1  # it was not made
                else:
                    first = False
            # An e-mail was answered, now or while they worked on the next touch: that is the talk.
            if result == REPLIED or (self.replied_to >= 0 and result in (NOT_REACHED, SENT) and not self.window_over):
                task = Reply(self, self.replied_to, env._now, shop.after(env._now, self.terms.later_touch))
                self._joins_list(task)
                try:
                    yield task
                    result = task.result
                except simpy.Interrupt as interrupt:
                    result = self._leaves_list(task, interrupt)
            # What now?
            if result == CALLED_BACK and not self.window_over:
                self.replied_to = -1
                called_back = True
                available, due = self._named_date()
            elif result in (NOT_REACHED, SENT, CALLED_BACK, WINDOW_OVER):
                called_back = False
                if self.k >= shop.rules.max_touches:
                    return EXHAUSTED
                if self.window_over:
                    if not self._recycled():
                        return NURTURE
                    first, available = True, env._now
                    due = shop.after(available, self.terms.first_touch)
                elif self.attempt >= self.terms.attempts:
                    return EXHAUSTED if shop.agreement.close_after_attempts else NURTURE
                else:
                    gap, term = self.terms.gaps[self.attempt - 1], self.terms.later_touch
                    available = shop.after(env._now, gap) if gap.business else env._now + gap.ms
                    due = shop.after(available, term) if term.business else available + term.ms
            else:
                return result

    def _joins_list(self, task: Task) -> None:
        """Stand in the owner's or the team's list; the task happens when the work on it ends."""
        shop = self.shop
        self.task = task
        self.state = _WAITING
        self.since = self.env._now
        shop.desk.queue(task, self.owner, shop.touch_team)
        if shop.breaches or self.queue_patience < ALWAYS:
            shop.desk.fresh.append(task)

    def _leaves_list(self, task: Task, interrupt: simpy.Interrupt) -> int:
        """Leave the list before any work has begun, and return the word that said so."""
        word: int = interrupt.cause or 0
        self.shop.desk.drop(task, self.shop.touch_team, _DROPPED_AS.get(word, word))
        return word

    def _unassigned(self, due: int) -> Part:
        """Wait for a rep with room, clocks running; return 0, or the word that ended the wait."""
        team, now = self.shop.touch_team, self.env._now
        place = (self.shop.desk.queue_key(self, now, due), due, self.i, self)
        insort(team.unassigned, place)
        self._enter(_UNASSIGNED)
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

    def _meets(self) -> Part:
        """Meet: the first meeting, then those of the opportunity; return how it ended."""
        shop, env, desk = self.shop, self.env, self.shop.desk
        self.task = None
        self._enter(_BOOKED)
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
                if word == STALLED:
                    self._drop_deal_work()
                    return STALLED
                self._books_again(anybody=word == ACCEPT_OVER)
                continue
            self.task = None
            result = meeting.result
            if result == NO_SHOW:
                if self.rebookings >= shop.agreement.rebookings or self.m >= shop.rules.max_meetings:
                    self._drop_deal_work()
                    return NO_SHOW
                self.rebookings += 1  # `wanted` stays NEVER: its own doing is no delay of the seller's
                self._reserve(closer, closer.first_slot(self._notice(), shop.reserved_ms, shop.agreement.slot_ms))
                self.distance = self.reserved - env._now
            elif result in (OPPORTUNITY, MET, WON, LOST):
                if self.state != _OPPORTUNITY:
                    self.opportunity_at = env._now
                    self._enter(_OPPORTUNITY)
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
        self._enter(_OPPORTUNITY)
        yield self._at(moments.DECISION, self.env._now + self.shop.close_ms[self.i])
        return WON if self.is_won() else LOST

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
        self.interest = shop.event_time[at]
        self.tier = shop.event_tier[at]
        self.score = shop.event_score[at]
        self.terms = shop.agreement.tiers[self.tier]
        self.former: list[Rep] = []
        self.recycles = shop.agreement.recycles
        self.attempt = self.rebookings = 0
        self.prepared = self.accept_used = self.qualified = False
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
        """Return when the call on the named date becomes available and is due; the date is the new interest."""
        self.interest = self.shop.callback_at[max(self.k - 1, 0), self.i]
        available = max(self.env._now, self.interest)
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
        owner = self.owner or desk.route(self.shop.touch_team, self)
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
            if self.state != _IN_WORK:
                self.tell(WINDOW_OVER)

    def _closes_window(self, result: int) -> None:
        if self.window_open:
            self.window_open = False
            self.log_window(self.env._now, result)

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

    def _ends_touching(self) -> None:
        """Leave the caller for a meeting or a decision: the window lapses, the place is free."""
        self._closes_window(LAPSED)
        self.replied_to = -1
        self.misjudged = self.misjudged or self.erring
        if self.sql_at < 0:
            self.sql_at = self.env._now
        if self.owner is not None:
            self.shop.desk.release_lead(self.owner)

    def _leaves_sales(self, result: int) -> None:
        """End the handover: free the place, close the window, and enter the final state if it is one."""
        self.log_handover(self.env._now, result)
        if self.state in (_OPPORTUNITY, _BOOKED):
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
        self.burnt = _BURNT.get(result, 0)
        if result != NURTURE:
            self._enter(FINAL_STATE[result])

    # Meetings.

    def _agrees_meeting(self) -> bool:
        """Agree a meeting after the talk; False where the lead's meetings are spent."""
        shop = self.shop
        self.qualified = shop.agreement.qualifying_talk
        if self.m >= shop.rules.max_meetings:
            return False
        rep, slot = shop.desk.closer(self, self._notice(), shop.reserved_ms)
        self._ends_touching()
        self._takes_closer(rep, slot)
        accept = shop.agreement.accept_within
        if accept is not None:
            until = shop.after(self.env._now, accept, closing=True)
            if until < shop.end:
                episode = self.episode
                key = moments.WINDOW_ENDS | self.key | moments.episode_key(episode) | 1
                Moment(self.env, key, until, lambda _: self._accept_ends(episode))
        return True

    def _takes_closer(self, rep: Rep, slot: int) -> None:
        self.closer = rep
        rep.open_opportunities += 1
        self.patience: int = self.shop.patience[self.i]
        self.wanted = NEVER
        self._reserve(rep, slot)
        self.distance = slot - self.env._now

    def _reserve(self, rep: Rep, slot: int) -> None:
        rep.reserve(slot, self.shop.reserved_ms)
        self.reserved = slot
        self.last_closer = rep.index
        self.log_booking()

    def _notice(self) -> int:
        return self.shop.after(self.env._now, self.shop.agreement.notice, closing=True)

    def _accept_ends(self, episode: int) -> None:
        being_met = self.task is not None and not self.task.waiting
        if episode == self.episode and self.state == _BOOKED and not self.accept_used and not being_met:
            self.accept_used = True
            self.tell(ACCEPT_OVER)

    def _books_again(self, *, anybody: bool) -> None:
        """Move a meeting that was not begun: to the owner's first free slot, or to the earliest free closer."""
        shop, closer = self.shop, self.closer
        assert closer is not None
        if anybody:
            rep, slot = shop.desk.earliest_closer(self, self._notice(), shop.reserved_ms)
            closer.open_opportunities -= 1
            rep.open_opportunities += 1
            self.closer = rep
        else:
            rep, slot = closer, closer.first_slot(self._notice(), shop.reserved_ms, shop.agreement.slot_ms)
        self._reserve(rep, slot)

    def _books_next(self, held: Meeting) -> None:
        """Book the next meeting of the opportunity, at the buyer's pace; its patience runs from then on."""
        shop, now, closer = self.shop, self.env._now, self.closer
        assert closer is not None
        wanted = self.wanted = now + shop.buyer_pace[held.number, self.i]
        earliest = max(wanted, self._notice())
        self._reserve(closer, closer.first_slot(earliest, shop.reserved_ms, shop.agreement.slot_ms))
        self.distance = self.reserved - now
        if self.patience < ALWAYS and wanted + self.patience < shop.end:
            key = moments.PATIENCE_ENDS | self.key | moments.episode_key(self.episode) | self.m
            Moment(self.env, key, wanted + self.patience, lambda _: self._patience_ends(wanted))

    def _patience_ends(self, wanted: int) -> None:
        # Once the meeting has begun `wanted` is NEVER, or the next meeting's.
        if self.state == _OPPORTUNITY and self.wanted == wanted:
            self.tell(STALLED)

    def _leaves_deal_work(self, held: Meeting) -> None:
        shop, closer, now = self.shop, self.closer, self.env._now
        assert closer is not None
        left = shop.deal_work_ms[held.number, self.i]
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

    # Verdicts.

    def contact(self, t: int) -> None:
        """Note a contact: the first at or after max(created, ready_from) says how late we were."""
        if self.contact_at < 0 and t >= self.shop.ready_from[self.i]:
            self.contact_at = t

    def talks(self, t: int, k: int, *, contact_at: int = -1) -> int:
        """Talk at `t` and return what comes of it; `k` is the touch whose luck counts."""
        shop, i = self.shop, self.i
        self.contact(t if contact_at < 0 else contact_at)
        if self.first_talk_at < 0:
            self.first_talk_at = t
        if shop.prep_needed[i] > self.terms.preparation_ms:
            self.unprepared = True
        if not shop.agreement.qualifying_talk:
            return BOOKED
        self.erring = bool(shop.misjudged[k, i]) and (not shop.able[i] or t < shop.ready_from[i])
        return SQL if self.erring else self.readiness(t, k)

    def readiness(self, t: int, k: int) -> int:
        """Return what an honest look at the lead says at `t`: SQL where it is able and ready."""
        shop, i = self.shop, self.i
        if not shop.able[i]:
            return DISQUALIFIED
        if t < shop.ready_from[i]:
            if shop.tired[k, i]:
                return TIRED
            named = shop.agreement.callbacks and t < shop.callback_at[k, i] < shop.end
            left = self.attempt < self.terms.attempts and self.k < shop.rules.max_touches
            return CALLED_BACK if named and left else NURTURE
        return LOST_TO_ANOTHER if t > shop.ready_until[i] else SQL

    def is_won(self) -> bool:
        """Return whether the deal is won: able, and the first contact came soon enough."""
        shop, i = self.shop, self.i
        if self.contact_at < 0 or not shop.able[i]:
            return False
        until: int = shop.win_until[i]
        if self.unprepared and 0 <= until < ALWAYS:
            until = until * shop.rules.unprepared_permille // 1000
        since: int = max(shop.created[i], shop.ready_from[i])
        return self.contact_at - since <= until

    # Words from outside.

    def tell(self, word: int) -> None:
        """End the wait with a word."""
        assert self.process is not None
        self.process.interrupt(word)

    def loses_patience(self, task: Task) -> None:
        """Abandon a list in which it stood for as long as it bears."""
        if task.waiting and self.env._now - task.queued_at >= self.queue_patience:
            self.tell(ABANDONED)

    def replies(self, k: int, episode: int) -> None:
        """Let the answer to e-mail `k` arrive: at once, or when the work in hand ends."""
        if episode != self.episode or self.replied_to >= 0 or self.state not in (_BETWEEN, _WAITING, _IN_WORK):
            return
        self.replied_to = k
        self.replied_at = self.env._now
        if self.state != _IN_WORK:
            self.tell(REPLIED)

    # Book-keeping.

    def _at(self, kind: int, time: int, number: int = 0) -> simpy.Event:
        """Return a moment to wait for; one that never comes where it lies at or after the end."""
        if time >= self.shop.end:
            return self.env.event()
        return Moment(self.env, kind | self.key | (self.episode << 16) | number, time)

    def _enter(self, state: int) -> None:
        self.state = state
        self.since = self.env._now

    def log_handover(self, end: int, result: int) -> None:
        """Write the row of this handover."""
        owner = -1 if self.owner is None else self.owner.index
        self.shop.log.add(row(
            int(Row.HANDOVER), self.i, self.episode, self.attempt, self.handovers - 1, owner, -1, self.tier,
             self.score, self.handover_at, self.interest, self.first_due, self.handover_at, -1, end, result,
        ))  # fmt: skip

    def log_window(self, end: int, result: int) -> None:
        """Write the row of this window."""
        owner = -1 if self.owner is None else self.owner.index
        self.shop.log.add(row(
            int(Row.WINDOW), self.i, self.episode, self.attempt, 0, owner, -1, self.tier, self.score,
             self.window_from, self.window_from, self.window_to, self.window_from, -1, end, result,
        ))  # fmt: skip

    def log_booking(self) -> None:
        """Write the row of the meeting just booked."""
        now, rep = self.env._now, self.last_closer
        self.shop.log.add(row(
            int(Row.BOOKING), self.i, self.episode, self.attempt, self.m, rep, -1, self.tier, self.score,
             now, now, self.reserved, -1, -1, self.reserved, BOOKED,
        ))  # fmt: skip

    def log_unassigned(self, end: int, result: int) -> None:
        """Write the row of a wait for an owner."""
        since, unassigned = self.unassigned_since, self.shop.unassigned_list
        self.shop.log.add(row(
            int(Row.UNASSIGNED), self.i, self.episode, self.attempt, 0, -1, unassigned, self.tier, self.score,
             since, since, self.first_due, -1, -1, end, result,
        ))  # fmt: skip

    def log_as_open(self) -> None:
        """At the end of the run, write the rows of everything that is not finished."""
        end, log = self.shop.end, self.shop.log
        if not self.in_sales:
            return
        self.log_handover(end, OPEN)
        if self.window_open:
            self.log_window(end, OPEN)
        if self.unassigned_since >= 0:
            self.log_unassigned(end, OPEN)
        for task in (self.task, *self.deal_tasks):
            if task is not None and task.waiting:
                log.add(task.row(-1, -1, end, OPEN))

    def write(self) -> None:
        """Write the life into the results, finished or not."""
        del self.shop.unfinished[self.i]
        self.process = None
        self.shop.add_result(life_row(
            self.i, self.state, self.since, self.mql_at, self.handed_at, self.first_touch_at, self.first_talk_at,
             self.sql_at, self.met_at, self.opportunity_at, self.closed_at, self.contact_at, self.k, self.m,
             self.handovers, self.first_owner, self.last_closer, self.first_tier, self.first_score, self.unprepared,
             self.misjudged, self.burnt,
        ))  # fmt: skip
