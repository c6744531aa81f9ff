"""The empty FAISS index of a small segment, whose similarities are comparable with its base's."""

from pathlib import Path
from typing import Any

import faiss

from release.vector_index import read_index, split


def small_index(base: Path) -> Any:
    """Exact beside an exact base; else the base's reduction, and half precision."""
    whole = read_index(base)  # owns the parts below
    steps, part = split(whole)
    if isinstance(part, faiss.IndexFlat):
        return faiss.IndexFlatIP(part.d)
    half = faiss.ScalarQuantizer.QT_fp16
    small: Any = faiss.IndexScalarQuantizer(part.d, half, faiss.METRIC_INNER_PRODUCT)
    if not steps:
        return small
    chain = faiss.IndexPreTransform(small)
    for step in reversed(steps):
        chain.prepend_transform(step)
    # A copy owns its parts. FAISS's clone_index knows no NormalizationTransform; bytes do.
    return faiss.deserialize_index(faiss.serialize_index(chain))
