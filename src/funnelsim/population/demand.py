"""Who comes when: the rate of visitors of each channel by local hour, and leads as the inverse of its integral."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.durations import DAY_MS
from funnelsim.config.market import Channel, Market, Shape
from funnelsim.config.run import Run
from funnelsim.population.given import GivenArrivals
from funnelsim.population.grid import floored
from funnelsim.population.shapes import poisson
from funnelsim.population.streams import Luck, channel_keys, generator, unit_exponential
from funnelsim.records import NO, Float64, Int16, Int32, Int64

PIECE_MS = DAY_MS // 48
"""The rate is constant over half an hour: every change of the clocks is a multiple of that."""

YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """An expected number that rises linearly within each of p pieces."""

    breaks: Int64  # (p + 1,) ms, rising from 0 to the end of the run
    cumulated: Float64  # (p + 1,) expected number up to each, from 0

    def between(self, a: int, b: int) -> float:
        """Return the expected number between two of the breaks."""
        first, last = np.searchsorted(self.breaks, [a, b])
        return float(self.cumulated[last] - self.cumulated[first])

    def times(self, factor: float) -> Curve:
        """Return the curve multiplied by `factor` >= 0."""
        return Curve(self.breaks, factor * self.cumulated)

    def instants(self, rng: np.random.Generator) -> Int64:
        """Return the points of a Poisson process of this mean, ms, sorted, before the last break.

        Cumulated unit exponentials go through the inverse of the curve: a longer or a steeper curve keeps the earlier
        exponentials, so it keeps each point's number and luck.
        """
        total = float(self.cumulated[-1])
        expected = total + 6.0 * np.sqrt(total) + 16.0
        steps = unit_exponential(rng.random(int(expected)))
        while float((sums := np.cumsum(steps))[-1]) <= total:
            steps = np.concatenate((steps, unit_exponential(rng.random(int(expected)))))
        sums = sums[sums < total]
        piece = np.searchsorted(self.cumulated, sums, side="right") - 1
        low, high = self.cumulated[piece], self.cumulated[piece + 1]
        start = self.breaks[piece].astype(np.float64)
        length = (self.breaks[piece + 1] - self.breaks[piece]).astype(np.float64)
        instants = np.rint(start + (sums - low) / (high - low) * length).astype(np.int64)
        before_end: Int64 = instants[instants < self.breaks[-1]]
        return before_end


def visitor_curve(channel: Channel, market: Market, clock: Clock) -> Curve:
    """Return the expected number of visitors of `channel` since the start of the run."""
    breaks = _breaks(clock)
    starts = breaks[:-1]
    day = np.searchsorted(clock.midnights, starts, side="right") - 1
    hour = clock.local_hour_of_week(starts) % 24
    per_ms = channel.visitors_per_day / DAY_MS * _by_day(channel, market, clock)[day] * _by_hour(channel, market)[hour]
    return Curve(breaks, np.concatenate(([0.0], np.cumsum(per_ms * np.diff(breaks)))))


@lru_cache(maxsize=16)
def _breaks(clock: Clock) -> Int64:
    """Return every half hour of the run and every local midnight, in order, and its end."""
    breaks = np.union1d(np.arange(0, clock.end, PIECE_MS), clock.midnights)
    breaks.setflags(write=False)
    return breaks


def _shape(channel: Channel, market: Market) -> Shape:
    return channel.shape if channel.shape is not None else market.shape


def _scaled(weights: list[float]) -> Float64:
    """Return weights scaled to a mean of one."""
    array: Float64 = np.asarray(weights, dtype=np.float64)
    scaled: Float64 = array / array.mean()
    return scaled


def _by_hour(channel: Channel, market: Market) -> Float64:
    return _scaled(_shape(channel, market).hour_weights)


def _by_day(channel: Channel, market: Market, clock: Clock) -> Float64:
    """Return the demand of each local day of the run relative to the mean: weekday, season, trend and bursts."""
    shape = _shape(channel, market)
    days = np.arange(clock.midnights.size - 1)
    dates = np.datetime64(clock.start, "D") + days
    weekday = (clock.start.weekday() + days) % 7
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    relative = _scaled(shape.weekday_weights)[weekday] * _scaled(shape.month_weights)[month]
    relative = relative * (1.0 + shape.trend_per_year) ** (days / YEAR_DAYS)
    for burst in channel.bursts:
        first = np.datetime64(burst.date, "D")
        relative = np.where((dates >= first) & (dates < first + burst.days), relative * burst.multiplier, relative)
    return relative


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Who came when, in order of (created, channel, number), and the luck of each. n leads."""

    created: Int64  # (n,) ms
    channel: Int16  # (n,) index into market.channels
    number: Int32  # (n,) number within its channel
    luck: Luck
    place: Int64  # (n,) index of each lead of the row of all channels, one after another, each by number
    first_of_channel: Int64  # (C,) where each channel begins in that row
    given: GivenArrivals | None = None
    row: Int64 | None = None  # (n,) row of each lead in `given`, -1 for those who come as the market says

    def index(self, channel: Int16, number: Int64) -> Int64:
        """Return the index of each lead given by channel and number; any shape."""
        index: Int64 = self.place[self.first_of_channel[channel] + number]
        return index

    def known(self, drawn: Int16, given: Int16) -> Int16:
        """Return `drawn`, (n,), with the values >= 0 of `given`, one for each row of the given leads, in place."""
        if self.row is None:
            return drawn
        known = np.where(self.row >= 0, given[self.row], NO) if given.size else np.full(drawn.shape, NO)
        return np.where(known >= 0, known, drawn).astype(np.int16)


def draw_arrivals(market: Market, run: Run, replication: int, given: GivenArrivals | None = None) -> Arrivals:
    """Return the leads of all channels before the end of the run.

    Args:
        market: Who comes.
        run: Dates and seed.
        replication: Number of the replication, >= 0.
        given: Leads whose arrival is known, all before the end of the run; None: all come as the market says.

    Raises:
        InputError: where the names of two channels have the same hash.
        ValueError: where a given lead is created at or after the end of the run.
    """
    clock = Clock.of(run)
    if given is not None and given.created.size and int(given.created.max()) >= clock.end:
        raise ValueError("a given lead is created at or after the end of the run")
    keys = channel_keys(market.channels)
    instants, rows = [], []
    for c, (key, channel) in enumerate(zip(keys, market.channels.values(), strict=True)):
        rng = generator(seed=run.seed, replication=replication, channel=key, stream="arrival")
        drawn = visitor_curve(channel, market, clock).times(channel.visit_to_lead).instants(rng)
        if given is not None:
            mine, drawn = given.rows_of(c), drawn[drawn >= given.until]
            rows.append(np.concatenate((mine, np.full(drawn.size, NO, dtype=np.int64))))
            drawn = np.concatenate((given.created[mine], drawn))
        instants.append(drawn)
    counts = [row.size for row in instants]
    created = np.concatenate(instants)
    if run.grid.ms() > 0:
        created = floored(created, run.grid.ms())
    channel_of = np.repeat(np.arange(len(counts), dtype=np.int16), counts)
    number = np.concatenate([np.arange(count, dtype=np.int32) for count in counts])
    order = np.argsort(created, kind="stable")  # ties stay in the order of (channel, number)
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    luck = Luck(seed=run.seed, replication=replication, keys=keys, counts=tuple(counts), order=order)
    first = np.cumsum([0, *counts[:-1]])
    row = None if given is None else np.concatenate(rows)[order]
    return Arrivals(created[order], channel_of[order], number[order], luck, place, first, given, row)


def draw_visitors(market: Market, run: Run, replication: int) -> dict[str, int]:
    """Return the visitors of each channel in the measured window, those who became leads and those who did not.

    Those who did not are a Poisson number, by the quantile of one uniform.

    Raises:
        InputError: where the names of two channels have the same hash.
    """
    clock = Clock.of(run)
    arrivals = draw_arrivals(market, run, replication)
    measured = (arrivals.created >= clock.measured_from) & (arrivals.created < clock.measured_until)
    leads = np.bincount(arrivals.channel[measured], minlength=len(market.channels))
    visitors = {}
    for c, (name, channel) in enumerate(market.channels.items()):
        expected = visitor_curve(channel, market, clock).between(clock.measured_from, clock.measured_until)
        rng = generator(seed=run.seed, replication=replication, channel=arrivals.luck.keys[c], stream="visitors")
        others = poisson(expected * (1.0 - channel.visit_to_lead), rng.random(1))
        visitors[name] = int(leads[c]) + int(others[0])
    return visitors
