"""Attribution: parts that add up, factors that hold what they say, and gaps whose cause is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from funnelsim.config.node import Node, below, node_of
from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario
from funnelsim.config.values import plain_tables
from funnelsim.errors import InputError
from funnelsim.lab.attribution import (
    ALL_BUT_VOLUME,
    EVERYTHING,
    attribute,
    coalitions,
    needed_volume,
    play_coalitions,
)
from funnelsim.lab.factors import FACTORS, TABLES, changes, check_attributable, factor_of, mixed
from funnelsim.lab.inputs import Setting
from funnelsim.lab.play import draw, play
from funnelsim.lab.reference_plan import AMPLE, by_the_standard, with_volume
from funnelsim.lab.replicate import replicate
from lab.small import small


def changed(policy: dict[str, Any] | None = None, **world: Any) -> Scenario:
    """Return the small scenario with policy values by path, and world values by path with "__" for a dot."""
    settings = Setting(tuple((policy or {}).items()), tuple((k.replace("__", "."), v) for k, v in world.items()))
    return settings.applied(small())


def a_plan() -> Scenario:
    """Return a plan that differs from the small scenario in every factor."""
    return changed(
        {"scoring.cutoff": 35.0, "sla.gap": "24h", "sla.attempts": 6, "headcount.sales": 5},
        market__channels__website__visitors_per_day=300.0,
        market__channels__ads__visitors_per_day=120.0,
        market__fit__able_share=0.55,
        market__effort__talk__mean="30min",
    )


def test_every_field_of_a_scenario_that_counts_has_a_factor():
    def leaves(node: Node, path: str):
        if node.is_table():
            for name in node.fields():
                child = below(node, name)
                assert child is not None
                yield from leaves(child, f"{path}.{name}")
        elif (entry := node.entry()) is not None:
            yield from leaves(entry, f"{path}.{'x' if node.is_named() else '0'}")
        else:
            yield path

    known = 0
    for table in TABLES:
        node = below(node_of(Scenario), table)
        assert node is not None
        for path in leaves(node, table):
            assert factor_of(path) in FACTORS
            known += 1
    assert known > 150


def test_the_factor_of_a_field_is_the_one_that_says_most_about_it():
    assert factor_of("market.channels.ads.visitors_per_day") == "volume"
    assert factor_of("market.channels.ads.able_shift") == "quality"
    assert factor_of("policy.sla.B.gap") == "speed"
    assert factor_of("policy.sla.window") == "effort"
    assert factor_of("market.effort.call.mean") == "capacity"
    with pytest.raises(KeyError):
        factor_of("run.seed")


def test_none_of_a_plan_is_what_is_and_all_of_it_is_the_plan():
    actual, plan = small(), a_plan()
    for taken, expected in (((), actual), (FACTORS, plan)):
        found = plain_tables(mixed(actual, plan, taken), defaults=True)
        whole = plain_tables(expected, defaults=True)
        assert {name: found[name] for name in TABLES} == {name: whole[name] for name in TABLES}


@pytest.mark.parametrize("factor", FACTORS)
def test_one_factor_of_a_plan_changes_its_own_fields_and_no_others(factor):
    actual, plan = small(), a_plan()
    found = changes(actual, mixed(actual, plan, [factor]))
    whole = changes(actual, plan)

    assert all(whole.values())  # this plan differs in every factor
    assert {f: v for f, v in found.items() if v} == {factor: whole[factor]}


def test_channels_come_and_go_with_volume_and_bring_their_own_quality():
    actual = small()
    channels = actual.market.channels
    others = {"fair": channels["ads"], "ads": channels["ads"]}
    plan = actual.model_copy(update={"market": actual.market.model_copy(update={"channels": others})})

    assert list(mixed(actual, plan, ["volume"]).market.channels) == ["fair", "ads"]
    assert list(mixed(actual, plan, ["quality", "speed"]).market.channels) == ["website", "ads"]
    assert [path for path, _, _ in changes(actual, plan)["volume"]] == [
        "market.channels.website", "market.channels.fair",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def worth():
    return play_coalitions(small(), a_plan(), measure="revenue", replications=range(3))


def test_the_parts_add_up_to_the_gap_in_every_replication(worth):
    found = attribute(worth, small(), a_plan(), measure="revenue")
    total = sum(part.brings.mean for part in found.parts)

    assert total == pytest.approx(found.gap.mean, abs=1e-6)
    assert found.as_is.mean + total == pytest.approx(found.planned.mean, abs=1e-6)
    for r in worth:
        alone = attribute({r: worth[r]}, small(), a_plan(), measure="revenue")
        gap = worth[r][EVERYTHING] - worth[r][0]
        assert sum(part.brings.mean for part in alone.parts) == pytest.approx(gap, abs=1e-6)


def test_with_a_target_the_parts_and_what_is_not_explained_add_up_to_it(worth):
    found = attribute(worth, small(), a_plan(), measure="revenue", target=300_000.0)

    assert found.remainder is not None
    total = found.as_is.mean + sum(part.brings.mean for part in found.parts) + found.remainder.mean
    assert total == pytest.approx(300_000.0, abs=1e-6)


def test_no_coalition_is_what_replicate_says(worth):
    alone = replicate(small(), replications=range(3))["revenue"]

    assert [worth[r][0] for r in range(3)] == alone.tolist()


def test_all_together_is_what_replicate_says_of_a_plan_of_the_same_demand():
    plan = changed({"scoring.cutoff": 35.0, "headcount.sales": 5}, market__fit__able_share=0.55)
    found = play_coalitions(small(), plan, measure="mqls", replications=range(2))

    assert [found[r][EVERYTHING] for r in range(2)] == replicate(plan, replications=range(2))["mqls"].tolist()


def test_deals_worth_a_tenth_more_are_a_matter_of_quality_alone():
    """Revenue is proportional to the deal value, so the gap is a tenth of revenue, all of it quality."""
    plan = changed(market__deal__value_mean=1.1 * small().market.deal.value_mean)
    worth = play_coalitions(small(), plan, measure="revenue", replications=range(3))
    found = attribute(worth, small(), plan, measure="revenue")

    by_factor = {part.factor: part for part in found.parts}
    assert by_factor["quality"].brings.mean == pytest.approx(0.1 * found.as_is.mean)
    for factor in set(FACTORS) - {"quality"}:
        assert (by_factor[factor].brings.mean, by_factor[factor].finding) == (0.0, "the same")


def test_more_of_the_same_leads_are_a_matter_of_volume_alone():
    plan = with_volume(small(), 1.3)
    worth = play_coalitions(small(), plan, measure="leads", replications=range(3))
    found = attribute(worth, small(), plan, measure="leads")

    assert found.parts[0].brings.mean == pytest.approx(found.gap.mean)
    assert found.parts[0].brings.mean > 0.15 * found.as_is.mean
    assert all(part.finding == "the same" for part in found.parts[1:])


def worth_of(own: list[float], together: float = 0.0, luck: tuple[float, ...] = (0.0, 7.0, -3.0, 1.0)):
    """Return worths where each factor adds its own, and the first two `together` more when both are there."""
    row = np.array([
        sum(v for at, v in enumerate(own) if n >> at & 1) + together * (n & 3 == 3) for n in range(32)
    ])  # fmt: skip
    # Luck that all share, and a little of each part's own.
    return {r: 100.0 + level + row * (1 + 0.001 * level) for r, level in enumerate(luck)}


def test_what_two_factors_do_together_is_shared_between_them_and_findings_are_called():
    found = attribute(worth_of([10.0, 20.0, 0.0, -5.0, 0.0], together=6.0), small(), a_plan(), measure="revenue")
    scale = 1 + 0.001 * np.mean([0.0, 7.0, -3.0, 1.0])

    assert [p.brings.mean for p in found.parts] == pytest.approx(np.array([13, 23, 0, -5, 0]) * scale)
    assert [p.alone for p in found.parts] == pytest.approx(np.array([10, 20, 0, -5, 0]) * scale)
    assert [p.last for p in found.parts] == pytest.approx(np.array([16, 26, 0, -5, 0]) * scale)
    assert [p.finding for p in found.parts] == ["missing", "missing", "the same", "in excess", "the same"]


def test_what_is_only_luck_is_no_detectable_part():
    rng = np.random.default_rng(4)
    luck = {r: rng.normal(100.0, 10.0, 32) for r in range(12)}
    found = attribute(luck, small(), a_plan(), measure="revenue")

    assert all(part.finding == "no detectable part" for part in found.parts)


# The plan behind a target


def test_the_standard_asks_for_its_attempts_within_its_days_and_at_once():
    actual = changed({"sla.attempts": 2, "sla.gap": "10d", "sla.window": "5d", "callbacks": False})
    plan = by_the_standard(actual)
    standard = actual.run.standard

    assert plan.policy.sla.attempts == standard.attempts
    assert plan.policy.sla.gap.hours * standard.attempts == pytest.approx(24 * standard.days, rel=1e-4)
    assert plan.policy.sla.window.hours == 24 * standard.days
    assert plan.policy.callbacks
    assert {f for f, paths in changes(actual, plan).items() if paths} == {"speed", "effort", "capacity"}


def test_what_is_better_than_the_standard_stays():
    actual = changed({"sla.attempts": 9, "sla.gap": "12h", "sla.window": "30d"})
    plan = by_the_standard(actual)

    assert (plan.policy.sla.attempts, str(plan.policy.sla.gap), str(plan.policy.sla.window)) == (9, "12h", "30d")


def test_with_ample_reps_nobody_waits_so_that_yet_more_change_nothing():
    plan = by_the_standard(small())
    groups = [g.model_copy(update={"count": 3 * g.count}) for g in plan.team.reps]
    more = plan.model_copy(update={"team": plan.team.model_copy(update={"reps": groups})})
    leads = draw(plan, 0)
    one, two = (play(s, leads).summary(["revenue", "speed_to_lead_p90_hours", "connected"]) for s in (plan, more))

    assert sum(g.count for g in plan.team.reps) == AMPLE * sum(g.count for g in small().team.reps)
    assert one == two


def test_references_come_last_and_bring_their_factor():
    plan = by_the_standard(small(), {"scoring.cutoff": 33.0, "market.fit.able_share": 0.6})

    assert plan.policy.scoring.cutoff == 33.0
    assert plan.market.fit.able_share == 0.6
    assert {path for path, _, _ in changes(small(), plan)["quality"]} == {
        "market.fit.able_share", "policy.scoring.cutoff",
    }  # fmt: skip
    with pytest.raises(InputError, match="no such policy field"):
        by_the_standard(small(), {"scoring.cutof": 33.0})


def test_the_leads_that_a_target_needs_are_in_proportion():
    worth = {0: np.full(32, np.nan), 1: np.full(32, np.nan)}
    worth[0][ALL_BUT_VOLUME], worth[1][ALL_BUT_VOLUME] = 90.0, 110.0

    assert needed_volume(worth, 150.0, where="x") == pytest.approx(1.5)
    for target in (1e6, 0.1):
        with pytest.raises(InputError):
            needed_volume(worth, target, where="x")


def test_a_plan_made_for_a_target_comes_near_it():
    """Worked with reps enough, revenue is proportional to the leads: over 12 replications within 4 standard errors."""
    actual = small()
    plan, numbers = by_the_standard(actual), range(12)
    first = play_coalitions(actual, plan, measure="deals", replications=numbers, only=[ALL_BUT_VOLUME])
    target = 1.5 * np.mean([row[ALL_BUT_VOLUME] for row in first.values()])
    volume = needed_volume(first, float(target), where="x")
    wanted = with_volume(plan, volume)
    worth = play_coalitions(actual, wanted, measure="deals", replications=numbers, only=[ALL_BUT_VOLUME, EVERYTHING])

    gains = np.array([row[EVERYTHING] - row[ALL_BUT_VOLUME] for row in worth.values()])
    assert volume == pytest.approx(1.5)
    assert abs(gains.mean() - target / 3) < 4 * gains.std(ddof=1) / 12**0.5
    assert gains.mean() > 0


# What cannot be


def test_what_is_looked_at_otherwise_cannot_be_held_against_it():
    with pytest.raises(InputError) as caught:
        check_attributable(small(), small(horizon_days=30), where="plan.toml")
    assert [f.key for f in caught.value.faults] == ["run.horizon_days"]
    check_attributable(small(), small(seed=99), where="plan.toml")


def test_a_mixture_that_breaks_a_rule_is_named():
    """The run holds so many touches: attempts times spells must not exceed them in any mixture."""
    actual = small()
    plan = with_values(actual.policy, {"sla.attempts": actual.run.max_touches, "routing.recycles": 1})
    with pytest.raises(InputError, match="of the plan"):
        coalitions(actual, actual.model_copy(update={"policy": plan}))


def test_people_who_are_no_leads_cannot_be_attributed():
    with pytest.raises(ValueError, match="cannot be attributed"):
        play_coalitions(small(), a_plan(), measure="visitors", replications=[0])
