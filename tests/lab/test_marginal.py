"""Marginal values: each step changes what it says, and its worth is that of the scenario changed by hand."""

from __future__ import annotations

import pytest

from funnelsim.config.durations import Duration
from funnelsim.config.paths import get_value, value_in_force, with_values
from funnelsim.errors import InputError
from funnelsim.lab.inputs import Setting
from funnelsim.lab.marginal import marginal_values, read_step, settings_of, usual_steps
from funnelsim.lab.replicate import replicate
from funnelsim.lab.sensitivity import play_settings
from funnelsim.stats import paired
from lab.small import small


def by_label(scenario=None, **more):
    return {step.label: step.setting for step in usual_steps(scenario or small(), **more)[0]}


def test_the_usual_steps_change_what_they_say():
    scenario, steps = small(), by_label()
    policy = scenario.policy

    assert dict(steps["one more sales"].policy) == {"headcount.sales": value_in_force(scenario, "headcount.sales") + 1}
    assert dict(steps["MQL threshold 5 points higher"].policy) == {"scoring.cutoff": policy.scoring.cutoff + 5}
    assert dict(steps["one more attempt"].policy)["sla.attempts"] == policy.sla.attempts + 1
    gap = dict(steps["gap between attempts 12 h shorter"].policy)["sla.gap"]
    assert gap.hours == get_value(policy, "sla.gap").hours - 12
    for setting in steps.values():
        setting.applied(scenario)


def test_spend_buys_leads_at_what_one_costs_today():
    scenario = small()
    channel = scenario.market.channels["website"]
    changed = by_label(spend=500.0)["500 more a month on website"].applied(scenario).market.channels["website"]

    assert changed.spend_per_month == channel.spend_per_month + 500
    cost_per_visitor = channel.spend_per_month / channel.visitors_per_day
    assert changed.spend_per_month / changed.visitors_per_day == pytest.approx(cost_per_visitor)


def test_terms_of_a_tier_are_shortened_too_by_half_at_most():
    scenario = small()
    terms = {"sla.first_touch": "8 business hours", "sla.A.first_touch": "1 business hour"}
    steps = by_label(scenario.with_policy(with_values(scenario.policy, terms)))

    changed = dict(steps["first touch 1 h sooner, half at most"].policy)
    assert {k: str(v) for k, v in changed.items()} == {
        "sla.first_touch": "7 business hours", "sla.A.first_touch": "0.5 business hours",
    }  # fmt: skip


def test_a_step_that_breaks_a_rule_is_left_out_and_says_so():
    run = small().run.model_copy(update={"max_touches": small().policy.sla.attempts})
    scenario = small().model_copy(update={"run": run})
    steps, left_out = usual_steps(scenario)

    assert "one more attempt" not in {step.label for step in steps}
    assert any(reason.startswith("one more attempt: run.max_touches must be at least") for reason in left_out)


def test_the_worth_of_a_step_is_the_paired_difference_to_the_scenario_changed_by_hand():
    scenario = small()
    steps = [read_step("scoring.cutoff=+10", scenario), read_step("sla.attempts=-1", scenario)]
    values = play_settings(scenario, settings_of(steps), measures=["mqls", "revenue"], replications=range(3))
    found = marginal_values(values, steps, measures=["mqls", "revenue"])

    before = replicate(scenario, replications=range(3))
    cutoff = scenario.policy.scoring.cutoff + 10
    after = replicate(
        scenario.with_policy(with_values(scenario.policy, {"scoring.cutoff": cutoff})), replications=range(3)
    )
    contrast = found.contrasts[1][0]
    assert found.labels == ("in force", "scoring.cutoff +10", "sla.attempts -1")
    assert contrast.difference == paired(after["mqls"], before["mqls"], confidence=1 - 0.05 / 4)


def test_more_spend_moves_nobody_who_came_anyway():
    """Common people keep their luck, so nothing but more can come of it where nobody waits for a rep."""
    scenario = small()
    step = read_step("market.channels.website.visitors_per_day=+30%", scenario)
    values = play_settings(scenario, settings_of([step]), measures=["leads", "mqls"], replications=range(4))

    for table in values.values():
        assert (table[1] > table[0]).all()


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("scoring.cutoff=+5", "scoring.cutoff", 5.0),
        ("sla.gap=-12h", "sla.gap", -12.0),
        ("sla.gap=+50%", "sla.gap", 0.5),
        ("policy.headcount.sales=+2", "headcount.sales", 2),
    ],
)
def test_a_step_can_be_written(text, path, value):
    before = value_in_force(small(), path)
    after = dict(read_step(text, small()).setting.policy)[path]
    if isinstance(before, Duration):
        assert after.hours == pytest.approx(before.hours * 1.5 if text.endswith("%") else before.hours + value)
    else:
        assert after == before + value


def test_a_step_of_the_world_can_be_relative():
    setting = read_step("market.deal.value_mean=+5%", small()).setting

    assert setting == Setting(world=(("market.deal.value_mean", small().market.deal.value_mean * 1.05),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scoring.cutoff=5", r"PATH=\+AMOUNT"),
        ("scoring.cutof=+5", "did you mean"),
        ("scoring.cutoff=+5h", "changes by a number"),
        ("order.work=+1", "no number or duration"),
        ("sla.gap=-300d", "must stay >= 0"),
        ("sla.gap=+5 apples", "must be a duration"),
        ("scoring.fit_cutoff=+5", "is not read where"),
        ("market.fit.able_share=+0.9", "able_share"),
        ("headcount.sales=-200", "headcount.sales"),
    ],
)
def test_a_faulty_step_is_explained(text, message):
    with pytest.raises(InputError, match=message):
        read_step(text, small())
