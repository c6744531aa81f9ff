"""Segments of every plan: the same vectors under each kind of index that a segment may have."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from release.listings import Listing
from release.segment import Segment, files_in
from release.segment_writer import IndexedPhoto, write_segment, write_segment_files

LISTS = 8
IP = faiss.METRIC_INNER_PRODUCT
EIGHT_BITS, HALF = faiss.ScalarQuantizer.QT_8bit, faiss.ScalarQuantizer.QT_fp16
# How far a similarity may be from the cosine of the vectors that went in.
TOLERANCE = {"Flat": 1e-6, "SQfp16": 2e-3, "IVF,SQ8": 0.02, "IVF,SQfp16": 2e-3}
TOLERANCE |= {"IVF,PQ,Refine": 0.02, "HNSW": 2e-3}
PLANS = tuple(TOLERANCE)


def planned_segment(
    folder: Path,
    plan: str,
    listings: Sequence[Listing],
    photos: Sequence[IndexedPhoto],
    nprobe: int = LISTS,
) -> Segment:
    """Written and opened. All plans but Flat turn the vectors first, as a reduction does."""
    if plan == "Flat":
        write_segment(folder, listings, photos)
        return Segment(files_in(folder))
    rows = sorted(photos, key=lambda row: row.photo.key)
    embeddings = np.stack([row.embedding for row in rows])
    steps = [turn(embeddings.shape[1]), faiss.NormalizationTransform(embeddings.shape[1], 2.0)]
    turned = steps[1].apply(steps[0].apply(embeddings))
    part, lists = _INDEXES[plan](turned, nprobe)
    whole = faiss.IndexPreTransform(part)
    for step in reversed(steps):
        whole.prepend_transform(step)
    write_segment_files(folder, listings, [row.photo for row in rows], whole, lists)
    return Segment(files_in(folder))


def turn(width: int) -> Any:
    """An orthonormal transformation that loses nothing."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(width, width)))[0].astype(np.float32)
    step = faiss.LinearTransform(width, width, False)
    faiss.copy_array_to_vector(np.ascontiguousarray(axes).ravel(), step.A)
    step.is_trained = True
    step.set_is_orthonormal()
    return step


Filled = tuple[Any, NDArray[np.uint32] | None]


def _lists(vectors: NDArray[np.float32]) -> tuple[Any, NDArray[np.uint32]]:
    """Centroids that are some of the vectors, and each vector's nearest."""
    quantizer = faiss.IndexFlatIP(vectors.shape[1])
    quantizer.add(np.resize(vectors, (LISTS, vectors.shape[1])))
    return quantizer, quantizer.search(vectors, 1)[1][:, 0].astype(np.uint32)


def _filled(index: Any, vectors: NDArray[np.float32]) -> Any:
    index.train(vectors)
    index.add(vectors)
    return index


def _ivf_sq(kind: int) -> Callable[[NDArray[np.float32], int], Filled]:
    def make(vectors: NDArray[np.float32], nprobe: int) -> Filled:
        quantizer, lists = _lists(vectors)
        residual = kind == EIGHT_BITS
        width = vectors.shape[1]
        index = faiss.IndexIVFScalarQuantizer(quantizer, width, LISTS, kind, IP, residual)
        index.nprobe = nprobe
        return _filled(index, vectors), lists

    return make


def _refined(vectors: NDArray[np.float32], nprobe: int) -> Filled:
    width = vectors.shape[1]
    coarse = faiss.IndexIVFPQFastScan(_lists(vectors)[0], width, LISTS, width // 2, 4, IP)
    coarse.nprobe = nprobe
    index = faiss.IndexRefine(coarse, faiss.IndexScalarQuantizer(width, EIGHT_BITS, IP))
    index.k_factor = 100
    return _filled(index, vectors), None


def _graph(vectors: NDArray[np.float32], _nprobe: int) -> Filled:
    return _filled(faiss.IndexHNSWSQ(vectors.shape[1], HALF, 16, IP), vectors), None


def _half(vectors: NDArray[np.float32], _nprobe: int) -> Filled:
    return _filled(faiss.IndexScalarQuantizer(vectors.shape[1], HALF, IP), vectors), None


_INDEXES: dict[str, Callable[[NDArray[np.float32], int], Filled]] = {
    "SQfp16": _half,
    "IVF,SQ8": _ivf_sq(EIGHT_BITS),
    "IVF,SQfp16": _ivf_sq(HALF),
    "IVF,PQ,Refine": _refined,
    "HNSW": _graph,
}
