"""Draws of parameters lie at their paths in the scenario file."""

import pytest

from calibration.scenes_backtest import scenario
from funnelsim.config.draws import draws_text, read_draws, with_draw
from funnelsim.config.dump import scenario_digest
from funnelsim.errors import InputError

DRAW = {
    "market.reach.mu": -0.5,
    "market.effort.call.mean": "7min",
    "market.shape.hour_weights.3": 2.5,
    "market.shape.month_weights.11": 3.0,  # a list that the file leaves to its default
    "market.channels.search.win_multiplier": 1.2,
    "team.reps.1.count": 2.0,
}


def test_values_are_set_and_nothing_else():
    company = scenario()

    found = with_draw(company, DRAW)

    assert found.market.reach.mu == -0.5
    assert str(found.market.effort.call.mean) == "7min"
    assert found.market.shape.hour_weights[2:5] == [company.market.shape.hour_weights[2], 2.5, 0.2]
    assert found.market.shape.month_weights == [1.0] * 11 + [3.0]
    assert found.market.channels["search"].win_multiplier == 1.2
    assert found.team.reps[1].count == 2
    assert scenario_digest(company) == scenario_digest(scenario())
    back = {
        "market.reach.mu": company.market.reach.mu,
        "market.effort.call.mean": "20min",
        "market.shape.hour_weights.3": 0.2,
        "market.shape.month_weights.11": 1.0,
        "market.channels.search.win_multiplier": 1.0,
        "team.reps.1.count": 1.0,
    }
    assert scenario_digest(with_draw(found, back)) == scenario_digest(company)
    assert scenario_digest(with_draw(company, {})) == scenario_digest(company)


def test_a_table_that_was_absent_can_be_drawn():
    company = scenario()
    assert company.market.effort.preparation_needed is None
    draw = {"market.effort.preparation_needed.form": "fixed", "market.effort.preparation_needed.mean": "4min"}

    assert str(with_draw(company, draw).market.effort.preparation_needed.mean) == "4min"
    with pytest.raises(InputError, match="preparation_needed"):
        with_draw(company, {"market.effort.preparation_needed.meen": "4min"})


def test_every_wrong_path_is_named():
    wrong = {"market.reech.mu": 1.0, "market.shape.month_weights.12": 1.0, "market.reach.mu.x": 1.0}
    with pytest.raises(InputError) as error:
        with_draw(scenario(), wrong, where="draw 7")

    assert [fault.key for fault in error.value.faults] == list(wrong)
    assert str(error.value).startswith("draw 7: market.reech.mu: the scenario has no 'reech'")
    with pytest.raises(InputError, match="did you mean 'mu'"):
        with_draw(scenario(), {"market.reach.muu": 1.0})
    with pytest.raises(InputError, match=r"market.reach.sigma: must be >= 0"):
        with_draw(scenario(), {"market.reach.sigma": -1.0})


def test_a_file_of_draws_is_read_back(tmp_path):
    draws = [DRAW, {**DRAW, "market.reach.mu": 1 / 3}]
    (tmp_path / "posterior.csv").write_text(draws_text(draws), encoding="utf-8", newline="")

    assert read_draws(tmp_path / "posterior.csv") == tuple(draws)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "at least one row"),
        ("market.reach.mu\n", "at least one row"),
        ("market.reach.mu,x\n1\n", "row 2: must have 2 values, got 1"),
        ("market.reach.mu,x\n1,\n", "row 2, x: must be a value"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_faulty_file_is_refused_with_its_rows(tmp_path, text, rule):
    file = tmp_path / "posterior.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(InputError, match=rule):
        read_draws(file)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_draws(tmp_path / "absent.csv")
