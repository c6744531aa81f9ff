"""Cleaning again: up to date, after a kill, after a change; and shards."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cleaned_catalogue import SMALL, clean, outputs
from drawn_catalogue import DrawnCatalogue, draw_catalogue

from batch_jobs.clean import photos as photos_module
from batch_jobs.clean.stage import run
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards
from release.store import Store


@pytest.fixture
def drawn(tmp_path: Path) -> DrawnCatalogue:
    return draw_catalogue(tmp_path / "drawn", listings=5, photos=3)


def test_all_photos_of_a_listing_are_in_one_shard(
    drawn: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = clean(drawn.folder, tmp_path / "whole")
    monkeypatch.setattr(photos_module, "SHARD_PHOTOS", 7)
    clean(drawn.folder, tmp_path / "store")
    folder = StageFolder(Store(str(tmp_path / "store")), "a-run", "clean")
    shards = [table.to_pylist() for _, table in read_shards(folder, "photos-")]
    assert [len(rows) for rows in shards] == [6, 6, 3]
    assert [row for rows in shards for row in rows] == whole.photos


def test_a_second_run_is_up_to_date_and_writes_nothing(
    drawn: DrawnCatalogue, tmp_path: Path
) -> None:
    first = clean(drawn.folder, tmp_path / "store")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*")}
    again = clean(drawn.folder, tmp_path / "store")
    assert again.done.outputs == first.done.outputs
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*")} == times


class Killed(BaseException):
    """Not an error that anything may catch."""


class MortalStore(Store):
    """Dies before its n-th write."""

    def __init__(self, url: str, writes: int) -> None:
        super().__init__(url, create=True)
        self.writes = writes

    def write(self, path: str, data: bytes | Path) -> None:
        if self.writes == 0:
            raise Killed
        self.writes -= 1
        super().write(path, data)


def test_killed_before_any_write_and_started_again_it_gives_the_same_bytes(
    drawn: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos_module, "SHARD_PHOTOS", 4)
    twins = sorted(drawn.listing_of)[0], sorted(drawn.listing_of)[-1]
    shutil.copy(drawn.photo(twins[0]), drawn.photo(twins[1]))
    drawn.photo(sorted(drawn.listing_of)[5]).write_bytes(b"damaged")
    cleaned = clean(drawn.folder, tmp_path / "whole")
    assert {row["duplicate_group"] for row in cleaned.photos} == {None, min(twins)}
    whole, kills = outputs(tmp_path / "whole"), 0
    while True:
        store = tmp_path / f"killed-{kills}"
        try:
            run(MortalStore(str(store), kills), str(drawn.folder), SMALL, "a-run", Progress())
        except Killed:
            kills += 1
        else:
            break
        again = clean(drawn.folder, store)
        assert outputs(store) == whole
        assert again.done.outputs == cleaned.done.outputs
    assert kills > 10


def test_shards_of_a_killed_run_are_not_made_again(
    drawn: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos_module, "SHARD_PHOTOS", 3)
    with pytest.raises(Killed):
        run(MortalStore(str(tmp_path / "s"), 8), str(drawn.folder), SMALL, "a-run", Progress())
    prepared = []
    prepare: Callable[..., Any] = photos_module.prepare
    monkeypatch.setattr(
        photos_module, "prepare", lambda photo, size: prepared.append(1) or prepare(photo, size)
    )
    clean(drawn.folder, tmp_path / "s")
    assert len(prepared) == 6


def test_a_changed_catalogue_is_cleaned_anew(drawn: DrawnCatalogue, tmp_path: Path) -> None:
    first = clean(drawn.folder, tmp_path / "store")
    drawn.photo(next(iter(drawn.listing_of))).unlink()
    second = clean(drawn.folder, tmp_path / "store")
    assert len(second.photos) == len(first.photos) - 1
