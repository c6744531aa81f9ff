"""A segment: a FAISS index, its rows, and the listings it covers, written and opened together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from release.allowed import Allowed
from release.array_file import read_array
from release.blobs import blob_of
from release.errors import ReleaseFileError, UnknownIdError
from release.filters import Filters, matching
from release.listings import Listings, Photo, Shown, photo_key
from release.manifest import INDEX_FILE, LISTINGS_FILE, ROWS_FILE, TOMBSTONES_FILE
from release.rows import Rows, open_rows
from release.vector_index import Embeddings, Similarities, VectorIndex

Keys = NDArray[np.int64]  # (n, k)

FILES = (INDEX_FILE, LISTINGS_FILE, ROWS_FILE)


@dataclass(frozen=True)
class SegmentFiles:
    """Where a segment's files are; `tombstones` is None where no listing of it is gone."""

    index: Path
    listings: Path
    rows: Path
    tombstones: Path | None = None


def files_in(folder: Path) -> SegmentFiles:
    """Those of a folder that a segment was written into."""
    gone = folder / TOMBSTONES_FILE
    index, listings, rows = (folder / name for name in FILES)
    return SegmentFiles(index, listings, rows, gone if gone.exists() else None)


class Segment:
    """An index with its listings, without those that tombstones name.

    `known` has the SHA-256 of files that the caller has just checked; of others it is computed.
    Raises ReleaseFileError where a file is damaged, foreign, of newer software, or fits no other.
    """

    def __init__(
        self, files: SegmentFiles, known: Mapping[Path, str] = MappingProxyType({})
    ) -> None:
        paths = {"index_sha256": files.index, "listings_sha256": files.listings}
        self._rows = open_rows(
            files.rows,
            {name: known.get(path) or _sha256(path) for name, path in paths.items()},
            is_checked=files.rows in known,
        )
        self.listings = Listings(files.listings)
        self._vectors = VectorIndex(files.index, self._rows.list)
        self._dead = _read_tombstones(files.tombstones, len(self._rows.price))
        self._check_counts(files)

    def _check_counts(self, files: SegmentFiles) -> None:
        vectors, rows = self._vectors.count, len(self._rows.key)
        if vectors != rows:
            raise ReleaseFileError(
                f"{files.index} and {files.rows} do not fit: {vectors} vectors and {rows} rows."
            )

    @property
    def width(self) -> int:
        return self._vectors.width

    @cached_property
    def photo_count(self) -> int:
        return len(self._rows.key) if self._alive is None else self._alive.count

    @property
    def listing_count(self) -> int:
        return self.listings.listing_count - len(self._dead)

    def allowed(self, filters: Filters) -> Allowed:
        """The rows of photos whose listings match and are not gone."""
        mask = matching(filters, self._rows, self.listings)
        mask[self._dead] = False
        return Allowed(mask[self._rows.listing])

    def nearest(
        self, queries: Embeddings, k: int, allowed: Allowed | None = None
    ) -> tuple[Similarities, Keys]:
        """Similarities and photo keys, each (n, at most k), nearest first; all k where k match.

        Those that match are the rows of `allowed`, without it all that are not gone.
        """
        similarities, rows = self._vectors.nearest(queries, k, allowed or self._alive)
        return similarities, self._rows.key[rows]

    def embeddings_of(self, image_ids: Sequence[str]) -> Embeddings:
        """The photos' vectors as the index knows them, (n, width)."""
        keys = np.array([photo_key(image_id) for image_id in image_ids], dtype=np.int64)
        return self._vectors.vectors(np.searchsorted(self._rows.key, keys))

    def has(self, product_id: str) -> bool:
        """Whether the listing is here and not gone."""
        numbers = self.listings.numbers_of([product_id])
        return bool(numbers) and not np.isin(numbers, self._dead).any()

    def shown(self, product_ids: Iterable[str], most: int) -> dict[str, Shown]:
        """By id the listings that are here and not gone, with at most so many photos each."""
        dead = self._dead_numbers
        found = self.listings.shown(product_ids, most)
        return {one.listing.product_id: one for n, one in found.items() if n not in dead}

    @property
    def rows(self) -> Rows:
        """The columns, also of listings that are gone."""
        return self._rows

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """Which listings are not gone, (listings,) by number."""
        mask = np.ones(len(self._rows.price), dtype=np.bool_)
        mask[self._dead] = False
        return mask

    def photo(self, image_id: str) -> Photo:
        """Raises UnknownIdError, also for a photo of a listing that is gone."""
        photo = self.listings.photo(image_id)
        if not self.has(photo.product_id):
            raise UnknownIdError(f"There is no photo {image_id!r} in this release.")
        return photo

    def photo_count_of(self, numbers: NDArray[np.uint32]) -> int:
        """How many photos these listings have, gone or not."""
        return int(np.isin(self._rows.listing, numbers).sum())

    def product_ids(self) -> list[str]:
        """Of the listings that are not gone."""
        dead = self._dead_numbers
        return [name for n, name in enumerate(self.listings.product_ids()) if n not in dead]

    def contents(self) -> dict[str, bytes]:
        """By product id what `content_of` gave, of the listings that are not gone."""
        every = self.listings.contents()
        return {product_id: every[product_id] for product_id in self.product_ids()}

    @property
    def tombstones(self) -> NDArray[np.uint32]:
        """The numbers of the listings that are gone, ascending."""
        return self._dead

    @cached_property
    def _alive(self) -> Allowed | None:
        return Allowed(self.alive[self._rows.listing]) if len(self._dead) else None

    @cached_property
    def _dead_numbers(self) -> frozenset[int]:
        return frozenset(self._dead.tolist())


def write_tombstones(path: Path, numbers: Iterable[int]) -> None:
    """`numbers`: of the listings that are gone from a segment (`Listings.numbers_of`)."""
    with path.open("wb") as file:
        np.save(file, np.unique(np.array(list(numbers), dtype=np.uint32)))


def _read_tombstones(path: Path | None, listings: int) -> NDArray[np.uint32]:
    if path is None:
        return np.empty(0, np.uint32)
    found = read_array(path, "tombstones")
    if found.dtype != np.uint32 or found.ndim != 1:
        raise ReleaseFileError(f"{path} is not a file of tombstones: it has another shape.")
    if (found >= listings).any():
        raise ReleaseFileError(f"{path} names listings that its segment of {listings} lacks.")
    return found


def _sha256(path: Path) -> str:
    try:
        return blob_of(path).sha256
    except OSError as error:
        raise ReleaseFileError(f"{path} cannot be read: {error.strerror}.") from error
