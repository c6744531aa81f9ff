"""How good embeddings are: does a photo find its siblings, and is its category known."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from batch_jobs.train.photos import CategoryPath, PhotoSet

Embeddings = NDArray[np.float32]  # (n, width), unit norm
Places = NDArray[np.int64]
RANKS = (1, 5, 10)
_BLOCK = 512  # queries compared with the gallery at once


def sibling_recall(
    embeddings: Embeddings, photos: PhotoSet, queries: Places, gallery: Places
) -> dict[str, float | None]:
    """The share of queries with a sibling among their 1, 5 and 10 nearest photos of the gallery.

    A query's own photo and its exact duplicates are not in its gallery, and queries without a
    sibling in the gallery do not count. None where no query counts.
    """
    counted, hits = 0, dict.fromkeys(RANKS, 0)
    groups = np.array(photos.groups)
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        similarity = embeddings[block] @ embeddings[gallery].T  # (block, gallery)
        similarity[groups[block][:, None] == groups[gallery][None]] = -np.inf
        same = photos.listings[block][:, None] == photos.listings[gallery][None]
        same &= similarity > -np.inf
        nearest = np.argsort(-similarity, axis=1, kind="stable")[:, : max(RANKS)]
        found = np.take_along_axis(same, nearest, axis=1)[same.any(axis=1)]
        counted += len(found)
        for rank in RANKS:
            hits[rank] += int(found[:, :rank].any(axis=1).sum())
    return {f"sibling_recall_at_{k}": hits[k] / counted if counted else None for k in RANKS}


def category_accuracy(
    predicted: NDArray[np.int64], labels: NDArray[np.int64], categories: Sequence[CategoryPath]
) -> dict[str, float | None]:
    """The share of photos whose whole path, and whose root, is the predicted one."""
    if len(labels) == 0:
        return {"category_accuracy": None, "root_accuracy": None}
    roots = np.unique([path[0] for path in categories], return_inverse=True)[1]
    return {
        "category_accuracy": float((predicted == labels).mean()),
        "root_accuracy": float((roots[predicted] == roots[labels]).mean()),
    }


def nearest_mean(
    embeddings: Embeddings, labels: NDArray[np.int64], known: Places, queries: Places
) -> NDArray[np.int64]:
    """Each query's category by the nearest mean of known photos: a classifier without training."""
    present = np.unique(labels[known])
    means = np.stack([embeddings[known][labels[known] == label].mean(axis=0) for label in present])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    nearest: NDArray[np.int64] = present[(embeddings[queries] @ means.T).argmax(axis=1)]
    return nearest
