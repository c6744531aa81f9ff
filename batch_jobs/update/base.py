"""The current release as an update sees it: which listings are live, in which segment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from release.blobs import fetch_blob
from release.errors import JobError
from release.fetching import Pointer, read_manifest, read_pointer
from release.manifest import Manifest, SegmentInfo
from release.segment import Segment, SegmentFiles
from release.store import Store

Numbers = NDArray[np.uint32]  # of listings in their segment, ascending


@dataclass(frozen=True)
class OldSegment:
    """A segment of the current release, opened."""

    info: SegmentInfo
    files: SegmentFiles
    segment: Segment

    def dead_with(self, product_ids: frozenset[str]) -> Numbers:
        """The numbers of its listings that are gone, and of the given ones that it has."""
        more = self.segment.listings.numbers_of(product_ids)
        return np.union1d(self.segment.tombstones, np.array(more, dtype=np.uint32))

    def photos_of(self, numbers: Numbers) -> int:
        """How many photos these listings have."""
        return self.segment.photo_count_of(numbers)


@dataclass(frozen=True)
class Base:
    """The current release, the pointer that said so, and a folder for its files."""

    store: Store
    pointer: Pointer
    manifest: Manifest
    cache: Path
    segments: list[OldSegment] = field(default_factory=list)

    @property
    def release_id(self) -> str:
        return self.manifest.release_id

    @property
    def embedded_in(self) -> str:
        """The precision in which the photos were embedded; one in all segments."""
        return self.manifest.segments[0].embedded_in

    def file(self, name: str) -> Path:
        """A file of the release on this disk, checked. Raises DamagedBlobError."""
        return fetch_blob(self.store, self.manifest.files[name], self.cache)

    def live(self) -> dict[str, bytes]:
        """The contents of all live listings by product id."""
        found: dict[str, bytes] = {}
        for segment in self.segments:
            found |= segment.segment.contents()
        return found

    @contextmanager
    def opened(self) -> Iterator["Base"]:
        """The same with its segments opened."""
        try:
            self.segments.extend(map(self._open, self.manifest.segments))
            yield self
        finally:
            while self.segments:
                self.segments.pop().segment.listings.close()

    def _open(self, info: SegmentInfo) -> OldSegment:
        paths = {name: self.file(name) for name in info.file_names}
        files = SegmentFiles(*paths.values())
        known = {path: self.manifest.files[name].sha256 for name, path in paths.items()}
        return OldSegment(info, files, Segment(files, known))


def find_base(store: Store, catalogue: str, cache: Path) -> Base:
    """The current release, which must be of this catalogue. Raises JobError where it is not."""
    remedy = f"Make one first: marketplace-search run --catalogue PATH --store {store.url}"
    pointer = read_pointer(store)
    if pointer is None:
        raise JobError(f"{store.url} has no release that could be updated. {remedy}")
    manifest = read_manifest(store, pointer.release_id)
    if manifest.catalogue.name != catalogue:
        raise JobError(
            f"The current release {pointer.release_id} is of the catalogue "
            f"{manifest.catalogue.name!r}, not of {catalogue!r}. {remedy}"
        )
    return Base(store, pointer, manifest, cache)
