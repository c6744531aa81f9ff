"""Opens a release: pointer, manifest, blobs checked by SHA-256, extractor and index in memory."""

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from release.blobs import fetch_blob
from release.errors import (
    ManifestError,
    MissingObjectError,
    NoReleaseError,
    ReleaseFileError,
)
from release.extractor import Extracted, Extractor
from release.faiss_search import FaissSearch
from release.manifest import EXTRACTOR_FILE, Manifest, SegmentInfo, from_json, manifest_path
from release.pixels import prepare
from release.segment import Segment, SegmentFiles
from release.store import Store

POINTER = "current.json"
_log = logging.getLogger(__name__)
_REMEDY = "Delete it and publish the run again."


@dataclass(frozen=True)
class Pointer:
    """The current release, and the version of current.json that says so."""

    release_id: str
    version: str


@dataclass(frozen=True)
class Release:
    """A release, ready to answer. It may be used from several threads."""

    manifest: Manifest
    extractor: Extractor
    search: FaissSearch

    def extract(self, photo: bytes) -> Extracted:
        """One photo's bytes to its embedding and logits (a batch of 1). Raises PhotoError."""
        return self.extractor.extract(prepare(photo, self.extractor.size).pixels[None])


def read_pointer(store: Store) -> Pointer | None:
    """Which release is current; None where nothing was published yet."""
    try:
        data, version = store.read_versioned(POINTER)
    except MissingObjectError:
        return None
    return Pointer(_release_id(data, store.where(POINTER)), version)


def _release_id(data: bytes, where: str) -> str:
    try:
        found = json.loads(data)["release"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ManifestError(f"{where} names no release: {data[:80]!r}. {_REMEDY}") from error
    if isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", found):
        return found
    raise ManifestError(f"{where} names {found!r}, which is no release id. {_REMEDY}")


def read_manifest(store: Store, release_id: str) -> Manifest:
    """Raises ManifestError or, for an id that was never published, NoReleaseError."""
    path = manifest_path(release_id)
    try:
        data = store.read(path)
    except MissingObjectError as error:
        raise NoReleaseError(f"{store.url} has no release {release_id!r}.") from error
    manifest = from_json(data, store.where(path))
    if manifest.release_id != release_id:
        raise ManifestError(f"{store.where(path)} says it is release {manifest.release_id!r}.")
    return manifest


def list_manifests(store: Store) -> list[Manifest]:
    """All releases that can be read, oldest first; of the others the log says why."""
    names = [entry.path for entry in store.list("releases") if entry.path.endswith(".json")]
    manifests = []
    for name in names:
        try:
            manifests.append(read_manifest(store, Path(name).stem))
        except ManifestError as error:
            _log.warning("%s", error)
    return sorted(manifests, key=lambda manifest: (manifest.created_at, manifest.release_id))


def open_release(store: Store, release_id: str, cache: Path, threads: int = 1) -> Release:
    """Loads a release. `cache` is a folder for blobs that are not on this disk.

    Raises ReleaseFileError with the name of the file that is damaged or does not fit.
    """
    manifest = read_manifest(store, release_id)
    paths = {name: fetch_blob(store, blob, cache) for name, blob in manifest.files.items()}
    extractor = Extractor(paths[EXTRACTOR_FILE], threads)
    known = {paths[name]: blob.sha256 for name, blob in manifest.files.items()}
    search = FaissSearch([_segment(one, paths, known) for one in manifest.segments])
    if (extractor.width, extractor.categories) != (search.width, len(manifest.categories)):
        raise ReleaseFileError(
            f"Release {release_id}: the extractor gives {extractor.width} numbers and "
            f"{extractor.categories} categories, the index has {search.width} "
            f"and the manifest {len(manifest.categories)}."
        )
    return Release(manifest, extractor, search)


def _segment(info: SegmentInfo, paths: dict[str, Path], known: dict[Path, str]) -> Segment:
    index, listings, rows, *gone = (paths[name] for name in info.file_names)
    return Segment(SegmentFiles(index, listings, rows, gone[0] if gone else None), known)


def open_current(store: Store, cache: Path, threads: int = 1) -> Release:
    """Loads the current release. Raises NoReleaseError where nothing was published yet."""
    pointer = read_pointer(store)
    if pointer is None:
        raise NoReleaseError(
            f"{store.url} has no release yet. Make one: marketplace-search run --catalogue PATH"
        )
    return open_release(store, pointer.release_id, cache, threads)
