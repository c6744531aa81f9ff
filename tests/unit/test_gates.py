"""The gates of int8: what passes, what fails and why, and how much few photos may lose."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.gates import GATED, MIN_COSINE, compare, nearest, overlap

Embeddings = NDArray[np.float32]


def unit(rows: NDArray[np.float64]) -> Embeddings:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def embeddings(count: int = 60, noise: float = 0.0) -> Embeddings:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(count, 16))
    return unit(rows + noise * np.random.default_rng(1).normal(size=rows.shape))


def values(right: int, queries: int) -> dict[str, NDArray[np.float32]]:
    one = np.zeros(queries, np.float32)
    one[:right] = 1
    return dict.fromkeys(GATED, one)


PLACES = np.arange(60)


def test_fp32_passes_its_own_gates() -> None:
    same = (embeddings(), values(50, 60))
    agreement = compare(same, same, PLACES, PLACES)
    assert agreement.failures == []
    assert (round(agreement.cosine, 5), agreement.overlap_at_10) == (1.0, 1.0)
    assert set(agreement.drops.values()) == {0.0}


def test_embeddings_that_moved_far_fail_by_cosine_and_neighbours() -> None:
    agreement = compare(
        (embeddings(), values(50, 60)), (embeddings(noise=1.0), values(50, 60)), PLACES, PLACES
    )
    assert agreement.cosine < MIN_COSINE
    assert [failure.split()[0] for failure in agreement.failures] == ["mean", "overlap"]


@pytest.mark.parametrize(
    ("queries", "lost", "passes"),
    [(60, 1, True), (60, 2, False), (200, 2, True), (200, 3, False), (3, 1, True)],
)
def test_a_drop_may_be_a_hundredth_or_one_photo(queries: int, lost: int, passes: bool) -> None:
    own, places = embeddings(queries), np.arange(queries)
    agreement = compare(
        (own, values(queries, queries)), (own, values(queries - lost, queries)), places, places
    )
    assert (agreement.failures == []) is passes
    if not passes:
        assert [failure.split()[0] for failure in agreement.failures] == list(GATED)


def test_queries_that_do_not_count_are_left_out_and_so_is_a_measure_without_any() -> None:
    wanted, found = values(60, 60), values(59, 60)
    wanted["leaf_accuracy"] = np.full(60, np.nan, np.float32)
    found["leaf_accuracy"] = wanted["leaf_accuracy"]
    counted = wanted["sibling_recall_at_1"].copy()
    counted[:30] = np.nan
    wanted["sibling_recall_at_1"] = counted
    agreement = compare((embeddings(), wanted), (embeddings(), found), PLACES, PLACES)
    assert set(agreement.drops) == {"sibling_recall_at_1", "category_precision_at_10"}
    assert agreement.drops["sibling_recall_at_1"] == pytest.approx(1 / 30)
    assert agreement.allowed["sibling_recall_at_1"] == pytest.approx(1 / 30)


def test_numbers_that_are_none_fail() -> None:
    broken = embeddings()
    broken[0] = np.nan
    agreement = compare((embeddings(), values(60, 60)), (broken, values(60, 60)), PLACES, PLACES)
    assert "mean cosine nan" in agreement.failures[0]


def test_a_query_is_not_its_own_neighbour_and_a_small_gallery_gives_fewer() -> None:
    own = embeddings()
    found = nearest(own[:5], own, np.arange(5), np.arange(8))
    assert found.shape == (5, 7)
    assert all(query not in row for query, row in enumerate(found.tolist()))
    assert nearest(own[:1], own, np.arange(1), np.arange(1)).shape == (1, 0)


def test_overlap_does_not_look_at_the_order() -> None:
    assert overlap(np.array([[1, 2], [3, 4]]), np.array([[2, 1], [3, 5]])) == 0.75
    assert overlap(np.empty((3, 0), np.int64), np.empty((3, 0), np.int64)) == 1
