"""Exact nearest-neighbour search over the segments of a release, by photo and by listing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from release.errors import QueryError, UnknownIdError
from release.listings import Filters, Listing, Photo
from release.segment import Embeddings, Segment


@dataclass(frozen=True)
class PhotoHit:
    """A photo found; `similarity` is the cosine, -1 to 1."""

    photo: Photo
    similarity: float


@dataclass(frozen=True)
class ListingHit:
    """A listing found, its nearest photo, and that photo's cosine."""

    listing: Listing
    photo: Photo
    similarity: float


class FaissSearch:
    """Takes the features of one or several photos and finds the nearest ones."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        widths = {segment.width for segment in segments}
        if len(widths) != 1:
            raise QueryError(f"Segments of one width are needed, these have {sorted(widths)}.")
        self._segments = tuple(segments)
        self.width = widths.pop()

    @property
    def photo_count(self) -> int:
        return sum(segment.listings.photo_count for segment in self._segments)

    @property
    def listing_count(self) -> int:
        return sum(segment.listings.listing_count for segment in self._segments)

    def search(self, features: ArrayLike, k: int) -> list[list[str]]:
        """For each row of `features` the `k` nearest image ids, nearest first.

        `features` is (n, width) or (width,), any length but zero. Fewer than `k` come back only
        where the release has fewer. Raises QueryError for another shape or a `k` below 1.
        """
        return [[hit.photo.image_id for hit in hits] for hits in self.search_photos(features, k)]

    def search_photos(
        self, features: ArrayLike, k: int, filters: Filters | None = None
    ) -> list[list[PhotoHit]]:
        """As `search`, with similarities; those found and equal are in the order of ids."""
        queries = self._checked(features, k)
        per_query: list[list[PhotoHit]] = [[] for _ in queries]
        for segment in self._segments:
            subset = segment.listings.matching_keys(filters) if filters else None
            similarities, keys = segment.nearest(queries, k, subset)
            photos = segment.listings.photos_by_key(np.unique(keys).tolist())
            for hits, row, row_keys in zip(per_query, similarities, keys, strict=True):
                hits += [
                    PhotoHit(photos[key], similarity)
                    for key, similarity in zip(row_keys.tolist(), row.tolist(), strict=True)
                ]
        return [sorted(hits, key=_nearest_first)[:k] for hits in per_query]

    def search_listings(
        self,
        features: ArrayLike,
        k: int,
        filters: Filters | None = None,
        without: str | None = None,
    ) -> list[ListingHit]:
        """The `k` listings nearest to one item, of which `features` may hold several photos.

        A listing counts with its nearest photo; the listing `without` is left out. All `k` come
        back where so many listings match.
        """
        total, asked = self.photo_count, 4 * k + 16
        while True:
            found = self.search_photos(features, asked, filters)
            hits = self._by_listing(found, without)
            if len(hits) >= k or asked >= total or all(len(photos) < asked for photos in found):
                return [self._with_listing(hit) for hit in hits[:k]]
            asked *= 4

    def listing(self, product_id: str) -> Listing:
        """Raises UnknownIdError."""
        return self._segment_of(product_id).listings.listing(product_id)

    def photo(self, image_id: str) -> Photo:
        """Raises UnknownIdError."""
        for segment in self._segments[:-1]:
            try:
                return segment.listings.photo(image_id)
            except UnknownIdError:
                continue
        return self._segments[-1].listings.photo(image_id)

    def features_of(self, product_id: str) -> Embeddings:
        """The embeddings of a listing's photos, (n, width). Raises UnknownIdError."""
        segment = self._segment_of(product_id)
        photos = segment.listings.photos_of(product_id)
        if not photos:
            raise UnknownIdError(f"Listing {product_id!r} has no photo that can be searched.")
        return segment.embeddings_of([photo.image_id for photo in photos])

    def _segment_of(self, product_id: str) -> Segment:
        for segment in self._segments:
            try:
                segment.listings.listing(product_id)
            except UnknownIdError:
                continue
            return segment
        raise UnknownIdError(f"There is no listing {product_id!r} in this release.")

    def _checked(self, features: ArrayLike, k: int) -> Embeddings:
        if k < 1:
            raise QueryError(f"k is {k}; it must be at least 1.")
        try:
            queries = np.atleast_2d(np.asarray(features, dtype=np.float64))
        except (TypeError, ValueError) as error:
            raise QueryError(f"Features must be numbers: {error}.") from error
        if queries.ndim != 2 or queries.shape[1] != self.width:
            raise QueryError(
                f"Features of shape (n, {self.width}) or ({self.width},) are needed, "
                f"these are {np.shape(features)}."
            )
        largest = np.abs(queries).max(axis=1, keepdims=True)
        if not (np.isfinite(largest).all() and (largest > 0).all()):
            raise QueryError("Features must be finite numbers and not all zero.")
        queries = queries / largest  # else the squares of very small ones are zero
        unit: Embeddings = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        return unit.astype(np.float32)

    @staticmethod
    def _by_listing(found: list[list[PhotoHit]], without: str | None) -> list[PhotoHit]:
        best: dict[str, PhotoHit] = {}
        for hit in sorted((hit for hits in found for hit in hits), key=_nearest_first):
            if hit.photo.product_id != without:
                best.setdefault(hit.photo.product_id, hit)
        return list(best.values())

    def _with_listing(self, hit: PhotoHit) -> ListingHit:
        return ListingHit(self.listing(hit.photo.product_id), hit.photo, hit.similarity)


def _nearest_first(hit: PhotoHit) -> tuple[float, str]:
    return -hit.similarity, hit.photo.image_id
