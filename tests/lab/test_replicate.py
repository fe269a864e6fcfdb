"""Replications as a table: the same bits however they are run, and intervals of what is defined."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from funnelsim.lab.play import measure
from funnelsim.lab.replicate import as_frame, replicate, to_intervals
from funnelsim.metrics import MEASURES
from funnelsim.stats import interval
from lab.small import small


@pytest.fixture(scope="module")
def batch():
    return replicate(small(), replications=range(4))


def same_bits(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    return (
        list(a.columns) == list(b.columns)
        and a.index.tolist() == b.index.tolist()
        and a.to_numpy().tobytes() == b.to_numpy().tobytes()
    )


def test_a_row_per_replication_and_a_column_per_measure(batch):
    assert batch.index.name == "replication"
    assert batch.index.tolist() == [0, 1, 2, 3]
    assert list(batch.columns) == list(MEASURES)
    assert (batch.dtypes == "float64").all()
    assert batch["revenue"].nunique() == 4


def test_two_workers_give_the_bits_of_one(batch):
    assert same_bits(replicate(small(), replications=range(4), jobs=2), batch)


def test_a_replication_alone_equals_itself_in_a_batch(batch):
    assert same_bits(replicate(small(), replications=[2]), batch.loc[[2]])
    assert measure(small(), 2) == pytest.approx(batch.loc[2].to_dict(), rel=0, abs=0, nan_ok=True)


def test_the_order_in_which_replications_are_named_leaves_no_mark(batch):
    assert same_bits(replicate(small(), replications=[3, 1]), batch.loc[[1, 3]])


def test_another_seed_is_other_luck(batch):
    other = replicate(small(seed=8), replications=[0])

    assert other.loc[0, "revenue"] != batch.loc[0, "revenue"]


def test_intervals_leave_out_what_is_not_defined():
    frame = as_frame(
        {
            0: {"a": 1.0, "b": math.nan, "c": math.nan, "d": math.inf},
            1: {"a": 2.0, "b": 5.0, "c": math.nan, "d": 4.0},
            2: {"a": 4.0, "b": math.nan, "c": math.nan, "d": 6.0},
        }
    )

    found = to_intervals(frame)

    assert found["a"] == interval([1.0, 2.0, 4.0])
    assert (found["b"].mean, found["b"].n) == (5.0, 1)
    assert math.isnan(found["b"].half_width)
    assert math.isnan(found["c"].mean)
    assert found["c"].n == 0
    assert found["d"] == interval([4.0, 6.0])


def test_the_interval_of_two_values_is_the_textbook_one():
    found = to_intervals(as_frame({0: {"a": 0.0}, 1: {"a": 2.0}}))["a"]

    # t(0.975, 1) = 12.7062; standard deviation sqrt(2), of the mean 1.
    assert found.mean == 1.0
    assert np.isclose(found.half_width, 12.7062, atol=1e-4)
