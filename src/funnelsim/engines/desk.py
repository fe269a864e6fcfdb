"""Gives out work in the total order of the model. Nothing here is drawn."""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from funnelsim.engines import moments
from funnelsim.engines.rep import Rep, Team
from funnelsim.records import NEVER, Result
from funnelsim.roster import DEADLINE, ESCALATE, FIFO, LEAST_LOADED, LIFO, NO_BREACH, POOL, TIER, WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from funnelsim.engines.case import Case
    from funnelsim.engines.shop import Shop
    from funnelsim.engines.worklist import Task

_OPEN, _REASSIGNED, _MOVED = int(Result.OPEN), int(Result.REASSIGNED), int(Result.MOVED)


class Desk:
    """Gives out work at the end of each instant, and keeps reps, lists, caps and diaries."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.env = shop.env
        self.log = shop.log.add
        self.end = shop.end
        self.agreement = shop.agreement
        self.order = shop.agreement.order
        self.pooled = shop.agreement.routing == POOL
        self.rule: Callable[[Case, Sequence[Rep]], Rep] | None = None  # a user's own, in place of the policy's
        self.breaches = shop.agreement.on_breach != NO_BREACH and not self.pooled
        self.teams = [Team(j, shop) for j in range(shop.roster.n_teams)]
        self.reps: list[Rep] = []
        for r in range(shop.roster.n):
            team = self.teams[int(shop.roster.team[r])]
            rep = Rep(r, team, shop)
            team.reps.append(rep)
            self.reps.append(rep)
        self.dirty = False
        self.fresh: list[Task] = []  # queued at this instant with a timer to be set if they must wait
        self.timers: list[tuple[int, int, int, Task]] = []  # (time, key, queued at, task)
        self._next_timer = (NEVER, 0)
        for rep in self.reps:
            self._await_shift(rep)
            if 0 < rep.starts < self.end:
                moments.Moment(self.env, moments.SHIFT_OPENS | rep.key, rep.starts, self._somebody_joins(rep.team))

    # Shifts.

    def _await_shift(self, rep: Rep) -> None:
        j = rep.next_shift
        if j < len(rep.opens) and rep.opens[j] < self.end:
            moments.Moment(self.env, moments.SHIFT_OPENS | rep.key, rep.opens[j], lambda _: self._shift_opens(rep))

    def _shift_opens(self, rep: Rep) -> None:
        closes = rep.closes[rep.next_shift]
        rep.next_shift += 1
        rep.open = True
        if rep.task is None:
            insort(rep.team.idle, (rep.since, rep.index, rep))
            rep.team.dirty = self.dirty = True
        if closes < self.end:
            moments.Moment(self.env, moments.SHIFT_CLOSES | rep.key, closes, lambda _: self._shift_closes(rep))

    def _somebody_joins(self, team: Team) -> Callable[[Any], None]:
        return lambda _: self.assign_unassigned(team)

    def _shift_closes(self, rep: Rep) -> None:
        rep.open = False
        if rep.task is None:
            rep.team.idle.remove((rep.since, rep.index, rep))
        for task in rep.list.meetings():
            task.lead.tell(_MOVED)
        self._await_shift(rep)

    # Lists.

    def queue_key(self, lead: Case, available_at: int, due_at: int) -> int:
        """Return the key by which the order of work sorts a task within its class."""
        order = self.order
        if order == DEADLINE:
            return due_at
        if order == TIER:
            return lead.tier
        if order == FIFO:
            return available_at
        return -available_at if order == LIFO else -lead.score

    def queue(self, task: Task, rep: Rep | None, team: Team) -> None:
        """Put a task into the list of `rep`, or of the team where it is None."""
        task.list = work_list = team.list if rep is None else rep.list
        task.queued_at = self.env._now
        task.waiting = True
        key = task.lead.tier if self.order == TIER else self.queue_key(task.lead, task.available_at, task.due_at)
        work_list.push(key, task)
        team.waiting += 1
        team.dirty = self.dirty = True

    def drop(self, task: Task, team: Team, result: int) -> None:
        """Take a waiting task off its list; the log says why."""
        task.waiting = False
        task.list.count -= 1
        team.waiting -= 1
        team.escalated -= task.escalated
        self.shop.log.add(task.row(-1, -1, self.env._now, result))

    def escalate(self, task: Task, team: Team) -> None:
        """Let a task also stand in the team's list."""
        task.escalated = True
        team.escalated += 1
        team.list.push(self.queue_key(task.lead, task.available_at, task.due_at), task)
        team.list.count -= 1  # counted in its own list
        team.dirty = self.dirty = True

    # Giving out work.

    def give_out(self) -> None:
        """Let idle reps, the longest idle first, take the first task that fits."""
        self.dirty = False
        for team in self.teams:
            if team.dirty:
                team.dirty = False
                if team.waiting and team.idle:
                    self._serve(team)
        if self.fresh:
            fresh, self.fresh = self.fresh, []
            for task in fresh:
                if task.waiting:
                    self._set_timers(task)

    def _serve(self, team: Team) -> None:
        now = self.env._now
        idle, shared = team.idle, team.list
        j = 0
        while team.waiting and j < len(idle):
            rep = idle[j][2]
            if rep.list.count or rep.reserved_from:
                found = rep.first_task(now)
            else:
                found = shared.first() if shared.count or team.escalated else None
            if found is None:
                j += 1
                continue
            del idle[j]
            heappop(found[1])
            self._start(rep, found[0][4], now)

    def _start(self, rep: Rep, task: Task, now: int) -> None:
        team = rep.team
        task.waiting = False
        task.list.count -= 1
        team.waiting -= 1
        team.escalated -= task.escalated
        task.rep = rep
        task.start = now
        rep.task = task
        task.planned_end = ends = now + task.begin(rep, now)
        task.callbacks.insert(0, self._work_ends)
        task._value = None
        heappush(self.env._queue, (ends, task.ends | task.key, next(self.env._eid), task))  # type: ignore[misc]

    def _work_ends(self, task: Any) -> None:
        rep = task.rep
        now = self.env._now
        rep.task = None
        rep.since = now
        if rep.open:
            insort(rep.team.idle, (now, rep.index, rep))
            rep.team.dirty = self.dirty = True
        self.log(task.row(rep.index, task.start, now, task.result))

    def _set_timers(self, task: Task) -> None:
        ends = task.queued_at + task.lead.queue_patience
        if ends < self.end:
            self._set_timer(ends, moments.PATIENCE_ENDS | task.key, task)
        if self.breaches and not task.breached:
            breach = max(task.due_at + 1, self.env._now)  # at once where it waited unassigned until after that
            if breach < self.end:
                self._set_timer(breach, moments.BREACH | task.key, task)

    def _set_timer(self, time: int, key: int, task: Task) -> None:
        # Most tasks are begun long before their timers: only the next timer is an event of SimPy's.
        heappush(self.timers, (time, key, task.queued_at, task))
        if time <= self._next_timer[0] and (time, key) < self._next_timer:
            self._await_timer()

    def _await_timer(self) -> None:
        timers = self.timers
        while timers and not timers[0][3].waiting:
            heappop(timers)
        if timers:
            time, key = timers[0][:2]
            self._next_timer = (time, key)
            moments.Moment(self.env, key, time, lambda _: self._timer_ends(time, key))
        else:
            self._next_timer = (NEVER, 0)

    def _timer_ends(self, time: int, key: int) -> None:
        if (time, key) != self._next_timer:
            return  # overtaken by an earlier one, which has set another alarm since
        task = heappop(self.timers)[3]
        if task.waiting:
            if key >= moments.BREACH:
                self._breach(task)
            else:
                task.lead.loses_patience(task)
        self._await_timer()

    def _breach(self, task: Task) -> None:
        lead, old = task.lead, task.lead.owner
        if not task.waiting or old is None:
            return
        task.breached = True
        team = old.team
        if self.agreement.on_breach == ESCALATE:
            self.escalate(task, team)
            return
        new = self.route(team, lead, excluded=(old,))
        if new is None:
            return
        self.drop(task, team, _REASSIGNED)
        lead.former.append(old)
        lead.owner = new
        lead.prepared = False
        new.open_leads += 1
        task.length = task.expected_length()
        self.queue(task, new, team)
        self.fresh.append(task)
        self.release_lead(old)

    # Who gets what.

    def route(self, team: Team, lead: Case, *, excluded: Sequence[Rep] = ()) -> Rep | None:
        """Return the rep who gets the lead next, or None where nobody has room."""
        now = self.env._now
        segment = lead.segment
        fit = [
            rep
            for rep in team.reps
            if rep.open_leads < rep.max_leads
            and rep.starts <= now
            and rep not in excluded
            and (segment < 0 or rep.serves[segment])
        ]
        return self._pick(team, fit, lead, by_opportunities=False)

    def _pick(self, team: Team, fit: list[Rep], lead: Case, *, by_opportunities: bool) -> Rep | None:
        if not fit:
            return None
        if self.rule is not None:
            return self._ruled(self.rule, lead, fit)
        method = self.agreement.routing
        if method == LEAST_LOADED:
            if by_opportunities:
                return min(fit, key=lambda rep: (rep.open_opportunities, rep.index))
            return min(fit, key=lambda rep: (rep.open_leads, rep.index))
        if method == WEIGHTED:  # smooth weighted round robin
            duty = int(by_opportunities)
            for rep in fit:
                rep.turn_weight[duty] += rep.weight
            best = max(fit, key=lambda rep: (rep.turn_weight[duty], -rep.index))
            best.turn_weight[duty] -= sum(rep.weight for rep in fit)
            return best
        turn = (by_opportunities, lead.segment)
        last = team.turn.get(turn, -1)
        chosen = next((rep for rep in fit if rep.index > last), fit[0])
        team.turn[turn] = chosen.index
        return chosen

    @staticmethod
    def _ruled(rule: Callable[[Case, Sequence[Rep]], Rep], lead: Case, fit: list[Rep]) -> Rep:
        chosen = rule(lead, tuple(fit))
        if chosen not in fit:
            what = f"got {chosen!r} for lead {lead.i}"
            raise ValueError(f"the routing rule must return one of the reps it was given, {what}")
        return chosen

    def release_lead(self, rep: Rep) -> None:
        """Free the place of a lead that `rep` no longer owns, and give it to who waits for one."""
        rep.open_leads -= 1
        if rep.team.unassigned:
            self.assign_unassigned(rep.team)

    def assign_unassigned(self, team: Team) -> None:
        """Assign leads that wait for an owner, in list order, while there is room."""
        j = 0
        while j < len(team.unassigned):
            lead = team.unassigned[j][3]
            rep = self.route(team, lead)
            if rep is not None:
                del team.unassigned[j]
                lead.assigned_to(rep)
            elif lead.segment < 0:
                return
            else:
                j += 1

    def closer(self, lead: Case, earliest: int, length: int) -> tuple[Rep, int]:
        """Return who meets an SQL, and when: the owner where it holds both roles, else by the routing rule."""
        shop = self.shop
        team = self.teams[shop.roster.close_team]
        if lead.owner is not None and lead.owner.team is team:
            return lead.owner, lead.owner.first_slot(earliest, length, self.agreement.slot_ms)
        now = self.env._now
        free = [rep for rep in team.reps if rep.open_opportunities < rep.max_opportunities and rep.starts <= now]
        if lead.segment >= 0:
            free = [rep for rep in free if rep.serves[lead.segment]]
        if self.pooled or not free:
            return self.earliest_closer(lead, earliest, length, free)
        rep = self._pick(team, free, lead, by_opportunities=True)
        assert rep is not None
        return rep, rep.first_slot(earliest, length, self.agreement.slot_ms)

    def earliest_closer(
        self, lead: Case, earliest: int, length: int, among: Sequence[Rep] = ()
    ) -> tuple[Rep, int]:
        """Return the closer with the earliest free slot, then by index; caps do not count where all are full."""
        team = self.teams[self.shop.roster.close_team]
        reps = among or [r for r in team.reps if lead.segment < 0 or r.serves[lead.segment]] or team.reps
        slots = [(rep.first_slot(earliest, length, self.agreement.slot_ms), rep.index, rep) for rep in reps]
        when, _, rep = min(slots)
        return rep, when

    # The end.

    def log_work_in_progress(self) -> None:
        """Write a row for what is in work or waiting when the run ends."""
        for rep in self.reps:
            task = rep.task
            if task is not None:
                self.shop.log.add(task.row(rep.index, task.start, task.planned_end, _OPEN))
        for work_list in (*(rep.list for rep in self.reps), *(team.list for team in self.teams)):
            for task in work_list.tasks():
                self.shop.log.add(task.row(-1, -1, self.end, _OPEN))
