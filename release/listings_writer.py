"""Writes the listing file of a segment; `release.listings` reads it."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.errors import ReleaseFileError
from release.listings import TABLES_VERSION, Listing, Photo, content_of
from release.words import words_of

_SCHEMA = f"""
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;
PRAGMA user_version={TABLES_VERSION};
CREATE TABLE categories (number INTEGER PRIMARY KEY, path TEXT NOT NULL);
CREATE TABLE places (
    folded TEXT PRIMARY KEY, number INTEGER NOT NULL, name TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE currencies (currency TEXT, listings INTEGER NOT NULL);
CREATE TABLE listings (
    number INTEGER PRIMARY KEY, product_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    description TEXT NOT NULL, price REAL, currency TEXT, price_status TEXT NOT NULL,
    category INTEGER NOT NULL, location TEXT NOT NULL, listed_at INTEGER, content BLOB NOT NULL
);
CREATE TABLE photos (
    key INTEGER PRIMARY KEY, image_id TEXT NOT NULL, listing INTEGER NOT NULL,
    sha256 BLOB NOT NULL, size_bytes INTEGER NOT NULL
);
CREATE INDEX photos_of_listing ON photos (listing);
CREATE VIRTUAL TABLE words USING fts5(
    title, content='', detail=none, columnsize=0, tokenize='ascii'
);
"""


@dataclass(frozen=True)
class Numbers:
    """How a listing file counts: by place in its sequence, categories by their order, places."""

    listing: dict[str, int]
    category: dict[tuple[str, ...], int]
    place: dict[str, int]


def number_listings(listings: Sequence[Listing]) -> Numbers:
    """Numbers from 0, the same for the same listings in the same order."""
    categories = sorted({listing.category_path for listing in listings})
    places = sorted({listing.location.casefold() for listing in listings})
    return Numbers(
        {listing.product_id: number for number, listing in enumerate(listings)},
        {path: number for number, path in enumerate(categories)},
        {folded: number for number, folded in enumerate(places)},
    )


def write_listings(
    path: Path, listings: Sequence[Listing], photos: Sequence[Photo], numbers: Numbers
) -> None:
    """Raises ReleaseFileError where a photo's listing is missing or an id or key repeats."""
    path.unlink(missing_ok=True)
    by_listing = defaultdict[str, list[Photo]](list)
    for photo in photos:
        by_listing[photo.product_id].append(photo)
    if strays := by_listing.keys() - numbers.listing.keys():
        raise ReleaseFileError(f"Photos of {min(strays)!r} have no listing: there is none.")
    categories = ((n, json.dumps(path, ensure_ascii=False)) for path, n in numbers.category.items())
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(_SCHEMA)
        try:
            db.executemany("INSERT INTO categories VALUES (?,?)", categories)
            db.executemany("INSERT INTO places VALUES (?,?,?)", _places(listings, numbers))
            db.executemany("INSERT INTO currencies VALUES (?,?)", _currencies(listings))
            rows = (
                (number, *_listing_row(one, by_listing[one.product_id], numbers))
                for number, one in enumerate(listings)
            )
            db.executemany(f"INSERT INTO listings VALUES ({','.join('?' * 11)})", rows)
            db.executemany(
                "INSERT INTO photos VALUES (?,?,?,?,?)",
                (_photo_row(photo, numbers) for photo in photos),
            )
            _write_words(db, listings)
        except sqlite3.IntegrityError as error:
            raise ReleaseFileError(f"{path.name} cannot be written: {error}.") from error


def _write_words(db: sqlite3.Connection, listings: Sequence[Listing]) -> None:
    words = ((number, " ".join(words_of(one.title))) for number, one in enumerate(listings))
    db.executemany("INSERT INTO words (rowid, title) VALUES (?,?)", words)
    db.execute("INSERT INTO words (words) VALUES ('optimize')")


def _places(listings: Sequence[Listing], numbers: Numbers) -> Iterator[tuple[str, int, str]]:
    """Each with the spelling that most listings have; the smaller of two that as many have."""
    names: dict[str, str] = {}
    spellings = Counter(listing.location for listing in listings)
    for name, _ in sorted(spellings.items(), key=lambda one: (-one[1], one[0])):
        names.setdefault(name.casefold(), name)
    return ((folded, number, names[folded]) for folded, number in numbers.place.items())


def _currencies(listings: Sequence[Listing]) -> list[tuple[str | None, int]]:
    priced = Counter(listing.currency for listing in listings if listing.price is not None)
    return sorted(priced.items(), key=lambda one: one[0] or "")


def _listing_row(listing: Listing, photos: list[Photo], numbers: Numbers) -> tuple[Any, ...]:
    return (
        listing.product_id,
        listing.title,
        listing.description,
        listing.price,
        listing.currency,
        listing.price_status,
        numbers.category[listing.category_path],
        listing.location,
        listing.listed_at_s,
        content_of(listing, photos),
    )


def _photo_row(photo: Photo, numbers: Numbers) -> tuple[Any, ...]:
    listing, sha256 = numbers.listing[photo.product_id], bytes.fromhex(photo.sha256)
    return photo.key, photo.image_id, listing, sha256, photo.size_bytes
