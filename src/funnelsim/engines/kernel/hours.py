"""Time: open hours, terms, productivity."""

from __future__ import annotations

from funnelsim.engines import worklist
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.floor import Floor, Table, part
from funnelsim.engines.kernel.hints import rarely
from funnelsim.records import NEVER

ramped = part(worklist.ramped)


@part
def last_at(c: Table, base: int, n: int, t: int) -> int:
    """Return the index of the last of `n` rising numbers, from c[base] on, that is at most `t`; -1 if none."""
    low, high = 0, n
    while low < high:
        middle = (low + high) >> 1
        if c[base + middle] <= t:
            low = middle + 1
        else:
            high = middle
    return low - 1


@part
def productivity(s: Floor, r: int, now: int) -> int:
    """Return the productivity of a rep, permille."""
    fixed = s.rep[r, R.PERMILLE]
    if rarely(fixed <= 0):
        base, n = s.rep[r, R.RAMP], s.rep[r, R.RAMPS]
        return s.c[base + n + last_at(s.c, base, n, now)]
    return fixed


@part
def after(s: Floor, t: int, term: int, team: int) -> int:
    """Return the end of a term that begins at `t`; `term` is its place in `Floor.g`, `team` whose hours count."""
    ms = s.g[term]
    if rarely(ms != 0 and s.g[term + 1] != 0):
        return open_ms_later(s, t, ms, team)
    return t + ms


@part
def open_ms_later(s: Floor, t: int, ms: int, team: int) -> int:
    """Return the earliest moment with `ms` (> 0) of a team's open time after `t`."""
    c = s.c
    # The arithmetic of `calendar.BusinessClock`, over the same three columns.
    opens, n = s.team[team, T.OPENS], s.team[team, T.SHIFTS]
    closes, closing = opens + n, opens + 2 * n
    j = last_at(c, opens, n, t)
    target = ms
    if j >= 0:
        target += c[closing + j] - max(c[closes + j] - t, 0)
    else:
        j = 0
    while j < n and c[closing + j] < target:
        j += 1
    return c[closes + j] - (c[closing + j] - target) if j < n else NEVER


@part
def notice(s: Floor) -> int:
    """Return the earliest moment for a meeting that is booked now."""
    return after(s, s.g[G.NOW], G.NOTICE, s.g[G.CLOSE_TEAM])
