"""Batches: siblings side by side, labels balanced, the same ones for the same seed."""

import io
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_split import photo_set

from batch_jobs.train.augment import NewMargins, crop_side
from batch_jobs.train.batches import AugmentedPhotos, BatchShape, epoch_batches
from batch_jobs.train.jpegs import Jpegs

EIGHT = [0, 0, 0, 1, 1, 2, 3, 3]


def places_of(batches: list[list[tuple[int, int]]]) -> list[int]:
    return [place for batch in batches for place, _ in batch]


def test_photos_of_one_listing_are_side_by_side() -> None:
    photos = photo_set(EIGHT)
    (batch,) = epoch_batches(photos, np.arange(8), BatchShape(8, 2), seed=0)
    counts = Counter(int(photos.listings[place]) for place, _ in batch)
    assert len(batch) == 8
    assert all(counts[listing] % 2 == 0 for listing in (0, 1, 3) if counts[listing])


@given(
    rows=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4)), min_size=1, max_size=60),
    shape=st.tuples(st.sampled_from([2, 4, 16]), st.integers(1, 4)),
    seed=st.integers(0, 5),
)
def test_batches_are_whole_and_of_training_photos_alone(
    rows: list[tuple[int, int]], shape: tuple[int, int], seed: int
) -> None:
    photos = photo_set([listing for listing, _ in rows], labels=[label for _, label in rows])
    places = np.arange(0, len(rows), 2)
    batches = epoch_batches(photos, places, BatchShape(*shape), seed)
    assert {len(batch) for batch in batches} == {shape[0]}
    assert set(places_of(batches)) <= set(places.tolist())
    assert batches == epoch_batches(photos, places, BatchShape(*shape), seed)


def test_labels_have_the_square_root_of_their_share_in_every_batch() -> None:
    labels = [0] * 900 + [1] * 100
    photos = photo_set(list(range(1000)), labels=labels)
    batches = epoch_batches(photos, np.arange(1000), BatchShape(100, 2), seed=1)
    for batch in batches:
        assert 22 <= sum(labels[place] for place, _ in batch) <= 28  # a quarter, not a tenth


def test_photos_of_a_label_come_once_before_any_comes_twice() -> None:
    photos = photo_set(list(range(50)))
    places = places_of(epoch_batches(photos, np.arange(50), BatchShape(10, 2), seed=0))
    assert sorted(places) == list(range(50))


def test_the_seed_decides_order_and_augmentation() -> None:
    photos, shape = photo_set(EIGHT), BatchShape(4, 2)
    one = epoch_batches(photos, np.arange(8), shape, seed=1)
    assert one != epoch_batches(photos, np.arange(8), shape, seed=2)


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
    assert first.shape == (48, 48, 3)


def test_crops_of_224_pixels_are_176() -> None:
    assert crop_side(224) == 176


def test_only_white_margins_change_their_colour() -> None:
    photo = torch.full((3, 40, 40), 255, dtype=torch.uint8)
    photo[:, 10:30] = torch.randint(0, 240, (3, 20, 40), dtype=torch.uint8)
    torch.manual_seed(0)
    changed = NewMargins()(photo)
    assert torch.equal(changed[:, 10:30], photo[:, 10:30])
    for margin in (changed[:, :10], changed[:, 30:]):
        assert (margin == margin[:, :1, :1]).all()
        assert (margin < 255).any()


def test_a_process_that_is_not_forked_maps_the_photos_anew(tmp_path: Path) -> None:
    (tmp_path / "photos.bin").write_bytes(b"onetwothree")
    np.save(tmp_path / "ends.npy", np.array([3, 6, 11]))
    again = pickle.loads(pickle.dumps(Jpegs(tmp_path)))  # noqa: S301  # our own
    assert [again[place] for place in range(3)] == [b"one", b"two", b"three"]
