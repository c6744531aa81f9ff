"""Centroids are as many as are asked for, however the vectors lie."""

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from planned import WIDTH, clustered

from batch_jobs.index.build import build_base
from batch_jobs.index.choose import Budget
from batch_jobs.index.source import ArraySource
from batch_jobs.index.train import learn_centroids, unit
from batch_jobs.progress import Progress


def outlying(count: int) -> np.ndarray:
    """Most are near each other; the rest lie aside by threes, too few for a centroid of theirs."""
    aside = np.arange(1, 1 + count // 27)
    vectors = 0.01 * np.random.default_rng(0).standard_normal((count, 1 + len(aside)))
    vectors[:, 0] += 1
    for copy in range(3):
        vectors[9 * aside + copy, aside] += 2
    return unit(vectors.astype(np.float32))


def equal(count: int) -> np.ndarray:
    return np.tile(clustered(1), (count, 1))


def copied(count: int) -> np.ndarray:
    """Each vector many times, and a few that are zero."""
    vectors = np.repeat(clustered(50), count // 50, axis=0)
    vectors[::100] = 0
    return vectors


@pytest.mark.parametrize("draw", [outlying, equal, copied])
@pytest.mark.parametrize(("count", "lists"), [(8_192, 1_024), (1_100, 1_024), (500, 1_024)])
def test_there_are_as_many_centroids_however_vectors_lie(
    draw: Callable[[int], np.ndarray], count: int, lists: int
) -> None:
    centroids = learn_centroids(draw(count), lists)
    assert centroids.shape[0] == min(lists, count)
    assert np.isfinite(centroids).all()


def test_many_centroids_are_as_near_as_those_of_one_clustering() -> None:
    vectors = clustered(16_384)
    kmeans = faiss.Kmeans(WIDTH, 1_024, niter=10, spherical=True, seed=1)
    kmeans.train(vectors)
    found = (kmeans.centroids, learn_centroids(vectors, 1_024))
    at_once, in_two_levels = ((vectors @ one.T).max(axis=1).mean() for one in found)
    assert in_two_levels > at_once - 0.02


@pytest.mark.parametrize("draw", [outlying, equal, copied])
def test_odd_vectors_are_indexed(draw: Callable[[int], np.ndarray], tmp_path: Path) -> None:
    vectors = draw(2_000)
    photos = ArraySource(vectors, np.arange(2_000))
    numbers = np.unique(vectors, axis=0, return_inverse=True)[1]
    built = build_base(photos, Budget(0.0001), tmp_path, Progress(), numbers)
    assert built.index.ntotal == 2_000
