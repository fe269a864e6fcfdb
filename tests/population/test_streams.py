"""Streams are keyed by name, and one lead's luck does not depend on how many others there are."""

import numpy as np
import pytest

from funnelsim.errors import InputError
from funnelsim.population.streams import STREAM, Luck, channel_keys, generator, hash32, standard_normal
from population import worlds

# A number once given keeps its meaning; new streams come after these.
# fmt: off
FIRST_STREAMS = [
    "arrival", "visitors", "offer", "firmographic", "fit", "fit_noise", "able", "value", "months", "intent",
    "ready", "ready_lag", "window", "anonymous_visits", "duplicate", "duplicate_of", "account", "account_of",
    "shopper", "engagement_gap", "engagement_mark", "nurture", "nurture_lag", "sensitive", "sensitive_limit",
    "unsubscribe_send", "books_itself", "reachability", "unreachable", "connect", "reply", "reply_lag", "call",
    "email", "talk", "annoyed", "tired", "callback", "callback_date", "misjudged", "show", "meeting",
    "deal_work", "buyer_pace", "meetings_needed", "close", "win", "patience", "queue_patience", "too_soon",
    "prep_needed", "sync_delay", "given_up", "unnoticed",
]
# fmt: on


def test_stream_numbers_only_grow():
    assert list(STREAM)[: len(FIRST_STREAMS)] == FIRST_STREAMS
    assert list(STREAM.values()) == list(range(len(STREAM)))


def test_hash_is_the_published_crc32():
    assert hash32("123456789") == 0xCBF43926  # the check value of CRC-32/ISO-HDLC


def test_a_stream_is_keyed_by_replication_channel_quantity_and_touch():
    drawn = generator(seed=7, replication=3, channel=hash32("organic"), stream="connect", k=5).random(4)

    sequence = np.random.SeedSequence(7, spawn_key=(3, hash32("organic"), 29, 5))
    assert drawn.tolist() == np.random.Generator(np.random.PCG64(sequence)).random(4).tolist()


@pytest.mark.parametrize("other", [{"seed": 0}, {"replication": 1}, {"channel": 6}, {"stream": "reply"}, {"k": 1}])
def test_every_part_of_the_key_matters(other):
    key = {"seed": 1, "replication": 0, "channel": 5, "stream": "connect", "k": 0}

    assert generator(**key).random() != generator(**{**key, **other}).random()


def test_colliding_channel_names_are_a_fault_that_names_both():
    assert hash32("plumless") == hash32("buckeroo")

    world = worlds.market(channels={name: worlds.channel(1.0) for name in ("plumless", "organic", "buckeroo")})
    with pytest.raises(InputError, match=r"channels\.buckeroo.*'plumless'"):
        worlds.draw(world)


def test_keys_are_in_the_order_of_the_names():
    assert channel_keys(["b", "a"]) == (hash32("b"), hash32("a"))


def _luck(counts, order):
    return Luck(seed=1, replication=0, keys=tuple(range(len(counts))), counts=counts, order=order)


def test_uniforms_follow_the_leads_of_each_channel_by_number():
    order = np.random.default_rng(0).permutation(12)
    luck = _luck((5, 0, 7), order)

    rows = [generator(seed=1, replication=0, channel=c, stream="able").random(m) for c, m in ((0, 5), (2, 7))]
    assert luck.uniform("able").tolist() == np.concatenate(rows)[order].tolist()


def test_a_part_of_the_leads_has_the_same_uniforms_as_all():
    luck = _luck((50, 0, 70), np.random.default_rng(0).permutation(120))
    some = np.array([3, 17, 18, 90, 119])

    assert luck.uniform_of(some, "nurture", 4).tolist() == luck.uniform("nurture", 4)[some].tolist()
    assert luck.uniform_of(np.zeros(0, dtype=np.int64), "nurture").size == 0


def test_normals_are_finite_even_for_a_uniform_of_zero():
    assert np.isfinite(standard_normal(np.array([0.0, 0.5, 1.0 - 2.0**-53]))).all()
    assert standard_normal(np.array([0.5]))[0] == 0.0
