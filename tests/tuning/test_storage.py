"""A study kept in a database ends as one kept in its folder, however it is interrupted; and no password is told."""

import json
import shutil
import sys

import optuna
import pytest

from funnelsim.errors import InputError, ResultError, StudyMismatchError
from funnelsim.tuning.storage import StoredStudy, open_storage, shown

from . import toy
from .databases import PASSWORD, QUOTED, free_port, postgresql_server, redis_server

SMALL = {"trials": 20, "batch": 8, "replications": 2, "selection_replications": 3, "report_replications": 4}
CONSTRAINED = [{"measure": "first_touch_attainment", "at_least": 0.55}]


def small(**changes):
    return toy.scenario(**{**SMALL, "constraints": CONSTRAINED, **changes})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The study that is kept in its folder."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    toy.study(folder, small())
    return folder


def told_in(url, name="study"):
    """Return what `toy.told_of` does, of a storage."""
    from funnelsim.tuning.journal import quiet

    with quiet():
        trials = optuna.load_study(study_name=name, storage=open_storage(url)).trials
    return [(t.number, t.state.name, t.params, t.values, t.constraints) for t in trials]


def results(folder):
    found = toy.results_of(folder)
    found.pop("provenance.json")
    return {name: content for name, content in found.items() if not name.endswith(".db")}


def ends_as_the_whole_one(folder, url, whole):
    """Interrupted in its second batch, in its third, and gone on with."""
    for count in (25, 12):
        with pytest.raises(toy.Interrupted):
            toy.study(folder, small(), toy.interrupted_after(count), storage=url, resume=True)
    toy.study(folder, small(), toy.shuffled(1), storage=url, resume=True)

    assert told_in(url) == toy.told_of(whole)
    assert results(folder) == results(whole)
    assert not (folder / "journal.log").exists()


def test_a_study_in_sqlite_ends_as_one_in_its_folder(tmp_path, whole):
    ends_as_the_whole_one(tmp_path / "study", f"sqlite:///{tmp_path}/studies.db", whole)


@pytest.mark.slow
@pytest.mark.parametrize("server", [redis_server, postgresql_server])
def test_a_study_on_a_server_ends_as_one_in_its_folder(tmp_path, whole, server):
    with server(tmp_path) as url:
        if url is None:
            pytest.skip("its server is not installed")
        ends_as_the_whole_one(tmp_path / "study", url, whole)
        for file in (tmp_path / "study").iterdir():
            assert PASSWORD.encode() not in file.read_bytes(), file
            assert QUOTED.encode() not in file.read_bytes(), file
        wrong = url.replace(QUOTED, "wr0ng")
        with pytest.raises(ResultError) as failure:
            open_storage(wrong)
        assert "wr0ng" not in str(failure.value)


def test_a_batch_written_in_part_is_written_on(tmp_path, whole):
    """A kill while a batch is written leaves its first policies."""
    url = f"sqlite:///{tmp_path}/studies.db"
    toy.study(tmp_path / "study", small(), storage=url)
    before = told_in(url)
    stored = StoredStudy(url, "study")
    trials = stored._finished()[:11]
    said = stored.told()
    stored.remove()
    stored.begin(said, directions=["maximize", "minimize"], measures=["revenue", "leads_wasted_share"])
    stored._study.add_trials(trials)

    toy.study(tmp_path / "study", small(), storage=url, resume=True)

    assert told_in(url) == before == toy.told_of(whole)


def test_without_its_folder_it_goes_on_from_the_storage(tmp_path, whole):
    url = f"sqlite:///{tmp_path}/studies.db"
    with pytest.raises(toy.Interrupted):
        toy.study(tmp_path / "study", small(), toy.interrupted_after(25), storage=url)
    shutil.rmtree(tmp_path / "study")
    with pytest.raises(InputError, match=r"studies.db, study 'study': holds a study already; --resume"):
        toy.study(tmp_path / "study", small(), storage=url)

    toy.study(tmp_path / "study", small(), storage=url, resume=True)

    assert told_in(url) == toy.told_of(whole)
    assert results(tmp_path / "study") == results(whole)


def test_other_settings_are_refused_and_nothing_is_written_over(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    toy.study(tmp_path / "study", small(trials=8), storage=url)
    before, said = told_in(url), StoredStudy(url, "study").told()
    shutil.rmtree(tmp_path / "study")

    with pytest.raises(StudyMismatchError, match=r"search\.seed: 3 then, 4 now") as refused:
        toy.study(tmp_path / "study", small(trials=16, seed=4), storage=url, resume=True)

    assert refused.value.exit_code == 4
    assert (told_in(url), StoredStudy(url, "study").told()) == (before, said)


def test_forced_it_starts_again_and_leaves_others_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    toy.study(tmp_path / "other", small(trials=8), storage=url)
    toy.study(tmp_path / "study", small(trials=16), storage=url)
    other = told_in(url, "other")

    toy.study(tmp_path / "study", small(trials=8, seed=4), storage=url, force=True)

    assert len(told_in(url)) == 8
    assert told_in(url, "other") == other


def test_a_study_kept_elsewhere_is_not_mixed_up(tmp_path, whole):
    url = f"sqlite:///{tmp_path}/studies.db"
    toy.study(tmp_path / "study", small(trials=8), storage=url)
    shutil.copytree(whole, tmp_path / "whole" / "study")

    with pytest.raises(InputError, match=f"is kept in {url}, not in a journal; give --storage {url}"):
        toy.study(tmp_path / "study", small(trials=8), resume=True)
    with pytest.raises(InputError, match="is kept in the journal of its folder, not in sqlite"):
        toy.study(tmp_path / "whole" / "study", small(), storage=f"sqlite:///{tmp_path}/new.db", resume=True)


def test_a_study_of_others_is_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    study = optuna.create_study(study_name="study", storage=url)
    study.add_trial(optuna.trial.create_trial(value=1.0))

    for how in ({}, {"resume": True}):
        with pytest.raises(ResultError, match="is another study than one of funnelsim's"):
            toy.study(tmp_path / "study", small(), storage=url, **how)
    assert len(study.trials) == 1


def test_somebody_else_who_writes_there_is_noticed(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    made = []

    def meddling(job):
        made.append(job)
        if len(made) == 20:  # in the second batch
            optuna.load_study(study_name="study", storage=url).add_trial(
                optuna.trial.create_trial(values=[1.0, 1.0])
            )
        return toy.measured(job)

    with pytest.raises(ResultError, match="somebody else writes to this study"):
        toy.study(tmp_path / "study", small(), toy.counted([], meddling), storage=url)


# URLs.


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///studies.db", "sqlite:///studies.db"),
        ("postgresql://me:se:c@ret@host/db", "postgresql://me:***@host/db"),
        ("postgresql+psycopg://me@host:5432/db?password=secret&sslmode=require", None),
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("redis://host/0?password=secret", "redis://host/0?password=***"),
    ],
)
def test_a_url_is_told_without_its_password(url, told):
    assert told is None or shown(url) == told
    assert "secret" not in shown(url)
    assert "c@ret" not in shown(url)


@pytest.mark.parametrize("scheme", ["postgresql", "redis"])
def test_where_nobody_answers_it_says_so_without_the_password(scheme):
    url = f"{scheme}://me:{QUOTED}@127.0.0.1:{free_port()}/0"

    with pytest.raises(ResultError) as failure:
        open_storage(url)

    assert f"{scheme}://me:***@127.0.0.1" in str(failure.value)
    assert QUOTED not in str(failure.value)
    assert PASSWORD not in str(failure.value)
    assert failure.value.__cause__ is None  # nor in a traceback
    assert failure.value.__suppress_context__


def test_what_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"pip install 'funnelsim\[postgresql\]'"):
        open_storage("postgresql://me:secret@localhost/db")

    from optuna.storages.journal import _redis

    monkeypatch.setattr(_redis._imports, "_deferred", (ImportError("redis"), "no redis"))
    with pytest.raises(InputError, match=r"pip install 'funnelsim\[redis\]'"):
        open_storage("redis://localhost")


@pytest.mark.parametrize("url", ["mysql://me:secret@host/db", "studies.db", "http://host"])
def test_other_places_are_refused_with_what_can_be_given(url):
    with pytest.raises(InputError, match=r"give sqlite:///file\.db, postgresql://") as failure:
        open_storage(url)
    assert "secret" not in str(failure.value)


def test_what_is_said_of_a_study_is_the_same_in_both_places(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    toy.study(tmp_path / "study", small(trials=8), storage=url)

    assert json.loads(StoredStudy(url, "study").told()) == json.loads((tmp_path / "study" / "study.json").read_text())
