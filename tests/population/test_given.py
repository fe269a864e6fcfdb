"""Leads whose arrival is known have the luck that they would have had, and what is known of them."""

from dataclasses import fields

import numpy as np
import pytest

from funnelsim.config.team import Economics
from funnelsim.population import GivenArrivals, draw_leads
from funnelsim.records import NEVER, Leads, same
from population import worlds
from population.worlds import DAY

CHANNELS = {"organic": worlds.channel(12.0), "paid": worlds.channel(9.0), "fair": worlds.channel(3.0)}
WORLD = worlds.market(channels=CHANNELS, duplicate_share=0.1, leads_per_account=1.5)
RUN = worlds.run(30)


def given_as(leads, until, *, offer=None, firmographics=None, kept=None):
    """Return the arrivals of `leads` before `until` (those of `kept`), nothing else known unless given."""
    mine = np.flatnonzero(leads.created < until) if kept is None else kept
    return GivenArrivals(
        created=leads.created[mine],
        channel=leads.channel[mine],
        offer=np.full(mine.size, -1, np.int16) if offer is None else offer[mine],
        firmographics=np.full((2, mine.size), -1, np.int16) if firmographics is None else firmographics[:, mine],
        until=until,
    )


def draw(given, replication=0):
    return draw_leads(WORLD, Economics(), RUN, replication, arrivals=given)


@pytest.mark.parametrize("until", [10 * DAY, 30 * DAY, NEVER])
def test_the_arrivals_that_would_have_been_drawn_give_the_same_leads_to_the_bit(until):
    leads = worlds.draw(WORLD, RUN)

    assert same(draw(given_as(leads, until)), leads)
    assert same(draw(given_as(leads, until, offer=leads.offer, firmographics=leads.firmographics)), leads)


def test_the_order_in_which_rows_are_given_does_not_matter():
    leads = worlds.draw(WORLD, RUN)
    shuffled = np.random.default_rng(0).permutation(leads.n)
    assert np.unique(leads.created).size == leads.n  # or ties would be numbered in the order given

    assert same(draw(given_as(leads, NEVER, kept=shuffled)), leads)


def test_what_is_known_is_taken_and_what_is_not_is_drawn():
    leads = worlds.draw(WORLD, RUN)
    offer = np.where(np.arange(leads.n) % 2 == 0, 1, -1).astype(np.int16)
    region = np.where(np.arange(leads.n) % 3 == 0, 2, -1).astype(np.int16)
    size = np.full(leads.n, -1, np.int16)

    found = draw(given_as(leads, NEVER, offer=offer, firmographics=np.stack((size, region))))

    assert np.array_equal(found.offer, np.where(offer >= 0, offer, leads.offer))
    original = np.where(found.duplicate_of >= 0, found.duplicate_of, np.arange(leads.n))  # its data are its original's
    assert np.array_equal(found.firmographics[1], np.where(region >= 0, region, leads.firmographics[1])[original])
    assert np.array_equal(found.firmographics[0], leads.firmographics[0])
    kept_luck = {f.name for f in fields(Leads)} - {"firmographics", "offer"}
    same_offer = found.offer == leads.offer
    assert {"call_ms", "able", "connect_until"} <= kept_luck
    assert np.array_equal(found.connect_until, leads.connect_until)
    assert np.array_equal(found.ready_from[same_offer], leads.ready_from[same_offer])


def test_leads_of_one_channel_keep_their_luck_whatever_the_others_hold():
    leads = worlds.draw(WORLD, RUN)
    kept = np.flatnonzero(leads.channel != 1)

    found = draw(given_as(leads, NEVER, kept=kept))

    assert found.n == kept.size
    assert np.array_equal(found.connect_until, leads.connect_until[:, kept])
    assert np.array_equal(found.value, leads.value[kept])


def test_nobody_comes_after_a_given_end():
    leads = worlds.draw(WORLD, RUN)
    kept = np.flatnonzero(leads.created < 5 * DAY)

    assert draw(given_as(leads, NEVER, kept=kept)).n == kept.size
    assert draw(given_as(leads, 5 * DAY)).n == leads.n


def test_arrivals_out_of_range_are_refused():
    leads = worlds.draw(WORLD, RUN)
    late = given_as(leads, NEVER)
    with pytest.raises(ValueError, match="end of the run"):
        draw_leads(WORLD, Economics(), worlds.run(10), 0, arrivals=late)
    with pytest.raises(ValueError, match="before `until`"):
        GivenArrivals(late.created, late.channel, late.offer, late.firmographics, until=DAY)
    with pytest.raises(ValueError, match="a place for each"):
        GivenArrivals(late.created, late.channel[1:], late.offer, late.firmographics, until=NEVER)
