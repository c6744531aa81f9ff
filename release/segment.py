"""A segment: a FAISS index and the listings it covers, written together, opened together.

The index holds `photo_key(image_id)` beside each vector; keys ascend, so a photo's own vector is
found by binary search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import faiss
import numpy as np
from numpy.typing import NDArray

from release.errors import ReleaseFileError
from release.listings import Listing, Listings, Photo, photo_key, write_listings

Embeddings = NDArray[np.float32]  # (n, width), unit norm
Keys = NDArray[np.int64]  # (n,)

INDEX_FILE = "index.faiss"
LISTINGS_FILE = "listings.sqlite"


@dataclass(frozen=True)
class IndexedPhoto:
    """One row of a segment: the photo and its own embedding, (width,) float32, unit norm."""

    photo: Photo
    embedding: Embeddings


def write_segment(
    folder: Path, listings: Sequence[Listing], photos: Sequence[IndexedPhoto]
) -> None:
    """Writes index.faiss (exact, inner product) and listings.sqlite into `folder`.

    Raises ReleaseFileError for no photo, a photo without its listing, or an id that repeats.
    """
    if not photos:
        raise ReleaseFileError("A segment needs at least one photo.")
    folder.mkdir(parents=True, exist_ok=True)
    write_listings(folder / LISTINGS_FILE, listings, (row.photo for row in photos))
    rows = sorted(photos, key=lambda row: row.photo.key)
    embeddings = np.stack([row.embedding for row in rows]).astype(np.float32)  # (n, width)
    index: Any = faiss.IndexIDMap(faiss.IndexFlatIP(embeddings.shape[1]))
    index.add_with_ids(embeddings, np.array([row.photo.key for row in rows], dtype=np.int64))
    faiss.write_index(index, str(folder / INDEX_FILE))


class Segment:
    """An index with its listings. Raises ReleaseFileError where the two do not fit."""

    def __init__(self, index_path: Path, listings_path: Path) -> None:
        try:
            self.index: Any = cast(Any, faiss.read_index(str(index_path)))
        except RuntimeError as error:
            raise ReleaseFileError(f"{index_path} is not a FAISS index: {error}") from error
        self.listings = Listings(listings_path)
        if self.index.ntotal != self.listings.photo_count:
            raise ReleaseFileError(
                f"{index_path} has {self.index.ntotal} vectors, "
                f"{listings_path} has {self.listings.photo_count} photos."
            )
        self._keys: Keys = faiss.vector_to_array(self.index.id_map)

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
