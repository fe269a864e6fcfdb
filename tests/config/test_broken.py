"""Random broken configurations: whatever is broken, the file is refused with exit code 3 and every key is told."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnelsim.cli.shell import funnelsim
from funnelsim.config.dump import dump_toml
from funnelsim.config.load import scenario_from
from funnelsim.config.node import Node, below, node_of
from funnelsim.config.scenario import Scenario
from funnelsim.config.template import template_text
from funnelsim.config.toml import parse_toml

Path_ = tuple[str | int, ...]
DELETE = object()


@cache
def sound() -> dict[str, Any]:
    """Return the tables of the template with every value written out."""
    scenario = scenario_from(parse_toml(template_text().encode(), where="template"), where="template")
    return parse_toml(dump_toml(scenario, full=True).encode(), where="template")


def places(node: Node, value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Node]]:
    """Yield every place of the file that has a value, with what the models say of it."""
    yield path, node
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, below_it in inner:
        child = below(node, part)
        assert child is not None
        yield from places(child, below_it, (*path, part))


@cache
def all_places() -> tuple[tuple[Path_, Node], ...]:
    return tuple(places(node_of(Scenario), sound()))[1:]


WRONG_TYPES = {
    "int": ["six", 1.5, True, [1], float("nan")],
    "float": ["six", True, [1.0], float("nan"), float("inf"), float("-inf")],
    "bool": ["yes", 1, 0.0, []],
    "enum": ["no such word", 3, True],
    "str": [3, True, ["a"], 1.5],
    "duration": [48, 1.5, "48", "soon", "-1h", "", True, ["1h"], "3 business fortnights"],
    None: ["a text", 3, True],
}


def broken_values(path: Path_, node: Node) -> list[Any]:
    """Return values that break the place's own rule."""
    kind = node.kind()
    values = list(WRONG_TYPES[kind])
    if kind is None and not node.is_table() and not node.is_named() and node.entry() is None:
        values = [[], {"a": 1}]  # a date, or the end or a choice of a variable
    bounds = node.bounds()
    if kind in ("int", "float"):
        if bounds.low is not None:
            values.append(int(bounds.low) - (0 if bounds.low_open else 1))
        if bounds.high is not None and bounds.high < 2**62:
            values.append(int(bounds.high) + (0 if bounds.high_open else 1))
    if kind == "duration" and bounds.low_open:
        values.append("0h")
    if kind == "duration" and node.calendar_only():
        values.append("2 business days")
    if node.is_mix():
        values += [{"a": 0.5, "b": 0.4}, {}, {"a": -0.5, "b": 1.5}]
    if node.info is not None and node.info.is_required() and node.entry() is None and path[-1] in REQUIRED_NAMES:
        values.append(DELETE)
    return values


REQUIRED_NAMES = {"market", "team", "role", "visitors_per_day"}


@st.composite
def breakages(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """Return the tables with one to three places broken, none within another, and the keys that must be told."""
    chosen: list[Path_] = []
    tables, keys = copy.deepcopy(sound()), []
    for _ in range(draw(st.integers(1, 3))):
        path, node = draw(st.sampled_from(all_places()))
        if any(path[: len(other)] == other or other[: len(path)] == path for other in chosen):
            continue
        if node.is_table() and draw(st.booleans()):
            name = draw(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)) + "_zz"
            path, value = (*path, name), draw(st.sampled_from([1, "x", {}, []]))
        else:
            value = draw(st.sampled_from(broken_values(path, node)))
        chosen.append(path)
        table: Any = tables
        for part in path[:-1]:
            table = table[part]
        if value is DELETE:
            del table[path[-1]]
        else:
            table[path[-1]] = value
        keys.append(".".join(map(str, path)))
    return tables, keys


def test_the_template_is_sound_and_full_of_places():
    assert len(all_places()) > 300
    scenario_from(sound(), where="template")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken") / "broken.toml"


@given(breakages())
@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_broken_configurations_end_with_code_3_and_name_every_key(file: Path, broken: tuple[dict[str, Any], list[str]]):
    tables, keys = broken
    file.write_text(tomli_w.dumps(tables), encoding="utf-8")
    result = CliRunner().invoke(funnelsim, ["check", str(file)])
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    for key in keys:
        assert any(line.startswith(f"{file}: {key}") for line in lines), (key, lines)
