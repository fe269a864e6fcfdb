"""The luck of touches against the formulas of the model, and against what was measured on a real CRM."""

import numpy as np
import pytest
from scipy import special, stats

from funnelsim.records import ALWAYS, NEVER, NO
from population import worlds
from population.worlds import DAY, HOUR

MINUTE = 60_000


def _reached(leads, k, delay):
    return delay <= leads.connect_until[k]


def _mean_reach(shift, mu=-0.39, sigma=1.62):
    """Return the mean over leads of expit(eta + shift), eta normal, by Gauss-Hermite."""
    nodes, weights = special.roots_hermitenorm(120)
    return float(weights @ special.expit(mu + shift + sigma * nodes) / weights.sum())


def _draw(reach=None, days=50, touches=2, **changes):
    world = worlds.market(400.0, reach=reach or {}, **changes)
    return worlds.draw(world, worlds.run(days, max_touches=touches))


@pytest.mark.parametrize("delay", [0, 10 * MINUTE, HOUR, 2 * DAY])
def test_the_share_reached_by_delay_is_the_formula_over_all_leads(delay):
    leads = worlds.many()
    expected = _mean_reach(2.55 * np.exp(-delay / (0.24 * HOUR)))

    assert worlds.within_sampling_error(_reached(leads, 0, delay), expected)
    assert worlds.within_sampling_error(_reached(leads, 1, delay), expected)


def test_slow_decay_enters_the_mean_reach():
    leads = _draw({"gamma": 0.5})

    for delay in (0, HOUR, 4 * DAY):
        expected = _mean_reach(2.55 * np.exp(-delay / (0.24 * HOUR)) - 0.5 * np.log1p(delay / DAY))
        assert worlds.within_sampling_error(_reached(leads, 0, delay), expected)


def test_the_fit_reproduces_the_falling_success_of_later_attempts():
    """A real CRM: success of attempts 1 to 7 among those given one, delays of the first as they were there.

    Nothing in an attempt's luck depends on its number; the fall comes out of who is left. The shares of delays and the
    targets are the published aggregates; later attempts come days after the interest.
    """
    leads = _draw(touches=7, days=100)
    rng = np.random.default_rng(5)
    delays = np.array([5 * MINUTE, 20 * MINUTE, 75 * MINUTE, 5 * HOUR, 16 * HOUR, 36 * HOUR])
    shares = np.array([0.05, 0.115, 0.17, 0.215, 0.323, 0.127])
    first = rng.choice(delays, p=shares / shares.sum(), size=leads.n)

    waiting = np.ones(leads.n, dtype=bool)
    success = []
    for k in range(7):
        reached = first <= leads.connect_until[0] if k == 0 else _reached(leads, k, (1 + k) * DAY)
        success.append(reached[waiting].mean())
        waiting &= ~reached
    assert success == pytest.approx([0.47, 0.30, 0.23, 0.19, 0.16, 0.14, 0.13], abs=0.015)


def test_attempts_on_one_lead_share_its_reachability_and_nothing_else():
    """Late attempts are independent given the lead: two reach the same one with the mean of its squared probability."""
    leads = worlds.many()
    nodes, weights = special.roots_hermitenorm(120)
    both = float(weights @ special.expit(-0.39 + 1.62 * nodes) ** 2 / weights.sum())

    assert worlds.within_sampling_error(_reached(leads, 0, 5 * DAY) & _reached(leads, 1, 5 * DAY), both)


def test_those_who_can_never_be_reached_answer_neither_calls_nor_emails():
    leads = _draw({"unreachable_share": 0.3, "email_p0": 1.0})
    silent = np.all(leads.connect_until == NO, axis=0) & np.all(leads.reply_until == NO, axis=0)
    assert worlds.within_sampling_error(silent, 0.3)

    without = _draw({"email_p0": 1.0})
    assert np.array_equal(without.connect_until[:, ~silent], leads.connect_until[:, ~silent])


def test_a_channel_shifts_reachability():
    channels = {"a": worlds.channel(400.0, reach_shift=-1.0)}
    leads = _draw(channels=channels)

    assert worlds.within_sampling_error(_reached(leads, 0, DAY), _mean_reach(-1.0))


def test_the_exponential_form():
    leads = _draw({"form": "exponential", "p0": 0.2, "tau": "24h"})

    for delay in (0, 6 * HOUR, 2 * DAY):
        assert worlds.within_sampling_error(_reached(leads, 0, delay), 0.2 * np.exp(-delay / DAY))
    certain = _draw({"form": "exponential", "p0": 1.0, "tau": "24h"})
    assert np.all(certain.connect_until >= 0)
    assert np.all(_draw({"form": "exponential", "p0": 0.0}).connect_until == NO)


def test_the_exponential_form_shifts_the_odds_at_once():
    channels = {"a": worlds.channel(400.0, reach_shift=1.0)}
    leads = _draw({"form": "exponential", "p0": 0.2, "tau": "24h"}, channels=channels)

    odds = 0.25 * np.e
    assert worlds.within_sampling_error(_reached(leads, 0, 0), odds / (1.0 + odds))


def test_emails_are_answered_by_delay_after_a_lag():
    leads = _draw({"email_p0": 0.3, "email_tau": "5d", "email_lag": {"form": "exponential", "mean": "4h"}})

    for delay in (0, 5 * DAY):
        assert worlds.within_sampling_error(delay <= leads.reply_until[1], 0.3 * np.exp(-delay / (5 * DAY)))
    assert worlds.mean_is(leads.reply_lag[1], 4 * HOUR)


def test_lengths_of_work():
    leads = worlds.many()

    assert worlds.mean_is(leads.call_ms[0], 22 * MINUTE)
    assert worlds.mean_is(leads.email_ms[1], 8 * MINUTE)
    assert worlds.mean_is(leads.talk_ms[1], 60 * MINUTE)
    assert stats.kstest(np.log(leads.call_ms[1] / (22 * MINUTE)) / 0.4 + 0.2, "norm").pvalue > 1e-4


def test_a_fixed_length_is_the_same_for_all():
    leads = _draw(effort={"call": {"form": "fixed", "mean": "10min"}})

    assert np.all(leads.call_ms == 10 * MINUTE)


def test_temper():
    leads = worlds.many()
    later = leads.able & (leads.ready_from != NEVER)

    assert worlds.within_sampling_error(leads.annoyed, 0.3)
    assert worlds.within_sampling_error(leads.tired, 0.12)
    assert worlds.within_sampling_error(leads.misjudged[:, later], 0.18)
    assert worlds.within_sampling_error(leads.misjudged[:, ~later], 0.06)


def test_unready_leads_name_a_date_after_they_become_ready():
    leads = worlds.many()
    ever = leads.ready_from != NEVER
    named = leads.callback_at != NEVER

    assert worlds.within_sampling_error(named, 0.4)
    error = (leads.callback_at - leads.ready_from)[named & ever]
    assert stats.kstest(error / (5.0 * DAY), "expon").pvalue > 1e-4
    wait = (leads.callback_at - leads.created)[named & ~ever]
    assert stats.kstest(np.log(wait / (60.0 * DAY)) / 0.7, "norm").pvalue > 1e-4


def test_dates_named_again_lie_one_after_another():
    temper = {"callback_share": 1.0, "callback_again": {"form": "fixed", "mean": "3d"}}
    plain, again = _draw(temper={"callback_share": 1.0}), _draw(temper=temper)
    never = again.ready_from == NEVER

    assert np.array_equal(again.callback_at[0], plain.callback_at[0])
    assert np.array_equal(again.callback_at[:, ~never], plain.callback_at[:, ~never])
    assert (np.diff(again.callback_at[:, never], axis=0) == 3 * DAY).all()


def test_thresholds_without_limit_and_none():
    leads = worlds.many()

    assert set(leads.connect_until[leads.connect_until > 2**50].tolist()) == {ALWAYS}
    assert leads.connect_until.min() == NO


def test_given_up_is_a_share_of_touches_and_draws_nothing_where_there_is_none():
    sometimes, never = _draw(temper={"given_up_share": 0.3}), _draw(temper={})
    assert not never.given_up.any()
    share = sometimes.given_up.mean()
    n = sometimes.given_up.size
    assert abs(share - 0.3) < 4.5 * np.sqrt(0.21 / n)
    for name in ("connect_until", "call_ms", "annoyed", "tired", "misjudged", "callback_at"):
        assert np.array_equal(getattr(sometimes, name), getattr(never, name))
