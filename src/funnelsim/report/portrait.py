"""What the figures and tables of a run need of each replication, small enough to travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from funnelsim.calendar import HOUR_MS
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Wish
from funnelsim.lab.play import Played, draw, play
from funnelsim.metrics.breakdown import by_channel, by_month, by_offer, by_tier, speed_to_lead_sample
from funnelsim.metrics.evidence import Evidence, gather
from funnelsim.metrics.tables import Table
from funnelsim.metrics.week import hourly
from funnelsim.records import Float64, Tier
from funnelsim.roster import build_agreement


@dataclass(frozen=True, slots=True, eq=False)
class TierWaits:
    """Waits for the first touch, on the clock of the tier's term."""

    hours: Float64  # (m,) of the handovers touched
    handovers: int  # all whose term can be judged


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """One replication as its measures and what else is shown."""

    measures: dict[str, float]
    segments: dict[str, Table]  # by channel, offer and tier
    months: Table
    week: dict[str, Table]  # by role, 168 hours of the local week
    waits: tuple[TierWaits, ...]  # by tier


def portray(scenario: Scenario, replication: int, *, engine: Engine | Wish = "auto") -> Portrait:
    """Return the portrait of one replication. Other processes import this by name."""
    return portrait_of(play(scenario, draw(scenario, replication), engine=engine))


def portrait_of(played: Played) -> Portrait:
    """Return the portrait of a replication that was played."""
    evidence = gather(played.leads, played.outcomes, played.touches, played.scenario)
    records = (played.leads, played.outcomes, played.touches, played.roster, played.scenario)
    segments = {"channel": by_channel, "offer": by_offer, "tier": by_tier}
    return Portrait(
        measures=played.summary(evidence=evidence),
        segments={name: by(*records, evidence=evidence) for name, by in segments.items()},
        months=by_month(played.leads, played.outcomes, played.scenario),
        week=hourly(played.touches, played.roster, played.scenario),
        waits=_waits(played, evidence),
    )


def to_plain(portrait: Portrait) -> dict[str, Any]:
    """Return a portrait as JSON values, from which `from_plain` makes its equal, to the bit."""
    return {
        "measures": portrait.measures,
        "segments": {name: _plain_table(table) for name, table in portrait.segments.items()},
        "months": _plain_table(portrait.months),
        "week": {name: _plain_table(table) for name, table in portrait.week.items()},
        "waits": [{"hours": w.hours.tolist(), "handovers": w.handovers} for w in portrait.waits],
    }


def from_plain(plain: Mapping[str, Any]) -> Portrait:
    """Return the portrait that `to_plain` made JSON values of.

    Raises:
        KeyError, TypeError, ValueError: where they are of something else.
    """
    return Portrait(
        measures={name: float(value) for name, value in plain["measures"].items()},
        segments={name: _table(table) for name, table in plain["segments"].items()},
        months=_table(plain["months"]),
        week={name: _table(table) for name, table in plain["week"].items()},
        waits=tuple(
            TierWaits(hours=np.array(w["hours"], dtype=np.float64), handovers=int(w["handovers"]))
            for w in plain["waits"]
        ),
    )


def _plain_table(table: Table) -> dict[str, Any]:
    return {
        name: list(column) if isinstance(column, tuple) else {"dtype": str(column.dtype), "values": column.tolist()}
        for name, column in table.items()
    }


def _table(plain: Mapping[str, Any]) -> Table:
    return {
        name: tuple(column) if isinstance(column, list) else np.array(column["values"], dtype=column["dtype"])
        for name, column in plain.items()
    }


def _waits(played: Played, evidence: Evidence) -> tuple[TierWaits, ...]:
    """Return the waits behind the attainment of the first touch: at most the term exactly where it was kept."""
    sample = speed_to_lead_sample(
        played.leads, played.outcomes, played.touches, played.roster, played.scenario, evidence=evidence
    )
    tiers, judged, touched, kept = (np.asarray(sample[name]) for name in ("tier", "judged", "touched", "kept"))
    agreement = build_agreement(played.scenario, played.roster)
    found = []
    for tier in Tier:
        term_hours = agreement.tiers[tier].first_touch.ms / HOUR_MS
        mine = judged & (tiers == tier.name)
        here = mine & touched
        hours = np.maximum(np.asarray(sample["term_hours"], dtype=np.float64)[here], 0.0)
        # A touch after closing time is late though no open hour has passed since it was due.
        hours = np.where(kept[here], hours, np.maximum(hours, term_hours + 1 / HOUR_MS))
        found.append(TierWaits(hours=hours, handovers=int(np.count_nonzero(mine))))
    return tuple(found)
