"""What an index is worth: recall against exact search, time of a query, error of a similarity.

Queries are photos that the measured index does not have.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from batch_jobs.index.source import Embeddings, RowNumbers

K = 10
EXACT_K = 64  # known beyond K: what an approximate search finds instead is mostly among them
TOLERANCE = 1e-6  # of a similarity; copies of a photo are as right as the photo
TIMED_QUERIES = 100
ROUNDS = 3
NO_ROW = -1

Similarities = NDArray[np.float32]
Take = Callable[[RowNumbers], Embeddings]


@dataclass(frozen=True)
class Exact:
    """The nearest of each query by exact search: similarities and row numbers, (queries, k)."""

    similarities: Similarities
    rows: RowNumbers

    @classmethod
    def of_nothing(cls, queries: int) -> "Exact":
        shape = (queries, EXACT_K)
        return cls(np.full(shape, -np.inf, np.float32), np.full(shape, NO_ROW, np.int64))

    def merged(self, other: "Exact") -> "Exact":
        """The nearest of both; among equals the lowest row, so that order is of no account."""
        similarities = np.concatenate([self.similarities, other.similarities], axis=1)
        rows = np.concatenate([self.rows, other.rows], axis=1)
        order = np.lexsort((rows, -similarities), axis=1)[:, :EXACT_K]
        return Exact(*(np.take_along_axis(each, order, 1) for each in (similarities, rows)))


def exact_among(queries: Embeddings, rows: RowNumbers, embeddings: Embeddings) -> Exact:
    """The nearest of some photos, (m,) and (m, width)."""
    if not len(rows):
        return Exact.of_nothing(len(queries))
    product = faiss.METRIC_INNER_PRODUCT
    similarities, places = faiss.knn(queries, embeddings, EXACT_K, metric=product)
    missing = places < 0
    found = np.where(missing, NO_ROW, rows[places])
    return Exact(np.where(missing, np.float32(-np.inf), similarities), found)


@dataclass(frozen=True)
class Recall:
    """Of some queries. `error` is the standard error of `at_10`.

    `similarity_error` is the mean distance of a reported similarity from the exact cosine.
    """

    at_1: float
    at_10: float
    error: float
    similarity_error: float


def recall_of(
    queries: Embeddings, exact: Exact, found: Similarities, rows: RowNumbers, take: Take
) -> Recall:
    """Of what a search found: reported similarities and row numbers, (queries, k).

    A found photo counts where its exact similarity is that of the k-th exact one, or more.
    """
    wanted = (exact.rows[:, : rows.shape[1]] != NO_ROW).sum(axis=1)  # fewer where there are few
    true = true_similarities(queries, exact, rows, take)  # (queries, k), -inf where none
    last = np.take_along_axis(exact.similarities, wanted[:, None] - 1, 1)
    right = (true >= last - TOLERANCE).sum(axis=1) / wanted
    first = true[:, 0] >= exact.similarities[:, 0] - TOLERANCE
    there = rows != NO_ROW
    return Recall(
        at_1=float(first.mean()),
        at_10=float(right.mean()),
        error=float(right.std() / np.sqrt(len(right))),
        similarity_error=float(np.abs(found - true)[there].mean()) if there.any() else 0.0,
    )


def true_similarities(
    queries: Embeddings, exact: Exact, rows: RowNumbers, take: Take
) -> Similarities:
    """The exact cosine of each found photo, (queries, k), -inf where there is none."""
    true = np.full(rows.shape, -np.inf, np.float32)
    for place in range(rows.shape[1]):
        same = exact.rows == rows[:, place : place + 1]  # (queries, EXACT_K)
        known = same.any(axis=1) & (rows[:, place] != NO_ROW)
        true[known, place] = exact.similarities[known, same.argmax(axis=1)[known]]
    unknown = (true == -np.inf) & (rows != NO_ROW)
    asked, _ = np.nonzero(unknown)
    if len(asked):
        wanted, back = np.unique(rows[unknown], return_inverse=True)
        embeddings = take(wanted)
        true[unknown] = np.einsum("nd,nd->n", queries[asked], embeddings[back])
    return true


def milliseconds(index: Any, queries: Embeddings) -> tuple[float, float]:
    """p50 and p95 of one query of K neighbours, one thread.

    Each query's best time of ROUNDS counts, so that what else the machine does is of less account.
    """
    asked = queries[:TIMED_QUERIES]
    times = np.empty((ROUNDS, len(asked)))
    with one_thread():
        for one_round in times:
            for place in range(len(asked)):
                started = time.perf_counter()
                index.search(asked[place : place + 1], K)
                one_round[place] = 1000 * (time.perf_counter() - started)
    p50, p95 = np.percentile(times.min(axis=0), (50, 95))
    return float(p50), float(p95)


@contextmanager
def one_thread() -> Iterator[None]:
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
