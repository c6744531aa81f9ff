"""Where photos are on the map: t-SNE, van der Maaten & Hinton, JMLR 2008."""

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA  # type: ignore[import-untyped]
from sklearn.manifold import TSNE  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from batch_jobs.explore.stored import Embeddings

DIMENSIONS = 50  # of the PCA before: t-SNE asks for neighbours only, and they stay
PERPLEXITY = 30.0  # neighbours that count, about
SEED = 0

Points = NDArray[np.float64]  # (n, 2)


def lay_out(embeddings: Embeddings) -> Points:
    """Points from 0 to 1 in the wider direction; the same ones on the same machine every time.

    `embeddings` is (n, width), n at least 5.
    """
    count, width = embeddings.shape
    # The order in which threads add up would change the last digits, and then the picture.
    with threadpool_limits(1):
        dimensions = min(DIMENSIONS, count - 1, width)
        reduced = PCA(dimensions, svd_solver="full").fit_transform(embeddings)
        tsne = TSNE(
            metric="cosine",
            init="pca",
            learning_rate="auto",
            perplexity=min(PERPLEXITY, (count - 1) / 3),
            random_state=SEED,
        )
        points = tsne.fit_transform(reduced).astype(np.float64)
    points -= points.min(axis=0)
    scaled: Points = points / max(points.max(), 1e-12)
    return scaled
