"""One more rep, or another cutoff?

Configuration: configs/six_stage.toml (three BDRs, three AEs, cutoff 40), 40 common replications of each alternative.
Run time: some 20 seconds with the compiled engine.

    python experiments/08_one_more_rep_or_another_cutoff.py

Answer (version 0.1.0, seed 1; intervals of 95 % that hold all together): neither a rep nor a lower cutoff; a higher
one. One more BDR costs more than he brings (profit -62,000 +- 28,000 USD a year), one more AE brings no detectable
revenue (profit -128,000 +- 3,700). Cutoff 30 costs 340,000 +- 70,000 of profit, and still 290,000 +- 60,000 with a
fourth BDR. Cutoff 50 brings +60,000 +- 60,000 with today's team, and cutoff 60 with one BDR fewer just as much: which
of the two is better cannot be told (57 to 43).
"""

# %%
from __future__ import annotations

from pathlib import Path

import funnelsim

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "six_stage.toml"
REPLICATIONS = 40

today = funnelsim.load(CONFIG)
ALTERNATIVES = {
    "one more BDR": {"headcount.bdr": 4},
    "one more AE": {"headcount.ae": 4},
    "cutoff 30": {"scoring.cutoff": 30},
    "cutoff 30, one more BDR": {"scoring.cutoff": 30, "headcount.bdr": 4},
    "cutoff 50": {"scoring.cutoff": 50},
    "cutoff 60, a BDR fewer": {"scoring.cutoff": 60, "headcount.bdr": 2},
}

# %% All of them on the same leads; the profit has the pay of the reps in it
scenarios = {"today": today} | {name: funnelsim.with_policy(today, values) for name, values in ALTERNATIVES.items()}
found = funnelsim.compare(
    scenarios, measures=["profit", "revenue", "leads_wasted_share", "utilisation_touch"], replications=REPLICATIONS
)
print(found)
found  # noqa: B018
