"""Embeddings that were made before: what a model file once made of a photo's pixels, in any run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TypeVar

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.table_files import in_order, opened
from release.errors import JobError, MissingObjectError
from release.store import Store

T = TypeVar("T")

Vector = NDArray[np.float32]  # (width,), unit norm
Hashes = NDArray[np.int64]

_PIXELS, _EMBEDDING = "pixel_sha256", "embedding"


class EmbeddingCache:
    """The embeddings of all finished embed stages of a store that one model file has made.

    The store is looked through when it is first asked: of each file only the column of hashes is
    read, and 16 bytes a photo are kept. Then only the row groups that have what is asked for are
    read, so it is quickest to ask for photos side by side that were so in the earlier run.
    Stages that end meanwhile are not seen.
    """

    def __init__(self, store: Store, extractor_sha256: str, progress: Progress) -> None:
        self._store = store
        self._extractor = extractor_sha256
        self._progress = progress
        self._unusable: set[int] = set()

    def find(self, pixel_sha256s: Sequence[str]) -> dict[str, Vector]:
        """By the SHA-256 of a photo's pixels its embedding; those that are not known are left out.

        Of several runs the newest counts. A file that is damaged or gone is passed over.
        """
        wanted = self._index.places(list(dict.fromkeys(pixel_sha256s)))
        files = sorted(wanted.keys() - self._unusable)
        found: dict[str, Vector] = {}
        nothing: dict[str, Vector] = {}
        for vectors in self._each(files, lambda file: self._vectors(file, wanted[file]), nothing):
            found |= vectors
        return found

    @cached_property
    def _files(self) -> list[tuple[StageFolder, str]]:
        """Those of the newest stage first."""
        stages: list[tuple[str, str, list[tuple[StageFolder, str]]]] = []
        for run_id in self._store.folders("runs"):
            folder = StageFolder(self._store, run_id, "embed")
            try:
                done = folder.done()
            except JobError as error:
                self._progress.say(f"embed: {error} It is passed over.")
                continue
            if done and done.inputs.get("extractor") == self._extractor:
                names = sorted(name for name in done.outputs if name.startswith("embeddings-"))
                stages.append((done.finished_at, run_id, [(folder, name) for name in names]))
        stages.sort(key=itemgetter(0, 1), reverse=True)
        return [file for _, _, files in stages for file in files]

    @cached_property
    def _index(self) -> "_Index":
        files = range(len(self._files))
        return _Index.of(list(self._each(files, self._hashes, np.empty(0, np.int64))))

    def _hashes(self, file: int) -> Hashes:
        with opened(*self._files[file]) as table:
            return _hashes_of(table.read([_PIXELS])[_PIXELS].to_pylist())

    def _vectors(self, file: int, rows: dict[str, int]) -> dict[str, Vector]:
        with opened(*self._files[file]) as table:
            return _read_rows(table, rows)

    def _each(self, files: Sequence[int], read: Callable[[int], T], nothing: T) -> Iterator[T]:
        """What is read of each file, `nothing` of those that cannot be read."""

        def read_if_whole(file: int) -> T:
            try:
                return read(file)
            except (JobError, MissingObjectError) as error:
                self._unusable.add(file)
                self._progress.say(f"embed: {error} What was in it is embedded again.")
                return nothing

        return in_order(self._store, read_if_whole, files)


@dataclass(frozen=True)
class _Index:
    """Which row of which file has a photo's pixels: three columns by ascending hash."""

    hashes: Hashes  # (n,)
    files: NDArray[np.uint32]  # (n,)
    rows: NDArray[np.uint32]  # (n,)

    @classmethod
    def of(cls, hashes: Sequence[Hashes]) -> "_Index":
        """From the hashes of each file's rows; of equal ones the earlier file's come first."""
        lengths = [len(some) for some in hashes]
        every = np.concatenate([np.empty(0, np.int64), *hashes])
        order = np.argsort(every, kind="stable")
        files = np.repeat(np.arange(len(hashes), dtype=np.uint32), lengths)
        rows = [np.arange(length, dtype=np.uint32) for length in lengths]
        return cls(
            every[order],
            files[order],
            np.concatenate([np.empty(0, np.uint32), *rows])[order],
        )

    def places(self, texts: list[str]) -> dict[int, dict[str, int]]:
        """By file, the row of each text that seems to be in it; 64 bits can be another's."""
        asked = _hashes_of(texts)
        at = np.searchsorted(self.hashes, asked)
        at[at == len(self.hashes)] = 0
        there = np.flatnonzero(self.hashes[at] == asked) if len(self.hashes) else ()
        found: dict[int, dict[str, int]] = {}
        for which in there:
            place = at[which]
            found.setdefault(int(self.files[place]), {})[texts[which]] = int(self.rows[place])
        return found


def _hashes_of(texts: list[str]) -> Hashes:
    """64 bits of each text, good for this process alone."""
    return np.fromiter(map(hash, texts), np.int64, len(texts))


def _read_rows(table: pq.ParquetFile, rows: dict[str, int]) -> dict[str, Vector]:
    """The embeddings of the rows that have just these pixels, by row groups."""
    sizes = [table.metadata.row_group(group).num_rows for group in range(table.num_row_groups)]
    ends = np.cumsum(sizes)
    groups = np.searchsorted(ends, np.fromiter(rows.values(), np.int64), side="right")
    found: dict[str, Vector] = {}
    for group in np.unique(groups):
        part = table.read_row_group(int(group), [_PIXELS, _EMBEDDING])
        pixels = part[_PIXELS].to_pylist()
        vectors = part[_EMBEDDING].combine_chunks().flatten().to_numpy().reshape(len(part), -1)
        first = int(ends[group]) - sizes[group]
        for text, row in rows.items():
            if first <= row < ends[group] and pixels[row - first] == text:
                found[text] = vectors[row - first].copy()  # without the whole group
    return found
