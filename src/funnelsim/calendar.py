"""The clock of a run, open hours, and arithmetic in business time.

Every instant is an integer: milliseconds elapsed since local midnight of `run.start` in `run.time_zone`. Elapsed time
does not jump, so the day on which the clocks change has 23 or 25 hours. A wall time that occurs twice is taken at its
first occurrence; one that is skipped, at the instant of the change.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays as public_holidays
import numpy as np

from funnelsim.records import NEVER, Int64

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
MARGIN_DAYS = 400
"""How far past the end of a run calendars reach, so that due dates and meetings after it exist."""

_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_MS = dt.timedelta(milliseconds=1)


class RunDates(Protocol):
    """What a calendar needs to know of a run (`funnelsim.config.run.Run` has it)."""

    @property
    def start(self) -> dt.date: ...  # noqa: D102  # a field of Run, described there
    @property
    def time_zone(self) -> str: ...  # noqa: D102
    @property
    def warmup_days(self) -> int: ...  # noqa: D102
    @property
    def horizon_days(self) -> int: ...  # noqa: D102
    @property
    def followup_days(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Open intervals [opens, closes) in ms, sorted, apart from one another."""

    opens: Int64
    closes: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """The dates of a run on the engine's clock; every time in ms since local midnight of `start`."""

    start: dt.date
    time_zone: str
    epoch_ms: int  # Unix time of ms 0
    measured_from: int  # local midnight after the warm-up
    measured_until: int  # local midnight after the horizon
    end: int  # local midnight after the follow-up; events at or after it do not happen
    midnights: Int64  # (days + 1,) local midnights from 0 to end inclusive
    months: tuple[str, ...]  # 'YYYY-MM' of each month that the run touches
    month_starts: Int64  # (months,) ms at which each begins, the first 0
    offset_from: Int64  # (c,) ms from which each offset holds, the first 0
    offset_ms: Int64  # (c,) local wall time minus UTC

    @classmethod
    def of(cls, run: RunDates) -> Clock:
        """Return the clock of `run`; the same object for the same dates."""
        return _clock(run.start, run.time_zone, run.warmup_days, run.horizon_days, run.followup_days)

    def to_datetime(self, ms: int) -> dt.datetime:
        """Return the date and time of `ms`, aware, in the run's time zone."""
        return (_EPOCH + (self.epoch_ms + int(ms)) * _MS).astimezone(ZoneInfo(self.time_zone))

    def from_datetime(self, moment: dt.datetime) -> int:
        """Return the ms of `moment`; a naive one is read as wall time in the run's time zone. Fractions are cut off."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.time_zone))
        return (moment - _EPOCH) // _MS - self.epoch_ms

    def local_hour_of_week(self, ms: Int64) -> Int64:
        """Return the hour of the local week, 0 (Monday 0-1 h) to 167, of each instant. `ms` >= 0, any shape."""
        ms = np.asarray(ms, dtype=np.int64)
        offset = self.offset_ms[np.searchsorted(self.offset_from, ms, side="right") - 1]
        hours = (self.epoch_ms + ms + offset) // HOUR_MS
        monday = 3  # 1 January 1970 was a Thursday
        return np.asarray((hours + 24 * monday) % 168, dtype=np.int64)

    def month_index(self, ms: Int64) -> Int64:
        """Return the index into `months` of each instant; the last month from `end` on, -1 before 0. Any shape."""
        return np.asarray(np.searchsorted(self.month_starts, ms, side="right") - 1, dtype=np.int64)


class BusinessClock:
    """Arithmetic in the open time of one calendar, made fast for engines: plain integers, two bisections a call."""

    __slots__ = ("_before", "_closes", "_closing", "_opens")

    def __init__(self, calendar: Calendar) -> None:
        self._opens: list[int] = calendar.opens.tolist()
        self._closes: list[int] = calendar.closes.tolist()
        lengths = calendar.closes - calendar.opens
        self._closing: list[int] = np.cumsum(lengths).tolist()  # open ms up to each closing
        self._before: list[int] = [0, *self._closing[:-1]]  # and up to each opening

    def elapsed(self, t: int) -> int:
        """Return the open ms before `t`."""
        j = bisect_right(self._opens, t) - 1
        if j < 0:
            return 0
        closes = self._closes[j]
        return self._closing[j] if t >= closes else self._before[j] + t - self._opens[j]

    def between(self, a: int, b: int) -> int:
        """Return the open ms from `a` to `b`; negative where b < a."""
        return self.elapsed(b) - self.elapsed(a)

    def add(self, t: int, n: int) -> int:
        """Return the earliest instant with `n` >= 0 open ms after `t`: t for n = 0, NEVER past the calendar."""
        if n == 0:
            return t
        target = self.elapsed(t) + n
        j = bisect_left(self._closing, target)
        if j == len(self._closing):
            return NEVER
        return self._closes[j] - (self._closing[j] - target)


@lru_cache(maxsize=4096)
def business_clock(calendar: Calendar) -> BusinessClock:
    """Return the business clock of `calendar`, made once per calendar object."""
    return BusinessClock(calendar)


def business_between(calendar: Calendar, a: int, b: int) -> int:
    """Return the open ms from `a` to `b`; negative where b < a.

    >>> hours = Calendar(np.array([100, 300]), np.array([200, 400]))
    >>> business_between(hours, 150, 310)
    60
    """
    return business_clock(calendar).between(a, b)


def add_business(calendar: Calendar, t: int, n: int) -> int:
    """Return the earliest instant with `n` >= 0 open ms after `t`: t for n = 0, NEVER past the calendar.

    >>> hours = Calendar(np.array([100, 300]), np.array([200, 400]))
    >>> add_business(hours, 150, 50), add_business(hours, 150, 51)
    (200, 301)
    """
    return business_clock(calendar).add(t, n)


def open_before(calendar: Calendar, ms: Int64) -> Int64:
    """Return the open ms before each instant of `ms` (any shape): differences of it are business time, vectorised."""
    ms = np.asarray(ms, dtype=np.int64)
    if calendar.opens.size == 0:
        return np.zeros(ms.shape, dtype=np.int64)
    closing = np.concatenate(([0], np.cumsum(calendar.closes - calendar.opens)))
    j = np.searchsorted(calendar.opens, ms, side="right")
    last = np.maximum(j - 1, 0)
    inside = np.clip(ms, calendar.opens[last], calendar.closes[last]) - calendar.opens[last]
    return np.asarray(closing[last] + inside, dtype=np.int64)


def union(calendars: Iterable[Calendar]) -> Calendar:
    """Return the calendar that is open whenever one of `calendars` is."""
    parts = list(calendars)
    if not parts:
        return _calendar(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    return _calendar(np.concatenate([p.opens for p in parts]), np.concatenate([p.closes for p in parts]))


def cut(calendar: Calendar, end: int) -> Calendar:
    """Return the calendar up to `end` (ms), closed from then on; the same object where it is closed anyway.

    >>> cut(Calendar(np.array([100, 300]), np.array([200, 400])), 150).closes.tolist()
    [150]
    """
    if calendar.closes.size == 0 or int(calendar.closes[-1]) <= end:
        return calendar
    n = int(np.searchsorted(calendar.opens, end))
    return Calendar(_frozen(calendar.opens[:n].copy()), _frozen(np.minimum(calendar.closes[:n], end)))


def open_intervals(
    hours: Sequence[tuple[int, int, int]],
    *,
    time_zone: str,
    holidays: str | None,
    days_off: Sequence[tuple[dt.date, dt.date]],
    starts: dt.date | None,
    run: RunDates,
    shifts: Sequence[tuple[dt.date, int, int]] = (),
) -> Calendar:
    """Return when somebody with these hours is open, from 0 to `MARGIN_DAYS` after the end of the run.

    Args:
        hours: (weekday, opening minute, closing minute) of local wall time, Monday = 0, minutes 0..1440.
        time_zone: IANA name of the zone in which `hours`, `days_off`, `holidays` and `starts` are meant.
        holidays: Country and part ("US", "DE-BY") whose public holidays, as observed, are closed; or None.
        days_off: First and last date of each absence.
        starts: First day at work, or None for from the beginning.
        run: The run whose clock is used.
        shifts: (date, opening minute, closing minute) of days that have hours of their own, in place of `hours`; they
            hold on days off and holidays too, but not before `starts`.

    Intervals that touch are joined: round the clock is one interval. A local day that began before 0 is cut at 0.
    """
    clock = Clock.of(run)
    zone = ZoneInfo(time_zone)
    limit = midnight_of(run.start + dt.timedelta(days=_days(run) + MARGIN_DAYS), time_zone=run.time_zone, run=run)
    # One day more on both sides: a local day elsewhere may begin before that of the run, and end after it.
    first = run.start - dt.timedelta(days=2)
    n_days = _days(run) + MARGIN_DAYS + 4
    midnights = _midnights(time_zone, first, n_days)
    working = _working_days(first, n_days, holidays=holidays, days_off=days_off, starts=starts)
    own = [shift for shift in shifts if 0 <= (shift[0] - first).days < n_days]
    own = [shift for shift in own if starts is None or shift[0] >= starts]
    working[[(day - first).days for day, _, _ in own]] = False
    weekday = (first.weekday() + np.arange(n_days)) % 7
    plain = np.diff(midnights) == DAY_MS
    opens = [np.array([_wall_ms(day, opening, zone) for day, opening, _ in own], dtype=np.int64)]
    closes = [np.array([_wall_ms(day, closing, zone) for day, _, closing in own], dtype=np.int64)]
    for day_of_week, opening, closing in hours:
        days = working & (weekday == day_of_week)
        ordinary = midnights[:-1][days & plain]
        opens.append(ordinary + opening * MINUTE_MS)
        closes.append(ordinary + closing * MINUTE_MS)
        changing = [first + dt.timedelta(days=int(d)) for d in np.flatnonzero(days & ~plain)]
        opens.append(np.array([_wall_ms(day, opening, zone) for day in changing], dtype=np.int64))
        closes.append(np.array([_wall_ms(day, closing, zone) for day in changing], dtype=np.int64))
    return _calendar(
        np.clip(np.concatenate(opens) - clock.epoch_ms, 0, limit),
        np.clip(np.concatenate(closes) - clock.epoch_ms, 0, limit),
    )


def midnight_of(day: dt.date, *, time_zone: str, run: RunDates) -> int:
    """Return the ms at which `day` begins in `time_zone`; negative before the start of the run."""
    return _wall_ms(day, 0, ZoneInfo(time_zone)) - Clock.of(run).epoch_ms


def _days(run: RunDates) -> int:
    return run.warmup_days + run.horizon_days + run.followup_days


@lru_cache(maxsize=64)
def _clock(start: dt.date, time_zone: str, warmup: int, horizon: int, followup: int) -> Clock:
    days = warmup + horizon + followup
    unix = _midnights(time_zone, start, days + MARGIN_DAYS)
    epoch_ms = int(unix[0])
    midnights = unix[: days + 1] - epoch_ms
    firsts = [0, *(d for d in range(1, days) if (start + dt.timedelta(days=d)).day == 1)]
    offset_from, offset_ms = _offsets(unix, ZoneInfo(time_zone))
    return Clock(
        start=start,
        time_zone=time_zone,
        epoch_ms=epoch_ms,
        measured_from=int(midnights[warmup]),
        measured_until=int(midnights[warmup + horizon]),
        end=int(midnights[days]),
        midnights=_frozen(midnights),
        months=tuple((start + dt.timedelta(days=d)).strftime("%Y-%m") for d in firsts),
        month_starts=_frozen(midnights[firsts]),
        offset_from=_frozen(offset_from - epoch_ms),
        offset_ms=_frozen(offset_ms),
    )


@lru_cache(maxsize=64)
def _midnights(time_zone: str, first: dt.date, n_days: int) -> Int64:
    """Return the Unix ms at which each of `n_days` local days begins, and the end of the last: (n_days + 1,)."""
    zone = ZoneInfo(time_zone)
    days = (first + dt.timedelta(days=d) for d in range(n_days + 1))
    return _frozen(np.array([_wall_ms(day, 0, zone) for day in days], dtype=np.int64))


def _wall_ms(day: dt.date, minute: int, zone: ZoneInfo) -> int:
    """Return the Unix ms of wall time `minute` (0..1440) of `day`: first occurrence, or the change that skips it."""
    wall = dt.datetime(day.year, day.month, day.day) + dt.timedelta(minutes=minute)
    instant = wall.replace(tzinfo=zone).astimezone(_UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall:
        # PEP 495: in a gap, fold=0 reads by the offset before the change and so lands after it, fold=1 before it.
        earlier = wall.replace(tzinfo=zone, fold=1).astimezone(_UTC)
        return _change_ms(_unix_ms(earlier), _unix_ms(instant), zone)
    return _unix_ms(instant)


def _unix_ms(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // _MS


def _offset_at(unix_ms: int, zone: ZoneInfo) -> int:
    offset = (_EPOCH + unix_ms * _MS).astimezone(zone).utcoffset()
    assert offset is not None  # a ZoneInfo always has one
    return offset // _MS


def _change_ms(before: int, after: int, zone: ZoneInfo) -> int:
    """Return the first Unix ms in (before, after] at which the offset from UTC is that of `after`."""
    new = _offset_at(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset_at(middle, zone) == new:
            after = middle
        else:
            before = middle
    return after


def _offsets(midnights: Int64, zone: ZoneInfo) -> tuple[Int64, Int64]:
    """Return the Unix ms from which each offset from UTC holds, and the offsets in ms, over the days given."""
    unix: list[int] = midnights.tolist()
    froms, offsets = [unix[0]], [_offset_at(unix[0], zone)]
    for before, after in pairwise(unix):
        if _offset_at(after, zone) != offsets[-1]:
            froms.append(_change_ms(before, after, zone))
            offsets.append(_offset_at(after, zone))
    return np.array(froms, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _working_days(
    first: dt.date,
    n_days: int,
    *,
    holidays: str | None,
    days_off: Sequence[tuple[dt.date, dt.date]],
    starts: dt.date | None,
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return for each day whether it is neither off, nor a holiday, nor before the first day at work."""
    working = np.ones(n_days, dtype=np.bool_)
    if starts is not None:
        working[: max((starts - first).days, 0)] = False
    for off, last in days_off:
        working[max((off - first).days, 0) : max((last - first).days + 1, 0)] = False
    if holidays is not None:
        country, _, part = holidays.partition("-")
        years = range(first.year, (first + dt.timedelta(days=n_days)).year + 1)
        for day in public_holidays.country_holidays(country, subdiv=part or None, years=years):
            d = (day - first).days
            if 0 <= d < n_days:
                working[d] = False
    return working


def _calendar(opens: Int64, closes: Int64) -> Calendar:
    """Return the calendar of intervals in any order, joined where they touch or overlap, without empty ones."""
    kept = closes > opens
    order = np.argsort(opens[kept], kind="stable")
    opens, closes = opens[kept][order], closes[kept][order]
    if opens.size:
        reached = np.maximum.accumulate(closes)
        begins = np.concatenate(([True], opens[1:] > reached[:-1]))
        opens, closes = opens[begins], reached[np.concatenate((begins[1:], [True]))]
    return Calendar(_frozen(opens), _frozen(closes))


def _frozen(array: Int64) -> Int64:
    array = np.ascontiguousarray(array, dtype=np.int64)
    array.setflags(write=False)
    return array
