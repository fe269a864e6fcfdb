"""Luck is keyed by name: what changes in one place leaves all other luck the same to the bit."""

import inspect
from dataclasses import fields

import numpy as np
import pytest

from funnelsim.population import draw_leads
from funnelsim.records import Leads, same
from population import worlds
from population.worlds import DAY

CHANNELS = {"organic": worlds.channel(12.0), "paid": worlds.channel(9.0), "fair": worlds.channel(3.0)}
WORLD = worlds.market(channels=CHANNELS, duplicate_share=0.1, journey={"declared_intent_max": 10.0})
INDICES = ("duplicate_of", "account")  # indices into the merged leads


def columns_of(leads, world, name, first=None):
    """Return all luck of one channel's leads by number (the first so many), without what merging alone decides."""
    mine = np.flatnonzero(leads.channel == list(world.channels).index(name))[:first]
    table = {}
    for field in fields(Leads):
        value = getattr(leads, field.name)
        if field.name in ("replication", "channel", "event_start", "nurture_start"):
            continue
        if field.name in INDICES:
            table[field.name] = np.where(value[mine] < 0, -1, leads.number[value[mine]])
        elif field.name.startswith(("event_", "nurture_")):
            start = leads.event_start if field.name.startswith("event_") else leads.nurture_start
            table[field.name] = [value[start[i] : start[i + 1]].tolist() for i in mine]
        else:
            table[field.name] = value[..., mine]
    return table


def assert_equal_luck(a, b, but=()):
    assert a.keys() == b.keys()
    for name in a.keys() - set(but):
        if isinstance(a[name], list):
            assert a[name] == b[name], name
        else:
            assert a[name].dtype == b[name].dtype
            assert a[name].tobytes() == b[name].tobytes(), name


def test_there_is_no_place_for_a_policy():
    assert list(inspect.signature(draw_leads).parameters) == ["market", "economics", "run", "replication", "arrivals"]


@pytest.mark.parametrize(
    "changed",
    [
        {"visitors_per_day": 100.0},
        {"offers": {"demo": 1.0}},
        {"reach_shift": 1.0, "value_multiplier": 3.0, "able_shift": -1.0, "firmographics": {"size": {"large": 1.0}}},
    ],
)
def test_changing_one_channel_leaves_the_others_leads(changed):
    other = worlds.market(
        channels=CHANNELS | {"paid": worlds.channel(9.0, **changed)},
        duplicate_share=0.1,
        journey={"declared_intent_max": 10.0},
    )
    before, after = worlds.draw(WORLD), worlds.draw(other)

    for name in ("organic", "fair"):
        assert_equal_luck(columns_of(before, WORLD, name), columns_of(after, other, name))
    with pytest.raises(AssertionError):
        assert_equal_luck(columns_of(before, WORLD, "paid"), columns_of(after, other, "paid"))


def test_leads_do_not_depend_on_which_other_channels_there_are_nor_on_their_order():
    alone = worlds.market(
        channels={"fair": CHANNELS["fair"]}, duplicate_share=0.1, journey={"declared_intent_max": 10.0}
    )
    turned = worlds.market(
        channels=dict(reversed(CHANNELS.items())), duplicate_share=0.1, journey={"declared_intent_max": 10.0}
    )
    expected = columns_of(worlds.draw(WORLD), WORLD, "fair")

    assert_equal_luck(expected, columns_of(worlds.draw(alone), alone, "fair"))
    assert_equal_luck(expected, columns_of(worlds.draw(turned), turned, "fair"))


def test_a_longer_horizon_keeps_the_earlier_luck():
    short, long = worlds.draw(WORLD, worlds.run(50)), worlds.draw(WORLD, worlds.run(80))

    assert long.n > short.n
    assert np.all(long.created[short.n :] >= 50 * DAY)
    for name in CHANNELS:
        before = columns_of(short, WORLD, name)
        after = columns_of(long, WORLD, name, first=before["created"].size)
        cut = ("event_time", "event_activity", "nurture_time", "nurture_send")
        assert_equal_luck(before, after, but=cut)
        for time, partner in (("event_time", "event_activity"), ("nurture_time", "nurture_send")):
            for i, times in enumerate(after[time]):
                kept = [(t, partner_of) for t, partner_of in zip(times, after[partner][i], strict=True) if t < 50 * DAY]
                assert kept == list(zip(before[time][i], before[partner][i], strict=True))


def test_more_touches_and_meetings_keep_the_earlier_ones():
    few = worlds.draw(WORLD, worlds.run(max_touches=3, max_meetings=2))
    many = worlds.draw(WORLD, worlds.run(max_touches=5, max_meetings=4))

    for field in fields(Leads):
        a, b = getattr(few, field.name), getattr(many, field.name)
        if field.name == "firmographics" or not isinstance(a, np.ndarray) or a.ndim == 1:
            assert np.array_equal(a, b), field.name
        else:
            assert len(b) == len(a) + 2
            assert np.array_equal(a, b[: len(a)]), field.name


def test_a_higher_rate_keeps_the_luck_of_each_number():
    fast = worlds.market(
        channels=CHANNELS | {"organic": worlds.channel(30.0)},
        duplicate_share=0.1,
        journey={"declared_intent_max": 10.0},
    )
    a = columns_of(worlds.draw(WORLD), WORLD, "organic")
    b = columns_of(worlds.draw(fast), fast, "organic", first=a["created"].size)

    moved = {
        "created",
        "ready_from",
        "ready_until",
        "callback_at",
        "event_time",
        "event_activity",
        "nurture_time",
        "nurture_send",
    }
    assert_equal_luck(a, b, but=moved)
    never_moved = (a["ready_until"] - a["ready_from"])[a["ready_until"] > 0]
    assert np.array_equal(never_moved, (b["ready_until"] - b["ready_from"])[b["ready_until"] > 0])


def test_a_replication_alone_equals_itself_and_differs_from_others():
    alone = worlds.draw(WORLD, replication=3)
    batch = [worlds.draw(WORLD, replication=r) for r in (5, 3, 0)]

    assert same(alone, batch[1])
    assert not np.array_equal(alone.created[:50], batch[0].created[:50])


def test_zero_is_a_seed():
    zero, one = (worlds.draw(WORLD, worlds.run(seed=seed)) for seed in (0, 1))

    assert same(zero, worlds.draw(WORLD, worlds.run(seed=0)))
    assert not np.array_equal(zero.created[:50], one.created[:50])


def test_columns_are_as_the_record_says_and_read_only():
    leads = worlds.draw(WORLD, worlds.run(max_touches=3, max_meetings=2))
    wide = {"connect_until": 3, "callback_at": 3, "misjudged": 3, "show_until": 2, "buyer_pace": 2, "firmographics": 2}
    dtypes = {"Int16": np.int16, "Int32": np.int32, "Int64": np.int64, "Float64": np.float64, "Bool": np.bool_}

    for field in fields(Leads):
        value = getattr(leads, field.name)
        if field.name == "replication":
            assert value == 0
            continue
        assert value.dtype == dtypes[field.type], field.name
        assert value.flags.c_contiguous
        assert not value.flags.writeable, field.name
        if field.name in wide:
            assert value.shape == (wide[field.name], leads.n)
    assert leads.event_start.size == leads.nurture_start.size == leads.n + 1
    assert leads.event_start[-1] == leads.event_time.size == leads.event_activity.size
    assert leads.nurture_start[-1] == leads.nurture_time.size == leads.nurture_send.size


def test_a_market_without_visitors_gives_empty_columns():
    leads = worlds.draw(worlds.market(0.0))

    assert leads.n == 0
    assert leads.event_start.tolist() == leads.nurture_start.tolist() == [0]
    assert leads.connect_until.shape == (2, 0)
