"""Segments on disk: what does not fit or is not one is refused, and nothing takes the process."""

import shutil
import sqlite3
import subprocess
import sys
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
from release.listings import Filters, Listings, photo_key
from release.segment import INDEX_FILE, LISTINGS_FILE, Segment, write_segment

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
    return Segment(folder / INDEX_FILE, folder / LISTINGS_FILE)


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ReleaseFileError, match=message):
        opened(folder)


def test_the_same_rows_in_any_order_give_the_same_files(folder: Path, tmp_path: Path) -> None:
    """By this two runs over one catalogue give one release."""
    write_segment(tmp_path / "again", LISTINGS[::-1], PHOTOS[::-1])
    for name in (INDEX_FILE, LISTINGS_FILE):
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
    assert found.listings.matching_keys(Filters(category=wanted.category_path)) == [photo_key("i")]


def test_a_key_is_a_positive_number_that_depends_on_the_id_alone() -> None:
    assert photo_key("image") == photo_key("image") == 0x0803E7B88A3864C3
    keys = {photo_key(f"i{number}") for number in range(10_000)}
    assert len(keys) == 10_000
    assert 0 <= min(keys) < max(keys) < 2**63


def test_a_photo_without_its_listing_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ReleaseFileError, match=r"listings\.sqlite cannot be written: FOREIGN KEY"):
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
    shutil.copy(fewer / LISTINGS_FILE, folder / LISTINGS_FILE)
    refused(folder, r"index\.faiss and .*listings\.sqlite do not fit: 12 vectors and 11 photos\.")
    shutil.copy(others / LISTINGS_FILE, folder / LISTINGS_FILE)
    refused(folder, r"do not fit: their photos are different ones\.")


def of_another_kind(make: Callable[[], Any]) -> Any:
    index = make()
    vectors = np.stack([row.embedding for row in PHOTOS])
    if isinstance(index, faiss.IndexIDMap):
        index.add_with_ids(vectors, np.array([row.photo.key for row in PHOTOS]))
    else:
        index.add(vectors)
    return index


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: faiss.IndexFlatIP(WIDTH), "is a FAISS IndexFlatIP of metric 0; a segment has"),
        (lambda: faiss.IndexHNSWFlat(WIDTH, 8), "is a FAISS IndexHNSWFlat of metric 1"),
        (lambda: faiss.IndexIDMap(faiss.IndexFlatL2(WIDTH)), "is a FAISS IndexIDMap of metric 1"),
        (lambda: faiss.IndexIDMap(faiss.IndexFlatIP(WIDTH)), "their photos are different ones"),
    ],
    ids=["no ids", "no ids, a graph", "distances", "keys that do not ascend"],
)
def test_an_index_of_another_kind_is_refused(
    folder: Path, make: Callable[[], Any], message: str
) -> None:
    faiss.write_index(of_another_kind(make), str(folder / INDEX_FILE))
    refused(folder, message)


@pytest.mark.parametrize("name", [INDEX_FILE, LISTINGS_FILE])
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b"<html>not found</html>" * 50], ids=["empty", "zeros", "text"]
)
def test_a_file_of_another_kind_is_refused_by_name(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    refused(folder, rf"{name} is not a ")


@pytest.mark.parametrize("name", [INDEX_FILE, LISTINGS_FILE])
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, rf"{name} is not a ")
    assert not (folder / name).exists()


def test_a_database_with_other_tables_is_refused(folder: Path) -> None:
    (folder / LISTINGS_FILE).unlink()
    with closing(sqlite3.connect(folder / LISTINGS_FILE)) as db:
        db.execute("CREATE TABLE photos (something)")
    refused(folder, "listings.sqlite is not a listings file: no such table: listings")


def test_the_index_cut_anywhere_is_refused(folder: Path) -> None:
    content = (folder / INDEX_FILE).read_bytes()
    for length in [*range(0, len(content), 7), len(content) - 1]:
        (folder / INDEX_FILE).write_bytes(content[:length])
        refused(folder, "is not a FAISS index")


DAMAGE = """
import resource, sys
from pathlib import Path
from release.errors import ReleaseFileError
from release.faiss_search import FaissSearch
from release.segment import Segment
resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
index, listings = Path(sys.argv[1]), Path(sys.argv[2])
content = index.read_bytes()
for place in range(120):
    for value in (0, 127, 255):
        damaged = bytearray(content)
        damaged[place] = value
        index.write_bytes(damaged)
        try:
            FaissSearch([Segment(index, listings)]).search([1] * 8, 5)
        except ReleaseFileError:
            pass
        except Exception as error:
            if not str(error).startswith("Features of shape"):
                raise
print("survived")
"""


def test_an_index_whose_header_was_damaged_never_takes_the_process_or_its_memory(
    folder: Path,
) -> None:
    command = [sys.executable, "-c", DAMAGE, folder / INDEX_FILE, folder / LISTINGS_FILE]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (found.stdout, found.returncode) == ("survived\n", 0), found.stderr


def test_listings_are_opened_read_only(folder: Path) -> None:
    before = (folder / LISTINGS_FILE).read_bytes()
    (folder / LISTINGS_FILE).chmod(0o444)
    listings = Listings(folder / LISTINGS_FILE)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        listings._db.execute("DELETE FROM photos")
    listings.close()
    assert (folder / LISTINGS_FILE).read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {INDEX_FILE, LISTINGS_FILE}


def test_a_folder_with_a_strange_name_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "50% off? #1 & more"
    assert segment(folder, LISTINGS, PHOTOS).listings.photo_count == 12


def test_a_key_that_no_listing_has_is_an_error_and_not_a_gap(folder: Path) -> None:
    with pytest.raises(ReleaseFileError, match="The index has 1 photos that no listing has"):
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


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), {"free", "cheap", "dear", "unknown"}),
        (Filters(price_min=0), {"free", "cheap", "dear"}),
        (Filters(price_min=5, price_max=5), {"cheap"}),
        (Filters(price_max=4.99), {"free"}),
        (Filters(price_min=6, price_max=5), set()),
        (Filters(category=("Home",)), {"free", "cheap"}),
        (Filters(category=("Home", "Chairs")), {"free"}),
        (Filters(category=("Home", "Chairs", "Oak")), set()),
        (Filters(category=("home",)), set()),
        (Filters(category=("%",)), set()),
        (Filters(category=()), {"free", "cheap", "dear", "unknown"}),
        (Filters(location="strasse"), {"dear"}),
        (Filters(location=""), {"unknown"}),
        (Filters(location="Lon"), set()),
        (Filters(category=("Home",), price_min=1, location="LONDON"), {"cheap"}),
    ],
)
def test_filters_let_through_what_matches(
    tmp_path: Path, filters: Filters, wanted: set[str]
) -> None:
    listings = [
        listing("free", price=0.0, category_path=("Home", "Chairs")),
        listing("cheap", price=5.0, category_path=("Home", "Tables")),
        listing("dear", price=1e6, category_path=("Arts",), location="Straße"),
        listing("unknown", price=None, category_path=(), location=""),
    ]
    photos = [photo(row.product_id, row.product_id, [1, 0]) for row in listings]
    found = segment(tmp_path, listings, photos)
    matching = found.listings.photos_by_key(found.listings.matching_keys(filters))
    assert {row.product_id for row in matching.values()} == wanted
