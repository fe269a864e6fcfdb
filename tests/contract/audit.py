"""Conservation: what must hold on the floor after every instant. Reads the desk's own books against each other."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from itertools import pairwise
from typing import Any

from funnelsim.engines.prospect import Prospect
from funnelsim.engines.rep import Rep, Team
from funnelsim.engines.shop import Shop
from funnelsim.engines.worklist import DEAL_WORK, MEETINGS, Task, WorkList
from funnelsim.records import NEVER, State

TOUCHING = (State.WAITING, State.IN_WORK, State.BETWEEN_TOUCHES, State.CALLED_BACK)
CLOSING = (State.MEETING_BOOKED, State.OPPORTUNITY)
AT_REST = (State.MARKETING, State.SYNCING, State.NURTURE)


def standing(work_list: WorkList, *, own: bool) -> list[Task]:
    """Return the tasks that wait in a list: those that belong there, or those escalated to it from another."""
    entries = [entry[3] for heap in work_list.heaps.values() for entry in heap]
    tasks = [t for t in entries if t.waiting and ((t.list is work_list) == own) and (own or t.escalated)]
    assert len(tasks) == len({id(t) for t in tasks}), f"list {work_list.id} holds a task twice"
    return tasks


class Audit:
    """Called after every instant; `stays` integrates the length of every list, so that Little's law can be asked."""

    def __init__(self) -> None:
        self.instants = 0
        self.now = -1
        self.lists: dict[int, WorkList] = {}
        self.booked: dict[int, int] = defaultdict(int)  # open opportunities by rep, after the instant before
        self.lengths: list[tuple[int, dict[int, int]]] = []  # (from this instant on, length by list id)

    def new_list(self, list_id: int) -> WorkList:
        """Return a list of the engine's own kind, and remember it."""
        assert list_id not in self.lists
        self.lists[list_id] = WorkList(list_id)
        return self.lists[list_id]

    def __call__(self, shop: Shop) -> None:
        now = shop.env._now
        assert self.now < now < shop.end, "instants rise, and none lies at or after the end"
        self.now = now
        self.instants += 1
        floor = _Floor(shop, now)
        floor.check_lists()
        for prospect in shop.unfinished.values():
            floor.check_prospect(prospect)
        floor.check_nobody_is_left_over()
        for rep in shop.desk.reps:
            floor.check_rep(rep)
        self.booked = floor.check_opportunities(self.booked)
        lengths = {work_list.id: len(standing(work_list, own=True)) for work_list in self.lists.values()}
        lengths[shop.unassigned_list] = len(shop.touch_team.unassigned)
        self.lengths.append((now, lengths))

    def integral(self, list_id: int, a: int, b: int) -> int:
        """Return the ms x tasks that stood in a list over [a, b), from its length after each instant."""
        total = 0
        ends = [t for t, _ in self.lengths[1:]] + [NEVER]
        for (begins, lengths), ends_at in zip(self.lengths, ends, strict=True):
            total += max(0, min(ends_at, b) - max(begins, a)) * lengths.get(list_id, 0)
        return total


class _Floor:
    """The desk at one instant."""

    def __init__(self, shop: Shop, now: int) -> None:
        self.shop, self.now = shop, now
        self.waiting: dict[int, list[Task]] = defaultdict(list)
        self.working: dict[int, list[Task]] = defaultdict(list)
        for rep in shop.desk.reps:
            for task in standing(rep.list, own=True):
                self.waiting[task.lead.i].append(task)
            if rep.task is not None:
                self.working[rep.task.lead.i].append(rep.task)
        for team in shop.desk.teams:
            for task in standing(team.list, own=True):
                self.waiting[task.lead.i].append(task)
        self.owned: dict[int, list[Prospect]] = defaultdict(list)
        self.closing: dict[int, list[Prospect]] = defaultdict(list)
        self.touches_met = self.meetings_met = 0

    def check_lists(self) -> None:
        """A team's counts are the sums of its lists'; a task stands in one list, escalated ones in the team's too."""
        for team in self.shop.desk.teams:
            lists = [team.list, *(rep.list for rep in team.reps)]
            for work_list in lists:
                assert work_list.count == len(standing(work_list, own=True)), f"count of list {work_list.id}"
            assert team.waiting == sum(work_list.count for work_list in lists)
            escalated = [t for rep in team.reps for t in standing(rep.list, own=True) if t.escalated]
            assert team.escalated == len(escalated)
            assert {id(t) for t in escalated} == {id(t) for t in standing(team.list, own=False)}
            for rep in team.reps:
                assert not standing(rep.list, own=False), "nothing is escalated to a single rep"
        places = [place[3].i for team in self.shop.desk.teams for place in team.unassigned]
        assert len(places) == len(set(places))
        for i in places:
            assert self.shop.unfinished[i].state == State.UNASSIGNED
        for team in self.shop.desk.teams:
            for place in team.unassigned:
                room = [rep.index for rep in team.reps if self.has_room(rep, place[3].segment)]
                assert not room, f"lead {place[2]} is unassigned at {self.now} while reps {room} have room"

    def has_room(self, rep: Rep, segment: int) -> bool:
        """Return whether the rep could take one more lead of that segment."""
        serves = segment < 0 or rep.serves[segment]
        return bool(serves and rep.starts <= self.now < rep.leaves and rep.open_leads < rep.max_leads)

    def check_prospect(self, p: Prospect) -> None:
        """A lead is in exactly one state, and the desk agrees."""
        state, where = State(p.state), f"lead {p.i} at {self.now}, {State(p.state).name}"
        waiting = [t for t in self.waiting[p.i] if t.work_class not in (MEETINGS, DEAL_WORK)]
        working = [t for t in self.working[p.i] if t.work_class not in (MEETINGS, DEAL_WORK)]
        meetings = [t for t in self.waiting[p.i] + self.working[p.i] if t.work_class == MEETINGS]
        self.touches_met += len(waiting) + len(working)
        self.meetings_met += len(meetings)
        unassigned = [place for place in self.shop.touch_team.unassigned if place[3] is p]
        assert len(waiting) == (state == State.WAITING), where
        assert len(working) == (state == State.IN_WORK), where
        assert len(unassigned) == (state == State.UNASSIGNED), where
        assert len(meetings) <= (state in CLOSING), where
        assert p.since <= self.now, where
        assert state < State.WON, where
        assert p.k <= self.shop.rules.max_touches, where
        assert p.m <= self.shop.rules.max_meetings, where
        if state in AT_REST:
            assert p.owner is None, where
            assert p.closer is None, where
            assert not waiting + working + meetings, where
        if state in TOUCHING:
            assert p.attempt <= p.terms.attempts, where
            assert (p.owner is None) == self.shop.desk.pooled, where
            if p.owner is not None:
                self.owned[p.owner.index].append(p)
            for task in waiting:
                expected = self.shop.touch_team.list if p.owner is None else p.owner.list
                assert task.list is expected, where
                assert task.queued_at <= self.now, where
                assert p.queue_patience == NEVER or self.now < task.queued_at + p.queue_patience, where
            for task in working:
                assert task.rep is not None, where
                assert p.owner is None or task.rep is p.owner or task.escalated or task.rep.gone, where
                assert self.shop.agreement.on_breach == 1 or not task.escalated, where
        if state in CLOSING and not self.shop.rules.closes_by_delay:
            assert p.closer is not None, where
            self.closing[p.closer.index].append(p)
            for task in meetings:
                assert task.list is p.closer.list, where
                assert p.reserved <= self.now, where

    def check_nobody_is_left_over(self) -> None:
        """Whatever waits or is worked on belongs to a lead in the state that says so; deal work may outlive a deal."""
        everything = [t for tasks in (*self.waiting.values(), *self.working.values()) for t in tasks]
        touches = [t for t in everything if t.work_class not in (MEETINGS, DEAL_WORK)]
        meetings = [t for t in everything if t.work_class == MEETINGS]
        assert len(touches) == self.touches_met
        assert len(meetings) == self.meetings_met

    def check_rep(self, rep: Rep) -> None:
        """Caps, diary and hours agree with the leads; nobody who is free leaves work that fits."""
        now, team, where = self.now, rep.team, f"rep {rep.index} at {self.now}"
        owned, closing = self.owned[rep.index], self.closing[rep.index]
        assert rep.open_leads == len(owned), where
        assert rep.open_opportunities == len(closing), where
        # A lead sent back by its closer returns to its caller whatever the cap; so are those of who is gone handed on.
        returned = sum(1 for p in owned if p.met_at >= 0)
        assert rep.open_leads <= rep.max_leads + returned or any(other.gone for other in team.reps), where
        assert rep.gone == (rep.leaves <= now), where
        if rep.gone:
            assert not rep.open, where
        if rep.gone and any(other.starts <= now < other.leaves for other in team.reps):
            assert not owned, f"{where} is gone and owns leads while others are there"
            assert not standing(rep.list, own=True), f"{where} is gone and has tasks while others are there"
            met = [] if rep.task is None or rep.task.work_class != MEETINGS else [rep.task.lead]
            assert closing == met, f"{where} is gone and has meetings to come while others are there"
        ahead = sorted(p.reserved for p in closing if p.reserved > now)
        assert ahead == [t for t in rep.reserved_from if t > now], where
        real = [(a, b) for a, b in zip(rep.reserved_from, rep.reserved_to, strict=True) if a < NEVER]
        assert all(a[1] <= b[0] for a, b in pairwise(real)), where
        shift = bisect_right(rep.opens, now) - 1
        is_open = shift >= 0 and now < rep.closes[shift]
        assert rep.open == is_open, where
        idle = [entry for entry in team.idle if entry[2] is rep]
        assert len(idle) == (is_open and rep.task is None), where
        if idle:
            assert idle[0][:2] == (rep.since, rep.index), where
            assert not [t for t in _within_reach(rep, team) if self.fits(t, rep)], f"{where} is idle beside work"

    def check_opportunities(self, before: dict[int, int]) -> dict[int, int]:
        """A closer goes over its cap only where everybody who could take the meeting is at it; return the counts.

        Not asked where the model lets a lead pass the cap: it books itself, stays with its owner, or was not met in
        time; nor with segments, where each lead has its own closers.
        """
        shop, team = self.shop, self.shop.close_team
        agreement = shop.agreement
        exempt = agreement.self_scheduling or agreement.accept_within is not None or shop.segments is not None
        for rep in team.reps:
            over = rep.open_opportunities > max(rep.max_opportunities, before[rep.index])
            if over and not exempt and team is not shop.touch_team:
                for other in team.reps:
                    full = other.open_opportunities >= other.max_opportunities
                    freed = other.open_opportunities < before[other.index]
                    absent = other.starts > self.now or other.gone
                    assert full or freed or absent, f"rep {rep.index} at {self.now} is over its cap"
        return {rep.index: rep.open_opportunities for rep in shop.desk.reps}

    def fits(self, task: Any, rep: Rep) -> bool:
        """Return whether the rep could begin the task before its next reservation."""
        ahead = [t for t in rep.reserved_from if t > self.now]
        if task.work_class == MEETINGS or not ahead:
            return True
        permille = [p for t, p in zip(rep.ramp_from, rep.ramp_permille, strict=True) if t <= self.now][-1]
        return -(-task.expected_length() * 1000 // permille) <= ahead[0] - self.now


def _within_reach(rep: Rep, team: Team) -> list[Task]:
    return standing(rep.list, own=True) + standing(team.list, own=True) + standing(team.list, own=False)
