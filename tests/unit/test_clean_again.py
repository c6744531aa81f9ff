"""Cleaning again: up to date, after a kill, after a change."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from cleaned_catalogue import SMALL, Cleaned, clean, outputs, picture
from drawn_catalogue import DrawnCatalogue, draw_catalogue

from batch_jobs.clean.photos import prepare as photos_module
from batch_jobs.clean.stage import CleanOptions, run
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards
from release.blobs import blob_of
from release.errors import MissingObjectError
from release.store import Store


@pytest.fixture
def drawn(tmp_path: Path) -> DrawnCatalogue:
    return draw_catalogue(tmp_path / "drawn", listings=5, photos=3)


@pytest.fixture
def four_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos_module, "MAX_FILE_BYTES", 4 * 3 * SMALL.size**2)


def test_files_of_photos_are_bounded(
    drawn: DrawnCatalogue, tmp_path: Path, four_a_file: None
) -> None:
    clean(drawn.folder, tmp_path / "store")
    folder = StageFolder(Store(str(tmp_path / "store")), "a-run", "clean")
    files = [table.to_pylist() for _, table in read_shards(folder, "photos-")]
    assert [len(rows) for rows in files] == [4, 4, 4, 3]
    assert [row["image_id"] for rows in files for row in rows] == list(drawn.listing_of)


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
    drawn: DrawnCatalogue, tmp_path: Path, four_a_file: None
) -> None:
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


class Reads:
    """Which photos are read and prepared while it is watching."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[str] = []
        self.prepared = 0
        read: Callable[..., bytes] = Store.read
        prepare: Callable[..., Any] = photos_module.prepare

        def reading(store: Store, path: str) -> bytes:
            if path.startswith("images/"):
                self.read.append(path)
            return read(store, path)

        def preparing(photo: bytes, size: int) -> Any:
            self.prepared += 1
            return prepare(photo, size)

        monkeypatch.setattr(Store, "read", reading)
        monkeypatch.setattr(photos_module, "prepare", preparing)


def test_files_of_a_killed_run_are_not_made_again(
    drawn: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, four_a_file: None
) -> None:
    with pytest.raises(Killed):
        run(MortalStore(str(tmp_path / "s"), 5), str(drawn.folder), SMALL, "a-run", Progress())
    reads = Reads(monkeypatch)
    clean(drawn.folder, tmp_path / "s")
    assert reads.prepared == 15 - 2 * 4


def contents(cleaned: Cleaned) -> list[object]:
    return [cleaned.products, cleaned.photos, cleaned.rejects]


@pytest.fixture
def dirty(tmp_path: Path) -> DrawnCatalogue:
    """60 photos, among them repeats in a listing and across listings, damaged and unlisted ones."""
    drawn = draw_catalogue(tmp_path / "drawn", listings=20, photos=3)
    ids = list(drawn.listing_of)
    shutil.copy(drawn.photo(ids[0]), drawn.photo(ids[1]))
    shutil.copy(drawn.photo(ids[3]), drawn.photo(ids[40]))
    drawn.photo(ids[7]).write_bytes(b"damaged")
    drawn.photo(ids[9]).write_bytes(b"")
    (drawn.folder / "images" / "nobody.jpg").write_bytes(picture(9))
    return drawn


@pytest.mark.parametrize("run_id", ["a-run", "another-run"])
def test_of_a_changed_catalogue_only_what_changed_is_read_again(
    dirty: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_id: str
) -> None:
    clean(dirty.folder, tmp_path / "store")
    changed, gone, *_ = list(dirty.listing_of)[30:]
    dirty.photo(changed).write_bytes(picture(77, side=90))
    dirty.photo(gone).unlink()
    (dirty.folder / "images" / "new.jpg").write_bytes(picture(200, side=64))
    with (dirty.folder / "Images.csv").open("a", newline="") as file:
        csv.writer(file).writerow([60, "new", dirty.product_ids[0]])
    reads = Reads(monkeypatch)
    again = clean(dirty.folder, tmp_path / "store", run_id=run_id)
    assert sorted(reads.read) == sorted([f"images/{changed}.jpg", "images/new.jpg"])
    assert reads.prepared == 2
    assert contents(again) == contents(clean(dirty.folder, tmp_path / "fresh"))
    assert all(
        (row["photo_sha256"], row["photo_bytes"]) == astuple(blob_of(row["photo"]))
        for row in again.photos
    )


def test_when_rows_move_photos_are_not_read_again(
    dirty: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, four_a_file: None
) -> None:
    clean(dirty.folder, tmp_path / "store")
    header, *rows = (dirty.folder / "Images.csv").read_text().splitlines()
    (dirty.folder / "Images.csv").write_text("\n".join([header, *rows[::-1], ""]))
    reads = Reads(monkeypatch)
    again = clean(dirty.folder, tmp_path / "store")
    assert reads.read == []
    assert contents(again) == contents(clean(dirty.folder, tmp_path / "fresh"))


def test_other_options_prepare_all_photos_again(
    dirty: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean(dirty.folder, tmp_path / "store")
    reads = Reads(monkeypatch)
    again = clean(dirty.folder, tmp_path / "store", CleanOptions(size=48))
    assert reads.prepared == 60
    assert len(again.photos) == 57


def test_a_damaged_earlier_file_is_made_again(
    dirty: DrawnCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean(dirty.folder, tmp_path / "store")
    (file,) = (tmp_path / "store/runs/a-run/clean").glob("photos-*")
    file.write_bytes(file.read_bytes()[:-1])
    again = clean(dirty.folder, tmp_path / "store", run_id="another-run")
    assert "is damaged or gone; what was in it is made again" in capsys.readouterr().err
    assert contents(again) == contents(clean(dirty.folder, tmp_path / "fresh"))


def test_a_killed_cleaning_of_a_changed_catalogue_leaves_nothing_that_counts_as_the_old_one(
    drawn: DrawnCatalogue, tmp_path: Path
) -> None:
    first = clean(drawn.folder, tmp_path / "whole")
    table = drawn.folder / "Products.csv"
    old = table.read_bytes()
    for kills in range(20):
        store = tmp_path / f"killed-{kills}"
        clean(drawn.folder, store)
        table.write_bytes(old.replace(b"Item 0", b"Thing 0"))
        try:
            run(MortalStore(str(store), kills), str(drawn.folder), SMALL, "a-run", Progress())
            ended = True
        except Killed:
            ended = False
        table.write_bytes(old)
        assert clean(drawn.folder, store).products == first.products
        assert outputs(store) == outputs(tmp_path / "whole")
        if ended:
            break
    assert kills > 5


def test_an_output_that_is_gone_is_made_again(drawn: DrawnCatalogue, tmp_path: Path) -> None:
    clean(drawn.folder, tmp_path / "store")
    whole = outputs(tmp_path / "store")
    (tmp_path / "store/runs/a-run/clean/report.html").unlink()
    assert not clean(drawn.folder, tmp_path / "store").done.up_to_date
    assert outputs(tmp_path / "store") == whole


def test_a_file_that_was_away_for_a_while_is_read_when_it_is_back(
    drawn: DrawnCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = next(iter(drawn.listing_of))
    with monkeypatch.context() as patch:
        read = Store.read

        def reading(store: Store, path: str) -> bytes:
            if gone in path:
                raise MissingObjectError(path)
            return read(store, path)

        patch.setattr(Store, "read", reading)
        assert len(clean(drawn.folder, tmp_path / "store").photos) == 14
    again = clean(drawn.folder, tmp_path / "store", run_id="another-run")
    assert len(again.photos) == 15
