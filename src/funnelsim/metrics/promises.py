"""The terms that a policy can promise, read off what it did: what was kept in 90 % of cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.metrics.agreement import monthly_level, ordinary_handovers, speed_to_lead
from funnelsim.metrics.arithmetic import hours, kept_by, quantile, reached_by
from funnelsim.metrics.evidence import Evidence, gather
from funnelsim.records import Bool, Int64, Leads, Outcomes, Result, TouchLog
from funnelsim.roster import Roster

SHARE = 0.9
"""Share of cases in which a promise must have been kept."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What one replication kept in 90 % of its cases; nan where there is no case.

    Hours of the first touch are infinite where fewer than 90 % of the handovers were ever touched.
    """

    first_touch_hours: float  # shortest time from qualifying event to first touch, calendar
    first_touch_business_hours: float  # the same in open hours of the touching team
    attempts: float  # attempts given to at least 90 % of the leads that stayed unreached
    gap_hours: float  # longest time from one attempt to the next, in 90 % of them
    gap_median_hours: float
    monthly_leads: float
    monthly_mqls: float
    monthly_sqls: float


def promises(
    leads: Leads,
    outcomes: Outcomes,
    touches: TouchLog,
    roster: Roster,
    scenario: Scenario,
    *,
    evidence: Evidence | None = None,
) -> Promises:
    """Return the terms kept in 90 % of the cases of one replication, over the handovers of the measured window.

    First touches are read off all handovers that open at least `standard.days` before the end, the untouched ones
    included; attempts off those that left sales without a talk and without being touched too soon; gaps off the
    successive dials inside a handover. Monthly numbers are those met in 90 % of the whole months.
    """
    e = evidence or gather(leads, outcomes, touches, scenario)
    h, clock = e.handovers, e.clock
    speed = speed_to_lead(e, roster)
    judged = h.start[speed.handover] <= e.judged_until
    gaps = hours(attempt_gaps(e))
    return Promises(
        first_touch_hours=kept_by(speed.hours[judged], SHARE),
        first_touch_business_hours=kept_by(speed.business_hours[judged], SHARE),
        attempts=reached_by(h.tries[_unreached(e)], SHARE),
        gap_hours=kept_by(gaps, SHARE),
        gap_median_hours=quantile(gaps, 0.5),
        monthly_leads=monthly_level(leads.created, clock, share=SHARE),
        monthly_mqls=monthly_level(outcomes.mql_at, clock, share=SHARE),
        monthly_sqls=monthly_level(outcomes.sql_at, clock, share=SHARE),
    )


def attempt_gaps(e: Evidence) -> Int64:
    """Return the ms from each dial to the next one of the same handover, for the handovers of the measured window."""
    handover, at = e.tries.handover, e.tries.at
    chosen = np.zeros(e.handovers.n, dtype=np.bool_)
    chosen[ordinary_handovers(e)] = True
    following = (handover[1:] == handover[:-1]) & (handover[1:] >= 0)
    following &= _flag(chosen, handover[1:])
    gaps: Int64 = np.diff(at)[following]
    return gaps


def _unreached(e: Evidence) -> Int64:
    """Return the ordinary handovers that left sales without a talk: their attempts are all they were given."""
    h = e.handovers
    chosen = ordinary_handovers(e)
    done = (h.result[chosen] != Result.OPEN) & (h.first_talk[chosen] < 0) & ~h.too_soon[chosen]
    unreached: Int64 = chosen[done & (h.start[chosen] <= e.judged_until)]
    return unreached


def _flag(flags: Bool, index: Int64) -> Bool:
    return flags[np.maximum(index, 0)] if flags.size else np.zeros(index.size, dtype=np.bool_)


def measures(kept: Promises) -> dict[str, float]:
    """Return the measures of the group `promises`; what is infinite counts as undefined."""
    values = {
        "promise_first_touch_hours": kept.first_touch_hours,
        "promise_first_touch_business_hours": kept.first_touch_business_hours,
        "promise_attempts": kept.attempts,
        "promise_gap_hours": kept.gap_hours,
        "promise_gap_median_hours": kept.gap_median_hours,
        "promise_monthly_leads": kept.monthly_leads,
        "promise_monthly_mqls": kept.monthly_mqls,
        "promise_monthly_sqls": kept.monthly_sqls,
    }
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: float) -> float:
    return value if np.isfinite(value) else float("nan")
