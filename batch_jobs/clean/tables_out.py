"""Writes products.parquet and rejects.parquet out of the ledger, a part at a time."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from batch_jobs.clean.categories import Categories
from batch_jobs.clean.ledger import CATEGORY_SEPARATOR, Ledger, ListingRow, Reject
from batch_jobs.stage import StageFolder
from batch_jobs.tables import PRODUCTS, REJECTS, write_batches

_PRODUCTS = f"""
SELECT {", ".join(f"listing.{name}" for name in ListingRow._fields)}, coalesce(photos, 0)
FROM listing LEFT JOIN (
    SELECT product_id, count(*) AS photos FROM outcome WHERE reason IS NULL GROUP BY product_id
) USING (product_id) ORDER BY seq
"""
_REJECTS = f"SELECT {', '.join(Reject._fields)} FROM reject ORDER BY kind, seq"


def write_products(folder: StageFolder, ledger: Ledger, categories: Categories) -> None:
    """Every listing that is kept, in the order of its table."""
    write_batches(folder, "products.parquet", _products(ledger, categories), PRODUCTS)


def write_rejects(folder: StageFolder, ledger: Ledger) -> None:
    """Listings first, then photos: rows, files that nobody lists, photos that cannot be used."""
    batches = (_batch(zip(*rows, strict=True), REJECTS) for rows in ledger.batches(_REJECTS))
    write_batches(folder, "rejects.parquet", batches, REJECTS)


def _products(ledger: Ledger, categories: Categories) -> Iterator[pa.RecordBatch]:
    @lru_cache(maxsize=100_000)
    def path(category: str) -> list[str]:
        parts = tuple(category.split(CATEGORY_SEPARATOR)) if category else ()
        return list(categories.canonical(parts))

    for rows in ledger.batches(_PRODUCTS):
        *columns, photo_counts = zip(*rows, strict=True)
        named: dict[str, Sequence[Any]] = dict(zip(ListingRow._fields, columns, strict=True))
        named["category_path"] = [path(category) for category in named.pop("category")]
        named["photo_count"] = photo_counts
        named["searchable"] = [count > 0 for count in photo_counts]
        yield _batch((named[name] for name in PRODUCTS.names), PRODUCTS)


def _batch(columns: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
