"""Finished replications in a file: kept to the bit, gone on with, cut off where torn, refused for other work."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from funnelsim.errors import InputError, StudyMismatchError
from funnelsim.lab import kept as module
from funnelsim.lab.kept import FILE, Kept
from funnelsim.lab.processes import MemoryShortError, for_each_replication
from funnelsim.report.portrait import from_plain, portray, to_plain
from lab.small import small

OF = {"command": "run", "seed": 7}


def kept_in(folder: Path, of: dict[str, Any] = OF, **how: Any) -> Kept[dict[str, float]]:
    return Kept(folder, of, encode=dict, decode=dict, **how)


def test_answers_come_back_to_the_bit_and_what_cannot_be_counted_too(tmp_path):
    answer = {"a": 0.1 + 0.2, "b": math.nan, "c": -0.0, "d": 1e-310, "e": math.inf}
    with kept_in(tmp_path) as kept:
        kept.add(4, answer)

    with kept_in(tmp_path, resume=True) as again:
        [(r, back)] = again.answers().items()
    assert r == 4
    assert np.array(list(back.values())).tobytes() == np.array(list(answer.values())).tobytes()


def test_a_portrait_comes_back_to_the_bit():
    portrait = portray(small(), 0)

    back = from_plain(json.loads(json.dumps(to_plain(portrait))))

    assert repr(back) == repr(portrait)
    assert repr(to_plain(back)) == repr(to_plain(portrait))
    assert back.months["month"] == portrait.months["month"]
    for name, table in portrait.week.items():
        for column, values in table.items():
            assert np.asarray(back.week[name][column]).dtype == np.asarray(values).dtype


def test_nothing_is_made_before_the_first_and_nothing_is_left_after_the_last(tmp_path):
    folder = tmp_path / "new"
    with kept_in(folder) as kept:
        assert not folder.exists()
        kept.add(0, {})
        assert (folder / FILE).exists()
    kept.remove()
    assert list(folder.iterdir()) == []


def test_what_is_finished_is_not_worked_out_again_and_the_rest_is(tmp_path):
    worked: list[int] = []

    def work(scenario: Any, replication: int) -> dict[str, float]:
        worked.append(replication)
        return {"x": float(replication)}

    with kept_in(tmp_path) as kept:
        for_each_replication(work, small(), replications=[0, 3], finished=kept)
    told: list[tuple[int, int]] = []
    with kept_in(tmp_path, resume=True) as kept:
        found = for_each_replication(
            work, small(), replications=range(4), finished=kept, progress=lambda *step: told.append(step)
        )

    assert worked == [0, 3, 1, 2]
    assert found == {r: {"x": float(r)} for r in range(4)}
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with kept_in(tmp_path, resume=True) as kept:
        assert sorted(kept.answers()) == [0, 1, 2, 3]
        assert for_each_replication(work, small(), replications=range(4), finished=kept) == found
    assert len(worked) == 4


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_torn_last_line_is_cut_off_and_its_replication_done_again(tmp_path, cut):
    with kept_in(tmp_path) as kept:
        for r in range(3):
            kept.add(r, {"x": float(r)})
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-cut])

    with kept_in(tmp_path, resume=True) as kept:
        assert sorted(kept.answers()) == [0, 1]
        kept.add(2, {"x": 2.0})
    with kept_in(tmp_path, resume=True) as kept:
        assert kept.answers() == {r: {"x": float(r)} for r in range(3)}


def test_killed_in_the_middle_of_the_first_line_nothing_stands_in_the_way(tmp_path):
    (tmp_path / FILE).write_text('{"schema_ver')

    with kept_in(tmp_path) as kept:
        kept.add(1, {})
    with kept_in(tmp_path, resume=True) as kept:
        assert sorted(kept.answers()) == [1]


def test_what_is_there_is_neither_gone_on_with_nor_thrown_away_unasked(tmp_path):
    with kept_in(tmp_path) as kept:
        kept.add(0, {})
        kept.add(1, {})

    with pytest.raises(InputError, match="holds 2 finished replications of work that was broken off; --resume goes on"):
        kept_in(tmp_path)
    assert sorted(kept_in(tmp_path, resume=True).answers()) == [0, 1]
    assert dict(kept_in(tmp_path, force=True).answers()) == {}
    assert not (tmp_path / FILE).exists()


def test_other_work_is_refused_and_what_differs_is_named(tmp_path, monkeypatch):
    with kept_in(tmp_path) as kept:
        kept.add(0, {})
    monkeypatch.setattr(module, "processor", lambda: "Another CPU")

    with pytest.raises(StudyMismatchError) as caught:
        kept_in(tmp_path, {"command": "run", "seed": 8}, resume=True)
    told = str(caught.value)
    assert caught.value.exit_code == 4
    assert "seed: 7 then, 8 now" in told
    assert '"Another CPU" now' in told
    assert "command" not in told


def test_lines_that_are_no_replications_are_refused(tmp_path):
    with kept_in(tmp_path) as kept:
        kept.add(0, {})
    with (tmp_path / FILE).open("a") as file:
        file.write('{"something": 1}\n')

    with pytest.raises(InputError, match="no finished replication at byte"):
        kept_in(tmp_path, resume=True)


def test_memory_that_is_short_is_told_as_such_and_can_be_gone_on_after():
    def greedy(scenario: Any, replication: int) -> None:
        raise MemoryError

    with pytest.raises(MemoryShortError, match=r"^replication 2 needs more memory than there is; fewer jobs need less"):
        for_each_replication(greedy, small(), replications=[2])
    assert MemoryShortError.resumable
