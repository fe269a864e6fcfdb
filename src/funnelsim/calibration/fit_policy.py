"""The policy in force, by simulated moments: which way of working makes the responses and attempts that were seen?

Nobody writes down in which order leads are called, who may take over, or how long a call keeps a rep from the next. But
these decide the whole distribution of the first response, which is an outcome and never put in. So ways of working are
tried on the history's own leads and with its own rota, all on the same luck, and the one that comes closest is kept
(McFadden 1989, Econometrica 57; Gourieroux & Monfort 1996). Distances count tolerances, below. Ways that come as close
within the noise of the replications are listed: the data do not tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy import optimize

from funnelsim.calibration.arrivals import given_arrivals
from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_moments import WEIGHT, distances, moments
from funnelsim.calibration.fit_read_off import MOST_GIVEN_UP, call_bounds, read_off
from funnelsim.calibration.history import History
from funnelsim.calibration.simulated import history_of
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import play
from funnelsim.population import draw_leads

MOST_LEADS = 30_000
"""A larger history is not played a hundred times; its policy is read off (`read_off`)."""

MOST_DRAWN = 100
"""Ways drawn at large, at most; after that what is close is looked at closer."""

Choices = dict[str, Callable[[np.random.Generator], Any]]


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
    too_many: int = 0  # leads, where those are why it was read off
    cloud: tuple[Practised, ...] = ()  # the best with other efforts, each as close as luck alone lets it be

    def words(self) -> list[str]:
        """Return what is to be said of it."""
        if self.too_many:
            return [
                f"policy: read off the cadence, not estimated, and deals not scaled to the wins that were seen: "
                f"{self.too_many:,} leads are too many to be played a hundred times (at most {MOST_LEADS:,}); fit a "
                "part of the history too, and compare"
            ]
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
    "call_minutes": lambda g: float(np.exp(g.uniform(np.log(1.5), np.log(35.0)))),
    "talk_minutes": lambda g: float(np.exp(g.uniform(np.log(3.0), np.log(30.0)))),
    "order": lambda g: str(g.choice(["lifo", "lifo", "fifo", "deadline"])),
    "first_before_later": lambda g: bool(g.random() < 0.5),
    "routing": lambda g: str(g.choice(["round_robin", "pool", "least_loaded"])),
    "on_breach": lambda g: str(g.choice(["none", "escalate", "reassign"])),
    "first_touch": lambda g: str(g.choice(TERMS)),
    "attempts": lambda g: int(g.choice([3, 4, 5, 6, 8, 10, 14, 18])),
    "gap_hours": lambda g: float(np.exp(g.uniform(np.log(2.0), np.log(72.0)))),
    "window_days": lambda g: float(np.exp(g.uniform(np.log(7.0), np.log(180.0)))),
    "callback_share": lambda g: float(g.uniform(0.6, 1.0)),
    "given_up_share": lambda g: float(g.choice([0.0, g.uniform(0.0, 0.6)])),
    "latency_least_minutes": lambda g: float(g.choice([0.0, np.exp(g.uniform(np.log(1.0), np.log(20.0)))])),
    "latency_minutes": lambda g: float(np.exp(g.uniform(np.log(1.0), np.log(200.0)))),
    "latency_sigma": lambda g: float(g.uniform(0.1, 2.5)),
    "latency_clock": lambda g: str(g.choice(["calendar", "business"])),
}
"""Where ways of working are drawn from."""

_MOVES = (
    "call_minutes", "talk_minutes", "gap_hours", "window_days", "callback_share", "given_up_share",
    "latency_least_minutes", "latency_minutes", "latency_sigma",
)  # fmt: skip
POLISHED = 0.4
"""Share of the trials that go on from the closest way, all its numbers moved together."""

_WORLD = (
    "call_minutes", "talk_minutes", "callback_days", "callback_sigma", "given_up_share", "latency_least_minutes",
    "latency_minutes", "latency_sigma", "unnoticed_share",
)  # fmt: skip
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

    A third of the trials, 100 at most, are drawn at large; others move one of the ten closest so far, the closer the
    rather (lengths by some percent, attempts by one, choices at random); the last 40 % move all numbers of the closest
    together (Nelder & Mead 1965). All are played on replication 0; the finalists on `replications` fresh ones, which
    decide. Dates to be called again are read off, calls are no longer than the pace allows (`call_bounds`), and as many
    leads are overlooked as were never called, or none where that comes closer.

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
    start = read_off(history, leads=history.leads.created >= since)
    if trials < 1 or history.touches is None or history.touches.n == 0 or history.leads.n > MOST_LEADS:
        too_many = history.leads.n if history.leads.n > MOST_LEADS else 0
        return PolicyFit(start, moments(history, leads=history.leads.created >= since), (), 0, (), too_many)
    seen = moments(history, leads=history.leads.created >= since)

    def played_in(way: Practised, replication: int) -> dict[str, float]:
        return _judged(played_as(scenario_of(way), history, replication), since)

    rng = np.random.default_rng(seed)
    least, most = call_bounds(history)
    choices = {**CHOICES, "call_minutes": lambda g: float(np.exp(g.uniform(np.log(least), np.log(most))))}

    def within(way: Practised) -> Practised:
        return replace(
            way,
            call_minutes=float(np.clip(way.call_minutes, least, most)),
            callback_days=start.callback_days,
            callback_sigma=start.callback_sigma,
            callback_share=min(way.callback_share, 1.0),
            given_up_share=min(way.given_up_share, MOST_GIVEN_UP),
            unnoticed_share=start.unnoticed_share,
        )

    total = trials + (finalists + (start.unnoticed_share > 0.0)) * replications + cloud
    played: list[tuple[float, Practised]] = []
    drawn = min(max(trials // 3, 2), MOST_DRAWN)

    def tried(way: Practised) -> float:
        distance = _apart(played_in(way, 0), seen)
        played.append((distance, way))
        played.sort(key=lambda row: row[0])
        if progress is not None:
            progress(len(played), total)
        return distance

    for t in range(trials - int(POLISHED * trials)):
        tried(within(start if t == 0 else _drawn(rng, choices) if t < drawn else _moved(played[:10], rng, choices)))
    _polish(played[0][1], lambda way: tried(within(way)), trials - len(played))
    chosen: list[Practised] = []
    for _, way in played:
        if way not in chosen:
            chosen.append(way)
        if len(chosen) == finalists:
            break
    if start.unnoticed_share > 0.0:  # or a list that is too full is why some were never called
        chosen.append(replace(chosen[0], unnoticed_share=0.0))
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
    return PolicyFit(ways[0].practised, seen, ways, trials, tuple(near), cloud=tuple(kept))


def _polish(way: Practised, tried: Callable[[Practised], float], most: int) -> None:
    """Move all numbers of a way together, in logarithms, while that brings it closer; `most` ways are tried."""
    names = [name for name in _MOVES if getattr(way, name) > 0.0]
    if most < len(names) + 2:
        return
    left = [most]

    def distance(step: Any) -> float:
        if left[0] == 0:
            return float("inf")
        left[0] -= 1
        return tried(replace(way, **{n: getattr(way, n) * float(np.exp(s)) for n, s in zip(names, step, strict=True)}))

    first = np.vstack([np.zeros(len(names)), 0.25 * np.eye(len(names))])
    first[1:][np.diag_indices(len(names))] *= np.where(np.arange(len(names)) % 2, -1.0, 1.0)
    options: Any = {"initial_simplex": first, "maxfev": most, "adaptive": True}
    optimize.minimize(distance, np.zeros(len(names)), method="Nelder-Mead", options=options)


def _drawn(rng: np.random.Generator, choices: Choices) -> Practised:
    return Practised(**{name: draw(rng) for name, draw in choices.items()})


def _stirred(way: Practised, rng: np.random.Generator) -> Practised:
    """Return a way with the same policy, what is the world's about it moved by some percent."""
    return replace(way, **{name: getattr(way, name) * float(np.exp(0.12 * rng.standard_normal())) for name in _WORLD})


def _moved(
    best: Sequence[tuple[float, Practised]], rng: np.random.Generator, choices: Choices
) -> Practised:
    """Return one of the closest so far, some of its settings moved."""
    way = best[int(len(best) * rng.random() ** 2)][1]
    changes: dict[str, Any] = {}
    for name, draw in choices.items():
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
