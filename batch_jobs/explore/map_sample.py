"""Which photos are on the map, in which colour: a sample by category, groups of categories."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch_jobs.train.labels import CategoryPath

MOST_PHOTOS = 4_000
COLOURS = 10
SEED = 0
OTHERS = "other categories"

Labels = NDArray[np.int64]  # (n,)


def sample(labels: Labels, most: int = MOST_PHOTOS) -> NDArray[np.int64]:
    """At most so many places, ascending; the same ones every time.

    A label's share goes with the square root of its size, so that small ones stay.
    """
    shuffled = np.random.default_rng(SEED).permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, first, counts = np.unique(labels[by_label], return_index=True, return_counts=True)
    rank = np.arange(len(labels)) - np.repeat(first, counts)  # within its label, from 0
    order = np.argsort(rank / np.sqrt(np.repeat(counts, counts)), kind="stable")
    return np.sort(by_label[order[:most]])


@dataclass(frozen=True)
class Groups:
    """The names that have a colour, those with most photos first, and each photo's; (n,)."""

    names: list[str]
    of: NDArray[np.int64]
    level: int  # of the category path, from 1


def group_by_root(labels: Labels, categories: Sequence[CategoryPath]) -> Groups:
    """By the root of each photo's category, or by the first level at which there are several."""
    paths = [categories[label] for label in labels.tolist()]
    deepest = max(map(len, paths))
    level = next((n for n in range(1, deepest) if len({path[:n] for path in paths}) > 1), deepest)
    counts = Counter(path[:level] for path in paths)
    ordered = sorted(counts, key=lambda path: (-counts[path], path))
    shown = ordered if len(ordered) <= COLOURS else ordered[: COLOURS - 1]
    number = {path: place for place, path in enumerate(shown)}
    names = [path[-1] for path in shown] + [OTHERS] * (len(shown) < len(ordered))
    of = np.array([number.get(path[:level], len(shown)) for path in paths], dtype=np.int64)
    return Groups(names, of, level)
