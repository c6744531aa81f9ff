"""Builds the index of a catalogue: `build_base` in one piece; prepare, encode, merge in shards.

Any number of shards gives the same index.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from batch_jobs.index.candidates import efforts
from batch_jobs.index.choose import Budget, Trial, choose, why
from batch_jobs.index.encode import Codes, Lists, assemble, code_size, has_lists
from batch_jobs.index.measure import Exact
from batch_jobs.index.prepare import Prepared, prepare
from batch_jobs.index.shards import Part, encode_shard
from batch_jobs.index.source import Embeddings, RowNumbers, Source
from batch_jobs.index.train import set_effort
from batch_jobs.index.trials import Asked, Size, sweep
from batch_jobs.progress import Progress
from batch_jobs.stage import Shard

FOUND_AMONG = 10  # an approximate index has a photo itself among so many, an exact one first
ALL_CHECKED = 10_000  # photos; of more, only the queries are checked
CHECKED_AT_ONCE = 1_000


@dataclass(frozen=True)
class Built:
    """The index of all photos; its ids are row numbers, `lists` (n,) their inverted lists.

    `trial` is what it reached without the queries, `trials` all that was tried, each plan on as
    many photos as it came to. `meets` says whether the budget is met, `finds_itself` is a share of
    photos.
    """

    index: Any
    lists: Lists | None
    trial: Trial
    trials: tuple[Trial, ...]
    meets: bool
    why: str
    queries: int
    finds_itself: float
    seconds: float

    def measured(self) -> dict[str, float]:
        """The figures that a manifest has of a segment."""
        return {
            "recall_at_1": self.trial.recall_at_1,
            "recall_at_10": self.trial.recall_at_10,
            "p50_ms": round(self.trial.p50_ms, 4),
            "p95_ms": round(self.trial.p95_ms, 4),
            "bytes_per_photo": round(self.trial.bytes_per_photo, 1),
            "build_seconds": round(self.seconds, 1),
            "queries": self.queries,
        }


@dataclass(frozen=True)
class Beside:
    """What a merge goes by beside the parts.

    `copies` (n,) has the same number for photos of the same content. `settle` gives the trials to
    choose by, where others measure the same.
    """

    copies: NDArray[np.int64] | None = None
    settle: Callable[[Sequence[Trial]], Sequence[Trial]] = list


ALONE = Beside()


@dataclass(frozen=True)
class _Whole:
    """What all shards found: codes by plan in the order of the rows, the nearest of the queries."""

    codes: list[Codes]
    exact: Exact
    seconds: float


def build_base(
    source: Source,
    budget: Budget,
    scratch: Path,
    progress: Progress,
    copies: NDArray[np.int64] | None = None,
) -> Built:
    """The index that the budget allows. `scratch` is an empty folder for codes.

    `copies` (n,) has the same number for photos of the same content. Raises JobError for no photo.
    """
    prepared = prepare(source, budget, progress)
    part = encode_shard(source, prepared, Shard(), progress)
    return merge(source, prepared, [part], scratch, Beside(copies))


def merge(
    source: Source,
    prepared: Prepared,
    parts: Iterable[Part],
    scratch: Path,
    beside: Beside = ALONE,
) -> Built:
    """The index from the parts of all shards: each plan measured on the whole, the best built."""
    started = time.monotonic()
    photos = len(source.keys)
    whole = _gathered(prepared, photos, parts, scratch)
    places = range(len(prepared.plans))
    confirmed = beside.settle(
        [trial for place in places for trial in _confirmed(source, prepared, whole, place)]
    )
    budget = prepared.budget
    choice = choose(confirmed, photos, budget)
    plans = {trial.plan for trial in confirmed}
    trials = [*confirmed, *(one for one in prepared.trials if one.plan not in plans)]
    place = prepared.plans.index(choice.trial.plan)
    index = assemble(prepared.trained[place], whole.codes[place], np.arange(photos))
    set_effort(index, choice.trial.effort)
    copies = np.arange(photos) if beside.copies is None else beside.copies
    finds_itself = _finds_itself(index, source, prepared, copies)
    return Built(
        index=index,
        lists=np.array(whole.codes[place].lists) if has_lists(index) else None,
        trial=choice.trial,
        trials=tuple(trials),
        meets=choice.meets,
        why=why(choice, trials, photos, budget),
        queries=len(prepared.queries),
        finds_itself=finds_itself,
        seconds=prepared.seconds + whole.seconds + time.monotonic() - started,
    )


def _gathered(prepared: Prepared, photos: int, parts: Iterable[Part], scratch: Path) -> _Whole:
    """Codes go into files that are mapped into memory, so that one part is loaded at a time."""
    codes = [
        Codes(
            np.zeros(photos, np.uint32),
            np.lib.format.open_memmap(
                scratch / f"codes-{place}.npy", "w+", np.uint8, (photos, code_size(trained))
            ),
        )
        for place, trained in enumerate(prepared.trained)
    ]
    exact, seconds = Exact.of_nothing(len(prepared.queries)), 0.0
    for part in parts:
        for into, found in zip(codes, part.codes, strict=True):
            into.lists[part.rows] = found.lists
            into.codes[part.rows] = found.codes
        exact, seconds = exact.merged(part.exact), seconds + part.seconds
    return _Whole(codes, exact, seconds)


def _confirmed(source: Source, prepared: Prepared, whole: _Whole, place: int) -> list[Trial]:
    """A plan on all photos but the queries."""
    photos = len(source.keys)
    rows = np.arange(photos)
    rows = rows[~prepared.is_query(rows)]
    index = assemble(prepared.trained[place], whole.codes[place], rows)
    ids = None if has_lists(index) else rows
    asked = Asked(prepared.queries, whole.exact, source.take, ids)
    size = Size(photos, source.width, len(rows))
    plan = prepared.plans[place]
    return list(sweep(index, plan, asked, size, efforts(plan)))


def _finds_itself(
    index: Any, source: Source, prepared: Prepared, copies: NDArray[np.int64]
) -> float:
    """The share of photos that the finished index finds by their own embeddings."""
    is_exact = isinstance(index, faiss.IndexFlat)
    among = 1 if is_exact else FOUND_AMONG
    found = checked = 0
    for rows, embeddings in _checked(source, prepared):
        nearest = index.search(embeddings, min(among, index.ntotal))[1]
        found += int((copies[nearest] == copies[rows][:, None]).any(axis=1).sum())
        checked += len(rows)
    return found / checked


def _checked(source: Source, prepared: Prepared) -> Iterable[tuple[RowNumbers, Embeddings]]:
    if len(source.keys) > ALL_CHECKED:
        yield prepared.query_rows, prepared.queries
        return
    for number in range(source.block_count):
        block = source.block(number)
        for start in range(0, len(block.rows), CHECKED_AT_ONCE):
            part = slice(start, start + CHECKED_AT_ONCE)
            yield block.rows[part], block.embeddings[part]
