"""A catalogue in a bucket is read as the same one in a folder."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batch_jobs.clean.catalogue.catalogue import Catalogue, open_catalogue
from batch_jobs.clean.catalogue.layout import LISTING_COLUMNS
from batch_jobs.clean.records.formats import read_table
from batch_jobs.progress import Progress
from release.errors import JobError
from release.store import Store

LISTING = {name: ["x", "y"] for name in LISTING_COLUMNS.values()}


def copy(folder: Path, url: str) -> str:
    store = Store(url, create=True)
    for path in folder.rglob("*"):
        if path.is_file():
            store.write(path.relative_to(folder).as_posix(), path.read_bytes())
    return url


def content(catalogue: Catalogue) -> tuple[object, ...]:
    records = [
        list(read_table(catalogue.store, table, Progress())) for table in catalogue.layout.tables
    ]
    return catalogue.layout, {file.path for file in catalogue.photo_files()}, records


def test_tables_and_photos_are_the_same(tmp_path: Path, s3_url: str) -> None:
    pq.write_table(pa.table(LISTING), tmp_path / "Products.parquet")
    (tmp_path / "Images.tsv").write_text("id\tproduct_id\na\tx\n")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(b"x")
    local = open_catalogue(str(tmp_path), Store(str(tmp_path)))
    remote = open_catalogue(copy(tmp_path, s3_url), Store(str(tmp_path)))
    assert content(remote) == content(local)
    assert remote.fingerprint == open_catalogue(s3_url, Store(str(tmp_path))).fingerprint


def test_class_folders_are_found(tmp_path: Path, s3_url: str) -> None:
    (tmp_path / "images" / "Chairs").mkdir(parents=True)
    (tmp_path / "images" / "Chairs" / "a b.jpg").write_bytes(b"x")
    remote = open_catalogue(copy(tmp_path, s3_url), Store(str(tmp_path)))
    assert content(remote) == content(open_catalogue(str(tmp_path), Store(str(tmp_path))))
    assert not remote.layout.tables


def test_an_empty_folder_of_a_bucket_is_no_catalogue(tmp_path: Path, s3_url: str) -> None:
    with pytest.raises(JobError, match=r"Products\.csv is missing"):
        open_catalogue(s3_url, Store(str(tmp_path)))


def test_a_catalogue_is_found_by_its_name_in_a_bucket(tmp_path: Path, s3_url: str) -> None:
    (tmp_path / "images" / "Chairs").mkdir(parents=True)
    (tmp_path / "images" / "Chairs" / "a.jpg").write_bytes(b"x")
    copy(tmp_path, f"{s3_url}/catalogues/chairs")
    assert open_catalogue("chairs", Store(s3_url)).name == "chairs"
