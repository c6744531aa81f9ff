"""Opens a release: extractor and index in memory, ready to answer."""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from release.blob_cache import BlobCache
from release.errors import ReleaseFileError
from release.extractor import Extracted, Extractor
from release.facets import Facets, facets_of
from release.faiss_search import FaissSearch
from release.fetching import Fetched, current_id, fetch_release
from release.manifest import EXTRACTOR_FILE, Manifest, SegmentInfo
from release.pixels import prepare
from release.segment import Segment, SegmentFiles
from release.side_by_side import Aside
from release.store import Store


@dataclass(frozen=True)
class Release:
    """A release, ready to answer. It may be used from several threads."""

    manifest: Manifest
    extractor: Extractor
    search: FaissSearch

    def extract(self, photo: bytes) -> Extracted:
        """One photo's bytes to its embedding and logits (a batch of 1). Raises PhotoError."""
        return self.extractor.extract(prepare(photo, self.extractor.size).pixels[None])

    @cached_property
    def facets(self) -> Facets:
        """What its listings are, counted when first asked for."""
        return facets_of(self.search.segments)


def open_release(store: Store, release_id: str, cache: Path, threads: int = 1) -> Release:
    """Loads a release. `cache` is a folder for blobs that are not on this disk.

    Raises ReleaseFileError with the name of the file that is damaged or does not fit.
    """
    return open_fetched(fetch_release(store, release_id, BlobCache(cache)), threads)


def open_fetched(fetched: Fetched, threads: int = 1) -> Release:
    """Loads a release whose files are here: the extractor while the segments are opened."""
    manifest, paths = fetched.manifest, fetched.paths
    loading = Aside(partial(Extractor, paths[EXTRACTOR_FILE], threads))
    known = {paths[name]: blob.sha256 for name, blob in manifest.files.items()}
    search = FaissSearch([_segment(one, paths, known) for one in manifest.segments])
    extractor = loading.result()
    if (extractor.width, extractor.categories) != (search.width, len(manifest.categories)):
        raise ReleaseFileError(
            f"Release {manifest.release_id}: the extractor gives {extractor.width} numbers and "
            f"{extractor.categories} categories, the index has {search.width} "
            f"and the manifest {len(manifest.categories)}."
        )
    return Release(manifest, extractor, search)


def _segment(info: SegmentInfo, paths: dict[str, Path], known: dict[Path, str]) -> Segment:
    index, listings, rows, *gone = (paths[name] for name in info.file_names)
    return Segment(SegmentFiles(index, listings, rows, gone[0] if gone else None), known)


def open_current(store: Store, cache: Path, threads: int = 1) -> Release:
    """Loads the current release. Raises NoReleaseError where nothing was published yet."""
    return open_release(store, current_id(store), cache, threads)
