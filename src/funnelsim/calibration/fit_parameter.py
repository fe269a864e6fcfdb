"""What a fit says of one number: estimate, 90 % interval, source, and a warning where the data cannot tell.

Every fit of a subject returns a `Block`: its parameters, and their joint uncertainty as a normal distribution on
scales on which it nearly is one (logarithms of lengths and rates, log-odds of shares). Draws come from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import special
from scipy import stats as scipy_stats

from funnelsim.records import Float64

LEVEL = 0.90
"""Probability of every interval of a fit."""

HALF = float(scipy_stats.norm.ppf(0.5 + LEVEL / 2))

Scale = Literal["identity", "log", "logit"]

Entry = tuple[str, float, Scale, str, str, int, str]
"""(path, estimate, scale, unit, method, n, warning) of a parameter."""

_TO: dict[str, Callable[[Float64], Float64]] = {
    "identity": lambda x: x,
    "log": lambda x: np.log(np.maximum(x, 1e-300)),
    "logit": lambda x: np.asarray(special.logit(np.clip(x, 1e-12, 1 - 1e-12)), dtype=np.float64),
}
_FROM: dict[str, Callable[[Float64], Float64]] = {
    "identity": lambda x: x,
    "log": lambda x: np.exp(x),
    "logit": lambda x: np.asarray(special.expit(x), dtype=np.float64),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One fitted number."""

    path: str  # place in a scenario, such as "market.reach.mu", or a name of its own that no scenario has
    estimate: float
    low: float  # ends of the 90 % interval, nan where there is none
    high: float
    unit: str
    method: str  # estimator and source, in words
    n: int  # leads, attempts, days or wins that it rests on
    warning: str = ""  # what the data cannot tell, in words


@dataclass(frozen=True, slots=True)
class Assumed:
    """A number that the history does not give, with the value that stands in."""

    path: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The fit of one subject: p parameters and their joint uncertainty. `draws` are of those with an interval."""

    parameters: tuple[Parameter, ...]
    scales: tuple[Scale, ...] = ()  # (p,)
    covariance: Float64 = field(default_factory=lambda: np.zeros((0, 0)))  # (p, p) on those scales
    assumed: tuple[Assumed, ...] = ()
    warnings: tuple[str, ...] = ()

    def value(self, path: str) -> float:
        """Return the estimate of `path`.

        Raises:
            KeyError: where this block has no such parameter.
        """
        for parameter in self.parameters:
            if parameter.path == path:
                return parameter.estimate
        raise KeyError(path)

    def has(self, path: str) -> bool:
        """Return whether this block has the parameter `path`."""
        return any(parameter.path == path for parameter in self.parameters)

    def draw(self, n: int, rng: np.random.Generator) -> dict[str, Float64]:
        """Return `n` draws of each parameter from its joint uncertainty: (n,) each."""
        if not self.parameters:
            return {}
        centre = np.array(
            [_TO[scale](np.array([p.estimate]))[0] for p, scale in zip(self.parameters, self.scales, strict=True)]
        )
        root = _root(self.covariance)
        steps = rng.standard_normal((n, centre.size)) @ root.T
        return {
            p.path: _FROM[scale](centre[j] + steps[:, j])
            for j, (p, scale) in enumerate(zip(self.parameters, self.scales, strict=True))
        }


def block(
    rows: Sequence[Entry],
    covariance: Float64,
    *,
    assumed: Sequence[Assumed] = (),
    warnings: Sequence[str] = (),
    t_degrees: float | None = None,
) -> Block:
    """Return a block with normal intervals on the parameters' scales.

    Args:
        rows: (path, estimate, scale, unit, method, n, warning) of each parameter.
        covariance: Of the estimates on their scales, (p, p); nan variances give no interval.
        assumed: What the data do not give.
        warnings: About the subject as a whole.
        t_degrees: Degrees of freedom of a t-interval instead of the normal one.
    """
    half = HALF if t_degrees is None else float(scipy_stats.t.ppf(0.5 + LEVEL / 2, t_degrees))
    covariance = np.asarray(covariance, dtype=np.float64).reshape(len(rows), len(rows))
    parameters = []
    for j, (path, estimate, scale, unit, method, n, warning) in enumerate(rows):
        spread = half * float(np.sqrt(covariance[j, j])) if covariance[j, j] >= 0.0 else float("nan")
        centre = _TO[scale](np.array([estimate]))
        low, high = (float(_FROM[scale](centre + step)[0]) for step in (-spread, spread))
        parameters.append(Parameter(path, float(estimate), low, high, unit, method, n, warning))
    scales = tuple(row[2] for row in rows)
    return Block(tuple(parameters), scales, np.nan_to_num(covariance), tuple(assumed), tuple(warnings))


def joined(*blocks: Block) -> Block:
    """Return several blocks as one, their uncertainties independent of one another."""
    size = sum(len(b.parameters) for b in blocks)
    covariance, at = np.zeros((size, size)), 0
    for b in blocks:
        end = at + len(b.parameters)
        covariance[at:end, at:end] = b.covariance
        at = end
    return Block(
        tuple(p for b in blocks for p in b.parameters),
        tuple(s for b in blocks for s in b.scales),
        covariance,
        tuple(a for b in blocks for a in b.assumed),
        tuple(w for b in blocks for w in b.warnings),
    )


def nothing(*assumed: Assumed, warnings: Sequence[str] = ()) -> Block:
    """Return a block without a parameter: everything stays assumed."""
    return Block((), (), np.zeros((0, 0)), tuple(assumed), tuple(warnings))


def _root(covariance: Float64) -> Float64:
    """Return a matrix whose product with its transpose is `covariance`, semi-definite up to rounding: (p, p)."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)
