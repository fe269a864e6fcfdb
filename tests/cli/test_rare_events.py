"""Rare events that fall together in the states drawn: `check` and `stress` say so, and what would do."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml, scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.config.values import plain_tables
from funnelsim.lab.states import misweighted
from lab.small import small


def world(seed: int, *, states: int) -> Scenario:
    """Return a world of two events of 2 and 3 %: in two states neither can weigh so little beside the other."""
    events = {
        f"rival_{n}": {"probability": 0.02 + n / 100, "values": {"market.deal.win_at_once": 0.1 + n / 10}}
        for n in range(2)
    }
    ranges = {"market.reach.mu": {"low": -1.0, "high": 0.0}}
    uncertain = {"ranges": ranges, "events": events, "states": states, "seed": seed}
    return scenario_from({**plain_tables(small()), "uncertain": uncertain}, where="a")


@pytest.mark.parametrize("command", ["check", "stress"])
def test_events_that_fall_together_are_told_of(command: str, tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_text(dump_toml(world(1, states=2)), encoding="utf-8")
    more = ["--measures", "revenue", "--replications", "2", "--jobs", "1"] if command == "stress" else []

    result = CliRunner().invoke(funnelsim, [command, str(path), *more])

    words = " ".join(result.stderr.split())
    (first, second) = misweighted(world(1, states=2))
    for one in (first, second):
        assert f"{path}: uncertain.events.{one.event} has a probability of {one.probability:g} and a weight" in words
        assert f"uncertain.states = {one.enough} would do" in words


def test_events_that_can_be_weighed_are_not_told_of(tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_text(dump_toml(world(1, states=32)), encoding="utf-8")

    assert "uncertain.events" not in CliRunner().invoke(funnelsim, ["check", str(path)]).stderr
