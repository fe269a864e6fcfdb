"""Who the leads are: shares and means against the market's, duplicates and accounts by their definition."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from population import worlds

WIDE = {"mean": 0.0, "sd": 1.0, "low": -50.0, "high": 50.0}  # fit in points is fit in standard deviations
PLAIN = {"firmographics": {}, "duplicate_share": 0.0}


def _many(**changes):
    return worlds.draw(worlds.market(400.0, **(PLAIN | changes)), worlds.run(100))


def _able_probability(share, per_sd, shift=0.0):
    """Return P(able) for a standard normal fit, and the intercept, by adaptive quadrature and bisection."""

    def mean(a):
        return integrate.quad(lambda z: special.expit(a + per_sd * z) * stats.norm.pdf(z), -12, 12)[0]

    low, high = -60.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if mean(middle) < share else (low, middle)
    return mean(low + shift), low + shift


@pytest.mark.parametrize(("share", "per_sd"), [(0.48, 1.2), (0.05, 3.0), (0.3, 0.0), (0.9, -1.0)])
def test_the_able_share_is_what_the_market_says(share, per_sd):
    leads = _many(fit={"able_share": share, "able_per_sd": per_sd})

    assert worlds.within_sampling_error(leads.able, share)


def test_ability_rises_with_fit_as_a_logistic():
    leads = _many(fit=WIDE | {"able_share": 0.48, "able_per_sd": 1.2})
    _, intercept = _able_probability(0.48, 1.2)

    for low, high in ((-9, -1), (-1, 0), (0, 1), (1, 9)):
        inside = (leads.fit >= low) & (leads.fit < high)
        assert worlds.within_sampling_error(leads.able[inside], special.expit(intercept + 1.2 * leads.fit[inside]))


def test_a_channel_shifts_the_log_odds_of_ability():
    channels = {"a": worlds.channel(400.0, able_shift=-1.5)}
    leads = _many(channels=channels, fit={"able_share": 0.48, "able_per_sd": 1.2})

    assert worlds.within_sampling_error(leads.able, _able_probability(0.48, 1.2, shift=-1.5)[0])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_or_all_able_is_exact_whatever_the_channel(share):
    channels = {"a": worlds.channel(400.0, able_shift=3.0), "b": worlds.channel(400.0, able_shift=-3.0)}

    assert np.all(_many(channels=channels, fit={"able_share": share}).able == bool(share))


def test_uniform_fit_runs_from_low_to_high_and_keeps_the_able_share():
    leads = _many(fit={"form": "uniform", "low": 10.0, "high": 50.0, "able_share": 0.2, "able_per_sd": 2.0})

    assert stats.kstest((leads.fit - 10.0) / 40.0, "uniform").pvalue > 1e-4
    assert worlds.within_sampling_error(leads.able, 0.2)


def test_normal_fit_has_its_moments_and_is_clipped():
    leads = _many(fit={"mean": 20.0, "sd": 9.0, "low": 5.0, "high": 32.0})

    inside = (leads.fit > 5.0) & (leads.fit < 32.0)
    cut = stats.truncnorm(-15.0 / 9.0, 12.0 / 9.0, 20.0, 9.0)
    assert leads.fit.min() == 5.0
    assert leads.fit.max() == 32.0
    assert worlds.mean_is(leads.fit[inside], cut.mean())
    assert worlds.within_sampling_error(leads.fit == 5.0, stats.norm.cdf(-15.0 / 9.0))


def test_categories_shift_fit_by_their_effect():
    leads = _many(firmographics=worlds.FIRMOGRAPHICS, fit=WIDE)

    small = leads.firmographics[0] == 0
    assert worlds.within_sampling_error(small, 0.6)
    assert worlds.mean_is(leads.fit[small], -0.2)
    assert worlds.mean_is(leads.fit[~small], 0.3)


def test_a_channel_has_its_own_mix():
    mix = {"region": {"south": 0.1, "east": 0.9}}
    channels = {"a": worlds.channel(200.0), "b": worlds.channel(200.0, firmographics=mix)}
    leads = _many(channels=channels, firmographics=worlds.FIRMOGRAPHICS)

    region, b = leads.firmographics[1], leads.channel == 1
    for code, (of_a, of_b) in enumerate(((0.5, 0.0), (0.3, 0.1), (0.2, 0.9))):
        assert worlds.within_sampling_error(region[~b] == code, of_a)
        assert worlds.within_sampling_error(region[b] == code, of_b)


def test_the_order_of_attributes_does_not_change_their_luck():
    turned = dict(reversed(worlds.FIRMOGRAPHICS.items()))
    leads, other = _many(firmographics=worlds.FIRMOGRAPHICS), _many(firmographics=turned)

    assert np.array_equal(leads.firmographics, other.firmographics[::-1])


def test_observed_fit_has_its_noise():
    exact, noisy = _many(), _many(fit={"noise_sd": 4.0})

    assert np.array_equal(exact.observed_fit, exact.fit)
    assert np.array_equal(noisy.fit, exact.fit)
    assert stats.kstest((noisy.observed_fit - noisy.fit) / 4.0, "norm").pvalue > 1e-4


@pytest.mark.parametrize("form", ["normal", "uniform"])
def test_deal_values_have_their_mean_and_rise_with_fit(form):
    deal = {"value_mean": 18_000.0, "value_sigma": 0.6, "value_per_sd": 0.5}
    channels = {"a": worlds.channel(400.0), "b": worlds.channel(400.0, value_multiplier=0.25)}
    leads = _many(channels=channels, deal=deal, fit={"form": form, "low": -60.0, "high": 100.0})

    for c, mean in ((0, 18_000.0), (1, 4_500.0)):
        mine = leads.channel == c
        assert worlds.mean_is(leads.value[mine], mean)
        z = (leads.fit[mine] - leads.fit[mine].mean()) / leads.fit[mine].std()
        slope = stats.linregress(z, np.log(leads.value[mine]))
        assert abs(slope.slope - 0.5) < 4.0 * slope.stderr


def test_value_without_spread_is_the_mean():
    leads = _many(deal={"value_mean": 500.0, "value_sigma": 0.0, "value_per_sd": 0.0})

    assert np.all(leads.value == 500.0)


def test_months_are_exponential_and_intent_uniform():
    leads = _many(journey={"declared_intent_max": 60.0})

    assert stats.kstest(leads.months / 36.0, "expon").pvalue > 1e-4
    assert stats.kstest(leads.intent / 60.0, "uniform").pvalue > 1e-4


@pytest.fixture(scope="module")
def with_duplicates():
    channels = {"a": worlds.channel(100.0), "b": worlds.channel(60.0)}
    world = worlds.market(channels=channels, duplicate_share=0.2, leads_per_account=2.5, fit={"noise_sd": 3.0})
    return worlds.draw(world, worlds.run(100))


def test_duplicates_repeat_an_earlier_original_of_their_channel(with_duplicates):
    leads = with_duplicates
    copies = np.flatnonzero(leads.duplicate_of >= 0)
    originals = leads.duplicate_of[copies]

    assert worlds.within_sampling_error(leads.duplicate_of >= 0, 0.2)
    assert np.all(originals < copies)
    assert np.all(leads.duplicate_of[originals] == -1)
    assert np.array_equal(leads.channel[originals], leads.channel[copies])
    assert not leads.able[copies].any()
    for column in (leads.fit, leads.observed_fit, leads.account, *leads.firmographics):
        assert np.array_equal(column[copies], column[originals])
    assert len(set(leads.value[copies])) == copies.size  # what is drawn for itself stays its own


def test_an_account_has_its_mean_number_of_people(with_duplicates):
    leads = with_duplicates
    people = leads.duplicate_of == -1
    opened = leads.account[people] == np.flatnonzero(people)

    assert worlds.within_sampling_error(opened, 1.0 / 2.5)
    assert np.array_equal(leads.account[leads.account], leads.account)  # its number is the lead that opened it
    assert np.array_equal(leads.channel[leads.account], leads.channel)


def test_one_lead_an_account_and_no_duplicates_means_everybody_alone():
    leads = worlds.draw(worlds.market(50.0, duplicate_share=0.0, leads_per_account=1.0))

    assert np.array_equal(leads.account, np.arange(leads.n))
    assert np.all(leads.duplicate_of == -1)
