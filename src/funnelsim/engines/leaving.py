"""Reps who leave and reps who join: what somebody had who is gone goes to those who are there."""

from __future__ import annotations

from heapq import heapify
from typing import TYPE_CHECKING

from funnelsim.engines.words import IS_BETWEEN, IS_CALLED_BACK, IS_IN_WORK, IS_WAITING, MOVED, REASSIGNED
from funnelsim.engines.worklist import DEAL_WORK, MEETINGS

if TYPE_CHECKING:
    from funnelsim.engines.case import Case
    from funnelsim.engines.desk import Desk
    from funnelsim.engines.rep import Rep, Team
    from funnelsim.engines.worklist import Task, WorkList

_TOUCHED = (IS_WAITING, IS_IN_WORK, IS_BETWEEN, IS_CALLED_BACK)


def somebody_leaves(desk: Desk, team: Team) -> None:
    """Let all who leave the team at this instant be gone, and hand on what they had."""
    for rep in team.reps:
        if rep.leaves <= desk.env._now:
            rep.leave()
    hand_on(desk, team)


def somebody_joins(desk: Desk, team: Team) -> None:
    """Hand on what nobody was there for, then the leads that wait for an owner."""
    hand_on(desk, team)
    desk.assign_unassigned(team)


def hand_on(desk: Desk, team: Team) -> None:
    """Give what reps of the team have who are gone to those who are there, if anybody is: lead by lead, in order.

    Meetings are booked again by the leads themselves, in the same order, before anything else happens.
    """
    gone = [rep for rep in team.reps if rep.gone]
    if not gone or not team.is_anybody_there(desk.env._now):
        return
    waiting = [task for rep in gone for task in rep.list.tasks()]
    touches = {task.lead.i: task for task in waiting if task.work_class not in (MEETINGS, DEAL_WORK)}
    for rep in gone:
        rep.list.heaps = {}
    for _, lead in sorted(desk.shop.unfinished.items()):
        owner, closer = lead.owner, lead.closer
        if lead.state in _TOUCHED:
            if owner is not None and owner.gone and owner.team is team:
                _changes_owner(desk, lead, touches.get(lead.i))
        elif closer is not None and closer.gone and closer.team is team and (lead.task is None or lead.task.waiting):
            lead.tell(MOVED)
    for task in waiting:
        if task.work_class == DEAL_WORK:
            desk.drop(task, team, REASSIGNED)
            task.available_at = task.due_at = desk.env._now
            desk.queue(task, None, team)


def _changes_owner(desk: Desk, lead: Case, task: Task | None) -> None:
    """Give a lead, and its task if one waits, to somebody who is there."""
    old = lead.owner
    assert old is not None
    team = old.team
    new = desk.route(team, lead) or _least_loaded(team, lead)
    old.open_leads -= 1
    new.open_leads += 1
    if task is not None:
        desk.drop(task, team, REASSIGNED)
    lead.owner = new
    lead.prepared = False
    if task is not None:
        task.escalated = task.breached = False
        task.handed_on = True
        task.length = task.expected_length()
        for work_list in (new.list, team.list):
            forget(work_list, task)
        desk.queue(task, new, team)
        desk.set_timers(task)


def _least_loaded(team: Team, lead: Case) -> Rep:
    """Return who owns the fewest leads of those who are there and serve the lead's segment, or of all who are there."""
    there = [rep for rep in team.reps if rep.is_there(lead.env._now)]
    serving = [rep for rep in there if lead.segment < 0 or rep.serves[lead.segment]]
    return min(serving or there, key=lambda rep: (rep.open_leads, rep.index))


def forget(work_list: WorkList, task: Task) -> None:
    """Clear away what places the task once had in a list: it may come back to one only after it was handed on."""
    for heap in work_list.heaps.values():
        if any(entry[3] is task for entry in heap):
            heap[:] = [entry for entry in heap if entry[3] is not task]
            heapify(heap)
