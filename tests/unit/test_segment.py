"""Segments on disk: what does not fit or is not one is refused, and nothing takes the process."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from segments import listing, photo, segment, unit

from release.errors import ReleaseFileError, UnknownIdError
from release.faiss_search import FaissSearch
from release.filters import Filters
from release.listings import Listings, photo_key
from release.manifest import INDEX_FILE, LISTINGS_FILE, ROWS_FILE, TOMBSTONES_FILE
from release.segment import FILES, Segment, files_in, write_tombstones
from release.segment_writer import write_segment, write_segment_files

WIDTH = 8
LISTINGS = [listing(f"p{number}") for number in range(4)]
PHOTOS = [
    photo(f"i{number}", f"p{number % 4}", np.random.default_rng(number).normal(size=WIDTH))
    for number in range(12)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A segment of four listings and twelve photos."""
    write_segment(tmp_path / "segment", LISTINGS, PHOTOS)
    return tmp_path / "segment"


def opened(folder: Path) -> Segment:
    return Segment(files_in(folder))


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ReleaseFileError, match=message):
        opened(folder)


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


def test_files_of_two_segments_do_not_fit(folder: Path, tmp_path: Path) -> None:
    fewer, others = tmp_path / "fewer", tmp_path / "others"
    write_segment(fewer, LISTINGS, PHOTOS[:11])
    write_segment(others, LISTINGS, [photo(f"other {n}", "p0", [1] * 8) for n in range(12)])
    for other in (fewer, others):
        for name in FILES:
            kept = (folder / name).read_bytes()
            shutil.copy(other / name, folder / name)
            refused(folder, r"rows\.npy does not fit: .*_sha256 is [0-9a-f]{64}")
            (folder / name).write_bytes(kept)
    opened(folder)


def indexed_by(folder: Path, index: Any) -> None:
    """Another index of the same photos, which the rows then name."""
    index.add(np.stack([row.embedding for row in PHOTOS]))
    write_segment_files(folder, LISTINGS, [row.photo for row in PHOTOS], index)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: faiss.IndexFlatL2(WIDTH), "has FAISS metric 1; a segment has inner products"),
        (
            lambda: faiss.IndexHNSWFlat(WIDTH, 8, faiss.METRIC_INNER_PRODUCT),
            "is a FAISS IndexHNSWFlat; a segment has none of that kind",
        ),
    ],
    ids=["distances", "a graph of whole vectors"],
)
def test_an_index_of_another_kind_is_refused(
    folder: Path, make: Callable[[], Any], message: str
) -> None:
    indexed_by(folder, make())
    refused(folder, rf"index\.faiss {message}")


def test_an_index_of_more_photos_than_there_are_is_not_written(tmp_path: Path) -> None:
    index = faiss.IndexFlatIP(WIDTH)
    with pytest.raises(ReleaseFileError, match="0 vectors and 12 photos do not fit"):
        write_segment_files(tmp_path, LISTINGS, [row.photo for row in PHOTOS], index)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b"<html>not found</html>" * 50], ids=["empty", "zeros", "text"]
)
def test_a_file_of_another_kind_is_refused_by_name(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    refused(folder, "rows.npy is not a" if name == ROWS_FILE else "rows.npy does not fit")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, rf"{name} (is not a|cannot be read)")
    assert not (folder / name).exists()


def known(folder: Path) -> dict[Path, str]:
    """What the rows say of the files beside them: no digest is computed then."""
    record = np.load(folder / ROWS_FILE)[0]
    names = {INDEX_FILE: "index_sha256", LISTINGS_FILE: "listings_sha256"}
    return {folder / name: record[field].decode() for name, field in names.items()}


def test_a_database_with_other_tables_is_refused(folder: Path) -> None:
    digests = known(folder)
    (folder / LISTINGS_FILE).unlink()
    with closing(sqlite3.connect(folder / LISTINGS_FILE)) as db:
        db.execute("CREATE TABLE photos (something)")
    with pytest.raises(ReleaseFileError, match=r"listings\.sqlite has listings of version 0"):
        Segment(files_in(folder), digests)


def test_a_database_damaged_after_it_was_checked_is_an_error_that_names_it(folder: Path) -> None:
    digests = known(folder)
    content = bytearray((folder / LISTINGS_FILE).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (folder / LISTINGS_FILE).write_bytes(content)
    found = Segment(files_in(folder), digests)
    with pytest.raises(ReleaseFileError, match=r"listings\.sqlite is damaged"):
        FaissSearch([found]).search_listings([1] * WIDTH, 3)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_or_changed_anywhere_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    message = "is not a|lacks columns|does not fit|has columns|has rows of version"
    for length in [*range(0, len(content), 97), len(content) - 1]:
        (folder / name).write_bytes(content[:length])
        refused(folder, message)
    for place in range(0, len(content), 41):
        if content[place : place + 1] not in (b" ", b"\xfe"):  # blanks of the header say nothing
            (folder / name).write_bytes(content[:place] + b"\xfe" + content[place + 1 :])
            refused(folder, message)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("version", 99, "has rows of version 99, this software reads 1. Update the software"),
        ("key", 0, "does not fit: columns_sha256 is"),
        ("list", 2**32 - 1, "does not fit: columns_sha256 is"),
        ("price", 1.0, "does not fit: columns_sha256 is"),
    ],
)
def test_rows_that_are_too_new_or_damaged_are_refused(
    folder: Path, field: str, value: float, message: str
) -> None:
    record = np.load(folder / ROWS_FILE)
    record[field] = value
    np.save(folder / ROWS_FILE, record)
    refused(folder, message)


@pytest.mark.parametrize("name", [ROWS_FILE, TOMBSTONES_FILE])
@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", b"\x93NUMPY\x01\x00\x06\x00{'a': ", b"\x93NUMPY"]
)
def test_half_a_header_or_an_archive_is_refused_by_name(
    folder: Path, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    refused(folder, rf"{name} is not a file of ")


def test_rows_written_for_an_index_with_fewer_lists_are_refused(tmp_path: Path) -> None:
    """FAISS itself would read beside its lists."""
    quantizer = faiss.IndexFlatIP(WIDTH)
    quantizer.add(np.eye(WIDTH, dtype=np.float32)[:2])
    half, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    index = faiss.IndexIVFScalarQuantizer(quantizer, WIDTH, 2, half, product, False)
    vectors = np.stack([row.embedding for row in PHOTOS])
    index.train(vectors)
    index.add(vectors)
    lists = np.full(len(PHOTOS), 2, np.uint32)
    write_segment_files(tmp_path, LISTINGS, [row.photo for row in PHOTOS], index, lists)
    refused(tmp_path, r"index\.faiss has 12 vectors in 2 lists, the rows beside it name lists")


def test_rows_with_objects_in_them_are_not_unpickled(folder: Path) -> None:
    np.save(folder / ROWS_FILE, np.array([{"version": 1}]), allow_pickle=True)
    refused(folder, "rows.npy is not a file of rows: .*Python objects in dtype")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.array([4], np.uint32), "names listings that its segment of 4 lacks"),
        (np.array([1.0]), "is not a file of tombstones: it has another shape"),
        (None, "is not a file of tombstones"),
    ],
)
def test_tombstones_that_do_not_fit_are_refused(
    folder: Path, content: np.ndarray | None, message: str
) -> None:
    if content is None:
        (folder / TOMBSTONES_FILE).write_bytes(b"junk")
    else:
        np.save(folder / TOMBSTONES_FILE, content)
    refused(folder, rf"tombstones\.npy {message}")


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
        listings._db.execute("DELETE FROM photos")
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
