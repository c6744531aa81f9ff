"""Splits a catalogue by listing: no held-out photo has a sibling among the training photos."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch_jobs.train.photos import PhotoSet
from release.errors import JobError

PARTS = ("train", "validation", "test")
# Of every 20 listings in the order of their labels, those held out: 15 % each.
_PERIOD, _VALIDATION, _TEST = 20, (2, 9, 15), (5, 12, 18)
_FEWEST = 7  # units; with fewer, nothing is held out


@dataclass(frozen=True)
class Fold:
    """Part `index` of `count` of the listings is the test part."""

    index: int
    count: int

    def __post_init__(self) -> None:
        if not (self.count >= 2 and 0 <= self.index < self.count):
            raise JobError(f"Fold {self.index} of {self.count}: there are at least two, from 0.")


@dataclass(frozen=True)
class Split:
    """For each photo its part, by place in PARTS; (n,) int64."""

    parts: NDArray[np.int64]

    def places(self, *names: str) -> NDArray[np.int64]:
        """The places of the photos that belong to any of the parts."""
        return np.flatnonzero(np.isin(self.parts, [PARTS.index(name) for name in names]))

    def by_listing(self, photos: PhotoSet) -> dict[str, str]:
        """Each listing's part, in the order of their ids."""
        parts = dict(zip(photos.listings.tolist(), self.parts.tolist(), strict=True))
        return {photos.product_ids[number]: PARTS[parts[number]] for number in sorted(parts)}


def split_by_listing(photos: PhotoSet, seed: int, fold: Fold | None = None) -> Split:
    """A seeded split, in which each label has its share of each part.

    Listings that share a photo (a duplicate group) stay together. Validation and test get 15 % of
    the listings each, none where there are fewer than seven. With a fold, it is the test part, and
    validation gets 15 % of the rest.
    """
    units = _units(photos)  # (n,) listings that must stay together have one number
    order = _by_label(units, photos.labels, seed)  # every unit once
    parts = np.zeros(len(order), np.int64)
    if fold:
        tested = np.arange(len(order)) % fold.count == fold.index
        parts[tested] = PARTS.index("test")
        rest = np.flatnonzero(~tested)
        parts[rest[_slots(len(rest), seed, _VALIDATION)]] = PARTS.index("validation")
    elif len(order) >= _FEWEST:
        parts[_slots(len(order), seed, _VALIDATION)] = PARTS.index("validation")
        parts[_slots(len(order), seed, _TEST)] = PARTS.index("test")
    part_of = dict(zip(order.tolist(), parts.tolist(), strict=True))
    return Split(np.array([part_of[unit] for unit in units.tolist()], dtype=np.int64))


def _slots(count: int, seed: int, chosen: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which of `count` units in order are at the chosen places of each period."""
    start = int(np.random.default_rng(seed).integers(_PERIOD)) if count >= _PERIOD else 0
    return np.isin((np.arange(count) + start) % _PERIOD, chosen)


def _by_label(units: NDArray[np.int64], labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The units in the order of their labels, shuffled within each."""
    unique, first = np.unique(units, return_index=True)
    shuffled = np.random.default_rng(seed).permutation(len(unique))
    order: NDArray[np.int64] = shuffled[np.argsort(labels[first][shuffled], kind="stable")]
    return unique[order]


def _units(photos: PhotoSet) -> NDArray[np.int64]:
    """Joins listings through the duplicate groups that they share."""
    root = list(range(len(photos.product_ids)))

    def find(listing: int) -> int:
        while root[listing] != listing:
            root[listing] = root[root[listing]]
            listing = root[listing]
        return listing

    first_in_group: dict[str, int] = {}
    for listing, group in zip(photos.listings.tolist(), photos.groups, strict=True):
        root[find(listing)] = find(first_in_group.setdefault(group, listing))
    return np.array([find(listing) for listing in photos.listings.tolist()], dtype=np.int64)
