"""Interruption and continuation: whatever happens, a study ends as if nothing had."""

import json
import os
import random
import shutil

import pytest

from funnelsim.errors import InputError, ResultError, StudyMismatchError
from funnelsim.tuning.study import tune

from . import toy

SMALL = {"trials": 20, "batch": 4, "replications": 2, "selection_replications": 3, "report_replications": 4}
CONSTRAINED = [{"measure": "first_touch_attainment", "at_least": 0.55, "probability": 0.5, "confidence": None}]


def small(**changes):
    return toy.scenario(**{**SMALL, "constraints": CONSTRAINED, **changes})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The study that is not interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    made = []
    toy.study(folder, small(), toy.counted(made))
    return folder, len(made)


def ends_as(folder, whole):
    assert toy.told_of(folder) == toy.told_of(whole)
    assert comparable(folder) == comparable(whole)


def comparable(folder):
    """Every result but the line of provenance that says when."""
    results = toy.results_of(folder)
    results["provenance.json"] = {k: v for k, v in json.loads(results["provenance.json"]).items() if k != "started"}
    return results


def test_interrupted_at_any_evaluation_and_resumed_it_ends_as_the_whole_one(tmp_path, whole):
    """Traps 3 and 8: the trials that were running are asked for again, by the sampler of their batch."""
    folder, evaluations = whole
    assert evaluations > 40 + 3  # search, selection and report
    for count in range(0, evaluations, 9):
        part = tmp_path / str(count)
        with pytest.raises(toy.Interrupted):
            toy.study(part, small(), toy.interrupted_after(count))
        made = []
        toy.study(part, small(), toy.counted(made), resume=True)
        assert len(made) == evaluations - count  # nothing is evaluated twice
        ends_as(part, folder)


def test_interrupted_again_and_again_it_ends_as_the_whole_one(tmp_path, whole):
    folder, evaluations = whole
    part, times = tmp_path / "part", 0
    while True:
        times += 1
        try:
            toy.study(part, small(), toy.interrupted_after(7), resume=True)
            break
        except toy.Interrupted:
            pass
    assert times == evaluations // 7 + 1
    ends_as(part, folder)


def test_cut_off_at_any_byte_it_ends_as_the_whole_one(tmp_path, whole):
    """A kill leaves some first part of the journal and of the evaluations; any will do, half lines included."""
    folder, _ = whole
    rng = random.Random(4)
    for attempt in range(12):
        part = tmp_path / str(attempt)
        part.mkdir()
        shutil.copy(folder / "study.json", part)
        for name in ("journal.log", "evaluations.jsonl"):
            content = (folder / name).read_bytes()
            (part / name).write_bytes(content[: rng.randrange(len(content) + 1)])
        os.symlink(part / "journal.log", part / "journal.log.lock")
        toy.study(part, small(), toy.shuffled(attempt), resume=True)
        ends_as(part, folder)


@pytest.mark.parametrize("there", [[], ["study.lock"], ["study.lock", "study.json.part"]])
def test_killed_before_it_began_it_ends_as_the_whole_one(tmp_path, whole, there):
    part = tmp_path / "part"
    part.mkdir()
    for name in there:
        (part / name).touch()

    toy.study(part, small(), resume=True)

    ends_as(part, whole[0])


def test_whole_batches_are_kept_as_they_stand_in_the_journal(tmp_path):
    with pytest.raises(toy.Interrupted):
        toy.study(tmp_path, small(), toy.interrupted_after(2 * 10 + 1))
    before = (tmp_path / "journal.log").read_bytes()
    dropped = [n for n, line in enumerate(before.splitlines()) if json.loads(line)["op_code"] == 4][8]

    toy.study(tmp_path, small(), resume=True)

    kept = before.splitlines()[:dropped]
    assert (tmp_path / "journal.log").read_bytes().splitlines()[:dropped] == kept
    assert (tmp_path / "journal.log").read_bytes() != before


def test_a_finished_study_can_be_resumed_and_evaluates_nothing(tmp_path, whole):
    part = tmp_path / "part"
    shutil.copytree(whole[0], part)
    made = []

    toy.study(part, small(), toy.counted(made), resume=True)

    assert made == []
    ends_as(part, whole[0])


@pytest.mark.parametrize("first", [1, 6, 8, 17])
def test_more_policies_can_be_added_and_it_ends_as_if_they_had_been_asked_for_at_once(tmp_path, whole, first):
    part = tmp_path / "part"
    toy.study(part, small(), trials=first)

    toy.study(part, small(), trials=20, resume=True)

    ends_as(part, whole[0])


def test_results_of_an_earlier_end_do_not_stay_behind(tmp_path):
    toy.study(tmp_path, small(), trials=4)
    first = {p.name for p in tmp_path.glob("policy_*.toml")}
    (tmp_path / "policy_99.toml").touch()

    tuned = toy.study(tmp_path, small(), trials=20, resume=True)

    left = {p.name for p in tmp_path.glob("policy_*.toml")}
    assert left == {f"policy_{p.tried.number}.toml" for p in tuned.report.policies}
    assert first - left  # so that there was something to remove


def test_without_a_number_it_goes_on_to_the_number_it_was_begun_with(tmp_path):
    with pytest.raises(toy.Interrupted):
        toy.study(tmp_path, small(), toy.interrupted_after(5), trials=12)

    tuned = toy.study(tmp_path, small(), resume=True)

    assert len(tuned.tried) == 12


def test_a_number_edited_in_the_configuration_counts(tmp_path):
    toy.study(tmp_path, small(), trials=8)

    tuned = toy.study(tmp_path, small(trials=16), resume=True)

    assert len(tuned.tried) == 16


def test_fewer_policies_than_there_are_is_refused_with_a_remedy(tmp_path):
    toy.study(tmp_path, small(), trials=8)

    with pytest.raises(InputError, match=r"has 8 policies already.*--trials 8 or more"):
        toy.study(tmp_path, small(), trials=4, resume=True)


def test_a_folder_that_holds_a_study_is_refused_with_a_remedy(tmp_path):
    toy.study(tmp_path, small(), trials=4)

    with pytest.raises(InputError, match=r"holds a study already; --resume") as caught:
        toy.study(tmp_path, small(), trials=4)

    assert caught.value.exit_code == 3


def test_force_begins_again(tmp_path, whole):
    toy.study(tmp_path, small(seed=77), trials=8)

    toy.study(tmp_path, small(), force=True)

    ends_as(tmp_path, whole[0])


def test_other_settings_are_refused_and_leave_the_study_as_it_was(tmp_path):
    toy.study(tmp_path, small(), trials=8)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    with pytest.raises(StudyMismatchError, match=r"search\.seed: 3 then, 4 now"):
        toy.study(tmp_path, small(seed=4), trials=8, resume=True)

    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(ResultError, match="no study"):
        toy.study(tmp_path, small(), trials=4)
    toy.study(tmp_path, small(), trials=4, force=True)

    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "out").touch()

    with pytest.raises(ResultError, match="is a file"):
        toy.study(tmp_path / "out", small(), trials=4)


def test_other_versions_are_noted_and_do_not_stop_it(tmp_path):
    from contextlib import nullcontext

    from funnelsim.tuning.evaluations import evaluated_by
    from funnelsim.tuning.goals import goals_of
    from funnelsim.tuning.study import Plan

    toy.study(tmp_path, small(), trials=4)
    notes = []
    plan = Plan(small(), goals_of(small()), tmp_path, "7.0", trials=8, resume=True)

    tune(plan, lambda: nullcontext(evaluated_by(toy.measured)), note=notes.append)

    [note] = notes
    assert "funnelsim 0 then, 7.0 now" in note


def test_an_evaluations_file_of_another_kind_is_told(tmp_path):
    toy.study(tmp_path, small(), trials=4)
    (tmp_path / "evaluations.jsonl").write_text('{"a": 1}\n')

    with pytest.raises(ResultError, match="not a list of evaluations"):
        toy.study(tmp_path, small(), trials=4, resume=True)


def test_progress_reaches_its_total_in_every_phase(tmp_path):
    from contextlib import nullcontext

    from funnelsim.tuning.evaluations import evaluated_by
    from funnelsim.tuning.goals import goals_of
    from funnelsim.tuning.study import Plan

    seen = []
    plan = Plan(small(), goals_of(small()), tmp_path, "0", trials=10)
    tune(plan, lambda: nullcontext(evaluated_by(toy.measured)), progress=lambda *now: seen.append(now))

    phases = list(dict.fromkeys(phase for phase, _, _ in seen))
    assert phases == ["search", "selection", "report"]
    for phase in phases:
        steps = [(done, total) for name, done, total in seen if name == phase]
        assert steps[0][0] == 0
        assert steps[-1][0] == steps[-1][1] > 0
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)
