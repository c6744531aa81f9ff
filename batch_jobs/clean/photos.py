"""Prepares the photos of a catalogue, in shards that a killed run need not make again."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from batch_jobs.clean.photo_join import PhotoSource
from batch_jobs.clean.rejects import Problem, Row, photo_file_reject
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder, cpu_count
from batch_jobs.tables import PHOTOS, REJECTS, read_table, write_table
from release.errors import MissingObjectError, PhotoError
from release.pixels import encode, prepare
from release.store import Store

SHARD_PHOTOS = 1000  # some 30 MB of prepared photos: all that is in memory at once
SUMMARY = ["image_id", "product_id", "pixel_sha256", "duplicate_group"]

Shard = list[PhotoSource]  # all photos of each of its listings


@dataclass
class Photos:
    """What came out: photos-*.parquet by name, without the photos themselves, and the rejects."""

    shards: dict[str, pa.Table] = field(default_factory=dict)
    rejects: list[Row] = field(default_factory=list)

    @property
    def photo_count(self) -> Counter[str]:
        """How many photos each listing has."""
        return Counter(self._column("product_id"))

    @property
    def pixels(self) -> Iterator[str]:
        """The SHA-256 of each photo's prepared pixels."""
        return self._column("pixel_sha256")

    @property
    def groups(self) -> dict[str, str]:
        """The smallest image id for each prepared content that several listings share."""
        first: dict[str, str] = {}
        repeated = set()
        for pixels, image_id in zip(self.pixels, self._column("image_id"), strict=True):
            if pixels in first:
                repeated.add(pixels)
            first[pixels] = min(first.get(pixels, image_id), image_id)
        return {pixels: first[pixels] for pixels in repeated}

    def _column(self, name: str) -> Iterator[str]:
        return (value for table in self.shards.values() for value in table[name].to_pylist())


def cut_shards(photos: dict[str, list[PhotoSource]]) -> list[Shard]:
    """Whole listings, in order, in shards of SHARD_PHOTOS or one listing that has more."""
    shards: list[Shard] = [[]]
    for listing in photos.values():
        if shards[-1] and len(shards[-1]) + len(listing) > SHARD_PHOTOS:
            shards.append([])
        shards[-1] += listing
    return [shard for shard in shards if shard]


class PhotoStage:
    """Reads from a catalogue, writes photos-*.parquet and photo-rejects-*.parquet.

    A shard's rejects are written before its photos, so that a shard that is there is whole. Groups
    of duplicates cross shards: they are known at the end, and written over the shards concerned.
    """

    def __init__(self, catalogue: Store, folder: StageFolder, size: int) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._size = size
        self._photos = Photos()

    def run(self, shards: list[Shard], report: Progress) -> Photos:
        total = sum(len(shard) for shard in shards)
        for _ in report.track(self._prepared(shards), total, "clean: photos"):
            pass
        self._write_groups()
        return self._photos

    def _prepared(self, shards: list[Shard]) -> Iterator[PhotoSource]:
        """Each photo when it is done."""
        pool = ThreadPoolExecutor(cpu_count())
        try:
            for number, shard in enumerate(shards):
                names = f"photos-{number:05}.parquet", f"photo-rejects-{number:05}.parquet"
                if self._folder.has(names[0]):
                    self._keep(*names)
                    yield from shard
                else:
                    yield from self._make(*names, shard, pool)
        finally:
            pool.shutdown(cancel_futures=True)

    def _keep(self, name: str, rejects_name: str) -> None:
        for kept in (rejects_name, name):
            self._folder.keep(kept)
        self._photos.shards[name] = read_table(self._folder, name, SUMMARY)
        self._photos.rejects += read_table(self._folder, rejects_name).to_pylist()

    def _make(
        self, name: str, rejects_name: str, shard: Shard, pool: ThreadPoolExecutor
    ) -> Iterator[PhotoSource]:
        rows: list[Row] = []
        rejects: list[Row] = []
        first: dict[tuple[str, str], str] = {}
        for photo, outcome in zip(shard, pool.map(self._prepare, shard), strict=True):
            if isinstance(outcome, Problem):
                rejects.append(_reject(photo, outcome))
            elif problem := _repeat(outcome, first):
                rejects.append(_reject(photo, problem))
            else:
                rows.append(outcome)
            yield photo
        self._write(name, rejects_name, rows, rejects)

    def _write(self, name: str, rejects_name: str, rows: list[Row], rejects: list[Row]) -> None:
        write_table(self._folder, rejects_name, rejects, REJECTS)
        self._photos.rejects += rejects
        if rows:
            write_table(self._folder, name, rows, PHOTOS)
            self._photos.shards[name] = pa.Table.from_pylist(rows, PHOTOS).select(SUMMARY)

    def _prepare(self, photo: PhotoSource) -> Row | Problem:
        try:
            source = self._catalogue.read(photo.path)
            prepared = prepare(source, self._size)
        except MissingObjectError:
            return Problem("missing_file", f"{photo.path} went away while it was read.")
        except PhotoError as error:
            return Problem(error.reason, str(error))
        return {
            "image_id": photo.image_id,
            "product_id": photo.product_id,
            "photo": encode(prepared.pixels),
            "source_width": prepared.source_width,
            "source_height": prepared.source_height,
            "source_sha256": hashlib.sha256(source).hexdigest(),
            "pixel_sha256": hashlib.sha256(prepared.pixels.tobytes()).hexdigest(),
            "duplicate_group": None,
        }

    def _write_groups(self) -> None:
        groups = self._photos.groups
        for name, summary in self._photos.shards.items():
            wanted = [groups.get(pixels) for pixels in summary["pixel_sha256"].to_pylist()]
            if wanted == summary["duplicate_group"].to_pylist():
                continue
            rows = read_table(self._folder, name).to_pylist()
            for row, group in zip(rows, wanted, strict=True):
                row["duplicate_group"] = group
            write_table(self._folder, name, rows, PHOTOS)


def _repeat(row: Row, first: dict[tuple[str, str], str]) -> Problem | None:
    """The problem with a photo whose pixels its listing has already."""
    shown = first.setdefault((row["product_id"], row["pixel_sha256"]), row["image_id"])
    if shown == row["image_id"]:
        return None
    return Problem("duplicate_in_listing", f"The same pixels as photo {shown}, which stays.")


def _reject(photo: PhotoSource, problem: Problem) -> Row:
    detail = f"{problem.detail} Listed in line {photo.line} of Images.csv."
    return photo_file_reject(photo.image_id, Problem(problem.reason, detail), photo.path)
