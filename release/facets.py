"""What a release's listings are, counted: categories, prices, places, currency."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from release.segment import Segment

PLACES = 200
_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)  # within each power of ten


@dataclass(frozen=True)
class PriceBin:
    """So many listings have a price from `start` to below `end`."""

    start: float
    end: float
    listings: int


@dataclass(frozen=True)
class Facets:
    """Counts over the listings that are not gone.

    `currency` is None where priced listings have several or one of unknown name. `categories` are
    in the order of paths, `places` those with most listings, in the spelling used most.
    """

    currency: str | None
    categories: tuple[tuple[tuple[str, ...], int], ...]
    priced: int
    prices: tuple[PriceBin, ...]
    places: tuple[tuple[str, int], ...]


def facets_of(segments: Sequence[Segment]) -> Facets:
    """Counted from the columns of the rows."""
    prices = np.concatenate([segment.rows.price[segment.alive] for segment in segments])
    priced = prices[~np.isnan(prices)]
    return Facets(
        currency=_currency(segments),
        categories=_categories(segments),
        priced=len(priced),
        prices=price_bins(priced),
        places=_places(segments),
    )


def price_bins(prices: NDArray[np.float64]) -> tuple[PriceBin, ...]:
    """Bins from the first that has a price to the last; steps grow with the price.

    `prices` are (n,) finite and not below zero.
    """
    if not len(prices):
        return ()
    edges = _edges(float(prices.max()))
    counts = np.bincount(np.searchsorted(edges, prices, "right") - 1, minlength=len(edges) - 1)
    full = np.flatnonzero(counts)
    bins = zip(pairwise(edges), counts.tolist(), strict=True)
    every = [PriceBin(start, end, count) for (start, end), count in bins]
    return tuple(every[full[0] : full[-1] + 1])


def _edges(largest: float) -> list[float]:
    """0, 1, 1.5, 2, 3, 5, 7, 10, 15 ... up to the first that is above the largest price."""
    edges, power = [0.0], 0
    while True:
        for step in _STEPS:
            edges.append(float(f"{step}e{power}"))
            if edges[-1] > largest:
                return edges
        power += 1


def _currency(segments: Sequence[Segment]) -> str | None:
    found = {
        currency
        for segment in segments
        for currency in segment.listings.currencies(segment.tombstones.tolist())
    }
    return found.pop() if len(found) == 1 else None


def _categories(segments: Sequence[Segment]) -> tuple[tuple[tuple[str, ...], int], ...]:
    found = Counter[tuple[str, ...]]()
    for segment in segments:
        paths = segment.listings.category_paths
        for number, count in _counts(segment.rows.category[segment.alive]):
            found[paths[number]] += count
    return tuple(sorted(found.items()))


def _places(segments: Sequence[Segment]) -> tuple[tuple[str, int], ...]:
    """Those whose name is empty are left out."""
    found, names = Counter[str](), dict[str, str]()
    for segment in segments:
        places = segment.listings.places()
        for number, count in _counts(segment.rows.location[segment.alive]):
            place = places[number]
            found[place.folded] += count
            names.setdefault(place.folded, place.name)
    named = ((names[folded], count) for folded, count in found.items() if folded)
    return tuple(sorted(named, key=lambda one: (-one[1], one[0]))[:PLACES])


def _counts(numbers: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Each number that there is with how often."""
    counts = np.bincount(numbers)
    there = np.flatnonzero(counts)
    return list(zip(there.tolist(), counts[there].tolist(), strict=True))
