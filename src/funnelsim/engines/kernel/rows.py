"""The rows of the touch log."""

from __future__ import annotations

from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel.floor import EPISODE_SHIFT, NUMBER_MASK, Floor, part
from funnelsim.engines.kernel.hints import fetch_to_write
from funnelsim.engines.words import BOOKED
from funnelsim.records import Row

HANDOVER, WINDOW, BOOKING, UNASSIGNED = int(Row.HANDOVER), int(Row.WINDOW), int(Row.BOOKING), int(Row.UNASSIGNED)
DEAL_WORK = int(Row.DEAL_WORK)


@part
def write(
    s: Floor, kind: int, lead: int, episode: int, attempt: int, number: int, rep: int, work_list: int, tier: int,
    score: int, queued_at: int, available_at: int, due_at: int, start: int, dial: int, end: int, result: int,
) -> None:  # fmt: skip
    """Write a row, its columns in the order of `TouchLog`."""
    log = s.log
    n = s.g[G.ROWS]
    s.g[G.ROWS] = n + 1
    if n & 7 == 0:
        for j in range(16):
            fetch_to_write(log, (j, n + 16))
    log[0, n] = kind
    log[1, n] = lead
    log[2, n] = episode
    log[3, n] = attempt
    log[4, n] = number
    log[5, n] = rep
    log[6, n] = work_list
    log[7, n] = tier
    log[8, n] = score
    log[9, n] = queued_at
    log[10, n] = available_at
    log[11, n] = due_at
    log[12, n] = start
    log[13, n] = dial
    log[14, n] = end
    log[15, n] = result


@part
def task_row(s: Floor, c: int, rep: int, start: int, end: int, result: int) -> None:
    """Write the row of the lead's task in hand."""
    lead = s.lead
    write(
        s, lead[c, L.KIND], lead[c, L.INDEX], lead[c, L.TASK_EPISODE], lead[c, L.TASK_ATTEMPT], lead[c, L.NUMBER], rep,
        lead[c, L.LIST], lead[c, L.TIER], lead[c, L.SCORE], lead[c, L.QUEUED], lead[c, L.TASK_AVAILABLE],
        lead[c, L.TASK_DUE], start, lead[c, L.DIAL], end, result,
    )  # fmt: skip


@part
def piece_row(s: Floor, r: int, end: int, result: int) -> None:
    """Write the row of the deal work that a rep has in hand."""
    rep = s.rep
    queued, start = rep[r, R.QUEUED], rep[r, R.START]
    write(
        s, DEAL_WORK, rep[r, R.ON], rep[r, R.EPISODE], rep[r, R.ATTEMPT], rep[r, R.NUMBER], r, rep[r, R.FROM],
        rep[r, R.TIER], rep[r, R.SCORE], queued, queued, queued, start, start, end, result,
    )  # fmt: skip


@part
def waiting_piece_row(s: Floor, entry: int, end: int, result: int) -> None:
    """Write the row of a piece of deal work that was not begun."""
    node = s.node
    who, queued = node[entry, N.WHO], node[entry, N.QUEUED]
    write(
        s, DEAL_WORK, who >> EPISODE_SHIFT, node[entry, N.EPISODE], node[entry, N.ATTEMPT],
        who & NUMBER_MASK, -1, node[entry, N.LIST], node[entry, N.TIER], node[entry, N.SCORE], queued,
        queued, queued, -1, -1, end, result,
    )  # fmt: skip


@part
def handover_row(s: Floor, c: int, end: int, result: int) -> None:
    """Write the row of this handover."""
    lead = s.lead
    at = lead[c, L.HANDOVER_AT]
    write(
        s, HANDOVER, lead[c, L.INDEX], lead[c, L.EPISODE], lead[c, L.ATTEMPT], lead[c, L.HANDOVERS] - 1,
        lead[c, L.OWNER], -1, lead[c, L.TIER], lead[c, L.SCORE], at, lead[c, L.QUALIFIED_AT], lead[c, L.FIRST_DUE], at,
        -1, end, result,
    )  # fmt: skip


@part
def window_row(s: Floor, c: int, end: int, result: int) -> None:
    """Write the row of this window."""
    lead = s.lead
    since = lead[c, L.WINDOW_FROM]
    write(
        s, WINDOW, lead[c, L.INDEX], lead[c, L.EPISODE], lead[c, L.ATTEMPT], 0, lead[c, L.OWNER], -1, lead[c, L.TIER],
        lead[c, L.SCORE], since, since, lead[c, L.WINDOW_TO], since, -1, end, result,
    )  # fmt: skip


@part
def booking_row(s: Floor, c: int) -> None:
    """Write the row of the meeting just booked."""
    lead = s.lead
    now, reserved = s.g[G.NOW], lead[c, L.RESERVED]
    write(
        s, BOOKING, lead[c, L.INDEX], lead[c, L.EPISODE], lead[c, L.ATTEMPT], lead[c, L.MEETINGS],
        lead[c, L.LAST_CLOSER], -1, lead[c, L.TIER], lead[c, L.SCORE], now, now, reserved, -1, -1, reserved, BOOKED,
    )  # fmt: skip


@part
def unassigned_row(s: Floor, c: int, end: int, result: int) -> None:
    """Write the row of a wait for an owner."""
    lead, g = s.lead, s.g
    since = lead[c, L.UNASSIGNED_SINCE]
    write(
        s, UNASSIGNED, lead[c, L.INDEX], lead[c, L.EPISODE], lead[c, L.ATTEMPT], 0, -1,
        g[G.N_REPS] + g[G.N_TEAMS] + g[G.TOUCH_TEAM], lead[c, L.TIER], lead[c, L.SCORE], since, since,
        lead[c, L.FIRST_DUE], -1, -1, end, result,
    )  # fmt: skip
