"""Which blobs are kept: the files and samples of kept releases, and the photos that they show."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from release.blobs import Blob, fetch_blob
from release.listings import Listings
from release.manifest import Manifest
from release.store import Store

BLOB = re.compile(r"blobs/([0-9a-f]{64})")
BEAT_EVERY = 10_000  # photos


class NamedBlobs:
    """The blobs that releases name, in 32 bytes each beside what a set needs.

    Several plans share one: what a release named once stays, so the later plan has less to read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: set[bytes] = set()
        self._read: set[str] = set()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._names)

    def __contains__(self, name: bytes) -> bool:
        return name in self._names

    def add(self, manifest: Manifest, beat: Callable[[], None]) -> None:
        """Raises DamagedBlobError or ReleaseFileError where a listing file cannot be read."""
        self._names.update(bytes.fromhex(blob.sha256) for blob in manifest.blobs)
        for segment in manifest.segments:
            blob = manifest.files[segment.listings_file]
            if blob.sha256 not in self._read:
                self._add_photos(blob, beat)
                self._read.add(blob.sha256)

    def _add_photos(self, listings_file: Blob, beat: Callable[[], None]) -> None:
        beat()
        with tempfile.TemporaryDirectory() as cache:
            path = fetch_blob(self._store, listings_file, Path(cache))
            with closing(Listings(path)) as listings:
                for number, photo in enumerate(listings.all_photos()):
                    self._names.add(bytes.fromhex(photo.sha256))
                    if number % BEAT_EVERY == 0:
                        beat()


def name_of(path: str) -> bytes | None:
    """The 32 bytes that a blob's path is named by; None where it is no blob's."""
    found = BLOB.fullmatch(path)
    return bytes.fromhex(found[1]) if found else None


def path_of(name: bytes) -> str:
    return f"blobs/{name.hex()}"
