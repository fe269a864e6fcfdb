import math

import numpy as np
import pytest

from funnelsim.metrics.breakdown import by_channel, by_month, by_offer, by_tier, speed_to_lead_sample
from funnelsim.metrics.evidence import gather
from funnelsim.metrics.funnel import measures
from funnelsim.metrics.reach import DELAY_NAMES, by_attempt, by_delay
from funnelsim.metrics.visitors import visitors_by_channel
from funnelsim.records import Result, Row, State

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def figures(world, visitors=1000.0):
    e = gather(world.leads(), world.outcomes(), world.touches(), world.scenario)
    return measures(world.outcomes(), world.leads().created, evidence=e, visitors=visitors)


def tell(world):
    """Eight leads of the cohort, one stage further each, by two channels; and a deal of the warm-up."""
    stages = {"mql_at": 11, "first_talk_at": 12, "sql_at": 13, "met_at": 15, "opportunity_at": 16, "closed_at": 26}
    for n in range(7):
        reached = {name: day * DAY for name, day in list(stages.items())[:n]}
        i = world.lead(channel=int(n < 2), offer=n % 2, value=1_000.0)
        world.becomes(i, State.WON if n == 6 else State.NURTURE, 26 * DAY, tier=n - 4 if n > 3 else -1, **reached)
    world.becomes(world.lead(able=False, duplicate_of=0, channel=1, offer=1), State.MERGED, 10 * DAY)
    early = world.lead(created=DAY)
    world.becomes(early, State.WON, 20 * DAY, **dict.fromkeys(stages, 20 * DAY))


def test_the_funnel_by_hand(world):
    tell(world)
    values = figures(world)

    counts = {name: values[name] for name in ("leads", "mqls", "connected", "sqls", "met", "opportunities", "merged")}
    assert counts == {"leads": 8, "mqls": 6, "connected": 5, "sqls": 4, "met": 3, "opportunities": 2, "merged": 1}
    assert values["visitor_to_lead_share"] == 0.008
    assert values["lead_to_mql_share"] == 6 / 8
    assert values["mql_to_connected_share"] == 5 / 6
    assert values["mql_to_sql_share"] == 4 / 6
    assert values["sql_to_opportunity_share"] == 2 / 4
    assert values["opportunity_to_won_share"] == 1 / 2
    assert values["mql_to_won_share"] == 1 / 6
    assert values["lead_to_won_share"] == 1 / 8


def test_the_conversions_multiply_to_the_whole(world):
    tell(world)
    values = figures(world)

    steps = ("lead_to_mql", "mql_to_sql", "sql_to_opportunity", "opportunity_to_won")
    product = math.prod(values[f"{step}_share"] for step in steps)
    assert product == pytest.approx(values["lead_to_won_share"])


def test_time_in_stage_by_hand(world):
    tell(world)
    values = figures(world)

    assert values["lead_to_mql_days_median"] == 1.0
    assert values["mql_to_sql_days_median"] == 2.0
    assert values["sql_to_met_days_median"] == 2.0
    assert values["opportunity_to_won_days_median"] == 10.0
    assert values["days_to_close_median"] == values["days_to_close_p90"] == 16.0
    assert values["journey_gone_share"] == 2 / 16


def test_nothing_is_divided_by_nothing(world):
    world.lead(created=DAY)
    values = figures(world, visitors=0.0)

    assert values["leads"] == 0
    assert math.isnan(values["visitor_to_lead_share"])
    assert math.isnan(values["days_to_close_median"])


def records(world):
    return world.leads(), world.outcomes(), world.touches(), world.roster, world.scenario


def test_by_channel_by_hand(world):
    tell(world)
    table = by_channel(*records(world))
    months = 56 / 30.4375

    assert table["channel"] == ("site", "fair")
    assert table["leads"].tolist() == [5, 3]
    assert table["mqls"].tolist() == [5, 1]
    assert table["deals"].tolist() == [1, 0]
    assert table["revenue"].tolist() == [1_000.0, 0.0]
    assert table["spend"] == pytest.approx([3_000 * months, 1_000 * months])
    assert table["cost_per_lead"] == pytest.approx([600 * months, 1_000 / 3 * months])
    assert table["cost_per_deal"][0] == pytest.approx(3_000 * months)
    assert math.isnan(table["cost_per_deal"][1])
    assert table["revenue_per_spend"] == pytest.approx([1 / (3 * months), 0.0])
    visitors = visitors_by_channel(world.scenario, 0)
    assert table["visitors"].tolist() == list(visitors)
    assert table["visitor_to_lead_share"][0] == 5 / visitors[0]
    assert table["tier_a"].tolist() == [1, 0]
    # Five able buyers that no handover in the log held; the one of the fair that is a duplicate is merged.
    assert table["leads_wasted_share"] == pytest.approx([4 / 5, 2 / 3])


@pytest.mark.parametrize("breakdown", [by_channel, by_offer, by_tier])
def test_a_breakdown_adds_up_to_the_whole(world, breakdown):
    tell(world)
    table, values = breakdown(*records(world)), figures(world)

    for stage in ("leads", "mqls", "connected", "sqls", "met", "opportunities"):
        assert table[stage].sum() == values[stage]
    assert table["deals"].sum() == 1
    assert len({len(column) for column in table.values()}) == 1


def test_attempts_by_tier_are_those_of_judged_handovers(world):
    """Two handovers of tier A with one and three touches, one of C untouched, one of A too late to be judged."""
    for tier, start, touches in ((0, 10, 1), (0, 11, 3), (2, 12, 0), (0, 62, 5)):
        i = world.lead(created=start * DAY)
        world.handover(i, start * DAY, start * DAY + 9 * DAY, tier=tier)
        for k in range(touches):
            world.touch(i, (start + k) * DAY + HOUR)
    changed = world.scenario.run.standard.model_copy(update={"days": 30.0})
    run = world.scenario.run.model_copy(update={"standard": changed})
    table = by_tier(*records(world)[:4], world.scenario.model_copy(update={"run": run}))

    assert table["attempts_mean"][:3].tolist()[::2] == [2.0, 0.0]
    assert math.isnan(table["attempts_mean"][1])


def test_by_tier_keeps_those_never_handed_over_apart(world):
    tell(world)
    table = by_tier(*records(world))

    assert table["tier"] == ("A", "B", "C", "not handed over")
    assert table["leads"].tolist() == [1, 1, 1, 5]


def test_by_month_by_hand(world):
    """Measured from 13 January to 10 March; each thing counts in the month in which it happened."""
    tell(world)
    world.wins(world.lead(value=5.0), 26 * DAY + 31 * DAY, mql_at=40 * DAY, sql_at=64 * DAY)
    table = by_month(world.leads(), world.outcomes(), world.scenario)

    assert table["month"] == ("2025-01", "2025-02", "2025-03")
    assert table["whole"].tolist() == [False, True, False]
    assert table["leads"].tolist() == [9, 0, 0]
    assert table["mqls"].tolist() == [7, 1, 0]  # the deal of the warm-up qualified in January
    assert table["sqls"].tolist() == [5, 0, 0]
    # Day 26 is 1 February, day 57 is 4 March; the deal of the warm-up closed on day 20.
    assert table["deals"].tolist() == [1, 1, 1]
    assert table["revenue"].tolist() == [12_000.0, 1_000.0, 5.0]


def test_the_sample_of_first_touches(new_world):
    """The first-touch term of tier A is in business hours, that of tier C by the calendar."""
    world = new_world(policy={"sla": {"first_touch": "8 business hours", "C": {"first_touch": "24h"}}})
    friday, monday = 11 * DAY + 16 * HOUR, 14 * DAY + 9 * HOUR + 30 * MINUTE
    for tier in (0, 2, 0):
        i = world.lead()
        world.handover(i, friday, 31 * DAY, tier=tier, due_at=14 * DAY + 16 * HOUR, available_at=friday - HOUR)
        if i < 2:
            world.touch(i, monday, available_at=friday + HOUR // 2)

    table = speed_to_lead_sample(*records(world))

    assert table["tier"] == ("A", "C", "A")
    assert table["touched"].tolist() == [True, True, False]
    assert table["kept"].tolist() == [True, True, False]
    assert table["judged"].tolist() == [True, True, True]
    assert table["hours"].tolist() == [66.5, 66.5, math.inf]
    assert table["business_hours"].tolist() == [2.5, 2.5, math.inf]
    assert table["term_hours"].tolist() == [1.0, 65.0, math.inf]


def test_reach_by_attempt_and_by_delay(world):
    """Of three leads called within 5 min, 20 min and 2 h, the second answers at once, the third at the second call."""
    for delay in (5 * MINUTE, 20 * MINUTE, 2 * HOUR):
        i = world.lead()
        world.handover(i, 10 * DAY, 31 * DAY)
        if delay == 20 * MINUTE:
            world.talk(i, 10 * DAY + delay)
            continue
        world.touch(i, 10 * DAY + delay)
        world.touch(i, 11 * DAY, Result.SENT, kind=Row.EMAIL)
        world.touch(i, 12 * DAY, Result.SQL if delay == 2 * HOUR else Result.NOT_REACHED)
    before = world.lead(created=DAY)
    world.handover(before, 5 * DAY, 31 * DAY)
    world.talk(before, 5 * DAY)

    attempts = by_attempt(world.leads(), world.outcomes(), world.touches(), world.scenario, most=4)
    delays = by_delay(world.leads(), world.outcomes(), world.touches(), world.scenario)

    assert attempts["given"].tolist() == [3, 0, 2, 0]
    assert attempts["answered"].tolist() == [1, 0, 1, 0]
    assert np.isnan(attempts["answered_share"]).tolist() == [False, True, False, True]
    assert delays["delay"] == DELAY_NAMES
    assert delays["given"].tolist() == [1, 1, 0, 1, 0, 0, 0]
    assert delays["answered"].tolist() == [0, 1, 0, 0, 0, 0, 0]
