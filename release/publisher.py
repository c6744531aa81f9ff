"""Publishes a release: blobs first, the manifest next, the pointer last, each write conditional.

Whoever reads the pointer can read all of that release; a publish that dies moves no pointer. A
mark (release.marks) holds off prunes meanwhile, since blobs that are there are not written again.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from release.blobs import write_blob
from release.errors import ConflictError, ManifestError, NoReleaseError
from release.fetching import POINTER, Pointer, read_manifest, read_pointer
from release.manifest import Manifest
from release.marks import RENEW_PUBLISH_S, Mark, publishing
from release.store import Store

PHOTO_WRITERS = 16  # object stores answer slowly and in parallel


def publish(
    store: Store,
    manifest: Manifest,
    files: dict[str, Path],
    photo_batches: Iterable[Sequence[bytes]],
    seen: Pointer | None,
) -> None:
    """Writes a release and makes it current.

    `files` has the content of the manifest's names; those whose blob the store has, from an older
    release, may be left out. `photo_batches` has the prepared JPEGs, a few at a time, `seen` the
    pointer as it was when the release was begun. Raises ConflictError where another publish moved
    it since; the release is then complete all the same.
    """
    with publishing(store, manifest.release_id) as mark:
        if files.keys() != manifest.files.keys() and seen:
            _require_older(store, seen)
        _require_all(store, manifest, files)
        _write_photos(store, photo_batches, mark)
        _require_samples(store, manifest)
        for name, path in files.items():
            blob = write_blob(store, path)
            if blob != manifest.files[name]:
                raise ManifestError(f"{path} is not the {name} of release {manifest.release_id}.")
        mark.renew()
        _write_manifest(store, manifest)
        _point_at(store, manifest.release_id, seen)


def _write_photos(store: Store, batches: Iterable[Sequence[bytes]], mark: Mark) -> None:
    with ThreadPoolExecutor(PHOTO_WRITERS) as pool:
        for photos in batches:
            list(pool.map(lambda photo: write_blob(store, photo, "image/jpeg"), photos))
            mark.renew_after(RENEW_PUBLISH_S)


def _require_older(store: Store, seen: Pointer) -> None:
    """Raises ConflictError where the release that lends its blobs was pruned meanwhile.

    While its manifest is there all its blobs are, photos among them, which nobody looks up.
    """
    try:
        read_manifest(store, seen.release_id)
    except NoReleaseError as error:
        raise ConflictError(
            f"Release {seen.release_id}, on which this one builds, was pruned meanwhile. "
            "Run the command again: it builds on the one that is current now."
        ) from error


def _require_all(store: Store, manifest: Manifest, files: dict[str, Path]) -> None:
    """Raises ManifestError where a file of the release is neither given nor in the store."""
    left_out = {name: blob for name, blob in manifest.files.items() if name not in files}
    found = {name: store.stat(blob.path) for name, blob in left_out.items()}
    there = {
        name
        for name, entry in found.items()
        if entry and entry.size_bytes == left_out[name].size_bytes
    }
    if files.keys() | there != manifest.files.keys():
        raise ManifestError(
            f"Release {manifest.release_id} has the files {', '.join(sorted(manifest.files))}; "
            f"given were {', '.join(sorted(files)) or 'none'}, in the store are "
            f"{', '.join(sorted(there)) or 'none of the others'}."
        )


def _require_samples(store: Store, manifest: Manifest) -> None:
    """Raises ManifestError where a sample is none of the photos, and not in the store either."""
    for blob in manifest.samples:
        if store.stat(blob.path) is None:
            raise ManifestError(
                f"Release {manifest.release_id} has the sample {blob.sha256}, which is no photo."
            )


def _write_manifest(store: Store, manifest: Manifest) -> None:
    try:
        store.write_once(manifest.path, manifest.to_json())
    except ConflictError:
        # The same release was written before, by a publish that died or by one beside this.
        there = read_manifest(store, manifest.release_id)
        if _content(there) != _content(manifest):
            raise


def _content(manifest: Manifest) -> tuple[object, ...]:
    return manifest.files, manifest.calibration, manifest.samples


def make_current(store: Store, release_id: str, seen: Pointer | None) -> None:
    """Points at a release that is complete. Raises ConflictError where `seen` is no longer so."""
    with publishing(store, release_id):
        _point_at(store, release_id, seen)


def _point_at(store: Store, release_id: str, seen: Pointer | None) -> None:
    read_manifest(store, release_id)
    data = json.dumps({"release": release_id}).encode()
    try:
        store.replace(POINTER, data, seen.version if seen else None)
    except ConflictError as error:
        now = read_pointer(store)
        if now and now.release_id == release_id:
            return  # by a publish of the same release beside this one, or by this one's own retry
        raise ConflictError(
            f"Another publish made {now.release_id if now else 'no release'} current meanwhile; "
            f"{release_id} is complete. To use it: marketplace-search rollback {release_id}"
        ) from error


def rollback_target(store: Store, manifests: Iterable[Manifest]) -> str:
    """The newest release that is older than the current one. Raises ConflictError without one."""
    pointer = read_pointer(store)
    older: list[str] = []
    for manifest in manifests:
        if pointer and manifest.release_id == pointer.release_id:
            break
        older.append(manifest.release_id)
    if not older or pointer is None:
        raise ConflictError(f"{store.url} has no release older than the current one.")
    return older[-1]
