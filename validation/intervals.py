"""Nominal 95 % intervals hold the true mean in 93 to 97 of 100 cases."""

from __future__ import annotations

import numpy as np

from funnelsim.lab.compare import play_each
from funnelsim.lab.replicate import as_frame, to_intervals
from funnelsim.stats import proportion_interval
from validation.claim import Claim, jobs, run
from validation.worlds import conversions, true_means

LOW, HIGH = 0.93, 0.97


def measure(*, macros: int = 2_000, replications: int = 10, workers: int | None = None) -> Claim:
    """Return how often the 95 % interval of `replications` replications covers the known mean, `macros` times."""
    truth = true_means()
    numbers = range(macros * replications)
    rows = play_each([conversions()], measures=list(truth), replications=numbers, jobs=workers or jobs())
    played = as_frame({r: one for r, (one,) in rows.items()})
    frames = [played.iloc[at : at + replications] for at in range(0, len(played), replications)]
    found = [to_intervals(frame) for frame in frames]
    covered, sides = {}, {}
    for name, mean in truth.items():
        low = sum(i[name].low > mean for i in found)
        high = sum(i[name].high < mean for i in found)
        covered[name] = 1 - (low + high) / macros
        sides[name] = {"all too high": low / macros, "all too low": high / macros}
    bounds = {name: proportion_interval(round(share * macros), macros) for name, share in covered.items()}
    errors = {name: (played[name].mean() - mean) / played[name].sem() for name, mean in truth.items()}
    return Claim(
        key="intervals",
        claims="Nominal 95 % intervals cover the true mean in 93 to 97 % of cases.",
        how=f"{macros:,} macro-replications of {replications} replications each of `configs/oracles/conversions.toml` "
        "cut to five days (500 leads, 25 deals of uneven value), whose means are products of probabilities; intervals "
        "as `funnelsim run` prints them.",
        found="covered: " + ", ".join(f"{name} {share:.1%}" for name, share in covered.items()),
        holds=all(LOW <= share <= HIGH for share in covered.values()),
        figures={
            "macro_replications": macros,
            "replications": replications,
            "covered": covered,
            "covered_interval": {name: [b.low, b.high] for name, b in bounds.items()},
            "missed": sides,
            "grand_mean_in_standard_errors": {name: float(e) for name, e in errors.items()},
            "true_means": truth,
            "means": {name: [i[name].mean for i in found[:100]] for name in ("revenue",)},
            "half_widths": {name: [i[name].half_width for i in found[:100]] for name in ("revenue",)},
            "skewness_of_revenue": float(_skewness(played["revenue"].to_numpy())),
        },
    )


def _skewness(values: np.ndarray) -> float:
    return float((((values - values.mean()) / values.std()) ** 3).mean())


if __name__ == "__main__":
    run(measure)
