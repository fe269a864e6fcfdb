"""The samplers that may propose policies, by name; each is built anew for every batch and reads the told trials alone.

So a study that was interrupted goes on as if it had not been, wherever its trials are kept. Optuna's own quasi-random
and genetic samplers also keep a place or a choice of parents beside the trials, which a copy of the trials does not
have: here the place is the number of the trial, and the choice of parents a function of the generation. `gp` fits its
model by floating-point optimisation in torch, so its proposals are the same to the bit only on the same kind of
processor with the same versions and number of threads; the others need the same versions of optuna, numpy and scipy.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, NSGAIIISampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial
from scipy.stats import qmc

from funnelsim.config.search import SamplerName
from funnelsim.errors import Fault, InputError

SAMPLER_STREAM = 1
STARTUP_TRIALS = 10
"""Policies drawn at random before a model learns from them (`tpe`, `gp`)."""

POPULATION = 24
"""Policies in a generation of `nsga2` and `nsga3`, or a batch where that is larger."""


def check_sampler(name: SamplerName, *, where: str) -> None:
    """Check that what a sampler needs is installed.

    Args:
        name: Of the sampler.
        where: Whose setting it is, for the message.

    Raises:
        InputError: where it is not, naming the extra.
    """
    if name == "gp" and find_spec("torch") is None:
        rule = "needs torch, which is not installed"
        raise InputError([Fault(where, "search.sampler", rule, "'gp'", "pip install 'funnelsim[gp]', or use 'tpe'")])


def sampler_of(
    name: SamplerName,
    *,
    seed: int,
    number: int,
    batch: int,
    distributions: Mapping[str, BaseDistribution],
    conditional: bool = False,
) -> BaseSampler:
    """Return the sampler of one batch; the same for the same arguments.

    Args:
        name: Of the sampler.
        seed: Root of the study's luck.
        number: Of the batch.
        batch: Policies in a batch.
        distributions: Every variable, in the order of the study.
        conditional: Whether some variables exist for some policies only.
    """
    luck = _state(seed, number)
    match name:
        case "tpe":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return TPESampler(
                    multivariate=True,
                    group=conditional,
                    n_startup_trials=STARTUP_TRIALS,
                    constant_liar=True,
                    seed=luck,
                )
        case "nsga2":
            return SteadyNSGAII(population_size=max(POPULATION, batch), seed=luck)
        case "nsga3":
            return SteadyNSGAIII(population_size=max(POPULATION, batch), seed=luck, root=seed)
        case "gp":
            return GPSampler(n_startup_trials=STARTUP_TRIALS, seed=luck, warn_independent_sampling=False)
        case "qmc":
            return SobolSampler(distributions, seed=_state(seed), first=number * batch, count=batch)
        case "random":
            return RandomSampler(seed=luck)


class SteadyNSGAII(NSGAIISampler):
    """NSGA-II whose parents come in the order of their numbers, whether chosen now or remembered."""

    def get_parent_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        """Return the parents of a generation, by number."""
        return sorted(super().get_parent_population(study, generation), key=lambda trial: trial.number)


class SteadyNSGAIII(NSGAIIISampler):
    """NSGA-III likewise, and the luck with which it chooses parents is that of their generation, not of the batch."""

    def __init__(self, *, population_size: int, seed: int, root: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            super().__init__(population_size=population_size, seed=seed)
        self._size, self._root = population_size, root

    def get_parent_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        """Return the parents of a generation, by number."""
        return sorted(super().get_parent_population(study, generation), key=lambda trial: trial.number)

    def select_parent(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        """Choose the parents of a generation."""
        self.get_parent_population(study, generation - 1)  # earlier choices with their own luck, then remembered
        luck = _state(self._root, generation, 1)
        chooser = SteadyNSGAIII(population_size=self._size, seed=luck, root=self._root)
        return NSGAIIISampler.select_parent(chooser, study, generation)


class SobolSampler(BaseSampler):
    """A scrambled Sobol' sequence, trial by trial; every variable has a dimension of its own, choices included.

    Sobol' (1967), USSR Computational Mathematics and Mathematical Physics 7(4); Owen (1998), ACM TOMACS 8(1).
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution], *, seed: int, first: int, count: int) -> None:
        self._names, self._first = list(distributions), first
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # parts of the sequence are not balanced, the whole is
            sequence = qmc.Sobol(len(self._names), scramble=True, rng=np.random.default_rng(seed))
            self._points = sequence.fast_forward(first).random(count) if first else sequence.random(count)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return that nothing depends on other trials."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return no values: each variable is asked for by itself."""
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value of a variable at the trial's place in the sequence."""
        place = self._points[trial.number - self._first, self._names.index(param_name)]
        return value_at(float(place), param_distribution)


def value_at(place: float, distribution: BaseDistribution) -> Any:
    """Return the value of a distribution at a place within [0, 1): its quantile, each of n values having 1/n of it.

    >>> value_at(0.5, IntDistribution(2, 5)), value_at(0.5, FloatDistribution(1.0, 100.0, log=True))
    (4, 10.0)
    """
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(place * len(distribution.choices))]
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if isinstance(distribution, IntDistribution) and distribution.log:
        ends = np.log([low - 0.5, high + 0.5])
        return min(max(round(float(np.exp(ends[0] + place * (ends[1] - ends[0])))), int(low)), int(high))
    if step is not None:
        value = low + step * int(place * (round((high - low) / step) + 1))
        return int(value) if isinstance(distribution, IntDistribution) else min(value, high)
    if distribution.log:
        return min(max(float(low * (high / low) ** place), low), high)
    return low + place * (high - low)


def _state(seed: int, *key: int) -> int:
    return int(np.random.SeedSequence(seed, spawn_key=(SAMPLER_STREAM, *key)).generate_state(1)[0])
