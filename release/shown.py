"""Listings as they are shown, with their photos, over the segments of a release; the newest."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from release.listings import Shown
from release.segment import Segment


def shown(segments: Iterable[Segment], product_ids: Iterable[str], most: int) -> dict[str, Shown]:
    """By id the listings that are there and not gone, with at most so many photos each."""
    found: dict[str, Shown] = {}
    missing = set(product_ids)
    for segment in segments:
        if missing:
            found |= segment.shown(missing, most)
            missing -= found.keys()
    return found


def newest(segments: Iterable[Segment], count: int) -> list[str]:
    """The ids of the listings put up last, the newest first; those of unknown age at the end.

    Of listings put up in the same second those with smaller ids come first.
    """
    found = [one for segment in segments for one in _newest(segment, count)]
    found.sort(key=lambda one: (-one[0], one[1]))
    return [product_id for _, product_id in found[:count]]


def _newest(segment: Segment, count: int) -> list[tuple[int, str]]:
    alive = np.flatnonzero(segment.alive)
    times = segment.rows.listed_at[alive]
    numbers = alive[_largest(times, count)].tolist()
    ids = segment.listings.ids_of(numbers)
    return [(int(segment.rows.listed_at[number]), ids[number]) for number in numbers]


def _largest(values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Places of the largest values; of equal ones, the first."""
    if len(values) <= count:
        return np.arange(len(values))
    least = np.partition(values, len(values) - count)[len(values) - count]
    above = np.flatnonzero(values > least)
    equal = np.flatnonzero(values == least)[: count - len(above)]
    return np.concatenate([above, equal])
