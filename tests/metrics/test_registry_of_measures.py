import math

import pytest

from funnelsim.metrics import MEASURES, summarise
from funnelsim.metrics.lost import LostBuyer
from funnelsim.metrics.waste import Waste
from funnelsim.records import Result

DAY = 86_400_000
UNITS = {
    "share", "money", "leads", "deals", "visitors", "handovers", "attempts", "times", "hours", "days", "months",
    "tasks", "ratio", "leads/month", "money/day",
}  # fmt: skip


def summary(world, **only):
    records = (world.leads(), world.scored(), world.outcomes(), world.touches(), world.roster, world.scenario)
    return summarise(*records, **only)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_named_and_told_as_the_others_are(name):
    measure = MEASURES[name]

    assert measure.name == name
    assert name == name.lower().replace(" ", "_")
    assert measure.unit in UNITS
    assert measure.direction in ("up", "down", "none")
    assert measure.definition.endswith(".")
    assert measure.definition[0].isupper()


def test_units_that_a_name_carries_are_those_of_the_measure():
    for name, measure in MEASURES.items():
        for ending, unit in (("_share", "share"), ("_hours", "hours"), ("_months", "months"), ("_days_median", "days")):
            if name.endswith(ending):
                assert measure.unit == unit, name


def test_the_two_objectives_of_a_search_come_first():
    assert list(MEASURES)[:2] == ["revenue", "leads_wasted_share"]
    assert MEASURES["revenue"].direction == "up"
    assert MEASURES["leads_wasted_share"].direction == "down"


def test_every_cause_is_a_measure():
    assert {f"wasted_{c.name.lower()}_share" for c in Waste if c} <= MEASURES.keys()
    assert {f"buyers_lost_{c.name.lower()}" for c in LostBuyer if c} <= MEASURES.keys()


def test_the_summary_has_exactly_the_measures_in_their_order(world):
    i = world.lead()
    world.handover(i, 10 * DAY, 31 * DAY)
    world.touch(i, 11 * DAY)

    values = summary(world)

    assert list(values) == list(MEASURES)
    assert all(type(value) is float for value in values.values())


def eventful(world):
    i = world.lead()
    world.handover(i, 10 * DAY, 31 * DAY)
    world.touch(i, 11 * DAY)
    j = world.lead(value=500.0)
    world.handover(j, 12 * DAY, 20 * DAY)
    world.talk(j, 13 * DAY)
    world.meeting(j, 15 * DAY)
    world.wins(j, 20 * DAY)
    return world


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_asked_for_alone_is_what_it_is_among_all(name, new_world):
    world = eventful(new_world())

    alone = summary(world, only=(name,))

    assert list(alone) == [name]
    assert alone[name] == summary(world)[name] or math.isnan(summary(world)[name])
    assert math.isnan(alone[name]) == math.isnan(summary(world)[name])


def test_measures_come_in_the_order_of_the_registry_however_they_are_asked_for(world):
    assert list(summary(eventful(world), only=["cac", "leads_wasted_share", "revenue"])) == [
        "revenue", "leads_wasted_share", "cac",
    ]  # fmt: skip


def test_what_is_not_asked_for_is_not_worked_out(world, monkeypatch):
    """Hours are of the rooms `workload` and `cost`, the touch log of neither deals nor revenue."""
    def unread(*_, **__):
        raise AssertionError("worked out")

    monkeypatch.setattr("funnelsim.metrics.workload.rep_hours", unread)
    monkeypatch.setattr("funnelsim.metrics.handovers.contacts_of", unread)
    eventful(world)

    assert summary(world, only={"revenue", "deals"}) == {"revenue": 500.0, "deals": 1.0}
    with pytest.raises(AssertionError, match="worked out"):
        summary(world, only={"profit"})
    with pytest.raises(AssertionError, match="worked out"):
        summary(world, only={"leads_wasted_share"})


def test_a_measure_that_does_not_exist_is_named(world):
    with pytest.raises(ValueError, match="revenues"):
        summary(world, only={"revenues", "deals"})


def test_the_parts_add_up_to_the_whole(world):
    """Three wasted of four, two buyers lost of two; shares are of leads created, MQLs or not."""
    world.lead(value=100.0)
    i = world.lead(value=10.0)
    world.handover(i, 10 * DAY, 31 * DAY)
    j = world.lead(able=False, value=1.0)
    world.handover(j, 10 * DAY, 31 * DAY)
    world.touch(j, 11 * DAY)
    k = world.lead(able=False)
    world.handover(k, 10 * DAY, 11 * DAY, Result.DISQUALIFIED)
    world.talk(k, 11 * DAY, Result.DISQUALIFIED)
    world.lead(created=DAY)  # not of the cohort

    values = summary(world)

    assert values["leads_wasted"] == 3
    assert values["leads_wasted_share"] == 3 / 4
    assert [values[f"wasted_{cause}_share"] for cause in ("missed", "untouched", "under_worked")] == [1 / 4] * 3
    assert values["mqls_wasted_share"] == 2 / 3
    assert values["leads_wasted_value"] == 110.0
    assert values["buyers"] == values["buyers_lost"] == 2
    assert values["buyers_lost_share"] == 1.0
    assert values["buyers_lost_value"] == 110.0
    assert values["buyers_lost_below_threshold"] == values["buyers_lost_untouched"] == 1


def test_a_world_without_leads_has_counts_of_zero_and_shares_that_are_not_defined(world):
    values = summary(world)

    assert values["leads"] == values["leads_wasted"] == values["revenue"] == values["rep_hours"] == 0
    assert math.isnan(values["leads_wasted_share"])
    assert math.isnan(values["first_touch_attainment"])
    assert values["cost"] > 0
    assert list(values) == list(MEASURES)
