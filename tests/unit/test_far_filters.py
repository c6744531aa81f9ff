"""Filters that go with the vectors: all that matches is far from what is searched for."""

from pathlib import Path

import faiss
import numpy as np
import pytest

from release.allowed import Allowed
from release.vector_index import Embeddings, VectorIndex

PHOTOS, WIDTH, ROOTS, LISTS, K = 20_000, 32, 10, 640, 10
RNG = np.random.default_rng(0)
ROOT_OF = np.arange(PHOTOS) % ROOTS


def unit(vectors: np.ndarray) -> Embeddings:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / length).astype(np.float32)


ROOT = RNG.normal(size=(ROOTS, WIDTH))
ITEM = 0.8 * RNG.normal(size=(PHOTOS // 50, WIDTH))  # fifty photos each, of one root
VECTORS = unit(
    ROOT[ROOT_OF]
    + ITEM[np.arange(PHOTOS) // ROOTS % (len(ITEM) // ROOTS) * ROOTS + ROOT_OF]
    + 0.6 * RNG.normal(size=(PHOTOS, WIDTH))
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> VectorIndex:
    """Inverted lists, of which a search without a filter probes eight."""
    kmeans = faiss.Kmeans(WIDTH, LISTS, niter=5, spherical=True, seed=1)
    kmeans.train(VECTORS)
    quantizer = faiss.IndexFlatIP(WIDTH)
    quantizer.add(kmeans.centroids)
    half, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    made = faiss.IndexIVFScalarQuantizer(quantizer, WIDTH, LISTS, half, product, False)
    made.train(VECTORS)
    made.add(VECTORS)
    made.nprobe = 8
    path: Path = tmp_path_factory.mktemp("far") / "index.faiss"
    faiss.write_index(made, str(path))
    return VectorIndex(path, quantizer.search(VECTORS, 1)[1][:, 0].astype(np.uint32))


MASKS = {
    "its own root": lambda root: root == ROOT_OF,
    "another root": lambda root: (root + 3) % ROOTS == ROOT_OF,
    "half, all of other roots": lambda root: (ROOT_OF - root) % ROOTS >= ROOTS // 2,
    "all but its own root": lambda root: root != ROOT_OF,
    "half by chance": lambda _: np.random.default_rng(1).random(PHOTOS) < 0.5,
    "one in a hundred": lambda _: np.random.default_rng(2).random(PHOTOS) < 0.01,
    "twelve": lambda _: np.isin(np.arange(PHOTOS), np.arange(12) * 1000),
}


@pytest.mark.parametrize("name", MASKS)
def test_what_matches_is_found_wherever_it_lies(index: VectorIndex, name: str) -> None:
    recalls = []
    for place in range(40):
        mask = MASKS[name](ROOT_OF[place])
        query = unit(VECTORS[place : place + 1] + 0.05 * RNG.normal(size=(1, WIDTH)))
        similarities, rows = index.nearest(query, K, Allowed(mask))
        assert mask[rows].all()
        assert rows.shape == (1, K)
        assert (np.diff(similarities[0]) <= 0).all()
        cosines = np.where(mask, VECTORS @ query[0], -2)
        recalls.append(len(np.intersect1d(rows, np.argsort(-cosines)[:K])) / K)
    assert np.mean(recalls) >= 0.95
