"""Weights of drawn states that give every event its probability, however few the states and however rare the event.

With equal weights an event of 2 % is in none or in one of sixteen states, and so counts for nothing or for 6 %. Here it
is in at least a sixteenth of them, and they weigh the less for it: importance sampling, the weights then calibrated to
the probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from funnelsim.records import Bool, Float64

PARTS = 16
"""An event is in at least one of so many parts of the states, and in at most all parts but one."""
SWEEPS = 500
CLOSE = 1e-9
"""How far, as a share of it, an event's weight may be off its probability."""


def shares_of_states(probabilities: ArrayLike, states: int) -> Float64:
    """Return in which share of the states each event is to happen: whole sixteenths, or whole states where fewer.

    Args:
        probabilities: (e,) each within 0..1.
        states: A power of two, >= 2.

    >>> shares_of_states([0.02, 0.25, 0.97], 64).tolist()
    [0.0625, 0.25, 0.9375]
    """
    parts = min(PARTS, states)
    wanted = np.round(np.asarray(probabilities, dtype=np.float64) * parts)
    return np.asarray(np.clip(wanted, 1, parts - 1) / parts, dtype=np.float64)


def weights_of_states(happens: Bool, probabilities: Sequence[float]) -> Float64:
    """Return the weights of states, summing to one, with which each event has its probability.

    First by how much likelier or less likely each state is than it is drawn (importance sampling, unbiased where the
    states are), then raked until the margins fit: Deming & Stephan (1940, Annals of Mathematical Statistics 11(4));
    Deville & Sarndal (1992, Journal of the American Statistical Association 87). Where they cannot fit (two events that
    happen in just the same states, say) the weights are those before raking.

    Args:
        happens: (states, events), each event in some states and not in all.
        probabilities: Of the events.

    >>> weights_of_states(np.array([[True], [False], [False], [False]]), [0.1]).round(3).tolist()
    [0.1, 0.3, 0.3, 0.3]
    """
    states = happens.shape[0]
    drawn = happens.mean(axis=0)
    wanted = np.asarray(probabilities, dtype=np.float64)
    first = np.where(happens, wanted / drawn, (1 - wanted) / (1 - drawn)).prod(axis=1) / states
    first = raked = first / first.sum()
    for _ in range(SWEEPS):
        if (np.abs(raked @ happens - wanted) <= CLOSE * wanted).all():
            return np.asarray(raked / raked.sum(), dtype=np.float64)
        for e, probability in enumerate(wanted.tolist()):
            there = happens[:, e]
            share = float(raked[there].sum())
            raked = np.where(there, raked * probability / share, raked * (1 - probability) / (1 - share))
    return np.asarray(first, dtype=np.float64)
