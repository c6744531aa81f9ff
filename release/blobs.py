"""Immutable content, named by its SHA-256: blobs/<sha256>, written once, checked whenever read."""

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from release.errors import ConflictError, DamagedBlobError, ReleaseFileError, StoreError
from release.store import Store

PART = ".part"  # the end of the name of a file that is being written

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Blob:
    """The name and size of a piece of content."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]

    @property
    def path(self) -> str:
        return f"blobs/{self.sha256}"


def blob_of(content: bytes | Path) -> Blob:
    """Names a piece of content without storing it."""
    if isinstance(content, bytes):
        return Blob(hashlib.sha256(content).hexdigest(), len(content))
    with content.open("rb") as file:
        return Blob(hashlib.file_digest(file, "sha256").hexdigest(), content.stat().st_size)


def write_blob(store: Store, content: bytes | Path, content_type: str | None = None) -> Blob:
    """Stores content under its name; content that is there already is not written again."""
    blob = blob_of(content)
    found = store.stat(blob.path)
    if found and found.size_bytes != blob.size_bytes:
        store.write(blob.path, content, content_type)
    elif not found:
        with suppress(ConflictError):  # another publisher has just written the same bytes
            store.write_once(blob.path, content, content_type)
    return blob


def read_blob(store: Store, blob: Blob) -> bytes:
    """A small blob's content; raises DamagedBlobError where it is not the right one."""
    content = store.read(blob.path)
    _check(store, blob, blob_of(content))
    return content


def fetch_blob(store: Store, blob: Blob, cache: Path) -> Path:
    """A blob as a local file with the right content; raises DamagedBlobError.

    A local store's own file is used where it lies. From S3 the blob is read into `cache` once.
    """
    path = store.local(blob.path)
    if path is None:
        path = cache / blob.sha256
        if not _has(path, blob):
            _download(store, blob, path)
    elif path.exists():
        _check(store, blob, blob_of(path))
    else:
        raise _missing(store, blob)
    return path


def _has(path: Path, blob: Blob) -> bool:
    try:
        return path.stat().st_size == blob.size_bytes and blob_of(path) == blob
    except OSError:  # not there, or just deleted by another process
        return False


def _download(store: Store, blob: Blob, path: Path) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}{PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check(store, blob, _read_into(partial, store, blob))
        partial.replace(path)
    except StoreError:
        _check_size(store, blob)
        raise
    except OSError as error:
        raise ReleaseFileError(
            f"{path.parent} cannot be written: {error.strerror}. It must be a folder with room for "
            f"{blob.size_bytes / 1e6:.1f} MB more; CACHE_DIR names another."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _read_into(path: Path, store: Store, blob: Blob) -> Blob:
    """Writes what the store has under the blob's name, and says what that is."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in store.read_chunks(blob.path, blob.size_bytes):
            digest.update(chunk)
            size_bytes += file.write(chunk)
    return Blob(digest.hexdigest(), size_bytes)


_REMEDY = "publish the run again, or roll back to another release."


def _missing(store: Store, blob: Blob) -> DamagedBlobError:
    return DamagedBlobError(f"{store.where(blob.path)} is missing. To mend it, {_REMEDY}")


def _damaged(store: Store, blob: Blob, found: str) -> DamagedBlobError:
    return DamagedBlobError(
        f"{store.where(blob.path)} is damaged: it has {found}, expected {blob.size_bytes} bytes. "
        f"Delete it and {_REMEDY}"
    )


def _check(store: Store, wanted: Blob, found: Blob) -> None:
    if found != wanted:
        raise _damaged(store, wanted, f"{found.size_bytes} bytes with SHA-256 {found.sha256}")


def _check_size(store: Store, blob: Blob) -> None:
    """A blob that is gone or too short fails like a store that cannot be read."""
    found = store.stat(blob.path)
    if found is None:
        raise _missing(store, blob)
    if found.size_bytes != blob.size_bytes:
        raise _damaged(store, blob, f"{found.size_bytes} bytes")
