import math

import numpy as np
import pytest

from funnelsim.metrics.economics import cost_measures, lifetime_value, revenue_measures, sales_measures
from funnelsim.metrics.evidence import gather
from funnelsim.metrics.workload import rep_hours
from funnelsim.records import Result, Row, State

HOUR, DAY = 3_600_000, 86_400_000
MONTHS = 56 / 30.4375


def figures(world):
    touches, outcomes = world.touches(), world.outcomes()
    e = gather(world.leads(), outcomes, touches, world.scenario)
    hours = rep_hours(touches, world.roster, e.clock)
    about = {"evidence": e, "scenario": world.scenario}
    earned = revenue_measures(world.leads(), outcomes, **about)
    return {
        **earned,
        **cost_measures(earned, roster=world.roster, hours=hours, **about),
        **sales_measures(world.leads(), outcomes, earned, roster=world.roster, **about),
    }


def won(world, *, opened, closed, created=10 * DAY, **lead):
    i = world.lead(created=created, **lead)
    world.wins(i, closed, sql_at=opened, opportunity_at=opened, contact_at=opened)
    return i


def test_revenue_of_the_cohort_and_of_the_calendar(world):
    """Four deals: in and in, cohort but closed after the window, closed in it by an earlier lead, and neither."""
    won(world, value=1_000.0, opened=20 * DAY, closed=30 * DAY)
    won(world, value=2_000.0, opened=60 * DAY, closed=63 * DAY)
    won(world, value=4_000.0, created=DAY, opened=5 * DAY, closed=7 * DAY)
    won(world, value=8_000.0, created=65 * DAY, opened=66 * DAY, closed=70 * DAY)
    world.becomes(world.lead(value=16_000.0), State.LOST, 30 * DAY, closed_at=30 * DAY, opportunity_at=20 * DAY)

    values = figures(world)

    assert (values["revenue"], values["deals"]) == (3_000.0, 2)
    assert (values["revenue_calendar"], values["deals_calendar"]) == (5_000.0, 2)
    assert values["deal_value_mean"] == 1_500.0


def test_what_a_customer_leaves_over_its_lifetime(world):
    """12,000 pays for 12 months: 1,000 a month, 800 after delivery, 790 after keeping it; 24 months make 18,960."""
    world.lead(value=12_000.0, months=24.0)
    world.lead(value=12_000.0, months=1.0)

    assert lifetime_value(world.leads(), world.scenario).tolist() == [18_960.0, 790.0]


def test_costs_are_those_of_the_measured_window(world):
    """Spend 4,000 a month and fixed 500; 320 h each at 30 and 50; one hour of overtime of the ae at 1.5 times."""
    i = world.lead()
    world.handover(i, 10 * DAY, 80 * DAY)
    world.row(Row.MEETING, i, rep=1, list=1, queued_at=0, start=11 * DAY + 17 * HOUR, dial=11 * DAY + 17 * HOUR,
              end=11 * DAY + 18 * HOUR, result=Result.MET)  # fmt: skip

    values = figures(world)

    assert values["marketing_spend"] == pytest.approx(4_000 * MONTHS)
    assert values["rep_cost"] == pytest.approx(320 * 30 + 320 * 50 + 1.5 * 50)
    assert values["cost"] == pytest.approx(values["marketing_spend"] + values["rep_cost"] + 500 * MONTHS)
    assert values["profit"] == pytest.approx(-values["cost"])
    assert values["cpl"] == pytest.approx(4_000 * MONTHS)


def test_the_ratios_by_which_money_is_judged(world):
    for _ in range(4):
        won(world, value=12_000.0, months=24.0, opened=20 * DAY, closed=30 * DAY)
    cost = 4_500 * MONTHS + 320 * 80

    values = figures(world)

    assert values["profit"] == pytest.approx(0.8 * 48_000 - cost)
    assert values["cac"] == pytest.approx(cost / 4)
    assert values["cac_payback_months"] == pytest.approx(cost / 4 / 790)
    assert values["ltv_to_cac"] == pytest.approx(18_960 / (cost / 4))
    assert values["romi"] == pytest.approx((0.8 * 48_000 - 4_000 * MONTHS) / (4_000 * MONTHS))
    assert values["acquire_to_keep_ratio"] == pytest.approx(cost / 4 / 120)
    assert values["lifetime_value"] == pytest.approx(4 * 18_960)


def test_a_deal_that_costs_more_to_keep_than_it_leaves_never_pays_back(world):
    won(world, value=100.0, opened=20 * DAY, closed=30 * DAY)

    assert math.isnan(figures(world)["cac_payback_months"])


def test_without_deals_what_is_per_deal_is_not_defined(world):
    world.lead()
    values = figures(world)

    for name in ("cac", "cac_payback_months", "ltv_to_cac", "deal_value_mean", "lifetime_value_per_deal",
                 "acquire_to_keep_ratio", "leads_a_rep_needs", "sales_velocity_per_day"):  # fmt: skip
        assert math.isnan(values[name]), name
    assert values["revenue"] == 0.0


def test_quota_pipeline_and_velocity(world):
    """One ae owes 20,000 a month. In 56 days two opportunities of 12,000 are open for 14 days each, one of them won."""
    won(world, opened=20 * DAY, closed=34 * DAY)
    world.becomes(world.lead(), State.LOST, 44 * DAY, sql_at=30 * DAY, opportunity_at=30 * DAY, closed_at=44 * DAY)

    values = figures(world)

    assert values["quota_attainment"] == pytest.approx(12_000 / (20_000 * MONTHS))
    assert values["pipeline_value_mean"] == pytest.approx(12_000 * 28 / 56)
    assert values["pipeline_coverage"] == pytest.approx(6_000 / 60_000)
    # Half an opportunity open on average x half of them won x 12,000 / 14 days.
    assert values["sales_velocity_per_day"] == pytest.approx(0.5 * 0.5 * 12_000 / 14)
    assert values["leads_a_rep_needs"] == pytest.approx(20_000 / (12_000 / 2))


def test_velocity_is_the_revenue_of_a_day_where_the_pipeline_is_steady(world):
    """Little's law: a deal every day, each open for 10 days, all won; 12,000 a day."""
    for day in range(-10, 70):
        closed = (day + 10) * DAY
        if day >= 0 and closed < 91 * DAY:
            won(world, created=day * DAY, opened=day * DAY, closed=closed)

    # From day 7 on nine, then ten are open: the mean over the window is a little below ten.
    open_mean = float(np.mean([min(day, 10) + (1 if day < 10 else 0) for day in range(7, 63)]))
    assert figures(world)["sales_velocity_per_day"] == pytest.approx(open_mean * 12_000 / 10, rel=0.01)


def test_an_opportunity_that_nobody_kept_meeting_ends_as_a_no_show(world):
    world.becomes(world.lead(), State.NO_SHOW, 34 * DAY, sql_at=19 * DAY, opportunity_at=20 * DAY)
    world.becomes(world.lead(), State.OPPORTUNITY, 56 * DAY, sql_at=19 * DAY, opportunity_at=56 * DAY)

    assert figures(world)["pipeline_value_mean"] == pytest.approx(12_000 * (14 + 7) / 56)
