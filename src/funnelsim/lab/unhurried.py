"""Leads followed as if a rep were free at once whenever one is open: the work that they ask for, without any queue."""

from __future__ import annotations

from typing import Any

import numpy as np

from funnelsim.calendar import Clock, business_clock
from funnelsim.records import NEVER, Leads, Rules, Scored
from funnelsim.roster import EMAIL, POOL, Agreement, Roster, Span

FINAL, READY = -1, 0
_COLUMNS = (
    "created", "duplicate_of", "able", "ready_from", "ready_until", "books_itself", "connect_until", "reply_until",
    "reply_lag", "call_ms", "email_ms", "talk_ms", "annoyed", "tired", "callback_at", "misjudged", "given_up",
    "show_until", "meeting_ms", "deal_work_ms", "buyer_pace", "meetings_needed", "too_soon", "sync_latency",
)  # fmt: skip


def _view(values: Any) -> Any:
    contiguous: Any = np.ascontiguousarray(values)
    return memoryview(contiguous)


class Unhurried:
    """One replication without waiting: `work_ms[team]` grows by the work of each lead that is followed.

    It reads the same luck as an engine and tells the same story, with these liberties: work begins at the first open
    moment of the team; meetings are met when they are wanted, not on a grid of slots; a window never ends while work is
    done in it; an e-mail's reply is handled on arrival, before any further touch; and nobody loses patience.
    """

    def __init__(
        self, leads: Leads, scored: Scored, roster: Roster, agreement: Agreement, rules: Rules, clock: Clock
    ) -> None:
        self.work_ms = [0] * roster.n_teams
        self._agreement, self._rules, self._roster = agreement, rules, roster
        self._end, self._from, self._until = clock.end, clock.measured_from, clock.measured_until
        self._clocks = [business_clock(calendar) for calendar in roster.team_calendars]
        self._luck: dict[str, Any] = {name: _view(getattr(leads, name)) for name in _COLUMNS}
        self._start, self._tier = scored.start.tolist(), scored.tier.tolist()
        self._time, self._holds = scored.time.tolist(), scored.holds.tolist()
        self._k = self._m = 0

    def follow(self, i: int) -> None:
        """Add the work that lead `i` asks for."""
        luck, agreement = self._luck, self._agreement
        if agreement.deduplication and luck["duplicate_of"][i] >= 0:
            return
        self._k = self._m = 0
        back = 0
        if agreement.self_scheduling and luck["books_itself"][i]:
            created, at = luck["created"][i], self._start[i]
            ended = self._meets(i, created, talked=False, may_call_back=True)
            if ended > 0:
                ended = self._worked(i, at, called_back_at=ended)
            if ended == FINAL:
                return
            back = agreement.cool_off_ms - ended
        while True:
            at = self._qualifies(i, back)
            if at < 0:
                return
            ended = self._worked(i, at)
            if ended == FINAL:
                return
            back = agreement.cool_off_ms - ended

    def _qualifies(self, i: int, earliest: int) -> int:
        for at in range(self._start[i], self._start[i + 1]):
            if self._holds[at] and self._time[at] >= earliest:
                return at
        return -1

    def _opens(self, team: int, t: int) -> int:
        """Return the first open moment of a team at or after `t`."""
        opened = self._clocks[team].add(t, 1)
        return opened if opened >= NEVER else opened - 1

    def _after(self, t: int, span: Span, team: int) -> int:
        return self._clocks[team].add(t, span.ms) if span.business else t + span.ms

    def _spend(self, team: int, t: int, ms: int) -> None:
        if self._from <= t < self._until:
            self.work_ms[team] += ms

    def _worked(self, i: int, at: int, *, called_back_at: int = 0) -> int:
        """Return minus the moment at which the handover of event `at` ends in nurture, or FINAL."""
        luck, agreement, team = self._luck, self._agreement, self._roster.touch_team
        terms = agreement.tiers[self._tier[at]]
        interest = called_back_at or self._time[at]
        latency = Span(luck["sync_latency"][i], self._rules.syncs_in_business)
        handed = interest if called_back_at else self._after(interest, latency, team)
        available = interest if called_back_at else max(handed, self._after(interest, terms.earliest, team))
        called_back = called_back_at > 0
        spells = 1 if agreement.routing == POOL or len(self._roster.members(team)) == 1 else 1 + agreement.recycles
        for _ in range(spells):
            window_to = self._after(handed, terms.window, team)
            prepared = False
            for attempt in range(1, terms.attempts + 1):
                k, start = self._k, self._opens(team, available)
                if start >= self._end or k >= self._rules.max_touches:
                    return FINAL
                if start > window_to:
                    break
                by_mail = terms.touches[attempt - 1] == EMAIL and not called_back
                work = luck["email_ms" if by_mail else "call_ms"][k, i]
                dial = start if prepared else start + terms.preparation_ms
                work += dial - start
                prepared, self._k = True, k + 1
                asked, called_back = called_back, False
                if asked:
                    interest = available  # the named date counts from its own call on
                if dial - interest < luck["too_soon"][i] and luck["annoyed"][k, i] and not asked:
                    self._spend(team, start, work)
                    return FINAL
                delay = start - available + dial - start if self._rules.reach_from_available else dial - interest
                reached = delay <= luck["reply_until" if by_mail else "connect_until"][k, i]
                self._spend(team, start, work)
                ends = start + work
                if reached:
                    talk_at = self._opens(team, ends + luck["reply_lag"][k, i]) if by_mail else dial
                    if talk_at >= self._end:
                        return FINAL
                    self._spend(team, talk_at if by_mail else start, luck["talk_ms"][k, i])
                    ends = max(ends, talk_at) + luck["talk_ms"][k, i]
                    named = self._talks(i, k, talk_at, ends, may_call_back=attempt < terms.attempts)
                    if named <= 0:
                        return named
                    available = named
                    called_back = True
                elif attempt < terms.attempts and not luck["given_up"][k, i]:
                    available = self._after(ends, terms.gaps[attempt - 1], team)
                else:
                    return FINAL if agreement.close_after_attempts else -ends
            handed = available = window_to
            called_back = False
        return -handed

    def _talks(self, i: int, k: int, t: int, ends: int, *, may_call_back: bool) -> int:
        """Return the date that it names (> 0), minus the moment at which it goes to nurture (< -1), or FINAL."""
        luck = self._luck
        if not self._agreement.qualifying_talk:
            return self._meets(i, ends, talked=False, may_call_back=may_call_back)
        error = luck["misjudged"][k, i] and (not luck["able"][i] or t < luck["ready_from"][i])
        verdict = READY if error else self._readiness(i, k, t, ends, may_call_back=may_call_back)
        if verdict != READY:
            return verdict
        return self._meets(i, ends, talked=True, may_call_back=False)

    def _readiness(self, i: int, k: int, t: int, ends: int, *, may_call_back: bool) -> int:
        """Return READY, or what `_talks` returns of a lead that is not."""
        luck = self._luck
        if not luck["able"][i] or t > luck["ready_until"][i] >= luck["ready_from"][i]:
            return FINAL
        if t >= luck["ready_from"][i]:
            return READY
        if luck["tired"][k, i]:
            return FINAL
        named: int = luck["callback_at"][k, i]
        return named if self._agreement.callbacks and may_call_back and t < named < self._end else -ends

    def _meets(self, i: int, t: int, *, talked: bool, may_call_back: bool) -> int:
        """Return what `_talks` does, after meetings agreed at `t`."""
        luck, agreement, team = self._luck, self._agreement, self._roster.close_team
        if self._rules.closes_by_delay:
            return FINAL
        left, rebookings, wanted = -1, 0, self._after(t, agreement.notice, team)
        while self._m < self._rules.max_meetings:
            m, start = self._m, self._opens(team, wanted)
            if start >= self._end:
                return FINAL
            self._m = m + 1
            if start - t > luck["show_until"][m, i]:
                self._spend(team, start, self._rules.no_show_ms)
                rebookings += 1
                if rebookings > agreement.rebookings:
                    return FINAL
                t, wanted = start, self._after(start, agreement.notice, team)
                continue
            self._spend(team, start, luck["meeting_ms"][m, i])
            t = start + luck["meeting_ms"][m, i]
            if left < 0:
                verdict = self._readiness(i, max(self._k - 1, 0), start, t, may_call_back=may_call_back)
                if verdict != READY:
                    return FINAL if talked else verdict
                left = luck["meetings_needed"][i]
            else:
                left -= 1
            self._spend(team, start, luck["deal_work_ms"][m, i])
            if left == 0:
                return FINAL
            wanted = t + luck["buyer_pace"][m, i]
        return FINAL
