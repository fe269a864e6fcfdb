"""A selection of the best as text of at most 100 letters a line, as tables for CSV, and as a plain object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.lab.select import Selection
from funnelsim.metrics import MEASURES
from funnelsim.report.compared import LABEL_WIDTH, WIDTH, percent
from funnelsim.report.digits import ABSENT, decimals_of, plain, scale_of
from funnelsim.report.findings import measure_words
from funnelsim.selecting_best import skewed_differences
from funnelsim.stats import Interval, interval, paired

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
APPROXIMATE = "approximate probability of correct selection"
"""What the estimate is called wherever it is told (APCS in the literature): it is no guarantee."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was selected among, and by what."""

    labels: tuple[str, ...]
    measure: str
    heading: str  # what was compared
    currency: str
    days: int  # measured; a measure that adds up is told for these, not for a year

    @property
    def unit(self) -> str:
        """Return the unit that is shown, with the window it is of where the measure is money."""
        own = MEASURES[self.measure].unit.replace("money", self.currency)
        shown = scale_of("" if own == "ratio" else own)[1]
        return f"{shown} in {self.days} days" if own == self.currency else shown

    @property
    def factor(self) -> float:
        """Return by what a value is multiplied to be shown."""
        own = MEASURES[self.measure].unit
        return scale_of("" if own == "ratio" else own)[0]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one system came out."""

    label: str
    estimate: Interval  # 95 %, of its own replications
    behind: Interval  # against the selected one, paired on the replications of both, 95 % each by itself
    replications: int
    fate: str  # "selected", "leads", "dropped by the first look", "dropped by KN after 40", "not told apart", ""


def standings(found: Selection, asked: Asked) -> list[Standing]:
    """Return how every system came out, in the order given."""
    best = np.array(found.values[found.best])
    told = []
    for s, label in enumerate(asked.labels):
        own = np.array(found.values[s])
        n = min(own.size, best.size)
        told.append(Standing(label, interval(own), paired(own[:n], best[:n]), own.size, _fate(found, s)))
    return told


def _fate(found: Selection, s: int) -> str:
    if s == found.best:
        settled = found.guaranteed or (found.complete and found.rules.procedure == "OCBA")
        return "selected" if settled else "leads"
    if s not in found.first_look:
        return "dropped by the first look"
    if s not in found.left:
        return f"dropped by KN after {found.looked_at[s]}"
    return "" if found.rules.procedure == "OCBA" else "not told apart"


def stages(found: Selection) -> list[tuple[str, int, int]]:
    """Return each stage with who was left after it, and the replications of all systems together until then."""
    systems = len(found.values)
    first = found.rules.first
    look = (f"first look ({first} replications of each)", len(found.first_look), first * systems)
    rows = [("all", systems, 0), look]
    if len(found.first_look) > 1:
        end = "" if found.complete else ", interrupted"
        rows.append((f"{found.rules.procedure}{end}", len(found.left), found.played))
    return rows


def selection_text(found: Selection, asked: Asked) -> str:
    """Return the stages, the table of systems, and the verdict in words."""
    direction = {"up": "more", "down": "less"}[found.rules.direction]
    name = ", ".join(part for part in (measure_words(asked.measure), asked.unit) if part)
    lines = wrap(f"{asked.heading}: the best by {name} ({direction} is better).", WIDTH)
    lines += ["", f"  {'stage':<40}{'scenarios left':>16}{'replications in all':>22}"]
    lines += [f"  {stage:<40}{left:>16}{plays:>22,}" for stage, left, plays in stages(found)]
    lines += ["", *_table(found, asked), "", "In words"]
    for sentence in verdict(found, asked):
        lines += wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def _table(found: Selection, asked: Asked) -> list[str]:
    rows = standings(found, asked)
    # The best first, by how far each is behind it.
    sign = 1 if found.rules.direction == "up" else -1
    rows.sort(key=lambda s: (s.label != asked.labels[found.best], -sign * s.behind.mean))
    labels = [shorten(s.label, LABEL_WIDTH, placeholder=" ...") for s in rows]
    wide = max(len(label) for label in labels)
    lines = [f"  {'':<{wide}}{'mean':>12}{'against it':>20}{'repl.':>7}"]
    for label, s in zip(labels, rows, strict=True):
        best = s.label == asked.labels[found.best]
        decimals = decimals_of(s.estimate.mean * asked.factor, s.estimate.half_width * asked.factor)
        mean = plain(s.estimate.mean * asked.factor, decimals)
        against = "" if best else _signed(s.behind, asked.factor)
        lines.append(f"  {label:<{wide}}{mean:>12}{against:>20}{s.replications:>7}  {s.fate}".rstrip())
    return lines


def verdict(found: Selection, asked: Asked) -> list[str]:
    """Return what follows, in sentences: who was selected, what is guaranteed, and what is estimated."""
    rules, name = found.rules, measure_words(asked.measure)
    best, k = asked.labels[found.best], len(asked.labels)
    zone = _zone(found, asked)
    approximate = f"{APPROXIMATE.capitalize()} (that none is ahead of it{f' by more than {zone}' if zone else ''})"
    approximate = f"{approximate}: {percent(found.probability)}, estimated, not guaranteed."
    if not found.complete:
        return [f"Interrupted: {best} leads in {name}.", approximate]
    if rules.procedure == "OCBA":
        saved = (rules.budget or 0) - found.played
        unspent = [f"{saved:,} replications of the budget were not needed."] if saved > 0 else []
        words = f"{best} is selected in {name}, after {found.played:,} replications in all."
        return [words, f"{approximate} A budget gives no guarantee; --delta does.", *unspent]
    if not found.guaranteed:
        others = ", ".join(asked.labels[s] for s in found.left if s != found.best)
        return [
            f"{best} leads in {name}, but after {rules.at_most:,} replications it is not told apart from {others}.",
            approximate,
            "Nothing is guaranteed: raise --at-most, or --delta if such a difference does not matter.",
        ]
    sure = f"{rules.confidence * 100:g} %"
    return [
        f"{best} is selected in {name} among {k}, after {found.played:,} replications in all.",
        f"Guaranteed, where differences are near normal: a scenario that is ahead of all others by {zone} or more is "
        f"selected with a probability of at least {sure}. Of scenarios that are nearer to one another than that, any "
        "may have been taken.",
        *_skewed_words(found, asked),
        approximate,
    ]


def _skewed_words(found: Selection, asked: Asked) -> list[str]:
    """Say whose differences to the selected one are so skewed that the guarantee may not hold."""
    skewed = skewed_differences(found.values, selected=found.best)
    if not skewed:
        return []
    worst = max(skewed, key=lambda s: abs(skewed[s]))
    others = f" and of {len(skewed) - 1} more" if len(skewed) > 1 else ""
    told = f"Its differences to {asked.labels[worst]}{others} are skewed ({skewed[worst]:+.1f}), not near normal"
    return [f"{told}: the guarantee may hold less often than it says; a larger --first makes it safer."]


def _zone(found: Selection, asked: Asked) -> str:
    if found.rules.indifference == 0:
        return ""
    value = found.rules.indifference * asked.factor
    return f"{value:,.10g} {asked.unit.replace('%', 'points')}".rstrip()


def _signed(change: Interval, factor: float) -> str:
    mean, half = change.mean * factor, change.half_width * factor
    if not math.isfinite(mean):
        return ABSENT
    decimals = decimals_of(mean, half)
    shown = plain(mean, decimals)
    return f"{shown if shown.startswith('-') or mean == 0 else f'+{shown}'} ± {plain(half, decimals)}"


def selection_frame(found: Selection, asked: Asked) -> pd.DataFrame:
    """Return a row for each system, in the measure's own unit over the measured window."""
    import pandas as pd

    unit = MEASURES[asked.measure].unit.replace("money", asked.currency)
    rows = [
        (s.label, asked.measure, unit, s.estimate.mean, s.estimate.half_width, s.behind.mean, s.behind.half_width,
         s.behind.n, s.replications, looked, s.fate)
        for s, looked in zip(standings(found, asked), found.looked_at, strict=True)
    ]  # fmt: skip
    names = ["scenario", "measure", "unit", "mean", "half_width", "difference_to_selected", "difference_half_width"]
    return pd.DataFrame(rows, columns=[*names, "n_of_difference", "replications", "replications_decisive", "fate"])


def values_frame(found: Selection, asked: Asked) -> pd.DataFrame:
    """Return every value: scenario, replication, measure, value."""
    import pandas as pd

    rows = [
        (label, r, asked.measure, value)
        for label, values in zip(asked.labels, found.values, strict=True)
        for r, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["scenario", "replication", "measure", "value"])


def selection_object(found: Selection, asked: Asked, *, seed: int) -> dict[str, Any]:
    """Return a selection as one JSON object, values in the measure's own unit; what is not defined is null."""
    rules = found.rules
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "measure": asked.measure,
        "direction": rules.direction,
        "procedure": rules.procedure,
        "confidence": rules.confidence,
        "indifference": rules.indifference,
        "budget": rules.budget,
        "complete": found.complete,
        "selected": asked.labels[found.best],
        "guaranteed": found.guaranteed,
        "approximate_probability_of_correct_selection": found.probability,
        "replications": found.played,
        "stages": [{"stage": name, "left": left, "replications": plays} for name, left, plays in stages(found)],
        "left": [asked.labels[s] for s in found.left],
        "verdict": verdict(found, asked),
        "scenarios": [
            {
                "scenario": s.label,
                "mean": _or_null(s.estimate.mean),
                "half_width": _or_null(s.estimate.half_width),
                "difference_to_selected": _or_null(s.behind.mean),
                "difference_half_width": _or_null(s.behind.half_width),
                "replications": s.replications,
                "fate": s.fate,
            }
            for s in standings(found, asked)
        ],
    }


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None
