"""Which categories are near to which: what the map shows, for those who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch_jobs.explore.stored import Embeddings
from batch_jobs.train.labels import CategoryPath

NEAREST = 3


@dataclass(frozen=True)
class Neighbours:
    """A category with the mean cosine of its photos among themselves, and of those nearest to it.

    `alike` is None where there is one photo.
    """

    path: CategoryPath
    photos: int
    alike: float | None
    nearest: list[tuple[CategoryPath, float]]


def neighbours(
    embeddings: Embeddings, labels: NDArray[np.int64], categories: Sequence[CategoryPath]
) -> list[Neighbours]:
    """For each category of some photos, (n, width) and (n,), those with most photos first."""
    present, number, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(present), embeddings.shape[1]), np.float64)
    np.add.at(sums, number, embeddings)
    # The mean over all pairs is the product of the means.
    cosines = (sums @ sums.T) / np.outer(counts, counts)
    found = []
    for place in np.argsort(-counts, kind="stable").tolist():
        order = np.argsort(-cosines[place], kind="stable").tolist()
        others = [other for other in order if other != place][:NEAREST]
        nearest = [(categories[present[other]], float(cosines[place, other])) for other in others]
        count = int(counts[place])
        # Without each photo's cosine to itself.
        pairs = count * (count - 1)
        alike = (cosines[place, place] * count**2 - count) / pairs if pairs else None
        found.append(Neighbours(categories[present[place]], count, alike, nearest))
    return found
