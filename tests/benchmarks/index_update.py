"""An update of 1,000 listings in bench_index.py: compared, a small segment, tombstones, published.

What `update` does once a catalogue is cleaned and its new photos are embedded.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from index_data import Data, Embeddings
from index_ours import K, listings

from batch_jobs.update.compare import compare
from batch_jobs.update.small_index import small_index
from release.blobs import blob_of
from release.calibration import Calibration
from release.faiss_search import FaissSearch
from release.fetching import read_pointer
from release.listings import Listing, Photo, content_of
from release.manifest import (
    EXTRACTOR_FILE,
    SCHEMA_VERSION,
    Catalogue,
    ExtractorInfo,
    Manifest,
    SegmentInfo,
)
from release.publisher import publish
from release.segment import (
    FILES,
    INDEX_FILE,
    TOMBSTONES_FILE,
    Segment,
    files_in,
    write_tombstones,
)
from release.segment_writer import IndexedPhoto, write_segment
from release.store import Store

CHANGED = 1000
NEW = "new-"


@dataclass(frozen=True)
class Updated:
    """`new_mb` is what the function downloads of the release's `all_mb`."""

    listings: int
    seconds: float
    new_mb: float
    all_mb: float


def update(folder: Path, data: Data) -> Updated:
    """Runs in a child. The embeddings are there: those of the queries, as of other photos."""
    store = Store(str(folder / "store"), create=True)
    (folder / EXTRACTOR_FILE).write_bytes(b"the same in both releases")
    files = {EXTRACTOR_FILE: folder / EXTRACTOR_FILE, **_files_of("base", folder)}
    base = SegmentInfo("base", "as planned", len(data.image_ids), len(data.image_ids))
    first = _manifest("first", (base,), files, data.queries.shape[1])
    publish(store, first, files, [], read_pointer(store))
    embeddings = data.queries[:CHANGED]

    started = time.perf_counter()
    new_files, dead = _write(folder, data, embeddings)
    small = SegmentInfo("small", "as planned", len(embeddings), dead)
    tombstoned = replace(base, dead_listings=dead)
    second = _manifest("second", (tombstoned, small), {**files, **new_files}, first.extractor.width)
    publish(store, second, new_files, [], read_pointer(store))
    seconds = time.perf_counter() - started

    _check(folder, data, embeddings)
    new = set(second.files.values()) - set(first.files.values())
    sizes = [sum(blob.size_bytes for blob in blobs) for blobs in (new, second.files.values())]
    return Updated(dead, seconds, sizes[0] / 1e6, sizes[1] / 1e6)


def _write(folder: Path, data: Data, embeddings: Embeddings) -> tuple[dict[str, Path], int]:
    """The new files by their names in the release, and how many listings of the base are gone."""
    old = Segment(files_in(folder))
    contents = ((one.product_id, content_of(one, [photo])) for one, photo in _catalogue(data))
    changes = compare(old.contents(), contents)
    dead = old.listings.numbers_of(changes.gone)
    write_tombstones(folder / TOMBSTONES_FILE, dead)
    written = [pair for pair in _catalogue(data) if pair[0].product_id in changes.written]
    rows = [
        IndexedPhoto(photo, embedding)
        for (_, photo), embedding in zip(written, embeddings, strict=True)
    ]
    index = small_index(folder / INDEX_FILE)
    write_segment(folder / "small", [listing for listing, _ in written], rows, index)
    names = {f"base/{TOMBSTONES_FILE}": folder / TOMBSTONES_FILE}
    return {**names, **_files_of("small", folder / "small")}, len(changes.gone)


def _catalogue(data: Data) -> Iterator[tuple[Listing, Photo]]:
    """As it is now: the first listings have other photos."""
    changed = min(CHANGED, len(data.queries))
    for number, (listing, photo) in enumerate(listings(data)):
        if number < changed:
            yield listing, replace(photo, image_id=f"{NEW}{photo.image_id}", sha256="1" * 64)
        else:
            yield listing, photo


def _files_of(name: str, folder: Path) -> dict[str, Path]:
    return {f"{name}/{file}": folder / file for file in FILES}


def _manifest(
    release_id: str, segments: tuple[SegmentInfo, ...], files: dict[str, Path], width: int
) -> Manifest:
    blobs = {name: blob_of(path) for name, path in files.items()}
    return Manifest(
        schema_version=SCHEMA_VERSION,
        release_id=release_id,
        created_at=datetime.now(UTC).isoformat(),
        git_commit="",
        run_id=release_id,
        catalogue=Catalogue("drawn", "0" * 64),
        extractor=ExtractorInfo("none", 224, width, "fp32", blobs[EXTRACTOR_FILE].sha256),
        segments=segments,
        categories=(("Thing",),),
        scores={},
        files=blobs,
        calibration=Calibration(),
        samples=(),
    )


def _check(folder: Path, data: Data, embeddings: Embeddings) -> None:
    """The new photos are found, the old ones of their listings are not."""
    search = FaissSearch([Segment(files_in(folder)), Segment(files_in(folder / "small"))])
    gone = set(data.image_ids[: len(embeddings)])
    for number, found in enumerate(search.search(embeddings, K)):
        if found[0] != f"{NEW}{data.image_ids[number]}" or gone.intersection(found):
            raise SystemExit(f"After the update, photo {number} finds {found}.")
