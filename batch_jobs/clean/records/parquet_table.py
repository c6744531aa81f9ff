"""Reads a Parquet table batch by batch, from a file on disk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batch_jobs.clean.catalogue.layout import Table, check_columns, same_name
from batch_jobs.clean.records.records import BrokenRecord, Record
from batch_jobs.clean.records.values import clean_text, json_text, value_of
from batch_jobs.progress import Progress
from release.errors import JobError
from release.store import Entry, Store

BATCH_ROWS = 2000


def read_parquet(
    store: Store, entry: Entry, table: Table, progress: Progress
) -> Iterator[Record | BrokenRecord]:
    """Every row with its number, from 1. Raises JobError where the file is damaged."""
    with _opened(store, entry) as file:
        names = _columns(file)
        check_columns(table, names, store.where(table.file))
        roles = {role: names[same_name(name)] for role, name in table.columns.items()}
        total = -(-file.metadata.num_rows // BATCH_ROWS)
        batches = file.iter_batches(BATCH_ROWS, columns=_readable(file, set(roles.values())))
        number = 0
        for batch in progress.track(batches, total, f"Batches of {table.file}"):
            for row in _rows(batch):
                number += 1
                fields = {role: value_of(row[name], role) for role, name in roles.items()}
                yield Record(fields, number, number, clean_text(json_text(row)))


def names_in_parquet(store: Store, entry: Entry) -> list[str]:
    """What the columns are called, in small letters."""
    with _opened(store, entry) as file:
        return list(_columns(file))


def _columns(file: pq.ParquetFile) -> dict[str, str]:
    """The names in the file, by their small letters; of two alike the first."""
    names: dict[str, str] = {}
    for name in file.schema_arrow.names:
        names.setdefault(same_name(name), name)
    return names


def _readable(file: pq.ParquetFile, mapped: set[str]) -> list[str]:
    """The columns of a record; photos that somebody put into the table are not read."""
    return [
        column.name
        for column in file.schema_arrow
        if column.name in mapped or not (pa.types.is_nested(column.type) or _is_bytes(column.type))
    ]


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    )


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    # Times as text: Python has no nanoseconds and not every year.
    columns = [
        column.cast(pa.string()) if pa.types.is_temporal(column.type) else column
        for column in batch.columns
    ]
    rows: list[dict[str, Any]] = pa.RecordBatch.from_arrays(columns, batch.schema.names).to_pylist()
    return rows


@contextmanager
def _opened(store: Store, entry: Entry) -> Iterator[pq.ParquetFile]:
    """The file, as it is on disk or downloaded to a temporary one."""
    with _on_disk(store, entry) as path:
        try:
            with pq.ParquetFile(path) as file:
                yield file
        except (pa.ArrowException, ValueError, OSError) as error:
            raise JobError(
                f"{store.where(entry.path)} cannot be read as Parquet: "
                f"{str(error).splitlines()[0] if str(error) else type(error).__name__} "
                "Export it again."
            ) from error


@contextmanager
def _on_disk(store: Store, entry: Entry) -> Iterator[Path]:
    if path := store.local(entry.path):
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        for chunk in store.read_chunks(entry.path, entry.size_bytes):
            file.write(chunk)
        file.flush()
        yield Path(file.name)
