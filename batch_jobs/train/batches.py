"""Training batches: P listings with K photos each, labels balanced, photos cropped by chance."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from batch_jobs.train.augment import augmentation
from batch_jobs.train.photos import PhotoSet

# A label's share of an epoch is the square root of its share of the photos: Mahajan et al.,
# "Exploring the Limits of Weakly Supervised Pretraining", ECCV 2018.
BALANCE = 0.5

Place = tuple[int, int]  # a photo's place, and the seed of its augmentation
Places = NDArray[np.int64]


@dataclass(frozen=True)
class BatchShape:
    """`photos` in a batch, up to `per_listing` of one listing."""

    photos: int
    per_listing: int


class AugmentedPhotos(Dataset[tuple[Tensor, Tensor]]):
    """Indexed by (place, seed), so that a photo's crop does not depend on who decodes it."""

    def __init__(self, photos: PhotoSet) -> None:
        self._photos = photos
        self._augment = augmentation(photos.size)

    def __getitem__(self, index: Place) -> tuple[Tensor, Tensor]:
        place, seed = index
        photo = self._photos.pixels([place])[0].permute(2, 0, 1)  # (3, size, size)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self._augment(photo).permute(1, 2, 0), torch.tensor(place)


def epoch_batches(
    photos: PhotoSet, places: Places, shape: BatchShape, seed: int
) -> list[list[Place]]:
    """About as many photos as there are `places`, in batches of just `shape.photos`.

    The same seed gives the same batches. What the last batch lacks is taken from the first.
    """
    random = np.random.default_rng(seed)
    ordered = [place for group in _in_order(photos, places, shape, random) for place in group]
    count = max(1, round(len(places) / shape.photos))
    wanted = np.resize(np.array(ordered, np.int64), count * shape.photos)
    seeds = random.integers(2**62, size=len(wanted)).tolist()
    indexed = list(zip(wanted.tolist(), seeds, strict=True))
    return [indexed[start : start + shape.photos] for start in range(0, len(indexed), shape.photos)]


def _in_order(
    photos: PhotoSet, places: Places, shape: BatchShape, random: np.random.Generator
) -> list[list[int]]:
    """Groups of photos of one listing; those of each label are spread evenly over the epoch."""
    by_label = [
        places[photos.labels[places] == label] for label in np.unique(photos.labels[places])
    ]
    weights = np.array([len(own) for own in by_label]) ** BALANCE
    shares = weights / weights.sum() * len(places)  # photos of each label
    at: list[tuple[float, list[int]]] = []
    for own, share in zip(by_label, shares.tolist(), strict=True):
        groups = _enough(_groups(photos, own, shape.per_listing, random), share)
        spread = (np.arange(len(groups)) + random.random()) / len(groups)
        at += zip(spread.tolist(), groups, strict=True)
    return [group for _, group in sorted(at)]


def _groups(
    photos: PhotoSet, places: Places, per_listing: int, random: np.random.Generator
) -> Iterator[list[int]]:
    """Without end: every listing's photos in groups, shuffled anew each time round.

    A photo that is left over is beside a sibling again, so that each has one to learn from.
    """
    while True:
        groups = []
        shuffled = random.permutation(places)
        for own in _by_listing(photos.listings[shuffled], shuffled):
            size = min(per_listing, len(own))
            padded = [*own, *own[: -len(own) % size]]
            groups += [padded[start : start + size] for start in range(0, len(padded), size)]
        yield from (groups[place] for place in random.permutation(len(groups)).tolist())


def _enough(groups: Iterator[list[int]], photos: float) -> list[list[int]]:
    """At least one group, and so many that they hold `photos`."""
    taken = [next(groups)]
    held = len(taken[0])
    while held < photos:
        taken.append(next(groups))
        held += len(taken[-1])
    return taken


def _by_listing(listings: NDArray[np.int64], places: Places) -> Iterator[list[int]]:
    order = np.argsort(listings, kind="stable")
    cuts = np.flatnonzero(np.diff(listings[order])) + 1
    for own in np.split(places[order], cuts):
        yield own.tolist()


def load(
    photos: PhotoSet, batches: list[list[Place]], workers: int, pin: bool
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Batches of (n, crop, crop, 3) uint8 and the photos' places (n,), decoded ahead by workers."""
    return DataLoader(
        AugmentedPhotos(photos),
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=4 if workers else None,
    )
