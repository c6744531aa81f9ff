"""Prepares the photos of a catalogue, in files that a killed job need not make again."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Semaphore
from typing import Any, NamedTuple

import numpy as np

from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.photos.duplicates import signature
from batch_jobs.clean.photos.earlier import Earlier
from batch_jobs.progress import Progress
from batch_jobs.stage import Shard, StageFolder, cpu_count
from batch_jobs.tables import OUTCOMES, PHOTOS, write_table
from release.blobs import blob_of
from release.errors import MissingObjectError, PhotoError
from release.pixels import encode, prepare
from release.store import Store

# A prepared photo is smaller than its pixels, so this bounds a file, and what is in memory at once.
MAX_FILE_BYTES = 64 * 2**20
S3_READS = 16  # at once; S3 answers after some ten milliseconds, however small the photo is

Row = dict[str, Any]


class Wanted(NamedTuple):
    """A photo to prepare: its ids, and its file as it was listed."""

    image_id: str
    product_id: str
    path: str
    size_bytes: int
    version: str


@dataclass(frozen=True)
class PhotoFiles:
    """The files that `wanted` photos are prepared into, by their place: `photos` in each."""

    made_from: str  # a digest of the stage's inputs: no file is taken for that of other inputs
    wanted: int
    size: int

    @property
    def photos(self) -> int:
        return max(1, MAX_FILE_BYTES // (3 * self.size**2))

    @property
    def count(self) -> int:
        return -(-self.wanted // self.photos)

    def places(self, number: int) -> tuple[int, int]:
        """The places of a file's photos, from the first to before the last."""
        return number * self.photos, (number + 1) * self.photos

    def photos_name(self, number: int) -> str:
        return f"photos-{self.made_from}-{number:05}.parquet"

    def outcomes_name(self, number: int) -> str:
        return f"outcomes-{self.made_from}-{number:05}.parquet"


class PhotoPreparer:
    """Reads from a catalogue, writes photos-*.parquet and outcomes-*.parquet.

    The outcomes, one row for each wanted photo, are written last: a file that has them is whole.
    """

    def __init__(
        self, catalogue: Store, folder: StageFolder, files: PhotoFiles, earlier: Earlier
    ) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._files = files
        self._earlier = earlier
        self._decoding = Semaphore(cpu_count())

    def run(self, ledger: Ledger, shard: Shard, progress: Progress) -> None:
        """Makes the files of one shard that are not there yet."""
        there = set(self._folder.names("outcomes-"))
        numbers = range(shard.index, self._files.count, shard.count)
        todo = [number for number in numbers if self._files.outcomes_name(number) not in there]
        photos = (photo for number in todo for photo in self._make(number, ledger))
        total = min(len(todo) * self._files.photos, self._files.wanted)
        for _ in progress.track(photos, total, "clean: photos"):
            pass

    def _make(self, number: int, ledger: Ledger) -> Iterator[Row]:
        """Prepares the photos of one file, and writes it."""
        places = self._files.places(number)
        query = f"SELECT {', '.join(Wanted._fields)} FROM wanted WHERE place >= ? AND place < ?"
        wanted = [Wanted(*row) for row in ledger.rows(query, places)]
        known = self._earlier.outcomes(places, ledger)
        rows = []
        readers = cpu_count() if self._catalogue.folder else S3_READS
        pool = ThreadPoolExecutor(readers)
        try:
            made = pool.map(self._prepare, (one for one in wanted if one.image_id not in known))
            for one in wanted:
                rows.append(known.get(one.image_id) or next(made))
                yield rows[-1]
        finally:
            pool.shutdown(cancel_futures=True)
        kept = [_with_name(row) for row in rows if row["reason"] is None]
        if kept:
            write_table(self._folder, self._files.photos_name(number), kept, PHOTOS)
        write_table(self._folder, self._files.outcomes_name(number), rows, OUTCOMES)

    def _prepare(self, wanted: Wanted) -> Row:
        row = wanted._asdict() | {"reason": None, "detail": None}
        try:
            source = self._catalogue.read(wanted.path)
            with self._decoding:
                return row | _prepared(source, self._files.size)
        except MissingObjectError:
            detail = f"{wanted.path} went away while the catalogue was read."
            return row | {"reason": "missing_file", "detail": detail}
        except PhotoError as error:
            return row | {"reason": error.reason, "detail": str(error)}


def _with_name(row: Row) -> Row:
    """The row of a kept photo with what its blob in a release is called."""
    blob = blob_of(row["photo"])
    return row | {"photo_sha256": blob.sha256, "photo_bytes": blob.size_bytes}


def _prepared(source: bytes, size: int) -> Row:
    prepared = prepare(source, size)
    signed = signature(prepared.pixels)
    return {
        "photo": encode(prepared.pixels),
        "source_width": prepared.source_width,
        "source_height": prepared.source_height,
        "source_sha256": hashlib.sha256(source).hexdigest(),
        "pixel_sha256": hashlib.sha256(prepared.pixels.tobytes()).hexdigest(),
        "perceptual_hash": np.uint64(signed.phash).astype(np.int64).item(),  # SQL has no unsigned
        "thumbnail": signed.thumbnail,
    }
