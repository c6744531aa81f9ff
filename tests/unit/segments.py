"""Listings, photos and segments with nothing in them but what a test says."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from release.listings import Listing, Photo
from release.segment import Segment, files_in
from release.segment_writer import IndexedPhoto, write_segment


def listing(product_id: str, **fields: Any) -> Listing:
    plain: dict[str, Any] = {
        "product_id": product_id,
        "title": f"Title of {product_id}",
        "description": "",
        "price": None,
        "currency": None,
        "price_status": "missing",
        "category_path": ("Home", "Chairs"),
        "location": "London",
    }
    return Listing(**(plain | fields))


def photo(image_id: str, product_id: str, embedding: ArrayLike) -> IndexedPhoto:
    """A row of a segment; `embedding` is brought to unit norm."""
    return IndexedPhoto(Photo(image_id, product_id, "0" * 64, 1), unit(embedding))


def unit(vector: ArrayLike) -> NDArray[np.float32]:
    numbers = np.asarray(vector, dtype=np.float64)
    return (numbers / np.linalg.norm(numbers)).astype(np.float32)


def segment(folder: Path, listings: Iterable[Listing], photos: Iterable[IndexedPhoto]) -> Segment:
    """Written to `folder` and opened from there."""
    write_segment(folder, list(listings), list(photos))
    return Segment(files_in(folder))


WIDTH = 8
LISTINGS = [listing(f"p{number}") for number in range(4)]
PHOTOS = [
    photo(f"i{number}", f"p{number % 4}", np.random.default_rng(number).normal(size=WIDTH))
    for number in range(12)
]


def small_segment(folder: Path) -> Path:
    """Writes a segment of four listings and twelve photos into `folder`, and gives it."""
    write_segment(folder, LISTINGS, PHOTOS)
    return folder


def opened(folder: Path) -> Segment:
    return Segment(files_in(folder))
