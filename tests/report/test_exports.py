"""leads.csv and touches.csv: complete, named, in local time, and enough to recompute the agreement from."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from funnelsim.calendar import Clock, add_business
from funnelsim.records import LOG_COLUMNS, NEVER, Result, Row, State, TouchLog
from funnelsim.report.exports import LEAD_TIMES, LOG_TIMES, OUTCOME_TIMES, leads_frame, local_times, touches_frame
from lab.small import small

DICTIONARY = Path(__file__).resolve().parents[2] / "docs" / "files.md"


@pytest.fixture(scope="module")
def game(games):
    return games[0]


def read_back(text, times):
    """A table as another tool would read it: whole milliseconds, missing where the cell of a time is empty."""
    missing = {name: [""] for name in times}
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=missing, dtype=dict.fromkeys(times, "Int64"))


@pytest.fixture(scope="module")
def touches(game):
    return read_back(touches_frame(game).to_csv(index=False), LOG_TIMES)


@pytest.fixture(scope="module")
def leads(game):
    return read_back(leads_frame(game).to_csv(), (*LEAD_TIMES, *OUTCOME_TIMES))


def test_touches_hold_every_column_of_the_log_and_give_it_back(game, touches):
    assert list(touches.columns[: len(LOG_COLUMNS)]) == list(LOG_COLUMNS)
    codes = {"kind": Row, "result": Result}
    for name in LOG_COLUMNS:
        column = touches[name]
        if name in codes:
            column = column.map({member.name.lower(): int(member) for member in codes[name]})
        if name == "tier":
            column = column.map({"A": 0, "B": 1, "C": 2, "": -1})
        if name in LOG_TIMES:
            column = column.fillna(-1)
        assert column.tolist() == getattr(game.touches, name).tolist(), name


def test_local_times_are_those_of_the_clock(game, touches):
    clock = Clock.of(game.scenario.run)
    rows = touches.sample(200, random_state=1)

    for name in ("queued_at", "due_at", "end"):
        for ms, told in zip(rows[name], rows[f"{name}_local"], strict=True):
            assert told == ("" if ms is pd.NA else clock.to_datetime(ms).isoformat(timespec="milliseconds"))


def test_local_times_follow_the_clocks_when_they_change():
    clock = Clock.of(small().run)
    change = dt.datetime(2025, 10, 26, 1, tzinfo=dt.UTC)  # 3 h summer time becomes 2 h winter time
    ms = np.array([clock.from_datetime(change) - 1, clock.from_datetime(change), NEVER, -1])

    assert local_times(clock, ms).tolist() == ["2025-10-26T02:59:59.999+02:00", "2025-10-26T02:00:00.000+01:00", "", ""]
    assert clock.time_zone == "Europe/Berlin"
    assert change.astimezone(ZoneInfo("Europe/Berlin")).hour == 2


def test_names_stand_beside_reps_and_lists(game, touches):
    calls = touches[(touches["kind"] == "call") & (touches["start"] >= 0)]

    assert set(calls["rep_name"]) == set(game.roster.names)
    assert (calls["list_name"] == calls["rep_name"]).all()  # round robin: an owner's own list
    assert (touches.loc[touches["kind"] == "window", "list_name"] == "").all()


def test_leads_hold_who_they_are_and_what_became_of_them(game, leads):
    out = game.outcomes

    assert leads["lead"].tolist() == list(range(game.leads.n))
    assert leads["state"].tolist() == [State(s).name.lower() for s in out.state.tolist()]
    assert np.array_equal(leads["value"], game.leads.value)  # to the last bit, through the text
    assert leads["closed_at"].fillna(-1).tolist() == out.closed_at.tolist()
    assert leads["ready_from"].fillna(NEVER).tolist() == game.leads.ready_from.tolist()
    assert set(leads["channel"]) == set(game.scenario.market.channels)
    assert set(leads["offer"]) == set(game.scenario.market.offers)
    won = leads[leads["state"] == "won"]
    assert (won["would_buy"]).all()
    assert (won["wasted_as"] == "none").all()
    buyers_lost = leads[leads["would_buy"] & (leads["state"] != "won")]
    assert (buyers_lost["lost_as"] != "none").all()


def test_the_measures_of_waste_follow_from_the_leads_alone(game, leads):
    clock = Clock.of(game.scenario.run)
    mine = leads[leads["measured"]]

    assert set(mine["lead"]) == set(
        np.flatnonzero((game.leads.created >= clock.measured_from) & (game.leads.created < clock.measured_until))
    )
    assert 0 < len(mine) < len(leads)
    assert (mine["wasted_as"] != "none").mean() == pytest.approx(game.summary()["leads_wasted_share"])
    assert (mine["lost_as"] != "none").sum() == game.summary()["buyers_lost"]


def test_the_agreement_can_be_recomputed_from_touches_and_the_calendar_alone(game, touches):
    """First-touch attainment and the due dates behind it, from the file, without the package's own reading of it."""
    clock = Clock.of(game.scenario.run)
    handovers = touches[touches["kind"] == "handover"]
    handovers = handovers[(handovers["start"] >= clock.measured_from) & (handovers["start"] < clock.measured_until)]
    handovers = handovers[(handovers["due_at"] >= 0) & (handovers["due_at"] < clock.end)]
    made = touches[touches["kind"].isin(["call", "email", "callback"]) & (touches["dial"] >= 0)]
    kept = []
    for row in handovers.itertuples():
        inside = made[(made["lead"] == row.lead) & (made["start"] >= row.start) & (made["end"] <= row.end)]
        kept.append(not inside.empty and inside["dial"].min() <= row.due_at)

    assert len(kept) > 100
    assert np.mean(kept) == pytest.approx(game.summary()["first_touch_attainment"])
    # A due date is the term, in the open hours of the team, after the handover.
    hours = game.roster.team_calendars[game.roster.touch_team]
    for row in handovers.head(50).itertuples():
        term = game.scenario.policy.sla.of_tier(row.tier).first_touch
        assert term.business
        assert row.due_at == add_business(hours, row.start, term.ms(8 * 3_600_000))


def test_a_moment_that_did_not_come_is_an_empty_cell(game):
    leads, touches = leads_frame(game).to_csv().splitlines(), touches_frame(game).to_csv(index=False).splitlines()

    never = int(np.flatnonzero(game.leads.ready_from == NEVER)[0])
    for lines, name, row in ((leads, "ready_from", never), (leads, "ready_until", never)):
        assert lines[1 + row].split(",")[lines[0].split(",").index(name)] == ""
    window = next(line for line in touches if line.startswith("window,"))
    assert window.split(",")[touches[0].split(",").index("dial")] == ""


def test_every_column_is_described(leads, touches):
    described = set(re.findall(r"`([a-z_]+)`", DICTIONARY.read_text(encoding="utf-8")))
    firmographic = {name for name in leads if name.startswith("firmographic_")}  # named after the market's attributes

    for table in (leads, touches):
        columns = set(table) - firmographic
        assert {name for name in columns if name.removesuffix("_local") not in described} == set()


def test_an_empty_log_is_an_empty_table(game):
    nothing = np.zeros(0, dtype=np.int64)
    empty = type(game)(
        game.scenario, game.roster, game.leads, game.scored, game.outcomes, TouchLog(*[nothing] * len(LOG_COLUMNS))
    )

    frame = touches_frame(empty)

    assert len(frame) == 0
    assert list(frame.columns[: len(LOG_COLUMNS)]) == list(LOG_COLUMNS)
