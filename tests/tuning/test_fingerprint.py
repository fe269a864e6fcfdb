import json

import pytest

from funnelsim.errors import InputError, StudyMismatchError
from funnelsim.tuning.fingerprint import check_same, differences, new_study, other_versions, read_study, write_study

from . import toy


def kept(tmp_path, scenario):
    path = tmp_path / "study.json"
    study = new_study(scenario, funnelsim="0.1")
    write_study(path, study | {"trials": 40, "trials_in_configuration": 30, "storage": None})
    return path, read_study(path)


def test_the_same_scenario_goes_on(tmp_path):
    path, study = kept(tmp_path, toy.scenario())

    check_same(str(path), study, toy.scenario())

    assert (study["trials"], study["trials_in_configuration"]) == (40, 30)


@pytest.mark.parametrize("change", [{"trials": 400}, {"selection_replications": 30}, {"report_replications": 50}])
def test_more_policies_and_more_fresh_replications_continue_a_study(tmp_path, change):
    path, study = kept(tmp_path, toy.scenario())

    check_same(str(path), study, toy.scenario(**change))


def test_a_direction_left_to_its_measure_is_that_direction(tmp_path):
    path, study = kept(tmp_path, toy.scenario())
    names = ["revenue", "leads_wasted_share"]

    check_same(str(path), study, toy.scenario(objectives=[{"measure": name} for name in names]))
    with pytest.raises(StudyMismatchError, match=r'0\.direction: "maximize" then, "minimize" now'):
        check_same(
            str(path), study, toy.scenario(objectives=[{"measure": n, "direction": "minimize"} for n in names])
        )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"policy": {"scoring": {"cutoff": 45.0}}}, "policy.scoring.cutoff: 40.0 then, 45.0 now"),
        ({"seed": 4}, "search.seed: 3 then, 4 now"),
        ({"batch": 4}, "search.batch: 8 then, 4 now"),
        ({"replications": 5}, "search.replications: 3 then, 5 now"),
        (
            {"objectives": [{"measure": "profit"}]},
            'search.objectives.0.measure: "revenue" then, "profit" now',
        ),
        ({"constraints": [{"measure": "cost", "at_most": 1.0}]}, "search.constraints.0: absent then, {"),
        (
            {"variables": {"scoring.cutoff": {"low": 20.0, "high": 70.0}}},
            "search.variables.scoring.cutoff.high: 80.0 then, 70.0 now",
        ),
    ],
)
def test_what_differs_is_told(tmp_path, change, told):
    path, study = kept(tmp_path, toy.scenario())

    with pytest.raises(StudyMismatchError) as caught:
        check_same(str(path), study, toy.scenario(**change))

    assert told in str(caught.value)
    assert "--force" in str(caught.value)
    assert caught.value.exit_code == 4


def test_the_world_and_its_seed_count(tmp_path):
    scenario = toy.scenario()
    path, study = kept(tmp_path, scenario)
    other = scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": 9})})

    with pytest.raises(StudyMismatchError, match=r"run\.seed: 1 then, 9 now"):
        check_same(str(path), study, other)


def test_the_order_of_variables_counts_because_they_are_drawn_in_it():
    first = {"a": 1, "b": 2}
    second = {"b": 2, "a": 1}

    [told] = differences({"v": first}, {"v": second})

    assert told == "v: the same entries in another order (a, b then, b, a now)"


def test_every_kind_of_difference_is_told():
    then = {"same": 1, "gone": 2, "kind": 1, "deep": {"x": [1]}}
    now = {"same": 1, "kind": True, "deep": {"x": [2]}, "new": 3}

    assert list(differences(then, now)) == [
        "gone: 2 then, absent now",
        "kind: 1 then, true now",
        "deep.x: [1] then, [2] now",
        "new: absent then, 3 now",
    ]


def test_other_versions_are_told(tmp_path):
    _, study = kept(tmp_path, toy.scenario())

    assert other_versions(study, "0.1") == []
    assert other_versions(study, "0.2") == ["funnelsim 0.1 then, 0.2 now"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema_version": 99}', "\xff"])
def test_a_file_of_another_kind_is_refused(tmp_path, text):
    path = tmp_path / "study.json"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(InputError, match="cannot be read as a study"):
        read_study(path)


def test_the_fingerprint_passes_through_its_file_unchanged(tmp_path):
    path, study = kept(tmp_path, toy.scenario())

    assert json.loads(path.read_text())["digest"] == new_study(toy.scenario(), funnelsim="0.1")["digest"]
    assert study["fingerprint"] == new_study(toy.scenario(), funnelsim="0.1")["fingerprint"]
