"""A number that walks from period to period, seen with errors: how far it goes on, and how surely that is known.

The local level model: what is seen is a level, plus what is of this period alone, plus an error of known size; and the
level takes a normal step from each period to the next (Harvey 1989, Forecasting, Structural Time Series Models and the
Kalman Filter, section 2). How large the steps and the passing part are is unknown too, and a handful of periods hardly
tell; so they are not estimated but averaged over, by their likelihood (flat priors on standard deviations; Gelman 2006,
Bayesian Analysis 1(3)). A number that does not move beyond its errors is foretold to stay, one that does is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.records import Float64

GRID = 40
WIDEST = 2.5
"""The largest step considered, in root mean squares of the changes seen."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalLevel:
    """What is known of the level of the last period, for each pair of sizes. g pairs."""

    steps: Float64  # (g,) standard deviation of a step
    passing: Float64  # (g,) and of what is of one period alone
    weights: Float64  # (g,) how likely each pair is; they add up to 1
    levels: Float64  # (g,) of the last period
    errors: Float64  # (g,) their standard errors

    def ahead(self, periods: int) -> tuple[Float64, Float64]:
        """Return mean and standard deviation of the mean of the next `periods` >= 1 periods: (g,) each."""
        left = np.arange(periods, 0, -1) / periods  # share of the periods that a step moves
        walked = self.steps**2 * float(np.square(left).sum())
        return self.levels, np.sqrt(self.errors**2 + walked + self.passing**2 / periods)

    def foretold(self, periods: int) -> tuple[float, float]:
        """Return mean and standard deviation over all pairs of sizes."""
        means, spreads = self.ahead(periods)
        mean = float(self.weights @ means)
        return mean, float(np.sqrt(self.weights @ (spreads**2 + (means - mean) ** 2)))

    def draw(self, periods: int, rng: np.random.Generator) -> float:
        """Return one draw of the mean of the next periods."""
        means, spreads = self.ahead(periods)
        j = int(rng.choice(self.steps.size, p=self.weights))
        return float(means[j] + spreads[j] * rng.standard_normal())


def local_level(values: Float64, errors: Float64) -> LocalLevel:
    """Return what a series says of its level.

    Args:
        values: (m,) m >= 3, one a period.
        errors: (m,) their standard errors, > 0.
    """
    changes = float(np.sqrt(np.mean(np.square(np.diff(values)))))
    sizes = np.linspace(0.0, WIDEST * max(changes, float(errors.mean())), GRID)
    steps, passing = (axis.ravel() for axis in np.meshgrid(sizes, sizes / np.sqrt(2.0), indexing="ij"))
    level, variance = np.full(steps.size, values[0]), errors[0] ** 2 + passing**2
    log_likelihood = np.zeros(steps.size)
    for value, error in zip(values[1:], errors[1:], strict=True):
        variance = variance + steps**2
        whole = variance + error**2 + passing**2
        miss = value - level
        log_likelihood -= 0.5 * (np.log(whole) + miss**2 / whole)
        gain = variance / whole
        level, variance = level + gain * miss, variance * (1.0 - gain)
    weights = np.exp(log_likelihood - log_likelihood.max())
    return LocalLevel(steps, passing, weights / weights.sum(), level, np.sqrt(variance))
