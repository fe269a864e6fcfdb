"""Should leads be able to book a meeting themselves?

Configuration: configs/six_stage.toml (they cannot), 40 common replications of each alternative. Run time: some 15
seconds with the compiled engine.

    python experiments/10_self_scheduling.py

Answer (version 0.1.0, seed 1; intervals of 95 % that hold all together): yes, beside the calls and not in place of
them. Profit rises by 120,000 +- 50,000 USD a year and by 170,000 +- 80,000 together with cutoff 50, which also cuts
waste from 11.3 % to 6.4 %. The AEs reach 95 % of their hours; a fourth costs what he brings (profit +0 +- 50,000). To
hand over only those who book (`booked_meeting`) loses 780,000 +- 80,000: most buyers never book by themselves. The
share that does (60 % of those who ask for a call, 1 to 30 % of others) is assumed.
"""

# %%
from __future__ import annotations

from pathlib import Path

import funnelsim

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "six_stage.toml"
REPLICATIONS = 40

today = funnelsim.load(CONFIG)
ALTERNATIVES = {
    "self-scheduling": {"self_scheduling": True},
    "self-scheduling, one more AE": {"self_scheduling": True, "headcount.ae": 4},
    "cutoff 50": {"scoring.cutoff": 50},
    "self-scheduling, cutoff 50": {"self_scheduling": True, "scoring.cutoff": 50},
    "only who books goes to sales": {"lifecycle": "booked_meeting"},
}

# %%
scenarios = {"today": today} | {name: funnelsim.with_policy(today, values) for name, values in ALTERNATIVES.items()}
found = funnelsim.compare(
    scenarios, measures=["profit", "revenue", "leads_wasted_share", "utilisation_close"], replications=REPLICATIONS
)
print(found)
found  # noqa: B018
