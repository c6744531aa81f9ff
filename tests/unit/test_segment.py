"""Segments on disk: what is written comes back, and what cannot be one is not written."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from segments import LISTINGS, PHOTOS, WIDTH, listing, opened, photo, segment, small_segment, unit

from release.errors import ReleaseFileError, UnknownIdError
from release.faiss_search import FaissSearch
from release.filters import Filters
from release.listings import Listings, photo_key
from release.manifest import LISTINGS_FILE, TOMBSTONES_FILE
from release.segment import FILES, write_tombstones
from release.segment_writer import write_segment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_segment(tmp_path / "segment")


def test_the_same_rows_in_any_order_give_the_same_files(folder: Path, tmp_path: Path) -> None:
    """By this two runs over one catalogue give one release."""
    write_segment(tmp_path / "again", LISTINGS[::-1], PHOTOS[::-1])
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_segment_is_written_over_an_older_one(folder: Path) -> None:
    write_segment(folder, LISTINGS[:1], PHOTOS[:1])
    assert opened(folder).listings.photo_count == 1


def test_listings_come_back_as_they_were_written(tmp_path: Path) -> None:
    wanted = listing(
        "p'; DROP TABLE listings; --",
        title="Stuhl „Łódź“ 🪑\n\x00end",
        description="many\r\nlines " * 1000,
        price=0.1 + 0.2,
        currency="GBP",
        price_status="suspicious",
        category_path=("Home & Garden", 'Dining, "Living" Room', "家具"),
        location="",
    )
    found = segment(tmp_path, [wanted], [photo("i", wanted.product_id, [1, 0])])
    assert found.listings.listing(wanted.product_id) == wanted
    (hits,) = FaissSearch([found]).search_photos([1, 0], 1, Filters(wanted.category_path))
    assert [hit.photo.product_id for hit in hits] == [wanted.product_id]


def test_a_key_is_a_positive_number_that_depends_on_the_id_alone() -> None:
    assert photo_key("image") == photo_key("image") == 0x0803E7B88A3864C3
    keys = {photo_key(f"i{number}") for number in range(10_000)}
    assert len(keys) == 10_000
    assert 0 <= min(keys) < max(keys) < 2**63


def test_a_photo_without_its_listing_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ReleaseFileError, match=r"Photos of 'p1' have no listing"):
        write_segment(tmp_path, LISTINGS[:1], PHOTOS[:2])


@pytest.mark.parametrize(
    ("listings", "photos", "message"),
    [
        (LISTINGS, [], r"needs photos .*these have \[\]\."),
        ([*LISTINGS, LISTINGS[0]], PHOTOS, "cannot be written: UNIQUE .*product_id"),
        (LISTINGS, [*PHOTOS, PHOTOS[0]], "cannot be written: UNIQUE"),
        (
            LISTINGS,
            [*PHOTOS, photo("i", "p0", [1, 0])],
            r"of one width, these have \[\(2,\), \(8,\)\]",
        ),
    ],
    ids=["no photo", "a listing twice", "a photo twice", "two widths"],
)
def test_what_cannot_be_a_segment_is_not_written(
    tmp_path: Path, listings: Any, photos: Any, message: str
) -> None:
    with pytest.raises(ReleaseFileError, match=message):
        write_segment(tmp_path, listings, photos)


def test_a_listing_with_a_tombstone_is_gone(folder: Path) -> None:
    gone = opened(folder).listings.numbers_of(["p1", "p2", "never there"])
    write_tombstones(folder / TOMBSTONES_FILE, gone)
    found = opened(folder)
    assert (found.listing_count, found.photo_count) == (2, 6)
    assert found.product_ids() == ["p0", "p3"] == list(found.contents())
    assert [found.has(name) for name in ("p0", "p1", "none")] == [True, False, False]
    search = FaissSearch([found])
    hits = search.search_listings([1] * WIDTH, 4)
    assert {hit.listing.product_id for hit in hits} == {"p0", "p3"}
    for ask in (search.listing, search.features_of):
        with pytest.raises(UnknownIdError, match="There is no listing 'p1' in this release"):
            ask("p1")
    with pytest.raises(UnknownIdError, match="There is no photo 'i1' in this release"):
        search.photo("i1")


def test_listings_are_opened_read_only(folder: Path) -> None:
    before = (folder / LISTINGS_FILE).read_bytes()
    (folder / LISTINGS_FILE).chmod(0o444)
    listings = Listings(folder / LISTINGS_FILE)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        listings._file._db.execute("DELETE FROM photos")
    listings.close()
    assert (folder / LISTINGS_FILE).read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {*FILES}


def test_a_folder_with_a_strange_name_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "50% off? #1 & more"
    assert segment(folder, LISTINGS, PHOTOS).listings.photo_count == 12


def test_a_key_that_no_listing_has_is_an_error_and_not_a_gap(folder: Path) -> None:
    with pytest.raises(
        ReleaseFileError, match=r"listings\.sqlite lacks 1 photos that the index has"
    ):
        opened(folder).listings.photos_by_key([photo_key("i0"), 12345])


def test_more_ids_than_one_statement_takes_are_found(tmp_path: Path) -> None:
    rows = [photo(f"i{number}", "p0", [1, number]) for number in range(1203)]
    found = segment(tmp_path, LISTINGS[:1], rows)
    assert len(found.listings.photos_by_key([row.photo.key for row in rows])) == 1203
    assert len(found.listings.photos_of("p0")) == 1203
    assert len(FaissSearch([found]).features_of("p0")) == 1203


def test_a_listing_without_photos_is_there_but_never_found(tmp_path: Path) -> None:
    found = segment(tmp_path, LISTINGS, PHOTOS[:1])
    assert found.listings.listing("p3") == LISTINGS[3]
    assert found.listings.photos_of("p3") == []
    assert set(found.listings.product_ids()) == {"p0", "p1", "p2", "p3"}
    hits = FaissSearch([found]).search_listings(unit([1] * WIDTH), 4)
    assert [hit.listing.product_id for hit in hits] == ["p0"]
    with pytest.raises(UnknownIdError):
        found.listings.photo("none")
