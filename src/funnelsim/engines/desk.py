"""Gives out work in the total order of the model. Nothing here is drawn."""

from __future__ import annotations

from bisect import insort
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from funnelsim.engines import leaving, moments
from funnelsim.engines.log import row
from funnelsim.engines.rep import Rep, Team
from funnelsim.engines.words import MOVED, OPEN, REASSIGNED
from funnelsim.roster import DEADLINE, ESCALATE, FIFO, LEAST_LOADED, LIFO, NO_BREACH, POOL, TIER, WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from funnelsim.engines.case import Case
    from funnelsim.engines.shop import Shop
    from funnelsim.engines.worklist import Task

_STRETCH = 22  # timers wait by stretches of 2**22 ms, some 70 minutes


class Desk:
    """Gives out work at the end of each instant, and keeps reps, lists, caps and diaries."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.env = shop.env
        self.log = shop.log.add
        self.end = shop.end
        self.agreement = shop.agreement
        self.order = shop.agreement.order
        # What a class of work weighs in a key: more than any key within it.
        self.class_step = 4 if self.order == TIER else 1 << 63
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
        self.timed = self.breaches or shop.patience_ends
        # Whether every timer runs for so long that it ends after the next look.
        self.patient = not self.breaches and shop.least_patience >= 1 << _STRETCH
        self.dirty = False
        self.recent: list[Task] = []  # with timers that end after the next look
        self.next_look = 0
        self._timers: dict[int, list[tuple[int, int, Task]]] = {}  # by stretch: (time, key, task)
        self._bearing: dict[int, list[Task]] = {}  # whose patience ends in that stretch
        self._due_now: list[tuple[int, Task]] = []  # (key, task) of timers that end at this very instant
        for rep in self.reps:
            self._await_shift(rep)
            self._await_change(rep.starts, rep, moments.JOINS, leaving.somebody_joins)
            self._await_change(rep.leaves, rep, moments.LEAVES, leaving.somebody_leaves)

    # Shifts.

    def _await_shift(self, rep: Rep) -> None:
        j = rep.next_shift
        if j < len(rep.opens) and rep.opens[j] < min(self.end, rep.leaves):
            moments.Moment(self.env, moments.SHIFT_OPENS | rep.key, rep.opens[j], lambda _: self._shift_opens(rep))

    def _shift_opens(self, rep: Rep) -> None:
        closes = min(rep.closes[rep.next_shift], rep.leaves)
        rep.next_shift += 1
        rep.open = True
        if rep.task is None:
            insort(rep.team.idle, (rep.since, rep.index, rep))
            if rep.team.waiting:
                rep.team.dirty = self.dirty = True
        if closes < self.end:
            moments.Moment(self.env, moments.SHIFT_CLOSES | rep.key, closes, lambda _: self._shift_closes(rep))

    def _await_change(self, time: int, rep: Rep, number: int, change: Callable[[Desk, Team], None]) -> None:
        if 0 < time < self.end:
            moments.Moment(self.env, moments.SHIFT_OPENS | rep.key | number, time, lambda _: change(self, rep.team))

    def _shift_closes(self, rep: Rep) -> None:
        rep.open = False
        if rep.task is None:
            rep.team.idle.remove((rep.since, rep.index, rep))
        for task in rep.list.meetings():
            task.lead.tell(MOVED)
        self._await_shift(rep)

    # Lists.

    def queue_key(self, lead: Case, available_at: int, due_at: int) -> int:
        """Return the key by which the order of work sorts a task within its class."""
        order = self.order
        if order == TIER:
            return lead.tier
        if order == DEADLINE:
            return due_at
        if order == FIFO:
            return available_at
        return -available_at if order == LIFO else -lead.score

    def queue(self, task: Task, rep: Rep | None, team: Team) -> None:
        """Put a task into the list of `rep`, or of the team where it is None."""
        lead = task.lead
        task.list = work_list = team.list if rep is None else rep.list
        task.queued_at = self.env._now
        task.waiting = True
        key = task.work_class * self.class_step
        key += lead.tier if self.order == TIER else self.queue_key(lead, task.available_at, task.due_at)
        try:  # `WorkList.push`, written out: there is one of these for every touch
            room = task.length if task.work_class else 0
            heappush(work_list.heaps[room], (key, task.due_at, task.key, task))
            work_list.count += 1
        except KeyError:
            work_list.push(key, task)
        team.waiting += 1
        if team.idle:
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
        key = self.queue_key(task.lead, task.available_at, task.due_at)
        team.list.push(task.work_class * self.class_step + key, task)
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
        if self._due_now:
            due, self._due_now = self._due_now, []
            for key, task in due:
                moments.Moment(self.env, key, self.env._now, partial(self._timer_ends, task, key))

    def _serve(self, team: Team) -> None:
        now = self.env._now
        idle, shared = team.idle, team.list
        queue: list[Any] = self.env._queue
        j, idle_reps = 0, len(idle)
        while j < idle_reps and team.waiting:
            rep = idle[j][2]
            heap = rep.first_task(now) if rep.list.count or rep.reserved_from else shared.first()
            if heap is None:
                j += 1
                continue
            del idle[j]
            idle_reps -= 1
            task = heappop(heap)[3]
            task.waiting = False
            task.list.count -= 1
            team.waiting -= 1
            if task.escalated:
                team.escalated -= 1
            task.rep = rep
            task.start = now
            rep.task = task
            task.planned_end = ends = now + task.begin(rep, now)
            heappush(queue, (ends, task.ends_key, 0, task))

    def work_ends(self, task: Any) -> None:
        """Let the rep be idle again, or go home, and write down what was done."""
        rep = task.rep
        now = self.env._now
        rep.task = None
        rep.since = now
        if rep.open:
            team = rep.team
            insort(team.idle, (now, rep.index, rep))
            if team.waiting:
                team.dirty = self.dirty = True
        lead = task.lead
        # `Task.row`, written out: there is one of these for every touch.
        self.log(row(
            task.kind, lead.i, task.episode, task.attempt, task.number, rep.index, task.list.id, lead.tier, lead.score,
            task.queued_at, task.available_at, task.due_at, task.start, task.dial, now, task.result,
        ))  # fmt: skip

    # Timers of tasks that wait. Most are begun long before: only who still waits after a while is looked at closely.

    def set_timers(self, task: Task) -> None:
        """Remember when the lead's patience, and the term of the task that was just queued, run out while it waits."""
        now = self.env._now
        first = now + task.lead.queue_patience
        if self.breaches and not task.breached:
            first = min(first, max(task.due_at + 1, now))
        if first >= self.end:
            return
        if now >= self.next_look:
            stretch = (now >> _STRETCH) + 1
            self.next_look = stretch << _STRETCH
            moments.Moment(self.env, moments.BEFORE_ALL, self.next_look, self._look)
        if first >= self.next_look:
            self.recent.append(task)
        else:
            self._set_both(task)

    def _look(self, _: Any) -> None:
        recent, self.recent = self.recent, []
        for task in recent:
            if task.waiting:
                self._set_both(task)

    def _set_both(self, task: Task) -> None:
        time = task.queued_at + task.lead.queue_patience
        bearing = self._bearing.get(time >> _STRETCH)
        if bearing is not None:
            bearing.append(task)
        else:
            self._set_timer(time, moments.PATIENCE_ENDS | task.key, task)
        if self.breaches and not task.breached:
            breach = max(task.due_at + 1, self.env._now)  # at once where it waited unassigned until after that
            self._set_timer(breach, moments.BREACH | task.key, task)

    def _set_timer(self, time: int, key: int, task: Task) -> None:
        # Timers far ahead wait by stretches of time, in no order, and become events of SimPy's when theirs begins.
        now = self.env._now
        stretch = time >> _STRETCH
        if time >= self.end:
            return
        if stretch in self._timers:
            self._timers[stretch].append((time, key, task))
        elif stretch > now >> _STRETCH:
            self._timers[stretch] = [(time, key, task)]
            self._bearing[stretch] = []
            moments.Moment(self.env, moments.BEFORE_ALL, stretch << _STRETCH, lambda _: self._stretch_begins(stretch))
        elif time > now or task.queued_at < now:
            moments.Moment(self.env, key, time, partial(self._timer_ends, task, key))
        else:
            self.dirty = True
            self._due_now.append((key, task))  # once work was given out: who is served at once waits for nothing

    def _stretch_begins(self, stretch: int) -> None:
        for time, key, task in self._timers.pop(stretch):
            if task.waiting:
                moments.Moment(self.env, key, time, partial(self._timer_ends, task, key))
        for task in self._bearing.pop(stretch):
            if task.waiting:
                time, key = task.queued_at + task.lead.queue_patience, moments.PATIENCE_ENDS | task.key
                moments.Moment(self.env, key, time, partial(self._timer_ends, task, key))

    def _timer_ends(self, task: Task, key: int, _: Any) -> None:
        if task.waiting:
            if key >= moments.BREACH:
                self._breach(task)
            else:
                task.lead.loses_patience(task)

    def _breach(self, task: Task) -> None:
        lead, old = task.lead, task.lead.owner
        if not task.waiting or task.breached or old is None:
            return
        task.breached = True
        team = old.team
        if self.agreement.on_breach == ESCALATE:
            self.escalate(task, team)
            return
        new = self.route(team, lead, excluded=(old,))
        if new is None:
            return
        self.drop(task, team, REASSIGNED)
        lead.former.append(old)
        lead.owner = new
        lead.prepared = False
        new.open_leads += 1
        task.length = task.expected_length()
        if task.handed_on:
            leaving.forget(new.list, task)
        self.queue(task, new, team)
        self.set_timers(task)
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
            and not rep.gone
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
        if lead.owner is not None and lead.owner.team is team and not lead.owner.gone:
            return lead.owner, lead.owner.first_slot(earliest, length, self.agreement.slot_ms)
        now = self.env._now
        free = [rep for rep in team.reps if rep.open_opportunities < rep.max_opportunities and rep.is_there(now)]
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
        """Return the closer with the earliest free slot, then by index; caps do not count where all are full.

        Those who are gone are asked only where all are.
        """
        team = self.teams[self.shop.roster.close_team]
        stay = [rep for rep in team.reps if not rep.gone]
        reps = among or [rep for rep in stay if lead.segment < 0 or rep.serves[lead.segment]] or stay or team.reps
        slots = [(rep.first_slot(earliest, length, self.agreement.slot_ms), rep.index, rep) for rep in reps]
        when, _, rep = min(slots)
        return rep, when

    # The end.

    def log_work_in_progress(self) -> None:
        """Write a row for what is in work or waiting when the run ends."""
        for rep in self.reps:
            task = rep.task
            if task is not None:
                self.shop.log.add(task.row(rep.index, task.start, task.planned_end, OPEN))
        for work_list in (*(rep.list for rep in self.reps), *(team.list for team in self.teams)):
            for task in work_list.tasks():
                self.shop.log.add(task.row(-1, -1, self.end, OPEN))
