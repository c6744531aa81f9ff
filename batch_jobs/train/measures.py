"""How good embeddings are, a value for each query: does it find its siblings, its category."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from batch_jobs.train.labels import CategoryPath
from batch_jobs.train.photos import PhotoSet

Embeddings = NDArray[np.float32]  # (n, width), unit norm
Logits = NDArray[np.float32]  # (queries, labels)
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]
Values = dict[str, NDArray[np.float32]]  # (queries,) each; NaN where a query does not count

RANKS = (1, 5, 10)
CATEGORY_RANK = 10
LABEL_RANKS = {"": 1, "_top5": 5}
_BLOCK = 128  # queries compared with the gallery at once


def measure(
    embeddings: Embeddings, logits: Logits, photos: PhotoSet, queries: Places, gallery: Places
) -> Values:
    """All measures of the queries, by name.

    `embeddings` are of all photos, `logits` of the queries. A query's own photo and its duplicates
    are not in its gallery. Queries without a sibling there do not count for siblings. Category
    precision is among photos of other listings.
    """
    found = retrieval(embeddings, photos, queries, gallery)
    return {**found, **accuracy(logits, photos.labels[queries], photos.categories)}


def retrieval(embeddings: Embeddings, photos: PhotoSet, queries: Places, gallery: Places) -> Values:
    """Recall@1, 5 and 10 and MAP@R of siblings, and precision@10 of the category.

    MAP@R: Musgrave et al., "A Metric Learning Reality Check", ECCV 2020.
    """
    blocks = [
        {
            **_sibling_values(sibling),
            "category_precision_at_10": _category_precision(sibling, category, usable),
        }
        for sibling, category, usable in _nearest(embeddings, photos, queries, gallery)
    ]
    names = (*_SIBLING_NAMES, "category_precision_at_10")
    return {name: _joined(block[name] for block in blocks) for name in names}


def _nearest(
    embeddings: Embeddings, photos: PhotoSet, queries: Places, gallery: Places
) -> Iterator[tuple[Flags, Flags, Flags]]:
    """For a block of queries, over the gallery nearest first: sibling, same label, may be found."""
    groups = np.unique(np.array(photos.groups), return_inverse=True)[1]
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        similarity = embeddings[block] @ embeddings[gallery].T  # (block, gallery)
        usable = groups[block][:, None] != groups[gallery][None]
        similarity[~usable] = -np.inf
        order = np.argsort(-similarity, axis=1, kind="stable")
        sibling = photos.listings[block][:, None] == photos.listings[gallery][order]
        category = photos.labels[block][:, None] == photos.labels[gallery][order]
        usable = np.take_along_axis(usable, order, axis=1)
        yield sibling & usable, category, usable


_SIBLING_NAMES = (*(f"sibling_recall_at_{rank}" for rank in RANKS), "sibling_map_at_r")


def _sibling_values(sibling: Flags) -> Values:
    counts = sibling.sum(axis=1)  # R of each query
    ranks = np.arange(1, sibling.shape[1] + 1)
    precision = np.cumsum(sibling, axis=1) / ranks
    within = ranks[None] <= counts[:, None]
    average = (precision * sibling * within).sum(axis=1) / np.maximum(counts, 1)
    values = [sibling[:, :rank].any(axis=1) for rank in RANKS]
    nothing = counts == 0
    return {
        name: np.where(nothing, np.nan, value).astype(np.float32)
        for name, value in zip(_SIBLING_NAMES, [*values, average], strict=True)
    }


def _category_precision(sibling: Flags, category: Flags, usable: Flags) -> NDArray[np.float32]:
    others = usable & ~sibling
    nearest = others & (np.cumsum(others, axis=1) <= CATEGORY_RANK)
    counts = nearest.sum(axis=1)
    right = (nearest & category).sum(axis=1) / np.maximum(counts, 1)
    return np.where(counts == 0, np.nan, right).astype(np.float32)


def accuracy(logits: Logits, labels: Places, categories: Sequence[CategoryPath]) -> Values:
    """Whether the true label, and its root, is the most probable one or among the five."""
    roots = root_numbers(categories)
    by_root = root_probabilities(logits, roots)
    ranks = {"leaf": _rank(logits, labels), "root": _rank(by_root, roots[labels])}
    return {
        f"{what}_accuracy{suffix}": (rank < limit).astype(np.float32)
        for what, rank in ranks.items()
        for suffix, limit in LABEL_RANKS.items()
    }


def root_numbers(categories: Sequence[CategoryPath]) -> Places:
    """The number of each label's root, (labels,), in the order of their names."""
    numbers: Places = np.unique([path[0] for path in categories], return_inverse=True)[1]
    return numbers


def root_probabilities(logits: Logits, roots: Places) -> Logits:
    """A root's probability is the sum of its labels'; (queries, labels) to (queries, roots)."""
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    by_root = np.zeros((len(logits), roots.max() + 1), np.float32)
    np.add.at(by_root.T, roots, probabilities.T)
    shares: Logits = by_root / by_root.sum(axis=1, keepdims=True)
    return shares


def _rank(scores: Logits, labels: Places) -> Places:
    """How many other labels come before the true one, (queries,)."""
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    before = (scores > own).sum(axis=1)
    ties_before = ((scores == own) & (np.arange(scores.shape[1]) < labels[:, None])).sum(axis=1)
    ranks: Places = before + ties_before
    return ranks


def nearest_mean_logits(
    embeddings: Embeddings, photos: PhotoSet, known: Places, queries: Places
) -> Logits:
    """Each query's cosine to the mean of each label's known photos: categories without training.

    A label without a known photo is never the answer.
    """
    logits = np.full((len(queries), len(photos.categories)), -1e4, np.float32)
    for label in np.unique(photos.labels[known]).tolist():
        mean = embeddings[known][photos.labels[known] == label].mean(axis=0)
        mean /= max(float(np.linalg.norm(mean)), 1e-12)
        logits[:, label] = embeddings[queries] @ mean
    return logits


def means(values: Values) -> dict[str, float | None]:
    """The mean of each measure over the queries that count, None where none does."""
    return {
        name: None if np.isnan(value).all() else float(np.nanmean(value))
        for name, value in values.items()
    }


def _joined(blocks: Iterator[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate([np.empty(0, np.float32), *blocks])
