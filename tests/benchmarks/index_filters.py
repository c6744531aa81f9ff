"""Filters in bench_index.py: price ranges over random prices, beside exact filtered search."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from index_data import Data, Embeddings, exact_top
from index_measures import percentiles, recall, timed
from index_ours import prices
from numpy.typing import NDArray

from release.faiss_search import FaissSearch
from release.filters import Filters
from release.segment import Segment, files_in

K = 10
SHARES = (0.5, 0.05, 0.005, 0.0001)
RANGES, QUERIES_A_RANGE = 4, 50


@dataclass(frozen=True)
class Filtered:
    """`share` of the listings matches; `short` queries got fewer than k though so many match."""

    share: float
    recall_at_10: float
    p95_ms: float
    short: int


@dataclass(frozen=True)
class _Range:
    filters: Filters
    mask: NDArray[np.bool_]  # (n,) of the embeddings
    queries: Embeddings
    exact: Embeddings  # (q, k) similarities


def filtered(folder: Path, data: Data) -> list[Filtered]:
    """Runs in a child, on one core."""
    search = FaissSearch([Segment(files_in(folder))])
    rows = {image_id: row for row, image_id in enumerate(data.image_ids)}
    return [_measured(search, data, rows, share) for share in SHARES]


def _measured(search: FaissSearch, data: Data, row_of: dict[str, int], share: float) -> Filtered:
    recalls, times, short = [], list[float](), 0
    for asked in _ranges(data, share):

        def ask(query: Embeddings, filters: Filters = asked.filters) -> list[int]:
            (hits,) = search.search_photos(query, K, filters)
            return [row_of[hit.photo.image_id] for hit in hits]

        ask(asked.queries[0])
        found, taken = timed(ask, asked.queries, K)
        times += taken
        outside = found[found >= 0][~asked.mask[found[found >= 0]]]
        if len(outside):
            raise SystemExit(f"{asked.filters} let through listings that do not match")
        short += int(((found >= 0).sum(axis=1) < min(K, asked.mask.sum())).sum())
        recalls.append(recall(found, data.embeddings, asked.queries, asked.exact))
    return Filtered(share, float(np.mean(recalls)), percentiles(times)[1], short)


def _ranges(data: Data, share: float) -> list[_Range]:
    known = prices(len(data.image_ids))
    ascending = np.sort(known)
    matching = max(1, round(share * len(known)))
    firsts = np.random.default_rng(3).integers(0, len(known) - matching + 1, RANGES)
    return [
        _range(data, known, ascending[first], ascending[first + matching - 1], place)
        for place, first in enumerate(firsts)
    ]


def _range(data: Data, known: NDArray[np.float64], least: float, most: float, place: int) -> _Range:
    mask = (known >= least) & (known <= most)
    some = np.arange(place * QUERIES_A_RANGE, (place + 1) * QUERIES_A_RANGE)
    queries = data.queries[some % len(data.queries)]
    exact, _ = exact_top(data.embeddings, queries, K, mask)
    return _Range(Filters(price_min=float(least), price_max=float(most)), mask, queries, exact)
