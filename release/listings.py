"""What a segment shows: its listings and photos, in one read-only SQLite file.

Every photo has a key computed from its `image_id` alone. The segment's rows have the same key
beside the vector's number, so the files are joined by that key and never by position.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from release.errors import ReleaseFileError, UnknownIdError
from release.table_file import TableFile
from release.words import beginning_with, words_of

TABLES_VERSION = 3
NO_PLACE = 2**32 - 1  # the number of a location that no listing has
CONTENT_BYTES = 16
_PHOTOS = (
    "SELECT image_id, product_id, sha256, size_bytes FROM photos JOIN listings ON listing = number"
)
# The photos of some listings, of each the first ones.
_FIRST = (
    "SELECT listing, image_id, sha256, size_bytes FROM (SELECT *, row_number() OVER "
    "(PARTITION BY listing ORDER BY image_id) AS place FROM photos WHERE listing IN ({})) "
    "WHERE place <= ? ORDER BY listing, place"
)


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


@dataclass(frozen=True)
class Shown:
    """A listing with photos of it, in the order of their ids."""

    listing: Listing
    photos: tuple[Photo, ...]


@dataclass(frozen=True)
class Place:
    """A location as most of its listings spell it; `folded` is what is compared."""

    number: int
    folded: str
    name: str


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
        self._file = TableFile(path, TABLES_VERSION)

    @cached_property
    def photo_count(self) -> int:
        """Counted, which takes a while where there are many."""
        return self._file.one("SELECT count(*) FROM photos")

    @cached_property
    def listing_count(self) -> int:
        """Numbers are from 0 on, without gaps."""
        return self._file.one("SELECT coalesce(max(number), -1) + 1 FROM listings")

    def close(self) -> None:
        self._file.close()

    @cached_property
    def category_paths(self) -> list[tuple[str, ...]]:
        """By number, and so sorted."""
        return [
            tuple(json.loads(path)) for (path,) in self._file.all("SELECT path FROM categories")
        ]

    def place_number(self, location: str) -> int:
        """The number of a location in any case, NO_PLACE where no listing has it."""
        rows = self._file.all("SELECT number FROM places WHERE folded = ?", (location.casefold(),))
        return int(rows[0][0]) if rows else NO_PLACE

    def numbers_of(self, product_ids: Iterable[str]) -> list[int]:
        """The numbers of those listings that are here, ascending."""
        wanted = sorted(product_ids)
        rows = self._file.of("SELECT number FROM listings WHERE product_id IN ({})", wanted)
        return sorted(number for (number,) in rows)

    def ids_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """The ids of listings by their numbers."""
        rows = self._file.of(
            "SELECT number, product_id FROM listings WHERE number IN ({})", numbers
        )
        return dict(rows)

    def numbers_with_words(self, text: str) -> list[int] | None:
        """The numbers of listings of whose titles each word of `text` begins a word, ascending.

        None where it has no word.
        """
        words = words_of(text)
        if not words:
            return None
        found = self._file.all("SELECT rowid FROM words(?)", (beginning_with(words),))
        return [number for (number,) in found]

    def places(self) -> list[Place]:
        """In the order of numbers."""
        rows = self._file.all("SELECT number, folded, name FROM places ORDER BY number")
        return [Place(*row) for row in rows]

    def currencies(self, without: Sequence[int] = ()) -> dict[str | None, int]:
        """How many listings have a price in each currency, those of some numbers left out."""
        rows = self._file.all("SELECT currency, listings FROM currencies")
        found: dict[str | None, int] = dict(rows)
        statement = "SELECT currency FROM listings WHERE price IS NOT NULL AND number IN ({})"
        for (currency,) in self._file.of(statement, without):
            found[currency] -= 1
        return {currency: count for currency, count in found.items() if count}

    def listing(self, product_id: str) -> Listing:
        """Raises UnknownIdError."""
        rows = self._file.all("SELECT * FROM listings WHERE product_id = ?", (product_id,))
        if not rows:
            raise UnknownIdError(f"There is no listing {product_id!r} in this release.")
        return self._listing(rows[0])

    def shown(self, product_ids: Iterable[str], most: int) -> dict[int, Shown]:
        """By number those that are here, with at most so many photos each."""
        wanted = sorted(product_ids)
        rows = list(self._file.of("SELECT * FROM listings WHERE product_id IN ({})", wanted))
        listings = {row[0]: self._listing(row) for row in rows}
        photos: dict[int, list[Photo]] = {number: [] for number in listings}
        for number, image_id, sha256, size_bytes in self._file.of(_FIRST, sorted(listings), most):
            owner = listings[number].product_id
            photos[number].append(Photo(image_id, owner, sha256.hex(), size_bytes))
        return {number: Shown(one, tuple(photos[number])) for number, one in listings.items()}

    def _listing(self, row: tuple[Any, ...]) -> Listing:
        _, product_id, title, text, price, currency, status, category, location, when, _ = row
        path = self.category_paths[category]
        moment = None if when is None else datetime.fromtimestamp(when, UTC)
        return Listing(product_id, title, text, price, currency, status, path, location, moment)

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
        for photo in _as_photos(self._file.of(f"{_PHOTOS} WHERE key IN ({{}})", keys)):
            found[photo.key] = photo
        if missing := set(keys) - found.keys():
            raise ReleaseFileError(
                f"{self._path} lacks {len(missing)} photos that the index has. Publish again."
            )
        return found

    def contents(self) -> dict[str, bytes]:
        """By product id what `content_of` gave; also of listings that tombstones have removed."""
        return dict(self._file.all("SELECT product_id, content FROM listings"))

    def product_ids(self) -> list[str]:
        """By number."""
        return [row[0] for row in self._file.all("SELECT product_id FROM listings ORDER BY number")]

    def all_photos(self) -> Iterator[Photo]:
        """Every photo, in the order of keys. Nobody else may read meanwhile."""
        return _as_photos(self._file.rows(f"{_PHOTOS} ORDER BY key"))

    def _photos(self, where: str, values: tuple[str | int, ...]) -> Iterator[Photo]:
        return _as_photos(self._file.all(f"{_PHOTOS} WHERE {where}", values))


def _as_photos(rows: Iterable[tuple[Any, ...]]) -> Iterator[Photo]:
    for image_id, product_id, sha256, size_bytes in rows:
        yield Photo(image_id, product_id, sha256.hex(), size_bytes)
