"""Streams of luck: one for each channel, quantity and touch, keyed by name and never by order of use.

A stream is `SeedSequence(seed, spawn_key=(replication, hash32(channel), STREAM[quantity], k))`, drawn as one row over
the leads of its channel by number. So changing one channel, adding a quantity, a touch or a day disturbs nothing else.
Only uniforms are drawn; normals and exponentials are uniforms through their quantile functions, because a rejection
sampler loses step when a parameter moves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special

from funnelsim.errors import Fault, InputError
from funnelsim.records import Float64, Int64

# May only grow: a number, once given, keeps its meaning for ever, or old seeds would mean other leads.
STREAM: dict[str, int] = {
    "arrival": 0,
    "visitors": 1,
    "offer": 2,
    "firmographic": 3,  # k = hash32 of the attribute's name
    "fit": 4,
    "fit_noise": 5,
    "able": 6,
    "value": 7,
    "months": 8,
    "intent": 9,
    "ready": 10,
    "ready_lag": 11,
    "window": 12,
    "anonymous_visits": 13,
    "duplicate": 14,
    "duplicate_of": 15,
    "account": 16,
    "account_of": 17,
    "shopper": 18,
    "engagement_gap": 19,  # k = number of the gap, from 0
    "engagement_mark": 20,  # k likewise
    "nurture": 21,  # k = number of the send, from 1
    "nurture_lag": 22,  # k likewise
    "sensitive": 23,
    "sensitive_limit": 24,
    "unsubscribe_send": 25,
    "books_itself": 26,
    "reachability": 27,
    "unreachable": 28,
    "connect": 29,  # from here to "misjudged": k = touch
    "reply": 30,
    "reply_lag": 31,
    "call": 32,
    "email": 33,
    "talk": 34,
    "annoyed": 35,
    "tired": 36,
    "callback": 37,
    "callback_date": 38,
    "misjudged": 39,
    "show": 40,  # from here to "buyer_pace": k = meeting
    "meeting": 41,
    "deal_work": 42,
    "buyer_pace": 43,
    "meetings_needed": 44,
    "close": 45,
    "win": 46,
    "patience": 47,
    "queue_patience": 48,
    "too_soon": 49,
    "prep_needed": 50,
    "sync_delay": 51,
    "given_up": 52,  # k = touch
    "unnoticed": 53,
}

SMALLEST = 2.0**-54
"""What a uniform of exactly 0 is taken for where its quantile would be infinite."""


def hash32(name: str) -> int:
    """Return a number of 32 bits that depends on `name` alone, on every machine (CRC-32 of its UTF-8).

    >>> hash32("organic")
    742224549
    """
    return zlib.crc32(name.encode("utf-8"))


def channel_keys(names: Iterable[str]) -> tuple[int, ...]:
    """Return the key of each channel.

    Raises:
        InputError: where two names have one key, since they would share their luck.
    """
    owner: dict[int, str] = {}
    for name in names:
        other = owner.setdefault(hash32(name), name)
        if other != name:
            rule = f"has the same hash as the channel '{other}', so the two would share their luck"
            raise InputError([Fault("market", f"channels.{name}", rule, suggestion="rename one of them")])
    return tuple(owner)


def generator(*, seed: int, replication: int, channel: int, stream: str, k: int = 0) -> np.random.Generator:
    """Return the generator of one stream.

    Args:
        seed: Root of all luck, >= 0; 0 is a seed.
        replication: >= 0.
        channel: Key of the channel (see `channel_keys`).
        stream: A name in `STREAM`.
        k: Touch, meeting, gap or send, 0 <= k < 2**32.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(replication, channel, STREAM[stream], k))
    return np.random.Generator(np.random.PCG64(sequence))


def unit_exponential(uniform: Float64) -> Float64:
    """Return unit exponentials from uniforms on [0, 1)."""
    return -np.log1p(-uniform)


def standard_normal(uniform: Float64) -> Float64:
    """Return standard normals from uniforms on [0, 1)."""
    return np.asarray(special.ndtri(np.maximum(uniform, SMALLEST)), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """The luck of all leads of one replication, in their merged order. n leads, C channels."""

    seed: int
    replication: int
    keys: tuple[int, ...]  # (C,)
    counts: tuple[int, ...]  # (C,) leads of each channel
    order: Int64  # (n,) place of each lead in the row of all channels, one after another, each by number

    def uniform(self, stream: str, k: int = 0) -> Float64:
        """Return one uniform on [0, 1) for each lead: (n,)."""
        row = self._row(stream, k)
        return row if len(self._filled()) == 1 else row[self.order]

    def uniform_of(self, leads: Int64, stream: str, k: int = 0) -> Float64:
        """Return what `uniform` gives to `leads` (indices, (m,)): (m,)."""
        return self._row(stream, k)[self.order[leads]]

    def normal(self, stream: str, k: int = 0) -> Float64:
        """Return one standard normal for each lead: (n,)."""
        return standard_normal(self.uniform(stream, k))

    def exponential(self, stream: str, k: int = 0) -> Float64:
        """Return one unit exponential for each lead: (n,)."""
        return unit_exponential(self.uniform(stream, k))

    @property
    def n(self) -> int:
        """Return the number of leads."""
        return int(self.order.size)

    def _row(self, stream: str, k: int) -> Float64:
        """Return the uniforms of all channels, one after another, each by number: (n,)."""
        row = np.empty(self.n)
        first = 0
        for key, count in self._filled():
            self._generator(key, stream, k).random(out=row[first : first + count])
            first += count
        return row

    def _filled(self) -> list[tuple[int, int]]:
        return [(key, count) for key, count in zip(self.keys, self.counts, strict=True) if count]

    def _generator(self, key: int, stream: str, k: int) -> np.random.Generator:
        return generator(seed=self.seed, replication=self.replication, channel=key, stream=stream, k=k)
