"""The market: who comes, when, how ready, how reachable, and what a deal is worth. Nothing here can be chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from funnelsim.config.demand import Burst, Channel, Firmographic, Offer, Shape
from funnelsim.config.durations import Duration
from funnelsim.config.kinds import (
    CalendarDuration,
    Length,
    Mix,
    NonNegative,
    PositiveDuration,
    Share,
    calendar_clock,
    length,
    positive,
)
from funnelsim.config.paper import Broken, Paper, binds, field
from funnelsim.config.prospects import Deal, Effort, Engagement, Fit, Journey, NurtureResponse, Reach, Temper
from funnelsim.config.suggest import did_you_mean

__all__ = [
    "Burst",
    "CalendarDuration",
    "Channel",
    "Deal",
    "Effort",
    "Engagement",
    "Firmographic",
    "Fit",
    "Journey",
    "Length",
    "Market",
    "Mix",
    "NonNegative",
    "NurtureResponse",
    "Offer",
    "PositiveDuration",
    "Reach",
    "Shape",
    "Share",
    "Temper",
    "calendar_clock",
    "length",
    "positive",
]


class Market(Paper):
    """Everything about the prospects."""

    channels: Annotated[dict[str, Channel], Field(min_length=1)] = field(..., "", "Sources of leads, by name.")
    offers: Annotated[dict[str, Offer], Field(min_length=1)] = field(..., "", "Offers, by name.")
    shape: Shape = field(None, "", "Shape of demand of channels that have none of their own.", factory=Shape)
    firmographics: dict[str, Firmographic] = field(
        None, "", "Observed attributes, by name (size, industry, region, persona, ...).", factory=dict
    )
    fit: Fit = field(None, "", "True fit.", factory=Fit)
    journey: Journey = field(None, "", "The buyer's journey.", factory=Journey)
    engagement: Engagement = field(None, "", "Engagement after creation.", factory=Engagement)
    nurture: NurtureResponse = field(None, "", "Answers to nurture sends.", factory=NurtureResponse)
    reach: Reach = field(None, "", "Reach.", factory=Reach)
    effort: Effort = field(None, "", "Lengths of work.", factory=Effort)
    temper: Temper = field(None, "", "Annoyance, fatigue, errors.", factory=Temper)
    deal: Deal = field(None, "", "Opportunities and deals.", factory=Deal)
    duplicate_share: Share = field(0.05, "share", "Share of leads that are somebody already there.", source="assumed")
    leads_per_account: float = field(
        1.3, "leads", "Mean number of leads that share an account.", ge=1.0, source="assumed"
    )
    sync_latency: CalendarDuration = field(
        Duration(0, "min"), "duration", "From the qualifying event to the handover in the CRM."
    )
    sync_delay: Length | None = field(
        None,
        "duration",
        "Random time added to `sync_latency`, one for each lead: until somebody sees it and hands it over.",
    )
    sync_clock: Literal["calendar", "business"] = field(
        "calendar",
        "",
        "Whether `sync_latency` and `sync_delay` run all the time, or only while anybody of the touching role is open.",
    )

    unnoticed_share: Share = field(
        0.0, "share", "Share of leads that nobody ever notices: they qualify, and are never handed over."
    )

    @binds("channels.*.offers", "offers.*")
    def _known_offers(self) -> Iterator[Broken]:
        for name, channel in self.channels.items():
            for offer in channel.offers:
                if offer not in self.offers:
                    yield Broken(
                        f"channels.{name}.offers.{offer}",
                        f"market.offers lacks this offer (it has {', '.join(self.offers)})",
                        did_you_mean(offer, self.offers),
                        reads=(f"channels.{name}.offers", "offers.*"),
                    )

    @binds("channels.*.firmographics", "firmographics.*", "firmographics.*.mix")
    def _known_categories(self) -> Iterator[Broken]:
        for name, channel in self.channels.items():
            for attribute, mix in channel.firmographics.items():
                key = f"channels.{name}.firmographics.{attribute}"
                if attribute not in self.firmographics:
                    yield Broken(
                        key, "market.firmographics lacks this attribute", did_you_mean(attribute, self.firmographics)
                    )
                    continue
                known = self.firmographics[attribute].mix
                for category in mix:
                    if category not in known:
                        yield Broken(
                            f"{key}.{category}",
                            f"market.firmographics.{attribute} lacks this category (it has {', '.join(known)})",
                            did_you_mean(category, known),
                        )

    def activities(self) -> tuple[str, ...]:
        """Return the names of all activities in a fixed order (their index is the code in `Leads`)."""
        names = ["created", "visit"]
        for name in (*self.engagement.mix_ready, *self.engagement.mix_otherwise, self.nurture.activity):
            if name not in names:
                names.append(name)
        return tuple(names)
