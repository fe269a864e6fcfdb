"""Who gets what: the routing rules, and leads that wait for an owner."""

from __future__ import annotations

from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.diary import earliest_closer, first_slot
from funnelsim.engines.kernel.floor import EPISODE_SHIFT, Floor, part
from funnelsim.engines.kernel.heaps import before
from funnelsim.engines.kernel.lists import enter, head, leave, queue_key
from funnelsim.records import NEVER
from funnelsim.roster import LEAST_LOADED, WEIGHTED

LEADS, OPPORTUNITIES = 0, 1  # the two duties


@part
def has_room(s: Floor, r: int, duty: int, segment: int) -> bool:
    """Return whether a rep is there, serves the segment and is below its cap."""
    rep = s.rep
    if rep[r, R.LEADS + duty] >= rep[r, R.MAX_LEADS + duty] or rep[r, R.STARTS] > s.g[G.NOW]:
        return False
    return segment < 0 or s.c[rep[r, R.SERVES] + segment] != 0


@part
def is_gone(s: Floor, r: int) -> bool:
    """Return whether a rep has left."""
    return s.rep[r, R.STARTS] == NEVER


@part
def is_anybody_there(s: Floor, team: int) -> bool:
    """Return whether any rep of the team has joined and not left."""
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    there = 0
    for j in range(n):
        there += s.rep[s.c[first + j], R.STARTS] <= s.g[G.NOW]
    return there > 0


@part
def was_owner(s: Floor, c: int, r: int) -> bool:
    """Return whether a rep owned the lead earlier in this handover."""
    return (s.former[c, r // L.FORMER_BITS] >> (r % L.FORMER_BITS)) & 1 != 0


@part
def choose(s: Floor, team: int, segment: int, duty: int, but: int, former_of: int) -> int:
    """Return who of a team gets the next lead or opportunity by the routing rule, or -1 where nobody has room.

    Left out are the rep `but`, and the former owners of the lead `former_of`; -1 for nobody.
    """
    rep = s.rep
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    method = s.g[G.ROUTING]
    turn = T.TURNS + duty * (s.g[G.SEGMENTS] + 1) + segment + 1
    last = s.team[team, turn]
    best, weights, lowest = -1, 0, -1
    for j in range(n):
        r = s.c[first + j]
        if r == but or not has_room(s, r, duty, segment) or (former_of >= 0 and was_owner(s, former_of, r)):
            continue
        if method == LEAST_LOADED:
            if best < 0 or rep[r, R.LEADS + duty] < rep[best, R.LEADS + duty]:
                best = r
        elif method == WEIGHTED:  # smooth weighted round robin
            rep[r, R.LEAD_TURN + duty] += rep[r, R.WEIGHT]
            weights += rep[r, R.WEIGHT]
            if best < 0 or rep[r, R.LEAD_TURN + duty] > rep[best, R.LEAD_TURN + duty]:
                best = r
        else:
            if lowest < 0:
                lowest = r
            if r > last:
                best = r
                break
    if method == WEIGHTED:
        if best >= 0:
            rep[best, R.LEAD_TURN + duty] -= weights
    elif method != LEAST_LOADED:
        if best < 0:
            best = lowest
        if best >= 0:
            s.team[team, turn] = best
    return best


@part
def route(s: Floor, c: int) -> int:
    """Return the rep who gets the lead, or -1."""
    return choose(s, s.g[G.TOUCH_TEAM], s.lead[c, L.SEGMENT], LEADS, -1, -1)


@part
def takes_owner(s: Floor, c: int, r: int) -> None:
    """Give the lead to a rep."""
    s.lead[c, L.OWNER] = r
    s.rep[r, R.LEADS] += 1
    if s.lead[c, L.FIRST_OWNER] < 0:
        s.lead[c, L.FIRST_OWNER] = r


@part
def closer(s: Floor, c: int, earliest: int) -> tuple[int, int]:
    """Return who meets an SQL, and when: the owner where it holds both roles, else by the routing rule."""
    team, owner, segment = s.g[G.CLOSE_TEAM], s.lead[c, L.OWNER], s.lead[c, L.SEGMENT]
    if owner >= 0 and s.rep[owner, R.TEAM] == team and not is_gone(s, owner):
        return owner, first_slot(s, owner, earliest)
    if s.g[G.POOLED] == 0:
        r = choose(s, team, segment, OPPORTUNITIES, -1, -1)
        if r >= 0:
            return r, first_slot(s, r, earliest)
    return earliest_closer(s, c, earliest, True)


# Leads without an owner: a list for each segment, and one for those without.


@part
def waits_for_owner(s: Floor, c: int, due: int) -> None:
    """Put the lead on the list of those whom nobody could take yet."""
    g, lead = s.g, s.lead
    g[G.SERIAL] += 1
    lead[c, L.TASK] = g[G.SERIAL]
    work_list = g[G.N_REPS] + g[G.N_TEAMS] + lead[c, L.SEGMENT] + 1
    who, key = lead[c, L.INDEX] << EPISODE_SHIFT, queue_key(s, c, g[G.NOW], due)
    enter(s, work_list, 0, lead[c, L.TIER], key, due, who, lead[c, L.TASK])
    s.team[g[G.TOUCH_TEAM], T.UNASSIGNED] += 1


@part
def assign_unassigned(s: Floor) -> None:
    """Assign leads that wait for an owner, in list order, while there is room; they learn of it in turn."""
    g, lead = s.g, s.lead
    team = g[G.TOUCH_TEAM]
    lists = g[G.N_REPS] + g[G.N_TEAMS]
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    while s.team[team, T.UNASSIGNED] > 0:
        best, best_segment = -1, -1
        for segment in range(-1, g[G.SEGMENTS]):
            if s.lists[lists + segment + 1, N.MASK] == 0:
                continue
            taken = False
            for j in range(n):
                if has_room(s, s.c[first + j], LEADS, segment):
                    taken = True
                    break
            if not taken:
                continue
            entry = head(s, lists + segment + 1, 0)
            if entry >= 0 and (best < 0 or before(s.node, entry, best)):
                best, best_segment = entry, segment
        if best < 0:
            return
        c = s.slot_of[s.node[best, N.WHO] >> EPISODE_SHIFT]
        leave(s, lists + best_segment + 1, 0, best)
        s.team[team, T.UNASSIGNED] -= 1
        takes_owner(s, c, route(s, c))
        lead[c, L.TASK] = 0
        lead[c, L.NEXT_PENDING] = -1
        if g[G.LAST_PENDING] >= 0:
            lead[g[G.LAST_PENDING], L.NEXT_PENDING] = c
        else:
            g[G.FIRST_PENDING] = c
        g[G.LAST_PENDING] = c


@part
def release_lead(s: Floor, r: int) -> None:
    """Free the place of a lead that a rep no longer owns; at the end of the step it is given to who waits for one."""
    s.rep[r, R.LEADS] -= 1
    s.g[G.RELEASED] = 1
