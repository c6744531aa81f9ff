"""Training batches: pairs of photos of one listing, each cropped and coloured by chance.

Crops are smaller than the photos that the network is tested on, because a random crop shows things
larger: Touvron et al., "Fixing the train-test resolution discrepancy", NeurIPS 2019.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from batch_jobs.train.photos import PhotoSet

CROP_SHARE = 176 / 224  # of the photo's side

Place = tuple[int, int]  # a photo's place, and the seed of its augmentation


def augmentation(size: int) -> v2.Transform:
    """For (3, size, size) uint8: second-hand photos differ in framing, light and camera."""
    crop = round(size * CROP_SHARE)
    return v2.Compose(
        [
            v2.RandomResizedCrop(crop, scale=(0.4, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.02),
        ]
    )


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
    listings: NDArray[np.int64], places: NDArray[np.int64], batch_size: int, seed: int
) -> list[list[Place]]:
    """Every photo about once, beside a sibling where it has one, else beside itself."""
    random = np.random.default_rng(seed)
    pairs: list[tuple[int, int]] = []
    shuffled = random.permutation(places)
    for own in _by_listing(listings[shuffled], shuffled):
        padded = own if len(own) % 2 == 0 else [*own, own[0]]
        pairs += zip(padded[::2], padded[1::2], strict=True)
    order = random.permutation(len(pairs))
    ordered = [place for pair in order.tolist() for place in pairs[pair]]
    seeds = random.integers(2**62, size=len(ordered)).tolist()
    indexed = list(zip(ordered, seeds, strict=True))
    step = batch_size - batch_size % 2
    return [indexed[start : start + step] for start in range(0, len(indexed), step)]


def _by_listing(listings: NDArray[np.int64], places: NDArray[np.int64]) -> Iterator[list[int]]:
    order = np.argsort(listings, kind="stable")
    cuts = np.flatnonzero(np.diff(listings[order])) + 1
    for own in np.split(places[order], cuts):
        yield own.tolist()


def load(
    photos: PhotoSet, batches: list[list[Place]], workers: int
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Batches of (n, crop, crop, 3) uint8 and the photos' places (n,)."""
    return DataLoader(AugmentedPhotos(photos), batch_sampler=batches, num_workers=workers)
