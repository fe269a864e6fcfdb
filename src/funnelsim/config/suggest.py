"""Guesses of what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_OTHER_WORDS = {
    "mql_threshold": "cutoff",
    "threshold": "cutoff",
    "max_attempts": "attempts",
    "cadence": "gaps",
    "channel_of_touch": "touches",
    "visits_per_day": "visitors_per_day",
    "conversion_rate": "visit_to_lead",
    "win_rate": "win_at_once",
    "seeds": "seed",
    "timezone": "time_zone",
    "decision_variables": "variables",
}
"""What people call some keys elsewhere."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that `name` most likely misspells, or None where none is near."""
    names = list(dict.fromkeys(known))
    by_lower = {other.lower(): other for other in names}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    words = {other: other for other in names} | {word: key for word, key in _OTHER_WORDS.items() if key in names}
    close = difflib.get_close_matches(name.lower(), words, n=1, cutoff=0.6)
    return words[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return "did you mean ...?" for the nearest of `known`, or None where none is near.

    >>> did_you_mean("attemps", ["attempts", "gap"])
    "did you mean 'attempts'?"
    """
    guess = nearest(name, known)
    return None if guess is None else f"did you mean '{guess}'?"
