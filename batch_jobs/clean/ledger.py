"""The ledger of a cleaning: a temporary SQLite database of all rows, files and rejects.

What belongs together is found by SQL, so that memory does not grow with the catalogue.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from batch_jobs.clean.listings.spool import ROWS_AT_ONCE, ListingRow, ListingSpool

CACHE_MB = 32

_SCHEMA = """
CREATE TABLE listing (  -- each that is kept, in the order of its table; the rest is in the spool
    seq INTEGER PRIMARY KEY,
    product_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    price REAL,
    currency TEXT,
    price_status TEXT NOT NULL,
    listed_at_status TEXT NOT NULL,
    source_line INTEGER NOT NULL,
    content INTEGER NOT NULL  -- a hash of all that the listing says
);
CREATE TABLE photo (  -- each row that lists a photo under an id that can be used
    seq INTEGER PRIMARY KEY,
    image_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    source TEXT NOT NULL,  -- the table it stands in
    line_from INTEGER,
    line_to INTEGER,
    raw TEXT,
    reference TEXT NOT NULL,  -- as a person would look for the file
    derived INTEGER NOT NULL DEFAULT 0,  -- whether the image id was made from the file's name
    path TEXT,  -- its file, once found
    first_seq INTEGER,  -- the first row with this image id
    reason TEXT,
    detail TEXT
);
CREATE TABLE candidate (  -- where a photo's file may be, best first
    photo_seq INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (photo_seq, rank)
) WITHOUT ROWID;
CREATE TABLE file (  -- each file below the folder of photos
    path TEXT PRIMARY KEY,
    stem TEXT NOT NULL,  -- the path without its ending
    size_bytes INTEGER NOT NULL,
    version TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE wanted (  -- each photo to prepare, those of a listing side by side
    place INTEGER PRIMARY KEY,
    image_id TEXT NOT NULL UNIQUE,
    product_id TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    line INTEGER
);
CREATE TABLE earlier (  -- what an earlier cleaning made of a file
    path TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    version TEXT NOT NULL,
    reason TEXT,
    detail TEXT,
    source_width INTEGER,
    source_height INTEGER,
    source_sha256 TEXT,
    pixel_sha256 TEXT,
    perceptual_hash INTEGER,
    thumbnail BLOB,
    photos_file TEXT NOT NULL  -- which has the prepared photo
) WITHOUT ROWID;
CREATE TABLE outcome (  -- what became of each wanted photo
    image_id TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    reason TEXT,
    detail TEXT,
    pixel_sha256 TEXT,
    perceptual_hash INTEGER,
    thumbnail BLOB,
    duplicate_group TEXT
) WITHOUT ROWID;
CREATE TABLE group_member (  -- each kept photo that has a duplicate
    place INTEGER PRIMARY KEY,
    leader INTEGER NOT NULL  -- one number for all members of a group
);
CREATE TABLE reject (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT,
    source TEXT NOT NULL,
    line_from INTEGER,
    line_to INTEGER,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    raw TEXT
);
"""


class Reject(NamedTuple):
    """A row of rejects.parquet."""

    kind: str
    id: str | None
    source: str
    line_from: int | None
    line_to: int | None
    reason: str
    detail: str
    raw: str | None


class First(NamedTuple):
    """The listing that has an id: its line, and the hash of what it says."""

    source_line: int
    content: int


class Ledger:
    """Rows in, rows out: what was read is counted as it is read, apart from where it ends up."""

    def __init__(self, database: sqlite3.Connection, listings: ListingSpool) -> None:
        self._database = database
        self.listings = listings
        self.listing_rows_in = 0
        self.photo_rows_in = 0

    def add_listings(self, rows: list[ListingRow]) -> list[First | None]:
        """Adds rows whose id no listing has yet; gives the listing that has it for each other."""
        ids = json.dumps([row.product_id for row in rows])
        firsts = {row[0]: First(*row[1:]) for row in self.rows(_FIRSTS, (ids,))}
        found, new = [], []
        for row in rows:
            first = firsts.get(row.product_id)
            if first is None:
                firsts[row.product_id] = added = First(row.source_line, content_hash(row))
                new.append((*row[:2], *row[3:6], row.listed_at_status, *added))
                self.listings.add(row)
            found.append(first)
        self.execute_many(_ADD_LISTING, new)
        return found

    def photo_counts(self, product_ids: list[str]) -> list[int]:
        """How many photos of each listing are kept."""
        counts = dict(self.rows(_PHOTO_COUNTS, (json.dumps(product_ids),)))
        return [counts.get(product_id, 0) for product_id in product_ids]

    def reject(self, reject: Reject) -> None:
        self._database.execute(_ADD_REJECT, reject)

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        self._database.execute(statement, values)

    def execute_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._database.executemany(statement, rows)

    def index(self, on: str) -> None:
        """Makes an index on `table (column)`, after the rows are in."""
        self._database.execute(f'CREATE INDEX IF NOT EXISTS "{on}" ON {on}')

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, one at a time."""
        for some in self.batches(query, values):
            yield from some

    def batches(self, query: str, values: Sequence[object] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, ROWS_AT_ONCE at a time."""
        cursor = self._database.execute(query, values)
        while some := cursor.fetchmany(ROWS_AT_ONCE):
            yield some

    def one(self, query: str, values: Sequence[object] = ()) -> Any:
        """The only value of a query."""
        return self._database.execute(query, values).fetchone()[0]

    def counted(self, query: str, values: Sequence[object] = ()) -> dict[str, int]:
        """A query's names and counts, by name."""
        return dict(sorted(self._database.execute(query, values).fetchall()))


def content_hash(row: ListingRow) -> int:
    """64 bits of what a listing says, without where; good for this process alone."""
    return hash(row[:-1])


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


_LISTING = (
    "product_id",
    "title",
    "price",
    "currency",
    "price_status",
    "listed_at_status",
    "source_line",
    "content",
)
_ADD_LISTING = _insert("listing", _LISTING)
_FIRSTS = """
SELECT product_id, source_line, content FROM listing
WHERE product_id IN (SELECT value FROM json_each(?))
"""
_PHOTO_COUNTS = """
SELECT product_id, count(*) FROM outcome
WHERE reason IS NULL AND product_id IN (SELECT value FROM json_each(?)) GROUP BY product_id
"""
_ADD_REJECT = _insert("reject", Reject._fields)


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """An empty ledger on disk, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="marketplace-search-") as folder:
        database = sqlite3.connect(Path(folder) / "ledger.sqlite", isolation_level=None)
        try:
            # It does not outlive the process, so nothing is done for it to survive one.
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
                database.execute(f"PRAGMA {pragma}")
            database.execute(f"PRAGMA cache_size=-{CACHE_MB * 1024}")
            database.executescript(_SCHEMA)
            database.execute("BEGIN")
            yield Ledger(database, ListingSpool(Path(folder) / "listings.parquet"))
        finally:
            database.close()
