"""The measures say what their names say, on cases small enough to count by hand."""

import numpy as np
from test_split import photo_set

from batch_jobs.train.evaluate import category_accuracy, nearest_mean, sibling_recall


def on_circle(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_recall_counts_queries_whose_sibling_is_among_the_nearest() -> None:
    # Photo 0 has its sibling 1 nearest; photo 2 has photo 4 nearest, its sibling 3 second.
    photos = photo_set([0, 0, 1, 1, 2])
    embeddings = on_circle(0, 5, 90, 120, 100)
    everything = np.arange(5)
    scores = sibling_recall(embeddings, photos, np.array([0, 2]), everything)
    assert scores["sibling_recall_at_1"] == 0.5
    assert scores["sibling_recall_at_5"] == 1.0


def test_a_duplicate_of_the_query_is_not_in_its_gallery() -> None:
    photos = photo_set([0, 0, 1], groups=["same", "other", "same"])
    scores = sibling_recall(on_circle(0, 30, 0), photos, np.array([0]), np.arange(3))
    assert scores["sibling_recall_at_1"] == 1.0


def test_queries_without_a_sibling_do_not_count() -> None:
    photos = photo_set([0, 1])
    scores = sibling_recall(on_circle(0, 1), photos, np.array([0, 1]), np.arange(2))
    assert scores == {f"sibling_recall_at_{k}": None for k in (1, 5, 10)}


def test_accuracy_is_of_the_whole_path_and_of_its_root() -> None:
    categories = [("Home", "Lamps"), ("Home", "Tables"), ("Garden",)]
    found = category_accuracy(np.array([1, 1, 2]), np.array([0, 1, 0]), categories)
    assert found == {"category_accuracy": 1 / 3, "root_accuracy": 2 / 3}


def test_nearest_mean_needs_no_training() -> None:
    embeddings = on_circle(0, 10, 90, 100, 20, 80)
    labels = np.array([0, 0, 1, 1, 0, 1])
    found = nearest_mean(embeddings, labels, np.arange(4), np.array([4, 5]))
    assert found.tolist() == [0, 1]
