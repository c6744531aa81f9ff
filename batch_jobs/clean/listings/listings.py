"""Listings out of the records of their table, and the reason for each that is left out."""

from collections.abc import Iterable

from batch_jobs.clean.catalogue.layout import Layout
from batch_jobs.clean.ledger import First, Ledger, content_hash
from batch_jobs.clean.listings.categories import Categories, category_path
from batch_jobs.clean.listings.currencies import currency_code
from batch_jobs.clean.listings.dates import read_listed_at
from batch_jobs.clean.listings.prices import read_price
from batch_jobs.clean.listings.spool import CATEGORY_SEPARATOR, ROWS_AT_ONCE, ListingRow
from batch_jobs.clean.listings.text import one_line, paragraphs, split_title
from batch_jobs.clean.photos.rows import PhotoRows
from batch_jobs.clean.records.records import BrokenRecord, Record
from batch_jobs.clean.rejects import (
    Problem,
    id_text,
    is_safe,
    plain_text,
    record_reject,
    unsafe_id,
)


class Listings:
    """Reads listings into the ledger. Of the whole records with one id the first stays."""

    def __init__(self, layout: Layout, source: str, ledger: Ledger, photos: PhotoRows) -> None:
        self.categories = Categories()
        self._layout = layout
        self._source = source
        self._ledger = ledger
        self._photos = photos
        self._pending: list[tuple[ListingRow, tuple[str, ...], Record]] = []

    def read(self, records: Iterable[Record | BrokenRecord]) -> None:
        """Every record becomes a listing or a reject; the photos that it names, rows of photos."""
        for record in records:
            self._ledger.listing_rows_in += 1
            if isinstance(record, BrokenRecord):
                self._reject(None, Problem("broken_record", record.detail), record)
            else:
                self._add(record)
        self._flush()
        self._photos.flush()

    def _add(self, record: Record) -> None:
        identity = id_text(record.fields["product_id"])
        if not identity:
            self._leave_out(None, Problem("missing_id", "The record has no id."), record)
        elif not is_safe(identity):
            self._leave_out(identity, unsafe_id(identity, "id"), record)
        else:
            self._pending.append((*self._row(identity, record), record))
            if len(self._pending) == ROWS_AT_ONCE:
                self._flush()

    def _flush(self) -> None:
        firsts = self._ledger.add_listings([row for row, _, _ in self._pending])
        for (row, path, record), first in zip(self._pending, firsts, strict=True):
            if first is None:
                self.categories.add(path)
                self._photos.add_of_listing(record)
            elif first.content == content_hash(row):
                self._reject(row.product_id, self._duplicate(first), record)
                self._photos.add_of_listing(record)
            else:
                self._leave_out(row.product_id, _conflict(first), record)
        self._pending = []

    def _duplicate(self, first: First) -> Problem:
        but = " but for its photos, which are kept" if self._layout.photos is None else ""
        detail = f"The same as the record at line {first.source_line}, which stays{but}."
        return Problem("duplicate_row", detail)

    def _leave_out(self, identity: str | None, problem: Problem, record: Record) -> None:
        """Rejects a record, and with it the photos that it names: they may show something else."""
        self._reject(identity, problem, record)
        self._photos.reject_of_listing(record)

    def _row(self, identity: str, record: Record) -> tuple[ListingRow, tuple[str, ...]]:
        value = record.fields.get
        title, title_location = split_title(plain_text(value("title", "")))
        currency = currency_code(plain_text(value("currency", "")), self._layout.currency)
        price = read_price(value("price", ""), currency)
        path = category_path(value("category", ""), self._layout.category_separator)
        row = ListingRow(
            identity,
            title,
            paragraphs(plain_text(value("description", ""))),
            *price,
            CATEGORY_SEPARATOR.join(path),
            one_line(plain_text(value("location", ""))) or title_location,
            *read_listed_at(plain_text(value("listed_at", ""))),
            record.line_from,
        )
        return row, path

    def _reject(
        self, identity: str | None, problem: Problem, record: Record | BrokenRecord
    ) -> None:
        self._ledger.reject(record_reject("listing", identity, self._source, problem, record))


def _conflict(first: First) -> Problem:
    return Problem(
        "conflicting_row",
        f"The id is that of the record at line {first.source_line}, the content is another. "
        "The first stays.",
    )
