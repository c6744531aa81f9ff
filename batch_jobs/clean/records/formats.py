"""Reads a table of any format: CSV with any delimiter, JSON lines or Parquet."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from batch_jobs.clean.catalogue.layout import Table, same_name
from batch_jobs.clean.records import parquet_table
from batch_jobs.clean.records.header import Header
from batch_jobs.clean.records.json_lines import names_in_json_lines, read_json_lines
from batch_jobs.clean.records.lines import read_blocks
from batch_jobs.clean.records.records import BrokenRecord, Record, read_records
from batch_jobs.progress import Progress
from release.errors import JobError
from release.store import CHUNK_BYTES, Store

if TYPE_CHECKING:
    from release.store import Entry

HEAD_BYTES = 2**20
JSON_ENDINGS = (".jsonl", ".ndjson")


def read_table(store: Store, table: Table, progress: Progress) -> Iterator[Record | BrokenRecord]:
    """Every record of a table, in order. Raises JobError where the file cannot be read at all."""
    entry = _existing(store, table)
    if table.ending == ".parquet":
        return parquet_table.read_parquet(store, entry, table, progress)
    parts = -(-entry.size_bytes // CHUNK_BYTES)
    chunks = progress.track(
        store.read_chunks(table.file, entry.size_bytes), parts, f"Parts of {table.file}"
    )
    return (read_json_lines if table.ending in JSON_ENDINGS else read_records)(chunks, table)


def column_names(store: Store, table: Table) -> list[str]:
    """What the columns of a table are called, in small letters.

    Of JSON lines all lines are read where the first do not have all the columns of the layout.
    """
    entry = _existing(store, table)
    if table.ending == ".parquet":
        return parquet_table.names_in_parquet(store, entry)
    head = store.read_chunks(table.file, min(entry.size_bytes, HEAD_BYTES))
    if table.ending in JSON_ENDINGS:
        wanted = {same_name(name) for name in table.columns.values()}
        names = names_in_json_lines(head, wanted)
        if wanted <= names.keys():
            return list(names)
        return list(names_in_json_lines(store.read_chunks(table.file, entry.size_bytes), wanted))
    return list(Header.of(next(chain.from_iterable(read_blocks(head)), ""), table).names)


def _existing(store: Store, table: Table) -> "Entry":
    entry = store.stat(table.file)
    if entry is None:
        raise JobError(
            f"{store.where(table.file)} is missing. Put it there, or name another in "
            "catalogue.toml."
        )
    if entry.size_bytes == 0:
        raise JobError(f"{store.where(table.file)} is empty. Export it again.")
    return entry
