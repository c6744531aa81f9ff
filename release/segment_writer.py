"""Writes a segment; `release.segment` opens it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from release.blobs import blob_of
from release.errors import ReleaseFileError
from release.listings import Listing, Photo
from release.listings_writer import Numbers, number_listings, write_listings
from release.manifest import INDEX_FILE, LISTINGS_FILE, ROWS_FILE
from release.rows import NEVER, Rows, write_rows
from release.vector_index import Embeddings


@dataclass(frozen=True)
class IndexedPhoto:
    """One row of a segment: the photo and its own embedding, (width,) float32, unit norm."""

    photo: Photo
    embedding: Embeddings


def write_segment(
    folder: Path, listings: Sequence[Listing], photos: Sequence[IndexedPhoto], index: Any = None
) -> None:
    """Writes an exact segment, or fills an empty `index` that has no inverted lists.

    The order of listings and photos is of no account: the same ones give the same files. Raises
    ReleaseFileError for no photo, a photo without its listing, an id that repeats, or embeddings
    of different widths.
    """
    widths = {row.embedding.shape for row in photos}
    if len(widths) != 1:
        raise ReleaseFileError(
            f"A segment needs photos with embeddings of one width, these have {sorted(widths)}."
        )
    rows = sorted(photos, key=lambda row: row.photo.key)
    embeddings = np.stack([row.embedding for row in rows]).astype(np.float32)  # (n, width)
    index = faiss.IndexFlatIP(embeddings.shape[1]) if index is None else index
    index.add(embeddings)
    write_segment_files(folder, listings, [row.photo for row in rows], index)


def write_segment_files(
    folder: Path,
    listings: Iterable[Listing],
    photos: Iterable[Photo],
    index: Any,
    lists: NDArray[np.uint32] | None = None,
) -> None:
    """Writes index.faiss, listings.sqlite and rows.npy into `folder`.

    The ids of `index` are row numbers: the rank of each photo's key. `lists` (n,) has the inverted
    list of each row, None where the index has no such lists. Raises ReleaseFileError where index
    and photos are not as many, a photo lacks its listing, or an id repeats.
    """
    in_order = sorted(listings, key=lambda listing: listing.product_id)
    by_key = sorted(photos, key=lambda photo: photo.key)
    if index.ntotal != len(by_key):
        raise ReleaseFileError(f"{index.ntotal} vectors and {len(by_key)} photos do not fit.")
    folder.mkdir(parents=True, exist_ok=True)
    numbers = number_listings(in_order)
    write_listings(folder / LISTINGS_FILE, in_order, by_key, numbers)
    faiss.write_index(index, str(folder / INDEX_FILE))
    written = [blob_of(folder / name).sha256 for name in (INDEX_FILE, LISTINGS_FILE)]
    write_rows(folder / ROWS_FILE, _rows(in_order, by_key, lists, numbers), *written)


def _rows(
    listings: Sequence[Listing],
    photos: Sequence[Photo],
    lists: NDArray[np.uint32] | None,
    numbers: Numbers,
) -> Rows:
    whens = [one.listed_at_s for one in listings]
    return Rows(
        key=np.array([photo.key for photo in photos], np.int64),
        listing=np.array([numbers.listing[photo.product_id] for photo in photos], np.uint32),
        list=np.zeros(len(photos), np.uint32) if lists is None else lists,
        price=np.array([np.nan if one.price is None else one.price for one in listings]),
        listed_at=np.array([NEVER if when is None else when for when in whens], np.int64),
        category=np.array([numbers.category[one.category_path] for one in listings], np.uint32),
        location=np.array([numbers.place[one.location.casefold()] for one in listings], np.uint32),
    )
