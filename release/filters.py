"""What a listing must be to be found, and which rows of a segment that leaves."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from release.errors import QueryError
from release.listings import Listings
from release.rows import Rows
from release.words import words_of

Mask = NDArray[np.bool_]
MAX_TEXT = 200  # characters of `words`
MAX_WORDS = 10  # in a million titles a letter takes 0.2 s


@dataclass(frozen=True)
class Filters:
    """None admits everything. Bounds are inclusive; a listing that lacks what is asked is left out.

    `category` is the beginning of a path, `location` the whole of it in any case; each of `words`
    begins a word of the title, without regard to case and accents.
    """

    category: tuple[str, ...] | None = None
    price_min: float | None = None
    price_max: float | None = None
    location: str | None = None
    listed_after: datetime | None = None
    product_ids: frozenset[str] | None = None
    words: str | None = None

    def __post_init__(self) -> None:
        if self.listed_after is not None and self.listed_after.tzinfo is None:
            raise QueryError(
                f"listed_after is {self.listed_after.isoformat()} without a time zone; "
                "add one, such as Z for UTC."
            )
        if self.words is not None:
            check_words(self.words)

    def __bool__(self) -> bool:
        return self != Filters()


def check_words(text: str) -> None:
    """Raises QueryError where this is more text, or has more words, than `Filters` take."""
    if len(text) > MAX_TEXT:
        raise QueryError(f"words has {len(text)} characters; at most {MAX_TEXT} are searched for.")
    count = len(words_of(text))
    if count > MAX_WORDS:
        raise QueryError(
            f"There are {count} words; at most {MAX_WORDS} are searched for. Leave some out."
        )


def matching(filters: Filters, rows: Rows, listings: Listings) -> Mask:
    """Which listings of a segment match, (listings,) by number."""
    mask = np.ones(len(rows.price), dtype=np.bool_)
    if filters.category:
        first, end = _category_range(filters.category, listings.category_paths)
        mask &= (rows.category >= first) & (rows.category < end)
    if filters.price_min is not None:
        mask &= rows.price >= filters.price_min
    if filters.price_max is not None:
        mask &= rows.price <= filters.price_max
    if filters.location is not None:
        mask &= rows.location == listings.place_number(filters.location)
    if filters.listed_after is not None:
        mask &= rows.listed_at >= filters.listed_after.timestamp()
    if filters.product_ids is not None:
        mask &= _only(listings.numbers_of(filters.product_ids), len(mask))
    if filters.words is not None:
        with_words = listings.numbers_with_words(filters.words)
        if with_words is not None:
            mask &= _only(with_words, len(mask))
    return mask


def _only(numbers: list[int], count: int) -> Mask:
    mask = np.zeros(count, dtype=np.bool_)
    mask[numbers] = True
    return mask


def _category_range(prefix: tuple[str, ...], paths: list[tuple[str, ...]]) -> tuple[int, int]:
    """Paths are sorted, so those below a category have numbers from one to before another."""

    def beginning(path: tuple[str, ...]) -> tuple[str, ...]:
        return path[: len(prefix)]

    return bisect_left(paths, prefix, key=beginning), bisect_right(paths, prefix, key=beginning)
