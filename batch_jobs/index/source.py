"""Where an index has its embeddings from: blocks of them, read one at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_table
from release.listings import photo_key

Embeddings = NDArray[np.float32]  # (n, width), unit norm
RowNumbers = NDArray[np.int64]  # (n,)

BLOCK_ROWS = 16_384  # 64 MB of 1000 numbers


@dataclass(frozen=True)
class Block:
    """Some photos: their row numbers (m,) and embeddings (m, width)."""

    rows: RowNumbers
    embeddings: Embeddings


class Source(Protocol):
    """Embeddings by row number, which is the rank of a photo's key among all keys.

    A block is the unit of work: whoever computes it, in one piece or a shard, computes the same.
    """

    @property
    def keys(self) -> NDArray[np.int64]:
        """Of all photos, (n,) ascending."""

    @property
    def width(self) -> int: ...

    @property
    def block_count(self) -> int: ...

    def block(self, number: int) -> Block: ...

    def take(self, rows: RowNumbers) -> Embeddings:
        """The embeddings of some rows, (len(rows), width)."""


class ArraySource:
    """Embeddings of an array, perhaps mapped into memory, with the key of each in `keys`."""

    def __init__(self, embeddings: Embeddings, keys: NDArray[np.int64]) -> None:
        self._embeddings = embeddings
        self._order = np.argsort(keys)
        self.keys: NDArray[np.int64] = keys[self._order]
        self._row_of = _ranks(self._order)

    @property
    def width(self) -> int:
        return int(self._embeddings.shape[1])

    @property
    def block_count(self) -> int:
        return -(-len(self.keys) // BLOCK_ROWS)

    def block(self, number: int) -> Block:
        part = slice(number * BLOCK_ROWS, (number + 1) * BLOCK_ROWS)
        return Block(self._row_of[part], np.array(self._embeddings[part], dtype=np.float32))

    def take(self, rows: RowNumbers) -> Embeddings:
        return np.array(self._embeddings[self._order[rows]], dtype=np.float32)


class RunSource:
    """The embeddings of a finished embed stage without the photos in `left_out`.

    A block is one file. Of the whole only keys stay in memory, 24 bytes a photo.
    """

    def __init__(self, embed: StageFolder, left_out: Collection[str] = ()) -> None:
        self._embed = embed
        self.names = sorted(
            name for name in embed.require().outputs if name.startswith("embeddings-")
        )
        ids = [_image_ids(embed, name) for name in self.names]
        self._kept = [
            np.flatnonzero([one not in left_out for one in some]) for some in ids
        ]  # places in the file, of each file
        keys = [
            photo_key(some[place])
            for some, kept in zip(ids, self._kept, strict=True)
            for place in kept
        ]
        unordered = np.array(keys, dtype=np.int64)
        self._order = np.argsort(unordered)
        self.keys: NDArray[np.int64] = unordered[self._order]
        self._row_of = _ranks(self._order)
        self._starts = np.cumsum([0, *(len(kept) for kept in self._kept)])
        self.width = _width(embed, self.names)

    @property
    def block_count(self) -> int:
        return len(self.names)

    def block(self, number: int) -> Block:
        rows = self._row_of[self._starts[number] : self._starts[number + 1]]
        return Block(rows, self._read(number)[self._kept[number]])

    def take(self, rows: RowNumbers) -> Embeddings:
        """Only the files that have one of the rows are read."""
        found = np.empty((len(rows), self.width), np.float32)
        places = self._order[rows]
        files = np.searchsorted(self._starts, places, side="right") - 1
        for number in np.unique(files):
            mine = files == number
            within = self._kept[number][places[mine] - self._starts[number]]
            found[mine] = self._read(int(number))[within]
        return found

    def _read(self, number: int) -> Embeddings:
        column = read_table(self._embed, self.names[number], ["embedding"])["embedding"]
        flat: Embeddings = column.combine_chunks().flatten().to_numpy()
        return flat.reshape(len(column), -1)


def _ranks(order: NDArray[np.int64]) -> RowNumbers:
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks


def _image_ids(embed: StageFolder, name: str) -> list[str]:
    ids: list[str] = read_table(embed, name, ["image_id"])["image_id"].to_pylist()
    return ids


def _width(embed: StageFolder, names: list[str]) -> int:
    """Of the first file; the width is part of the column's type."""
    if not names:
        return 0
    schema = read_table(embed, names[0], ["embedding"]).schema
    return int(schema.field("embedding").type.list_size)
