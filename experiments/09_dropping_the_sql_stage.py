"""Should the SQL stage be dropped, so that whoever is reached gets a meeting?

Configuration: configs/six_stage.toml and the same without the SQL stage (lifecycle `no_sql`), 40 common replications of
each alternative. Run time: some 15 seconds with the compiled engine.

    python experiments/09_dropping_the_sql_stage.py

Answer (version 0.1.0, seed 1; intervals of 95 % that hold all together): in this market, yes. Profit rises by 240,000
+- 70,000 USD a year, revenue by 300,000 +- 90,000, and waste falls from 11.3 % to 9.6 %. The AEs are then at 99 % of
their hours, yet a fourth does not pay (profit +120,000 +- 70,000 against today), and one in place of a BDR loses all
of the gain. Together with cutoff 50 the profit is the same (+230,000 +- 70,000) and 5.3 % are wasted. What this rests
on is assumed, not measured: that a talk misjudges 6 to 18 % of leads, and that a meeting with somebody who is not
ready costs an AE one hour and no more.
"""

# %%
from __future__ import annotations

from pathlib import Path

import funnelsim

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "six_stage.toml"
REPLICATIONS = 40

today = funnelsim.load(CONFIG)
ALTERNATIVES = {
    "no SQL stage": {"lifecycle": "no_sql"},
    "no SQL stage, one more AE": {"lifecycle": "no_sql", "headcount.ae": 4},
    "no SQL stage, AE for BDR": {"lifecycle": "no_sql", "headcount.ae": 4, "headcount.bdr": 2},
    "cutoff 50": {"scoring.cutoff": 50},
    "no SQL stage, cutoff 50": {"lifecycle": "no_sql", "scoring.cutoff": 50},
}

# %% On the same leads: money, waste, and how busy those are who close
scenarios = {"today": today} | {name: funnelsim.with_policy(today, values) for name, values in ALTERNATIVES.items()}
found = funnelsim.compare(
    scenarios, measures=["profit", "revenue", "leads_wasted_share", "utilisation_close"], replications=REPLICATIONS
)
print(found)
found  # noqa: B018
