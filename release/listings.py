"""What a segment shows: its listings and photos, in one read-only SQLite file.

Every photo has a key computed from its `image_id` alone. The index stores the same key beside the
vector, so the two files are joined by that key and never by position.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from release.errors import ReleaseFileError, UnknownIdError

_SCHEMA = """
CREATE TABLE listings (
    product_id TEXT PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, price REAL,
    currency TEXT, price_status TEXT NOT NULL, category TEXT NOT NULL, location TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE photos (
    key INTEGER PRIMARY KEY, image_id TEXT NOT NULL UNIQUE, product_id TEXT NOT NULL
        REFERENCES listings, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL
);
CREATE INDEX photos_of_listing ON photos (product_id);
"""
_BATCH = 500  # bound variables in one statement


@dataclass(frozen=True)
class Listing:
    """One product row, as a search shows it. `price` is in `currency`, None where unknown."""

    product_id: str
    title: str
    description: str
    price: float | None
    currency: str | None
    price_status: str
    category_path: tuple[str, ...]
    location: str


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
class Filters:
    """What a listing must be to be found; None admits everything. Prices are inclusive."""

    category: tuple[str, ...] | None = None
    price_min: float | None = None
    price_max: float | None = None
    location: str | None = None

    def __bool__(self) -> bool:
        return self != Filters()


def photo_key(image_id: str) -> int:
    """63 bits of the id's BLAKE2b hash: the same number in the index and in the table."""
    digest = hashlib.blake2b(image_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def write_listings(path: Path, listings: Iterable[Listing], photos: Iterable[Photo]) -> None:
    """Raises ReleaseFileError where a photo's listing is missing or a key repeats."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("PRAGMA journal_mode=OFF; PRAGMA foreign_keys=ON;" + _SCHEMA)
        try:
            db.executemany("INSERT INTO listings VALUES (?,?,?,?,?,?,?,?)", map(_row, listings))
            db.executemany(
                "INSERT INTO photos VALUES (?,?,?,?,?)",
                ((p.key, p.image_id, p.product_id, p.sha256, p.size_bytes) for p in photos),
            )
        except sqlite3.IntegrityError as error:
            raise ReleaseFileError(f"{path.name} cannot be written: {error}.") from error


def _row(listing: Listing) -> tuple[str | float | None, ...]:
    return (
        listing.product_id,
        listing.title,
        listing.description,
        listing.price,
        listing.currency,
        listing.price_status,
        json.dumps(listing.category_path, ensure_ascii=False),
        listing.location,
    )


class Listings:
    """The file, opened read-only. One object may be used from several threads."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._db.create_function("casefold", 1, str.casefold, deterministic=True)
            self.photo_count = int(self._one("SELECT count(*) FROM photos"))
            self.listing_count = int(self._one("SELECT count(*) FROM listings"))
        except sqlite3.DatabaseError as error:
            raise ReleaseFileError(f"{path} is not a listings file: {error}.") from error

    @property
    def key_range(self) -> tuple[int, int]:
        """The smallest and the largest key of a photo."""
        ends: tuple[int, int] = self._db.execute("SELECT min(key), max(key) FROM photos").fetchone()
        return ends

    def close(self) -> None:
        self._db.close()

    def listing(self, product_id: str) -> Listing:
        """Raises UnknownIdError."""
        row = self._db.execute(
            "SELECT * FROM listings WHERE product_id = ?", (product_id,)
        ).fetchone()
        if row is None:
            raise UnknownIdError(f"There is no listing {product_id!r} in this release.")
        product_id, title, description, price, currency, status, category, location = row
        path = tuple(json.loads(category))
        return Listing(product_id, title, description, price, currency, status, path, location)

    def photo(self, image_id: str) -> Photo:
        """Raises UnknownIdError."""
        rows = self._photos("image_id = ?", (image_id,))
        for photo in rows:
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
            raise ReleaseFileError(f"The index has {len(missing)} photos that no listing has.")
        return found

    def matching_keys(self, filters: Filters) -> list[int]:
        """The keys of the photos of all listings that match."""
        clauses, values = _where(filters)
        rows = self._db.execute(
            f"SELECT key FROM photos JOIN listings USING (product_id) WHERE {clauses}", values
        )
        return [key for (key,) in rows]

    def product_ids(self) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT product_id FROM listings")]

    def _photos(self, where: str, values: tuple[str | int, ...]) -> Iterator[Photo]:
        columns = "image_id, product_id, sha256, size_bytes"
        for row in self._db.execute(f"SELECT {columns} FROM photos WHERE {where}", values):
            yield Photo(*row)

    def _one(self, statement: str) -> int | float:
        value: int | float = self._db.execute(statement).fetchone()[0]
        return value


def _where(filters: Filters) -> tuple[str, tuple[str | float, ...]]:
    clauses, values = ["1"], list[str | float]()
    for place, name in enumerate(filters.category or ()):
        clauses.append(f"json_extract(category, '$[{place}]') = ?")
        values.append(name)
    if filters.price_min is not None:
        clauses.append("price >= ?")
        values.append(filters.price_min)
    if filters.price_max is not None:
        clauses.append("price <= ?")
        values.append(filters.price_max)
    if filters.location is not None:
        clauses.append("casefold(location) = casefold(?)")
        values.append(filters.location)
    return " AND ".join(clauses), tuple(values)
