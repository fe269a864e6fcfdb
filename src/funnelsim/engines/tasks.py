"""The pieces of work, and what the prospect does when each is begun. All of it is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funnelsim.engines import moments
from funnelsim.engines.worklist import CALLBACKS, DEAL_WORK, MEETINGS, Task, ramped
from funnelsim.records import ALWAYS, NEVER, Result, Row, State
from funnelsim.roster import EMAIL

if TYPE_CHECKING:
    from funnelsim.engines.case import Case
    from funnelsim.engines.rep import Rep

NOT_REACHED, SENT, TOO_SOON = int(Result.NOT_REACHED), int(Result.SENT), int(Result.TOO_SOON)
SQL, NO_SHOW, REJECTED, LOST_TO_ANOTHER = (
    int(r) for r in (Result.SQL, Result.NO_SHOW, Result.REJECTED, Result.LOST_TO_ANOTHER)
)
OPPORTUNITY, MET, WON, LOST, DONE = (
    int(r) for r in (Result.OPPORTUNITY, Result.MET, Result.WON, Result.LOST, Result.DONE)
)
CALLED, EMAILED, CALLED_AGAIN = int(Row.CALL), int(Row.EMAIL), int(Row.CALLBACK)
_WAITING, _IN_WORK, _MEETING_BOOKED = int(State.WAITING), int(State.IN_WORK), int(State.MEETING_BOOKED)


class Touch(Task):
    """An attempt: a call, an e-mail, or a call that the lead asked for on a named date.

    As an event it happens twice: when it falls due, where that lies ahead, and when the work on it ends.
    """

    def __init__(self, lead: Case, work_class: int, available_at: int, due_at: int, callback: bool) -> None:
        # All of `Task.__init__`, written out: there is one of these for every attempt.
        shop = lead.shop
        self.lead = lead
        self.work_class = work_class
        self.number = k = lead.k
        self.attempt = attempt = lead.attempt + 1
        self.episode = episode = lead.episode
        self.key = lead.key | (episode << 16) | k
        self.escalated = self.cancelled = False
        self.available_at = available_at
        self.due_at = due_at
        length: int = shop.mean_call_ms
        self.kind = CALLED_AGAIN if callback else CALLED
        if shop.writes and not callback and lead.terms.touches[attempt - 1] == EMAIL:
            self.kind = EMAILED
            length = shop.rules.mean_email_ms
        self.length = length

    def falls_due(self, _: Any) -> None:
        """Stand in the owner's or the team's list."""
        if self.cancelled:
            return
        lead = self.lead
        if not lead.prepared:
            self.length += lead.terms.preparation_ms
        lead.attempt = self.attempt
        if self.kind == CALLED_AGAIN:
            lead.interest = lead.named_at  # only now: who is taken back before was interested long ago
        lead.state = _WAITING
        lead.since = now = lead.env._now
        shop = lead.shop
        desk = shop.desk
        desk.queue(self, lead.owner, shop.touch_team)
        if desk.timed:
            if desk.patient and now < desk.next_look:
                desk.recent.append(self)
            else:
                desk.set_timers(self)

    def expected_length(self) -> int:
        """Return preparation, if it is still to be done, and the mean attempt."""
        lead = self.lead
        rules = lead.shop.rules
        mean = rules.mean_email_ms if self.kind == EMAILED else rules.mean_call_ms
        return mean if lead.prepared else lead.terms.preparation_ms + mean

    def begin(self, rep: Rep, now: int) -> int:
        """Prepare, dial or write, and talk if somebody answers; everything is judged at the dial."""
        lead, k = self.lead, self.number
        shop, i = lead.shop, lead.i
        permille = rep.permille or rep.productivity(now)
        lead.state = _IN_WORK
        lead.since = now
        # Only now, for what waits for long should be small: the processor's cache is what limits a year's run.
        self.callbacks = (shop.work_ends, lead.goes_on)  # type: ignore[assignment]  # read once, never added to
        self.ends_key = moments.TOUCH_ENDS | self.key
        by_mail = self.kind == EMAILED
        work = shop.email_ms[k][i] if by_mail else shop.call_ms[k][i]
        dial = now
        if not lead.prepared:
            lead.prepared = True
            preparation = lead.terms.preparation_ms
            if preparation:
                dial += ramped(preparation, permille)
                work += preparation
        if dial >= shop.end:
            return ramped(work, permille)
        self.dial = dial
        lead.k = k + 1
        if lead.first_touch_at < 0:
            lead.first_touch_at = dial
        after_interest = dial - lead.interest
        if after_interest < shop.too_soon[i] and shop.annoyed[k][i] and self.kind != CALLED_AGAIN:
            self.result = TOO_SOON
        elif by_mail:
            self.result = SENT
            if after_interest <= shop.reply_until[k][i]:
                arrives = now + ramped(work, permille) + shop.reply_lag[k][i]
                if arrives < shop.end:
                    key = moments.REPLY_ARRIVES | lead.key | moments.episode_key(self.episode) | k
                    moments.Moment(lead.env, key, arrives, lambda _: lead.replies(k, self.episode))
        else:
            delay = dial - self.available_at if shop.reach_from_available else after_interest
            if delay <= shop.connect_until[k][i]:
                self.result = lead.talks(dial, k)
                work += shop.talk_ms[k][i]
            else:
                self.result = NOT_REACHED
        length: int = work if permille == 1000 else ramped(work, permille)
        return length


class Reply(Task):
    """The talk that an answered e-mail leads to; it uses no touch of its own."""

    kind = int(Row.REPLY)

    def __init__(self, lead: Case, k: int, available_at: int, due_at: int) -> None:
        super().__init__(lead, CALLBACKS, 0, k, available_at, due_at)
        self.length = self.expected_length()

    def expected_length(self) -> int:
        """Return the mean e-mail: what a reply costs at least."""
        lead = self.lead
        mean = lead.shop.rules.mean_email_ms
        return mean if lead.prepared else lead.terms.preparation_ms + mean

    def begin(self, rep: Rep, now: int) -> int:
        """Talk; judged at its beginning, after the preparation of a new owner."""
        lead, k = self.lead, self.number
        shop = lead.shop
        permille = rep.productivity(now)
        lead.state = _IN_WORK
        lead.since = now
        work = shop.talk_ms[k][lead.i]
        dial = now
        if not lead.prepared:
            lead.prepared = True
            dial += ramped(lead.terms.preparation_ms, permille)
            work += lead.terms.preparation_ms
        if dial < shop.end:
            self.dial = dial
            self.result = lead.talks(dial, k, contact_at=lead.replied_at)
        return ramped(work, permille)


class Meeting(Task):
    """A meeting that was booked; it waits for its closer, who may be late."""

    kind = int(Row.MEETING)
    ends = moments.MEETING_ENDS

    def __init__(self, lead: Case) -> None:
        super().__init__(lead, MEETINGS, lead.shop.reserved_ms, lead.m, lead.reserved, lead.reserved)

    def begin(self, rep: Rep, now: int) -> int:
        """Wait for nobody, or meet: test the lead at the first meeting, decide at the last."""
        lead, m = self.lead, self.number
        shop, i = lead.shop, lead.i
        self.dial = now
        lead.m = m + 1
        if lead.wanted < NEVER:
            if lead.patience < ALWAYS:
                lead.patience -= max(0, now - lead.wanted)
            lead.wanted = NEVER
        if lead.distance > shop.show_until[m][i]:
            self.result = NO_SHOW
            return shop.rules.no_show_ms
        lead.contact(now)
        if lead.first_talk_at < 0:
            lead.first_talk_at = now
        if lead.met_at < 0:
            lead.met_at = now
        if lead.state == _MEETING_BOOKED:
            self.result = self._first(now)
            lead.meetings_left = shop.meetings_needed[i]
        else:
            lead.meetings_left -= 1
            self.result = MET
        if self.result in (OPPORTUNITY, MET) and lead.meetings_left == 0:
            self.result = WON if lead.is_won() else LOST
        length: int = shop.meeting_ms[m][i]
        return length

    def _first(self, now: int) -> int:
        lead = self.lead
        verdict = lead.readiness(now, max(lead.k - 1, 0))
        if verdict == SQL:
            return OPPORTUNITY
        if lead.qualified and verdict != LOST_TO_ANOTHER:
            return REJECTED
        return verdict


class DealWork(Task):
    """A piece of the work that a kept meeting leaves."""

    kind = int(Row.DEAL_WORK)
    ends = moments.DEAL_WORK_ENDS

    def __init__(self, lead: Case, length: int, number: int, now: int) -> None:
        super().__init__(lead, DEAL_WORK, length, number, now, now)

    def begin(self, rep: Rep, now: int) -> int:
        """Do the piece."""
        self.dial = now
        self.result = DONE
        return ramped(self.length, rep.productivity(now))
