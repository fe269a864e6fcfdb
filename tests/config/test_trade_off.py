"""Trade-offs as people write them."""

import pytest
from pydantic import ValidationError

from funnelsim.config.search import Search
from funnelsim.config.trade_off import TradeOff


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("500 per wasted lead", TradeOff(500.0, "leads_wasted")),
        ("500 EUR per wasted lead", TradeOff(500.0, "leads_wasted")),
        ("1,200.5 per point of leads_wasted_share", TradeOff(1200.5, "leads_wasted_share", True)),
        ("0 per deal", TradeOff(0.0, "deals")),
    ],
)
def test_it_is_read_and_written_alike(text, told):
    assert TradeOff.parse(text) == told
    assert TradeOff.parse(str(told)) == told


@pytest.mark.parametrize("text", ["", "500", "per wasted lead", "-5 per deal", "five per deal", "5 a deal"])
def test_what_is_none_is_told_with_examples(text):
    with pytest.raises(ValueError, match="such as '500 per wasted lead'"):
        TradeOff.parse(text)


def test_a_scenario_with_a_faulty_one_is_refused():
    with pytest.raises(ValidationError, match="amount of money per unit"):
        Search(trade_off="a lot per lead")
