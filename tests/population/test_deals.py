"""The luck of meetings and deals."""

import numpy as np
import pytest
from scipy import stats

from funnelsim.records import ALWAYS, NO
from population import worlds
from population.worlds import DAY, HOUR


def _draw(**changes):
    return worlds.draw(worlds.market(400.0, **changes), worlds.run(50))


@pytest.mark.parametrize("delay", [0, 10 * DAY, 60 * DAY])
def test_wins_fall_exponentially_with_the_delay_of_the_first_contact(delay):
    assert worlds.within_sampling_error(delay <= worlds.many().win_until, 0.36 * np.exp(-delay / (30 * DAY)))


def test_wins_by_points_of_fit_and_declared_intent():
    """Workload W: fit and intent uniform, won with .10 + .30 score / 100, score their mean."""
    leads = _draw(
        fit={"form": "uniform", "low": 0.0, "high": 100.0},
        journey={"declared_intent_max": 100.0},
        deal={"win_at_once": 0.1, "win_per_fit_point": 0.0015, "win_per_intent_point": 0.0015, "win_tau": None},
    )
    score = (leads.fit + leads.intent) / 2.0
    won = leads.win_until == ALWAYS

    assert np.all(won | (leads.win_until == NO))
    for low, high in ((0, 30), (30, 70), (70, 101)):
        inside = (score >= low) & (score < high)
        assert worlds.within_sampling_error(won[inside], 0.10 + 0.30 * score[inside] / 100.0)


@pytest.mark.parametrize(("multiplier", "expected"), [(0.5, 0.2), (2.0, 0.8), (5.0, 1.0), (0.0, 0.0)])
def test_a_channel_multiplies_wins_up_to_certainty(multiplier, expected):
    channels = {"a": worlds.channel(100.0, win_multiplier=multiplier)}
    steady = _draw(channels=channels, deal={"win_at_once": 0.4, "win_tau": None})
    falling = _draw(channels=channels, deal={"win_at_once": 0.4, "win_tau": "30d"})

    assert worlds.within_sampling_error(steady.win_until == ALWAYS, expected)
    assert worlds.within_sampling_error(falling.win_until >= 30 * DAY, expected / np.e)


def test_attendance_falls_with_the_distance_of_the_booking():
    leads = worlds.many()

    for m in (0, 1):
        for ahead in (0, 7 * DAY):
            assert worlds.within_sampling_error(ahead <= leads.show_until[m], 0.85 * np.exp(-ahead / (60 * DAY)))
    steady = _draw(deal={"show_tau": None, "no_show_share": 0.0})
    assert np.all(steady.show_until == ALWAYS)


def test_lengths_of_meetings_and_of_the_deal():
    leads = worlds.many()

    assert worlds.mean_is(leads.meeting_ms[1], HOUR)
    assert worlds.mean_is(leads.deal_work_ms[0], 5.5 * HOUR)
    assert worlds.mean_is(leads.close_ms, 40 * HOUR)
    assert stats.kstest(np.log(leads.buyer_pace[1] / (7.0 * DAY)) / 0.3, "norm").pvalue > 1e-4
    for m, share in enumerate([0.0, 0.1, 0.25, 0.35, 0.3]):
        assert worlds.within_sampling_error(leads.meetings_needed == m, share)


def test_patience_has_its_median_and_no_limit_where_absent():
    leads = worlds.many()

    assert worlds.within_sampling_error(leads.patience < 9 * DAY, 0.5)
    assert np.all(leads.queue_patience == ALWAYS)
    patient = _draw(deal={"patience": None}, temper={"queue_patience": {"form": "exponential", "mean": "30min"}})
    assert np.all(patient.patience == ALWAYS)
    assert worlds.mean_is(patient.queue_patience + 0.5, 0.5 * HOUR)  # floored


def test_preparation_is_needed_where_the_market_says_so():
    assert not worlds.many().prep_needed.any()
    leads = _draw(effort={"preparation_needed": {"form": "uniform", "mean": "10min"}})
    assert stats.kstest(leads.prep_needed / (20.0 * 60_000), "uniform").pvalue > 1e-4
