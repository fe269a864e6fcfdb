"""Demand: who comes, through which channels, when, and with which offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from funnelsim.config.durations import Duration
from funnelsim.config.kinds import CalendarDuration, Date, Length, Mix, NonNegative, Share, length
from funnelsim.config.paper import Broken, Paper, binds, field
from funnelsim.config.suggest import did_you_mean


class Shape(Paper):
    """How demand varies over the week, the year and the years; every set of weights is scaled to a mean of one."""

    weekday_weights: Annotated[list[NonNegative], Field(min_length=7, max_length=7)] = field(
        None, "relative", "Weight of each weekday, Monday first.", factory=lambda: [1.0] * 7
    )
    hour_weights: Annotated[list[NonNegative], Field(min_length=24, max_length=24)] = field(
        None, "relative", "Weight of each hour of the day, local time, from 0-1 h.", factory=lambda: [1.0] * 24
    )
    month_weights: Annotated[list[NonNegative], Field(min_length=12, max_length=12)] = field(
        None, "relative", "Weight of each month, January first (the season).", factory=lambda: [1.0] * 12
    )
    trend_per_year: float = field(0.0, "share a year", "Growth of demand a year, compounded from run.start.", gt=-1.0)

    @binds("weekday_weights")
    def _some_weekday(self) -> Iterator[Broken]:
        yield from self._some_weight("weekday_weights")

    @binds("hour_weights")
    def _some_hour(self) -> Iterator[Broken]:
        yield from self._some_weight("hour_weights")

    @binds("month_weights")
    def _some_month(self) -> Iterator[Broken]:
        yield from self._some_weight("month_weights")

    def _some_weight(self, name: str) -> Iterator[Broken]:
        if sum(getattr(self, name)) <= 0:
            yield Broken(name, "at least one weight must be > 0")


class Burst(Paper):
    """A campaign or a fair: demand multiplied on given days."""

    date: Date = field(..., "date", "First day.")
    days: int = field(1, "days", "How many days it lasts.", ge=1)
    multiplier: NonNegative = field(..., "ratio", "Demand on those days, relative to an ordinary one.")


class Channel(Paper):
    """One source of leads."""

    visitors_per_day: NonNegative = field(..., "visitors/day", "Mean visitors a day, before shape, season and bursts.")
    visit_to_lead: Share = field(0.03, "share", "Share of visitors who become leads.", source="assumed")
    spend_per_month: NonNegative = field(
        0.0, "money/month", "Marketing spend on this channel in a month of 30.4375 days."
    )
    offers: Mix = field(..., "shares", "What made them leads: a share for each offer of market.offers.")
    shape: Shape | None = field(None, "", "This channel's own shape; market.shape where absent.")
    bursts: list[Burst] = field(None, "", "Dated bursts of this channel.", factory=list)
    firmographics: dict[str, Mix] = field(
        None, "shares", "Mixes that differ from market.firmographics, by attribute.", factory=dict
    )
    able_shift: float = field(0.0, "log-odds", "Added to the log-odds that a lead of this channel can buy at all.")
    ready_multiplier: NonNegative = field(1.0, "ratio", "Multiplies the shares ready at arrival and ready later.")
    reach_shift: float = field(0.0, "log-odds", "Added to the reachability of this channel's leads.")
    win_multiplier: NonNegative = field(1.0, "ratio", "Multiplies the win rate of this channel's leads.")
    value_multiplier: NonNegative = field(1.0, "ratio", "Multiplies the deal value of this channel's leads.")


class Offer(Paper):
    """What made somebody a lead, and what that says of the buyer's journey."""

    hand_raise: bool = field(False, "", "A demo, pricing or call request: may use the fast lane.")
    ready_at_arrival: Share = field(
        0.03,
        "share",
        "Share that would buy now.",
        source="3 % of buyers are ready to buy now (smarketing articles, see docs)",
    )
    ready_later: Share = field(0.2, "share", "Share that becomes ready later.", source="assumed")
    ready_lag: Length = field(
        None,
        "duration",
        "Time until those become ready.",
        factory=lambda: length("lognormal", median="60d", sigma=0.7),
        source="assumed",
    )
    too_soon_mean: CalendarDuration = field(
        Duration(0, "min"), "duration", "Mean time before which a call annoys (exponential); 0 for hand-raisers."
    )
    self_books_share: Share = field(
        0.0, "share", "Share that books its own meeting where self-scheduling is on.", source="assumed"
    )
    anonymous_visits_mean: NonNegative = field(
        0.0, "visits", "Mean visits before the form was filled in (Poisson); they count at creation."
    )

    @binds("hand_raise", "too_soon_mean")
    def _asked_for(self) -> Iterator[Broken]:
        if self.hand_raise and self.too_soon_mean.amount > 0:
            yield Broken("too_soon_mean", f"must be 0 for hand-raisers, who ask to be called, got {self.too_soon_mean}")

    @binds("ready_at_arrival", "ready_later")
    def _shares(self) -> Iterator[Broken]:
        if self.ready_at_arrival + self.ready_later > 1.0 + 1e-9:
            yield Broken(
                "ready_later",
                f"must not exceed 1 with ready_at_arrival, got {self.ready_later:g} and {self.ready_at_arrival:g}",
            )


class Firmographic(Paper):
    """One observed attribute of a lead, such as size, industry, region or persona."""

    mix: Mix = field(..., "shares", "Share of each category.")
    fit: dict[str, float] = field(
        None, "sd", "Effect of a category on the lead's true fit, in standard deviations.", factory=dict
    )

    @binds("fit", "mix")
    def _known(self) -> Iterator[Broken]:
        for category in self.fit:
            if category not in self.mix:
                yield Broken(f"fit.{category}", "the mix lacks this category", did_you_mean(category, self.mix))
