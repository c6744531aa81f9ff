"""Catalogues with random defects, and what is true of them, from how they were made."""

import random
from pathlib import Path

from dirty_catalogue.damage import some_damaged
from dirty_catalogue.listings import HEADER, Listing, settle_cases, written
from dirty_catalogue.many import write_products
from dirty_catalogue.photos import Photos
from dirty_catalogue.truth import Kept, Rejected, Truth

__all__ = ["Kept", "Rejected", "Truth", "write_dirty_catalogue", "write_products"]


def write_dirty_catalogue(
    folder: Path, seed: int, listings: int = 40, defect_share: float = 0.3
) -> Truth:
    """Writes Products.csv, Images.csv and images/ into a folder; the same seed, the same bytes.

    Every defect leaves one reading. The first listing and its first photo have none.
    """
    rng, truth = random.Random(seed), Truth()
    (folder / "images").mkdir(parents=True)
    records = settle_cases(list(some_damaged(rng, listings, defect_share)))
    _write_products(folder / "Products.csv", records, rng, truth)
    Photos(folder, rng, truth, defect_share).write()
    for product_id, row in truth.products.items():
        count = sum(photo.product_id == product_id for photo in truth.photos.values())
        row |= {"photo_count": count, "searchable": count > 0}
    return truth


def _write_products(path: Path, listings: list[Listing], rng: random.Random, truth: Truth) -> None:
    end = rng.choice(["\n", "\r\n"])
    data = rng.choice([b"", b"\xef\xbb\xbf"]) + f"{HEADER}{end}".encode()
    line = 2
    for number, listing in enumerate(listings):
        text = listing.written or written(number, listing)
        last = line + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
        _note(listing, line, last, truth)
        blank = rng.random() < 0.02
        data += f"{text}{end}{end * blank}".encode(listing.encoding)
        line = last + 1 + blank
    path.write_bytes(data.removesuffix(end.encode()) if rng.random() < 0.2 else data)


def _note(listing: Listing, line: int, last: int, truth: Truth) -> None:
    truth.listing_records += 1
    if listing.defect:
        truth.defects[line] = listing.defect
    if listing.reason:
        rejected = Rejected(listing.reject_id, listing.reason, "Products.csv", line, last)
        truth.rejected_listings.append(rejected)
    else:
        truth.products[listing.product_id] = listing.row | {
            "listed_at": None,
            "source_line": line,
        }
