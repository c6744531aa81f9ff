"""What a listing must be to be found, and which rows of a segment that leaves."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from release.errors import QueryError
from release.listings import Listings
from release.rows import Rows

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Filters:
    """None admits everything. Bounds are inclusive; a listing that lacks what is asked is left out.

    `category` is the beginning of a path, `location` the whole of it in any case.
    """

    category: tuple[str, ...] | None = None
    price_min: float | None = None
    price_max: float | None = None
    location: str | None = None
    listed_after: datetime | None = None
    product_ids: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.listed_after is not None and self.listed_after.tzinfo is None:
            raise QueryError(
                f"listed_after is {self.listed_after.isoformat()} without a time zone; "
                "add one, such as Z for UTC."
            )

    def __bool__(self) -> bool:
        return self != Filters()


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
        named = np.zeros_like(mask)
        named[listings.numbers_of(filters.product_ids)] = True
        mask &= named
    return mask


def _category_range(prefix: tuple[str, ...], paths: list[tuple[str, ...]]) -> tuple[int, int]:
    """Paths are sorted, so those below a category have numbers from one to before another."""

    def beginning(path: tuple[str, ...]) -> tuple[str, ...]:
        return path[: len(prefix)]

    return bisect_left(paths, prefix, key=beginning), bisect_right(paths, prefix, key=beginning)
