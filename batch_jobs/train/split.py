"""Splits a catalogue by listing: no held-out photo has a sibling among the training photos."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch_jobs.train.photos import PhotoSet

PARTS = ("train", "validation", "test")
HELD_OUT_SHARE = 0.15  # of the listings, for validation and for test each


@dataclass(frozen=True)
class Split:
    """For each photo its part, by place in PARTS; (n,) int64."""

    parts: NDArray[np.int64]

    def places(self, *names: str) -> NDArray[np.int64]:
        """The places of the photos that belong to any of the parts."""
        return np.flatnonzero(np.isin(self.parts, [PARTS.index(name) for name in names]))


def split_by_listing(photos: PhotoSet, seed: int) -> Split:
    """A seeded split; listings that share a photo (a duplicate group) stay together.

    Validation and test get 15 % of the listings each, none where there are fewer than seven.
    """
    units = _units(photos)  # (n,) listings that must stay together have one number
    order = np.random.default_rng(seed).permutation(np.unique(units))
    held_out = round(len(order) * HELD_OUT_SHARE)
    part_of = dict.fromkeys(order.tolist(), 0)
    part_of.update(dict.fromkeys(order[:held_out].tolist(), 1))
    part_of.update(dict.fromkeys(order[held_out : 2 * held_out].tolist(), 2))
    return Split(np.array([part_of[unit] for unit in units.tolist()], dtype=np.int64))


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
