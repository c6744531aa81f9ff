"""Product rows out of the records of Products.csv, and the reason for each that is left out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from batch_jobs.clean.prices import read_price
from batch_jobs.clean.records import BrokenRecord, Record
from batch_jobs.clean.rejects import Problem, Row, listing_reject, unsafe_id
from batch_jobs.clean.text import category_path, one_line, paragraphs, split_title


@dataclass
class Listings:
    """Rows of products.parquet but for what only the photos tell, and the rejects."""

    records: int = 0
    rows: list[Row] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)


def read_listings(records: Iterable[Record | BrokenRecord]) -> Listings:
    """Of the whole records with one id the first stays, whatever the others say."""
    listings = Listings()
    seen: dict[str, tuple[int, bytes]] = {}
    for record in records:
        listings.records += 1
        if isinstance(record, BrokenRecord):
            problem = Problem("broken_record", record.detail)
            listings.rejects.append(listing_reject(None, problem, record))
            continue
        row = _row(record)
        identity = row["product_id"]
        if found := _problem(row, seen):
            listings.rejects.append(listing_reject(identity or None, found, record))
        else:
            seen[identity] = (record.line_from, _digest(row))
            listings.rows.append(row)
    return listings


def _row(record: Record) -> Row:
    fields = record.fields
    title, title_location = split_title(fields["product_name"])
    price = read_price(fields["price"])
    return {
        "product_id": fields["id"].strip(),
        "title": title,
        "description": paragraphs(fields["product_description"]),
        "price": price.amount,
        "currency": price.currency,
        "price_status": price.status,
        "category_path": list(category_path(fields["category"])),
        "location": one_line(fields["location"]) or title_location,
        "source_line": record.line_from,
    }


def _problem(row: Row, seen: dict[str, tuple[int, bytes]]) -> Problem | None:
    identity = row["product_id"]
    if not identity:
        return Problem("missing_id", "The record has no id.")
    if identity not in seen:
        return unsafe_id(identity, "id")
    line, digest = seen[identity]
    if digest == _digest(row):
        return Problem("duplicate_row", f"The same as the record at line {line}, which stays.")
    return Problem(
        "conflicting_row",
        f"The id is that of the record at line {line}, the content is another. The first stays.",
    )


def _digest(row: Row) -> bytes:
    """Of all that a listing says, after it was mended, without where it says it."""
    content = [value for name, value in row.items() if name != "source_line"]
    return hashlib.sha256(repr(content).encode()).digest()[:16]
