"""The Parquet tables that stages hand on, and how they are read and written."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batch_jobs.stage import StageFolder

Row = Mapping[str, Any]

PRODUCTS = pa.schema(
    [
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        ("price", pa.float64()),
        ("currency", pa.string()),
        pa.field("price_status", pa.string(), nullable=False),
        pa.field("category_path", pa.list_(pa.string()), nullable=False),
        pa.field("location", pa.string(), nullable=False),
        ("listed_at", pa.timestamp("s", tz="UTC")),  # Parquet has no seconds: milliseconds there
        pa.field("photo_count", pa.int32(), nullable=False),
        pa.field("searchable", pa.bool_(), nullable=False),
        pa.field("source_line", pa.int64(), nullable=False),
    ]
)
PHOTOS = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("photo", pa.binary(), nullable=False),
        pa.field("photo_sha256", pa.string(), nullable=False),
        pa.field("photo_bytes", pa.int64(), nullable=False),
        pa.field("source_width", pa.int32(), nullable=False),
        pa.field("source_height", pa.int32(), nullable=False),
        pa.field("source_sha256", pa.string(), nullable=False),
        pa.field("pixel_sha256", pa.string(), nullable=False),
        ("duplicate_group", pa.string()),
    ]
)
# What became of each listed photo's file: by it, an unchanged file is not read again.
OUTCOMES = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("source_width", pa.int32()),
        ("source_height", pa.int32()),
        ("source_sha256", pa.string()),
        ("pixel_sha256", pa.string()),
        ("perceptual_hash", pa.int64()),
        ("thumbnail", pa.binary()),
    ]
)
REJECTS = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        ("id", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        ("line_from", pa.int64()),
        ("line_to", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        ("raw", pa.string()),
    ]
)


def embeddings_schema(width: int) -> pa.Schema:
    return pa.schema(
        [
            pa.field("image_id", pa.string(), nullable=False),
            pa.field("product_id", pa.string(), nullable=False),
            pa.field("embedding", pa.list_(pa.float32(), width), nullable=False),
        ]
    )


def write_table(folder: StageFolder, name: str, rows: Sequence[Row], schema: pa.Schema) -> None:
    """Writes rows as one Parquet file, in the order given."""
    buffer = io.BytesIO()
    table = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, buffer, compression="zstd")
    folder.write(name, buffer.getvalue())


def write_batches(
    folder: StageFolder, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema
) -> None:
    """Writes one Parquet file of any size, a batch at a time, in the order given."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
        folder.write(name, path)


def read_table(folder: StageFolder, name: str, columns: list[str] | None = None) -> pa.Table:
    return parse_table(folder.read(name), columns)


def parse_table(data: bytes, columns: list[str] | None = None) -> pa.Table:
    """A Parquet file's content as a table."""
    return pq.read_table(io.BytesIO(data), columns=columns)


def read_shards(
    folder: StageFolder, prefix: str, columns: list[str] | None = None
) -> Iterator[tuple[str, pa.Table]]:
    """The outputs `<prefix>*.parquet` of a finished stage by name, one at a time."""
    for name in sorted(folder.require().outputs):
        if name.startswith(prefix):
            yield name, read_table(folder, name, columns)
