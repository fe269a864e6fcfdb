"""Sensitivity: what is varied is what was asked for, on the same replications, and known responses are recognised."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from funnelsim.config.durations import Duration
from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Variable
from funnelsim.errors import InputError
from funnelsim.lab.inputs import Input, Setting, check_inputs, of_the_world, of_variable, searched
from funnelsim.lab.replicate import replicate
from funnelsim.lab.sensitivity import (
    alone_settings,
    end_text,
    judge,
    morris_settings,
    play_settings,
    sensitivity,
    sobol_settings,
)
from funnelsim.lab.vary import read_input
from lab.small import small

MEASURES = ["mqls", "revenue"]


def inputs(*texts: str, scenario: Scenario | None = None) -> list[Input]:
    return [read_input(text, scenario or small()) for text in texts]


def value(setting: Setting, path: str):
    return dict(setting.policy + setting.world)[path]


# What an input is


def test_a_range_gives_its_ends_and_its_middle_and_whole_numbers_stay_whole():
    cutoff, attempts = inputs("scoring.cutoff=20:80", "sla.attempts=2:7")

    assert [value(cutoff.at(u), "scoring.cutoff") for u in (0, 0.5, 1)] == [20, 50, 80]
    assert [value(attempts.at(u), "sla.attempts") for u in (0, 0.29, 0.31, 1)] == [2, 3, 4, 7]
    assert attempts.place(0.31) == pytest.approx(2 / 5)


def test_a_logarithmic_range_has_its_geometric_mean_in_the_middle_and_a_step_is_kept():
    gap = of_variable("sla.gap", Variable(low="6h", high="96h", log=True))
    window = of_variable("sla.window", Variable(low="7d", high="42d", step="7d"))

    assert value(gap.at(0.5), "sla.gap") == Duration(24, "h")
    assert [str(value(window.at(u), "sla.window")) for u in (0, 0.21, 1)] == ["7d", "14d", "42d"]


def test_choices_share_the_range_evenly():
    (order,) = inputs("order.work=fifo,lifo,score")

    found = [value(order.at(u), "order.work") for u in (0, 0.3, 0.4, 0.7, 1)]
    assert found == ["fifo", "fifo", "lifo", "score", "score"]


def test_a_relative_range_multiplies_every_field_it_names_and_odds_where_it_is_in_log_odds():
    visitors, reach = inputs("market.channels.*.visitors_per_day=-20%:+20%", "market.reach.mu")
    channels = small().market.channels

    assert len(visitors.relative_to) == len(channels) == 2
    for name, channel in channels.items():
        path = f"market.channels.{name}.visitors_per_day"
        assert value(visitors.at(1.0), path) == pytest.approx(1.2 * channel.visitors_per_day)
    mu = small().market.reach.mu
    assert value(reach.at(1.0), "market.reach.mu") == pytest.approx(mu + math.log(1.1))


def test_a_share_is_not_raised_above_one_and_a_random_length_moves_by_its_own_centre():
    (able, window) = inputs("market.fit.able_share=-50%:+200%", "market.journey.window=-10%:+10%")

    assert value(able.at(1.0), "market.fit.able_share") == 1.0
    ((path, text),) = window.at(1.0).world
    assert path == "market.journey.window.median"
    assert Duration.parse(text).hours == pytest.approx(1.1 * small().market.journey.window.median.hours)


def test_by_default_the_search_space_and_the_usual_fields_of_the_world_are_varied():
    scenario = small()

    assert [one.path for one in searched(scenario)] == list(scenario.search.variables)
    world = of_the_world(scenario)
    assert {"market.channels.*.visitors_per_day", "market.deal.win_at_once"} <= {one.path for one in world}
    check_inputs([*searched(scenario), *world], scenario, where="small")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scoring.cutof=1:2", "did you mean 'scoring.cutoff'"),
        ("scoring.cutoff", None),
        ("scoring.cutoff=80:20", "LOW below HIGH"),
        ("scoring.cutoff=1:2:3", "two values"),
        ("scoring.cutoff=a:b", "must be a number"),
        ("sla.attempts=0:3", "sla.attempts"),
        ("sla.first_touch=1h:8 business hours", "one clock"),
        ("order.work=fifo:lifo", "takes no range"),
        ("order.work=fifo", "two values or more"),
        ("market.fit.abel_share=0.1:0.2", "did you mean 'able_share'"),
        ("market.fit.able_share=0.5:1.5", "within 0 to 1"),
        ("market.channels.*.visitors_per_day=10:20", "shares of what is in force"),
        ("market.fit.able_share=-100%:+10%", "above -100 %"),
        ("market.reach.form", "no number or duration"),
        ("sla.gap=", "PATH=LOW:HIGH"),
    ],
)
def test_what_cannot_be_varied_is_explained(text, message):
    if message is None:
        bare = small().model_copy(update={"search": type(small().search)()})
        with pytest.raises(InputError, match=r"not in the \[search\] space"):
            read_input(text, bare)
        return
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        read_input(text, small())


def test_a_field_that_is_not_read_or_is_varied_twice_is_refused():
    with pytest.raises(InputError, match="is not read where"):
        check_inputs(inputs("scoring.fit_cutoff=1:2"), small(), where="x")
    with pytest.raises(InputError, match="is varied twice"):
        check_inputs(inputs("scoring.cutoff=1:2", "scoring.cutoff=3:4"), small(), where="x")
    with pytest.raises(InputError, match="max_touches"):
        check_inputs(inputs("sla.attempts=2:50"), small(), where="x")


# How it is played


def test_settings_give_the_numbers_of_replicate_to_the_bit_and_equal_ones_are_equal():
    scenario = small()
    (cutoff,) = inputs("scoring.cutoff=20:60")
    (able,) = inputs("market.fit.able_share=0.3:0.5")
    both = cutoff.at(1.0).joined(able.at(1.0))
    found = play_settings(
        scenario, [Setting(), cutoff.at(1.0), both, Setting()], measures=MEASURES, replications=range(2)
    )

    changed = scenario.with_policy(with_values(scenario.policy, {"scoring.cutoff": 60.0}))
    fit = scenario.market.fit.model_copy(update={"able_share": 0.5})
    other = changed.model_copy(update={"market": scenario.market.model_copy(update={"fit": fit})})
    for at, one in enumerate([scenario, changed, other, scenario]):
        alone = replicate(one, replications=range(2))
        for r in range(2):
            assert found[r][at].tolist() == [alone.loc[r, m] for m in MEASURES]


def test_more_visitors_are_more_leads_and_the_rest_of_the_luck_stays():
    (visitors,) = inputs("market.channels.*.visitors_per_day=-50%:+50%")
    settings = [visitors.at(u) for u in (0.0, 0.5, 1.0)]
    found = play_settings(small(), settings, measures=["leads"], replications=[0])[0][:, 0]

    assert found[1] == replicate(small(), replications=[0]).loc[0, "leads"]
    assert found[0] < 0.75 * found[1] < 1.25 * found[1] < found[2]


# What is made of it: responses that are known


CUTOFF, ATTEMPTS, ORDER = "scoring.cutoff=20:80", "sla.attempts=2:8", "order.work=fifo,lifo,score"


def known(setting: Setting) -> float:
    """3 a point of cutoff, -10 an attempt, and nothing for the order of work."""
    values = dict(setting.policy)
    return 3.0 * values.get("scoring.cutoff", 40.0) - 10.0 * values.get("sla.attempts", 4)


def values_of(settings: list[Setting], luck: list[float]) -> dict[int, np.ndarray]:
    return {r: np.array([[known(s) + level] for s in settings]) for r, level in enumerate(luck)}


def test_of_a_linear_response_the_slopes_the_ends_and_the_order_are_found():
    varied = inputs(CUTOFF, ATTEMPTS, ORDER)
    walked, points = morris_settings(varied, 6, seed=3)
    settings, _, _ = alone_settings(varied)
    luck = [0.0, 70.0, -5.0]
    found = judge(
        varied, values_of(settings, luck), values_of(walked, luck), measures=["revenue"], points=points, seed=3
    )

    mu = [s.mu.estimate for s in found.screened["revenue"]]
    assert mu == pytest.approx([180.0, -60.0, 0.0])
    assert [s.sigma.estimate for s in found.screened["revenue"]] == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.order("revenue") == [0, 1, 2]
    assert found.swing("revenue", 0) == pytest.approx(180.0)
    low, high = (found.alone.contrasts[s][0].difference.mean for s in found.ends[1])
    assert (low, high) == pytest.approx((20.0, -40.0))
    assert len(found.ends[2]) == 3


def test_every_step_of_a_trajectory_changes_one_field_and_choices_change_to_another():
    varied = inputs(CUTOFF, ATTEMPTS, ORDER)
    walked, points = morris_settings(varied, 20, seed=1)
    assert points.shape == (20, 4, 3)

    pairs = set()
    for t in range(20):
        path = walked[4 * t : 4 * t + 4]
        for before, after in itertools.pairwise(path):
            changed = [(k, v, dict(after.policy)[k]) for k, v in before.policy if dict(after.policy)[k] != v]
            assert len(changed) == 1
            pairs |= {frozenset(changed[0][1:])} if changed[0][0] == "order.work" else set()
    assert pairs == {frozenset(p) for p in (("fifo", "lifo"), ("fifo", "score"), ("lifo", "score"))}


def test_sobol_indices_of_a_linear_response_are_its_shares_of_the_variance():
    """Uniform ranges of 180 and of 7 attempts (2..8, the ends half as wide) at 10: the larger has nearly all."""
    varied = inputs(CUTOFF, ATTEMPTS)
    settings, _, _ = alone_settings(varied)
    luck = [0.0, 9.0]
    found = judge(
        varied,
        values_of(settings, luck),
        None,
        values_of(sobol_settings(varied, 512, seed=5), luck),
        measures=["revenue"],
        shared_inputs=[0, 1],
        rows=512,
        seed=5,
    )
    cutoff = 180.0**2 / 12
    attempts = 100.0 * np.var(np.rint(2 + 6 * (np.arange(60_000) + 0.5) / 60_000))

    for shares, own in zip(found.shared["revenue"], (cutoff, attempts), strict=True):
        assert shares.first.estimate == pytest.approx(own / (cutoff + attempts), abs=0.02)
        assert shares.total.estimate == pytest.approx(own / (cutoff + attempts), abs=0.02)


def test_a_measure_that_is_undefined_somewhere_is_not_screened():
    varied = inputs(CUTOFF)
    walked, points = morris_settings(varied, 2, seed=0)
    settings, _, _ = alone_settings(varied)
    screening = values_of(walked, [0.0])
    screening[0][1, 0] = math.nan
    found = judge(varied, values_of(settings, [0.0, 1.0]), screening, measures=["revenue"], points=points)

    assert found.screened == {}


def test_two_workers_give_the_bits_of_one():
    settings = [inputs(path)[0].at(1.0) for path in ("scoring.cutoff=10:60", "market.channels.ads.visitors_per_day")]
    one, two = (
        play_settings(small(), settings, measures=MEASURES, replications=range(2), jobs=jobs, engine="reference")
        for jobs in (1, 2)
    )

    assert all((one[r] == two[r]).all() for r in range(2))


def test_the_whole_study_finds_that_a_higher_cutoff_makes_fewer_mqls_and_deal_values_scale_revenue():
    varied = inputs("scoring.cutoff=10:60", "market.deal.value_mean")
    one = sensitivity(small(), varied, measures=MEASURES, replications=range(2), screening=3, rows=4, fewer=2, seed=1)

    mqls, revenue = one.screened["mqls"], one.screened["revenue"]
    assert mqls[0].mu.estimate < 0 == mqls[1].mu.estimate
    assert revenue[1].mu.estimate > 0
    # Revenue is proportional to the deal value: +-10 % of it is +-10 % of revenue, in every replication.
    low, high = (one.alone.contrasts[s][1] for s in one.ends[1])
    base = one.alone.contrasts[0][1].estimate.mean
    assert high.difference.mean == pytest.approx(0.1 * base)
    assert low.difference.mean == pytest.approx(-0.1 * base)
    assert end_text(varied[1], 1.0) == "+10 %"


def test_what_an_interrupt_leaves_is_told_as_incomplete(monkeypatch):
    from funnelsim.lab import sensitivity as room

    true_play = room.play_settings
    calls = []

    def interrupted(*words, **more):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return true_play(*words, **more)

    monkeypatch.setattr(room, "play_settings", interrupted)
    found = room.sensitivity(small(), inputs("scoring.cutoff=10:60"), measures=["mqls"], replications=range(2))

    assert not found.complete
    assert (found.screened, found.replications) == ({}, (0, 1))
