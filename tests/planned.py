"""Embeddings in clusters, small enough that every plan can be built in a moment."""

import numpy as np
from numpy.typing import NDArray

from batch_jobs.index.source import ArraySource

WIDTH = 48


def clustered(count: int, seed: int = 0) -> NDArray[np.float32]:
    """(count, WIDTH) float32, unit norm: 50 a cluster, in 12 dimensions with a little noise."""
    random = np.random.default_rng(seed)
    lift = random.standard_normal((12, WIDTH))
    centres = random.standard_normal((max(1, count // 50), 12))
    near = centres[random.integers(0, len(centres), count)]
    near = near + 0.5 * random.standard_normal(near.shape)
    noisy = near @ lift + 0.2 * random.standard_normal((count, WIDTH))
    return (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)


def source_of(count: int, seed: int = 0) -> ArraySource:
    keys = np.random.default_rng(seed + 1).permutation(count).astype(np.int64) * 3
    return ArraySource(clustered(count, seed), keys)
