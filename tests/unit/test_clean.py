"""What cleaning keeps and what it rejects, and that it all adds up."""

import io
import random
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cleaned_catalogue import HandMade, assert_adds_up, clean, picture
from drawn_catalogue import SIDE, DrawnCatalogue, draw_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batch_jobs.clean.photos import prepare as photos_module
from batch_jobs.clean.stage import CleanOptions
from release.errors import PhotoError


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
        assert (row["source_width"], row["source_height"]) == (SIDE, SIDE - 32)


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


def test_of_two_rows_with_one_id_the_one_with_a_file_stays(tmp_path: Path) -> None:
    made = HandMade()
    made.listing("a")
    made.listing("b")
    made.photo("p", "unknown")
    made.photo("p", "a")
    made.photo("gone", "a")
    made.photo("gone", "b")
    made.files["p.jpg"] = picture(1)
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert [(row["image_id"], row["product_id"]) for row in cleaned.photos] == [("p", "a")]
    reasons = [reason for _, reason in cleaned.rejected("photo")]
    assert reasons == ["unknown_listing", "missing_file", "missing_file"]


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
    made.files["p.j\npg"] = b"5"
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert [reason for _, reason in cleaned.rejected("photo")] == ["unlisted_file"] * 5
    assert len(cleaned.photos) == 1


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
        cleaned = clean(catalogue, Path(scratch) / "store")
    assert_adds_up(cleaned, len(rows), len(files))
    known = {row["product_id"] for row in cleaned.products}
    assert {row["product_id"] for row in cleaned.photos} <= known
    assert all((row["image_id"], row["product_id"]) in rows for row in cleaned.photos)
