"""Work lists: who stands in them, and what is served next."""

from __future__ import annotations

from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.diary import room
from funnelsim.engines.kernel.floor import EPISODE_SHIFT, Floor, hot, part
from funnelsim.engines.kernel.heaps import before, meld, without_root
from funnelsim.engines.kernel.hints import lowest_bit, rarely
from funnelsim.engines.kernel.hours import productivity, ramped
from funnelsim.engines.kernel.rows import task_row, waiting_piece_row
from funnelsim.engines.words import DROPPED
from funnelsim.records import ALWAYS
from funnelsim.roster import DEADLINE, FIFO, LIFO, TIER


@part
def queue_key(s: Floor, c: int, available_at: int, due_at: int) -> int:
    """Return the key by which the order of work sorts a task within its class."""
    order = s.g[G.ORDER]
    if order == DEADLINE:
        return due_at
    if order == TIER:
        return s.lead[c, L.TIER]
    if order == FIFO:
        return available_at
    return -available_at if order == LIFO else -s.lead[c, L.SCORE]


@hot
def enter(s: Floor, work_list: int, lane: int, tier: int, key: int, due: int, who: int, task: int) -> int:
    """Add an entry to a list, and return it."""
    g, node, lists = s.g, s.node, s.lists
    new = g[G.FREE_NODE]
    if new >= 0:
        g[G.FREE_NODE] = node[new, N.NEXT]
    else:
        new = g[G.NODES]
        g[G.NODES] = new + 1
    node[new, N.KEY] = key
    node[new, N.DUE] = due
    node[new, N.WHO] = who
    node[new, N.TASK] = task
    node[new, N.CHILD] = -1
    node[new, N.NEXT] = -1
    node[new, N.LANE] = lane
    lists[work_list, N.MASK] |= 1 << lane
    first, last = N.FIRSTS + 3 * lane + tier, N.LASTS + 3 * lane + tier
    if lane == N.REST:  # of any length: looked through from the root on
        lists[work_list, N.ROOTS + lane] = meld(node, lists[work_list, N.ROOTS + lane], new)
    elif lists[work_list, first] < 0:
        node[new, N.CHILD] = N.QUEUED_AS - tier
        lists[work_list, first] = lists[work_list, last] = new
    elif not before(node, new, lists[work_list, last]):
        node[new, N.CHILD] = N.QUEUED_AS - tier
        node[lists[work_list, last], N.NEXT] = new
        lists[work_list, last] = new
    else:
        lists[work_list, N.ROOTS + lane] = meld(node, lists[work_list, N.ROOTS + lane], new)
    return new


@hot
def leave(s: Floor, work_list: int, lane: int, entry: int) -> None:
    """Take the first entry of a lane, or of one of its queues, off a list."""
    g, node, lists = s.g, s.node, s.lists
    if node[entry, N.CHILD] <= N.QUEUED_AS:
        lists[work_list, N.FIRSTS + 3 * lane + N.QUEUED_AS - node[entry, N.CHILD]] = node[entry, N.NEXT]
    else:
        lists[work_list, N.ROOTS + lane] = without_root(node, entry)
    node[entry, N.LANE] = N.FREE
    node[entry, N.NEXT] = g[G.FREE_NODE]
    g[G.FREE_NODE] = entry


@hot
def stands(s: Floor, work_list: int, entry: int) -> bool:
    """Return whether what an entry stands for still waits, in this list or escalated to it."""
    node, lead = s.node, s.lead
    lane = node[entry, N.LANE]
    if lane == N.PIECES or lane == N.REST:
        return node[entry, N.TASK] != 0
    c = s.slot_of[node[entry, N.WHO] >> EPISODE_SHIFT]
    if c < 0 or lead[c, L.TASK] != node[entry, N.TASK]:
        return False
    if work_list >= s.g[G.N_REPS] + s.g[G.N_TEAMS]:
        return lead[c, L.STAGE] == L.UNASSIGNED
    return lead[c, L.WAITING] != 0 and (lead[c, L.LIST] == work_list or lead[c, L.ESCALATED] != 0)


@part
def head(s: Floor, work_list: int, lane: int) -> int:
    """Return the first entry of a lane that still stands for something, or -1; those before it are cleared away."""
    lists = s.lists
    while True:
        entry = lists[work_list, N.ROOTS + lane]
        for queue_of in range(N.FIRSTS + 3 * lane, N.FIRSTS + 3 * lane + 3):
            first = lists[work_list, queue_of]
            if first >= 0 and (entry < 0 or before(s.node, first, entry)):
                entry = first
        if entry < 0:
            lists[work_list, N.MASK] &= ~(1 << lane)
            return -1
        if stands(s, work_list, entry):
            return entry
        leave(s, work_list, lane, entry)


@hot
def head_that_fits(s: Floor, work_list: int, lane: int, space: int, permille: int) -> int:
    """Return the first entry of a lane that fits into `space`, or -1."""
    first = head(s, work_list, lane)
    if first < 0 or space == ALWAYS or lane == N.MEETINGS:
        return first
    if lane != N.REST:
        length = s.g[G.SLOT]
        if lane >= N.LATER:
            length = s.g[G.LENGTHS + lane - N.LATER]
        elif lane >= N.FIRST:
            length = s.g[G.LENGTHS + lane - N.FIRST]
        elif lane < N.PIECES:
            length = s.g[G.LENGTHS + lane - N.CALLBACKS]
        return first if ramped(length, permille) <= space else -1
    if ramped(s.lists[work_list, N.SHORTEST], permille) > space:
        return -1
    # Pieces of any length: walk the heap, and no further where what has been found is served before.
    node, scratch = s.node, s.scratch
    best, left, shortest = -1, 1, ALWAYS
    scratch[0] = first
    while left > 0:
        left -= 1
        entry = scratch[left]
        if node[entry, N.NEXT] >= 0:
            scratch[left] = node[entry, N.NEXT]
            left += 1
        if best >= 0 and before(node, best, entry):
            continue
        if node[entry, N.TASK] != 0:
            shortest = min(shortest, node[entry, N.LENGTH])
            if ramped(node[entry, N.LENGTH], permille) <= space:
                best = entry
                continue
        if node[entry, N.CHILD] >= 0:
            scratch[left] = node[entry, N.CHILD]
            left += 1
    if best < 0:
        s.lists[work_list, N.SHORTEST] = shortest
    return best


@part
def class_of(lane: int) -> int:
    """Return the class of work of a lane."""
    if lane < N.PIECES:
        return 0 if lane < N.CALLBACKS else 1
    if lane < N.FIRST:
        return 2
    return 3 if lane < N.LATER else 4


@hot
def first_task(s: Floor, r: int, now: int) -> int:
    """Return the entry that a rep takes next from its own and its team's list, or -1; where it stands is put down."""
    g, lists = s.g, s.lists
    shared = g[G.N_REPS] + s.rep[r, R.TEAM]
    own = lists[r, N.COUNT] > 0
    others = lists[shared, N.COUNT] > 0 or s.team[s.rep[r, R.TEAM], T.ESCALATED] > 0
    mask = (lists[r, N.MASK] if own else 0) | (lists[shared, N.MASK] if others else 0)
    space, permille = ALWAYS, 1000
    if rarely(s.rep[r, R.RESERVED] > 0):
        space = room(s, r, now)
        if space < ALWAYS:
            permille = productivity(s, r, now)
    best, best_class = -1, -1
    while mask != 0:
        lane = lowest_bit(mask)
        mask &= mask - 1
        if best >= 0 and class_of(lane) != best_class:
            break
        for work_list in (r, shared):
            if (lists[work_list, N.MASK] >> lane) & 1 == 0:
                continue
            entry = head_that_fits(s, work_list, lane, space, permille)
            if entry >= 0 and (best < 0 or before(s.node, entry, best)):
                best, best_class = entry, class_of(lane)
                g[G.FOUND_LIST], g[G.FOUND_LANE] = work_list, lane
    return best


@part
def queue(s: Floor, c: int, rep: int, team: int) -> None:
    """Put the lead's task into the list of a rep, or of the team where it is -1."""
    g, lead = s.g, s.lead
    work_list = rep if rep >= 0 else g[G.N_REPS] + team
    lead[c, L.LIST] = work_list
    lead[c, L.QUEUED] = g[G.NOW]
    lead[c, L.WAITING] = 1
    due = lead[c, L.TASK_DUE]
    who = (lead[c, L.INDEX] << EPISODE_SHIFT) | lead[c, L.NUMBER]
    key = queue_key(s, c, lead[c, L.TASK_AVAILABLE], due)
    enter(s, work_list, lead[c, L.LANE], lead[c, L.TIER], key, due, who, lead[c, L.TASK])
    s.lists[work_list, N.COUNT] += 1
    s.team[team, T.WAITING] += 1
    s.team[team, T.DIRTY] = 1
    g[G.DIRTY] = 1


@hot
def no_longer_waits(s: Floor, c: int, team: int) -> None:
    """Take the lead's task out of the count of those that wait; its entry is cleared away later."""
    lead = s.lead
    lead[c, L.WAITING] = 0
    s.lists[lead[c, L.LIST], N.COUNT] -= 1
    s.team[team, T.WAITING] -= 1
    s.team[team, T.ESCALATED] -= lead[c, L.ESCALATED]


@part
def drop(s: Floor, c: int, team: int, result: int) -> None:
    """Take the lead's waiting task off its list; the log says why."""
    no_longer_waits(s, c, team)
    task_row(s, c, -1, -1, s.g[G.NOW], result)


@part
def escalate(s: Floor, c: int, team: int) -> None:
    """Let the lead's task also stand in the team's list."""
    g, lead = s.g, s.lead
    lead[c, L.ESCALATED] = 1
    due = lead[c, L.TASK_DUE]
    who = (lead[c, L.INDEX] << EPISODE_SHIFT) | lead[c, L.NUMBER]
    key = queue_key(s, c, lead[c, L.TASK_AVAILABLE], due)
    enter(s, g[G.N_REPS] + team, lead[c, L.LANE], lead[c, L.TIER], key, due, who, lead[c, L.TASK])
    s.team[team, T.ESCALATED] += 1
    s.team[team, T.DIRTY] = 1
    g[G.DIRTY] = 1


# Deal work: a piece has no record of its own but its entry; those of a lead form a chain.


@part
def enter_piece(s: Floor, work_list: int, length: int, tier: int, key: int, who: int) -> int:
    """Put a piece of deal work of a length into a list, and return its entry."""
    g, node = s.g, s.node
    now = g[G.NOW]
    lane = N.PIECES
    if length != g[G.SLOT]:
        lane = N.REST
        if s.lists[work_list, N.ROOTS + N.REST] < 0 or length < s.lists[work_list, N.SHORTEST]:
            s.lists[work_list, N.SHORTEST] = length
    new = enter(s, work_list, lane, tier, key, now, who, 1)
    node[new, N.LENGTH] = length
    node[new, N.LIST] = work_list
    node[new, N.QUEUED] = now
    node[new, N.PREVIOUS_PIECE] = node[new, N.NEXT_PIECE] = -1
    c = s.slot_of[who >> EPISODE_SHIFT]
    if c >= 0:  # its lead may be gone
        first = s.lead[c, L.FIRST_PIECE]
        node[new, N.NEXT_PIECE] = first
        if first >= 0:
            node[first, N.PREVIOUS_PIECE] = new
        s.lead[c, L.FIRST_PIECE] = new
    team = g[G.CLOSE_TEAM]
    s.lists[work_list, N.COUNT] += 1
    s.team[team, T.WAITING] += 1
    s.team[team, T.DIRTY] = 1
    g[G.PIECES_WAITING] += 1
    g[G.DIRTY] = 1
    return new


@part
def queue_piece(s: Floor, c: int, length: int) -> None:
    """Put a piece of deal work into the list of the lead's closer."""
    lead, node = s.lead, s.node
    now, number = s.g[G.NOW], lead[c, L.PIECES]
    who = (lead[c, L.INDEX] << EPISODE_SHIFT) | number
    new = enter_piece(s, lead[c, L.CLOSER], length, lead[c, L.TIER], queue_key(s, c, now, now), who)
    node[new, N.EPISODE] = lead[c, L.EPISODE]
    node[new, N.ATTEMPT] = lead[c, L.ATTEMPT]
    node[new, N.TIER] = lead[c, L.TIER]
    node[new, N.SCORE] = lead[c, L.SCORE]
    lead[c, L.PIECES] = number + 1


@part
def take_piece(s: Floor, entry: int) -> None:
    """Take a piece of deal work out of what waits, and out of its lead's chain; its entry is cleared away later."""
    node = s.node
    work_list = node[entry, N.LIST]
    node[entry, N.TASK] = 0
    s.lists[work_list, N.COUNT] -= 1
    s.team[s.g[G.CLOSE_TEAM], T.WAITING] -= 1
    s.g[G.PIECES_WAITING] -= 1
    previous, following = node[entry, N.PREVIOUS_PIECE], node[entry, N.NEXT_PIECE]
    if following >= 0:
        node[following, N.PREVIOUS_PIECE] = previous
    if previous >= 0:
        node[previous, N.NEXT_PIECE] = following
    else:
        c = s.slot_of[node[entry, N.WHO] >> EPISODE_SHIFT]
        if c >= 0:  # its lead may be gone
            s.lead[c, L.FIRST_PIECE] = following


@part
def drop_pieces(s: Floor, c: int) -> None:
    """Drop what deal work of the lead still waits."""
    while s.lead[c, L.FIRST_PIECE] >= 0:
        entry = s.lead[c, L.FIRST_PIECE]
        take_piece(s, entry)
        waiting_piece_row(s, entry, s.g[G.NOW], DROPPED)
