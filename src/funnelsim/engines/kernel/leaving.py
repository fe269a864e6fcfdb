"""Reps who leave and reps who join: what somebody had who is gone goes to those who are there.

It goes one thing a step, so that arrays can grow in between: while `G.CLOSING` is N_REPS + team (a rep has left), or
N_REPS + N_TEAMS + team (one has joined).
"""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.floor import Floor, part
from funnelsim.engines.kernel.lists import drop, enter_piece, head, queue, take_piece
from funnelsim.engines.kernel.routing import LEADS, choose, is_anybody_there, is_gone
from funnelsim.engines.kernel.rows import waiting_piece_row
from funnelsim.engines.kernel.touching import freshly_queued, lane_of
from funnelsim.engines.words import REASSIGNED
from funnelsim.records import NEVER, Row
from funnelsim.roster import LIFO, SCORE, TIER

JOINS, LEAVES = moments.JOINS, moments.LEAVES
EMAILED, REPLY = int(Row.EMAIL), int(Row.REPLY)


@part
def joins_or_leaves(s: Floor, r: int, what: int) -> None:
    """Let all who leave a team at this instant be gone, or one join; what the gone had is handed on in what follows."""
    g, rep = s.g, s.rep
    team = rep[r, R.TEAM]
    g[G.HANDED_ON] = 0
    g[G.CLOSING] = g[G.N_REPS] + team
    if what == JOINS:
        g[G.CLOSING] += g[G.N_TEAMS]
        return
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    for j in range(n):
        other = s.c[first + j]
        if rep[other, R.LEAVES] <= g[G.NOW]:
            rep[other, R.STARTS] = NEVER
            rep[other, R.SHIFTS] = 0


@part
def hand_on(s: Floor) -> int:
    """Hand on the next of what reps had who are gone; return the row of a lead whose meeting is to be moved, or -1."""
    g = s.g
    joins = g[G.CLOSING] >= g[G.N_REPS] + g[G.N_TEAMS]
    team = g[G.CLOSING] - g[G.N_REPS] - (g[G.N_TEAMS] if joins else 0)
    if is_anybody_gone(s, team) and is_anybody_there(s, team):
        while g[G.HANDED_ON] < g[G.N_LEADS]:
            c = s.slot_of[g[G.HANDED_ON]]
            g[G.HANDED_ON] += 1
            if c >= 0:
                if is_touched(s, c) and has_left(s, s.lead[c, L.OWNER], team):
                    change_owner(s, c, team)
                    return -1
                if meeting_waits(s, c) and has_left(s, s.lead[c, L.CLOSER], team):
                    return c
        if hand_on_piece(s, team):
            return -1
    g[G.CLOSING] = -1
    if joins:
        g[G.RELEASED] = 1
    return -1


@part
def is_anybody_gone(s: Floor, team: int) -> bool:
    """Return whether a rep of the team has left."""
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    gone = 0
    for j in range(n):
        gone += is_gone(s, s.c[first + j])
    return gone > 0


@part
def has_left(s: Floor, r: int, team: int) -> bool:
    """Return whether `r` is a rep who has left the team; -1 is nobody."""
    return r >= 0 and s.rep[r, R.TEAM] == team and is_gone(s, r)


@part
def is_touched(s: Floor, c: int) -> bool:
    """Return whether the lead is being called and written to."""
    stage = s.lead[c, L.STAGE]
    return stage == L.BETWEEN or stage == L.IN_LIST or stage == L.IN_REPLY


@part
def meeting_waits(s: Floor, c: int) -> bool:
    """Return whether the lead has a meeting that was not begun."""
    stage = s.lead[c, L.STAGE]
    return stage == L.BEFORE_MEETING or (stage == L.IN_MEETING and s.lead[c, L.WAITING] != 0)


@part
def change_owner(s: Floor, c: int, team: int) -> None:
    """Give a lead, and its task if one waits, to somebody who is there."""
    lead = s.lead
    new = choose(s, team, lead[c, L.SEGMENT], LEADS, -1, -1)
    if new < 0:
        new = least_loaded(s, c, team)
    s.rep[lead[c, L.OWNER], R.LEADS] -= 1
    if lead[c, L.WAITING] != 0:
        lead[c, L.BREACHED] = 0
        change_list(s, c, new)
    else:
        lead[c, L.OWNER] = new
        lead[c, L.PREPARED] = 0
        s.rep[new, R.LEADS] += 1


@part
def least_loaded(s: Floor, c: int, team: int) -> int:
    """Return who owns the fewest leads of those who are there and serve the lead's segment, or of all who are there."""
    rep, segment = s.rep, s.lead[c, L.SEGMENT]
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    best = -1
    for all_of_them in range(2):
        for j in range(n):
            r = s.c[first + j]
            if rep[r, R.STARTS] > s.g[G.NOW]:
                continue
            if all_of_them == 0 and segment >= 0 and s.c[rep[r, R.SERVES] + segment] == 0:
                continue
            if best < 0 or rep[r, R.LEADS] < rep[best, R.LEADS]:
                best = r
        if best >= 0:
            break
    return best


@part
def change_list(s: Floor, c: int, new: int) -> None:
    """Let the lead go, with the task that waits, to a new owner, who is to prepare; no escalation outlasts it."""
    g, lead = s.g, s.lead
    team = g[G.TOUCH_TEAM]
    drop(s, c, team, REASSIGNED)
    lead[c, L.OWNER] = new
    lead[c, L.PREPARED] = lead[c, L.ESCALATED] = 0
    s.rep[new, R.LEADS] += 1
    g[G.SERIAL] += 1
    lead[c, L.TASK] = g[G.SERIAL]  # what places it once had, and its timers, count no more
    lane = lead[c, L.LANE]
    first = N.LATER if lane >= N.LATER else N.FIRST if lane >= N.FIRST else N.CALLBACKS
    by_mail = lead[c, L.KIND] == EMAILED or lead[c, L.KIND] == REPLY
    lead[c, L.LANE] = lane_of(s, c, first, by_mail)
    queue(s, c, new, team)
    freshly_queued(s, c)


@part
def hand_on_piece(s: Floor, team: int) -> bool:
    """Move a piece of deal work from the list of somebody who is gone to that of the team; False where none waits."""
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    for j in range(n):
        r = s.c[first + j]
        if is_gone(s, r):
            for lane in (N.PIECES, N.REST):
                entry = head(s, r, lane)
                if entry >= 0:
                    move_piece(s, entry, s.g[G.N_REPS] + team)
                    return True
    return False


@part
def move_piece(s: Floor, entry: int, work_list: int) -> None:
    """Let a piece of deal work stand in another list, as new."""
    node, now, order = s.node, s.g[G.NOW], s.g[G.ORDER]
    waiting_piece_row(s, entry, now, REASSIGNED)
    take_piece(s, entry)
    key = now
    if order == TIER:
        key = node[entry, N.TIER]
    elif order == LIFO:
        key = -now
    elif order == SCORE:
        key = -node[entry, N.SCORE]
    new = enter_piece(s, work_list, node[entry, N.LENGTH], node[entry, N.TIER], key, node[entry, N.WHO])
    for column in (N.EPISODE, N.ATTEMPT, N.TIER, N.SCORE):
        node[new, column] = node[entry, column]
