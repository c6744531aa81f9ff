"""Shards of the photos: in any order, repeated, killed, they give the bytes of one."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cleaned_catalogue import SMALL, outputs
from drawn_catalogue import DrawnCatalogue, draw_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_jobs.clean.photos import prepare as photos_module
from batch_jobs.clean.stage import CleanOptions, run
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Shard
from release.store import Store

PHOTOS_A_FILE = 3


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnCatalogue:
    """15 photos: a repeat in a listing, a group across listings and files, a damaged one."""
    catalogue = draw_catalogue(tmp_path_factory.mktemp("drawn") / "drawn", listings=5, photos=3)
    ids = list(catalogue.listing_of)
    shutil.copy(catalogue.photo(ids[0]), catalogue.photo(ids[14]))
    shutil.copy(catalogue.photo(ids[5]), catalogue.photo(ids[3]))
    catalogue.photo(ids[7]).write_bytes(b"damaged")
    return catalogue


@pytest.fixture(scope="module", autouse=True)
def small_files() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photos_module, "MAX_FILE_BYTES", PHOTOS_A_FILE * 3 * SMALL.size**2)
        yield


def clean_shard(drawn: DrawnCatalogue, store: Path, index: int, count: int) -> Done | None:
    options = CleanOptions(SMALL.size, Shard(index, count))
    opened = Store(str(store), create=True)
    return run(opened, str(drawn.folder), options, "a-run", Progress())


@pytest.fixture(scope="module")
def whole(drawn: DrawnCatalogue, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    store = tmp_path_factory.mktemp("whole")
    assert clean_shard(drawn, store, 0, 1)
    found = outputs(store)
    assert sum(name.startswith("photos-") for name in found) == 5
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 7), st.randoms(use_true_random=False))
def test_shards_in_any_order_and_repeated_give_the_bytes_of_one(
    drawn: DrawnCatalogue,
    whole: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    count: int,
    rng: random.Random,
) -> None:
    store = tmp_path_factory.mktemp("shards")
    order = [*range(count), rng.randrange(count)]
    rng.shuffle(order)
    ends = [clean_shard(drawn, store, index, count) for index in order]
    assert ends[-1] is not None
    assert outputs(store) == whole


def test_all_shards_but_the_last_leave_the_stage_unfinished(
    drawn: DrawnCatalogue, tmp_path: Path
) -> None:
    ends = [clean_shard(drawn, tmp_path, index, 5) for index in range(5)]
    assert [done is not None for done in ends] == [False] * 4 + [True]


def test_a_shard_without_photos_does_no_harm(
    drawn: DrawnCatalogue, whole: dict[str, bytes], tmp_path: Path
) -> None:
    for index in reversed(range(9)):
        done = clean_shard(drawn, tmp_path, index, 9)
    assert done
    assert outputs(tmp_path) == whole
