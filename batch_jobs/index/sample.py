"""What a plan is chosen and learnt from: a sample of the photos, some of them held out as queries.

Whole blocks are read in a random order that never changes, so every shard has the same sample.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from batch_jobs.index.measure import Exact, exact_among
from batch_jobs.index.source import Embeddings, RowNumbers, Source
from batch_jobs.index.train import Vectors

SAMPLE_ROWS = 100_000
QUERIES = 1_000
QUERIES_SHARE = 10  # at most one in so many
TRAINING_BYTES = 512 * 10**6
SEED = 0


@dataclass(frozen=True)
class Sample:
    """`gallery` (m, width) has the photos but for `queries` (q, width), whose rows are known."""

    gallery: Embeddings
    queries: Embeddings
    query_rows: RowNumbers
    exact: Exact  # of the queries, rows are places in the gallery
    is_whole: bool
    blocks_read: int


def draw_sample(source: Source) -> Sample:
    """A tenth of the photos are held out, QUERIES at most; the only photo searches for itself."""
    random = np.random.default_rng(SEED)
    embeddings, numbers, blocks_read = _collect(source, SAMPLE_ROWS, random)
    count = min(QUERIES, max(1, len(embeddings) // QUERIES_SHARE))
    asked = np.sort(random.permutation(len(embeddings))[:count])
    queries, query_rows = embeddings[asked], numbers[asked]
    gallery = np.delete(embeddings, asked, axis=0) if len(embeddings) > 1 else embeddings
    exact = exact_among(queries, np.arange(len(gallery)), gallery)
    whole = len(numbers) == len(source.keys)
    return Sample(gallery, queries, query_rows, exact, whole, blocks_read)


def training_vectors(
    source: Source, sample: Sample, reduction: Vectors, rows: int
) -> Iterator[Vectors]:
    """At least `rows` vectors (m, dimensions) if there are as many: the sample's, then others'.

    Not of unit norm. As many as TRAINING_BYTES hold, at most.
    """
    room = TRAINING_BYTES // (4 * len(reduction))
    wanted = min(rows, room, len(source.keys))
    found = 0
    for part in _blocks(source, sample):
        if found >= wanted:
            return
        some = part[: wanted - found] @ reduction.T
        found += len(some)
        yield some


def _blocks(source: Source, sample: Sample) -> Iterator[Embeddings]:
    yield sample.gallery
    for number in _order(source)[sample.blocks_read :]:
        yield source.block(int(number)).embeddings


def _order(source: Source) -> RowNumbers:
    return np.random.default_rng(SEED).permutation(source.block_count)


def _collect(
    source: Source, rows: int, random: np.random.Generator
) -> tuple[Embeddings, RowNumbers, int]:
    parts, found, blocks_read = [], 0, 0
    for number in _order(source):
        if found >= rows:
            break
        block = source.block(int(number))
        chosen = np.sort(random.permutation(len(block.rows))[: rows - found])
        parts.append((block.embeddings[chosen], block.rows[chosen]))
        found, blocks_read = found + len(chosen), blocks_read + 1
    embeddings, numbers = (np.concatenate(each) for each in zip(*parts, strict=True))
    return np.ascontiguousarray(embeddings), numbers, blocks_read
