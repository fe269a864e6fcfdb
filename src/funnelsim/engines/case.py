"""The file of a lead: what is known of it, what is judged of it, and what is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import simpy

from funnelsim.engines import moments
from funnelsim.engines.log import row
from funnelsim.engines.moments import Moment
from funnelsim.engines.shop import life_row
from funnelsim.engines.words import (
    ABANDONED,
    BOOKED,
    CALLED_BACK,
    DISQUALIFIED,
    IS_BETWEEN,
    IS_IN_WORK,
    IS_MARKETING,
    IS_WAITING,
    LOST_TO_ANOTHER,
    NURTURE,
    OPEN,
    REPLIED,
    SQL,
    TIRED,
)
from funnelsim.records import ALWAYS, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from funnelsim.engines.rep import Rep
    from funnelsim.engines.shop import Shop
    from funnelsim.engines.worklist import Task
    from funnelsim.roster import TierTerms

_HANDOVER, _WINDOW, _BOOKING, _UNASSIGNED = (int(r) for r in (Row.HANDOVER, Row.WINDOW, Row.BOOKING, Row.UNASSIGNED))


class Case:
    """One lead: its state, owners, luck used up and the rows it leaves."""

    __slots__ = (
        "accept", "agreements", "assignment", "attempt", "burnt", "closed_at", "closer", "contact_at", "deal_tasks",
        "distance", "env", "episode", "erring", "first_due", "first_owner", "first_score", "first_talk_at",
        "first_tier", "first_touch_at", "former", "goes_on", "handed_at", "handover_at", "handovers", "i", "in_sales",
        "interest", "k", "key", "last_closer", "m", "meetings_left", "met_at", "misjudged", "mql_at", "named_at",
        "opportunity_at", "owner", "patience", "pieces", "prepared", "process", "qualified", "qualified_at",
        "queue_patience", "rebookings", "recycles", "replied_at", "replied_to", "reserved", "score", "segment",
        "shop", "since", "sql_at", "state", "task", "terms", "tier", "unassigned_since", "unprepared", "wanted",
        "window_from", "window_open", "window_over", "window_to",
    )  # fmt: skip

    goes_on: Callable[[Any], None]  # resumes the process
    # Set at every handover, window or booking.
    tier: int
    score: int
    attempt: int
    replied_to: int
    recycles: int
    rebookings: int
    meetings_left: int
    distance: int
    deal_tasks: list[Task]
    terms: TierTerms
    qualified_at: int  # the event that brought it here; the interest moves on to a named date
    interest: int
    named_at: int  # the date on which it wants to be called
    handover_at: int
    first_due: int
    former: list[Rep]
    prepared: bool
    qualified: bool
    accept: int
    window_from: int
    window_to: int
    reserved: int
    replied_at: int
    wanted: int
    patience: int
    assignment: simpy.Event

    def __init__(self, i: int, shop: Shop) -> None:
        self.i = i
        self.key = moments.index_key(i)
        self.shop = shop
        self.env = shop.env
        self.since: int = shop.created[i]
        self.state = IS_MARKETING
        self.episode = self.handovers = self.k = self.m = self.pieces = self.agreements = self.burnt = 0
        self.mql_at = self.handed_at = self.first_touch_at = self.first_talk_at = self.sql_at = self.met_at = -1
        self.opportunity_at = self.closed_at = self.contact_at = self.unassigned_since = -1
        self.first_owner = self.last_closer = self.first_tier = self.first_score = -1
        self.owner: Rep | None = None
        self.closer: Rep | None = None
        self.task: Task | None = None
        self.unprepared = self.misjudged = self.erring = self.in_sales = self.window_open = self.window_over = False
        self.segment: int = -1 if shop.segments is None else shop.segments[i]
        self.queue_patience: int = shop.queue_patience[i]
        self.process: simpy.Process | None = None

    # Verdicts.

    def contact(self, t: int) -> None:
        """Note a contact: the first at or after max(created, ready_from) says how late we were."""
        if self.contact_at < 0 and t >= self.shop.ready_from[self.i]:
            self.contact_at = t

    def talks(self, t: int, k: int, *, contact_at: int = -1) -> int:
        """Talk at `t` and return what comes of it; `k` is the touch whose luck counts."""
        shop, i = self.shop, self.i
        if contact_at >= 0:
            self.contact(contact_at)
        self.contact(t)  # a reply that came before the lead was ready is one when it is talked over
        if self.first_talk_at < 0:
            self.first_talk_at = t
        if shop.prep_needed[i] > self.terms.preparation_ms:
            self.unprepared = True
        if not shop.agreement.qualifying_talk:
            return BOOKED
        self.erring = bool(shop.misjudged[k][i]) and (not shop.able[i] or t < shop.ready_from[i])
        return SQL if self.erring else self.readiness(t, k)

    def readiness(self, t: int, k: int) -> int:
        """Return what an honest look at the lead says at `t`: SQL where it is able and ready."""
        shop, i = self.shop, self.i
        if not shop.able[i]:
            return DISQUALIFIED
        if t < shop.ready_from[i]:
            if shop.tired[k][i]:
                return TIRED
            named = shop.agreement.callbacks and t < shop.callback_at[k][i] < shop.end
            left = self.attempt < self.terms.attempts and self.k < shop.max_touches
            if named and left:
                self.named_at = shop.callback_at[k][i]
                return CALLED_BACK
            return NURTURE
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
        if episode != self.episode or self.replied_to >= 0 or self.state not in (IS_BETWEEN, IS_WAITING, IS_IN_WORK):
            return
        self.replied_to = k
        self.replied_at = self.env._now
        if self.state != IS_IN_WORK:
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
            _HANDOVER, self.i, self.episode, self.attempt, self.handovers - 1, owner, -1, self.tier,
             self.score, self.handover_at, self.qualified_at, self.first_due, self.handover_at, -1, end, result,
        ))  # fmt: skip

    def log_window(self, end: int, result: int) -> None:
        """Write the row of this window."""
        owner = -1 if self.owner is None else self.owner.index
        self.shop.log.add(row(
            _WINDOW, self.i, self.episode, self.attempt, 0, owner, -1, self.tier, self.score,
             self.window_from, self.window_from, self.window_to, self.window_from, -1, end, result,
        ))  # fmt: skip

    def log_booking(self) -> None:
        """Write the row of the meeting just booked."""
        now, rep = self.env._now, self.last_closer
        self.shop.log.add(row(
            _BOOKING, self.i, self.episode, self.attempt, self.m, rep, -1, self.tier, self.score,
             now, now, self.reserved, -1, -1, self.reserved, BOOKED,
        ))  # fmt: skip

    def log_unassigned(self, end: int, result: int) -> None:
        """Write the row of a wait for an owner."""
        since, unassigned = self.unassigned_since, self.shop.unassigned_list
        self.shop.log.add(row(
            _UNASSIGNED, self.i, self.episode, self.attempt, 0, -1, unassigned, self.tier, self.score,
             since, since, self.first_due, -1, -1, end, result,
        ))  # fmt: skip

    def log_as_open(self) -> None:
        """At the end of the run, write the rows of what is not finished; the desk writes those of the tasks."""
        end = self.shop.end
        if not self.in_sales:
            return
        self.log_handover(end, OPEN)
        if self.window_open:
            self.log_window(end, OPEN)
        if self.unassigned_since >= 0:
            self.log_unassigned(end, OPEN)

    def write(self) -> None:
        """Write the life into the results, finished or not."""
        del self.shop.unfinished[self.i]
        # Nothing of a finished life refers back to it: it is freed at once, without the cyclic garbage collector.
        self.process = self.task = None
        del self.goes_on
        if self.last_closer >= 0:
            self.deal_tasks = []
        self.shop.add_result(life_row(
            self.i, self.state, self.since, self.mql_at, self.handed_at, self.first_touch_at, self.first_talk_at,
             self.sql_at, self.met_at, self.opportunity_at, self.closed_at, self.contact_at, self.k, self.m,
             self.handovers, self.first_owner, self.last_closer, self.first_tier, self.first_score, self.unprepared,
             self.misjudged, self.burnt,
        ))  # fmt: skip
