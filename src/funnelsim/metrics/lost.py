"""Buyers lost: each one that would have bought under ideal follow-up, under the earliest failure that cost it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.errors import ResultError
from funnelsim.metrics.evidence import Evidence, gather
from funnelsim.metrics.waste import would_buy
from funnelsim.records import NEVER, Bool, Int8, Int64, Leads, Outcomes, State, TouchLog


class LostBuyer(IntEnum):
    """Why a buyer was lost; NONE for those who were won and those who would not have bought."""

    NONE = 0
    BELOW_THRESHOLD = 1
    HANDED_LATE = 2
    UNTOUCHED = 3
    UNDER_WORKED = 4
    COLD = 5
    SLOW = 6
    BURNT = 7
    MISJUDGED = 8
    REJECTED = 9
    NO_SHOW = 10
    STALLED = 11
    EXHAUSTED = 12
    UNPREPARED = 13
    LEFT_IN_NURTURE = 14
    OPEN = 15
    LOST_TO_ANOTHER = 16
    ABANDONED = 17


LOST_TEXT: dict[LostBuyer, str] = {
    LostBuyer.BELOW_THRESHOLD: "never qualified before it was too late",
    LostBuyer.HANDED_LATE: "handed over only after it was too late",
    LostBuyer.UNTOUCHED: "held in time and not tried",
    LostBuyer.UNDER_WORKED: "held in time, never reached, in fewer tries than the standard",
    LostBuyer.COLD: "held in time and tried, but not talked to in time",
    LostBuyer.SLOW: "talked to in its window, but too late to win",
    LostBuyer.BURNT: "opted out because of how it was touched",
    LostBuyer.MISJUDGED: "passed on by error before it was ready, and rejected for it",
    LostBuyer.REJECTED: "rejected at the meeting without such an error",
    LostBuyer.NO_SHOW: "its meetings were never kept",
    LostBuyer.STALLED: "an opportunity lost by keeping it waiting",
    LostBuyer.EXHAUSTED: "closed because its touches were used up",
    LostBuyer.UNPREPARED: "lost although contacted in time: the talk was unprepared",
    LostBuyer.LEFT_IN_NURTURE: "back in nurture when its time came, and not handed over again",
    LostBuyer.OPEN: "not decided at the end of the run",
    LostBuyer.LOST_TO_ANOTHER: "talked to in time, but met only after its window had closed",
    LostBuyer.ABANDONED: "left a work list that it waited in too long",
}

_LONGEST = 2**60
"""Thresholds without limit are cut to this before a time is added to them."""


def lost_cause(
    leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario, *, evidence: Evidence | None = None
) -> Int8:
    """Return (n,) the `LostBuyer` of every lead: exactly one for each that `would_buy` and was not won, else NONE.

    The earliest irrevocable failure counts. Two kinds have a moment:
    - *Time runs out.* At the end of the window without a talk inside it, or at the end of the win delay (the unshrunk
      `win_until`) without a contact since the window opened; whichever is first, if before the end of the run. Not
      qualified at all: below_threshold. Held by no handover between the opening of the window and that moment:
      handed_late if it was handed over (or qualified) later, left_in_nurture if it had been earlier. Held: slow if a
      talk in the window still came; else untouched, under_worked or cold by the tries made up to that moment in the
      handovers that held it (under_worked only where these had not reached it, cold is the rest).
    - *A final state*, at the moment it was entered.
    Ties go to time. What neither decides is left_in_nurture where the lead ended in nurture (or back in marketing
    after a handover), else open. Two causes complete the list so that it is exhaustive: lost_to_another (talked to in
    time, met after the window) and abandoned (a work list made it wait longer than it bears). Where deals close by
    themselves there is no meeting to reject a lead passed on by error: it is lost, and counts as misjudged.

    Raises:
        ResultError: where a lost buyer has no cause: the records contradict one another.
    """
    e = evidence or gather(leads, outcomes, touches, scenario)
    lost = would_buy(leads, scenario) & (outcomes.state != State.WON)
    deadline, in_time_talk = _deadline(leads, outcomes, e)
    timely = np.where(deadline < e.end, deadline, NEVER)
    final = _final_cause(outcomes)
    ended_at = np.where(final != LostBuyer.NONE, outcomes.since, NEVER)
    still = np.where(
        (outcomes.state == State.NURTURE) | ((outcomes.state == State.MARKETING) & (outcomes.handovers > 0)),
        np.int8(LostBuyer.LEFT_IN_NURTURE),
        np.where(outcomes.state < State.WON, np.int8(LostBuyer.OPEN), np.int8(LostBuyer.NONE)),
    )
    out_of_time = _out_of_time(outcomes, e, deadline=deadline, talked=in_time_talk)
    cause = np.select([(timely < NEVER) & (timely <= ended_at), ended_at < NEVER], [out_of_time, final], default=still)
    cause = np.where(lost, cause, np.int8(LostBuyer.NONE)).astype(np.int8)
    orphans = np.flatnonzero(lost & (cause == LostBuyer.NONE))
    if orphans.size:
        i = int(orphans[0])
        raise ResultError(
            f"internal error: {orphans.size} lost buyers have no cause, the first is lead {i} "
            f"({State(int(outcomes.state[i])).name.lower()}); please report it with the configuration and the seed"
        )
    return cause


def _deadline(leads: Leads, outcomes: Outcomes, e: Evidence) -> tuple[Int64, Bool]:
    """Return (n,) until when the buyer could be saved, NEVER where it was, and who was talked to in its window."""
    latest_contact = e.window_from + np.minimum(leads.win_until, _LONGEST)
    contact_ok = (outcomes.contact_at >= 0) & (outcomes.contact_at <= latest_contact)
    talked = e.talked_in_window
    deadline = np.minimum(
        np.where(contact_ok, NEVER, latest_contact),
        np.where(talked, NEVER, e.window_until),
    )
    return deadline, talked


def _final_cause(outcomes: Outcomes) -> Int8:
    """Return (n,) the cause of a lead that ended in a final state, whatever came before."""
    state = outcomes.state
    causes = {
        LostBuyer.BURNT: state == State.OPTED_OUT,
        # Where deals close by themselves nobody rejects it: it is lost without a contact since it became ready.
        LostBuyer.MISJUDGED: outcomes.misjudged
        & ((state == State.REJECTED) | ((state == State.LOST) & (outcomes.contact_at < 0))),
        LostBuyer.REJECTED: state == State.REJECTED,
        LostBuyer.NO_SHOW: state == State.NO_SHOW,
        LostBuyer.STALLED: state == State.STALLED,
        LostBuyer.EXHAUSTED: state == State.EXHAUSTED,
        LostBuyer.UNPREPARED: (state == State.LOST) & outcomes.unprepared,
        LostBuyer.LOST_TO_ANOTHER: state == State.LOST_TO_ANOTHER,
        LostBuyer.ABANDONED: state == State.ABANDONED,
    }
    chosen = np.select(list(causes.values()), [np.int8(c) for c in causes], default=np.int8(LostBuyer.NONE))
    return chosen.astype(np.int8)


def _out_of_time(outcomes: Outcomes, e: Evidence, *, deadline: Int64, talked: Bool) -> Int8:
    """Return (n,) why time ran out at `deadline`, for leads for which it did."""
    h = e.handovers
    holds = e.held(since=e.window_from, until=deadline)
    held = e.any_of(h.lead[holds])
    later = e.any_of(h.lead[h.start > deadline[h.lead]]) | (outcomes.handovers == 0)
    in_time = e.tries.within(_of(e.tries.handover, holds) & (e.tries.at <= deadline[e.tries.lead]))
    heard = e.talks.within(_of(e.talks.handover, holds) & (e.talks.at <= deadline[e.talks.lead]))
    reached = e.any_of(heard.lead)
    tried = e.any_of(in_time.lead) | reached
    too_few = e.counted(in_time) < e.standard.attempts
    causes = {
        LostBuyer.BELOW_THRESHOLD: outcomes.mql_at < 0,
        LostBuyer.HANDED_LATE: ~held & later,
        LostBuyer.LEFT_IN_NURTURE: ~held,
        LostBuyer.SLOW: talked,
        LostBuyer.UNTOUCHED: ~tried,
        LostBuyer.UNDER_WORKED: ~reached & too_few,
    }
    chosen = np.select(list(causes.values()), [np.int8(c) for c in causes], default=np.int8(LostBuyer.COLD))
    return chosen.astype(np.int8)


def _of(handover: Int64, flags: Bool) -> Bool:
    """Return for each row whether its handover has the flag; rows of no handover have not."""
    if not flags.size:
        return np.zeros(handover.size, dtype=np.bool_)
    return (handover >= 0) & flags[np.maximum(handover, 0)]


@dataclass(frozen=True, slots=True)
class Saved:
    """What unlimited reps would have saved, of the buyers of the measured window."""

    buyers_lost: int  # lost under the policy with the reps there are
    deals_saved: int  # of these, won with unlimited reps
    deals_given_up: int  # won with the reps there are, but not with unlimited ones
    value_saved: float  # money: value of the deals saved less that of those given up


def saved_by_unlimited_reps(leads: Leads, outcomes: Outcomes, unlimited: Outcomes, scenario: Scenario) -> Saved:
    """Return what the same information and unlimited reps would have saved.

    Args:
        leads: One replication.
        outcomes: What became of it.
        unlimited: What became of the same leads under the same policy with so many reps that no work waits. It is a
            second run of the engine, so it is not part of `summarise`.
        scenario: The scenario of `outcomes`.

    More reps can also lose a deal that was won (an earlier talk finds a lead unready that a later one found ready);
    that is reported by itself and taken off the value.
    """
    clock = Clock.of(scenario.run)
    buyer = would_buy(leads, scenario) & (leads.created >= clock.measured_from) & (leads.created < clock.measured_until)
    won, would_win = outcomes.state == State.WON, unlimited.state == State.WON
    saved, given_up = buyer & ~won & would_win, buyer & won & ~would_win
    return Saved(
        buyers_lost=int(np.count_nonzero(buyer & ~won)),
        deals_saved=int(np.count_nonzero(saved)),
        deals_given_up=int(np.count_nonzero(given_up)),
        value_saved=float(leads.value[saved].sum() - leads.value[given_up].sum()),
    )
