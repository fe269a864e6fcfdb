"""Rules that bind several tables of a scenario together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Literal

from funnelsim.config.durations import MINUTE_MS
from funnelsim.config.paper import Broken, Check
from funnelsim.config.suggest import did_you_mean
from funnelsim.config.team import longest_shift_minutes

if TYPE_CHECKING:
    from funnelsim.config.scenario import Scenario

REDIAL_MS = 15 * MINUTE_MS
WORKDAY_MS = 8 * 60 * MINUTE_MS
MOST_LEADS = 20_000_000
"""Leads of one replication that a large machine's memory holds."""
MOST_PIECES = 1_000
"""Pieces of deal work of a lead, on average; the engines tell 65,535 of one lead apart."""
TIERS: tuple[Literal["A", "B", "C"], ...] = ("A", "B", "C")

_RULES: list[tuple[tuple[str, ...], Check]] = []


def _reads(*keys: str) -> Callable[[Check], Check]:
    """Register a rule between tables and name the keys that it reads ("*" for any one name)."""

    def register(check: Check) -> Check:
        _RULES.append((keys, check))
        return check

    return register


def cross_faults(scenario: Scenario) -> list[Broken]:
    """Return every rule between tables that `scenario` breaks, each with the keys that it reads."""
    return [
        Broken(broken.key, broken.rule, broken.suggestion, reads)
        for reads, check in _RULES
        for broken in check(scenario)
    ]


@_reads("policy.sla.attempts", "policy.sla.*.attempts", "policy.routing.recycles", "run.max_touches")
def _touches_suffice(s: Scenario) -> Iterator[Broken]:
    terms = {tier: s.policy.sla.of_tier(tier) for tier in TIERS}
    tier = max(TIERS, key=lambda tier: terms[tier].attempts)  # the first of equals
    most = terms[tier].attempts
    spells = 1 + s.policy.routing.recycles
    if most * spells > s.run.max_touches:
        yield Broken(
            "run.max_touches",
            f"must be at least attempts x (1 + recycles), in tier {tier} {most} x {spells} = {most * spells}, "
            f"got {s.run.max_touches}",
        )


@_reads(
    "policy.sla.attempts",
    "policy.sla.*.attempts",
    "policy.sla.gap",
    "policy.sla.gaps",
    "policy.sla.*.gap",
    "policy.sla.*.gaps",
    "oracle",
)
def _no_redials(s: Scenario) -> Iterator[Broken]:
    if s.oracle:
        return
    told = set()
    for tier in TIERS:
        terms, own = s.policy.sla.of_tier(tier), getattr(s.policy.sla, tier)
        table = "policy.sla" if own.gap is None and own.gaps is None else f"policy.sla.{tier}"
        short = [gap for gap in terms.gaps or [terms.gap] if gap.ms(WORKDAY_MS) < REDIAL_MS]
        if short and terms.attempts > 1 and table not in told:
            told.add(table)
            key = f"{table}.gaps" if terms.gaps else f"{table}.gap"
            yield Broken(key, f"must be at least 15min (a redial is one attempt), got {short[0]}")


@_reads("market.deal.meetings", "market.deal.closes_by", "policy.meetings.rebookings", "run.max_meetings")
def _meetings_suffice(s: Scenario) -> Iterator[Broken]:
    needed = len(s.market.deal.meetings) - 1 + s.policy.meetings.rebookings + 1
    if s.market.deal.closes_by == "meetings" and needed > s.run.max_meetings:
        yield Broken(
            "run.max_meetings",
            f"must be at least opportunity meetings + rebookings + 1 = {needed}, got {s.run.max_meetings}",
        )


@_reads("market.effort.deal_work", "policy.meetings.slot", "run.max_meetings")
def _not_too_many_pieces(s: Scenario) -> Iterator[Broken]:
    mean, slot = s.market.effort.deal_work.mean_ms(), max(s.policy.meetings.slot.ms(), 1)
    pieces = s.run.max_meetings * (mean / slot)
    if pieces > MOST_PIECES:
        yield Broken(
            "policy.meetings.slot",
            f"cuts the work of a deal (market.effort.deal_work, at most {s.run.max_meetings} times) into about "
            f"{pieces:,.0f} pieces, at most {MOST_PIECES:,} can be; got {s.policy.meetings.slot}",
        )


@_reads("run.standard.days", "run.horizon_days", "run.followup_days")
def _something_is_judged(s: Scenario) -> Iterator[Broken]:
    if s.run.standard.days > s.run.horizon_days + s.run.followup_days:
        yield Broken(
            "run.standard.days",
            f"must not exceed horizon and follow-up together, {s.run.horizon_days} + {s.run.followup_days} days, "
            f"got {s.run.standard.days:g}",
        )


@_reads(
    "market.channels.*.visitors_per_day",
    "market.channels.*.visit_to_lead",
    "run.warmup_days",
    "run.horizon_days",
    "run.followup_days",
)
def _not_too_many_leads(s: Scenario) -> Iterator[Broken]:
    leads = s.run.days * sum(c.visitors_per_day * c.visit_to_lead for c in s.market.channels.values())
    if leads > MOST_LEADS:
        yield Broken(
            "market.channels",
            f"about {leads:.3g} leads are expected in {s.run.days} days, at most {MOST_LEADS:,} can be",
        )


def _unknown(key: str, name: str, known: Collection[str], where: str) -> Broken:
    names = ", ".join(known) if known else "none"
    return Broken(key, f"{where} lacks '{name}' (it has {names})", did_you_mean(name, known))


@_reads(
    "policy.scoring.activity_points",
    "policy.scoring.trigger_activities",
    "policy.scoring.rule",
    "policy.scoring.group_caps.*.activities",
    "market.engagement.mix_ready",
    "market.engagement.mix_otherwise",
    "market.nurture.activity",
)
def _activities(s: Scenario) -> Iterator[Broken]:
    from funnelsim.config.policy import SHIPPED_ACTIVITY_POINTS

    scoring, known = s.policy.scoring, s.market.activities()
    for name in scoring.activity_points:
        # A market may lack some of the activities for which points are shipped.
        if name not in known and name not in SHIPPED_ACTIVITY_POINTS:
            yield _unknown(f"policy.scoring.activity_points.{name}", name, known, "the market")
    for name in scoring.trigger_activities if scoring.rule == "event" else ():
        if name not in known:
            yield _unknown("policy.scoring.trigger_activities", name, known, "the market")
    for group, cap in scoring.group_caps.items():
        for name in cap.activities:
            if name not in known and name not in SHIPPED_ACTIVITY_POINTS:
                yield _unknown(f"policy.scoring.group_caps.{group}.activities", name, known, "the market")


@_reads("policy.scoring.offer_points", "policy.scoring.trigger_offers", "market.offers.*")
def _offers(s: Scenario) -> Iterator[Broken]:
    for name in s.policy.scoring.offer_points:
        if name not in s.market.offers:
            yield _unknown(f"policy.scoring.offer_points.{name}", name, tuple(s.market.offers), "market.offers")
    for name in s.policy.scoring.trigger_offers:
        if name not in s.market.offers:
            yield _unknown("policy.scoring.trigger_offers", name, tuple(s.market.offers), "market.offers")


@_reads("policy.scoring.firmographic_points", "market.firmographics.*", "market.firmographics.*.mix")
def _firmographics(s: Scenario) -> Iterator[Broken]:
    for attribute, points in s.policy.scoring.firmographic_points.items():
        key = f"policy.scoring.firmographic_points.{attribute}"
        if attribute not in s.market.firmographics:
            yield _unknown(key, attribute, tuple(s.market.firmographics), "market.firmographics")
            continue
        known = tuple(s.market.firmographics[attribute].mix)
        for category in points:
            if category not in known:
                yield _unknown(f"{key}.{category}", category, known, f"market.firmographics.{attribute}")


@_reads(
    "policy.routing",
    "market.firmographics.*.mix",
    "team.reps.*.role",
    "team.reps.*.segments",
    "team.touch_role",
    "team.close_role",
)
def _segments(s: Scenario) -> Iterator[Broken]:
    attribute = s.policy.routing.segment_by
    if s.policy.routing.method != "segment":
        return
    if attribute is None:
        yield Broken("policy.routing.segment_by", "is required where method is 'segment'")
        return
    if attribute not in s.market.firmographics:
        yield _unknown("policy.routing.segment_by", attribute, tuple(s.market.firmographics), "market.firmographics")
        return
    known = tuple(s.market.firmographics[attribute].mix)
    for j, group in enumerate(s.team.reps):
        for category in group.segments:
            if category not in known:
                yield _unknown(f"team.reps.{j}.segments", category, known, f"market.firmographics.{attribute}")
    for role in sorted({s.team.touch_role, s.team.close_role}):
        groups = [group for group in s.team.reps if group.role == role]
        served = {category for group in groups for category in (group.segments or known)}
        unserved = [category for category in known if category not in served]
        if groups and unserved:
            yield Broken("team.reps", f"nobody of role '{role}' serves {', '.join(unserved)} of '{attribute}'")


@_reads("team.reps.*.role", "team.touch_role", "team.close_role", "policy.headcount")
def _roles(s: Scenario) -> Iterator[Broken]:
    used = sorted({s.team.touch_role, s.team.close_role})
    for j, group in enumerate(s.team.reps):
        if group.role not in used:
            yield Broken(
                f"team.reps.{j}.role",
                f"the role '{group.role}' has nothing to do, it is no touch_role or close_role ({', '.join(used)})",
                did_you_mean(group.role, used),
            )
    for role in s.policy.headcount:
        if role not in used:
            yield Broken(
                f"policy.headcount.{role}", f"no such role at work (roles: {', '.join(used)})", did_you_mean(role, used)
            )


@_reads("market.deal.closes_by", "policy.qualifying_talk", "policy.self_scheduling", "policy.lifecycle")
def _deals_without_meetings(s: Scenario) -> Iterator[Broken]:
    if s.market.deal.closes_by != "delay":
        return
    if not s.policy.qualifying_talk:
        yield Broken(
            "policy.qualifying_talk",
            "must be on where market.deal.closes_by is 'delay': without it a meeting tests the lead, and there is none",
        )
    if s.policy.self_scheduling:
        yield Broken(
            "policy.self_scheduling",
            "must be off where market.deal.closes_by is 'delay': there are no meetings to book",
        )


@_reads("policy.meetings.slot", "market.effort.meeting", "market.deal.closes_by", "team.reps", "team.close_role")
def _a_meeting_fits_into_a_shift(s: Scenario) -> Iterator[Broken]:
    """A meeting that fits into nobody's day would be booked for never, and look like a lead that is not wasted."""
    if s.market.deal.closes_by != "meetings":
        return
    slot = s.policy.meetings.slot.ms()
    reserved = -(-s.market.effort.meeting.mean_ms() // slot) * slot
    closers = [group for group in s.team.reps if group.role == s.team.close_role]
    shifts = [longest_shift_minutes(group.hours) * MINUTE_MS for group in closers]
    if shifts and reserved > min(shifts):
        yield Broken(
            "policy.meetings.slot",
            f"a meeting of {s.market.effort.meeting.mean_ms() / MINUTE_MS:g} min reserves whole slots, "
            f"{reserved / MINUTE_MS:g} min, which must fit into the longest shift of every closer, "
            f"{min(shifts) / MINUTE_MS:g} min",
        )


@_reads("policy.handed_over", "policy.self_scheduling", "policy.lifecycle")
def _bookings_need_the_switch(s: Scenario) -> Iterator[Broken]:
    if s.policy.handed_over == "booked" and not s.policy.self_scheduling:
        yield Broken("policy.self_scheduling", "must be on where handed_over is 'booked'")


@_reads("search.objectives", "search.variables")
def _costly_switches(s: Scenario) -> Iterator[Broken]:
    """Where headcount is varied, revenue without its cost would always want more of it."""
    costly = [path for path in s.search.variables if path.split(".")[0] == "headcount"]
    if costly and s.search.objectives[0].measure != "profit":
        yield Broken(
            "search.objectives",
            f"the first must be 'profit' where '{costly[0]}' is varied (revenue alone always wants more of it), "
            f"got '{s.search.objectives[0].measure}'",
        )
