"""A simulated company's CRM: the history made of it at once is that of its export, imported again, to the bit."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from funnelsim.calibration import observed
from funnelsim.calibration.exporting import LEADS, MAPPING, SPEND, TOUCHES, write_export
from funnelsim.calibration.history import History
from funnelsim.calibration.importing import import_history
from funnelsim.calibration.simulated import NOT_FOR_SALES, RETURNED, history_of
from funnelsim.config.load import load_scenario
from funnelsim.config.mapping import load_mapping
from funnelsim.config.scenario import Scenario
from funnelsim.errors import InputError
from funnelsim.lab.play import Played, draw, play
from funnelsim.records import Result, Row, State
from lab.small import CONFIGS, small

BOOKS = {"cleaning", "read", "unreadable", "notes"}


def differences(a: object, b: object, at: str = "") -> list[str]:
    """Return the places at which two records differ, dtypes and shapes included; the books of an import aside."""
    found = []
    for field in dataclasses.fields(a):  # type: ignore[arg-type]
        left, right, where = getattr(a, field.name), getattr(b, field.name), f"{at}{field.name}"
        if field.name in BOOKS:
            continue
        if dataclasses.is_dataclass(left) and dataclasses.is_dataclass(right):
            found += differences(left, right, f"{where}.")
        elif isinstance(left, np.ndarray | dict):
            pairs = [("", left, right)] if isinstance(left, np.ndarray) else [(k, left[k], right.get(k)) for k in left]
            found += [f"{where}.{key}" for key, x, y in pairs if not _alike(x, y)]
        elif left != right:
            found.append(where)
    return found


def _alike(x: object, y: object) -> bool:
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        return x == y
    same = np.array_equal(x, y) if x.dtype == object else np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
    return x.dtype == y.dtype and same


@cache
def played(name: str) -> Played:
    """Return one replication: across the end of summer time, with e-mails, duplicates, and leads never handed over."""
    if name == "quickstart":
        scenario = small()
    else:
        whole = load_scenario(CONFIGS / f"{name}.toml").model_dump(mode="json", exclude_unset=True)
        start = {"start": "2025-09-15", "time_zone": "Europe/Berlin", "warmup_days": 10, "horizon_days": 40}
        whole["run"] = whole.get("run", {}) | start | {"followup_days": 15, "replications": 1}
        scenario = Scenario.model_validate(whole)
    return play(scenario, draw(scenario, 0), engine="reference")


@pytest.mark.parametrize("name", ["quickstart", "mid_market", "three_stage"])
@pytest.mark.parametrize("followup", [True, False])
def test_an_export_imported_again_is_the_history_to_the_bit(tmp_path, name, followup):
    history = history_of(played(name), followup=followup)
    mapping = write_export(history, tmp_path / "export")
    folder = tmp_path / "export"
    imported = import_history(
        folder / LEADS, touches=folder / TOUCHES, spend=folder / SPEND, mapping=folder / MAPPING
    ).history

    assert differences(history, imported) == []
    assert load_mapping(folder / MAPPING) == mapping
    assert imported.notes == ()
    assert [c for c in imported.cleaning if c.rows and c.effect != "noted"] == []
    assert imported.read == history.read


def test_the_comparison_itself_sees_a_difference_of_one_millisecond():
    history = history_of(played("quickstart"))
    at = history.touches.at.copy()
    at[7] += 1
    other = dataclasses.replace(history, touches=dataclasses.replace(history.touches, at=at))
    assert differences(history, other) == ["touches.at."]


def test_an_export_is_never_written_over(tmp_path):
    history = history_of(played("quickstart"))
    write_export(history, tmp_path)
    with pytest.raises(InputError, match=r"leads\.csv: is there already"):
        write_export(history, tmp_path)


# What a CRM can know of the simulation, from the tables of the simulation itself.


def test_leads_are_all_but_those_merged_and_won_as_simulated():
    p = played("mid_market")
    history = history_of(p)
    kept = p.outcomes.state != State.MERGED
    assert history.leads.n == np.count_nonzero(kept)
    assert np.count_nonzero(history.leads.won) == np.count_nonzero(p.outcomes.state == State.WON) > 0
    np.testing.assert_array_equal(history.leads.created, p.leads.created[kept])
    names = list(p.scenario.market.channels)
    assert [history.channels[c] for c in history.leads.channel[:50]] == [names[c] for c in p.leads.channel[kept][:50]]


def test_attempts_are_the_dials_of_the_touch_log_and_talks_their_answers():
    p = played("mid_market")
    touches, log = history_of(p).touches, p.touches
    tried = np.isin(log.kind, (Row.CALL, Row.CALLBACK, Row.EMAIL)) & (log.dial >= 0) & (log.result != Result.OPEN)
    tried &= (p.outcomes.state != State.MERGED)[log.lead]
    assert sorted(touches.at.tolist()) == sorted(log.dial[tried].tolist())
    calls = touches.kind == Row.CALL
    reached = tried & (log.kind != Row.EMAIL) & (log.result != Result.NOT_REACHED) & (log.result != Result.TOO_SOON)
    assert np.count_nonzero(touches.connected) == np.count_nonzero(reached)
    assert (touches.duration_ms[touches.connected] > 0).all()
    assert (touches.duration_ms[calls & ~touches.connected] == 0).all()
    assert (np.diff(touches.lead) >= 0).all()


def test_the_talks_length_is_its_share_of_the_work_after_the_dial():
    """Without a ramp the work is call + talk, so the talk is what was drawn for it."""
    p = played("quickstart")
    touches, log = history_of(p).touches, p.touches
    talks = np.flatnonzero(touches.connected)
    tries = np.flatnonzero(log.dial >= 0)
    talk_ms = p.leads.talk_ms[log.number[tries], log.lead[tries]]
    dials = zip(log.lead[tries].tolist(), log.dial[tries].tolist(), strict=True)
    drawn = dict(zip(dials, talk_ms.tolist(), strict=True))
    rows = np.flatnonzero(p.outcomes.state != State.MERGED)
    expected = [drawn[int(rows[touches.lead[k]]), int(touches.at[k])] for k in talks]
    np.testing.assert_allclose(touches.duration_ms[talks], expected, atol=1)


def test_not_called_are_those_that_never_qualified():
    p = played("quickstart")
    history = history_of(p)
    handed = p.outcomes.handed_at[p.outcomes.state != State.MERGED] >= 0
    assert not handed[history.leads.not_called].any()
    assert np.count_nonzero(history.leads.not_called) > 0
    stage = np.array(history.stages)[history.leads.stage]
    assert set(stage[history.leads.not_called]) == {NOT_FOR_SALES}
    assert handed[stage == RETURNED].all()


def test_duplicates_share_their_person():
    p = played("mid_market")
    kept = np.flatnonzero(p.outcomes.state != State.MERGED)
    contact = dict(zip(kept.tolist(), history_of(p).leads.contact.tolist(), strict=True))
    doubles = [i for i in kept.tolist() if p.leads.duplicate_of[i] in contact]
    for i in doubles:
        assert contact[i] == contact[int(p.leads.duplicate_of[i])]
    assert len(set(contact.values())) == len(contact) - len(doubles)


def test_spend_of_the_measured_days_adds_up_to_months_of_30_4375_days_and_clicks_to_the_visitors():
    p = played("quickstart")
    history: History = history_of(p)
    clicks, spend = observed.clicks_and_spend(history)
    channels = p.scenario.market.channels.values()
    assert spend == pytest.approx(sum(c.spend_per_month for c in channels) * p.scenario.run.horizon_days / 30.4375)
    assert clicks == pytest.approx(p.summary()["visitors"])
