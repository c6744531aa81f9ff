"""The Parquet tables that stages hand on, and how they are read and written."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batch_jobs.stage import StageFolder
from batch_jobs.table_files import in_order, opened
from release.errors import JobError

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
    names = ("image_id", "product_id", "pixel_sha256", "photo_sha256", "photo_bytes")
    return pa.schema(
        [
            *(PHOTOS.field(name) for name in names),
            pa.field("embedding", pa.list_(pa.float32(), width), nullable=False),
        ]
    )


def write_table(folder: StageFolder, name: str, rows: Sequence[Row], schema: pa.Schema) -> None:
    """Writes rows as one Parquet file, in the order given."""
    buffer = io.BytesIO()
    table = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, buffer, **_options(schema))
    folder.write(name, buffer.getvalue())


def write_batches(
    folder: StageFolder, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema
) -> None:
    """Writes one Parquet file of any size, a row group for each batch, in the order given."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        with pq.ParquetWriter(path, schema, **_options(schema)) as writer:
            for batch in batches:
                writer.write_batch(batch)
        folder.write(name, path)


def _options(schema: pa.Schema) -> dict[str, Any]:
    # A dictionary of an embedding's numbers, which hardly repeat, would be written beside them.
    names = [field.name for field in schema if not pa.types.is_fixed_size_list(field.type)]
    dictionary = names if len(names) < len(schema) else True
    return {"compression": "zstd", "write_page_checksum": True, "use_dictionary": dictionary}


def read_table(folder: StageFolder, name: str, columns: list[str] | None = None) -> pa.Table:
    """An output as a table; of `columns` no more is read than they take, and they come so ordered.

    Raises JobError where the file is damaged or has no such column, MissingObjectError where it is
    not there.
    """
    with opened(folder, name, whole=columns is None) as file:
        if columns is None:
            return file.read()
        if missing := [column for column in columns if column not in file.schema_arrow.names]:
            raise JobError(
                f"{folder.store.where(folder.path(name))} has no column {', '.join(missing)}: "
                "older software made it. Delete done.json beside it, then run the stage again."
            )
        return file.read(columns).select(columns)


def parse_table(data: bytes, columns: list[str] | None = None) -> pa.Table:
    """A Parquet file's content as a table."""
    return pq.read_table(io.BytesIO(data), columns=columns)


def read_shards(
    folder: StageFolder, prefix: str, columns: list[str] | None = None
) -> Iterator[tuple[str, pa.Table]]:
    """The outputs `<prefix>*.parquet` of a finished stage by name, one at a time."""
    names = [name for name in sorted(folder.require().outputs) if name.startswith(prefix)]
    tables = in_order(folder.store, lambda name: read_table(folder, name, columns), names)
    yield from zip(names, tables, strict=True)
