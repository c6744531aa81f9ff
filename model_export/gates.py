"""Gates of a smaller extractor: how far it may be from fp32 on photos that were held out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# On a whitened EfficientNet-Lite0, weights rounded to 7 bits and no more measured 0.90 and 0.56,
# with single photos at 0.60; the first recipe, at which no photo is below 0.94, 0.985 and 0.82.
# Between the two lies what may serve. Neighbours in near ties change places at any rounding.
MIN_COSINE = 0.97
MIN_OVERLAP = 0.75
# What the product promises of int8; of few photos, one may always be lost.
MAX_DROP = 0.01
GATED = ("sibling_recall_at_1", "leaf_accuracy", "category_precision_at_10")
NEIGHBOURS = 10

Embeddings = NDArray[np.float32]  # (n, width), unit norm
Places = NDArray[np.int64]
Values = Mapping[str, NDArray[np.float32]]  # (queries,) each; NaN where a query does not count


@dataclass(frozen=True)
class Agreement:
    """How a candidate compares with fp32 over `queries` photos.

    `drops` are of the measures in GATED for which any query counts: fp32's mean minus the
    candidate's. `allowed` are their limits.
    """

    queries: int
    cosine: float
    overlap_at_10: float
    drops: dict[str, float]
    allowed: dict[str, float]

    @property
    def failures(self) -> list[str]:
        """What is beyond its limit, in words; empty where the candidate passes."""
        found = []
        if not self.cosine >= MIN_COSINE:  # a NaN fails as well
            found.append(f"mean cosine {self.cosine:.4f} is below {MIN_COSINE}")
        if not self.overlap_at_10 >= MIN_OVERLAP:
            found.append(f"overlap of neighbours {self.overlap_at_10:.3f} is below {MIN_OVERLAP}")
        found += [
            f"{name} drops by {drop:.4f}, more than {self.allowed[name]:.4f}"
            for name, drop in self.drops.items()
            if not drop <= self.allowed[name] + 1e-6  # means of float32
        ]
        return found


def compare(
    wanted: tuple[Embeddings, Values],
    found: tuple[Embeddings, Values],
    queries: Places,
    gallery: Places,
) -> Agreement:
    """Compares embeddings of the same n photos and measures of the same queries.

    `queries` and `gallery` are places in the embeddings. Each photo is compared with fp32's own
    embedding of it, and the neighbours of each query among the gallery's candidate embeddings with
    those among fp32's.
    """
    (before, wanted_values), (after, found_values) = wanted, found
    drops = {name: _drop(wanted_values[name], found_values[name]) for name in GATED}
    drops = {name: drop for name, drop in drops.items() if not np.isnan(drop)}
    return Agreement(
        queries=len(queries),
        cosine=float((before[queries] * after[queries]).sum(axis=1).mean()),
        overlap_at_10=overlap(
            nearest(before[queries], before, queries, gallery),
            nearest(after[queries], after, queries, gallery),
        ),
        drops=drops,
        allowed={name: max(MAX_DROP, 1 / _counted(wanted_values[name])) for name in drops},
    )


def nearest(asked: Embeddings, embeddings: Embeddings, queries: Places, gallery: Places) -> Places:
    """The places of each query's ten nearest of the gallery, itself left out; (queries, <= 10).

    `asked` are the queries' embeddings, `embeddings` those of all photos.
    """
    similarity = asked @ embeddings[gallery].T
    similarity[queries[:, None] == gallery[None]] = -np.inf
    count = min(NEIGHBOURS, max(len(gallery) - 1, 0))
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
    places: Places = gallery[order]
    return places


def overlap(first: Places, second: Places) -> float:
    """The mean share of each row of `first` that is in the same row of `second`; 1 where empty."""
    if not first.size:
        return 1.0
    shared = (first[:, :, None] == second[:, None, :]).any(axis=2)
    return float(shared.mean())


def _drop(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    counts = ~np.isnan(before)
    return float((before[counts] - after[counts]).mean()) if counts.any() else float("nan")


def _counted(values: NDArray[np.float32]) -> int:
    return max(1, int((~np.isnan(values)).sum()))
