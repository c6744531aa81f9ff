"""What does not fit or is no file of a segment is refused by name; nothing takes the process."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from segments import LISTINGS, PHOTOS, WIDTH, opened, photo, small_segment

from release.errors import ReleaseFileError
from release.faiss_search import FaissSearch
from release.manifest import INDEX_FILE, LISTINGS_FILE, ROWS_FILE, TOMBSTONES_FILE
from release.segment import FILES, Segment, files_in
from release.segment_writer import write_segment, write_segment_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_segment(tmp_path / "segment")


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ReleaseFileError, match=message):
        opened(folder)


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
