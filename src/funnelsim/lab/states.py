"""States of the world, drawn or enumerated: the same for all policies, and for the same section and seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import qmc

from funnelsim.config.draws import read_draws
from funnelsim.config.durations import Duration
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State
from funnelsim.config.uncertain import Range, label_of_range
from funnelsim.errors import Fault, InputError
from funnelsim.lab.weights import CLOSE, shares_of_states, weights_of_states
from funnelsim.records import Float64

AS_WRITTEN = State("as written")
MOST_STATES = 4096


@dataclass(frozen=True, slots=True)
class Stress:
    """One uncertain input at one end, everything else as the file says."""

    input: str  # what to call it
    end: str  # "low", "high" or "happens"
    value: str  # what it then is: "x 0.7", "-0.8", "8min"; "" of an event
    state: State

    @property
    def label(self) -> str:
        """Return input and value in words."""
        return f"{self.input} {self.value}".strip()


@dataclass(frozen=True, slots=True)
class Misweighted:
    """An event to which the states drawn give another weight than its probability."""

    event: str
    probability: float
    weight: float
    enough: int | None  # states with which all events have their probability; None = no number up to `MOST_STATES`

    def in_words(self) -> str:
        """Return what is wrong and what to do."""
        remedy = f"uncertain.states = {self.enough} would do" if self.enough else "another uncertain.seed may do"
        return (
            f"{self.event} has a probability of {self.probability:g} and a weight of {self.weight:.3g} in the states "
            f"drawn, for rare events fall together there: {remedy}"
        )


def states_of(scenario: Scenario) -> tuple[State, ...]:
    """Return the states of the world that `scenario.uncertain` describes, their weights summing to one.

    Where there are only events, and no more combinations of them than `states`, every one with its probability.
    Otherwise `states` points of a scrambled Sobol sequence: a coordinate for each range (its level), each event and the
    file of draws (which of them). An event happens in the share of states that is next to its probability, at least one
    in sixteen, and their weights make up for it (`weights_of_states`): without events all weigh the same. From 16 on,
    twice as many states begin with the same ones, but for their weights. Owen (1998), ACM Transactions on Modeling and
    Computer Simulation 8(1).

    Every point is uniform over scrambles, so with equal weights, or one event, the mean over the states is an unbiased
    estimate of the expectation; with several events raking them adds a bias that is small beside its spread.

    Raises:
        InputError: where nothing is uncertain, or the file of draws cannot be read.
    """
    uncertain = scenario.uncertain
    if not uncertain.anything:
        remedy = "give [uncertain.ranges], [uncertain.events] or posterior (docs/robust.md)"
        raise InputError([Fault(scenario.name or "scenario", "uncertain", "names nothing uncertain", None, remedy)])
    if is_enumerated(scenario):
        return tuple(_combinations({name: event.probability for name, event in uncertain.events.items()}))
    draws = () if uncertain.posterior is None else read_draws(Path(uncertain.posterior))
    paths, names = list(uncertain.ranges), list(uncertain.events)
    points = sobol(len(paths) + len(names) + bool(draws), uncertain.states, seed=uncertain.seed)
    happens, weights = _events(scenario, points)
    return tuple(
        State(
            name=f"state {number}",
            levels=dict(zip(paths, point, strict=False)),
            events=frozenset(
                name
                for name, there in zip(names, happens[number - 1], strict=True)
                if there
            ),
            draw=draws[int(point[-1] * len(draws))] if draws else {},
            weight=weights[number - 1],
        )
        for number, point in enumerate(points.tolist(), start=1)
    )


def misweighted(scenario: Scenario) -> tuple[Misweighted, ...]:
    """Return the events whose weight in the states drawn is not their probability; none where nothing is drawn."""
    uncertain = scenario.uncertain
    if not uncertain.events or is_enumerated(scenario):
        return ()
    off = _off(scenario, uncertain.states)
    if not off:
        return ()
    more = (2**power for power in range(uncertain.states.bit_length(), MOST_STATES.bit_length()))
    enough = next((states for states in more if not _off(scenario, states)), None)
    return tuple(
        Misweighted(name, uncertain.events[name].probability, weight, enough) for name, weight in off.items()
    )


def _off(scenario: Scenario, states: int) -> dict[str, float]:
    """Return the weight of each event of which it is not the probability, in so many states."""
    uncertain = scenario.uncertain
    dimensions = len(uncertain.ranges) + len(uncertain.events) + (uncertain.posterior is not None)
    happens, weights = _events(scenario, sobol(dimensions, states, seed=uncertain.seed))
    found = {}
    for e, (name, event) in enumerate(uncertain.events.items()):
        weight = math.fsum(w for w, there in zip(weights, happens, strict=True) if there[e])
        if abs(weight - event.probability) > 10 * CLOSE * event.probability:
            found[name] = weight
    return found


def _events(scenario: Scenario, points: Float64) -> tuple[list[list[bool]], list[float]]:
    """Return which events happen at each point, and the weights of the points."""
    uncertain, states = scenario.uncertain, points.shape[0]
    if not uncertain.events:
        return [[] for _ in range(states)], [1.0 / states] * states
    chances = [event.probability for event in uncertain.events.values()]
    begin = len(uncertain.ranges)
    happens = points[:, begin : begin + len(chances)] < shares_of_states(chances, states)
    return happens.tolist(), weights_of_states(happens, chances).tolist()


def is_enumerated(scenario: Scenario) -> bool:
    """Return whether the states are every combination of the events, rather than drawn."""
    uncertain = scenario.uncertain
    only_events = bool(uncertain.events) and not uncertain.ranges and uncertain.posterior is None
    return only_events and 2 ** len(uncertain.events) <= uncertain.states


def sobol(dimensions: int, n: int, *, seed: int) -> Float64:
    """Return the first `n` points of the scrambled Sobol sequence in the unit cube, shape (n, dimensions).

    Args:
        dimensions: At least 1.
        n: A power of two.
        seed: Of the scrambling; 0 is a seed.
    """
    drawn = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed)).random(n)
    return np.asarray(drawn, dtype=np.float64)


def _combinations(chances: dict[str, float]) -> list[State]:
    found = []
    for happens in itertools.product((False, True), repeat=len(chances)):
        events = [name for name, there in zip(chances, happens, strict=True) if there]
        parts = [p if there else 1.0 - p for p, there in zip(chances.values(), happens, strict=True)]
        found.append(State(" and ".join(events) or "calm", events=frozenset(events), weight=math.prod(parts)))
    return found


def stresses_of(scenario: Scenario) -> tuple[Stress, ...]:
    """Return each uncertain number at its low and at its high end, then each event, in the order of the file."""
    found = []
    for path, given in scenario.uncertain.ranges.items():
        name = label_of_range(path, given)
        for level, end in ((0.0, "low"), (1.0, "high")):
            value = value_words(given, level)
            found.append(Stress(name, end, value, State(f"{name} {value}", levels={path: level})))
    for name in scenario.uncertain.events:
        found.append(Stress(name.replace("_", " "), "happens", "", State(name, events=frozenset({name}))))
    return tuple(found)


def value_words(given: Range, level: float) -> str:
    """Return what an uncertain number is at a level of its range.

    >>> value_words(Range(factor=[0.7, 1.3]), 0.0), value_words(Range(low=-0.8, high=0.0), 0.25)
    ('x 0.7', '-0.6')
    """
    if given.factor is not None:
        return f"x {given.factor[0] + level * (given.factor[1] - given.factor[0]):.3g}"
    low, high = given.low, given.high
    if isinstance(low, Duration) and isinstance(high, Duration):
        hours = low.hours + level * (high.hours - low.hours)
        amount = hours * low.amount / low.hours if low.amount else hours
        between = Duration(float(f"{amount:.3g}"), low.unit if low.amount else "h", low.business)
        return str({0.0: low, 1.0: high}.get(level, between))
    assert isinstance(low, int | float)  # the model has a range of one kind
    assert isinstance(high, int | float)
    return f"{low + level * (high - low):.3g}"


def columns_of(scenario: Scenario, states: Sequence[State]) -> list[dict[str, str | float]]:
    """Return a row for each state, in words and numbers: its weight, what each uncertain number is, what happens."""
    uncertain = scenario.uncertain
    return [
        {
            "state": state.name,
            "weight": state.weight,
            **{
                label_of_range(path, given): value_words(given, state.levels[path])
                for path, given in uncertain.ranges.items()
                if path in state.levels
            },
            **{name.replace("_", " "): "yes" if name in state.events else "no" for name in uncertain.events},
            **state.draw,
        }
        for state in states
    ]
