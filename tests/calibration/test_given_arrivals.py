"""A history's own leads, played again."""

import dataclasses

import numpy as np
import pytest

from calibration.scenes_backtest import history_of_replication, scenario
from funnelsim.calibration.arrivals import given_arrivals
from funnelsim.calibration.backtest import played_as_history
from funnelsim.config.market import Market
from funnelsim.errors import InputError
from funnelsim.lab.play import draw
from funnelsim.records import same


def test_a_simulated_history_played_again_is_the_same_leads_to_the_bit():
    company = scenario()
    given = given_arrivals(history_of_replication(3), company.market)

    assert same(played_as_history(company, 3, given).leads, draw(company, 3))
    assert not same(played_as_history(company, 4, given).leads, draw(company, 4))


def test_kinds_of_records_become_offers_of_the_same_name():
    history, market = history_of_replication(3), scenario().market
    n = history.leads.n
    touched = np.arange(n) % 5 > 0
    bare = dataclasses.replace(history.leads, attributes={}, unreachable=~touched, not_called=None)
    touches = history.touches
    kept = {f.name: getattr(touches, f.name)[touched[touches.lead]] for f in dataclasses.fields(touches)}
    without = dataclasses.replace(history, leads=bare, touches=dataclasses.replace(touches, **kept))

    assert (given_arrivals(without, market).offer == -1).all()  # the market has no such offers: they are drawn
    named = given_arrivals(without, market, offers={"lead": "demo", "invalid": "content"})
    assert np.array_equal(named.offer, np.where(touched, 0, 1))
    assert (named.firmographics == -1).all()


def test_what_is_known_only_after_talking_is_not_fed():
    history, market = history_of_replication(3), scenario().market
    late = dataclasses.replace(history, known_late=("size",))

    assert (given_arrivals(history, market).firmographics[0] >= 0).all()
    assert (given_arrivals(late, market).firmographics[0] == -1).all()


def test_channels_that_the_scenario_lacks_are_all_named():
    history, market = history_of_replication(3), scenario().market
    renamed = Market.model_validate(
        {**market.model_dump(), "channels": {"searching": market.channels["search"].model_dump()}}
    )

    with pytest.raises(InputError) as error:
        given_arrivals(history, renamed)

    assert [fault.key for fault in error.value.faults] == ["channels.search", "channels.social"]
    assert "did you mean 'searching'" in str(error.value)
    unknown = dataclasses.replace(history.leads, channel=np.full(history.leads.n, -1, np.int16))
    with pytest.raises(InputError, match="have no channel"):
        given_arrivals(dataclasses.replace(history, leads=unknown), market)
