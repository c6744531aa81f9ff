"""Codes of embeddings for a trained index, and the index that is put together from them.

An inverted list has its photos in the order of their rows, so any number of shards gives the same
bytes as one.
"""

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from batch_jobs.index.source import RowNumbers
from batch_jobs.index.train import Vectors
from release.vector_index import split

Lists = NDArray[np.uint32]  # (n,) inverted list of each row
Bytes = NDArray[np.uint8]  # (n, bytes of a code)


@dataclass(frozen=True)
class Codes:
    """What an index stores of some photos."""

    lists: Lists
    codes: Bytes


def code_size(trained: Any) -> int:
    """Bytes of a code; float32 vectors where the index must see them all, in order."""
    part = split(trained)[1]
    if isinstance(part, faiss.IndexIVFScalarQuantizer):
        return int(part.code_size)
    return int(part.sa_code_size()) if _is_plain(part) else 4 * int(part.d)


def assign(trained: Any, vectors: Vectors) -> Lists:
    """The inverted list of each reduced vector, 0 in an index without."""
    part = split(trained)[1]
    if not isinstance(part, faiss.IndexIVFScalarQuantizer):
        return np.zeros(len(vectors), np.uint32)
    found: Lists = part.quantizer.assign(vectors, 1)[:, 0].astype(np.uint32)
    return found


def encode(trained: Any, vectors: Vectors, lists: Lists) -> Codes:
    """Of reduced vectors, (n, d) float32, unit norm, assigned to `lists` (n,)."""
    part = split(trained)[1]
    if not isinstance(part, faiss.IndexIVFScalarQuantizer):
        codes = part.sa_encode(vectors) if _is_plain(part) else vectors.view(np.uint8)
        return Codes(lists, codes)
    numbers = lists.astype(np.int64)
    found = np.zeros((len(vectors), part.code_size), np.uint8)
    pointers = (faiss.swig_ptr(each) for each in (vectors, numbers, found))
    part.encode_vectors(len(vectors), *pointers)
    return Codes(lists, found)


def assemble(trained: Any, found: Codes, rows: RowNumbers) -> Any:
    """A copy of the empty index, filled. `rows` (m,) ascending are those that it shall have.

    `found` has the codes of all rows in their order. An id is a row number in an index with
    inverted lists, else the place in `rows`; of all rows the two are one.
    """
    # FAISS clones no NormalizationTransform.
    index = faiss.deserialize_index(faiss.serialize_index(trained))
    part = split(index)[1]
    if isinstance(part, faiss.IndexIVFScalarQuantizer):
        _fill_lists(part, found, rows)
    elif _is_plain(part):
        part.add_sa_codes(np.ascontiguousarray(found.codes[rows]))
    else:
        _add_in_order(part, np.ascontiguousarray(found.codes[rows]).view(np.float32))
    index.ntotal = len(rows)
    return index


def has_lists(index: Any) -> bool:
    return isinstance(split(index)[1], faiss.IndexIVFScalarQuantizer)


def _is_plain(part: Any) -> bool:
    return isinstance(part, faiss.IndexFlat | faiss.IndexScalarQuantizer)


def _fill_lists(part: Any, found: Codes, rows: RowNumbers) -> None:
    lists = found.lists[rows]
    order = np.argsort(lists, kind="stable")  # by list, then by row
    ids = np.ascontiguousarray(rows[order], dtype=np.int64)
    ends = np.cumsum(np.bincount(lists, minlength=part.nlist))
    inverted = faiss.downcast_InvertedLists(part.invlists)
    for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        if start < end:
            codes = np.ascontiguousarray(found.codes[ids[start:end]])
            some = ids[start:end]
            inverted.add_entries(
                number, int(end - start), faiss.swig_ptr(some), faiss.swig_ptr(codes)
            )
    part.ntotal = len(rows)


def _add_in_order(part: Any, vectors: Vectors) -> None:
    """A graph depends on which thread comes first, so there is one."""
    threads = faiss.omp_get_max_threads()
    if isinstance(part, faiss.IndexHNSW):
        faiss.omp_set_num_threads(1)
    try:
        part.add(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
