"""Another volume of the same people: nobody who comes in both is moved, and as many come as should."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import choose
from funnelsim.lab.play import play
from funnelsim.metrics.conservation import faults
from funnelsim.population import draw_leads
from funnelsim.population.volume import MORE, draw_in_volume, kept, same_demand
from funnelsim.records import NO, Leads, same
from lab.small import small


def world(**channel):
    """Return the small scenario's market with fields of its website channel replaced."""
    whole = small().model_dump(mode="json", exclude_unset=True)
    whole["market"]["channels"]["website"] |= channel
    return Scenario.model_validate(whole).market


def visitors(factor):
    return world(visitors_per_day=small().market.channels["website"].visitors_per_day * factor)


def drawn(wanted, replication=0):
    s = small()
    return draw_in_volume(s.market, wanted, s.economics, s.run, replication)


def by_name(leads, market):
    """Return the index of each lead by the name of its channel and its number."""
    names = list(market.channels)
    keys = zip(leads.channel.tolist(), leads.number.tolist(), strict=True)
    return {(names[c], k): i for i, (c, k) in enumerate(keys)}


PERSONAL = [f.name for f in fields(Leads) if f.name not in ("replication", "channel", "account", "duplicate_of")]


def person(leads, i):
    """Return everything of one lead that does not name another."""
    found = {}
    for name in PERSONAL:
        value = getattr(leads, name)
        if name.endswith("_start"):
            continue
        if name.startswith("event_"):
            value = value[leads.event_start[i] : leads.event_start[i + 1]]
        elif name in ("nurture_send", "nurture_time"):
            value = value[leads.nurture_start[i] : leads.nurture_start[i + 1]]
        else:
            value = value[..., i]
        found[name] = np.asarray(value).tolist()
    return found


def assert_common_people_are_unmoved(few, few_market, many, many_market):
    more = by_name(many, many_market)
    for key, i in by_name(few, few_market).items():
        assert person(few, i) == person(many, more[key]), key


def test_the_same_demand_gives_the_same_leads_to_the_bit():
    s = small()
    leads, market = drawn(world(ready_multiplier=2.0))

    assert market.channels["website"].ready_multiplier == 2.0
    assert same(leads, draw_leads(market, s.economics, s.run, 0))


def test_more_people_come_beside_those_who_came_anyway():
    s = small()
    before = draw_leads(s.market, s.economics, s.run, 0)
    leads, market = drawn(visitors(1.5))

    assert set(market.channels) == {*s.market.channels, "website" + MORE}
    assert_common_people_are_unmoved(before, s.market, leads, market)
    assert leads.n > before.n
    assert (np.diff(leads.created) >= 0).all()


def test_fewer_are_some_of_those_who_came_with_all_their_duplicates():
    s = small()
    before = draw_leads(s.market, s.economics, s.run, 0)
    leads, market = drawn(visitors(0.6))

    assert set(market.channels) == set(s.market.channels)
    assert_common_people_are_unmoved(leads, market, before, s.market)
    there = by_name(before, s.market)
    names = list(market.channels)
    for i in np.flatnonzero(leads.duplicate_of != NO):
        whom = before.duplicate_of[there[names[leads.channel[i]], int(leads.number[i])]]
        assert leads.number[leads.duplicate_of[i]] == before.number[whom]
    # Two are of one account exactly where they were.
    order = np.array([there[names[c], k] for c, k in zip(leads.channel, leads.number.tolist(), strict=True)])
    np.testing.assert_array_equal(
        leads.account[:, None] == leads.account, before.account[order][:, None] == before.account[order]
    )


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.5])
def test_as_many_come_as_the_rate_says(factor):
    """The number in 20 replications is Poisson (but for duplicates, who go together): four standard errors."""
    s = small()
    wanted = visitors(factor)
    expected = sum(c.visitors_per_day * c.visit_to_lead for c in wanted.channels.values()) * s.run.days * 20
    found = sum(drawn(wanted, r)[0].n for r in range(20))

    assert abs(found - expected) < 4 * (1.3 * expected) ** 0.5


def test_another_shape_moves_only_those_whom_it_must():
    """Nobody on Mondays and twice as many on Tuesdays: the rest of the week stays as it is."""
    s = small()
    weights = list(s.market.shape.weekday_weights)
    changed = [0.0, weights[0] + weights[1], *weights[2:]]
    wanted = s.market.model_copy(update={"shape": s.market.shape.model_copy(update={"weekday_weights": changed})})
    before = draw_leads(s.market, s.economics, s.run, 0)
    leads, market = drawn(wanted)
    clock = Clock.of(s.run)

    def days(created):
        return (clock.start.weekday() + np.searchsorted(clock.midnights, created, side="right") - 1) % 7

    there, here = by_name(before, s.market), by_name(leads, market)
    unmoved = {key for key, i in there.items() if days(before.created[[i]])[0] != 0 and before.duplicate_of[i] == NO}
    assert unmoved <= set(here)
    assert not (days(leads.created[leads.duplicate_of == NO]) == 0).any()
    new = [i for (name, _), i in here.items() if name.endswith(MORE)]
    assert set(days(leads.created[new])) == {1}


@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_they_can_be_played_and_nobody_is_lost(factor):
    s = small()
    leads, market = drawn(visitors(factor))
    played = play(s.model_copy(update={"market": market}), leads, engine=choose("reference"))

    assert faults(played.leads, played.outcomes, played.touches, end=Clock.of(s.run).end) == []
    assert played.summary(["leads"])["leads"] > 0


def test_a_channel_can_go_and_another_come():
    s = small()
    other = world().model_copy(
        update={"channels": {"fair": s.market.channels["website"]}}
    )
    leads, market = drawn(other)

    assert list(market.channels) == ["fair"]
    assert not same_demand(s.market, other)
    assert same(leads, draw_leads(other, s.economics, s.run, 0))


def test_a_duplicate_is_not_kept_without_the_lead_that_it_repeats():
    s = small()
    leads = draw_leads(s.market, s.economics, s.run, 0)
    who = np.ones(leads.n, dtype=bool)
    who[leads.duplicate_of[leads.duplicate_of != NO][0]] = False

    with pytest.raises(ValueError, match="without the lead"):
        kept(leads, who)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_in_law_they_are_the_leads_of_the_market_wanted(factor):
    """Who they are, when they come, how many repeat somebody: as drawn afresh; 16 draws each, 4 standard errors."""
    s, wanted = small(), visitors(factor)

    def figures(leads):
        ever = leads.ready_until != NO
        return [
            leads.n, leads.able.mean(), ever.mean(), (leads.duplicate_of != NO).mean(), leads.value.mean(),
            leads.created.mean() / leads.created.max(),
            np.diff(leads.event_start).mean(),
            (leads.connect_until[0] >= 0).mean(),
        ]  # fmt: skip

    coupled = np.array([figures(drawn(wanted, r)[0]) for r in range(16)])
    afresh = np.array([figures(draw_leads(wanted, s.economics, s.run, r)) for r in range(100, 116)])

    error = np.sqrt((coupled.var(axis=0, ddof=1) + afresh.var(axis=0, ddof=1)) / 16)
    assert (np.abs(coupled.mean(axis=0) - afresh.mean(axis=0)) < 4 * error).all()
