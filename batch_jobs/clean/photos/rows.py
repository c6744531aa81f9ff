"""Rows that list photos, read into the ledger with the paths that each photo's file may have."""

from collections.abc import Iterable

from batch_jobs.clean.catalogue.layout import Layout
from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.listings.spool import ROWS_AT_ONCE
from batch_jobs.clean.photos.paths import candidates, derived_id, key_of, leads_outside, references
from batch_jobs.clean.records.records import BrokenRecord, Record
from batch_jobs.clean.rejects import Problem, id_text, is_safe, record_reject, unsafe_id

_ADD_PHOTO = (
    "INSERT INTO photo "
    "(seq, image_id, product_id, source, line_from, line_to, raw, reference, derived) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_CANDIDATE = "INSERT INTO candidate (photo_seq, rank, path) VALUES (?, ?, ?)"


class PhotoRows:
    """Every row becomes a photo of the ledger or a reject. `source` is the table's file."""

    def __init__(self, layout: Layout, catalogue_url: str, ledger: Ledger, source: str) -> None:
        self._layout = layout
        self._catalogue_url = catalogue_url
        self._ledger = ledger
        self._source = source
        self._photos: list[tuple[object, ...]] = []
        self._candidates: list[tuple[object, ...]] = []

    def read(self, records: Iterable[Record | BrokenRecord]) -> None:
        """The records of a table of photos."""
        for record in records:
            if isinstance(record, BrokenRecord):
                self._ledger.photo_rows_in += 1
                self._reject("", Problem("broken_record", record.detail), record)
                continue
            fields = record.fields
            image_id = id_text(fields.get("image_id"))
            given = (id_text(fields.get("photo")), id_text(fields.get("link")), image_id)
            self._add(image_id, id_text(fields["product_id"]), [*filter(None, given)], record)
        self.flush()

    def add_of_listing(self, record: Record) -> None:
        """The photos that a listing's own record names."""
        product_id = id_text(record.fields["product_id"])
        for reference in self._references(record):
            self._add("", product_id, [reference], record)

    def reject_of_listing(self, record: Record) -> None:
        """The photos that a record names which is left out itself."""
        for reference in self._references(record):
            self._ledger.photo_rows_in += 1
            key = key_of(reference, self._catalogue_url)
            problem = Problem("unknown_listing", "The record that names the photo was left out.")
            self._reject(derived_id(key, self._layout.photo_folder), problem, record)

    def _references(self, record: Record) -> list[str]:
        value = record.fields.get("photos")
        return references(value, self._layout.photo_separator) if value else []

    def add_file(self, identity: str, path: str) -> None:
        """A file that is the only photo of a listing with its own id."""
        self._ledger.photo_rows_in += 1
        self._insert((identity, identity, path, None, None, None, path, False), [path])

    def flush(self) -> None:
        self._ledger.execute_many(_ADD_PHOTO, self._photos)
        self._ledger.execute_many(_ADD_CANDIDATE, self._candidates)
        self._photos, self._candidates = [], []

    def _add(self, image_id: str, product_id: str, given: list[str], record: Record) -> None:
        self._ledger.photo_rows_in += 1
        keys = [key_of(reference, self._catalogue_url) for reference in given]
        derived = not image_id
        if derived and keys:
            image_id = derived_id(keys[0], self._layout.photo_folder)
        if not is_safe(image_id):
            self._reject(image_id, unsafe_id(image_id, "image id"), record)
        elif outside := [reference for reference in given if leads_outside(reference)]:
            self._reject(image_id, _outside(outside[0]), record)
        else:
            paths = candidates(self._layout, image_id, product_id, keys)
            lines = (record.line_from, record.line_to, record.raw)
            shown = keys[0] if "://" in keys[0] else paths[0]
            self._insert((image_id, product_id, self._source, *lines, shown, derived), paths)

    def _insert(self, photo: tuple[object, ...], paths: list[str]) -> None:
        seq = self._ledger.photo_rows_in
        self._photos.append((seq, *photo))
        self._candidates += [(seq, rank, path) for rank, path in enumerate(paths)]
        if len(self._photos) >= ROWS_AT_ONCE:
            self.flush()

    def _reject(self, image_id: str, problem: Problem, record: Record | BrokenRecord) -> None:
        self._ledger.reject(record_reject("photo", image_id, self._source, problem, record))


def _outside(reference: str) -> Problem:
    return Problem(
        "unsafe_id",
        f"The photo {reference[:120]!r} would lie outside the catalogue. A reference is a path "
        "below the catalogue, without `..` and control characters.",
    )
