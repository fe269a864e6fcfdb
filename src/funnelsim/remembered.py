"""What no policy changes of the leads of one replication is worked out once, and kept as long as they are."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from funnelsim.records import Leads

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class Remembered(Generic[Key, T]):
    """A function of leads and a key that does not work out the same thing twice in a row.

    For each `Leads` the answer to the last key is kept, until those leads are gone; so memory is bounded by that of the
    leads. Leads are told apart by identity: they are never changed. Several threads may ask at once; at worst one thing
    is then worked out twice.

    Args:
        make: Called with leads and key; must depend on nothing else.
    """

    def __init__(self, make: Callable[[Leads, Key], T]) -> None:
        self._make = make
        self._kept: WeakKeyDictionary[Leads, tuple[Key, T]] = WeakKeyDictionary()

    def __call__(self, leads: Leads, key: Key) -> T:
        """Return what `make` says of `leads` and `key`."""
        kept = self._kept.get(leads)
        if kept is None or kept[0] != key:
            kept = (key, self._make(leads, key))
            self._kept[leads] = kept
        return kept[1]
