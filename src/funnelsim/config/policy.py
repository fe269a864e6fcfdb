"""The policy: everything that can be chosen, and so everything that can be searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from funnelsim.config.durations import Duration
from funnelsim.config.kinds import CalendarDuration, NonNegative, PositiveDuration, TermDuration
from funnelsim.config.paper import Broken, Paper, binds, field

Touch = Literal["call", "email"]


SHIPPED_ACTIVITY_POINTS = {"visit": 3.0, "click": 4.0, "content": 6.0, "webinar": 10.0, "pricing": 15.0, "trial": 40.0}
"""Points of the default scoring; a market may lack some of these activities."""


class PointsCap(Paper):
    """A group of activities whose points count only up to a cap."""

    activities: Annotated[list[str], Field(min_length=1)] = field(..., "", "Activities of the group.")
    cap: NonNegative = field(..., "points", "Most points that the group can give.")


class Scoring(Paper):
    """Points, decay and the rule that makes a lead an MQL."""

    rule: Literal["and", "sum", "or", "event"] = field(
        "sum",
        "",
        "and / or: the fit and intent cutoffs; sum: fit plus intent against cutoff; "
        "event: one of trigger_activities or trigger_offers.",
    )
    cutoff: float = field(40.0, "points", "MQL threshold of the rule sum.", source="assumed")
    fit_cutoff: float = field(20.0, "points", "Fit cutoff of the rules and, or.", source="assumed")
    intent_cutoff: float = field(20.0, "points", "Intent cutoff of the rules and, or.", source="assumed")
    trigger_activities: list[str] = field(
        None, "", "Activities that qualify under the rule event.", factory=lambda: ["pricing", "trial"]
    )
    trigger_offers: list[str] = field(None, "", "Offers that qualify at creation under the rule event.", factory=list)
    fit_weight: float = field(1.0, "points/point", "Points per point of observed fit.")
    intent_weight: float = field(1.0, "points/point", "Points per point of declared intent.")
    firmographic_points: dict[str, dict[str, float]] = field(
        None, "points", "Points by attribute and category; may be negative.", factory=dict
    )
    offer_points: dict[str, float] = field(None, "points", "Points for the offer, at creation.", factory=dict)
    activity_points: dict[str, float] = field(
        None,
        "points",
        "Points by activity; may be negative.",
        factory=SHIPPED_ACTIVITY_POINTS.copy,
        source="assumed",
    )
    group_caps: dict[str, PointsCap] = field(None, "", "Caps on groups of activities, by name.", factory=dict)
    fit_cap: float | None = field(None, "points", "Most points that fit can give.")
    intent_cap: float | None = field(80.0, "points", "Most points that intent can give.", source="assumed")
    decay: Literal["none", "half_life", "window"] = field("half_life", "", "How old activity loses its points.")
    half_life: PositiveDuration = field(Duration(21, "d"), "duration", "Time in which points halve.", source="assumed")
    window: PositiveDuration = field(
        Duration(90, "d"), "duration", "Time after which points are gone.", source="assumed"
    )
    fast_lane: bool = field(False, "", "Hand-raisers qualify at creation, in tier A, whatever their score.")
    tier_a_above: NonNegative = field(
        20.0, "points", "Tier A: total at least this far above the threshold.", source="assumed"
    )
    tier_b_above: NonNegative = field(10.0, "points", "Tier B: at least this far above.", source="assumed")
    grade_fit: Annotated[list[float], Field(min_length=2, max_length=2)] = field(
        None, "points", "Fit from which the grade is B, and A.", factory=lambda: [15.0, 25.0], source="assumed"
    )
    grade_intent: Annotated[list[float], Field(min_length=2, max_length=2)] = field(
        None, "points", "Intent from which the grade is 2, and 1.", factory=lambda: [15.0, 40.0], source="assumed"
    )

    @binds("tier_a_above", "tier_b_above")
    def _tiers_in_order(self) -> Iterator[Broken]:
        if self.tier_b_above > self.tier_a_above:
            yield Broken(
                "tier_b_above", f"must not exceed tier_a_above, got {self.tier_b_above:g} and {self.tier_a_above:g}"
            )

    @binds("grade_fit")
    def _fit_grades_rise(self) -> Iterator[Broken]:
        if self.grade_fit[0] > self.grade_fit[1]:
            yield Broken("grade_fit", f"must rise, got {self.grade_fit}")

    @binds("grade_intent")
    def _intent_grades_rise(self) -> Iterator[Broken]:
        if self.grade_intent[0] > self.grade_intent[1]:
            yield Broken("grade_intent", f"must rise, got {self.grade_intent}")

    @binds("group_caps.*.activities")
    def _one_group_each(self) -> Iterator[Broken]:
        group_of: dict[str, str] = {}
        for group, cap in self.group_caps.items():
            for activity in cap.activities:
                if activity in group_of:
                    yield Broken(
                        f"group_caps.{group}.activities",
                        f"names '{activity}', which is in group '{group_of[activity]}' already; one group each",
                    )
                group_of.setdefault(activity, group)


class TermsOverride(Paper):
    """Terms of one tier that differ from the common ones."""

    first_touch: TermDuration | None = field(None, "duration", "See policy.sla.first_touch.")
    later_touch: TermDuration | None = field(None, "duration", "See policy.sla.later_touch.")
    attempts: int | None = field(None, "attempts", "See policy.sla.attempts.", ge=1, le=60)
    gap: Duration | None = field(None, "duration", "See policy.sla.gap.")
    gaps: list[Duration] | None = field(None, "duration", "See policy.sla.gaps.")
    touches: list[Touch] | None = field(None, "", "See policy.sla.touches.", min_length=1)
    preparation: CalendarDuration | None = field(None, "duration", "See policy.sla.preparation.")
    earliest_touch: Duration | None = field(None, "duration", "See policy.sla.earliest_touch.")
    window: TermDuration | None = field(None, "duration", "See policy.sla.window.")


class Terms(Paper):
    """What sales owes each lead; A, B and C may differ from the common terms."""

    first_touch: TermDuration = field(
        Duration(8, "h", business=True), "duration", "First touch within this.", source="assumed"
    )
    later_touch: TermDuration = field(
        Duration(1, "d", business=True),
        "duration",
        "Each later touch within this after it falls due.",
        source="assumed",
    )
    attempts: int = field(
        6,
        "attempts",
        "Attempts for one handover.",
        ge=1,
        le=60,
        source="six calls reach 93 % of those ever reached (Velocify)",
    )
    gap: Duration = field(Duration(48, "h"), "duration", "From the end of an attempt to the next.", source="assumed")
    gaps: list[Duration] = field(None, "duration", "Gaps one by one, the last repeated; gap where empty.", factory=list)
    touches: Annotated[list[Touch], Field(min_length=1)] = field(
        None, "", "Channel of each attempt, the last repeated.", factory=lambda: ["call"]
    )
    preparation: CalendarDuration = field(
        Duration(12, "min"), "duration", "Preparation before an owner's first touch.", source="assumed"
    )
    earliest_touch: Duration = field(Duration(0, "min"), "duration", "No touch before this after interest.")
    window: TermDuration = field(
        Duration(21, "d"), "duration", "Time to work the lead before it is taken back.", source="assumed"
    )
    A: TermsOverride = field(None, "", "Terms of tier A.", factory=TermsOverride)
    B: TermsOverride = field(None, "", "Terms of tier B.", factory=TermsOverride)
    C: TermsOverride = field(None, "", "Terms of tier C.", factory=TermsOverride)

    def of_tier(self, tier: Literal["A", "B", "C"]) -> Terms:
        """Return the common terms with those of `tier` laid over them."""
        own = getattr(self, tier)
        changes = {name: getattr(own, name) for name in TermsOverride.model_fields if getattr(own, name) is not None}
        if "gap" in changes and "gaps" not in changes:
            changes["gaps"] = []
        return self.model_copy(update=changes)


class Marketing(Paper):
    """Marketing's terms."""

    nurture_every: int = field(
        2,
        "sends",
        "Use every n-th nurture send of market.nurture.finest_pace; 0 = none.",
        ge=0,
        le=52,
        source="assumed",
    )
    quality_floor: float | None = field(None, "points", "No lead with less fit than this is handed over.")


class Order(Paper):
    """In which order a rep works the list."""

    work: Literal["deadline", "tier", "fifo", "lifo", "score"] = field("deadline", "", "Key within a class of work.")
    first_before_later: bool = field(True, "", "First touches come before later ones; off: one class.")


class Routing(Paper):
    """Who gets a lead."""

    method: Literal["pool", "round_robin", "weighted", "least_loaded", "segment"] = field(
        "round_robin", "", "pool: any rep does any touch; else an owner keeps the lead."
    )
    segment_by: str | None = field(None, "", "Firmographic attribute that segment routing goes by, such as region.")
    recycles: int = field(0, "times", "How often a lead goes to another rep at the end of its window.", ge=0, le=10)
    on_breach: Literal["none", "escalate", "reassign"] = field("none", "", "What happens to a task not begun when due.")


class Meetings(Paper):
    """How meetings are booked."""

    slot: CalendarDuration = field(
        Duration(30, "min"), "duration", "Grid of bookings, and longest piece of deal work.", source="assumed"
    )
    notice: Duration = field(
        Duration(4, "h"), "duration", "A meeting is booked at least this far ahead.", source="assumed"
    )
    rebookings: int = field(
        1, "times", "How often a meeting that nobody attended is booked again, in all.", ge=0, le=10, source="assumed"
    )
    accept_within: TermDuration | None = field(
        None, "duration", "An SQL not met within this goes to the earliest free closer, once."
    )
    book_ahead: TermDuration = field(
        Duration(14, "d"), "duration", "How far ahead a lead can book for itself.", source="assumed"
    )

    @binds("slot")
    def _some_slot(self) -> Iterator[Broken]:
        if self.slot.ms() < 1:
            yield Broken("slot", f"must be at least 1ms, got {self.slot}")


LIFECYCLES: dict[str, dict[str, Any]] = {
    "six_stage": {"handed_over": "scored", "qualifying_talk": True},
    "no_sql": {"handed_over": "scored", "qualifying_talk": False},
    "three_stage": {"handed_over": "every_lead", "qualifying_talk": True},
    "booked_meeting": {"handed_over": "booked", "qualifying_talk": True, "self_scheduling": True},
}
"""The four lifecycles as sets of policy values; a field that the file gives itself stays as given."""


class Policy(Paper):
    """What the two teams agree, and how they work."""

    lifecycle: Literal["six_stage", "no_sql", "three_stage", "booked_meeting"] = field(
        "six_stage", "", "A set of values for handed_over, qualifying_talk and self_scheduling."
    )
    handed_over: Literal["scored", "every_lead", "booked"] = field(
        "scored",
        "",
        "Who goes to sales: leads that the rule qualifies, every lead at creation, or those that booked a meeting.",
    )
    qualifying_talk: bool = field(
        True, "", "The first talk qualifies (SQL stage); off: whoever is reached gets a meeting."
    )
    self_scheduling: bool = field(False, "", "Leads may book a meeting themselves at creation.")
    deduplication: bool = field(True, "", "Duplicates are merged at creation.")
    callbacks: bool = field(True, "", "Call-backs are diarised.")
    scoring: Scoring = field(None, "", "Scoring.", factory=Scoring)
    sla: Terms = field(None, "", "Sales' terms.", factory=Terms)
    marketing: Marketing = field(None, "", "Marketing's terms.", factory=Marketing)
    order: Order = field(None, "", "Order of work.", factory=Order)
    routing: Routing = field(None, "", "Routing, recycling, breaches.", factory=Routing)
    meetings: Meetings = field(None, "", "Meetings.", factory=Meetings)
    after_attempts: Literal["nurture", "close"] = field(
        "nurture", "", "What becomes of a lead whose attempts are used up."
    )
    cool_off: CalendarDuration = field(
        Duration(30, "d"), "duration", "Time in nurture before a lead can qualify again.", source="assumed"
    )
    headcount: dict[str, Annotated[int, Field(ge=1, le=10_000)]] = field(
        None, "reps", "Reps by role; team.reps as listed where absent.", factory=dict
    )

    @model_validator(mode="before")
    @classmethod
    def _lifecycle(cls, data: Any) -> Any:
        if isinstance(data, dict):
            preset = LIFECYCLES.get(data.get("lifecycle", "six_stage"), {})
            return {**preset, **data}
        return data
