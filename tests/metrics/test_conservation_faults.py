from dataclasses import replace

import numpy as np
import pytest

from funnelsim.metrics.conservation import faults
from funnelsim.records import Result, Row, State

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
END = 91 * DAY


@pytest.fixture
def told(world):
    """A deal, and a lead that opted out: both in order."""
    i = world.lead()
    world.handover(i, 10 * DAY, 20 * DAY, Result.WON)
    world.talk(i, 11 * DAY)
    world.meeting(i, 12 * DAY, Result.WON)
    world.wins(i, 20 * DAY)
    j = world.lead()
    world.handover(j, 10 * DAY, 10 * DAY + HOUR, Result.TOO_SOON)
    world.touch(j, 10 * DAY + HOUR, Result.TOO_SOON)
    world.becomes(j, State.OPTED_OUT, 10 * DAY + HOUR, burnt=1)
    return world


def found(world, **changes):
    outcomes = world.outcomes()
    columns = {name: np.array(values, dtype=getattr(outcomes, name).dtype) for name, values in changes.items()}
    return faults(world.leads(), replace(outcomes, **columns), world.touches(), end=END)


def test_lives_in_order_have_no_fault(told):
    assert found(told) == []


BROKEN = [
    ({"state": [77, 16]}, "no known state"),
    ({"since": [20 * DAY, 9 * DAY]}, "before it was created"),
    ({"since": [20 * DAY, END + 1]}, "after the end"),
    ({"mql_at": [10 * DAY + 1, 10 * DAY]}, "handed over before it qualified"),
    ({"mql_at": [9 * DAY, 10 * DAY]}, "qualified before it was created"),
    ({"first_touch_at": [9 * DAY, 11 * DAY]}, "touched before it was handed over"),
    ({"met_at": [11 * DAY, -1]}, "met before it was an SQL"),
    ({"opportunity_at": [10 * DAY, -1]}, "an opportunity before it was an SQL"),
    ({"closed_at": [12 * DAY, -1]}, "closed before it was an opportunity"),
    ({"closed_at": [-1, -1]}, "closing moment"),
    ({"closed_at": [20 * DAY, 30 * DAY]}, "closed before it was an opportunity"),
    ({"contact_at": [-1, -1]}, "won without an opportunity or a contact"),
    ({"burnt": [0, 0]}, "opted out unburnt"),
    ({"state": [10, 20]}, "merged, but no duplicate"),
    ({"handovers": [2, 1]}, "number of handovers"),
    ({"touches": [1, 2]}, "number of touches"),
    ({"meetings": [0, 0]}, "number of meetings"),
]


@pytest.mark.parametrize(("change", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_a_broken_rule_is_found(told, change, reason):
    assert any(reason in line for line in found(told, **change))


def test_a_rep_who_does_two_things_at_once_is_found(told):
    told.touch(0, 11 * DAY + 5 * MINUTE)

    assert any("rep 0 does two things at once" in line for line in found(told, touches=[2, 1]))


def test_work_that_follows_on_the_heel_of_other_work_is_in_order(told):
    told.touch(0, 11 * DAY + 12 * MINUTE)

    assert found(told) == []


ROWS = [
    ({"start": 30 * DAY, "end": 29 * DAY}, "ends before it begins"),
    ({"start": 30 * DAY, "dial": 30 * DAY - 1, "end": 31 * DAY}, "judged outside its work"),
    ({"start": END, "end": END + 1}, "begins at or after the end"),
    ({"start": 30 * DAY, "available_at": 30 * DAY + 1, "end": 31 * DAY}, "handed over before its qualifying event"),
]


@pytest.mark.parametrize(("columns", "reason"), ROWS, ids=[reason for _, reason in ROWS])
def test_a_broken_row_is_found(told, columns, reason):
    told.row(Row.HANDOVER, 0, queued_at=30 * DAY, **columns)

    assert any(reason in line for line in found(told, handovers=[2, 1]))
