"""The kinds of FAISS index that a segment may have, and how each is searched among allowed rows.

`search` is the index's own way, `scan` compares every allowed row. Queries are (n, d) float32 of
unit norm in the index's own dimensions; both give similarities and row numbers, (n, k).
"""

import math
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from release.allowed import Allowed
from release.errors import ReleaseFileError

Vectors = NDArray[np.float32]
Found = tuple[NDArray[np.float32], NDArray[np.int64]]

PROBES_UP_TO_K = 20  # an index's own effort was measured at 10 neighbours
FAR_PROBES, FAR_SHARE = 31, 0.8  # times nprobe, where so many rows are allowed or fewer
GRAPH_SHARE = 0.3  # a graph loses its way where fewer of its nodes are allowed


class Kind(Protocol):
    def prefers_scan(self, allowed: Allowed, /) -> bool:
        """Whether comparing the allowed rows costs less than the index's own way among them."""

    def search(self, queries: Vectors, k: int, allowed: Allowed | None) -> Found:
        """Row numbers are -1 where the index found fewer than k."""

    def scan(self, queries: Vectors, k: int, allowed: Allowed) -> Found:
        """Exact, within what the index knows of a vector; k is at most the number allowed."""

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """As the index knows them, (len(rows), d)."""


class Flat:
    """IndexFlatIP or IndexScalarQuantizer: every search is a scan."""

    def __init__(self, index: Any) -> None:
        self._index = index

    def prefers_scan(self, allowed: Allowed) -> bool:
        return allowed.share < 1

    def search(self, queries: Vectors, k: int, allowed: Allowed | None) -> Found:
        if allowed is not None:
            return self.scan(queries, k, allowed)
        found: Found = self._index.search(queries, k)
        return found

    def scan(self, queries: Vectors, k: int, allowed: Allowed) -> Found:
        params = faiss.SearchParameters(sel=allowed.selector)
        found: Found = self._index.search(queries, k, params=params)
        return found

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        found: Vectors = self._index.reconstruct_batch(rows)
        return found


class InvertedLists:
    """IndexIVFScalarQuantizer.

    Among allowed rows only lists that have some are probed. Where they are a share s of all, the
    nearest lie 1/s times further out in rank, so as many more allowed rows are compared; and more
    lists at least, as the lists nearest to a query say little where all that is allowed is far
    from it. Measured on 1 M vectors, see DECISIONS.md.
    """

    def __init__(self, index: Any, lists: NDArray[np.uint32]) -> None:
        self._index, self._lists = index, lists
        self._quantizer = faiss.downcast_index(index.quantizer)
        flat = faiss.rev_swig_ptr(self._quantizer.get_xb(), index.nlist * index.d)
        self._centroids = flat.reshape(index.nlist, index.d)

    def prefers_scan(self, _allowed: Allowed) -> bool:
        return False  # a search among few rows is one

    def search(self, queries: Vectors, k: int, allowed: Allowed | None) -> Found:
        if allowed is None:
            probes = min(self._index.nlist, math.ceil(self._index.nprobe * _more_for(k)))
            params = faiss.SearchParametersIVF(nprobe=probes)
            found: Found = self._index.search(queries, k, params=params)
            return found
        holding = allowed.lists(self._lists, self._index.nlist)
        probes = self._probes(k, allowed, len(holding.numbers))
        if probes >= len(holding.numbers):
            return self.scan(queries, k, allowed)
        params = faiss.SearchParameters(sel=holding.selector)
        near, lists = self._quantizer.search(queries, probes, params=params)
        return self._search_in(queries, k, allowed, near, lists)

    def _probes(self, k: int, allowed: Allowed, holding: int) -> int:
        """Each list has an allowed row at least, so k of them have k."""
        nprobe, share = self._index.nprobe, allowed.share
        rows = nprobe * self._index.ntotal / self._index.nlist * _more_for(k) / share
        spread = nprobe * (1 + FAR_PROBES * min(1.0, (1 - share) / (1 - FAR_SHARE)))
        by_rows = math.ceil(rows * holding / allowed.count)
        return int(max(k, math.ceil(spread), by_rows))

    def scan(self, queries: Vectors, k: int, allowed: Allowed) -> Found:
        """Only the lists that have allowed rows are read."""
        numbers = allowed.lists(self._lists, self._index.nlist).numbers
        lists = np.tile(numbers, (len(queries), 1))  # (n, lists)
        return self._search_in(queries, k, allowed, queries @ self._centroids[numbers].T, lists)

    def _search_in(
        self,
        queries: Vectors,
        k: int,
        allowed: Allowed,
        near: Vectors,
        lists: NDArray[np.int64],
    ) -> Found:
        """Among the allowed rows of some lists, (n, probes), whose centroids are so `near`."""
        queries, near, lists = map(np.ascontiguousarray, (queries, near, lists))
        similarities = np.empty((len(queries), k), np.float32)
        rows = np.empty((len(queries), k), np.int64)
        params = faiss.SearchParametersIVF(sel=allowed.selector, nprobe=lists.shape[1])
        self._index.search_preassigned_c(
            *(len(queries), faiss.swig_ptr(queries), k),
            *(faiss.swig_ptr(lists), faiss.swig_ptr(near)),
            *(faiss.swig_ptr(similarities), faiss.swig_ptr(rows)),
            *(False, params, None),
        )
        return similarities, rows

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        found = np.empty((len(rows), self._index.d), np.float32)
        lists = self._index.invlists
        for place, row in enumerate(rows.tolist()):
            number = int(self._lists[row])
            ids = faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number))
            offset = int(np.searchsorted(ids, row))  # ascending within a list
            self._index.reconstruct_from_offset(number, offset, faiss.swig_ptr(found[place]))
        return found


class Refined:
    """IndexRefine: IndexIVFPQFastScan finds candidates, an IndexScalarQuantizer orders them."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._coarse = faiss.downcast_index(index.base_index)
        self._fine = Flat(faiss.downcast_index(index.refine_index))

    def prefers_scan(self, allowed: Allowed) -> bool:
        return bool(self._probes(1, allowed.share) >= self._coarse.nlist)

    def _probes(self, k: int, share: float) -> int:
        grown = self._coarse.nprobe * _more_for(k) / share**2
        return int(min(self._coarse.nlist, math.ceil(grown)))

    def search(self, queries: Vectors, k: int, allowed: Allowed | None) -> Found:
        share = 1.0 if allowed is None else allowed.share
        coarse = faiss.SearchParametersIVF(
            sel=None if allowed is None else allowed.selector, nprobe=self._probes(k, share)
        )
        params = faiss.IndexRefineSearchParameters(
            k_factor=self._index.k_factor, base_index_params=coarse
        )
        found: Found = self._index.search(queries, k, params=params)
        return found

    def scan(self, queries: Vectors, k: int, allowed: Allowed) -> Found:
        return self._fine.scan(queries, k, allowed)

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        return self._fine.vectors(rows)


class Graph:
    """IndexHNSWSQ."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._storage = Flat(faiss.downcast_index(index.storage))

    def prefers_scan(self, allowed: Allowed) -> bool:
        return allowed.share < GRAPH_SHARE

    def search(self, queries: Vectors, k: int, allowed: Allowed | None) -> Found:
        share = 1.0 if allowed is None else allowed.share
        effort = max(self._index.hnsw.efSearch, k) / share
        params = faiss.SearchParametersHNSW(
            efSearch=math.ceil(effort), sel=None if allowed is None else allowed.selector
        )
        found: Found = self._index.search(queries, k, params=params)
        return found

    def scan(self, queries: Vectors, k: int, allowed: Allowed) -> Found:
        return self._storage.scan(queries, k, allowed)

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        return self._storage.vectors(rows)


def _more_for(k: int) -> float:
    """How many times its measured effort an index makes for `k` neighbours."""
    return max(1.0, k / PROBES_UP_TO_K)


def kind_of(index: Any, lists: NDArray[np.uint32], where: str) -> Kind:
    """Raises ReleaseFileError for an index that no segment has; `where` is its file."""
    if index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise ReleaseFileError(
            f"{where} has FAISS metric {index.metric_type}; a segment has inner products."
        )
    if isinstance(index, faiss.IndexFlat | faiss.IndexScalarQuantizer):
        return Flat(index)
    if isinstance(index, faiss.IndexIVFScalarQuantizer) and _is_flat(index.quantizer):
        _check_lists(index, lists, where)
        return InvertedLists(index, lists)
    if isinstance(index, faiss.IndexRefine) and _is_refined(index):
        return Refined(index)
    if isinstance(index, faiss.IndexHNSWSQ):
        return Graph(index)
    raise ReleaseFileError(
        f"{where} is a FAISS {type(index).__name__}; a segment has none of that kind. Update the "
        "software, or publish the run again."
    )


def _is_flat(quantizer: Any) -> bool:
    return isinstance(faiss.downcast_index(quantizer), faiss.IndexFlat)


def _is_refined(index: Any) -> bool:
    coarse, fine = faiss.downcast_index(index.base_index), faiss.downcast_index(index.refine_index)
    return isinstance(coarse, faiss.IndexIVFPQFastScan) and isinstance(
        fine, faiss.IndexScalarQuantizer
    )


def _check_lists(index: Any, lists: NDArray[np.uint32], where: str) -> None:
    """FAISS does not check the number of a list."""
    if len(lists) != index.ntotal or int(lists.max()) >= index.nlist:
        raise ReleaseFileError(
            f"{where} has {index.ntotal} vectors in {index.nlist} lists, the rows beside it name "
            f"lists of {len(lists)} up to {int(lists.max())}. Publish the run again."
        )
