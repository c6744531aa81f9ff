"""The split keeps listings, and listings that share a photo, on one side."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.split import PARTS, Fold, split_by_listing


def photo_set(
    listings: list[int], groups: list[str] | None = None, labels: list[int] | None = None
) -> PhotoSet:
    ids = [f"image-{number}" for number in range(len(listings))]
    return PhotoSet(
        image_ids=ids,
        jpegs=[b""] * len(ids),
        listings=np.array(listings, dtype=np.int64),
        product_ids=[f"product-{number}" for number in range(max(listings) + 1)],
        groups=groups or ids,
        labels=np.array(labels or [0] * len(ids), dtype=np.int64),
        categories=[("Home", f"label {n}") for n in range(max(labels or [0]) + 1)],
        size=64,
    )


@given(
    rows=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), min_size=1, max_size=80),
    seed=st.integers(0, 5),
)
def test_no_listing_and_no_duplicate_group_straddles_the_split(
    rows: list[tuple[int, int]], seed: int
) -> None:
    listings = [listing for listing, _ in rows]
    groups = [f"group-{group}" for _, group in rows]
    parts = split_by_listing(photo_set(listings, groups), seed).parts
    for together in (listings, groups):
        for key in set(together):
            assert len({part for part, own in zip(parts, together, strict=True) if own == key}) == 1


def test_validation_and_test_get_a_share_each_and_the_seed_decides_which() -> None:
    photos = photo_set([listing for listing in range(100) for _ in range(3)])
    split = split_by_listing(photos, seed=1)
    assert [len(split.places(part)) for part in PARTS] == [210, 45, 45]
    assert (split.parts == split_by_listing(photos, seed=1).parts).all()
    assert (split.parts != split_by_listing(photos, seed=2).parts).any()


def test_a_catalogue_too_small_to_hold_out_trains_on_all() -> None:
    split = split_by_listing(photo_set([0, 0, 1]), seed=0)
    assert len(split.places("train")) == 3


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8), seed=st.integers(0, 9))
def test_each_label_has_its_share_of_each_part(sizes: list[int], seed: int) -> None:
    labels = [label for label, size in enumerate(sizes) for _ in range(size)]
    split = split_by_listing(photo_set(list(range(len(labels))), labels=labels), seed)
    if len(labels) < 20:
        return
    for label, size in enumerate(sizes):
        for part in PARTS[1:]:
            held_out = sum(labels[place] == label for place in split.places(part).tolist())
            assert abs(held_out - 0.15 * size) < 1.5


@given(sizes=st.lists(st.integers(1, 9), min_size=5, max_size=40), seed=st.integers(0, 3))
def test_folds_hold_out_every_listing_once(sizes: list[int], seed: int) -> None:
    listings = [listing for listing, size in enumerate(sizes) for _ in range(size)]
    photos = photo_set(listings)
    tests = [split_by_listing(photos, seed, Fold(fold, 5)).places("test") for fold in range(5)]
    assert sorted(place for test in tests for place in test.tolist()) == list(range(len(listings)))
    for test in tests:
        others = set(range(len(listings))) - set(test.tolist())
        assert not {listings[n] for n in test.tolist()} & {listings[n] for n in others}
