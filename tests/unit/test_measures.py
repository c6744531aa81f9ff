"""The measures say what their names say, on cases small enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_split import photo_set

from batch_jobs.train.measures import accuracy, means, nearest_mean_logits, retrieval


def on_circle(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_recall_counts_queries_whose_sibling_is_among_the_nearest() -> None:
    # Photo 0 has its sibling 1 nearest; photo 2 has photo 4 nearest, its sibling 3 second.
    photos = photo_set([0, 0, 1, 1, 2])
    values = retrieval(on_circle(0, 5, 90, 120, 100), photos, np.array([0, 2]), np.arange(5))
    assert values["sibling_recall_at_1"].tolist() == [1, 0]
    assert values["sibling_recall_at_5"].tolist() == [1, 1]


def test_map_at_r_looks_as_far_as_there_are_siblings() -> None:
    # Siblings of photo 0 are the second and the third nearest; of R = 2 ranks, one is right.
    photos = photo_set([0, 0, 0, 1])
    values = retrieval(on_circle(0, 20, 30, 10), photos, np.array([0]), np.arange(4))
    assert values["sibling_map_at_r"].tolist() == [pytest.approx(0.5 / 2)]


def test_a_duplicate_of_the_query_is_not_in_its_gallery() -> None:
    photos = photo_set([0, 0, 1], groups=["same", "other", "same"])
    values = retrieval(on_circle(0, 30, 0), photos, np.array([0]), np.arange(3))
    assert values["sibling_recall_at_1"].tolist() == [1]


def test_queries_without_a_sibling_do_not_count_for_siblings() -> None:
    photos = photo_set([0, 1])
    found = means(retrieval(on_circle(0, 1), photos, np.array([0, 1]), np.arange(2)))
    assert [found[f"sibling_recall_at_{k}"] for k in (1, 5, 10)] == [None] * 3
    assert found["category_precision_at_10"] == 1.0


def test_category_precision_is_among_ten_photos_of_other_listings() -> None:
    photos = photo_set([0, 0, *range(1, 13)], labels=[0, 0, *[0] * 4, *[1] * 8])
    angles = [0, 1, *range(2, 14)]
    values = retrieval(on_circle(*angles), photos, np.array([0]), np.arange(14))
    assert values["category_precision_at_10"].tolist() == [pytest.approx(0.4)]


def test_accuracy_is_of_the_whole_path_and_of_its_root() -> None:
    categories = [("Home", "Lamps"), ("Home", "Tables"), ("Garden",)]
    logits = np.array([[0, 3, 1], [0, 3, 1], [1, 1.2, 1.5]], np.float32)
    found = accuracy(logits, np.array([0, 1, 2]), categories)
    assert found["leaf_accuracy"].tolist() == [0, 1, 1]
    assert found["root_accuracy"].tolist() == [1, 1, 0]  # two lamps and tables outweigh a garden
    assert found["leaf_accuracy_top5"].tolist() == [1, 1, 1]


def test_nearest_mean_needs_no_training() -> None:
    photos = photo_set(list(range(6)), labels=[0, 0, 1, 1, 0, 1])
    embeddings = on_circle(0, 10, 90, 100, 20, 80)
    logits = nearest_mean_logits(embeddings, photos, np.arange(4), np.array([4, 5]))
    assert logits.argmax(axis=1).tolist() == [0, 1]


@given(
    rows=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12)), min_size=2, max_size=40),
    seed=st.integers(0, 9),
)
def test_measures_are_those_counted_one_by_one(rows: list[tuple[int, int]], seed: int) -> None:
    listings = [listing for listing, _ in rows]
    photos = photo_set(listings, groups=[f"group {group}" for _, group in rows])
    embeddings = np.random.default_rng(seed).normal(size=(len(rows), 8)).astype(np.float32)
    everything = np.arange(len(rows))
    values = retrieval(embeddings, photos, everything, everything)
    for query in everything:
        others = [n for n in everything if photos.groups[n] != photos.groups[query]]
        others.sort(key=lambda n: -float(embeddings[query] @ embeddings[n]))
        same = [listings[n] == listings[query] for n in others]
        wanted = float(any(same[:5])) if any(same) else np.nan
        np.testing.assert_equal(float(values["sibling_recall_at_5"][query]), wanted)
        average = sum(sum(same[: n + 1]) / (n + 1) for n in range(sum(same)) if same[n])
        wanted = average / sum(same) if any(same) else np.nan
        np.testing.assert_allclose(values["sibling_map_at_r"][query], wanted, rtol=1e-5)
