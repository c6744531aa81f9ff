"""A folder that keeps the blobs of a release on this disk, and lets those of old releases go."""

import re
import shutil
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from release.blobs import PART, Blob, fetch_blob
from release.errors import ReleaseFileError
from release.side_by_side import side_by_side
from release.store import Store

BLOBS_AT_ONCE = 4  # each read in parallel ranges
LEFT_BEHIND_S = 3600.0  # a file half written and so old is of a process that has died
_BLOB = re.compile(r"[0-9a-f]{64}")

_Seen = tuple[int, int, int]


class BlobCache:
    """Fetches blobs side by side; several processes may share the folder.

    What was found to be right is not hashed again while inode, size and time of change are the
    same. The folder is made when there is something to put into it; a local store needs none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._right: dict[Path, _Seen] = {}

    def fetch(
        self, store: Store, blobs: Iterable[Blob], keep: Collection[Blob] = ()
    ) -> dict[Blob, Path]:
        """The blobs as local files with the right content.

        Where the disk lacks room, all blobs go but these and those in `keep`. Raises StoreError
        (DamagedBlobError), and ReleaseFileError where there is no room even then.
        """
        wanted = list(dict.fromkeys(blobs))
        if store.folder is None:
            self._make_room(wanted, keep)
        paths = side_by_side(partial(self._fetch, store), wanted, BLOBS_AT_ONCE)
        return dict(zip(wanted, paths, strict=True))

    def drop_all_but(self, keep: Collection[Blob]) -> None:
        """Deletes other blobs. Whoever has one open or mapped into memory can go on with it."""
        names = {blob.sha256 for blob in keep}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            is_old = _BLOB.fullmatch(path.name) is not None and path.name not in names
            if is_old or _is_left_behind(path):
                with suppress(OSError):  # another process has done the same
                    path.unlink()
        self._right = {path: seen for path, seen in self._right.items() if path.name in names}

    def _fetch(self, store: Store, blob: Blob) -> Path:
        path = store.local(blob.path) or self._folder / blob.sha256
        before = _seen(path)
        if before is None or self._right.get(path) != before:
            fetch_blob(store, blob, self._folder)
            after = _seen(path)
            if after is not None and before in {None, after}:
                self._right[path] = after
        return path

    def _make_room(self, wanted: Collection[Blob], keep: Collection[Blob]) -> None:
        missing = [blob for blob in wanted if not (self._folder / blob.sha256).exists()]
        needed_bytes = sum(blob.size_bytes for blob in missing)
        if needed_bytes <= self._free_bytes():
            return
        self.drop_all_but({*wanted, *keep})
        if needed_bytes > self._free_bytes():
            raise ReleaseFileError(
                f"{self._folder} has {self._free_bytes() / 1e6:.0f} MB left, and the release needs "
                f"{needed_bytes / 1e6:.0f} MB more. Give the disk more room (on AWS Lambda: "
                "EphemeralStorage), let CACHE_DIR name another, or publish a smaller index."
            )

    def _free_bytes(self) -> int:
        there = next(one for one in (self._folder, *self._folder.parents) if one.exists())
        return shutil.disk_usage(there).free


def _seen(path: Path) -> _Seen | None:
    """What changes when a file is written; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_left_behind(path: Path) -> bool:
    if not path.name.endswith(PART):
        return False
    seen = _seen(path)
    return seen is not None and time.time() - seen[2] / 1e9 > LEFT_BEHIND_S
