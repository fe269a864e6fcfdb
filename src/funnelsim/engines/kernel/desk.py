"""The desk: gives out work at the end of each instant, and hears when it ends."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.events import await_event, set_event
from funnelsim.engines.kernel.floor import (
    EPISODE_SHIFT,
    INDEX_SHIFT,
    NUMBER_MASK,
    Floor,
    MeetingLuck,
    TouchLuck,
    hot,
    part,
)
from funnelsim.engines.kernel.hints import fetch, rarely
from funnelsim.engines.kernel.hours import productivity, ramped
from funnelsim.engines.kernel.leaving import change_list, hand_on
from funnelsim.engines.kernel.lists import escalate, first_task, head, leave, no_longer_waits, take_piece
from funnelsim.engines.kernel.routing import choose, release_lead
from funnelsim.engines.kernel.rows import piece_row, task_row
from funnelsim.engines.kernel.talks import begin_meeting, begin_reply, begin_touch
from funnelsim.engines.kernel.touching import former_owner
from funnelsim.records import Result, Row
from funnelsim.roster import ESCALATE

DONE, REPLY = int(Result.DONE), int(Row.REPLY)
TOUCH_ENDS, MEETING_ENDS, DEAL_WORK_ENDS = moments.TOUCH_ENDS, moments.MEETING_ENDS, moments.DEAL_WORK_ENDS
BREACH, PATIENCE_ENDS = moments.BREACH, moments.PATIENCE_ENDS
SHIFT_OPENS, SHIFT_CLOSES = moments.SHIFT_OPENS, moments.SHIFT_CLOSES


# Who is idle.


@part
def idle_from(s: Floor) -> int:
    """Return from which column on the idle reps stand in the row of a team."""
    return T.TURNS + 2 * (s.g[G.SEGMENTS] + 1)


@hot
def is_idle(s: Floor, r: int) -> None:
    """Let a rep stand among the idle of the team, the longest idle first."""
    rep, team = s.rep, s.team
    j, since = rep[r, R.TEAM], rep[r, R.SINCE]
    idle = idle_from(s)
    at = team[j, T.IDLE]
    team[j, T.IDLE] = at + 1
    while at > 0:
        other = team[j, idle + at - 1]
        if rep[other, R.SINCE] < since or (rep[other, R.SINCE] == since and other < r):
            break
        team[j, idle + at] = other
        at -= 1
    team[j, idle + at] = r
    team[j, T.DIRTY] = 1
    s.g[G.DIRTY] = 1


@hot
def is_idle_no_more(s: Floor, j: int, at: int) -> None:
    """Take the rep at place `at` out of the idle of team `j`."""
    team = s.team
    idle = idle_from(s)
    team[j, T.IDLE] -= 1
    for k in range(at, team[j, T.IDLE]):
        team[j, idle + k] = team[j, idle + k + 1]


# Shifts.


@part
def await_shift(s: Floor, r: int) -> None:
    """Let the next shift of a rep open."""
    rep = s.rep
    if rep[r, R.NEXT_SHIFT] < rep[r, R.SHIFTS]:
        opens = s.c[rep[r, R.OPENS] + rep[r, R.NEXT_SHIFT]]
        if opens < rep[r, R.LEAVES]:
            await_event(s, opens, SHIFT_OPENS | (r << INDEX_SHIFT), 0)


@part
def shift_opens(s: Floor, r: int) -> None:
    """Let a rep begin the day."""
    rep = s.rep
    closes = min(s.c[rep[r, R.OPENS] + rep[r, R.SHIFTS] + rep[r, R.NEXT_SHIFT]], rep[r, R.LEAVES])
    rep[r, R.NEXT_SHIFT] += 1
    rep[r, R.OPEN] = 1
    if rep[r, R.IN_HAND] == R.NOTHING:
        is_idle(s, r)
    await_event(s, closes, SHIFT_CLOSES | (r << INDEX_SHIFT), 0)


@part
def shift_closes(s: Floor, r: int) -> None:
    """Let a rep end the day; what meetings were not begun will be moved."""
    rep, team = s.rep, s.team
    rep[r, R.OPEN] = 0
    if rep[r, R.IN_HAND] == R.NOTHING:
        j = rep[r, R.TEAM]
        idle = idle_from(s)
        at = 0
        while team[j, idle + at] != r:
            at += 1
        is_idle_no_more(s, j, at)
    s.g[G.CLOSING] = r


@part
def to_be_moved(s: Floor) -> int:
    """Return the row of the first lead whose meeting was not begun by the end of the shift; -1 after the last.

    Or that of the next lead whose closer is gone, while what the gone had is handed on.
    """
    r = s.g[G.CLOSING]
    if r >= s.g[G.N_REPS]:
        return hand_on(s)
    entry = head(s, r, N.MEETINGS)
    if entry >= 0:
        return s.slot_of[s.node[entry, N.WHO] >> EPISODE_SHIFT]
    s.g[G.CLOSING] = -1
    await_shift(s, r)
    return -1


# Work.


@hot
def next_start(s: Floor, j: int, at: int) -> int:
    """Look, from place `at` of the idle of a team on, for one whom some task fits; return the place, or -1.

    The entry that was found, its list and its lane are put down in `g`.
    """
    team = s.team
    now = s.g[G.NOW]
    idle = idle_from(s)
    while team[j, T.WAITING] > 0 and at < team[j, T.IDLE]:
        entry = first_task(s, team[j, idle + at], now)
        if entry >= 0:
            s.g[G.FOUND] = entry
            return at
        at += 1
    return -1


@hot
def fetch_next(s: Floor, luck: TouchLuck, work_list: int, lane: int) -> None:
    """Ask early for what the next task of a lane will look up."""
    for queue_of in range(N.FIRSTS + 3 * lane, N.FIRSTS + 3 * lane + 3):
        entry = s.lists[work_list, queue_of]
        if entry >= 0:
            who = s.node[entry, N.WHO]
            i, k = who >> EPISODE_SHIFT, who & NUMBER_MASK
            c = s.slot_of[i]
            fetch(s.lead, (c, 0))
            fetch(s.lead, (c, 8))
            fetch(s.lead, (c, 24))
            fetch(s.lead, (c, 32))
            fetch(luck.annoyed, (k, i))
            fetch(luck.connect_until, (k, i))
            fetch(luck.call_ms, (k, i))
            fetch(luck.talk_ms, (k, i))


@hot
def start(s: Floor, touch_luck: TouchLuck, meeting_luck: MeetingLuck, r: int) -> None:
    """Let a rep begin the work that was found."""
    g, rep, node, lead = s.g, s.rep, s.node, s.lead
    now, lane, entry = g[G.NOW], g[G.FOUND_LANE], g[G.FOUND]
    who = node[entry, N.WHO]
    i = who >> EPISODE_SHIFT
    rep[r, R.ON] = i
    rep[r, R.START] = now
    if rarely(lane == N.PIECES or lane == N.REST):
        number = who & NUMBER_MASK
        rep[r, R.IN_HAND] = R.DEAL_WORK
        rep[r, R.NUMBER] = number
        rep[r, R.EPISODE] = node[entry, N.EPISODE]
        rep[r, R.ATTEMPT] = node[entry, N.ATTEMPT]
        rep[r, R.TIER] = node[entry, N.TIER]
        rep[r, R.SCORE] = node[entry, N.SCORE]
        rep[r, R.QUEUED] = node[entry, N.QUEUED]
        rep[r, R.FROM] = node[entry, N.LIST]
        takes = ramped(node[entry, N.LENGTH], productivity(s, r, now))
        key = DEAL_WORK_ENDS | (i << INDEX_SHIFT) | (node[entry, N.EPISODE] << EPISODE_SHIFT) | number
        take_piece(s, entry)
    else:
        c = s.slot_of[i]
        no_longer_waits(s, c, rep[r, R.TEAM])
        leave(s, g[G.FOUND_LIST], lane, entry)
        lead[c, L.START] = now
        fetch_next(s, touch_luck, g[G.FOUND_LIST], lane)
        key = (i << INDEX_SHIFT) | (lead[c, L.TASK_EPISODE] << EPISODE_SHIFT) | lead[c, L.NUMBER]
        if rarely(lane == N.MEETINGS):
            rep[r, R.IN_HAND] = R.MEETING
            takes = begin_meeting(s, touch_luck, meeting_luck, c)
            key |= MEETING_ENDS
        else:
            rep[r, R.IN_HAND] = R.TOUCH
            if rarely(lead[c, L.KIND] == REPLY):
                takes = begin_reply(s, touch_luck, c, r)
            else:
                takes = begin_touch(s, touch_luck, c, r)
            key |= TOUCH_ENDS
    rep[r, R.PLANNED_END] = now + takes
    set_event(s, now + takes, key, r)


@hot
def work_ends(s: Floor, r: int) -> None:
    """Write down the work that a rep has done, and let the rep be idle."""
    g, rep = s.g, s.rep
    in_hand = rep[r, R.IN_HAND]
    rep[r, R.IN_HAND] = R.NOTHING
    rep[r, R.SINCE] = g[G.NOW]
    if rep[r, R.OPEN] != 0:
        is_idle(s, r)
    if rarely(in_hand == R.DEAL_WORK):
        piece_row(s, r, g[G.NOW], DONE)
    else:
        c = s.slot_of[rep[r, R.ON]]
        task_row(s, c, r, s.lead[c, L.START], g[G.NOW], s.lead[c, L.RESULT])


# Timers.


@hot
def set_timers(s: Floor) -> None:
    """Set the timers of those that were queued at this instant and must wait."""
    g, lead = s.g, s.lead
    for n in range(g[G.FRESH]):
        i, task = s.fresh[n, 0], s.fresh[n, 1]
        c = s.slot_of[i]
        if c < 0 or lead[c, L.TASK] != task or lead[c, L.WAITING] == 0:
            continue
        key = (i << INDEX_SHIFT) | (lead[c, L.TASK_EPISODE] << EPISODE_SHIFT) | lead[c, L.NUMBER]
        await_event(s, lead[c, L.QUEUED] + lead[c, L.QUEUE_PATIENCE], PATIENCE_ENDS | key, task)
        if g[G.ON_BREACH] != 0 and lead[c, L.BREACHED] == 0:
            # At once where it waited unassigned until after that.
            await_event(s, max(lead[c, L.TASK_DUE] + 1, g[G.NOW]), BREACH | key, task)
    g[G.FRESH] = 0


@part
def breach(s: Floor, c: int) -> None:
    """Escalate a task that is late, or give it to somebody else."""
    g, lead = s.g, s.lead
    team, old = g[G.TOUCH_TEAM], lead[c, L.OWNER]
    if lead[c, L.BREACHED] != 0:
        return
    lead[c, L.BREACHED] = 1
    if g[G.ON_BREACH] == ESCALATE:
        escalate(s, c, team)
        return
    new = choose(s, team, lead[c, L.SEGMENT], 0, old, -1)
    if new < 0:
        return
    former_owner(s, c, old)
    change_list(s, c, new)
    release_lead(s, old)
