"""Distances between event logs, against the area between the two distribution functions."""

import numpy as np
import pytest

from calibration.scenes_backtest import FIRST, LAST, history_of_replication
from funnelsim.calibration.distances import LOGS, apart, distance, logs_apart, logs_of
from funnelsim.calibration.window import window


def area(a, b):
    return np.abs(np.cumsum(a / a.sum()) - np.cumsum(b / b.sum())).sum()


def test_the_distance_is_the_area_between_the_distribution_functions():
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.poisson(3.0, 50).astype(float), rng.poisson(1.0, 50).astype(float)
        assert distance(a, b) == pytest.approx(area(a, b))


def test_a_shift_by_three_hours_is_three_and_counts_do_not_matter():
    a = np.array([0, 1, 2, 1, 0, 0, 0, 0.0])
    assert distance(a, np.roll(a, 3)) == pytest.approx(3.0)
    assert distance(a, 10 * a) == 0.0


def test_by_weekday_it_is_the_mean_over_the_weekdays_that_both_fill():
    a, b = np.zeros((7, 24)), np.zeros((7, 24))
    a[0, 9] = b[0, 11] = 1.0  # two hours apart on Mondays
    a[1, 9] = b[1, 9] = 5.0  # none on Tuesdays
    a[2, 9] = 1.0  # nothing to compare on Wednesdays
    assert distance(a, b) == pytest.approx(1.0)
    assert np.isnan(distance(a, np.zeros((7, 24))))


def test_each_of_equally_drawn_logs_is_as_likely_as_any_other_to_be_the_furthest():
    rng = np.random.default_rng(2)
    firsts = sum(int(np.argmax(apart(list(rng.poisson(5.0, (10, 30)).astype(float))))) == 0 for _ in range(400))

    assert abs(firsts - 40) < 4 * np.sqrt(400 * 0.1 * 0.9)


def test_a_log_that_differs_is_outside_and_one_of_the_same_kind_mostly_inside():
    rng = np.random.default_rng(3)

    def log(shift):
        return {name.name: np.roll(rng.poisson(5.0, 60) * np.r_[np.ones(20), np.zeros(40)], shift) for name in LOGS}

    simulated = [log(0) for _ in range(19)]
    alike = [found.inside for _ in range(60) for found in logs_apart(log(0), simulated, level=0.9)]

    assert not any(found.inside for found in logs_apart(log(6), simulated, level=0.9))
    assert abs(np.mean(alike) - 0.9) < 0.08


def test_moments_are_counted_where_they_belong():
    history = history_of_replication(0)
    cohort = window(history, FIRST, LAST)
    begins = int(history.clock().midnights[(FIRST - history.first_day).days])
    logs = logs_of(cohort, history.touches.at - begins)

    assert logs["case arrivals"].sum() == cohort.leads.n
    assert logs["case arrivals"].size == 28 * 24
    inside = (history.touches.at >= begins) & (history.touches.at < begins + 28 * 86_400_000)
    assert logs["absolute events"].sum() == logs["circadian events"].sum() == inside.sum() > 0
    assert logs["relative events"].sum() == cohort.touches.n
    assert logs["cycle times"].sum() == cohort.leads.won.sum() > 0
    local = (history.touches.at[inside] // 3_600_000) % 24  # UTC
    assert np.array_equal(logs["circadian events"].sum(axis=0), np.bincount(local, minlength=24))
