"""What a segment shows: its listings and photos, in one read-only SQLite file.

Every photo has a key computed from its `image_id` alone. The segment's rows have the same key
beside the vector's number, so the files are joined by that key and never by position.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from release.errors import ReleaseFileError, UnknownIdError

T = TypeVar("T")

TABLES_VERSION = 2
NO_PLACE = 2**32 - 1  # the number of a location that no listing has
CONTENT_BYTES = 16
_PHOTOS = (
    "SELECT image_id, product_id, sha256, size_bytes FROM photos JOIN listings ON listing = number"
)
_BATCH = 500  # bound variables in one statement


@dataclass(frozen=True)
class Listing:
    """One product row, as a search shows it.

    `price` is in `currency`, None where unknown; `listed_at` has a time zone, to the second.
    """

    product_id: str
    title: str
    description: str
    price: float | None
    currency: str | None
    price_status: str
    category_path: tuple[str, ...]
    location: str
    listed_at: datetime | None = None

    @property
    def listed_at_s(self) -> int | None:
        """Seconds since 1970 in UTC."""
        return None if self.listed_at is None else int(self.listed_at.timestamp())


@dataclass(frozen=True)
class Photo:
    """One photo of a listing; `sha256` and `size_bytes` name the blob of its prepared JPEG."""

    image_id: str
    product_id: str
    sha256: str
    size_bytes: int

    @property
    def key(self) -> int:
        return photo_key(self.image_id)


def photo_key(image_id: str) -> int:
    """63 bits of the id's BLAKE2b hash: the same number in the rows and in the table."""
    digest = hashlib.blake2b(image_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def content_of(listing: Listing, photos: Iterable[Photo]) -> bytes:
    """16 bytes that change when anything shown of a listing or any photo of it does."""
    shown = [  # astuple copies, which took half of the time of comparing a million listings
        listing.product_id,
        listing.title,
        listing.description,
        listing.price,
        listing.currency,
        listing.price_status,
        listing.category_path,
        listing.location,
        listing.listed_at_s,
    ]
    pictures = sorted((photo.image_id, photo.sha256) for photo in photos)
    text = json.dumps([shown, pictures], ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=CONTENT_BYTES).digest()


class Listings:
    """The file, opened read-only. One object may be used from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._db = self._sound(lambda: sqlite3.connect(uri, uri=True, check_same_thread=False))
        version = self._one("PRAGMA user_version")
        if version != TABLES_VERSION:
            raise ReleaseFileError(
                f"{path} has listings of version {version}, this software reads {TABLES_VERSION}. "
                "Update the software, or publish the run again."
            )

    @cached_property
    def photo_count(self) -> int:
        """Counted, which takes a while where there are many."""
        return self._one("SELECT count(*) FROM photos")

    @cached_property
    def listing_count(self) -> int:
        """Numbers are from 0 on, without gaps."""
        return self._one("SELECT coalesce(max(number), -1) + 1 FROM listings")

    def close(self) -> None:
        self._db.close()

    @cached_property
    def category_paths(self) -> list[tuple[str, ...]]:
        """By number, and so sorted."""
        return [tuple(json.loads(path)) for (path,) in self._all("SELECT path FROM categories")]

    def place_number(self, location: str) -> int:
        """The number of a location in any case, NO_PLACE where no listing has it."""
        rows = self._all("SELECT number FROM places WHERE folded = ?", (location.casefold(),))
        return int(rows[0][0]) if rows else NO_PLACE

    def numbers_of(self, product_ids: Iterable[str]) -> list[int]:
        """The numbers of those listings that are here, ascending."""
        wanted = sorted(product_ids)
        found: list[int] = []
        for start in range(0, len(wanted), _BATCH):
            some = tuple(wanted[start : start + _BATCH])
            marks = ",".join("?" * len(some))
            rows = self._all(f"SELECT number FROM listings WHERE product_id IN ({marks})", some)
            found += [number for (number,) in rows]
        return sorted(found)

    def listing(self, product_id: str) -> Listing:
        """Raises UnknownIdError."""
        rows = self._all("SELECT * FROM listings WHERE product_id = ?", (product_id,))
        if not rows:
            raise UnknownIdError(f"There is no listing {product_id!r} in this release.")
        _, same_id, title, text, price, currency, status, category, location, when, _ = rows[0]
        path = self.category_paths[category]
        moment = None if when is None else datetime.fromtimestamp(when, UTC)
        return Listing(same_id, title, text, price, currency, status, path, location, moment)

    def photo(self, image_id: str) -> Photo:
        """Raises UnknownIdError."""
        rows = self._photos("key = ?", (photo_key(image_id),))
        for photo in rows:
            if photo.image_id == image_id:
                return photo
        raise UnknownIdError(f"There is no photo {image_id!r} in this release.")

    def photos_of(self, product_id: str) -> list[Photo]:
        return list(self._photos("product_id = ? ORDER BY image_id", (product_id,)))

    def photos_by_key(self, keys: Sequence[int]) -> dict[int, Photo]:
        """The photos of an index's keys; raises ReleaseFileError where one is not here."""
        found: dict[int, Photo] = {}
        for start in range(0, len(keys), _BATCH):
            some = tuple(keys[start : start + _BATCH])
            marks = ",".join("?" * len(some))
            found.update((photo.key, photo) for photo in self._photos(f"key IN ({marks})", some))
        if missing := set(keys) - found.keys():
            raise ReleaseFileError(
                f"{self._path} lacks {len(missing)} photos that the index has. Publish again."
            )
        return found

    def contents(self) -> dict[str, bytes]:
        """By product id what `content_of` gave; also of listings that tombstones have removed."""
        return dict(self._all("SELECT product_id, content FROM listings"))

    def product_ids(self) -> list[str]:
        """By number."""
        return [row[0] for row in self._all("SELECT product_id FROM listings ORDER BY number")]

    def all_photos(self) -> Iterator[Photo]:
        """Every photo, in the order of keys. Nobody else may read meanwhile."""
        return _as_photos(self._rows(f"{_PHOTOS} ORDER BY key"))

    def _photos(self, where: str, values: tuple[str | int, ...]) -> Iterator[Photo]:
        return _as_photos(self._all(f"{_PHOTOS} WHERE {where}", values))

    def _one(self, statement: str) -> int:
        return int(self._all(statement)[0][0])

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        # From Python 3.12 on threads that share a connection get each other's rows.
        with self._reading:
            return list(self._rows(statement, values))

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        cursor = self._sound(lambda: self._db.execute(statement, values))
        while row := self._sound(cursor.fetchone):
            yield row

    def _sound(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except sqlite3.DatabaseError as error:
            raise ReleaseFileError(
                f"{self._path} is damaged or not a listings file: {error}. Publish the run again."
            ) from error


def _as_photos(rows: Iterable[tuple[Any, ...]]) -> Iterator[Photo]:
    for image_id, product_id, sha256, size_bytes in rows:
        yield Photo(image_id, product_id, sha256.hex(), size_bytes)
