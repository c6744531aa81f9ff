"""A segment: a FAISS index and the listings it covers, written together, opened together.

The index holds `photo_key(image_id)` beside each vector; keys ascend, so a photo's own vector is
found by binary search.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from release.errors import ReleaseFileError
from release.listings import Listing, Listings, Photo, photo_key, write_listings

Embeddings = NDArray[np.float32]  # (n, width), unit norm
Keys = NDArray[np.int64]  # (n,)

INDEX_FILE = "index.faiss"
LISTINGS_FILE = "listings.sqlite"
_READING = threading.Lock()  # FAISS has one limit for all of its readers


@dataclass(frozen=True)
class IndexedPhoto:
    """One row of a segment: the photo and its own embedding, (width,) float32, unit norm."""

    photo: Photo
    embedding: Embeddings


def write_segment(
    folder: Path, listings: Sequence[Listing], photos: Sequence[IndexedPhoto]
) -> None:
    """Writes index.faiss (exact, inner product) and listings.sqlite into `folder`.

    The order of the rows is of no account: the same ones give the same files. Raises
    ReleaseFileError for no photo, a photo without its listing, an id that repeats, or embeddings
    of different widths.
    """
    widths = {row.embedding.shape for row in photos}
    if len(widths) != 1:
        raise ReleaseFileError(
            f"A segment needs photos with embeddings of one width, these have {sorted(widths)}."
        )
    rows = sorted(photos, key=lambda row: row.photo.key)
    folder.mkdir(parents=True, exist_ok=True)
    in_order = sorted(listings, key=lambda listing: listing.product_id)
    write_listings(folder / LISTINGS_FILE, in_order, (row.photo for row in rows))
    embeddings = np.stack([row.embedding for row in rows]).astype(np.float32)  # (n, width)
    index: Any = faiss.IndexIDMap(faiss.IndexFlatIP(embeddings.shape[1]))
    index.add_with_ids(embeddings, np.array([row.photo.key for row in rows], dtype=np.int64))
    faiss.write_index(index, str(folder / INDEX_FILE))


class Segment:
    """An index with its listings. Raises ReleaseFileError where the two do not fit."""

    def __init__(self, index_path: Path, listings_path: Path) -> None:
        self.index: Any = _read_index(index_path)
        self.listings = Listings(listings_path)
        self._keys: Keys = faiss.vector_to_array(self.index.id_map)
        self._check_fit(f"{index_path} and {listings_path}")

    def _check_fit(self, both: str) -> None:
        vectors, photos = len(self._keys), self.listings.photo_count
        if vectors != photos:
            raise ReleaseFileError(f"{both} do not fit: {vectors} vectors and {photos} photos.")
        # Keys are hashes: those of two different segments do not begin and end alike.
        ends = (*self._keys[:1].tolist(), *self._keys[-1:].tolist())
        if ends != self.listings.key_range or not (self._keys[1:] > self._keys[:-1]).all():
            raise ReleaseFileError(f"{both} do not fit: their photos are different ones.")

    @property
    def width(self) -> int:
        return int(self.index.d)

    def nearest(
        self, features: Embeddings, k: int, subset: Sequence[int] | None = None
    ) -> tuple[NDArray[np.float32], Keys]:
        """Similarities and keys, each (n, at most k), nearest first; `subset`: the keys allowed."""
        count = self.index.ntotal if subset is None else len(subset)
        k = min(k, count)
        if k == 0:
            return np.empty((len(features), 0), np.float32), np.empty((len(features), 0), np.int64)
        if subset is None:
            similarities, keys = self.index.search(features, k)
        else:
            allowed = faiss.IDSelectorBatch(np.asarray(subset, dtype=np.int64))
            params = faiss.SearchParameters(sel=allowed)  # type: ignore[call-arg]  # SWIG's keyword
            similarities, keys = self.index.search(features, k, params=params)
        return similarities, keys

    def embeddings_of(self, image_ids: Sequence[str]) -> Embeddings:
        """The photos' own vectors, (n, width)."""
        keys = np.array([photo_key(image_id) for image_id in image_ids], dtype=np.int64)
        places = np.searchsorted(self._keys, keys)
        found: Embeddings = self.index.index.reconstruct_batch(places)
        return found


def _read_index(path: Path) -> faiss.IndexIDMap:
    try:
        with _READING:
            limit_bytes = faiss.get_deserialization_vector_byte_limit()
            # No vector is longer than its file: else a damaged length takes all memory there is.
            faiss.set_deserialization_vector_byte_limit(path.stat().st_size)
            try:
                index = faiss.read_index(str(path))
            finally:
                faiss.set_deserialization_vector_byte_limit(limit_bytes)
    except (RuntimeError, MemoryError, OSError) as error:
        raise ReleaseFileError(f"{path} is not a FAISS index: {error}") from error
    if not isinstance(index, faiss.IndexIDMap) or index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise ReleaseFileError(
            f"{path} is a FAISS {type(index).__name__} of metric {index.metric_type}; "
            "a segment has an IndexIDMap of inner products."
        )
    return index
