"""Before anything is built: a sample is drawn, plans are tried on it, the best ones are trained."""

import io
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from batch_jobs.index.choose import Budget, Trial, choose, finalists, trial_of
from batch_jobs.index.plan import Plan
from batch_jobs.index.sample import Sample, draw_sample, training_vectors
from batch_jobs.index.source import Embeddings, RowNumbers, Source
from batch_jobs.index.train import (
    POINTS_A_LIST,
    Vectors,
    learn_centroids,
    learn_reduction,
    train,
    unit,
)
from batch_jobs.index.trials import Bench, exact_trial
from batch_jobs.progress import Progress
from release.errors import JobError

MOST_DIMENSIONS = 1024


@dataclass(frozen=True)
class Prepared:
    """The plans that go on to the whole, each with its empty trained index.

    `queries` (q, width) are the photos of `query_rows`: no index has them that is measured.
    `reduction` (dimensions, width) is that of the plan with most dimensions.
    """

    budget: Budget
    plans: tuple[Plan, ...]
    trained: tuple[Any, ...]
    reduction: Vectors
    queries: Embeddings
    query_rows: RowNumbers
    trials: tuple[Trial, ...]
    photos: int
    seconds: float

    def is_query(self, rows: RowNumbers) -> NDArray[np.bool_]:
        """Which of the rows are left out where an index is measured: the only photo never is."""
        return np.isin(rows, self.query_rows) if self.photos > 1 else np.zeros(len(rows), np.bool_)

    def to_bytes(self) -> bytes:
        told = {
            "budget": asdict(self.budget),
            "plans": [asdict(plan) for plan in self.plans],
            "trials": [asdict(trial) for trial in self.trials],
            "photos": self.photos,
            "seconds": self.seconds,
        }
        buffer = io.BytesIO()
        arrays = {f"trained_{n}": faiss.serialize_index(one) for n, one in enumerate(self.trained)}
        np.savez(
            buffer,
            told=np.frombuffer(json.dumps(told).encode(), dtype=np.uint8),
            reduction=self.reduction,
            queries=self.queries,
            query_rows=self.query_rows,
            **arrays,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Prepared":
        arrays = np.load(io.BytesIO(data), allow_pickle=False)
        told = json.loads(arrays["told"].tobytes())
        plans = tuple(Plan(**one) for one in told["plans"])
        return cls(
            budget=Budget(**told["budget"]),
            plans=plans,
            trained=tuple(
                faiss.deserialize_index(arrays[f"trained_{place}"]) for place in range(len(plans))
            ),
            reduction=arrays["reduction"],
            queries=arrays["queries"],
            query_rows=arrays["query_rows"],
            trials=tuple(trial_of(one) for one in told["trials"]),
            photos=told["photos"],
            seconds=told["seconds"],
        )


def prepare(source: Source, budget: Budget, progress: Progress) -> Prepared:
    """Exact search where the budget allows it, else the best of the candidates on a sample.

    Raises JobError where there is no photo.
    """
    started = time.monotonic()
    photos = len(source.keys)
    if not photos:
        raise JobError("There is no photo to index. Clean a catalogue that has some.")
    sample = draw_sample(source)
    trials = [exact_trial(sample, photos)]
    reduction = np.empty((0, source.width), np.float32)
    if not choose(trials, photos, budget).meets:
        reduction = learn_reduction(sample.gallery, min(source.width, MOST_DIMENSIONS))
        trials += _tried(Bench(sample, reduction, photos), budget, progress)
    plans = finalists(trials, photos, budget)
    if sample.is_whole:  # nothing is left to confirm
        plans = [choose(trials, photos, budget).trial.plan]
    reduction = reduction[: max(plan.dimensions for plan in plans)]
    trained = _trained(source, sample, plans, reduction)
    return Prepared(
        budget=budget,
        plans=tuple(plans),
        trained=tuple(trained),
        reduction=reduction,
        queries=sample.queries,
        query_rows=sample.query_rows,
        trials=tuple(trials),
        photos=photos,
        seconds=time.monotonic() - started,
    )


def _tried(bench: Bench, budget: Budget, progress: Progress) -> list[Trial]:
    plans = bench.plans(budget)
    shown = progress.track(plans, len(plans), "index: plans tried on a sample")
    return [trial for plan in shown for trial in bench.trials(plan)]


def _trained(
    source: Source, sample: Sample, plans: Sequence[Plan], reduction: Vectors
) -> list[Any]:
    """An empty index of each plan. Centroids are learnt from more photos than a sample has."""
    rows = max(len(sample.gallery), POINTS_A_LIST * max(plan.lists for plan in plans))
    vectors = sample.gallery[:0]
    if len(reduction):
        vectors = np.concatenate(list(training_vectors(source, sample, reduction, rows)))
    found, centroids = [], dict[tuple[int, int], Vectors]()
    for plan in plans:
        own = unit(vectors[:, : plan.dimensions]) if plan.dimensions else sample.gallery
        key = (plan.dimensions, plan.lists)
        if plan.lists and key not in centroids:
            centroids[key] = learn_centroids(own, plan.lists)
        given = centroids.get(key, own[:0])
        found.append(train(plan, source.width, reduction, own, given))
    return found
