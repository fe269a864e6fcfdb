"""Scores of hand-made timelines worked out by hand, and of drawn leads against the definition, event by event."""

import hashlib
from dataclasses import fields

import numpy as np
import pytest

from funnelsim.config.policy import Policy
from funnelsim.records import Leads, Tier, same
from funnelsim.scoring import score_leads
from population import worlds
from population.worlds import DAY, HOUR

MARKET = worlds.market(firmographics={"size": {"mix": {"small": 0.5, "large": 0.5}}})
CREATED, VISIT, CLICK, CONTENT, WEBINAR, PRICING, TRIAL = range(7)
CONTENT_OFFER, DEMO = 0, 1


def test_the_codes_above_are_the_markets():
    assert MARKET.activities() == ("created", "visit", "click", "content", "webinar", "pricing", "trial")
    assert list(MARKET.offers) == ["content", "demo"]


def policy(marketing=None, handed_over="scored", **scoring):
    return Policy.model_validate(
        {
            "handed_over": handed_over,
            "self_scheduling": handed_over == "booked",
            "scoring": scoring,
            "marketing": marketing or {},
        }
    )


def timelines(events, answers=None, **columns):
    """Return leads of firmographics 'small' unless said otherwise; observed fit as fit."""
    n = len(events)
    columns.setdefault("firmographics", np.zeros((1, n)))
    return worlds.timelines(events, answers, observed_fit=columns.pop("fit", np.zeros(n)), **columns)


def points(scored):
    """Return the scores in points, lead by lead."""
    return [(scored.score[a:b] / 100).tolist() for a, b in zip(scored.start[:-1], scored.start[1:], strict=True)]


def holds(scored):
    return [scored.holds[a:b].tolist() for a, b in zip(scored.start[:-1], scored.start[1:], strict=True)]


def one(events, answers=None, **columns):
    columns = {name: np.array([value]) for name, value in columns.items()}
    return timelines([events], None if answers is None else [answers], **columns)


# --- points and decay -------------------------------------------------------------------------------------------------


def test_points_halve_in_every_half_life():
    """Pricing (15) at day 0, visits (3) at days 21 and 42: 15, then 7.5 + 3, then 5.25 + 3, all beside a fit of 20."""
    leads = one([(0, PRICING), (21 * DAY, VISIT), (42 * DAY, VISIT)], fit=20.0)

    assert points(score_leads(leads, policy(), MARKET)) == [[20.0, 35.0, 30.5, 28.25]]


def test_points_in_a_window_are_whole_until_it_ends():
    """At exactly 90 days the points still count, one ms later they are gone."""
    leads = timelines(
        [
            [(0, PRICING), (90 * DAY, VISIT), (90 * DAY + 1, VISIT)],
            [(5, PRICING), (95 * DAY, VISIT)],
        ]
    )
    scored = score_leads(leads, policy(decay="window", window="90d"), MARKET)

    assert points(scored) == [[0.0, 15.0, 18.0, 6.0], [0.0, 15.0, 3.0]]


def test_without_decay_points_stay():
    leads = one([(0, PRICING), (900 * DAY, VISIT)])

    assert points(score_leads(leads, policy(decay="none"), MARKET)) == [[0.0, 15.0, 18.0]]


def test_what_is_declared_at_creation_counts_and_decays():
    """Offer 40, declared intent 8 at weight 0.5, four visits of 3 before the form: 56, halved after 21 days, and 4."""
    leads = one([(21 * DAY, CLICK)], offer=DEMO, intent=8.0, anonymous_visits=4)
    scored = score_leads(leads, policy(offer_points={"demo": 40.0}, intent_weight=0.5), MARKET)

    assert points(scored) == [[56.0, 32.0]]


def test_the_creation_itself_may_give_points():
    leads = one([])

    assert points(score_leads(leads, policy(activity_points={"created": 2.5}), MARKET)) == [[2.5]]


def test_a_group_counts_up_to_its_cap_after_decay():
    """Six visits are 18, capped to 10; 21 days later 9 and one more are 12, capped; the webinar is outside."""
    six = [(0, VISIT)] * 6
    leads = one([*six, (0, WEBINAR), (21 * DAY, VISIT)])
    caps = {"browsing": {"activities": ["visit", "click"], "cap": 10.0}}
    scored = score_leads(leads, policy(group_caps=caps), MARKET)

    assert points(scored) == [[0.0, 3.0, 6.0, 9.0, 10.0, 10.0, 10.0, 20.0, 15.0]]


def test_anonymous_visits_belong_to_the_group_of_visits():
    leads = one([], anonymous_visits=9)
    caps = {"browsing": {"activities": ["visit"], "cap": 10.0}}

    assert points(score_leads(leads, policy(group_caps=caps), MARKET)) == [[10.0]]


@pytest.mark.parametrize("decay", ["none", "half_life", "window"])
def test_caps_on_fit_and_intent_are_on_the_reading_not_on_the_sum(decay):
    """Three trials are 120, read as 80. What lies above the cap is not lost: under half-life 60 are left of it."""
    leads = one([(0, TRIAL)] * 3 + [(21 * DAY, VISIT)], fit=50.0)
    scored = score_leads(leads, policy(decay=decay, fit_cap=30.0, intent_cap=80.0), MARKET)

    last = 30.0 + 60.0 + 3.0 if decay == "half_life" else 110.0
    assert points(scored) == [[30.0, 70.0, 110.0, 110.0, last]]


def test_negative_points_lower_the_score():
    leads = timelines([[(0, CLICK), (0, VISIT)]] * 2, fit=np.array([20.0, 20.0]), firmographics=np.array([[0, 1]]))
    scoring = {
        "activity_points": {"visit": 3.0, "click": -5.0},
        "firmographic_points": {"size": {"small": -12.0}},
        "fit_weight": 0.5,
        "decay": "none",
    }

    assert points(score_leads(leads, policy(**scoring), MARKET)) == [[-2.0, -7.0, -4.0], [10.0, 5.0, 8.0]]


def test_scores_are_rounded_half_to_even_in_hundredths():
    leads = timelines([[]] * 4, fit=np.array([0.125, 0.375, -0.125, 39.999]))

    assert score_leads(leads, policy(), MARKET).score.tolist() == [12, 38, -12, 4000]


# --- events -----------------------------------------------------------------------------------------------------------


def test_every_nth_nurture_answer_is_an_event_in_its_place():
    """Sends 1 to 6 are answered (clicks, 4 points); a visit falls between the answers to 2 and 4."""
    answers = [(s, s * 7 * DAY) for s in range(1, 7)]
    leads = one([(20 * DAY, VISIT)], answers)

    def times_and_points(every):
        scored = score_leads(leads, policy(decay="none", marketing={"nurture_every": every}), MARKET)
        return [t / DAY for t in scored.time.tolist()], points(scored)[0]

    assert times_and_points(0) == ([0, 20], [0, 3])
    assert times_and_points(2) == ([0, 14, 20, 28, 42], [0, 4, 7, 11, 15])
    assert times_and_points(5) == ([0, 20, 35], [0, 3, 7])
    assert times_and_points(1) == ([0, 7, 14, 20, 21, 28, 35, 42], [0, 4, 8, 11, 15, 19, 23, 27])


def test_an_unsubscribed_lead_answers_nothing_from_that_send_on():
    answers = [(s, s * 7 * DAY) for s in range(1, 9)]
    leads = timelines(
        [[], []], [answers, answers], unsubscribe_below=np.array([3, 0]), unsubscribe_send=np.array([4, 0])
    )

    def counted(every):
        scored = score_leads(leads, policy(marketing={"nurture_every": every}), MARKET)
        return (np.diff(scored.start) - 1).tolist()

    assert counted(1) == [3, 8]  # 1, 2, 3; the fourth send is the last straw
    assert counted(2) == [1, 4]  # 2
    assert counted(3) == [2, 2]  # a pace that it bears


def test_events_are_in_order_with_the_creation_first_on_ties():
    leads = timelines(
        [[(5 * HOUR, VISIT), (9 * HOUR, CLICK)]], [[(2, 5 * HOUR), (4, 3 * HOUR)]], created=np.array([3 * HOUR])
    )
    scored = score_leads(leads, policy(decay="none", fit_weight=0.0), MARKET)

    assert scored.time.tolist() == [3 * HOUR, 3 * HOUR, 5 * HOUR, 5 * HOUR, 9 * HOUR]
    assert points(scored) == [[0.0, 4.0, 7.0, 11.0, 15.0]]  # creation, answer 4, visit, answer 2, click


# --- rules, tiers, grades ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("sum", [[False, True, True], [False, False, False], [True, True, True]]),
        ("and", [[False, False, True], [False, False, False], [False, False, False]]),
        ("or", [[True, True, True], [False, True, True], [True, True, True]]),
        ("event", [[False, True, False], [True, True, False], [False, False, True]]),
    ],
)
def test_the_four_rules(rule, expected):
    """Fit 20, 0, 40; intent 0, 15, 18 | 2, 17, 20 | 0, 3, 13; cutoffs 30, and 20 and 16."""
    leads = timelines(
        [[(0, PRICING), (0, VISIT)], [(0, PRICING), (0, VISIT)], [(0, VISIT), (0, WEBINAR)]],
        fit=np.array([20.0, 0.0, 40.0]),
        offer=np.array([CONTENT_OFFER, DEMO, CONTENT_OFFER]),
    )
    scoring = {
        "decay": "none",
        "cutoff": 30.0,
        "fit_cutoff": 20.0,
        "intent_cutoff": 16.0,
        "offer_points": {"demo": 2.0},
        "trigger_activities": ["pricing", "webinar"],
        "trigger_offers": ["demo"],
    }

    assert holds(score_leads(leads, policy(rule=rule, **scoring), MARKET)) == expected


def test_cutoffs_are_compared_in_hundredths():
    leads = timelines([[]] * 3, fit=np.array([39.994, 39.996, 40.0]))

    assert holds(score_leads(leads, policy(cutoff=40.0), MARKET)) == [[False], [True], [True]]


@pytest.mark.parametrize(("rule", "threshold"), [("sum", 30.0), ("event", 30.0), ("and", 36.0), ("or", 16.0)])
def test_tiers_count_from_the_threshold_of_the_rule(rule, threshold):
    above = np.array([20.0, 19.99, 10.0, 9.99, -10.0])
    leads = timelines([[]] * 5, fit=threshold + above)
    scoring = {"rule": rule, "cutoff": 30.0, "fit_cutoff": 20.0, "intent_cutoff": 16.0}
    scored = score_leads(leads, policy(tier_a_above=20.0, tier_b_above=10.0, **scoring), MARKET)

    assert scored.tier.tolist() == [Tier.A, Tier.B, Tier.B, Tier.C, Tier.C]


def test_grades_are_fit_by_intent():
    """Fit 25, 15, 14.99 are A, B, C; intent 40, 15, 14.99 are 1, 2, 3: nine grades from A1 = 0 to C3 = 8."""
    fit, intent = np.meshgrid([25.0, 15.0, 14.99], [40.0, 15.0, 14.99], indexing="ij")
    leads = timelines([[]] * 9, fit=fit.ravel(), intent=intent.ravel())

    scored = score_leads(leads, policy(grade_fit=[15.0, 25.0], grade_intent=[15.0, 40.0]), MARKET)
    assert scored.grade.tolist() == list(range(9))


def test_the_quality_floor_keeps_poor_fits_from_sales_whatever_else_holds():
    leads = timelines([[(0, TRIAL)]] * 2, fit=np.array([9.99, 10.0]), hand_raise=np.array([True, True]))
    floor = {"quality_floor": 10.0}

    for terms in (policy(marketing=floor, fast_lane=True), policy(marketing=floor, handed_over="every_lead")):
        scored = score_leads(leads, terms, MARKET)
        assert holds(scored)[0] == [False, False]
        assert holds(scored)[1] == [True, True]


def test_the_quality_floor_is_on_the_fit_part_of_the_score():
    leads = timelines([[(0, TRIAL)]] * 2, fit=np.array([20.0, 20.0]), firmographics=np.array([[0, 1]]))
    scoring = {"firmographic_points": {"size": {"small": -15.0}}}

    assert holds(score_leads(leads, policy(marketing={"quality_floor": 10.0}, **scoring), MARKET)) == [
        [False, False],
        [False, True],
    ]


def test_hand_raisers_in_the_fast_lane_qualify_at_creation_in_tier_a():
    leads = timelines([[(0, VISIT)]] * 2, hand_raise=np.array([True, False]))
    scored = score_leads(leads, policy(fast_lane=True), MARKET)

    assert holds(scored) == [[True, False], [False, False]]
    assert scored.tier.tolist() == [Tier.A, Tier.C, Tier.C, Tier.C]
    assert scored.score.tolist() == [0, 300, 0, 300]


def test_every_lead_and_booked_override_the_rule():
    leads = timelines([[(0, TRIAL)]], fit=np.array([20.0]))

    assert holds(score_leads(leads, policy(handed_over="every_lead"), MARKET)) == [[True, True]]
    booked = score_leads(leads, policy(handed_over="booked"), MARKET)
    assert holds(booked) == [[False, False]]
    assert booked.tier.tolist() == [Tier.C, Tier.A]


# --- all leads at once ------------------------------------------------------------------------------------------------

WORLD = worlds.market(
    channels={"organic": worlds.channel(15.0), "paid": worlds.channel(9.0)},
    duplicate_share=0.1,
    journey={"declared_intent_max": 10.0},
    nurture={"response_idle": 0.2, "response_ready": 0.5},
    fit={"noise_sd": 3.0},
)
FULL = {
    "offer_points": {"demo": 30.0, "content": 6.0},
    "firmographic_points": {"size": {"small": -2.0, "large": 4.0}, "region": {"east": 1.0}},
    "group_caps": {
        "browsing": {"activities": ["visit", "click"], "cap": 12.0},
        "reading": {"activities": ["content", "webinar"], "cap": 15.0},
    },
    "fit_cap": 32.0,
}


def _by_definition(leads, terms, market):
    """Return (lead, time, total points) of every event, from the words of the model: one lead and event at a time."""
    scoring, every = terms.scoring, terms.marketing.nurture_every
    names, offers = market.activities(), list(market.offers)
    group_of = {a: g for g, cap in scoring.group_caps.items() for a in cap.activities}

    def left(age):
        if scoring.decay == "half_life":
            return 0.5 ** (age / scoring.half_life.ms())
        return float(scoring.decay == "none" or age <= scoring.window.ms())

    rows = []
    for i in range(leads.n):
        own = slice(leads.event_start[i], leads.event_start[i + 1])
        given = [(t, names[a]) for t, a in zip(leads.event_time[own].tolist(), leads.event_activity[own], strict=True)]
        sends = slice(leads.nurture_start[i], leads.nurture_start[i + 1])
        for s, t in zip(leads.nurture_send[sends], leads.nurture_time[sends].tolist(), strict=True):
            gone = every < leads.unsubscribe_below[i] and s >= leads.unsubscribe_send[i]
            if s % every == 0 and not gone:
                given.append((t, "click"))
        given.sort(key=lambda event: event[0])
        fit = scoring.fit_weight * leads.observed_fit[i]
        for (attribute, table), row in zip(market.firmographics.items(), leads.firmographics, strict=True):
            fit += scoring.firmographic_points.get(attribute, {}).get(list(table.mix)[row[i]], 0.0)
        born = leads.created[i]
        visits = leads.anonymous_visits[i] * scoring.activity_points["visit"]
        declared = scoring.offer_points[offers[leads.offer[i]]] + leads.intent[i] * scoring.intent_weight
        for j, (now, _) in enumerate(given):
            sums = {"": declared * left(now - born), "browsing": visits * left(now - born), "reading": 0.0}
            for t, activity in given[: j + 1]:
                sums[group_of.get(activity, "")] += scoring.activity_points.get(activity, 0.0) * left(now - t)
            intent = sum(min(s, scoring.group_caps[g].cap) if g else s for g, s in sums.items())
            rows.append((i, now, min(fit, scoring.fit_cap) + min(intent, scoring.intent_cap)))
    return rows


@pytest.mark.parametrize("decay", ["none", "half_life", "window"])
@pytest.mark.parametrize("every", [1, 3])
def test_scores_agree_with_the_definition_event_by_event(decay, every):
    leads = worlds.draw(WORLD, worlds.run(60))
    terms = policy(decay=decay, window="20d", marketing={"nurture_every": every}, **FULL)

    scored = score_leads(leads, terms, WORLD)
    lead, time, total = (np.array(column) for column in zip(*_by_definition(leads, terms, WORLD), strict=True))
    assert np.array_equal(np.repeat(np.arange(leads.n), np.diff(scored.start)), lead)
    assert np.array_equal(scored.time, time)
    assert np.abs(scored.score - 100.0 * total).max() <= 0.5 + 1e-3  # millionths of a point are cut off


def test_scoring_reads_the_leads_and_changes_nothing():
    leads = worlds.draw(WORLD, worlds.run(60))

    def digest():
        return [
            hashlib.sha256(getattr(leads, f.name).tobytes()).hexdigest()
            for f in fields(Leads)
            if f.name != "replication"
        ]

    before = digest()
    first, second = (score_leads(leads, policy(**FULL), WORLD) for _ in range(2))
    score_leads(leads, policy(rule="event", fast_lane=True, marketing={"quality_floor": 3.0}), WORLD)
    assert digest() == before
    assert same(first, second)
    assert not any(
        getattr(first, name).flags.writeable for name in ("start", "time", "holds", "tier", "grade", "score")
    )


def test_leads_that_can_be_written_to_stay_so():
    leads = timelines([[(0, VISIT)]])
    times = leads.event_time.copy()
    writable = Leads(**{f.name: times if f.name == "event_time" else getattr(leads, f.name) for f in fields(Leads)})

    score_leads(writable, policy(marketing={"nurture_every": 0}), MARKET)
    assert times.flags.writeable


@pytest.mark.parametrize("decay", ["none", "half_life", "window"])
def test_the_scores_of_one_channel_do_not_depend_on_the_other(decay):
    alone = WORLD.model_copy(update={"channels": {"organic": WORLD.channels["organic"]}})
    terms = policy(decay=decay, **FULL)
    together, apart = worlds.draw(WORLD), worlds.draw(alone)
    scored, scored_apart = score_leads(together, terms, WORLD), score_leads(apart, terms, alone)

    of_organic = np.repeat(together.channel == 0, np.diff(scored.start))
    for name in ("time", "holds", "tier", "grade", "score"):
        assert np.array_equal(getattr(scored, name)[of_organic], getattr(scored_apart, name)), name


def test_nobody_to_score():
    scored = score_leads(worlds.draw(worlds.market(0.0)), policy(), worlds.market(0.0))

    assert scored.start.tolist() == [0]
    assert scored.score.size == 0
