"""What one objective is worth in money, as people write it: "500 per wasted lead"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_PATTERN = re.compile(r"^\s*([\d,]*\.?\d+)\s+(?:[A-Za-z]{3}\s+)?per\s+(point\s+of\s+)?([a-z][a-z0-9_ ]*?)\s*$")
_SPOKEN = {
    "wasted lead": "leads_wasted",
    "lead wasted": "leads_wasted",
    "wasted leads": "leads_wasted",
    "leads wasted": "leads_wasted",
    "deal": "deals",
}
EXAMPLES = "'500 per wasted lead', '200 per deal' or '300 per point of leads_wasted_share'"


@dataclass(frozen=True, slots=True)
class TradeOff:
    """So much money for one unit of a measure, or for one point (a hundredth) of a share."""

    amount: float  # in the scenario's currency, >= 0
    measure: str
    of_points: bool = False

    @classmethod
    def parse(cls, text: str) -> TradeOff:
        """Return the trade-off that `text` writes; whether its measure exists is not looked at.

        Raises:
            ValueError: where the text is none.

        >>> TradeOff.parse("500 per wasted lead")
        TradeOff(amount=500.0, measure='leads_wasted', of_points=False)
        >>> TradeOff.parse("1,200 EUR per point of leads_wasted_share").amount
        1200.0
        """
        found = _PATTERN.match(text)
        if found is None:
            raise ValueError(f"must be an amount of money per unit of a measure, such as {EXAMPLES}")
        amount = float(found[1].replace(",", ""))
        if not math.isfinite(amount):
            raise ValueError("the amount must be a finite number")
        name = " ".join(found[3].split())
        return cls(amount, _SPOKEN.get(name, name), found[2] is not None)

    def __str__(self) -> str:
        """Return the trade-off as `parse` reads it."""
        return f"{self.amount:g} per {'point of ' if self.of_points else ''}{self.measure}"
