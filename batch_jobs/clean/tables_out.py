"""Writes products.parquet and rejects.parquet, a part at a time."""

from collections.abc import Iterator

import pyarrow as pa

from batch_jobs.clean.ledger import Ledger, Reject
from batch_jobs.clean.listings.categories import Categories
from batch_jobs.clean.listings.spool import CATEGORY_SEPARATOR
from batch_jobs.stage import StageFolder
from batch_jobs.tables import PRODUCTS, REJECTS, write_batches

_REJECTS = (
    f"SELECT {', '.join(Reject._fields)} FROM reject "
    "ORDER BY kind, line_from IS NULL, line_from, seq"
)


def write_products(folder: StageFolder, ledger: Ledger, categories: Categories) -> None:
    """Every listing that is kept, in the order of its table."""
    batches = (_products(rows, ledger, categories) for rows in ledger.listings.batches())
    write_batches(folder, "products.parquet", batches, PRODUCTS)


def write_rejects(folder: StageFolder, ledger: Ledger) -> None:
    """Listings first, then photos: rows, files that nobody lists, photos that cannot be used."""
    write_batches(folder, "rejects.parquet", _rejects(ledger), REJECTS)


def _products(rows: pa.RecordBatch, ledger: Ledger, categories: Categories) -> pa.RecordBatch:
    counts = ledger.photo_counts(rows["product_id"].to_pylist())
    columns = {name: rows[name] for name in rows.schema.names}
    columns["category_path"] = _category_paths(columns.pop("category"), categories)
    columns["photo_count"] = pa.array(counts, pa.int32())
    columns["searchable"] = pa.array([count > 0 for count in counts])
    arrays = [columns[name] for name in PRODUCTS.names]
    return pa.RecordBatch.from_arrays(arrays, schema=PRODUCTS)


def _category_paths(spelled: pa.Array, categories: Categories) -> pa.Array:
    encoded = spelled.dictionary_encode()
    paths = [
        list(categories.canonical(tuple(text.split(CATEGORY_SEPARATOR)))) if text else []
        for text in encoded.dictionary.to_pylist()
    ]
    return pa.array(paths, PRODUCTS.field("category_path").type).take(encoded.indices)


def _rejects(ledger: Ledger) -> Iterator[pa.RecordBatch]:
    for rows in ledger.batches(_REJECTS):
        columns = zip(*rows, strict=True)
        arrays = [
            pa.array(column, kind) for column, kind in zip(columns, REJECTS.types, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=REJECTS)
