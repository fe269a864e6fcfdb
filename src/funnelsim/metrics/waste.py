"""Leads wasted: what would have been worth an effort and did not get it, each lead under at most one cause."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.metrics.evidence import Evidence, gather
from funnelsim.records import Bool, Int8, Leads, Outcomes, State, TouchLog
from funnelsim.remembered import Remembered


class Waste(IntEnum):
    """Why a lead was wasted; where several apply, the first does."""

    NONE = 0
    DUPLICATE = 1
    BURNT = 2
    STALLED = 3
    REJECTED = 4
    NO_SHOW = 5
    MISSED = 6
    UNTOUCHED = 7
    UNDER_WORKED = 8
    COLD = 9


WASTE_TEXT: dict[Waste, str] = {
    Waste.DUPLICATE: "worked although it is a duplicate",
    Waste.BURNT: "opted out because a touch came too soon or because it was tired of talks",
    Waste.STALLED: "an opportunity lost by keeping it waiting",
    Waste.REJECTED: "passed on as an SQL and found unable or unready at the meeting",
    Waste.NO_SHOW: "the meeting was never kept",
    Waste.MISSED: "an able buyer that sales did not hold at any instant of its window",
    Waste.UNTOUCHED: "handed over and not tried at all",
    Waste.UNDER_WORKED: "never reached, in fewer tries than the standard, over all its handovers",
    Waste.COLD: "an able buyer held in its window, without a talk and with fewer tries than the standard inside it",
}


def would_buy(leads: Leads, scenario: Scenario) -> Bool:
    """Return (n,) which leads would buy under ideal follow-up: a function of their luck alone, never of the policy.

    Able; a window that opens no later than it closes and before the end of the run; some touch by some channel
    connects at no delay, or the lead would book itself; as many meetings are kept, booked at no distance, as the deal
    needs (none where `market.deal.closes_by` is 'delay'); won at no delay. Not annoyed, always prepared, no error.

    Every lead won under any policy is among them, since each threshold that it passed is at least 0.
    """
    return _would_buy(leads, (Clock.of(scenario.run).end, scenario.market.deal.closes_by == "delay"))


def _make_would_buy(leads: Leads, key: tuple[int, bool]) -> Bool:
    end, closes_by_delay = key
    window_from = np.maximum(leads.created, leads.ready_from)
    in_time = (window_from <= leads.ready_until) & (window_from < end)
    buyer = leads.able & in_time & (leads.win_until >= 0)
    # Luck of touches and meetings is asked of these alone: few, and the tables are wide.
    who = np.flatnonzero(buyer)
    reached = (leads.connect_until[:, who] >= 0).any(axis=0) | (leads.reply_until[:, who] >= 0).any(axis=0)
    if not closes_by_delay:  # else there is no meeting to book
        kept = np.count_nonzero(leads.show_until[:, who] >= 0, axis=0)
        reached = (reached | leads.books_itself[who]) & (kept >= leads.meetings_needed[who].astype(np.int64) + 1)
    buyer[who] = reached
    buyer.flags.writeable = False
    return buyer


_would_buy = Remembered(_make_would_buy)


def wasted_cause(
    leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario, *, evidence: Evidence | None = None
) -> Int8:
    """Return (n,) the `Waste` of every lead, NONE where it was not wasted. Pass `evidence` where it is at hand.

    Won, merged, and leads that end with a meeting booked or an open opportunity are never wasted. Every other lead
    takes the first cause that applies, in the order of `Waste`. The yardstick is `run.standard`, never the policy.

    Decisions where the definition leaves room:
    - *Buyer* (missed, cold) means able, with a window that opens before the end of the run. Luck is not asked: a buyer
      whom nobody looked after is wasted whether or not it would have been won.
    - *Worked* (duplicate): at least one touch or meeting was used on it. A duplicate handed over and not tried is
      untouched like any other.
    - *Burnt*: touched too soon, or tired of talks; whether it was able does not matter.
    - A handover holds its lead from the moment it is handed over to the moment it leaves sales, both included.
    - *Untouched* asks each handover by itself (a call, call-back, e-mail, or the lead's own booking makes it tried);
      *under-worked* counts tries and talks over the lead's whole life. Both need a handover that is judged.
    - *Cold* counts tries and e-mails among those inside the window alone.
    - A handover or window that opens less than `standard.days` before the end is not judged; the tries made in such a
      handover still count for its lead.
    """
    e = evidence or gather(leads, outcomes, touches, scenario)
    return e.once("wasted", lambda: _wasted_cause(leads, outcomes, e))


def _wasted_cause(leads: Leads, outcomes: Outcomes, e: Evidence) -> Int8:
    h, state = e.handovers, outcomes.state
    judged = h.start <= e.judged_until
    buyer = e.buyer & (e.window_from <= e.judged_until)
    held = e.any_of(h.lead[e.held(since=e.window_from, until=e.window_until)])
    reached = e.talked | (outcomes.first_talk_at >= 0)
    left_cold = buyer & held & ~e.talked_in_window
    tries_inside = e.tries.within(left_cold[e.tries.lead] & e.in_window(e.tries))
    enough = e.standard.attempts
    conditions = {
        Waste.NONE: np.isin(state, (State.WON, State.MERGED, State.MEETING_BOOKED, State.OPPORTUNITY)),
        Waste.DUPLICATE: (leads.duplicate_of >= 0) & ((outcomes.touches > 0) | (outcomes.meetings > 0)),
        Waste.BURNT: outcomes.burnt > 0,
        Waste.STALLED: state == State.STALLED,
        Waste.REJECTED: state == State.REJECTED,
        Waste.NO_SHOW: state == State.NO_SHOW,
        Waste.MISSED: buyer & ~held,
        Waste.UNTOUCHED: e.any_of(h.lead[judged & ~h.tried]),
        Waste.UNDER_WORKED: e.any_of(h.lead[judged]) & ~reached & (e.tries_counted < enough),
        Waste.COLD: left_cold & (e.counted(tries_inside) < enough),
    }
    chosen = np.select(list(conditions.values()), [np.int8(c) for c in conditions], default=np.int8(Waste.NONE))
    cause = chosen.astype(np.int8)
    cause.flags.writeable = False  # shared by all who ask for it
    return cause
