"""A user's own parts: a routing rule and SimPy processes, on the reference engine."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import funnelsim
from funnelsim.config.load import load_scenario
from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario
from funnelsim.engines import choice
from funnelsim.engines.choice import Plugin
from funnelsim.lab.play import draw, play
from funnelsim.lab.replicate import replicate
from funnelsim.records import Row, same

HOUR, DAY = 3_600_000, 86_400_000


def scenario(**policy) -> Scenario:
    """Three callers, two closers, some forty leads in three weeks."""
    base = Scenario.model_validate(
        {
            "market": {
                "channels": {"web": {"visitors_per_day": 2, "visit_to_lead": 1.0, "offers": {"demo": 1.0}}},
                "offers": {"demo": {"hand_raise": True, "ready_at_arrival": 0.6}},
                "fit": {"able_share": 0.9},
            },
            "team": {"reps": [{"role": "bdr", "count": 3}, {"role": "ae", "count": 2}]},
            "policy": {"lifecycle": "three_stage"},
            "run": {"start": "2025-01-06", "warmup_days": 0, "horizon_days": 21, "followup_days": 14,
                    "standard": {"days": 1}},
        }
    )  # fmt: skip
    return base.with_policy(with_values(base.policy, policy)) if policy else base


@cache
def leads():
    return draw(scenario(), 0)


def always(index):
    return lambda case, reps: next((rep for rep in reps if rep.index == index), reps[0])


def test_a_rule_of_ones_own_says_who_gets_each_lead():
    """Rep 2 has room for everybody; among the closers (3 and 4) the rule takes the first."""
    played = play(scenario(), leads(), plugin=Plugin(route=always(2)))
    usual = play(scenario(), leads())

    owners, closers = played.outcomes.owner, played.outcomes.closer
    assert set(owners[owners >= 0].tolist()) == {2}
    assert set(closers[closers >= 0].tolist()) == {3}
    assert set(usual.outcomes.owner[usual.outcomes.owner >= 0].tolist()) == {0, 1, 2}


def test_a_rule_that_says_what_the_policy_would_say_changes_no_bit():
    """The policy's rule `least_loaded`, written by hand: fewest open leads (closers: opportunities), then the index."""

    def least_loaded(case, reps):
        closes = reps[0].index >= 3
        return min(reps, key=lambda rep: (rep.open_opportunities if closes else rep.open_leads, rep.index))

    ours = play(scenario(), leads(), plugin=Plugin(route=least_loaded))
    policy = play(scenario(**{"routing.method": "least_loaded"}), leads(), engine="reference")

    assert same(ours.outcomes, policy.outcomes)
    assert same(ours.touches, policy.touches)
    assert not same(ours.touches, play(scenario(), leads(), engine="reference").touches)  # round robin is another


def test_a_rule_knows_the_case_and_sees_only_those_with_room():
    seen = []

    def first(case, reps):
        seen.append((case.i, case.tier, case.score, len(reps)))
        assert all(rep.open_leads < rep.max_leads for rep in reps)
        return reps[0]

    capped = scenario().model_copy(deep=True)
    groups = [group.model_copy(update={"max_open_leads": 1}) for group in capped.team.reps]
    capped = capped.model_copy(update={"team": capped.team.model_copy(update={"reps": groups})})
    played = play(capped, leads(), plugin=Plugin(route=first))

    handed = np.flatnonzero(played.outcomes.handovers > 0)
    assert {i for i, *_ in seen} >= set(handed[played.outcomes.owner[handed] >= 0].tolist())
    assert {n for *_, n in seen} >= {1, 2, 3}


def test_a_rule_that_returns_somebody_else_is_told_so():
    with pytest.raises(ValueError, match="must return one of the reps it was given, got None for lead"):
        play(scenario(), leads(), plugin=Plugin(route=lambda case, reps: None))


def test_a_process_acts_on_the_floor_at_its_moment():
    """Rep 1 gives notice on day 10 at noon: nothing is handed to it from that moment on, and it was before."""
    noon = 10 * DAY + 12 * HOUR

    def gives_notice(shop):
        yield shop.env.timeout(noon)
        shop.desk.reps[1].max_leads = 0

    played = play(scenario(), leads(), plugin=Plugin(processes=(gives_notice,)))

    log = played.touches
    handed = log.start[(log.kind == Row.HANDOVER) & (log.rep == 1)]
    assert handed.size
    assert handed.max() < noon
    usual = play(scenario(), leads()).touches
    assert (usual.start[(usual.kind == Row.HANDOVER) & (usual.rep == 1)] >= noon).any()


def test_a_process_that_only_looks_changes_no_bit():
    lengths = []

    def looks(shop):
        while True:
            yield shop.env.timeout(HOUR)
            lengths.append((shop.env.now, sum(rep.list.count for rep in shop.desk.reps)))

    watched = play(scenario(), leads(), plugin=Plugin(processes=(looks, looks)))
    usual = play(scenario(), leads(), engine="reference")

    assert same(watched.outcomes, usual.outcomes)
    assert same(watched.touches, usual.touches)
    assert lengths[0][0] == lengths[1][0] == HOUR
    assert lengths[-1][0] == 35 * DAY - HOUR
    assert max(count for _, count in lengths) > 0


def test_a_fault_in_a_process_ends_the_replication():
    def fails(shop):
        yield shop.env.timeout(DAY)
        raise LookupError("nobody there")

    with pytest.raises(LookupError, match="nobody there"):
        play(scenario(), leads(), plugin=Plugin(processes=(fails,)))


def test_a_fault_in_a_process_that_is_waited_for_ends_it_too():
    def fails(env):
        yield env.timeout(DAY)
        raise LookupError("nobody there")

    def waits(shop):
        yield shop.env.process(fails(shop.env))

    with pytest.raises(LookupError, match="nobody there"):
        play(scenario(), leads(), plugin=Plugin(processes=(waits,)))


def test_auto_takes_the_reference_engine_for_a_plug_in_and_says_so_once(caplog, monkeypatch):
    monkeypatch.setattr(choice, "available", lambda: True)
    choice._tell.cache_clear()

    with caplog.at_level(logging.WARNING, "funnelsim"):
        names = [play(scenario(), leads(), plugin=Plugin(route=always(0))).engine for _ in range(2)]

    assert names == ["reference", "reference"]
    assert [r.getMessage() for r in caplog.records] == [
        "engine: reference (a plug-in takes part, which the compiled engine does not know)"
    ]


def test_replications_take_a_plug_in_too():
    frame = replicate(scenario(), replications=[0, 1], plugin=Plugin(route=always(2)))

    assert frame["routing_fairness"].to_numpy() == pytest.approx(1 / 3)  # Jain's index of one of three


def test_the_example_of_the_docs_runs(monkeypatch, capsys):
    """The code of docs/performance.md, as it stands there: 'reference' and a number of deals are printed."""
    root = Path(__file__).resolve().parents[2]
    code = (root / "docs" / "performance.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(root)
    monkeypatch.setattr(funnelsim, "load", lambda path: _short(load_scenario(path)))

    names = {}
    exec(code, names)

    engine, deals = capsys.readouterr().out.split()
    assert engine == "reference"
    assert float(deals) == names["played"].summary()["deals"]
    handed = names["played"].touches
    mine = handed.start[(handed.kind == Row.HANDOVER) & (handed.rep == 0)]
    assert 0 < mine.max() < 100 * DAY


def _short(scenario):
    return scenario.model_copy(update={"run": scenario.run.model_copy(update={"warmup_days": 60, "horizon_days": 60})})
