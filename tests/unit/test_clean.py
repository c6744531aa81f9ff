"""The stage clean on small catalogues: what is rejected, what adds up, what survives a kill."""

import io
import json
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from drawn_catalogue import DrawnCatalogue, draw_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batch_jobs.clean import photos as photos_module
from batch_jobs.clean.catalogue import open_catalogue
from batch_jobs.clean.stage import CleanOptions, default_run_id, run
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, StageFolder
from batch_jobs.tables import read_shards, read_table
from release.errors import JobError, MarketplaceSearchError, PhotoError
from release.store import Store

SMALL = CleanOptions(size=32)
HEADER = ",id,product_name,category,product_description,price,location"


def picture(shade: int, suffix: str = "PNG", side: int = 40) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (shade, 255 - shade, 90)).save(buffer, suffix)
    return buffer.getvalue()


@dataclass
class HandMade:
    """A catalogue written line by line."""

    products: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def listing(self, product_id: str, title: str = "Chair") -> None:
        self.products.append(
            f"{len(self.products)},{product_id},{title},Home / Chairs,Old.,£5,Bath"
        )

    def photo(self, image_id: str, product_id: str, content: bytes | None = None) -> None:
        self.images.append(f"{len(self.images)},{image_id},{product_id}")
        if content is not None:
            self.files[f"{image_id}.jpg"] = content

    def write(self, folder: Path) -> Path:
        (folder / "images").mkdir(parents=True)
        (folder / "Products.csv").write_text("\n".join([HEADER, *self.products, ""]))
        (folder / "Images.csv").write_text("\n".join([",id,product_id", *self.images, ""]))
        for name, content in self.files.items():
            (folder / "images" / name).write_bytes(content)
        return folder


@dataclass
class Cleaned:
    done: Done
    products: list[dict[str, Any]]
    photos: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    report: dict[str, Any]

    def rejected(self, kind: str) -> list[tuple[str | None, str]]:
        return [(row["id"], row["reason"]) for row in self.rejects if row["kind"] == kind]


def clean(catalogue: Path, store: Path, options: CleanOptions = SMALL) -> Cleaned:
    opened = Store(str(store), create=True)
    done = run(opened, str(catalogue), options, "a-run", Progress())
    folder = StageFolder(opened, "a-run", "clean")
    return Cleaned(
        done,
        read_table(folder, "products.parquet").to_pylist(),
        [row for _, table in read_shards(folder, "photos-") for row in table.to_pylist()],
        read_table(folder, "rejects.parquet").to_pylist(),
        json.loads(folder.read("report.json")),
    )


def outputs(store: Path) -> dict[str, bytes]:
    folder = store / "runs" / "a-run" / "clean"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "done.json"}


@pytest.fixture
def drawn(tmp_path: Path) -> DrawnCatalogue:
    return draw_catalogue(tmp_path / "drawn", listings=5, photos=3)


def test_a_catalogue_without_faults_is_kept_whole(drawn: DrawnCatalogue, tmp_path: Path) -> None:
    cleaned = clean(drawn.folder, tmp_path / "store")
    assert [row["product_id"] for row in cleaned.products] == drawn.product_ids
    assert {row["image_id"]: row["product_id"] for row in cleaned.photos} == drawn.listing_of
    assert cleaned.rejects == []
    assert cleaned.done.counts == {
        "listings": 5,
        "photos": 15,
        "rejected_listings": 0,
        "rejected_photos": 0,
    }
    assert cleaned.products[0]["location"] == "Hackney, London"
    assert cleaned.done.inputs["catalogue"] == "drawn"


def test_photos_have_the_size_asked_for(drawn: DrawnCatalogue, tmp_path: Path) -> None:
    cleaned = clean(drawn.folder, tmp_path / "store", CleanOptions(size=64))
    for row in cleaned.photos:
        image = Image.open(io.BytesIO(row["photo"]))
        assert (image.format, image.size) == ("JPEG", (64, 64))
        assert (row["source_width"], row["source_height"]) == (96, 80)


def test_listings_are_rejected_with_their_reason(tmp_path: Path) -> None:
    made = HandMade()
    made.listing("a")
    made.listing("a")
    made.listing("a", "Table")
    made.listing("")
    made.listing("../up")
    made.listing("-dash")
    made.listing("b")
    made.products.append("7,c,cut off")
    made.photo("p", "a", picture(1))
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert [row["product_id"] for row in cleaned.products] == ["a", "b"]
    found = [(row["id"], row["reason"], row["line_from"]) for row in cleaned.rejects]
    assert found == [
        ("a", "duplicate_row", 3),
        ("a", "conflicting_row", 4),
        (None, "missing_id", 5),
        ("../up", "unsafe_id", 6),
        ("-dash", "unsafe_id", 7),
        (None, "broken_record", 9),
    ]
    assert cleaned.products[0]["title"] == "Chair"


def test_repeats_that_differ_only_in_dirt_are_duplicates(tmp_path: Path) -> None:
    made = HandMade()
    made.listing("a", "Chair &amp; table")
    made.listing("a", "Chair & table  ")
    made.photo("p", "a", picture(1))
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert cleaned.rejected("listing") == [("a", "duplicate_row")]


def test_photos_are_rejected_with_their_reason(tmp_path: Path) -> None:
    made = HandMade()
    made.listing("a")
    made.listing("b")
    made.photo("good", "a", picture(1))
    made.photo("same-listing", "a", picture(1))
    made.photo("other-listing", "b", picture(1))
    made.photo("good", "a")
    made.photo("good", "b")
    made.photo("unknown", "zzz", picture(2))
    made.photo("missing", "a")
    made.photo("empty", "a", b"")
    made.photo("html", "a", b"<!DOCTYPE html>")
    made.photo("cut", "a", picture(3, "JPEG", 200)[:-300])
    made.photo("tiny", "a", picture(4, side=8))
    made.photo("../up", "a")
    made.images.append("9,alone")
    made.files["nobody.jpg"] = picture(5)
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert [row["image_id"] for row in cleaned.photos] == ["good", "other-listing"]
    assert {row["duplicate_group"] for row in cleaned.photos} == {"good"}
    found = sorted((row["id"] or "", row["reason"]) for row in cleaned.rejects)
    assert found == [
        ("", "broken_record"),
        ("../up", "unsafe_id"),
        ("cut", "truncated"),
        ("empty", "empty_file"),
        ("good", "conflicting_row"),
        ("good", "duplicate_row"),
        ("html", "not_an_image"),
        ("missing", "missing_file"),
        ("nobody", "unlisted_file"),
        ("same-listing", "duplicate_in_listing"),
        ("tiny", "too_small"),
        ("unknown", "unknown_listing"),
    ]


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_a_damaged_photo_is_pixels_or_a_photo_error_and_nothing_else(suffix: str) -> None:
    whole, rng = picture(7, suffix), random.Random(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 3, 10])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        with suppress(PhotoError):
            photos_module.prepare(bytes(damaged), 32)


def test_files_are_found_by_name_and_read_by_content(tmp_path: Path) -> None:
    made = HandMade()
    made.listing("a")
    for number, name in enumerate(["one.png", "two.webp", "three.JPG", "four.jpg", "four.png"]):
        made.files[name] = picture(50 * number, "WEBP")
    for image_id in ("one", "two", "three", "four"):
        made.photo(image_id, "a")
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert [row["image_id"] for row in cleaned.photos] == ["one", "two", "three", "four"]
    assert cleaned.rejected("photo") == [("four", "unlisted_file")]
    assert cleaned.rejects[0]["source"] == "images/four.png"


def test_file_names_that_no_store_could_hold_are_listed(tmp_path: Path) -> None:
    made = HandMade()
    made.listing("a")
    made.photo("p", "a", picture(1))
    made.files |= {"a b.jpg": b"1", "new\nline.jpg": b"2", "bad\udcff.jpg": b"3", ".hidden": b"4"}
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert [reason for _, reason in cleaned.rejected("photo")] == ["unlisted_file"] * 4
    assert len(cleaned.photos) == 1


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


def test_a_copy_of_a_catalogue_is_the_same_catalogue(drawn: DrawnCatalogue, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"), create=True)
    shutil.copytree(drawn.folder, tmp_path / "copy" / "drawn")
    shutil.copytree(drawn.folder, tmp_path / "store" / "catalogues" / "drawn")
    given = [str(drawn.folder), str(tmp_path / "copy/drawn"), (tmp_path / "copy/drawn").as_uri()]
    found = [open_catalogue(one, store) for one in (*given, "drawn")]
    assert {catalogue.name for catalogue in found} == {"drawn"}
    assert len({catalogue.fingerprint() for catalogue in found}) == 1
    assert len({default_run_id(catalogue, SMALL) for catalogue in found}) == 1
    assert default_run_id(found[0], SMALL) != default_run_id(found[0], CleanOptions(size=64))


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no Products.csv": (
        lambda folder: (folder / "Products.csv").unlink(),
        "Products.csv is missing",
    ),
    "no Images.csv": (lambda folder: (folder / "Images.csv").unlink(), "Images.csv is missing"),
    "empty Products.csv": (lambda folder: (folder / "Products.csv").write_bytes(b""), "is empty"),
    "no price": (
        lambda folder: (folder / "Products.csv").write_text(HEADER.replace("price", "cost")),
        "no column price. Found: '', 'id'",
    ),
    "binary": (
        lambda folder: (folder / "Images.csv").write_bytes(bytes(range(256)) * 9),
        "no column id, product_id",
    ),
    "no photos": (lambda folder: shutil.rmtree(folder / "images"), "has no photos"),
    "a blank line": (lambda folder: (folder / "Images.csv").write_bytes(b"\n\n"), "no column id"),
    "damaged photos": (
        lambda folder: [path.write_bytes(b"x") for path in (folder / "images").iterdir()],
        "No photo remains: 15 were rejected (not_an_image 15)",
    ),
    "header alone": (
        lambda folder: (folder / "Images.csv").write_text(",id,product_id\n"),
        "No photo remains: 15 were rejected (unlisted_file 15)",
    ),
    "no listings": (
        lambda folder: (folder / "Products.csv").write_text(HEADER),
        "No photo remains: 15 were rejected (unknown_listing 15)",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_catalogue_that_cannot_be_cleaned_is_refused_with_the_reason(
    drawn: DrawnCatalogue, tmp_path: Path, fault: str
) -> None:
    damage, message = BAD[fault]
    damage(drawn.folder)
    with pytest.raises(JobError) as caught:
        clean(drawn.folder, tmp_path / "store")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "given", ["", "no-such", "/no/such/folder", "../up", __file__, "ftp://x/y"]
)
def test_what_is_no_catalogue_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(MarketplaceSearchError, match="folder"):
        open_catalogue(given, Store(str(tmp_path)))


@pytest.mark.parametrize("size", [0, 31, 5000])
def test_a_size_that_no_network_takes_is_refused(size: int) -> None:
    with pytest.raises(JobError, match="--size"):
        CleanOptions(size=size)


IDS = st.sampled_from(["a", "b", "c", "d", "", "../x", "a b"])
LINES = st.tuples(
    IDS,
    st.sampled_from(["Chair", '"Chair', "Chair\nof oak", '"Chair, oak"', "\0", "Chair, oak"]),
    st.sampled_from(["£5", "N/A", "", '"£1,200"', "Free", "x"]),
    st.sampled_from(["Bath", "", '"Bath, S"', '"Bath', "Bath\n\nx"]),
).map(lambda parts: f"{parts[0]},{parts[1]},Home / Chairs,Old.,{parts[2]},{parts[3]}")
PHOTO_ROWS = st.tuples(st.sampled_from(["p", "q", "r", "s", "t", "", "-"]), IDS)
FILES = st.dictionaries(
    st.sampled_from(["p.jpg", "q.jpg", "r.png", "s.jpg", "t.jpg", "u.jpg", "p.png", ".x"]),
    st.sampled_from([b"", b"junk", picture(1), picture(2), picture(3, side=8), picture(4)[:60]]),
    min_size=1,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=6), st.lists(PHOTO_ROWS, max_size=8), FILES)
def test_nothing_is_lost_whatever_the_defects(
    lines: list[str], rows: list[tuple[str, str]], files: dict[str, bytes]
) -> None:
    made = HandMade(
        [f"{number},{line}" for number, line in enumerate(lines)],
        [f"{number},{image},{product}" for number, (image, product) in enumerate(rows)],
        files,
    )
    with TemporaryDirectory() as scratch:
        catalogue = made.write(Path(scratch) / "made")
        try:
            cleaned = clean(catalogue, Path(scratch) / "store")
        except JobError:  # no photo is left of this one
            return
    listings, photos = cleaned.report["listings"], cleaned.report["photos"]
    assert listings["in"] == len(cleaned.products) + len(cleaned.rejected("listing"))
    assert photos["rows_in"] == len(rows)
    assert photos["files_in"] == len(files) == photos["out"] + photos["files_rejected"]
    assert photos["rows_in"] + photos["unlisted_files"] == photos["out"] + photos["rejected"]
    assert len(cleaned.photos) == photos["out"]
    assert len(cleaned.rejected("photo")) == photos["rejected"]
    known = {row["product_id"] for row in cleaned.products}
    assert {row["product_id"] for row in cleaned.photos} <= known
    assert all((row["image_id"], row["product_id"]) in rows for row in cleaned.photos)
