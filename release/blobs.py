"""Immutable content, named by its SHA-256: blobs/<sha256>, written once, checked whenever read."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from release.errors import ConflictError, DamagedBlobError, StoreError
from release.store import Store

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
        if not (path.exists() and blob_of(path) == blob):
            _download(store, blob, path)
    elif path.exists():
        _check(store, blob, blob_of(path))
    else:
        raise _missing(store, blob)
    return path


def _download(store: Store, blob: Blob, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with partial.open("wb") as file:
            for chunk in store.read_chunks(blob.path, blob.size_bytes):
                digest.update(chunk)
                size_bytes += file.write(chunk)
        _check(store, blob, Blob(digest.hexdigest(), size_bytes))
        partial.replace(path)
    except StoreError:
        _check_size(store, blob)
        raise
    finally:
        partial.unlink(missing_ok=True)


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
