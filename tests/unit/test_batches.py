"""Training batches hold every photo, beside a sibling, the same ones for the same seed."""

import io

import numpy as np
import torch
from PIL import Image
from test_split import photo_set

from batch_jobs.train.batches import AugmentedPhotos, epoch_batches


def test_an_epoch_has_every_photo_and_pairs_are_of_one_listing() -> None:
    listings = np.array([0, 0, 0, 1, 1, 2, 3, 3])
    batches = epoch_batches(listings, np.arange(8), batch_size=4, seed=0)
    places = [place for batch in batches for place, _ in batch]
    assert set(places) == set(range(8))
    for first, second in zip(places[::2], places[1::2], strict=True):
        assert listings[first] == listings[second]
    assert max(len(batch) for batch in batches) == 4


def test_the_seed_decides_order_and_augmentation() -> None:
    listings = np.array([0, 0, 1, 1])
    one = epoch_batches(listings, np.arange(4), 4, seed=1)
    assert one == epoch_batches(listings, np.arange(4), 4, seed=1)
    assert one != epoch_batches(listings, np.arange(4), 4, seed=2)


def test_a_crop_depends_on_its_own_seed_alone() -> None:
    photos = photo_set([0])
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    photos.jpegs[0] = buffer.getvalue()
    dataset = AugmentedPhotos(photos)
    torch.manual_seed(1)
    first, _ = dataset[(0, 7)]
    torch.manual_seed(2)
    again, _ = dataset[(0, 7)]
    other, _ = dataset[(0, 8)]
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (50, 50, 3)  # 176 / 224 of 64
