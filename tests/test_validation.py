"""The claims of `make validate`, small: that their oracles hold, and that each check can fail."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from validation import (  # noqa: E402
    beside_random,
    correct_selection,
    false_alarms,
    grid_search,
    intervals,
    optimism,
    searches,
    sobol_indices,
    uplift,
    workers,
)
from validation.claim import Claim, least  # noqa: E402
from validation.page import CLAIMS, text_of, write  # noqa: E402
from validation.worlds import AHEAD_DEALS, GRID, conversions, slippage, true_means  # noqa: E402

from funnelsim.lab.compare import play_each  # noqa: E402  # the folder of the claims comes first


def columns(scenarios, measures, replications):
    """Return (replications, scenarios, measures)."""
    rows = play_each(scenarios, measures=measures, replications=range(replications))
    return np.array([[[one[m] for m in measures] for one in rows[r]] for r in sorted(rows)])


def errors(values: np.ndarray, truth: float) -> float:
    """Return how many standard errors the mean is from the truth."""
    return abs(float(values.mean()) - truth) / (float(values.std(ddof=1)) / math.sqrt(values.size))


@pytest.mark.slow
def test_the_oracle_of_conversions_is_worth_what_its_formula_says():
    truth = true_means(0.255)
    found = columns([conversions(won=0.255)], list(truth), 300)[:, 0]

    for at, (name, mean) in enumerate(truth.items()):
        assert errors(found[:, at], mean) < 4, name


@pytest.mark.slow
def test_the_rivals_are_equal_and_the_last_is_ahead_by_what_its_formula_says():
    found = columns(slippage(), ["deals"], 300)[:, :, 0]

    assert errors(found[:, 1] - found[:, 0], 0.0) < 4
    assert errors(found[:, -1] - found[:, 0], AHEAD_DEALS) < 4
    assert 0.3 < np.corrcoef(found[:, 0], found[:, 1])[0, 1] < 0.95  # some luck in common, not all


@pytest.mark.slow
def test_intervals_cover_in_a_small_run_too():
    found = intervals.measure(macros=100, workers=1)

    # Four standard errors of a share of .95 of a hundred.
    assert all(share >= 0.95 - 4 * 0.0218 for share in found.figures["covered"].values())
    assert max(abs(e) for e in found.figures["grand_mean_in_standard_errors"].values()) < 4


@pytest.mark.slow
def test_nothing_is_called_too_often_and_the_identical_case_never():
    found = false_alarms.measure(macros=60, replications=4, workers=1)

    assert found.figures["called"] <= 0.05 + 4 * 0.0282
    assert found.figures["identical"] == "no detectable difference"


@pytest.mark.slow
def test_an_uplift_is_found_and_would_be_missed_with_too_few_replications(monkeypatch):
    found = uplift.measure(macros=30, pilot=300, workers=1)
    assert found.figures["power"] >= 0.8 - 4 * 0.073

    monkeypatch.setattr(uplift, "replications_to_detect", lambda *_, **__: 4)
    assert not uplift.measure(macros=30, pilot=100, workers=1).holds


@pytest.mark.slow
def test_the_best_is_selected_and_by_a_blind_choice_it_would_not_be(monkeypatch):
    found = correct_selection.measure(macros=100, funnels=6, workers=1)
    assert found.holds

    blind = correct_selection._case([(n % 10 == 0, 0.9, 100) for n in range(100)], nominal=0.9)
    assert not blind["holds"]


def test_the_grid_has_every_policy_once():
    values = searches.grid_values()

    assert len(values) == 11 * 5 * 4 == len({json.dumps(v) for v in values})
    assert {type(v["sla.attempts"]) for v in values} == {int}
    assert set(values[0]) == set(GRID)


def made_up_searches(*, missed=0, flattered=0.005, evaluations=800, count=20):
    """Return searches on a grid of four policies, the first two its front; `missed` of them found the third alone."""
    means = [[10.0, 0.1], [9.0, 0.0], [9.0, 0.2], [5.0, 0.5]]

    def told(at, error):
        return {"true": means[at], "reported": [means[at][0] * (1 + error), means[at][1]],
                "optimism_of_the_search": [0.1, 0.0]}  # fmt: skip

    luck = np.random.default_rng(1).normal(0.0, 0.01, count)
    studies = [
        {"front": [told(2, e)] if n < missed else [told(0, 2 * flattered + e), told(1, e)],
         "in_force": told(3, e), "evaluations": evaluations}
        for n, e in enumerate(luck.tolist())
    ]  # fmt: skip
    grid = {"means": means, "near": [0, 1, 2], "replications": [16, 100], "worst_error_of_differences": 0.01}
    settings = {"grid": {"report_replications": 1_000}}
    return {"grid": grid, "grid_trials": 0.8, "settings": settings, "studies": {"grid": studies},
            "processor_seconds": 400.0}  # fmt: skip


@pytest.mark.parametrize(
    ("made_up", "holds"),
    [({}, True), ({"missed": 1}, True), ({"missed": 2}, False), ({"evaluations": 801}, False), ({"count": 10}, False)],
)
def test_the_grid_claim_holds_where_one_search_in_twenty_misses_at_most(monkeypatch, made_up, holds):
    """801 evaluations are more than a fifth of four policies on 1,000 replications, and ten searches are too few."""
    monkeypatch.setattr(grid_search, "found", lambda: made_up_searches(**made_up))

    assert grid_search.measure().holds == holds


def test_what_the_best_is_reported_too_high_is_told_less_the_luck_of_all_reported(monkeypatch):
    """Twice `flattered` beside luck in the best of two policies, luck alone in the other."""
    for flattered, holds in ((0.005, True), (0.021, False)):
        monkeypatch.setattr(optimism, "found", lambda flattered=flattered: made_up_searches(flattered=flattered))
        claim = optimism.measure()
        assert claim.figures["optimism"] == pytest.approx(flattered)
        assert claim.holds == holds


@pytest.mark.parametrize(("won", "holds"), [(8, True), (7, False)])
def test_beside_random_search_the_long_searches_decide_and_the_short_ones_are_told(monkeypatch, won, holds):
    """A front of one policy: its hypervolume grows with its revenue."""

    def front(revenue):
        return {"front": [{"true": [revenue, 0.1]}]}

    made_up = made_up_searches()
    made_up |= {"trials": {"wide": 60, "long": 200}}
    made_up["settings"] |= {"wide": {"replications": 6}, "long": {"replications": 4}}
    made_up["studies"] |= {
        "wide, tpe": [front(7.0)] * 10,
        "wide, random": [front(8.0)] * 10,
        "long, tpe": [front(9.0 if n < won else 7.0) for n in range(10)],
        "long, random": [front(8.0)] * 10,
    }
    monkeypatch.setattr(beside_random, "found", lambda: made_up)
    claim = beside_random.measure()

    assert claim.holds == holds
    assert f"better in {won} of 10" in claim.found
    assert "short searches in 0 of 10" in claim.found


def test_times_on_the_page_are_those_of_the_processor_and_shared_ones_count_once():
    own = {"key": "grid_search", "claims": "a", "how": "b", "found": "c", "holds": True, "processor_seconds": 0.4,
           "figures": {"searches_processor_seconds": 600.0}}  # fmt: skip
    text = text_of([{**own, "key": "intervals", "figures": {}, "processor_seconds": 300.0}, own,
                    {**own, "key": "optimism"}])  # fmt: skip
    text = " ".join(text.split())

    assert "`python -m validation.intervals` (5 min of processor time)" in text
    assert "reads `validation.searches`: 10 min of processor time for three claims" in text
    assert "All that this page tells of took 15 min of processor time." in text


def test_sobol_indices_agree_and_a_wrong_function_would_not(monkeypatch):
    assert sobol_indices.measure(designs=2, sizes=(1_024, 16_384)).holds

    monkeypatch.setattr(sobol_indices, "ishigami", lambda unit: unit.sum(axis=1))
    assert not sobol_indices.measure(designs=1, sizes=(512, 1_024)).holds


@pytest.mark.slow
def test_one_two_and_four_workers_give_the_same_bytes():
    assert workers.measure(commands=("select",), cluster=False).holds


def test_least_is_below_nominal_by_the_99_percent_bound():
    """.9 of 100: 2.33 standard errors of .03."""
    assert least(0.9, 100) == pytest.approx(0.9 - 2.33 * 0.03)


def test_the_page_tells_every_claim_and_what_does_not_hold(tmp_path):
    claim = Claim("workers", "All is well.", "By looking.", "it is not", holds=False)
    (tmp_path / "workers.json").write_text(
        json.dumps({"key": claim.key, "claims": claim.claims, "how": claim.how, "found": claim.found, "holds": False,
                    "figures": {}, "processor_seconds": 3.0}), encoding="utf-8",
    )  # fmt: skip
    missing = write(tmp_path, tmp_path)

    text = (tmp_path / "validation.md").read_text(encoding="utf-8")
    assert "does not hold" in text
    assert "It is not." in text
    assert set(missing) == set(CLAIMS) - {"workers"}
    assert text_of([]).startswith("# Validation")
