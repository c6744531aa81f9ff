"""Curves and thresholds: probabilities that never fall, and nothing that is no number."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from release.calibration import Calibration, Curve, Match

ADAPTER = TypeAdapter(Calibration)
MATCH: dict[str, Any] = {"of": "item", "threshold": 0.43, "precision": 0.93, "recall": 0.81}
LARGEST = 1.7e308

shares = st.floats(0, 1)
cosines = st.floats(-1, 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
curves = st.builds(Curve, slope=st.floats(0, allow_infinity=False), intercept=numbers)
matches = st.builds(
    Match,
    of=st.sampled_from(["item", "category"]),
    threshold=cosines,
    precision=shares,
    recall=shares,
)
calibrations = st.builds(
    Calibration,
    same_item=st.none() | curves,
    same_category=st.none() | curves,
    match=st.none() | matches,
)


@given(curves, cosines, cosines)
def test_a_probability_is_from_0_to_1_and_never_falls(curve: Curve, one: float, two: float) -> None:
    low, high = (curve.probability(similarity) for similarity in sorted([one, two]))
    assert 0 <= low <= high <= 1


@given(st.floats(0, 50), st.floats(-50, 50), cosines)
def test_a_probability_is_the_logistic_function(
    slope: float, intercept: float, similarity: float
) -> None:
    probability = Curve(slope, intercept).probability(similarity)
    odds = math.exp(slope * similarity + intercept)
    assert probability == pytest.approx(odds / (1 + odds), rel=1e-9)


@pytest.mark.parametrize(
    ("curve", "similarity", "probability"),
    [
        (Curve(10, -5), 0.5, 0.5),
        (Curve(0, 0), -1, 0.5),
        (Curve(LARGEST, LARGEST), 1, 1),
        (Curve(LARGEST, LARGEST), -1, 0.5),
        (Curve(LARGEST, -LARGEST), -1, 0),
        (Curve(1e6, 0), 1.0000001, 1),
    ],
)
def test_the_steepest_curves_give_a_number_too(
    curve: Curve, similarity: float, probability: float
) -> None:
    assert curve.probability(similarity) == pytest.approx(probability, abs=1e-12)


@given(calibrations)
def test_what_is_written_is_read(calibration: Calibration) -> None:
    assert ADAPTER.validate_json(ADAPTER.dump_json(calibration)) == calibration


def test_what_training_writes_is_read() -> None:
    text = b"""{"same_item": {"slope": 12, "intercept": -6.1}, "same_category": null,
        "match": {"of": "category", "threshold": 0, "precision": 1, "recall": 0.5}}"""
    wanted = Calibration(Curve(12.0, -6.1), None, Match("category", 0.0, 1.0, 0.5))
    assert ADAPTER.validate_json(text) == wanted
    assert ADAPTER.validate_json(b"{}") == Calibration(None, None, None)


@pytest.mark.parametrize("slope", [-0.1, math.nan, math.inf])
def test_a_curve_that_falls_or_is_no_number_is_refused(slope: float) -> None:
    with pytest.raises(ValidationError, match="slope"):
        Curve(slope=slope, intercept=0)


@pytest.mark.parametrize("intercept", [math.nan, math.inf, -math.inf, "0"])
def test_an_intercept_that_is_no_number_is_refused(intercept: Any) -> None:
    with pytest.raises(ValidationError, match="intercept"):
        Curve(slope=1, intercept=intercept)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("of", "listing"),
        ("threshold", 43.0),
        ("threshold", math.nan),
        ("precision", 93.0),
        ("precision", math.nan),
        ("recall", -0.1),
    ],
)
def test_a_match_in_the_wrong_unit_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        Match(**{**MATCH, name: value})


def test_a_match_is_good_from_the_threshold_on() -> None:
    match = Match(**MATCH)
    assert [match.good(similarity) for similarity in (0.42, 0.43, 1.0)] == [False, True, True]
