"""What a search is asked with: numbers of any length, brought to unit norm and moved by likes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from release.errors import QueryError
from release.vector_index import Embeddings

# How far liked and disliked listings move a query: Rocchio's weights as Manning, Raghavan and
# Schuetze give them (Introduction to Information Retrieval, 2008, 9.1.1).
LIKED, DISLIKED = 0.75, 0.15


def unit_queries(features: ArrayLike, width: int) -> Embeddings:
    """`features`, (n, width) or (width,) and any length but zero, as (n, width) of unit norm.

    Raises QueryError for another shape, and for what is not finite, all zero or no number.
    """
    try:
        queries = np.atleast_2d(np.asarray(features, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise QueryError(f"Features must be numbers: {error}.") from error
    if queries.ndim != 2 or queries.shape[1] != width:
        raise QueryError(
            f"Features of shape (n, {width}) or ({width},) are needed, "
            f"these are {np.shape(features)}."
        )
    largest = np.abs(queries).max(axis=1, keepdims=True)
    if not (np.isfinite(largest).all() and (largest > 0).all()):
        raise QueryError("Features must be finite numbers and not all zero.")
    queries = queries / largest  # else the squares of very small ones are zero
    unit: Embeddings = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    return unit.astype(np.float32)


def moved(
    queries: Embeddings, liked: Sequence[Embeddings], disliked: Sequence[Embeddings]
) -> Embeddings:
    """Queries nearer to the liked listings and further from the disliked, (n, width), unit norm.

    Of each listing there are the vectors of its photos, and their mean counts. Raises QueryError
    where a query ends at zero.
    """
    found = queries
    for listings, weight in ((liked, LIKED), (disliked, -DISLIKED)):
        if listings:
            theirs = np.stack([photos.mean(axis=0) for photos in listings])
            found = found + np.float32(weight) * theirs.mean(axis=0)
    return queries if found is queries else unit_queries(found, queries.shape[1])
