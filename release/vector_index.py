"""The vectors of a segment: which FAISS indexes there may be, mapped into memory, searched safely.

An index's ids are the row numbers of its segment. Whatever the plan, `nearest` gives k rows where k
are allowed: where an approximate search finds fewer, the allowed rows are compared one by one.
"""

import threading
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from release.allowed import Allowed
from release.errors import ReleaseFileError
from release.index_kinds import Kind, kind_of

Embeddings = NDArray[np.float32]  # (n, width), unit norm
Similarities = NDArray[np.float32]  # (n, k)
RowNumbers = NDArray[np.int64]  # (n, k), -1 where there is none

_READING = threading.Lock()  # FAISS has one limit for all of its readers


class VectorIndex:
    """An index of inner products between unit vectors, perhaps in fewer dimensions than theirs.

    `lists` (n,) has the inverted list of each row, where the index has such lists.
    """

    def __init__(self, path: Path, lists: NDArray[np.uint32]) -> None:
        self._whole = read_index(path)  # owns the parts below
        self._reduction, part = split(self._whole)
        self._kind: Kind = kind_of(part, lists, str(path))
        self.width, self.count = int(self._whole.d), int(self._whole.ntotal)

    def nearest(
        self, queries: Embeddings, k: int, allowed: Allowed | None
    ) -> tuple[Similarities, RowNumbers]:
        """Similarities and rows, (n, at most k), nearest first; all k where k rows are allowed."""
        k = min(k, self.count if allowed is None else allowed.count)
        if k == 0:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        reduced = self.reduced(queries)
        if allowed is not None and self._kind.prefers_scan(allowed):
            return self._kind.scan(reduced, k, allowed)
        similarities, rows = self._kind.search(reduced, k, allowed)
        for place in np.flatnonzero(rows[:, -1] < 0):
            every = allowed or Allowed(np.ones(self.count, dtype=np.bool_))
            one = self._kind.scan(reduced[place : place + 1], k, every)
            similarities[place], rows[place] = one[0][0], one[1][0]
        return similarities, rows

    def reduced(self, vectors: Embeddings) -> Embeddings:
        """(n, width) to (n, dimensions of the index), unit norm."""
        for step in self._reduction:
            vectors = step.apply(vectors)
        return vectors

    def vectors(self, rows: NDArray[np.int64]) -> Embeddings:
        """The rows' vectors as the index knows them, (len(rows), width)."""
        found = self._kind.vectors(rows)
        for step in reversed(self._reduction):
            found = step.reverse_transform(found)
        return found


def read_index(path: Path) -> Any:
    """The FAISS index in a file, mapped into memory. Raises ReleaseFileError.

    The content must be known to be whole: FAISS trusts what it reads.
    """
    try:
        with _READING:
            limit_bytes = faiss.get_deserialization_vector_byte_limit()
            # No vector is longer than its file: else a damaged length takes all memory there is.
            faiss.set_deserialization_vector_byte_limit(path.stat().st_size)
            try:
                return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
            finally:
                faiss.set_deserialization_vector_byte_limit(limit_bytes)
    except (RuntimeError, MemoryError, OSError) as error:
        raise ReleaseFileError(f"{path} is not a FAISS index: {error}") from error


def split(index: Any) -> tuple[list[Any], Any]:
    """The transformations before an index, and the index itself."""
    if not isinstance(index, faiss.IndexPreTransform):
        return [], index
    steps = [
        faiss.downcast_VectorTransform(index.chain.at(place)) for place in range(index.chain.size())
    ]
    return steps, faiss.downcast_index(index.index)
