"""Nearest-neighbour search over the segments of a release, by photo and by listing."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from release.allowed import Allowed
from release.errors import QueryError, UnknownIdError
from release.filters import Filters
from release.listings import Listing, Photo, Shown
from release.queries import moved, unit_queries
from release.segment import Segment
from release.shown import newest, shown
from release.vector_index import Embeddings

Answer = TypeVar("Answer")
# Similarities that differ by less are equal: float32 sums differ with the order of adding.
DIGITS = 6
SEGMENTS_AT_ONCE = 4
PHOTOS_SHOWN = 8  # of a listing, at most


@dataclass(frozen=True)
class PhotoHit:
    """A photo found; `similarity` is the cosine, -1 to 1."""

    photo: Photo
    similarity: float


@dataclass(frozen=True)
class ListingHit:
    """A listing found, its nearest photo, and that photo's cosine; `photos` has others too.

    The nearest is the first of `photos`, the others are in the order of their ids.
    """

    listing: Listing
    photo: Photo
    similarity: float
    photos: tuple[Photo, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What is wanted of the listings found.

    Those in `without`, `like` and `dislike` are left out, as whoever names them knows them. The
    query moves towards `like` and away from `dislike`. None has a cosine below `min_similarity`.
    """

    filters: Filters | None = None
    without: frozenset[str] = frozenset()
    like: tuple[str, ...] = ()
    dislike: tuple[str, ...] = ()
    min_similarity: float | None = None

    @property
    def left_out(self) -> frozenset[str]:
        return self.without.union(self.like, self.dislike)


EVERYTHING = Wanted()


class FaissSearch:
    """Takes the features of one or several photos and finds the nearest ones."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        widths = {segment.width for segment in segments}
        if len(widths) != 1:
            raise QueryError(f"Segments of one width are needed, these have {sorted(widths)}.")
        self.segments = tuple(segments)
        self._threads = ThreadPoolExecutor(min(SEGMENTS_AT_ONCE, len(segments)))
        self.width = widths.pop()

    @property
    def photo_count(self) -> int:
        return sum(segment.photo_count for segment in self.segments)

    @property
    def listing_count(self) -> int:
        return sum(segment.listing_count for segment in self.segments)

    def search(self, features: ArrayLike, k: int) -> list[list[str]]:
        """For each row of `features` the `k` nearest image ids, nearest first.

        `features` is (n, width) or (width,), any length but zero. Fewer than `k` come back only
        where the release has fewer. Raises QueryError for another shape or a `k` below 1.
        """
        return [[hit.photo.image_id for hit in hits] for hits in self.search_photos(features, k)]

    def search_photos(
        self, features: ArrayLike, k: int, filters: Filters | None = None
    ) -> list[list[PhotoHit]]:
        """As `search`, with similarities; equal ones are in the order of ids."""
        return self._nearest(self._checked(features, k), k, self._allowed(filters))

    def search_listings(
        self, features: ArrayLike, k: int, wanted: Wanted = EVERYTHING
    ) -> list[ListingHit]:
        """The `k` listings nearest to one item, of which `features` may hold several photos.

        A listing counts with its nearest photo. All `k` come back where so many match. Raises
        QueryError, and UnknownIdError for a listing liked or disliked that there is not.
        """
        queries = self._moved(self._checked(features, k), wanted)
        hidden = sum(len(photos) for photos in self._photos_of(wanted.left_out))
        ratio = max(1.0, self.photo_count / max(1, self.listing_count))
        asked = math.ceil(k if ratio == 1 else 1.5 * k * ratio + 2) + hidden
        allowed = self._allowed(wanted.filters)
        while True:
            found = self._nearest(queries, asked, allowed)
            hits = _by_listing(found, wanted)
            if len(hits) >= k or all(_is_last(hits_of, asked, wanted) for hits_of in found):
                return self._with_listings(hits[:k])
            asked *= 4

    def listing(self, product_id: str) -> Listing:
        """Raises UnknownIdError."""
        return self._segment_of(product_id).listings.listing(product_id)

    def shown(self, product_ids: Sequence[str], most: int) -> dict[str, Shown]:
        """By id those listings that there are, with at most so many photos each."""
        return shown(self.segments, product_ids, most)

    def newest(self, count: int) -> list[Shown]:
        """The listings put up last, the newest first; those of unknown age at the end."""
        ids = newest(self.segments, count)
        found = self.shown(ids, PHOTOS_SHOWN)
        return [found[product_id] for product_id in ids]

    def photo(self, image_id: str) -> Photo:
        """Raises UnknownIdError."""
        for segment in self.segments[:-1]:
            try:
                return segment.photo(image_id)
            except UnknownIdError:
                continue
        return self.segments[-1].photo(image_id)

    def features_of(self, product_id: str) -> Embeddings:
        """The vectors of a listing's photos, (n, width). Raises UnknownIdError."""
        segment = self._segment_of(product_id)
        photos = segment.listings.photos_of(product_id)
        if not photos:
            raise UnknownIdError(f"Listing {product_id!r} has no photo that can be searched.")
        return segment.embeddings_of([photo.image_id for photo in photos])

    def _allowed(self, filters: Filters | None) -> Mapping[Segment, Allowed]:
        """What filters let through, for all rounds of a search: words may take longer than these.

        Without filters nothing, and each segment has all that is not gone.
        """
        if not filters:
            return {}
        found = self._each(lambda segment: segment.allowed(filters))
        return dict(zip(self.segments, found, strict=True))

    def _nearest(
        self, queries: Embeddings, k: int, allowed: Mapping[Segment, Allowed]
    ) -> list[list[PhotoHit]]:
        found = self._each(lambda segment: _hits(segment, queries, k, allowed.get(segment)))
        return [
            sorted((hit for part in parts for hit in part), key=_nearest_first)[:k]
            for parts in zip(*found, strict=True)
        ]

    def _each(self, ask: Callable[[Segment], Answer]) -> list[Answer]:
        # Alone, a segment is asked where the caller is: no thread to wake.
        every = map if len(self.segments) == 1 else self._threads.map
        return list(every(ask, self.segments))

    def _moved(self, queries: Embeddings, wanted: Wanted) -> Embeddings:
        liked, disliked = (
            [self.features_of(product_id) for product_id in product_ids]
            for product_ids in (wanted.like, wanted.dislike)
        )
        return moved(queries, liked, disliked)

    def _photos_of(self, product_ids: frozenset[str]) -> Iterator[list[Photo]]:
        for segment in self.segments:
            for product_id in product_ids:
                yield segment.listings.photos_of(product_id)

    def _segment_of(self, product_id: str) -> Segment:
        for segment in self.segments:
            if segment.has(product_id):
                return segment
        raise UnknownIdError(f"There is no listing {product_id!r} in this release.")

    def _checked(self, features: ArrayLike, k: int) -> Embeddings:
        if k < 1:
            raise QueryError(f"k is {k}; it must be at least 1.")
        return unit_queries(features, self.width)

    def _with_listings(self, hits: Sequence[PhotoHit]) -> list[ListingHit]:
        found = self.shown([hit.photo.product_id for hit in hits], PHOTOS_SHOWN)
        return [_with_listing(hit, found[hit.photo.product_id]) for hit in hits]


def _with_listing(hit: PhotoHit, found: Shown) -> ListingHit:
    others = [photo for photo in found.photos if photo != hit.photo]
    photos = (hit.photo, *others[: PHOTOS_SHOWN - 1])
    return ListingHit(found.listing, hit.photo, hit.similarity, photos)


def _hits(
    segment: Segment, queries: Embeddings, k: int, allowed: Allowed | None
) -> list[list[PhotoHit]]:
    """At least the `k` nearest of a segment, and whatever is as near as the k-th."""
    asked = k + 1
    while True:
        similarities, keys = segment.nearest(queries, asked, allowed)
        rounded = np.round(similarities.astype(np.float64), DIGITS)
        if keys.shape[1] < asked or (rounded[:, -1] < rounded[:, k - 1]).all():
            break
        asked *= 4
    photos = segment.listings.photos_by_key(sorted(set(keys.ravel().tolist())))
    return [
        [PhotoHit(photos[key], min(1.0, near)) for near, key in zip(*row, strict=True)]
        for row in zip(rounded.tolist(), keys.tolist(), strict=True)
    ]


def _by_listing(found: list[list[PhotoHit]], wanted: Wanted) -> list[PhotoHit]:
    best: dict[str, PhotoHit] = {}
    for hit in sorted((hit for hits in found for hit in hits), key=_nearest_first):
        if hit.photo.product_id not in wanted.left_out and _is_near(hit, wanted):
            best.setdefault(hit.photo.product_id, hit)
    return list(best.values())


def _is_last(hits: list[PhotoHit], asked: int, wanted: Wanted) -> bool:
    """Whether asking for more photos would find none that is wanted."""
    return len(hits) < asked or not _is_near(hits[-1], wanted)


def _is_near(hit: PhotoHit, wanted: Wanted) -> bool:
    return wanted.min_similarity is None or hit.similarity >= wanted.min_similarity


def _nearest_first(hit: PhotoHit) -> tuple[float, str]:
    return -hit.similarity, hit.photo.image_id
