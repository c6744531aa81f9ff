"""What one shard of a build computes: codes of its photos, the nearest of them to each query."""

import io
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from batch_jobs.index.encode import Codes, Lists, assign, code_size, encode, has_lists
from batch_jobs.index.measure import Exact, exact_among
from batch_jobs.index.prepare import Prepared
from batch_jobs.index.source import RowNumbers, Source
from batch_jobs.index.train import Vectors, unit
from batch_jobs.progress import Progress
from batch_jobs.stage import Shard


@dataclass(frozen=True)
class Part:
    """Of the photos of `rows` (m,) the codes for each plan, and of the queries the nearest."""

    rows: RowNumbers
    codes: tuple[Codes, ...]
    exact: Exact
    seconds: float

    def to_bytes(self) -> bytes:
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {"rows": self.rows, "seconds": self.seconds}
        arrays |= {"similarities": self.exact.similarities, "nearest": self.exact.rows}
        for place, one in enumerate(self.codes):
            arrays |= {f"lists_{place}": one.lists, f"codes_{place}": one.codes}
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Part":
        arrays = np.load(io.BytesIO(data), allow_pickle=False)
        plans = sum(name.startswith("codes_") for name in arrays.files)
        codes = tuple(Codes(arrays[f"lists_{n}"], arrays[f"codes_{n}"]) for n in range(plans))
        exact = Exact(arrays["similarities"], arrays["nearest"])
        return cls(arrays["rows"], codes, exact, float(arrays["seconds"]))


def encode_shard(source: Source, prepared: Prepared, shard: Shard, progress: Progress) -> Part:
    """Every count-th block of the source. Of embeddings one block is in memory at a time."""
    started = time.monotonic()
    numbers = range(source.block_count)[shard.index :: shard.count]
    exact = Exact.of_nothing(len(prepared.queries))
    rows = [np.empty(0, np.int64)]
    codes = [[_no_codes(trained)] for trained in prepared.trained]
    for number in progress.track(numbers, len(numbers), "index: blocks encoded"):
        block = source.block(number)
        rows.append(block.rows)
        for found, one in zip(codes, _encoded(prepared, block.embeddings), strict=True):
            found.append(one)
        indexed = ~prepared.is_query(block.rows)
        near = exact_among(prepared.queries, block.rows[indexed], block.embeddings[indexed])
        exact = exact.merged(near)
    joined = tuple(_joined(found) for found in codes)
    return Part(np.concatenate(rows), joined, exact, time.monotonic() - started)


def _encoded(prepared: Prepared, embeddings: Vectors) -> list[Codes]:
    """Plans of as many dimensions and lists have the same centroids, so lists are found once."""
    fewer = embeddings @ prepared.reduction.T if len(prepared.reduction) else embeddings
    lists = dict[tuple[int, int], Lists]()
    found = []
    for plan, trained in zip(prepared.plans, prepared.trained, strict=True):
        vectors = unit(fewer[:, : plan.dimensions]) if plan.dimensions else embeddings
        key = (plan.dimensions, plan.lists if has_lists(trained) else 0)
        if key not in lists:
            lists[key] = assign(trained, vectors)
        found.append(encode(trained, vectors, lists[key]))
    return found


def _no_codes(trained: object) -> Codes:
    return Codes(np.empty(0, np.uint32), np.empty((0, code_size(trained)), np.uint8))


def _joined(found: list[Codes]) -> Codes:
    return Codes(
        np.concatenate([one.lists for one in found]), np.concatenate([one.codes for one in found])
    )
