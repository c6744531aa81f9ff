"""The object store: one URL, a local directory or s3://bucket/prefix, through obstore."""

import fcntl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, S3Store

from release.errors import ConflictError, MissingObjectError, StoreError
from release.side_by_side import side_by_side

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig

CHUNK_BYTES = 4 * 2**20  # one ranged read of a large object
PARALLEL_READS = 8
# An endpoint that is down is known after seconds, not after obstore's three minutes.
RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
CLIENT: "ClientConfig" = {"connect_timeout": "5s", "timeout": "60s", "allow_http": True}
# For whom somebody waits: a store that takes a request and never answers is known after 16 s.
HURRY: "ClientConfig" = {"timeout": "8s"}
HURRIED_RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=8)}


@dataclass(frozen=True)
class Entry:
    """One object of a listing. `version` changes whenever the content does.

    `modified` is by the clock of the store; where nobody said it, such that it is never old.
    """

    path: str
    size_bytes: int
    version: str
    modified: datetime = field(default=datetime.max.replace(tzinfo=UTC), compare=False)


class Store:
    """Objects below one URL. Every write is seen whole or not at all.

    AWS credentials, region and endpoint come from the standard variables (AWS_REGION,
    AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...) or from the role of the machine; `s3_options` are
    more of obstore's S3Store, such as a region and a credential_provider.
    """

    def __init__(
        self,
        url: str,
        *,
        create: bool = False,
        in_a_hurry: bool = False,
        s3_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.url = url
        self.folder = _folder(url)
        with _store_errors(url):
            if self.folder is None:
                self._store: LocalStore | S3Store = S3Store.from_url(
                    url,
                    client_options=CLIENT | HURRY if in_a_hurry else CLIENT,
                    retry_config=HURRIED_RETRIES if in_a_hurry else RETRIES,
                    **(s3_options or {}),
                )
            else:
                _check_folder(self.folder, create)
                self._store = LocalStore(self.folder.resolve(), mkdir=create)

    def read(self, path: str) -> bytes:
        return self.read_versioned(path)[0]

    def read_versioned(self, path: str) -> tuple[bytes, str]:
        """The content and the version that `replace` asks for."""
        with _store_errors(self.where(path)):
            found = obstore.get(self._store, path)
            return bytes(found.bytes()), str(found.meta["e_tag"])

    def read_chunks(self, path: str, size_bytes: int) -> Iterator[bytes]:
        """A large object in order, read in parallel ranges."""
        # Not obstore.get_ranges: it joins neighbours to one request, and panics beyond the end.
        read = partial(self._read_chunk, path, size_bytes)
        yield from side_by_side(read, range(0, size_bytes, CHUNK_BYTES), PARALLEL_READS)

    def _read_chunk(self, path: str, size_bytes: int, start: int) -> bytes:
        return self.read_range(path, start, min(start + CHUNK_BYTES, size_bytes))

    def read_range(self, path: str, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`, which must be there."""
        with _store_errors(self.where(path)):
            return bytes(obstore.get_range(self._store, path, start=start, end=end))

    def stat(self, path: str) -> Entry | None:
        """The object's size and version, or None where there is no such object."""
        try:
            with _store_errors(self.where(path)):
                meta = obstore.head(self._store, path)
        except MissingObjectError:
            return None
        return _entry(meta)

    def list(self, prefix: str) -> Iterator[Entry]:
        """All objects below a folder, in no certain order."""
        with _store_errors(self.where(prefix)):
            for page in obstore.list(self._store, prefix, chunk_size=1000):
                yield from map(_entry, page)

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The names of the folders in a folder, sorted; none where it is not there."""
        with _store_errors(self.where(prefix)):
            found = obstore.list_with_delimiter(self._store, prefix)["common_prefixes"]
        return tuple(sorted(path.rpartition("/")[2] for path in found))

    def write(self, path: str, data: bytes | Path, content_type: str | None = None) -> str:
        """Writes an object, over the old one if there is one, and gives its version."""
        with _store_errors(self.where(path)):
            put = obstore.put(self._store, path, data, attributes=self._attributes(content_type))
        return str(put["e_tag"])

    def write_once(self, path: str, data: bytes | Path, content_type: str | None = None) -> str:
        """Writes an object that must not be there yet; raises ConflictError where it is."""
        with _store_errors(self.where(path)):
            put = obstore.put(
                self._store, path, data, mode="create", attributes=self._attributes(content_type)
            )
        return str(put["e_tag"])

    def replace(self, path: str, data: bytes, version: str | None) -> str:
        """Writes over just the version that was read (None: no object yet), else ConflictError."""
        if version is None:
            return self.write_once(path, data)
        if self.folder:
            return self._replace_local(self.folder, path, data, version)
        try:
            with _store_errors(self.where(path)):
                put = obstore.put(self._store, path, data, mode={"e_tag": version})
        except MissingObjectError as error:
            raise ConflictError(_conflict(self.where(path))) from error
        return str(put["e_tag"])

    def delete(self, paths: Iterable[str]) -> None:
        """Deletes objects; one that is not there is passed over."""
        if not self.folder:
            with _store_errors(self.url):
                obstore.delete(self._store, list(paths))
            return
        for path in paths:
            with suppress(MissingObjectError), _store_errors(self.where(path)):
                obstore.delete(self._store, path)

    def where(self, path: str) -> str:
        """The full name of an object, for messages."""
        return f"{self.url.rstrip('/')}/{path}"

    def local(self, path: str) -> Path | None:
        """The object as a file, where the store is a local directory."""
        return self.folder / path if self.folder else None

    def presign(
        self, path: str, expires: timedelta, method: Literal["GET", "PUT"] = "GET"
    ) -> str | None:
        """A URL that reads or writes the object without credentials until then.

        None on a local store.
        """
        if isinstance(self._store, LocalStore):
            return None
        with _store_errors(self.where(path)):
            return obstore.sign(self._store, method, path, expires)

    def _attributes(self, content_type: str | None) -> "Attributes | None":
        # A file has no content type.
        return {"Content-Type": content_type} if content_type and not self.folder else None

    def _replace_local(self, folder: Path, path: str, data: bytes, version: str) -> str:
        # A directory has no compare-and-swap. The kernel frees this lock when its holder dies.
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self.stat(path)
            if found is None or found.version != version:
                raise ConflictError(_conflict(self.where(path)))
            return self.write(path, data)


def _entry(meta: "ObjectMeta") -> Entry:
    return Entry(meta["path"], meta["size"], str(meta["e_tag"]), meta["last_modified"])


def _folder(url: str) -> Path | None:
    if not url:
        raise StoreError("The store's URL is empty. Give a folder or s3://bucket/prefix.")
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return None
    if parts.scheme == "file" and not parts.netloc:
        return Path(unquote(parts.path))
    if "://" in url:
        raise StoreError(
            f"{url}: unknown kind of store. Choices are: a folder, s3://bucket/prefix."
        )
    return Path(url)


def _check_folder(folder: Path, create: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file. Give a folder or s3://bucket/prefix.")
    if not create and not folder.exists():
        raise StoreError(
            f"{folder}: there is no such folder. Give the right one with --store or STORE_URL."
        )


def _conflict(where: str) -> str:
    return f"{where} was written by somebody else meanwhile. Look at it, then try again."


@contextmanager
def _store_errors(where: str) -> Iterator[None]:
    try:
        yield
    except (AlreadyExistsError, PreconditionError) as error:
        raise ConflictError(_conflict(where)) from error
    except (BaseError, OSError, ValueError) as error:
        raise _store_error(where, error) from error


def _store_error(where: str, error: Exception) -> StoreError:
    text = str(error)
    if "NoSuchBucket" in text:  # S3 answers 404 to this and to a missing object alike
        return StoreError(f"{where}: there is no such bucket. Make it, or give another URL.")
    if isinstance(error, FileNotFoundError):
        return MissingObjectError(f"{where}: there is no such object.")
    reason = text.splitlines()[0] if text else type(error).__name__
    return StoreError(f"{where}: {reason}")
