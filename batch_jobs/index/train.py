"""Learns a reduction, centroids and quantisers: an empty index of a plan, ready to be filled."""

import math
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from batch_jobs.index.plan import Effort, Plan
from release.vector_index import split

Vectors = NDArray[np.float32]

SEED = 1234
ITERATIONS = 10
TWO_LEVELS_FROM = 1024  # lists; clustering the clusters costs the root of clustering at once
COARSE_POINTS = 2_000  # for each of the first centroids
POINTS_A_LIST = 32
QUANTISER_ROWS = 100_000
EF_CONSTRUCTION = 40
_QUANTISERS = {
    "SQfp16": faiss.ScalarQuantizer.QT_fp16,
    "SQ8": faiss.ScalarQuantizer.QT_8bit,
    "SQ6": faiss.ScalarQuantizer.QT_6bit,
    "SQ4": faiss.ScalarQuantizer.QT_4bit,
}


def learn_reduction(sample: Vectors, dimensions: int) -> Vectors:
    """(dimensions, width) orthonormal rows, the most telling first.

    The truncated SVD without centring: of all maps to so few dimensions it changes inner products
    least (Eckart and Young, 1936), and its first rows are the map to fewer dimensions.
    """
    moment = (sample.T @ sample).astype(np.float64) / len(sample)
    vectors = np.linalg.eigh(moment)[1][:, ::-1][:, :dimensions]
    largest = np.abs(vectors).argmax(axis=0)
    vectors *= np.sign(vectors[largest, np.arange(vectors.shape[1])])  # else signs are chance
    return np.ascontiguousarray(vectors.T, dtype=np.float32)


def unit(vectors: Vectors) -> Vectors:
    """Of unit norm; a vector of nothing but zeros stays."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
    return np.ascontiguousarray(found, dtype=np.float32)


def reduced(vectors: Vectors, reduction: Vectors, dimensions: int) -> Vectors:
    """(n, width) to (n, dimensions), unit norm; without dimensions the same."""
    if not dimensions:
        return vectors
    return unit(vectors @ reduction[:dimensions].T)


def learn_centroids(sample: Vectors, lists: int) -> Vectors:
    """(lists, d) of unit norm, or one a vector; where there are many, near ones are near in number.

    There are as many however the vectors lie, so of vectors that are equal centroids are too.
    """
    lists = min(lists, len(sample))
    if lists < TWO_LEVELS_FROM:
        return unit(_means(sample, lists).centroids)
    coarse = _means(sample, math.isqrt(lists), max_points_per_centroid=COARSE_POINTS)
    cluster = coarse.assign(sample)[1]
    ends = np.cumsum(np.bincount(cluster, minlength=coarse.k))
    members = np.split(np.argsort(cluster, kind="stable"), ends[:-1])
    counts = np.diff(ends * lists // len(sample), prepend=0)  # by size; few outliers get none
    found = [
        _means(sample[own], int(count)).centroids
        for own, count in zip(members, counts, strict=True)
        if count
    ]
    return unit(np.concatenate(found))


def _means(vectors: Vectors, count: int, **options: int) -> Any:
    fixed = {"niter": ITERATIONS, "spherical": True, "min_points_per_centroid": 1, "seed": SEED}
    means = faiss.Kmeans(vectors.shape[1], count, **fixed, **options)
    means.train(vectors)
    return means


def train(plan: Plan, width: int, reduction: Vectors, sample: Vectors, centroids: Vectors) -> Any:
    """An empty FAISS index of the plan. `sample` (n, d) and `centroids` (lists, d) are reduced."""
    d = plan.dimensions or width
    part = _part(plan, d, centroids)
    places = np.linspace(0, len(sample) - 1, min(len(sample), QUANTISER_ROWS)).astype(np.int64)
    part.train(sample[places])
    return _behind_reduction(part, width, reduction[: plan.dimensions]) if plan.dimensions else part


def set_effort(index: Any, effort: Effort) -> None:
    """Stores how far a search goes in an index, from where it is written into its file."""
    part = split(index)[1]
    if isinstance(part, faiss.IndexRefine):
        part.k_factor = float(effort.k_factor)
        part = faiss.downcast_index(part.base_index)
    if effort.nprobe:
        part.nprobe = min(effort.nprobe, part.nlist)  # FastScan finds nothing with more
    if effort.ef_search:
        part.hnsw.efSearch = effort.ef_search


def _part(plan: Plan, d: int, centroids: Vectors) -> Any:
    """The plan's index behind the reduction."""
    product = faiss.METRIC_INNER_PRODUCT
    if plan.coder == "Flat":
        return faiss.IndexFlatIP(d)
    if plan.links:
        graph = faiss.IndexHNSWSQ(d, _QUANTISERS[plan.coder], plan.links, product)
        graph.hnsw.efConstruction = EF_CONSTRUCTION
        return graph
    if not plan.lists:
        return faiss.IndexScalarQuantizer(d, _QUANTISERS[plan.coder], product)
    return _inverted(plan, d, centroids)


def _inverted(plan: Plan, d: int, centroids: Vectors) -> Any:
    product, lists = faiss.METRIC_INNER_PRODUCT, len(centroids)
    coarse = faiss.IndexFlatIP(d)
    coarse.add(centroids)
    coarse.this.disown()  # the index frees it
    found: Any
    if plan.coder == "PQ":
        found = faiss.IndexIVFPQFastScan(coarse, d, lists, d // 2, 4, product)
        found.by_residual = True
    else:
        # Half floats are as exact of a vector as of its residual.
        residual = plan.coder != "SQfp16"
        quantiser = _QUANTISERS[plan.coder]
        found = faiss.IndexIVFScalarQuantizer(coarse, d, lists, quantiser, product, residual)
    found.own_fields = True
    return _refined(found, d) if plan.coder == "PQ" else found


def _refined(base: Any, d: int) -> Any:
    fine = faiss.IndexScalarQuantizer(d, _QUANTISERS["SQ8"], faiss.METRIC_INNER_PRODUCT)
    found = faiss.IndexRefine(base, fine)
    for owned in (base, fine):
        owned.this.disown()
    found.own_fields = found.own_refine_index = True
    return found


def _behind_reduction(part: Any, width: int, reduction: Vectors) -> Any:
    linear = faiss.LinearTransform(width, len(reduction), False)
    faiss.copy_array_to_vector(reduction.ravel(), linear.A)
    linear.is_trained, linear.is_orthonormal = True, True
    norm = faiss.NormalizationTransform(len(reduction), 2.0)
    found = faiss.IndexPreTransform(part)
    for step in (norm, linear):
        found.prepend_transform(step)
        step.this.disown()
    part.this.disown()
    found.own_fields = True
    found.is_trained = True
    return found
