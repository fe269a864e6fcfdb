"""Cost against the number of leads at constant load: W-base over ever longer horizons.

    python benchmarks/scaling.py [--most 1000000] [--json FILE] [--check]

Reports the log-log slope of CPU time (draw, score and play) over the number of leads; the target is at most 1.1.
"""

from __future__ import annotations

import argparse
import math
import resource

import measure
import numpy as np
from workload_w import counts, prepare

LEADS_PER_DAY = 332.055
DAY_MS = 86_400_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rows = []
    for target in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000):
        if target > options.most:
            break
        days = math.ceil(target / LEADS_PER_DAY)
        repeats = max(1, 30_000 // target)
        prepared = {}

        def draw(days=days, prepared=prepared):
            prepared["all"] = prepare("base", end=days * DAY_MS, days=days)

        drawing = min(measure.cpu_seconds(draw) for _ in range(repeats))
        leads, _, play = prepared["all"]
        events = counts(leads, *play(), days * DAY_MS)["events"] if target <= 100_000 else None
        playing = min(measure.cpu_seconds(play) for _ in range(repeats))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append(
            {
                "leads": leads.n,
                "events": events,
                "draw_s": drawing,
                "play_s": playing,
                "us_per_lead": 1e6 * playing / leads.n,
                "peak_mib": peak,
            }
        )
        assert abs(leads.n - days * LEADS_PER_DAY) < 6 * math.sqrt(days * LEADS_PER_DAY)  # the work that was asked for
        assert events is None or 4 < events / leads.n < 7  # short horizons cut lives off
    x = np.log([row["leads"] for row in rows])
    slope = float(np.polyfit(x, np.log([row["play_s"] for row in rows]), 1)[0])
    total = float(np.polyfit(x, np.log([row["play_s"] + row["draw_s"] for row in rows]), 1)[0])
    measure.write({"rows": rows, "slope_play": slope, "slope_draw_and_play": total, "target": 1.1}, options.json)
    if options.check:
        assert slope <= 1.1


if __name__ == "__main__":
    main()
