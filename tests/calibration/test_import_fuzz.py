"""Mangled exports give a clear refusal or a history whose books balance, never a traceback.

Some hundreds run here; `make fuzz-import` tries ten thousand.
"""

from __future__ import annotations

from collections import Counter

from funnelsim.config.mapping import mapping_from

from .mangled import BYTES, CELLS, MAPPING, spoilt, tried


def test_200_mangled_exports(tmp_path):
    mapping = mapping_from(MAPPING, where="mangled")
    results = {seed: tried(seed, tmp_path, mapping) for seed in range(50_000, 50_200)}

    assert {seed: result for seed, result in results.items() if result[0] not in ("read", "refused")} == {}
    counted = Counter(result for result, _ in results.values())
    assert min(counted["read"], counted["refused"]) > 40  # neither all is refused nor nothing


def test_the_mangler_knows_every_way_to_spoil_a_file():
    ways = Counter(way for seed in range(400) for way in spoilt(seed)[1].split("+"))
    assert set(ways) == {way.__name__ for way in (*CELLS, *BYTES)}
