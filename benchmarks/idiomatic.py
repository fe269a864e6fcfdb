"""Workload W as a user would write it: a generator per lead, a `PriorityResource`, `request | timeout`.

It plays the very luck of the `Leads` that funnelsim plays (in minutes, as such a program would), so that both do the
same work; only the order of ties may differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import simpy

from funnelsim.records import ALWAYS, Leads

MINUTE_MS = 60_000
RETRY_MINUTES = (240.0, 240.0, 480.0, 960.0, 1440.0)
PATIENCE_MINUTES = 2880.0
FIRST_TOUCH_MINUTES = 240.0


@dataclass
class Counts:
    """What happened; `events` is the unit of work: arrivals, attempt ends, due times, closes, abandonments."""

    arrivals: int = 0
    attempts: int = 0
    due: int = 0
    closes: int = 0
    abandoned: int = 0
    won: int = 0
    revenue: float = 0.0
    breaches: int = 0
    log: list[tuple[int, int, float, float, float, bool]] = field(default_factory=list)

    @property
    def events(self) -> int:
        return self.arrivals + self.attempts + self.due + self.closes + self.abandoned


def lead_process(env, i, reps, leads, counts):
    counts.arrivals += 1
    score = (leads.fit[i] + leads.intent[i]) / 2
    if score < 30:
        return
    priority = 0 if score >= 70 else 1
    for k in range(6):
        due = env.now
        counts.due += k > 0  # the first falls due with the arrival: one event
        with reps.request(priority=priority) as turn:
            outcome = yield turn | env.timeout(PATIENCE_MINUTES)
            if turn not in outcome:
                counts.abandoned += 1
                return
            start = env.now
            if k == 0 and start - due > FIRST_TOUCH_MINUTES:
                counts.breaches += 1
            yield env.timeout(leads.call_ms[k, i] / MINUTE_MS)
        counts.attempts += 1
        connected = (start - due) * MINUTE_MS <= leads.connect_until[k, i]
        counts.log.append((i, k, due, start, env.now, bool(connected)))
        if connected:
            if not leads.able[i]:
                return
            yield env.timeout(leads.close_ms[i] / MINUTE_MS)
            counts.closes += 1
            if leads.win_until[i] >= ALWAYS:
                counts.won += 1
                counts.revenue += leads.value[i]
            return
        if k < 5:
            yield env.timeout(RETRY_MINUTES[k])


def source(env, reps, leads, counts):
    for i in range(leads.n):
        yield env.timeout(leads.created[i] / MINUTE_MS - env.now)
        env.process(lead_process(env, i, reps, leads, counts))


def run(leads: Leads, *, reps: int, horizon_minutes: float) -> Counts:
    """Play `leads` with `reps` reps until the horizon."""
    env = simpy.Environment()
    counts = Counts()
    env.process(source(env, simpy.PriorityResource(env, reps), leads, counts))
    env.run(until=horizon_minutes)
    return counts
