"""The journal, and the traps that Optuna's storage holds."""

import json
import logging
import os
import time
import warnings

import optuna
import pytest
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import TrialState

from funnelsim.errors import ResultError
from funnelsim.tuning import journal
from funnelsim.tuning.journal import cut, extent_of, held, open_study, quiet, rewind, whole_batches

DIRECTIONS = ["maximize", "minimize"]
X = {"x": optuna.distributions.FloatDistribution(0.0, 1.0)}


def opened(path, keep=0, **changes):
    return open_study(path, **{"directions": DIRECTIONS, "measures": ["a", "b"], "keep": keep, **changes})


def with_trials(path, count, *, unfinished=0):
    """Two trials are asked for at once; `unfinished` ones after that."""
    study = opened(path)
    for first in range(0, count, 2):
        for trial in [study.ask(X) for _ in range(min(2, count - first))]:
            study.tell(trial, [trial.params["x"], 1.0])
    for _ in range(unfinished):
        study.ask(X)
    return study


def test_operations_are_those_of_this_version_of_optuna():
    assert journal.CREATE_STUDY == JournalOperation.CREATE_STUDY
    assert journal.CREATE_TRIAL == JournalOperation.CREATE_TRIAL
    assert journal.SET_TRIAL_STATE == JournalOperation.SET_TRIAL_STATE_VALUES


def test_finished_trials_are_counted_up_to_the_first_that_is_not(tmp_path):
    path = tmp_path / "journal.log"
    study = with_trials(path, 5, unfinished=2)
    study.tell(6, state=TrialState.FAIL)

    extent = extent_of(path)

    assert extent.started
    assert extent.finished == 5
    assert len(extent.created) == 7
    assert whole_batches(path, 2) == 4
    assert whole_batches(path, 3) == 3
    assert whole_batches(tmp_path / "none.log", 3) == 0


def test_rewinding_leaves_the_first_trials_as_they_were(tmp_path):
    path = tmp_path / "journal.log"
    before = with_trials(path, 5, unfinished=2).trials

    after = opened(path, keep=4).trials

    assert after == before[:4]


def test_a_rewound_journal_goes_on_with_the_next_number(tmp_path):
    path = tmp_path / "journal.log"
    with_trials(path, 5, unfinished=2)

    study = opened(path, keep=4)
    trial = study.ask(X)
    study.tell(trial, [0.5, 0.5])

    assert trial.number == 4
    assert [t.number for t in opened(path, keep=5).trials] == [0, 1, 2, 3, 4]


def test_a_batch_cannot_be_cut_through(tmp_path):
    path = tmp_path / "journal.log"
    with_trials(path, 4)

    with pytest.raises(ResultError, match="asked for before"):
        rewind(path, 3)


def test_more_trials_than_are_finished_cannot_be_kept(tmp_path):
    path = tmp_path / "journal.log"
    with_trials(path, 2, unfinished=1)

    with pytest.raises(ResultError, match="2 finished policies, not 3"):
        rewind(path, 3)


@pytest.mark.parametrize("torn", [b'{"op_code":4,"wor', b'{"op_code":4}garbage\n', b"\xff\xfe\n", b"\n"])
def test_a_torn_last_line_is_cut_off_and_the_journal_can_be_appended_to(tmp_path, torn):
    """Trap 2: an append after a torn line makes the whole journal unreadable."""
    path = tmp_path / "journal.log"
    with_trials(path, 3)
    with path.open("ab") as file:
        file.write(torn)

    study = opened(path, keep=3)
    study.tell(study.ask(X), [0.5, 0.5])

    assert len(opened(path, keep=4).trials) == 4


def test_optuna_alone_still_falls_into_that_trap(tmp_path):
    """When this fails, Optuna has mended it."""
    path = tmp_path / "journal.log"
    with_trials(path, 1)
    with path.open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    backend.append_logs([{"op_code": 2}])
    backend.append_logs([{"op_code": 2}])

    with pytest.raises(json.JSONDecodeError):
        list(backend.read_logs(0))


def test_a_stale_lock_is_no_obstacle_even_by_a_relative_path(tmp_path, monkeypatch):
    """Trap 1: a relative path in a sub-directory with a stale lock spins for ever."""
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "sub" / "journal.log"
    with_trials(path, 1)
    os.symlink("sub/journal.log", tmp_path / "sub" / "journal.log.lock")
    (tmp_path / "sub" / "journal.log.lock1234.rename").touch()
    relative = path.relative_to(tmp_path)

    started = time.monotonic()
    study = opened(relative, keep=1)
    study.tell(study.ask(X), [0.5, 0.5])

    assert time.monotonic() - started < 5
    assert sorted(p.name for p in (tmp_path / "sub").iterdir()) == ["journal.log"]


def test_other_directions_are_refused(tmp_path):
    """Trap 5: Optuna loads a study of other directions in silence."""
    path = tmp_path / "journal.log"
    with_trials(path, 1)

    with pytest.raises(ResultError, match="directions maximize, minimize, not minimize, minimize"):
        opened(path, keep=1, directions=["minimize", "minimize"])


def test_another_study_is_refused(tmp_path):
    path = tmp_path / "journal.log"
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    with quiet():
        optuna.create_study(study_name="mine", storage=storage)

    with pytest.raises(ResultError, match="another study"):
        opened(path)


@pytest.mark.parametrize("line", ["[1, 2]", '{"a": 1}', '{"op_code": 6, "trial_id": 3, "state": 1}', '"text"'])
def test_a_file_of_another_kind_is_refused(tmp_path, line):
    path = tmp_path / "journal.log"
    path.write_text(line + "\n")

    with pytest.raises(ResultError, match="is not a journal of a study"):
        opened(path)


def test_a_study_killed_before_its_first_line_begins_anew(tmp_path):
    path = tmp_path / "journal.log"
    path.write_bytes(b'{"op_code":0,"study_na')

    study = opened(path)

    assert study.trials == []
    assert study.metric_names == ["a", "b"]


def test_a_cut_happens_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        cut(path, 4)

    assert path.read_bytes() == b"0123456789"


def test_one_process_at_a_time(tmp_path):
    with held(tmp_path), pytest.raises(ResultError, match="another process"), held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_optuna_is_quiet_while_we_work_and_as_before_afterwards(tmp_path, caplog):
    logger = logging.getLogger("optuna")
    level = logger.level

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with_trials(tmp_path / "journal.log", 1)
    with pytest.warns(UserWarning, match="mind this"), quiet():
        warnings.warn("mind this", UserWarning, stacklevel=1)

    assert logger.level == level


def test_a_study_deleted_in_a_dashboard_is_told(tmp_path):
    import optuna

    from . import toy

    toy.study(tmp_path, toy.scenario(trials=8))
    backend = optuna.storages.journal.JournalFileBackend(str((tmp_path / "journal.log").resolve()))
    optuna.delete_study(study_name="funnelsim", storage=optuna.storages.JournalStorage(backend))

    with pytest.raises(ResultError, match="was deleted, in a dashboard perhaps; --force starts again"):
        toy.study(tmp_path, toy.scenario(trials=8), resume=True)
    assert len(toy.study(tmp_path, toy.scenario(trials=8), force=True).tried) == 8
