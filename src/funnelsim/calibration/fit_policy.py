"""The policy in force, by simulated moments: which way of working makes the responses and attempts that were seen?

Nobody writes down in which order leads are called, who may take over, or how long a call keeps a rep from the next. But
these decide the whole distribution of the first response, which is an outcome and never put in. So ways of working are
tried on the history's own leads and team, all on the same luck, and the one that comes closest is kept (McFadden 1989,
Econometrica 57; Gourieroux & Monfort 1996). Distances count tolerances, below. Ways that come as close within the noise
of the replications are listed: the data do not tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from funnelsim.calibration import observed
from funnelsim.calibration.arrivals import given_arrivals
from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_offers import kinds
from funnelsim.calibration.fit_practice import cadence, pace
from funnelsim.calibration.history import History
from funnelsim.calibration.simulated import history_of
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import play
from funnelsim.population import draw_leads
from funnelsim.records import NO, Bool, Row

MINUTE_MS, DAY_MS = 60_000, 86_400_000
RESPONSE = (0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
WITHIN_MINUTES = (15.0, 60.0, 240.0, 1440.0, 2880.0)
BY_ATTEMPT = (1, 2, 3, 4, 6)
GIVEN_UP = (1, 2, 3, 5)

TOLERANCE = {
    "response": 0.2, "answered": 0.04, "called": 0.02, "reached": 0.02, "given_up": 0.05, "attempts": 0.1,
    "talks": 0.15,
}  # fmt: skip
"""A distance of one: a fifth of a response quantile, a tenth of a number of attempts, 15 % of the talks a lead has,
four points of a share answered within a time, two of a share called or reached, five of those given up."""
WEIGHT = {"response p50": 4.0, "response p90": 4.0, "attempts a day": 2.0, "attempts per called lead": 2.0}
MOST_LEADS = 30_000
"""A larger history is not played a hundred times; its policy is read off (`read_off`)."""

MOST_DRAWN = 100
"""Ways drawn at large, at most; after that what is close is looked at closer."""

Choices = dict[str, Callable[[np.random.Generator], Any]]


def moments(history: History, *, leads: Bool | None = None) -> dict[str, float]:
    """Return what the ways of working are judged by, of `leads` (all where None).

    First responses are the CRM's own where it knows them, else those of the touches.
    """
    chosen = np.ones(history.leads.n, dtype=np.bool_) if leads is None else leads
    made = observed.attempts(history, by="lead", leads=chosen)
    minutes = made.delay_ms()[made.number == 1] / MINUTE_MS
    told = history.leads.first_response_ms
    if told is not None and (told[chosen] != NO).any():
        minutes = told[chosen & (told != NO)] / MINUTE_MS
    out = {
        f"response p{100 * p:.0f}": float(v)
        for p, v in zip(RESPONSE, observed.quantiles(minutes, RESPONSE), strict=True)
    }
    for within, share in zip(WITHIN_MINUTES, observed.answered_within(minutes, WITHIN_MINUTES), strict=True):
        out[f"answered within {within:g} min"] = float(share)
    wanted = int((kinds(history)[0] & chosen).sum())
    out["called share"] = made.called / max(wanted, 1)
    for k, share in zip(BY_ATTEMPT, observed.reached_by_attempt(made, BY_ATTEMPT), strict=True):
        out[f"reached by attempt {k}"] = float(share)
    number = np.bincount(made.unit, minlength=made.called)
    unreached = number[made.reached_at() == 0]
    for k in GIVEN_UP:
        out[f"given_up after {k} or fewer"] = float((unreached <= k).mean()) if unreached.size else float("nan")
    out["attempts per called lead"] = observed.attempts_per_called(made)
    reached = int((made.reached_at() > 0).sum())
    out["talks per reached lead"] = float(made.connected.sum()) / reached if reached else float("nan")
    out["attempts a day"] = _attempts_a_day(history, int(history.leads.created[chosen].min(initial=0)))
    return out


def _attempts_a_day(history: History, since: int) -> float:
    """Return the calls made a day, on whomever, from the day of `since` to the last day."""
    until = history.clock().measured_until
    if history.touches is None or since >= until:
        return float("nan")
    at = history.touches.at[history.touches.kind == Row.CALL]
    return float(((at >= since) & (at < until)).sum()) / max((until - since) / DAY_MS, 1.0)


def distances(simulated: dict[str, float], seen: dict[str, float]) -> dict[str, float]:
    """Return the squared distance of each moment in tolerances, weighted, at most 100; undefined ones are left out."""
    out = {}
    for name, value in seen.items():
        group = name.split()[0]
        other = simulated[name]
        if not np.isfinite(value) or not np.isfinite(other):
            continue
        if group in ("response", "attempts", "talks"):
            apart = np.log(max(other, 0.1) / max(value, 0.1)) / TOLERANCE[group]
        else:
            apart = (other - value) / TOLERANCE[group]
        out[name] = min(WEIGHT.get(name, 1.0) * float(apart) ** 2, 100.0)
    return out


def read_off(history: History) -> Practised:
    """Return a policy read off the cadence alone: where too little is known, or too much to be played often.

    As many attempts as 95 % of the called leads got at most; the lower quartile of the gaps, since a list takes its
    time too; dates to be called again as the gaps after a talk; three quarters of the open time for each attempt.
    """
    if history.touches is None or history.touches.n == 0:
        return Practised()
    given, speed = cadence(history), pace(history)
    number = np.bincount(history.touches.lead)
    most = int(np.quantile(number[number > 0], 0.95))
    minutes = 0.75 * speed.open_per_attempt
    gap, again = given.gap_hours[0], given.gap_after_talk_hours[1] / 24.0
    plain = Practised()
    return replace(
        plain,
        call_minutes=float(np.clip(minutes, 1.0, 60.0)) if np.isfinite(minutes) else plain.call_minutes,
        talk_minutes=5.0,
        first_before_later=False,
        attempts=int(np.clip(most, 2, 20)),
        gap_hours=float(np.clip(gap, 0.5, 168.0)) if np.isfinite(gap) else plain.gap_hours,
        window_days=60.0,
        callback_days=float(np.clip(again, 1.0, 60.0)) if np.isfinite(again) else plain.callback_days,
    )


@dataclass(frozen=True, slots=True)
class Way:
    """One way of working, and how far from the history it comes."""

    practised: Practised
    distance: float  # mean over its replications
    error: float  # standard error of that mean, nan of a single one
    moments: dict[str, float]


@dataclass(frozen=True, slots=True)
class PolicyFit:
    """What simulated moments say of the policy in force."""

    best: Practised
    seen: dict[str, float]
    ranking: tuple[Way, ...]  # those played several times, the closest first
    tried: int
    near: tuple[Way, ...]  # not told apart from the best: within two standard errors of the difference
    cloud: tuple[Practised, ...] = ()  # the best with other efforts, each as close as luck alone lets it be

    def words(self) -> list[str]:
        """Return what is to be said of it."""
        if not self.ranking:
            return ["policy: read off the cadence, not estimated"]
        said = [f"policy: the closest of {self.tried} ways of working tried"]
        if len(self.near) > 1:
            said.append(f"policy: {len(self.near) - 1} others come as close; {self._differ()} cannot be told")
        first = self.ranking[0]
        far = {name: d for name, d in distances(first.moments, self.seen).items() if d > 4.0 * WEIGHT.get(name, 1.0)}
        if far:
            said.append("policy: beyond two tolerances even so: " + ", ".join(sorted(far, key=lambda k: -far[k])))
        return said

    def _differ(self) -> str:
        names = [f.name for f in fields(Practised)]
        kept = [n for n in names if len({getattr(way.practised, n) for way in self.near}) > 1]
        return ", ".join(kept)


TERMS = (
    "1 business hours", "2 business hours", "4 business hours", "8 business hours", "2 business days", "72h",
)  # fmt: skip

CHOICES: Choices = {
    "call_minutes": lambda g: float(np.exp(g.uniform(np.log(3.0), np.log(35.0)))),
    "talk_minutes": lambda g: float(np.exp(g.uniform(np.log(3.0), np.log(30.0)))),
    "order": lambda g: str(g.choice(["lifo", "lifo", "fifo", "deadline"])),
    "first_before_later": lambda g: bool(g.random() < 0.5),
    "routing": lambda g: str(g.choice(["round_robin", "round_robin", "pool"])),
    "on_breach": lambda g: str(g.choice(["none", "escalate", "reassign"])),
    "first_touch": lambda g: str(g.choice(TERMS)),
    "attempts": lambda g: int(g.choice([3, 4, 5, 6, 8, 10, 14, 18])),
    "gap_hours": lambda g: float(np.exp(g.uniform(np.log(2.0), np.log(72.0)))),
    "window_days": lambda g: float(np.exp(g.uniform(np.log(7.0), np.log(60.0)))),
    "callback_days": lambda g: float(np.exp(g.uniform(np.log(1.0), np.log(30.0)))),
    "callback_sigma": lambda g: float(g.uniform(0.5, 2.2)),
    "latency_minutes": lambda g: float(np.exp(g.uniform(np.log(1.0), np.log(60.0)))),
    "latency_sigma": lambda g: float(g.uniform(0.1, 2.5)),
}
"""Where ways of working are drawn from."""

_MOVES = {
    "call_minutes", "talk_minutes", "gap_hours", "window_days", "callback_days", "latency_minutes", "latency_sigma",
}  # fmt: skip


_WORLD = ("call_minutes", "talk_minutes", "callback_days", "callback_sigma", "latency_minutes", "latency_sigma")
"""Settings of a way that are no policy."""


def fit_policy(
    history: History,
    scenario_of: Callable[[Practised], Scenario],
    *,
    since: int = 0,
    trials: int = 150,
    finalists: int = 6,
    replications: int = 4,
    cloud: int = 40,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> PolicyFit:
    """Return the way of working that comes closest to the history.

    A third of the trials, 100 at most, are drawn at large; the others move one of the ten closest so far, the closer
    the rather (lengths by some percent, attempts by one, choices at random). All are played on replication 0; the
    finalists on `replications` fresh ones, which decide.

    Args:
        history: With touches.
        scenario_of: Makes a scenario of a way of working; on the history's dates.
        since: Ways are judged by leads created from this on, ms; all of them are played.
        trials: How many ways; 0 reads the policy off.
        finalists: How many are played again.
        replications: On how many fresh replications.
        cloud: How many variants of the best, its efforts and call-back dates moved, are tried; kept are those that come
            as close as the best does in its worst replication (rejection sampling; Beaumont 2010, Annual Review of
            Ecology, Evolution, and Systematics 41).
        seed: Of the draws; 0 is a seed.
        progress: Called with (played, of how many).
    """
    start = read_off(history)
    if trials < 1 or history.touches is None or history.touches.n == 0 or history.leads.n > MOST_LEADS:
        return PolicyFit(start, moments(history, leads=history.leads.created >= since), (), 0, ())
    seen = moments(history, leads=history.leads.created >= since)

    def played_in(way: Practised, replication: int) -> dict[str, float]:
        return _judged(played_as(scenario_of(way), history, replication), since)

    rng = np.random.default_rng(seed)
    total = trials + finalists * replications + cloud
    played: list[tuple[float, Practised]] = []
    drawn = min(max(trials // 3, 2), MOST_DRAWN)
    for t in range(trials):
        way = start if t == 0 else _drawn(rng) if t < drawn else _moved(played[:10], rng)
        played.append((_apart(played_in(way, 0), seen), way))
        played.sort(key=lambda row: row[0])
        if progress is not None:
            progress(t + 1, total)
    chosen: list[Practised] = []
    for _, way in played:
        if way not in chosen:
            chosen.append(way)
        if len(chosen) == finalists:
            break
    each = np.empty((len(chosen), replications))
    means: list[dict[str, float]] = []
    for j, way in enumerate(chosen):
        rows = []
        for r in range(replications):
            rows.append(played_in(way, r + 1))
            each[j, r] = _apart(rows[-1], seen)
            if progress is not None:
                progress(trials + j * replications + r + 1, total)
        means.append({name: float(np.mean([row[name] for row in rows])) for name in seen})
    order = np.argsort(each.mean(axis=1), kind="stable")
    ways = tuple(
        Way(chosen[j], float(each[j].mean()), float(each[j].std(ddof=1) / np.sqrt(replications)), means[j])
        for j in order
    )
    first = each[order[0]]
    near = []
    for rank, j in enumerate(order):
        difference = each[j] - first
        error = float(difference.std(ddof=1)) / np.sqrt(replications) if replications > 1 else float("inf")
        if rank == 0 or difference.mean() <= 2.0 * error:
            near.append(ways[rank])
    kept = []
    for j in range(cloud):
        way = _stirred(ways[0].practised, rng)
        if _apart(played_in(way, j % replications + 1), seen) <= float(first.max()):
            kept.append(way)
        if progress is not None:
            progress(total - cloud + j + 1, total)
    return PolicyFit(ways[0].practised, seen, ways, trials, tuple(near), tuple(kept))


def _drawn(rng: np.random.Generator) -> Practised:
    return Practised(**{name: draw(rng) for name, draw in CHOICES.items()})


def _stirred(way: Practised, rng: np.random.Generator) -> Practised:
    """Return a way with the same policy, what is the world's about it moved by some percent."""
    return replace(way, **{name: getattr(way, name) * float(np.exp(0.12 * rng.standard_normal())) for name in _WORLD})


def _moved(best: Sequence[tuple[float, Practised]], rng: np.random.Generator) -> Practised:
    """Return one of the closest so far, some of its settings moved."""
    way = best[int(len(best) * rng.random() ** 2)][1]
    changes: dict[str, Any] = {}
    for name, draw in CHOICES.items():
        chance = rng.random()
        if chance < 0.15:
            changes[name] = draw(rng)
        elif chance < 0.65 and name in _MOVES:
            changes[name] = float(getattr(way, name)) * float(np.exp(0.15 * rng.standard_normal()))
        elif chance < 0.35 and name == "attempts":
            changes[name] = max(1, way.attempts + int(rng.choice([-1, 1])))
    return replace(way, **changes)


def played_as(scenario: Scenario, history: History, replication: int) -> History:
    """Return what one replication on the history's own leads would leave in the CRM."""
    arrivals = given_arrivals(history, scenario.market)
    leads = draw_leads(scenario.market, scenario.economics, scenario.run, replication, arrivals=arrivals)
    return history_of(play(scenario, leads), followup=False)


def _judged(made: History, since: int) -> dict[str, float]:
    return moments(made, leads=made.leads.created >= since)


def _apart(simulated: dict[str, float], seen: dict[str, float]) -> float:
    return float(sum(distances(simulated, seen).values()))
