"""The second half of a life: meetings, the opportunity, the decision."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.diary import earliest_closer, first_slot, reserve, unreserve
from funnelsim.engines.kernel.events import await_event
from funnelsim.engines.kernel.floor import EPISODE_SHIFT, INDEX_SHIFT, Floor, MeetingLuck, part
from funnelsim.engines.kernel.hints import fetch
from funnelsim.engines.kernel.hours import after, notice
from funnelsim.engines.kernel.lists import drop_pieces, queue, queue_piece
from funnelsim.engines.kernel.node_columns import MEETINGS as MEETING_LANE
from funnelsim.engines.kernel.routing import closer, is_anybody_there, is_gone, release_lead
from funnelsim.engines.kernel.rows import booking_row, window_row
from funnelsim.engines.words import (
    IS_OPPORTUNITY,
    LAPSED,
    LOST,
    MET,
    NO_SHOW,
    OPEN,
    OPPORTUNITY,
    WON,
)
from funnelsim.records import ALWAYS, NEVER, Row

DECISION, MEETING_STARTS = moments.DECISION, moments.MEETING_STARTS
PATIENCE_ENDS, WINDOW_ENDS = moments.PATIENCE_ENDS, moments.WINDOW_ENDS
MET_IN_PERSON = int(Row.MEETING)


@part
def key_of(s: Floor, c: int, kind: int, number: int) -> int:
    """Return the key of an event of the lead in its present episode."""
    return kind | (s.lead[c, L.INDEX] << INDEX_SHIFT) | (s.lead[c, L.EPISODE] << EPISODE_SHIFT) | number


@part
def wait_until(s: Floor, c: int, stage: int, time: int, kind: int, number: int) -> None:
    """Let the lead wait for a moment, which lapses if it goes on before."""
    lead = s.lead
    lead[c, L.STAGE] = stage
    lead[c, L.TOKEN] += 1
    await_event(s, time, key_of(s, c, kind, number), lead[c, L.TOKEN])


@part
def enter_state(s: Floor, c: int, state: int) -> None:
    """Let the lead be in a state from now on."""
    s.lead[c, L.STATE] = state
    s.lead[c, L.SINCE] = s.g[G.NOW]


@part
def close_window(s: Floor, c: int, result: int) -> None:
    """End the window, if one runs."""
    if s.lead[c, L.WINDOW_OPEN] != 0:
        s.lead[c, L.WINDOW_OPEN] = 0
        window_row(s, c, s.g[G.NOW], result)


@part
def end_touching(s: Floor, c: int) -> None:
    """Leave the caller for a meeting or a decision: the window lapses, the place is free."""
    lead = s.lead
    close_window(s, c, LAPSED)
    lead[c, L.WINDOW_OVER] = 0
    lead[c, L.REPLIED_TO] = -1
    if lead[c, L.ERRING] != 0:
        lead[c, L.MISJUDGED] = 1
    if lead[c, L.SQL_AT] < 0:
        lead[c, L.SQL_AT] = s.g[G.NOW]
    if lead[c, L.OWNER] >= 0:
        release_lead(s, lead[c, L.OWNER])


@part
def decide(s: Floor, c: int) -> None:
    """Where deals close by themselves: wait for the decision."""
    end_touching(s, c)
    now = s.g[G.NOW]
    s.lead[c, L.OPPORTUNITY_AT] = now
    enter_state(s, c, IS_OPPORTUNITY)
    wait_until(s, c, L.DECIDING, now + s.lead[c, L.CLOSE_MS], DECISION, 0)


@part
def book(s: Floor, c: int, r: int, slot: int) -> None:
    """Put the lead's next meeting into the diary of a rep."""
    reserve(s, r, slot)
    s.lead[c, L.RESERVED] = slot
    s.lead[c, L.LAST_CLOSER] = r
    booking_row(s, c)


@part
def take_closer(s: Floor, c: int, r: int, slot: int) -> None:
    """Give the lead to a closer for a first meeting."""
    lead = s.lead
    lead[c, L.CLOSER] = r
    s.rep[r, R.OPPORTUNITIES] += 1
    lead[c, L.PATIENCE] = lead[c, L.BORNE]
    lead[c, L.WANTED] = NEVER
    book(s, c, r, slot)
    lead[c, L.DISTANCE] = slot - s.g[G.NOW]


@part
def agree_meeting(s: Floor, c: int) -> bool:
    """Agree a meeting after the talk; False where the lead's meetings are spent."""
    g, lead = s.g, s.lead
    lead[c, L.QUALIFIED] = g[G.QUALIFYING_TALK]
    if lead[c, L.MEETINGS] >= g[G.MAX_MEETINGS]:
        return False
    r, slot = closer(s, c, notice(s))
    end_touching(s, c)
    take_closer(s, c, r, slot)
    lead[c, L.AGREEMENTS] += 1
    lead[c, L.ACCEPT] = L.RUNNING
    if g[G.HAS_ACCEPT] != 0:
        until = after(s, g[G.NOW], G.ACCEPT, g[G.CLOSE_TEAM])
        await_event(s, until, key_of(s, c, WINDOW_ENDS, 1), lead[c, L.AGREEMENTS])
    return True


@part
def await_meeting(s: Floor, c: int) -> None:
    """Wait for the meeting that is booked."""
    wait_until(s, c, L.BEFORE_MEETING, s.lead[c, L.RESERVED], MEETING_STARTS, s.lead[c, L.MEETINGS])


@part
def meeting_starts(s: Floor, luck: MeetingLuck, c: int) -> None:
    """Let the meeting wait for its closer."""
    g, lead = s.g, s.lead
    i, m = lead[c, L.INDEX], lead[c, L.MEETINGS]
    fetch(luck.show_until, (m, i))
    fetch(luck.meeting_ms, (m, i))
    fetch(luck.deal_work_ms, (m, i))
    fetch(luck.buyer_pace, (m, i))
    g[G.SERIAL] += 1
    lead[c, L.STAGE] = L.IN_MEETING
    lead[c, L.TASK] = g[G.SERIAL]
    lead[c, L.KIND] = MET_IN_PERSON
    lead[c, L.LANE] = MEETING_LANE
    lead[c, L.NUMBER] = lead[c, L.MEETINGS]
    lead[c, L.TASK_ATTEMPT] = lead[c, L.ATTEMPT]
    lead[c, L.TASK_EPISODE] = lead[c, L.EPISODE]
    lead[c, L.TASK_AVAILABLE] = lead[c, L.TASK_DUE] = lead[c, L.RESERVED]
    lead[c, L.ESCALATED] = 0
    lead[c, L.DIAL] = -1
    lead[c, L.RESULT] = OPEN
    queue(s, c, lead[c, L.CLOSER], g[G.CLOSE_TEAM])


@part
def book_again(s: Floor, c: int, anybody: bool) -> None:
    """Move a meeting that was not begun: to the owner's first free slot, or to the earliest free closer.

    Where the owner is gone: to another, who is found as when it was agreed, and not before the slot it had.
    """
    old = s.lead[c, L.CLOSER]
    if anybody:
        r, slot = earliest_closer(s, c, notice(s), False)
    elif is_gone(s, old) and is_anybody_there(s, s.g[G.CLOSE_TEAM]):
        earliest, wanted = s.lead[c, L.RESERVED], s.lead[c, L.WANTED]
        if earliest < s.g[G.NOW] or earliest >= NEVER:
            earliest = notice(s) if wanted >= NEVER else max(notice(s), wanted)
        r, slot = closer(s, c, earliest)
    else:
        r, slot = old, first_slot(s, old, notice(s))
    change_closer(s, c, r)
    book(s, c, r, slot)


@part
def change_closer(s: Floor, c: int, r: int) -> None:
    """Let the lead go to another closer, or stay."""
    s.rep[s.lead[c, L.CLOSER], R.OPPORTUNITIES] -= 1
    s.rep[r, R.OPPORTUNITIES] += 1
    s.lead[c, L.CLOSER] = r


@part
def free_slot(s: Floor, c: int) -> None:
    """Take a meeting that was not begun out of the diary: what did not fit before it may fit now."""
    r = s.lead[c, L.CLOSER]
    unreserve(s, r, s.lead[c, L.RESERVED])
    s.team[s.rep[r, R.TEAM], T.DIRTY] = 1
    s.g[G.DIRTY] = 1


@part
def accept_overdue(s: Floor, c: int) -> bool:
    """At the end of the accept window: return whether it goes to the earliest free closer.

    It does if that is sooner or the meeting is late. If it is being met, it will where nobody comes.
    """
    lead = s.lead
    stage = lead[c, L.STAGE]
    if stage == L.IN_MEETING and lead[c, L.WAITING] == 0:
        lead[c, L.ACCEPT] = L.OVERDUE
        return False
    r, reserved = lead[c, L.CLOSER], lead[c, L.RESERVED]
    unreserve(s, r, reserved)
    _, slot = earliest_closer(s, c, notice(s), False)
    reserve(s, r, reserved)
    if slot < reserved or stage == L.IN_MEETING:
        lead[c, L.ACCEPT] = L.SPENT
        return True
    return False


@part
def book_next(s: Floor, luck: MeetingLuck, c: int) -> None:
    """Book the next meeting of the opportunity, at the buyer's pace; its patience runs from then on."""
    g, lead = s.g, s.lead
    now = g[G.NOW]
    wanted = now + luck.buyer_pace[lead[c, L.NUMBER], lead[c, L.INDEX]]
    lead[c, L.WANTED] = wanted
    r = lead[c, L.CLOSER]
    book(s, c, r, first_slot(s, r, max(wanted, notice(s))))
    lead[c, L.DISTANCE] = lead[c, L.RESERVED] - now
    if lead[c, L.PATIENCE] < ALWAYS:
        await_event(s, wanted + lead[c, L.PATIENCE], key_of(s, c, PATIENCE_ENDS, lead[c, L.MEETINGS]), 0)


@part
def leave_deal_work(s: Floor, luck: MeetingLuck, c: int) -> None:
    """Leave the work that the meeting just held makes, in pieces of at most a slot."""
    left = luck.deal_work_ms[s.lead[c, L.NUMBER], s.lead[c, L.INDEX]]
    while left > 0:
        length = min(left, s.g[G.SLOT])
        queue_piece(s, c, length)
        left -= length


@part
def meeting_ended(s: Floor, luck: MeetingLuck, c: int) -> None:
    """Go on after a meeting: to another, or to how they ended."""
    g, lead = s.g, s.lead
    unreserve(s, lead[c, L.CLOSER], lead[c, L.RESERVED])  # the rest of it is free again
    if is_gone(s, lead[c, L.CLOSER]) and is_anybody_there(s, g[G.CLOSE_TEAM]):
        r, _ = closer(s, c, notice(s))
        change_closer(s, c, r)
    result = lead[c, L.RESULT]
    if result == NO_SHOW:
        if lead[c, L.REBOOKINGS] >= g[G.REBOOKINGS] or lead[c, L.MEETINGS] >= g[G.MAX_MEETINGS]:
            drop_pieces(s, c)
            g[G.MET] = NO_SHOW
            return
        lead[c, L.REBOOKINGS] += 1  # `wanted` stays NEVER: its own doing is no delay of the seller's
        overdue = lead[c, L.ACCEPT] == L.OVERDUE
        book_again(s, c, overdue)
        if overdue:
            lead[c, L.ACCEPT] = L.SPENT
        lead[c, L.DISTANCE] = lead[c, L.RESERVED] - g[G.NOW]
    elif result in (OPPORTUNITY, MET, WON, LOST):
        if lead[c, L.STATE] != IS_OPPORTUNITY:
            lead[c, L.OPPORTUNITY_AT] = g[G.NOW]
            enter_state(s, c, IS_OPPORTUNITY)
        leave_deal_work(s, luck, c)
        if result in (WON, LOST):
            g[G.MET] = result
            return
        if lead[c, L.MEETINGS] >= g[G.MAX_MEETINGS]:
            drop_pieces(s, c)
            g[G.MET] = NO_SHOW
            return
        book_next(s, luck, c)
    else:
        g[G.MET] = result
        return
    await_meeting(s, c)
