"""Diaries: free slots and reservations."""

from __future__ import annotations

from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.floor import Floor, part
from funnelsim.engines.kernel.hours import last_at
from funnelsim.records import ALWAYS, NEVER


@part
def last_reserved(s: Floor, r: int, t: int) -> int:
    """Return the index of the last reservation of a rep that begins at or before `t`, -1 if none."""
    low, high = 0, s.rep[r, R.RESERVED]
    while low < high:
        middle = (low + high) >> 1
        if s.diary[r, 2 * middle] <= t:
            low = middle + 1
        else:
            high = middle
    return low - 1


@part
def room(s: Floor, r: int, now: int) -> int:
    """Return the time until the next reservation of a rep."""
    n = s.rep[r, R.RESERVED]
    if n == 0 or s.diary[r, 2 * n - 2] <= now:
        return ALWAYS
    return s.diary[r, 2 * last_reserved(s, r, now) + 2] - now


@part
def reserve(s: Floor, r: int, start: int) -> None:
    """Put a meeting into the diary of a rep."""
    diary = s.diary
    j = s.rep[r, R.RESERVED]
    s.rep[r, R.RESERVED] = j + 1
    s.g[G.MOST_RESERVED] = max(s.g[G.MOST_RESERVED], j + 1)
    while j > 0 and diary[r, 2 * j - 2] > start:
        diary[r, 2 * j] = diary[r, 2 * j - 2]
        diary[r, 2 * j + 1] = diary[r, 2 * j - 1]
        j -= 1
    diary[r, 2 * j] = start
    diary[r, 2 * j + 1] = start + s.g[G.RESERVED]


@part
def unreserve(s: Floor, r: int, start: int) -> None:
    """Take a meeting out of the diary of a rep again; all are of one length."""
    diary = s.diary
    n = s.rep[r, R.RESERVED] - 1
    for j in range(last_reserved(s, r, start), n):
        diary[r, 2 * j] = diary[r, 2 * j + 2]
        diary[r, 2 * j + 1] = diary[r, 2 * j + 3]
    s.rep[r, R.RESERVED] = n


@part
def first_slot(s: Floor, r: int, earliest: int) -> int:
    """Return the first instant on the grid at which a rep has room for a meeting, at or after `earliest`, or NEVER."""
    c, diary = s.c, s.diary
    slot, length = s.g[G.SLOT], s.g[G.RESERVED]
    opens, n = s.rep[r, R.OPENS], s.rep[r, R.SHIFTS]
    reserved = s.rep[r, R.RESERVED]
    j = last_at(c, opens, n, earliest)
    if j < 0 or earliest >= c[opens + n + j]:
        j += 1
    at = -2  # the last reservation at or before t, once it was looked for
    while j < n:
        opening, closing = c[opens + j], c[opens + n + j]
        t = opening if earliest <= opening else opening + (earliest - opening + slot - 1) // slot * slot
        while t + length <= closing:
            if at == -2:
                at = last_reserved(s, r, t)
            while at + 1 < reserved and diary[r, 2 * at + 2] <= t:
                at += 1
            clash = -1
            if at >= 0 and diary[r, 2 * at + 1] > t and length > 0:
                clash = diary[r, 2 * at + 1]
            elif at + 1 < reserved and diary[r, 2 * at + 2] < t + length and diary[r, 2 * at + 3] > t:
                clash = diary[r, 2 * at + 3]
            if clash < 0:
                return t
            t = opening + (clash - opening + slot - 1) // slot * slot
        j += 1
    return NEVER


@part
def earliest_closer(s: Floor, c: int, earliest: int, capped: bool) -> tuple[int, int]:
    """Return the closer with the earliest free slot, and the slot; ties go to the lower index.

    Among those with room where `capped`; where there are none, among those who serve the segment, else among all; of
    those who are gone only where all are.
    """
    rep = s.rep
    now, team, segment = s.g[G.NOW], s.g[G.CLOSE_TEAM], s.lead[c, L.SEGMENT]
    first, n = s.team[team, T.MEMBERS], s.team[team, T.REPS]
    best, when = -1, 0
    for choice in range(0 if capped else 1, 4):
        for j in range(n):
            r = s.c[first + j]
            if choice < 3 and rep[r, R.STARTS] == NEVER:
                continue
            if choice < 2 and segment >= 0 and s.c[rep[r, R.SERVES] + segment] == 0:
                continue
            if choice == 0 and (rep[r, R.OPPORTUNITIES] >= rep[r, R.MAX_OPPORTUNITIES] or rep[r, R.STARTS] > now):
                continue
            slot = first_slot(s, r, earliest)
            if best < 0 or slot < when:
                best, when = r, slot
        if best >= 0:
            break
    return best, when
