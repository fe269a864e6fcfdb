"""How calls fared, by attempt and by delay: what a CRM export is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.metrics.agreement import ordinary_handovers
from funnelsim.metrics.arithmetic import hours, ordinal
from funnelsim.metrics.evidence import gather
from funnelsim.metrics.tables import Table, shares
from funnelsim.records import Bool, Int64, Leads, Outcomes, Result, Row, TouchLog

DELAY_EDGES_HOURS = (1 / 6, 0.5, 2.0, 8.0, 24.0, 72.0)
DELAY_NAMES = ("< 10 min", "10-30 min", "0.5-2 h", "2-8 h", "8-24 h", "1-3 d", "> 3 d")


def by_attempt(leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario, *, most: int = 12) -> Table:
    """Return for each attempt of a handover, from 1 to `most`, how many calls were made as that and were answered.

    Over the handovers of the measured window. E-mails and call-backs take a place in the row of attempts, but only
    calls are counted; attempts go on counting when a lead is recycled.
    """
    calls = _calls(leads, outcomes, touches, scenario)
    within = calls.place < most
    given = np.bincount(calls.place[within], minlength=most).astype(np.float64)
    answered = np.bincount(calls.place[within], weights=calls.answered[within], minlength=most)
    names = tuple(str(k + 1) for k in range(most))
    return {"attempt": names, "given": given, "answered": answered, "answered_share": shares(answered, given)}


def by_delay(leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario) -> Table:
    """Return how first calls fared by their delay after the qualifying event, calendar: see `DELAY_NAMES`.

    Over the handovers of the measured window whose first attempt was a call.
    """
    calls = _calls(leads, outcomes, touches, scenario)
    first = calls.place == 0
    band = np.searchsorted(np.array(DELAY_EDGES_HOURS), hours(calls.delay[first]), side="right")
    given = np.bincount(band, minlength=len(DELAY_NAMES)).astype(np.float64)
    answered = np.bincount(band, weights=calls.answered[first], minlength=len(DELAY_NAMES))
    return {"delay": DELAY_NAMES, "given": given, "answered": answered, "answered_share": shares(answered, given)}


@dataclass(frozen=True, slots=True, eq=False)
class _Calls:
    place: Int64  # (c,) attempt within its handover, from 0
    delay: Int64  # (c,) ms after the qualifying event
    answered: Bool  # (c,)


def _calls(leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario) -> _Calls:
    """Return the calls of the handovers of the measured window whose result is known."""
    e = gather(leads, outcomes, touches, scenario)
    tries = e.tries.within(np.argsort(e.tries.handover, kind="stable"))
    chosen = np.zeros(e.handovers.n + 1, dtype=np.bool_)
    chosen[ordinary_handovers(e)] = True
    kind, result = touches.kind[tries.row], touches.result[tries.row]
    # A try of no handover has index -1: the last flag, which is False.
    kept = chosen[tries.handover] & (kind == Row.CALL) & (result != Result.OPEN)
    return _Calls(
        place=ordinal(tries.handover)[kept],
        delay=(tries.at - e.handovers.qualified[tries.handover])[kept] if e.handovers.n else tries.at[kept],
        answered=((result != Result.NOT_REACHED) & (result != Result.TOO_SOON))[kept],
    )
