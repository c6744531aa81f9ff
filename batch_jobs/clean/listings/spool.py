"""Rows of listings on disk, until the photos tell what is missing in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_AT_ONCE = 10_000


class ListingRow(NamedTuple):
    """A row of products.parquet but for what only the photos and all other rows tell."""

    product_id: str
    title: str
    description: str
    price: float | None
    currency: str | None
    price_status: str
    category: str  # the path's parts as they were spelt, joined by CATEGORY_SEPARATOR
    location: str
    listed_at: int | None  # seconds since 1970 in UTC
    listed_at_status: str
    source_line: int


CATEGORY_SEPARATOR = "\x1f"  # mended text has no control characters
_KINDS = {
    "price": pa.float64(),
    "listed_at": pa.timestamp("s", tz="UTC"),
    "source_line": pa.int64(),
}
_SCHEMA = pa.schema([(name, _KINDS.get(name, pa.string())) for name in ListingRow._fields])


class ListingSpool:
    """Written row by row, then read once, in the same order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = pq.ParquetWriter(path, _SCHEMA, compression="lz4")
        self._rows: list[ListingRow] = []

    def add(self, row: ListingRow) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS_AT_ONCE:
            self._flush()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, with the columns of ListingRow; nothing can be added after this."""
        self._flush()
        self._writer.close()
        with pq.ParquetFile(self._path) as file:
            yield from file.iter_batches(ROWS_AT_ONCE)

    def _flush(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [
                pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)
            ]
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA))
            self._rows = []
