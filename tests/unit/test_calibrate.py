"""Calibration finds again what made-up logits and similarities were made with."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from test_split import photo_set

from batch_jobs.train.calibrate import (
    Pairs,
    curve,
    expected_error,
    good_match,
    nearest_pairs,
    reliability,
    temperature,
    top_label,
)

RANDOM = np.random.default_rng(0)


def drawn(probabilities: np.ndarray) -> np.ndarray:
    """A label for each row of (n, labels), by its probabilities."""
    return (probabilities.cumsum(axis=1) > RANDOM.random((len(probabilities), 1))).argmax(axis=1)


@pytest.mark.parametrize("overconfident", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_too_much_and_too_little_confidence(overconfident: float) -> None:
    honest = RANDOM.normal(size=(4000, 6)) * 2
    labels = drawn(softmax(honest, axis=1))
    found = temperature((honest * overconfident).astype(np.float32), labels)
    assert found == pytest.approx(overconfident, rel=0.1)
    bins = reliability(*top_label(honest * overconfident, labels, found))
    assert expected_error(bins) < 0.03


def test_a_curve_gives_the_shares_that_were_the_same() -> None:
    similarity = RANDOM.uniform(0, 1, 20_000)
    same = RANDOM.random(20_000) < expit(12 * similarity - 7)
    found = curve(similarity, same)
    assert found is not None
    assert found["slope"] == pytest.approx(12, rel=0.1)
    assert found["intercept"] == pytest.approx(-7, rel=0.1)


def test_a_clean_cut_has_a_finite_slope_and_a_falling_one_none() -> None:
    similarity = np.linspace(0, 1, 100)
    cut = curve(similarity, similarity > 0.5)
    assert cut is not None
    assert 10 < cut["slope"] < 1000
    falling = curve(similarity, similarity < 0.5)
    assert falling is not None
    assert falling["slope"] == pytest.approx(0, abs=1e-6)


def test_too_few_pairs_of_either_kind_have_no_curve() -> None:
    similarity = np.linspace(0, 1, 100)
    assert curve(similarity, similarity > 0.9) is None
    assert curve(similarity, np.ones(100, bool)) is None
    assert temperature(np.zeros((3, 2), np.float32), np.zeros(3, np.int64)) == 1.0


def test_half_of_the_queries_have_no_sibling_left_to_find() -> None:
    photos = photo_set([0, 0, 1, 1, 2])
    angles = np.deg2rad([0, 5, 90, 120, 100])
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    pairs = nearest_pairs(embeddings, photos, np.array([0]), np.arange(5))
    assert pairs.first.sum() == 2
    assert pairs.same_item[pairs.first].tolist() == [True, False]
    assert len(pairs.similarity) == 4 + 3


def test_a_good_match_is_the_lowest_similarity_that_is_precise_enough() -> None:
    similarity = np.linspace(1, 0, 200)
    same = np.arange(200) < 90
    pairs = Pairs(similarity, same, same, np.ones(200, bool))
    found = good_match(pairs, has_siblings=True)
    assert found is not None
    assert found["of"] == "item"
    assert found["precision"] == pytest.approx(0.9)
    assert found["recall"] == 1.0
    assert found["threshold"] == pytest.approx(similarity[99])


def test_where_no_similarity_is_precise_enough_nothing_is_said() -> None:
    same = np.zeros(200, bool)
    pairs = Pairs(np.linspace(1, 0, 200), same, same, np.ones(200, bool))
    assert good_match(pairs, has_siblings=False) is None


def test_reliability_leaves_no_pair_out() -> None:
    predicted = RANDOM.random(1000)
    predicted[:2] = (0.0, 1.0)
    bins = reliability(predicted, RANDOM.random(1000) < predicted)
    assert sum(one["count"] for one in bins) == 1000
    assert expected_error([]) is None
