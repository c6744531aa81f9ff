"""Parquet files of the store, opened so that only what is asked for is read: 1 M photos are 10 GB.

On a local store a file is read where it lies, on S3 by ranges. Pages have checksums, which are
verified as they are read: a part of a file that is damaged is known without reading the whole.
"""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from batch_jobs.stage import StageFolder
from release.errors import JobError, MissingObjectError
from release.store import Entry, Store

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Item = TypeVar("Item")
T = TypeVar("T")

AHEAD = 4  # files read at once from S3, where waiting takes longer than reading
FOOTER_BYTES = 64 * 2**10  # what Arrow reads of a file's end first


@contextmanager
def opened(folder: StageFolder, name: str, *, whole: bool = False) -> Iterator[pq.ParquetFile]:
    """An output of a stage; `whole` says that all of it will be read.

    Raises MissingObjectError where it is not there, and JobError, in the block too, where it is
    damaged.
    """
    where = folder.store.where(folder.path(name))
    try:
        with _source(folder, name, whole) as source:
            remote = isinstance(source, io.BufferedReader)
            with pq.ParquetFile(source, pre_buffer=remote, page_checksum_verification=True) as file:
                yield file
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise JobError(
            f"{where} cannot be read as Parquet: {reason} Delete it and run its stage again."
        ) from error


def in_order(store: Store, read: Callable[[Item], T], items: Iterable[Item]) -> Iterator[T]:
    """What is read of each item, in their order; from S3 a few are read ahead."""
    if store.folder:
        yield from map(read, items)
        return
    waiting: deque[Future[T]] = deque()
    pool = ThreadPoolExecutor(AHEAD)
    try:
        for item in items:
            waiting.append(pool.submit(read, item))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _source(folder: StageFolder, name: str, whole: bool) -> Iterator[str | io.BufferedIOBase]:
    store, path = folder.store, folder.path(name)
    if whole and not store.folder:
        yield io.BytesIO(store.read(path))
        return
    entry = store.stat(path)
    if entry is None:
        raise MissingObjectError(f"{store.where(path)}: there is no such object.")
    if local := store.local(path):
        yield os.fspath(local)
        return
    with io.BufferedReader(_Ranges(store, entry), FOOTER_BYTES) as file:
        yield file


class _Ranges(io.RawIOBase):
    """An object as a file of which each read is one request."""

    def __init__(self, store: Store, entry: Entry) -> None:
        self._store = store
        self._entry = entry
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._entry.size_bytes}
        self._position = origin[whence] + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._entry.size_bytes)
        if end <= self._position:
            return 0
        data = self._store.read_range(self._entry.path, self._position, end)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
