"""Brings a release onto this disk: the pointer, the manifest, then its files, checked by SHA-256.

It imports neither NumPy nor what opens the files, so that it can go on while those are imported.
"""

import json
import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from release.blob_cache import BlobCache
from release.blobs import Blob
from release.errors import ManifestError, MissingObjectError, NoReleaseError, StoreError
from release.manifest import Manifest, from_json, manifest_path
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
class Fetched:
    """A release whose files are on this disk: the path of each by its name in the manifest."""

    manifest: Manifest
    paths: dict[str, Path]

    @property
    def is_there(self) -> bool:
        """Whether nobody has deleted a file meanwhile."""
        return all(path.exists() for path in self.paths.values())


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
        raise NoReleaseError(
            f"{store.url} has no release {release_id!r}; older ones may have been pruned. "
            "To see those that there are: marketplace-search releases"
        ) from error
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


def fetch_release(
    store: Store, release_id: str, cache: BlobCache, keep: Collection[Blob] = ()
) -> Fetched:
    """What `cache` lacks of a release is read; `keep` has blobs that may not leave it for that.

    Raises ManifestError, StoreError, ReleaseFileError.
    """
    try:
        manifest = read_manifest(store, release_id)
    except NoReleaseError as error:  # a pointer to nothing is damage, not a store without a release
        raise ManifestError(str(error)) from error
    paths = cache.fetch(store, manifest.files.values(), keep)
    return Fetched(manifest, {name: paths[blob] for name, blob in manifest.files.items()})


def current_id(store: Store) -> str:
    """The id of the current release. Raises NoReleaseError where nothing was published yet."""
    pointer = read_pointer(store)
    if pointer is None and store.folder and not store.folder.is_dir():
        raise StoreError(f"{store.url}: there is no such folder.")
    if pointer is None:
        raise NoReleaseError(
            f"{store.url} has no release yet. Make one: marketplace-search run --catalogue PATH"
        )
    return pointer.release_id
