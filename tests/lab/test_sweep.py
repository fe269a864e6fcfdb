"""Sweeps: what is written becomes the values that are meant, and what cannot be swept says why."""

from __future__ import annotations

import pytest

from funnelsim.config.paths import get_value
from funnelsim.errors import InputError
from funnelsim.lab.sweep import read_axis, sweep
from lab.small import small


@pytest.mark.parametrize(
    ("text", "path", "texts"),
    [
        ("policy.scoring.cutoff=40:60:10", "scoring.cutoff", ("40", "50", "60")),
        ("scoring.cutoff=0.1:0.3:0.1", "scoring.cutoff", ("0.1", "0.2", "0.3")),
        ("scoring.cutoff=40:59:10", "scoring.cutoff", ("40", "50")),
        ("sla.attempts=2:6:2", "sla.attempts", ("2", "4", "6")),
        ("sla.first_touch=1h:5h:2h", "sla.first_touch", ("1h", "3h", "5h")),
        ("sla.first_touch=30min,8 business hours", "sla.first_touch", ("30min", "8 business hours")),
        ("order.work=fifo, lifo", "order.work", ("fifo", "lifo")),
        ("callbacks=true,false", "callbacks", ("true", "false")),
    ],
)
def test_an_axis_is_read_as_it_is_meant(text, path, texts):
    axis = read_axis(text)

    assert (axis.path, axis.texts) == (path, texts)


def test_numbers_are_hours_for_durations_and_none_for_words():
    assert read_axis("sla.first_touch=30min:90min:30min").numbers == (0.5, 1.0, 1.5)
    assert read_axis("sla.attempts=2:4:1").numbers == (2.0, 3.0, 4.0)
    assert read_axis("order.work=fifo,lifo").numbers is None
    assert read_axis("sla.first_touch=1h,1 business hour").numbers is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scoring.cutoff", "must be FIELD=LOW:HIGH:STEP"),
        ("scoring.cutof=1:2:1", "did you mean 'scoring.cutoff'"),
        ("scoring.cutoff=1:2", "LOW:HIGH:STEP, three values"),
        ("scoring.cutoff=1:2:0", "STEP > 0"),
        ("scoring.cutoff=5:2:1", "LOW <= HIGH"),
        ("scoring.cutoff=a:b:c", "three numbers"),
        ("scoring.cutoff=nan:1:1", "three numbers"),
        ("scoring.cutoff=0:1e6:1", "at most 200 values"),
        ("scoring.cutoff=1,1", "must not name a value twice"),
        ("scoring.cutoff=1,x", "got 'x'"),
        ("sla.attempts=1:2:0.5", "got 1.5"),
        ("sla.first_touch=1h:2d:1h", "in one unit"),
        ("sla.first_touch=1:2:1", "must be a duration"),
        ("order.work=fifo:lifo:x", "takes no range"),
        ("order.work=fifo,best", "got 'best'"),
    ],
)
def test_what_is_no_axis_says_why(text, words):
    with pytest.raises(InputError, match="--sweep") as caught:
        read_axis(text)

    assert words in str(caught.value)


def test_the_scenario_in_force_comes_first_and_is_not_played_twice():
    in_force = get_value(small().policy, "scoring.cutoff")
    assert in_force == 25.0

    found = sweep(small(), [read_axis("scoring.cutoff=15:35:10"), read_axis("sla.attempts=4,6")], where="a.toml")

    # (15, 4), (15, 6), (25, 4) in force, (25, 6), (35, 4), (35, 6)
    assert found.at == (1, 2, 0, 3, 4, 5)
    assert found.labels[:3] == ("in force", "cutoff 15, attempts 4", "cutoff 15, attempts 6")
    assert found.scenarios[0] == small()
    for scenario, cutoff, attempts in zip(found.scenarios[1:], (15, 15, 25, 35, 35), (4, 6, 6, 4, 6), strict=True):
        assert get_value(scenario.policy, "scoring.cutoff") == cutoff
        assert get_value(scenario.policy, "sla.attempts") == attempts


def test_a_field_that_this_policy_does_not_read_is_refused():
    with pytest.raises(InputError, match=r"scoring.fit_cutoff: is not read where scoring.rule is 'sum'"):
        sweep(small(), [read_axis("scoring.fit_cutoff=1:3:1")], where="a.toml")


def test_a_point_that_breaks_a_rule_is_named():
    with pytest.raises(InputError, match=r"a.toml with attempts 40: run.max_touches"):
        sweep(small(), [read_axis("sla.attempts=4,40")], where="a.toml")


def test_a_field_can_be_swept_once():
    with pytest.raises(InputError, match="is swept already"):
        sweep(small(), [read_axis("sla.attempts=2,3"), read_axis("sla.attempts=4,5")], where="a.toml")
