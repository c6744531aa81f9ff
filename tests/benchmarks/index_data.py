"""The embeddings that bench_index.py searches: drawn around centres, or those of a run.

They lie in a folder as .npy files and are read by memory map, so a million need no 4 GB of memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards
from release.listings import photo_key
from release.store import Store

WIDTH, DIMENSIONS, PHOTOS_A_CENTRE, DEVIATION = 1000, 64, 50, 0.6
BLOCK = 50_000  # rows in memory at once

Embeddings = NDArray[np.float32]  # (n, width), unit norm
Numbers = NDArray[np.int64]  # rows of the embeddings
EMBEDDINGS, QUERIES, IDS = "embeddings.npy", "queries.npy", "ids.json"


@dataclass(frozen=True)
class Data:
    """The folder with embeddings (n, width), ids, and queries (q, width) that are not indexed."""

    folder: Path

    @property
    def embeddings(self) -> Embeddings:
        """By memory map."""
        return np.load(self.folder / EMBEDDINGS, mmap_mode="r")

    @property
    def queries(self) -> Embeddings:
        return np.load(self.folder / QUERIES)

    @property
    def image_ids(self) -> list[str]:
        """In the order of the embeddings."""
        return json.loads((self.folder / IDS).read_text())

    @property
    def keys(self) -> Numbers:
        return np.array([photo_key(image_id) for image_id in self.image_ids], dtype=np.int64)


def draw(folder: Path, photos: int, queries: int, seed: int = 0) -> Data:
    """One of N/50 centres in 64 dimensions, and around it, lifted to 1000 with noise, unit norm."""
    rng = np.random.default_rng(seed)
    lift = rng.standard_normal((DIMENSIONS, WIDTH), dtype=np.float32)
    shape = (max(1, photos // PHOTOS_A_CENTRE), DIMENSIONS)
    centres = rng.standard_normal(shape, dtype=np.float32)
    for name, count in ((EMBEDDINGS, photos), (QUERIES, queries)):
        out = _new(folder / name, count, WIDTH)
        for start in range(0, count, BLOCK):
            size = min(BLOCK, count - start)
            near = centres[rng.integers(0, len(centres), size)]
            near += np.float32(DEVIATION) * rng.standard_normal(near.shape, dtype=np.float32)
            noisy = near @ lift + rng.standard_normal((size, WIDTH), dtype=np.float32)
            out[start : start + size] = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
        out.flush()
    (folder / IDS).write_text(json.dumps([f"photo-{number}" for number in range(photos)]))
    return Data(folder)


def from_run(folder: Path, store: Store, run_id: str, queries: int) -> Data:
    """The embeddings of a run, of which `queries` (at most a tenth) are kept out to search with."""
    embed = StageFolder(store, run_id, "embed")
    tables = read_shards(embed, "embeddings-", ["image_id"])
    ids = [image_id for _, table in tables for image_id in table.column("image_id").to_pylist()]
    asked = np.zeros(len(ids), dtype=np.bool_)
    order = np.random.default_rng(0).permutation(len(ids))
    asked[order[: max(1, min(queries, len(ids) // 10))]] = True
    read, written, out, kept_out = 0, 0, None, []
    for block in _blocks_of(embed):
        here = asked[read : read + len(block)]
        if out is None:
            out = _new(folder / EMBEDDINGS, int((~asked).sum()), block.shape[1])
        kept_out.append(block[here])
        kept = block[~here]
        out[written : written + len(kept)] = kept
        read, written = read + len(block), written + len(kept)
    np.save(folder / QUERIES, np.concatenate(kept_out))
    indexed = [image_id for image_id, out_of_it in zip(ids, asked, strict=True) if not out_of_it]
    (folder / IDS).write_text(json.dumps(indexed))
    return Data(folder)


def exact_top(
    embeddings: Embeddings, queries: Embeddings, k: int, mask: NDArray[np.bool_] | None = None
) -> tuple[Embeddings, Numbers]:
    """The `k` largest inner products of each query and their rows, (q, k); `mask`: rows allowed."""
    best = np.full((len(queries), k), -np.inf, dtype=np.float32)
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    for start in range(0, len(embeddings), BLOCK):
        numbers = np.arange(start, min(start + BLOCK, len(embeddings)))
        if mask is not None:
            numbers = numbers[mask[numbers]]
        if not len(numbers):
            continue
        products = queries @ embeddings[numbers].T  # (q, block)
        top = np.argpartition(-products, min(k, len(numbers)) - 1, axis=1)[:, :k]
        best = np.concatenate([best, np.take_along_axis(products, top, 1)], axis=1)
        rows = np.concatenate([rows, numbers[top]], axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :k]
        best, rows = (np.take_along_axis(each, order, 1) for each in (best, rows))
    return best, rows


def _new(path: Path, count: int, width: int) -> Embeddings:
    return np.lib.format.open_memmap(path, "w+", dtype=np.float32, shape=(count, width))


def _blocks_of(embed: StageFolder) -> Iterator[Embeddings]:
    for _, table in read_shards(embed, "embeddings-", ["embedding"]):
        flat = table.column("embedding").combine_chunks().flatten().to_numpy()
        yield flat.reshape(len(table), -1)
