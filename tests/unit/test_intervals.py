"""Intervals are of listings, not of photos, and contain what they are of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.train.intervals import with_intervals


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        values = (random.random(150) < 0.8).astype(np.float32)
        found = with_intervals({"x": values}, np.arange(150), seed=trial)["x"]
        covered += found["low"] <= 0.8 <= found["high"]
    assert 180 <= covered <= 198


def test_photos_of_one_listing_count_as_one_thing() -> None:
    values = np.repeat(np.array([0, 1] * 20, np.float32), 10)  # ten photos a listing, all alike
    wide = with_intervals({"x": values}, np.repeat(np.arange(40), 10))["x"]
    narrow = with_intervals({"x": values}, np.arange(400))["x"]
    ratio = (wide["high"] - wide["low"]) / (narrow["high"] - narrow["low"])
    assert ratio == pytest.approx(10**0.5, rel=0.15)


def test_queries_that_do_not_count_are_left_out_and_so_is_a_measure_without_any() -> None:
    values = {"some": np.array([1, np.nan, 0], np.float32), "none": np.full(3, np.nan, np.float32)}
    found = with_intervals(values, np.array([0, 1, 2]))
    assert found.keys() == {"some"}
    assert (found["some"]["value"], found["some"]["queries"]) == (0.5, 2)


def test_nothing_held_out_is_an_empty_table() -> None:
    nothing = np.zeros(0, np.float32)
    assert with_intervals({"x": nothing}, np.zeros(0, np.int64)) == {}


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1, width=32)), min_size=1, max_size=50))
def test_the_value_is_within_its_interval(rows: list[tuple[int, float]]) -> None:
    values = np.array([value for _, value in rows], np.float32)
    found = with_intervals({"x": values}, np.array([listing for listing, _ in rows]))["x"]
    assert 0 <= found["low"] <= found["high"] <= 1
    assert values.min() - 1e-6 <= found["value"] <= values.max() + 1e-6
