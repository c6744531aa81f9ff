"""Measures plans: on the sample, each with an index of its own, and with each of its efforts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batch_jobs.index.candidates import candidates, dimensions_up_to, efforts, sample_efforts
from batch_jobs.index.choose import Budget, Trial
from batch_jobs.index.encode import Lists, assemble, assign, encode, has_lists
from batch_jobs.index.measure import (
    Exact,
    K,
    Recall,
    Take,
    exact_among,
    milliseconds,
    recall_of,
)
from batch_jobs.index.plan import Effort, Plan
from batch_jobs.index.sample import Sample
from batch_jobs.index.source import Embeddings, RowNumbers
from batch_jobs.index.train import Vectors, learn_centroids, reduced, set_effort, train

ENOUGH_GAIN = 0.0005  # of recall; after two efforts that gain less, more are not tried
EXACT_ROWS = 20_000  # a scan's time grows with its rows, so more need not be timed


@dataclass(frozen=True)
class Asked:
    """The queries (q, width) that an index is measured with, and the truth about them.

    `ids` maps what the index calls its vectors to the rows of `exact`.
    """

    queries: Embeddings
    exact: Exact
    take: Take
    ids: RowNumbers | None = None

    def recall(self, index: Any) -> Recall:
        similarities, found = index.search(self.queries, min(K, index.ntotal))
        if self.ids is not None:
            found = np.where(found < 0, found, self.ids[found])
        return recall_of(self.queries, self.exact, similarities, found, self.take)


@dataclass(frozen=True)
class Size:
    """Of the whole catalogue, and of what is measured."""

    photos: int
    width: int
    measured_on: int


def sweep(
    index: Any, plan: Plan, asked: Asked, size: Size, tried: Iterable[Effort]
) -> Iterator[Trial]:
    """The plan's index with each effort, until more gains nothing."""
    best, idle = -1.0, 0
    for effort in tried:
        set_effort(index, effort)
        recall = asked.recall(index)
        p50, p95 = milliseconds(index, asked.queries)
        # Without lists or links each query reads all vectors.
        grown = 1.0 if plan.lists or plan.links else size.photos / size.measured_on
        yield Trial(
            plan=plan,
            effort=effort,
            measured_on=size.measured_on,
            recall_at_1=recall.at_1,
            recall_at_10=recall.at_10,
            recall_error=recall.error,
            similarity_error=recall.similarity_error,
            p50_ms=p50 * grown,
            p95_ms=p95 * grown,
            bytes_per_photo=plan.bytes_per_photo(size.photos, size.width),
            touched_bytes=plan.touched_bytes(effort, size.photos, size.width),
        )
        idle = idle + 1 if recall.at_10 < best + ENOUGH_GAIN else 0
        best = max(best, recall.at_10)
        if idle == 2:
            return


def exact_trial(sample: Sample, photos: int) -> Trial:
    """Exact search, timed on as many vectors as are needed to know its time."""
    part = sample.gallery[:EXACT_ROWS]
    rows = np.arange(len(part))
    exact = exact_among(sample.queries, rows, part)
    plan, width = Plan("Flat"), part.shape[1]
    empty = train(plan, width, part[:0], part, part[:0])
    index = assemble(empty, encode(empty, part, assign(empty, part)), rows)
    asked = Asked(sample.queries, exact, lambda some: part[some])
    return next(sweep(index, plan, asked, Size(photos, width, len(part)), efforts(plan)))


@dataclass
class Bench:
    """Tries plans on a sample; what several have in common is learnt once."""

    sample: Sample
    reduction: Vectors
    photos: int
    _vectors: dict[int, Vectors] = field(default_factory=dict)
    _centroids: dict[tuple[int, int], Vectors] = field(default_factory=dict)
    _lists: dict[tuple[int, int], Lists] = field(default_factory=dict)

    def plans(self, budget: Budget) -> list[Plan]:
        """With dimensions by what exact search in them reaches on the sample."""
        ceilings = {}
        for d in dimensions_up_to(len(self.reduction)):
            ceilings[d] = self._ceiling(d)
            # One more than is enough, as the whole is denser.
            if sum(reached >= budget.recall for reached in ceilings.values()) == 2:
                break
        width = self.sample.gallery.shape[1]
        return candidates(self.photos, width, budget, ceilings)

    def trials(self, plan: Plan) -> Iterator[Trial]:
        """On an index of the sample, with lists as long as they will be in the whole."""
        sample, d = self.sample, plan.dimensions
        gallery, width = self._reduced(d), sample.gallery.shape[1]
        small = plan.scaled(len(gallery) / self.photos)
        centroids = self._centroids_of(d, small.lists)
        empty = train(small, width, self.reduction, gallery, centroids)
        key = (d, small.lists if has_lists(empty) else 0)
        if key not in self._lists:
            self._lists[key] = assign(empty, gallery)
        codes = encode(empty, gallery, self._lists[key])
        index = assemble(empty, codes, np.arange(len(gallery)))
        asked = Asked(sample.queries, sample.exact, lambda rows: sample.gallery[rows])
        tried = efforts(plan) if sample.is_whole else sample_efforts(plan)
        yield from sweep(index, plan, asked, Size(self.photos, width, len(gallery)), tried)

    def _ceiling(self, d: int) -> float:
        queries = reduced(self.sample.queries, self.reduction, d)
        gallery = self._reduced(d)
        found = exact_among(queries, np.arange(len(gallery)), gallery)
        recall = recall_of(
            self.sample.queries,
            self.sample.exact,
            *(found.similarities[:, :K], found.rows[:, :K]),
            lambda rows: self.sample.gallery[rows],
        )
        return recall.at_10

    def _reduced(self, d: int) -> Vectors:
        if d not in self._vectors:
            self._vectors[d] = reduced(self.sample.gallery, self.reduction, d)
        return self._vectors[d]

    def _centroids_of(self, d: int, lists: int) -> Vectors:
        if not lists:
            return np.empty((0, d), np.float32)
        if (d, lists) not in self._centroids:
            self._centroids[d, lists] = learn_centroids(self._reduced(d), lists)
        return self._centroids[d, lists]
