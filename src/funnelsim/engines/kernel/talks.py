"""What the prospect does when work on it begins. All of it is looked up."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel.events import await_event
from funnelsim.engines.kernel.floor import EPISODE_SHIFT, INDEX_SHIFT, Floor, MeetingLuck, TouchLuck, hot, part
from funnelsim.engines.kernel.hints import fetch
from funnelsim.engines.kernel.hours import productivity, ramped
from funnelsim.engines.words import (
    BOOKED,
    CALLED_BACK,
    DISQUALIFIED,
    IS_BOOKED,
    IS_IN_WORK,
    LOST,
    LOST_TO_ANOTHER,
    MET,
    NO_SHOW,
    NOT_REACHED,
    NURTURE,
    OPPORTUNITY,
    SENT,
    SQL,
    TIRED,
    TOO_SOON,
    WON,
)
from funnelsim.records import ALWAYS, NEVER, Result, Row

REJECTED = int(Result.REJECTED)
CALLED_AGAIN, EMAILED = int(Row.CALLBACK), int(Row.EMAIL)
REPLY_ARRIVES = moments.REPLY_ARRIVES


@hot
def contact(s: Floor, c: int, t: int) -> None:
    """Note a contact: the first at or after max(created, ready_from) says how late we were."""
    if s.lead[c, L.CONTACT_AT] < 0 and t >= s.lead[c, L.READY_FROM]:
        s.lead[c, L.CONTACT_AT] = t


@hot
def readiness(s: Floor, luck: TouchLuck, c: int, t: int, k: int) -> int:
    """Return what an honest look at the lead says at `t`: SQL where it is able and ready."""
    g, lead = s.g, s.lead
    if lead[c, L.ABLE] == 0:
        return DISQUALIFIED
    if t < lead[c, L.READY_FROM]:
        i = lead[c, L.INDEX]
        if luck.tired[k, i]:
            return TIRED
        named_at = luck.callback_at[k, i]
        attempts = g[G.TIERS + lead[c, L.TIER] * G.TIER_SIZE + G.ATTEMPTS]
        left = lead[c, L.ATTEMPT] < attempts and lead[c, L.TOUCHES] < g[G.MAX_TOUCHES]
        if g[G.CALLBACKS] != 0 and t < named_at and named_at < g[G.END] and left:
            lead[c, L.NAMED_AT] = named_at
            return CALLED_BACK
        return NURTURE
    return LOST_TO_ANOTHER if t > lead[c, L.READY_UNTIL] else SQL


@hot
def talk(s: Floor, luck: TouchLuck, c: int, t: int, k: int, contact_at: int) -> int:
    """Talk at `t` and return what comes of it; `k` is the touch whose luck counts."""
    g, lead = s.g, s.lead
    fetch(luck.misjudged, (k, lead[c, L.INDEX]))
    fetch(luck.tired, (k, lead[c, L.INDEX]))
    fetch(luck.callback_at, (k, lead[c, L.INDEX]))
    contact(s, c, contact_at)
    contact(s, c, t)  # a reply that came before the lead was ready is one when it is talked over
    if lead[c, L.FIRST_TALK_AT] < 0:
        lead[c, L.FIRST_TALK_AT] = t
    if lead[c, L.PREP_NEEDED] > g[G.TIERS + lead[c, L.TIER] * G.TIER_SIZE + G.PREPARATION]:
        lead[c, L.UNPREPARED] = 1
    if g[G.QUALIFYING_TALK] == 0:
        return BOOKED
    erring = luck.misjudged[k, lead[c, L.INDEX]] and (lead[c, L.ABLE] == 0 or t < lead[c, L.READY_FROM])
    lead[c, L.ERRING] = 1 if erring else 0
    return SQL if erring else readiness(s, luck, c, t, k)


@hot
def begin_touch(s: Floor, luck: TouchLuck, c: int, r: int) -> int:
    """Prepare, dial or write, and talk if somebody answers; return how long it takes. Judged at the dial."""
    g, lead = s.g, s.lead
    now, i, k = g[G.NOW], lead[c, L.INDEX], lead[c, L.NUMBER]
    permille = productivity(s, r, now)
    lead[c, L.STATE] = IS_IN_WORK
    lead[c, L.SINCE] = now
    by_mail = lead[c, L.KIND] == EMAILED
    # Read together, so that the processor waits for memory once.
    work = luck.email_ms[k, i] if by_mail else luck.call_ms[k, i]
    until = luck.reply_until[k, i] if by_mail else luck.connect_until[k, i]
    follows = luck.reply_lag[k, i] if by_mail else luck.talk_ms[k, i]
    annoyed = luck.annoyed[k, i]
    dial = now
    if lead[c, L.PREPARED] == 0:
        lead[c, L.PREPARED] = 1
        preparation = g[G.TIERS + lead[c, L.TIER] * G.TIER_SIZE + G.PREPARATION]
        dial += ramped(preparation, permille)
        work += preparation
    if dial >= g[G.END]:
        return ramped(work, permille)
    lead[c, L.DIAL] = dial
    lead[c, L.TOUCHES] = k + 1
    if lead[c, L.FIRST_TOUCH_AT] < 0:
        lead[c, L.FIRST_TOUCH_AT] = dial
    after_interest = dial - lead[c, L.INTEREST]
    if after_interest < lead[c, L.TOO_SOON] and annoyed and lead[c, L.KIND] != CALLED_AGAIN:
        lead[c, L.RESULT] = TOO_SOON
    elif by_mail:
        lead[c, L.RESULT] = SENT
        if after_interest <= until:
            arrives = now + ramped(work, permille) + follows
            key = REPLY_ARRIVES | (i << INDEX_SHIFT) | (lead[c, L.TASK_EPISODE] << EPISODE_SHIFT) | k
            await_event(s, arrives, key, 0)
    else:
        delay = dial - lead[c, L.TASK_AVAILABLE] if g[G.FROM_AVAILABLE] != 0 else after_interest
        if delay <= until:
            lead[c, L.RESULT] = talk(s, luck, c, dial, k, dial)
            work += follows
        else:
            lead[c, L.RESULT] = NOT_REACHED
    if g[G.GIVES_UP] != 0:
        lead[c, L.GIVEN_UP] = luck.given_up[k, i]
    return ramped(work, permille)


@part
def begin_reply(s: Floor, luck: TouchLuck, c: int, r: int) -> int:
    """Talk with who answered an e-mail; judged at its beginning, after the preparation of a new owner."""
    g, lead = s.g, s.lead
    now, k = g[G.NOW], lead[c, L.NUMBER]
    permille = productivity(s, r, now)
    lead[c, L.STATE] = IS_IN_WORK
    lead[c, L.SINCE] = now
    work = luck.talk_ms[k, lead[c, L.INDEX]]
    dial = now
    if lead[c, L.PREPARED] == 0:
        lead[c, L.PREPARED] = 1
        preparation = g[G.TIERS + lead[c, L.TIER] * G.TIER_SIZE + G.PREPARATION]
        dial += ramped(preparation, permille)
        work += preparation
    if dial < g[G.END]:
        lead[c, L.DIAL] = dial
        lead[c, L.RESULT] = talk(s, luck, c, dial, k, lead[c, L.REPLIED_AT])
    return ramped(work, permille)


@part
def is_won(s: Floor, c: int) -> bool:
    """Return whether the deal is won: able, and the first contact came soon enough."""
    lead = s.lead
    if lead[c, L.CONTACT_AT] < 0 or lead[c, L.ABLE] == 0:
        return False
    until = lead[c, L.WIN_UNTIL]
    if lead[c, L.UNPREPARED] != 0 and 0 <= until < ALWAYS:
        shrink = s.g[G.UNPREPARED]
        until = until // 1000 * shrink + until % 1000 * shrink // 1000  # until * shrink // 1000, which may not fit
    return lead[c, L.CONTACT_AT] - max(lead[c, L.CREATED], lead[c, L.READY_FROM]) <= until


@part
def begin_meeting(s: Floor, luck: TouchLuck, meeting_luck: MeetingLuck, c: int) -> int:
    """Wait for nobody, or meet: test the lead at the first meeting, decide at the last; return how long it takes."""
    g, lead = s.g, s.lead
    now, i, m = g[G.NOW], lead[c, L.INDEX], lead[c, L.NUMBER]
    lead[c, L.DIAL] = now
    lead[c, L.MEETINGS] = m + 1
    if lead[c, L.WANTED] < NEVER:
        if lead[c, L.PATIENCE] < ALWAYS:
            lead[c, L.PATIENCE] -= max(0, now - lead[c, L.WANTED])
        lead[c, L.WANTED] = NEVER
    if lead[c, L.DISTANCE] > meeting_luck.show_until[m, i]:
        lead[c, L.RESULT] = NO_SHOW
        return g[G.NO_SHOW]
    contact(s, c, now)
    if lead[c, L.FIRST_TALK_AT] < 0:
        lead[c, L.FIRST_TALK_AT] = now
    if lead[c, L.MET_AT] < 0:
        lead[c, L.MET_AT] = now
    result = MET
    if lead[c, L.STATE] == IS_BOOKED:
        result = readiness(s, luck, c, now, max(lead[c, L.TOUCHES] - 1, 0))
        if result == SQL:
            result = OPPORTUNITY
        elif lead[c, L.QUALIFIED] != 0 and result != LOST_TO_ANOTHER:
            result = REJECTED
        lead[c, L.MEETINGS_LEFT] = lead[c, L.MEETINGS_NEEDED]
    else:
        lead[c, L.MEETINGS_LEFT] -= 1
    if result in (OPPORTUNITY, MET) and lead[c, L.MEETINGS_LEFT] == 0:
        result = WON if is_won(s, c) else LOST
    lead[c, L.RESULT] = result
    return meeting_luck.meeting_ms[m, i]
