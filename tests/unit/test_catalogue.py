"""Where a catalogue is found, what belongs to it, and which ones are refused."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cleaned_catalogue import HEADER, SMALL
from drawn_catalogue import DrawnCatalogue, draw_catalogue

from batch_jobs.clean.catalogue.catalogue import open_catalogue
from batch_jobs.clean.stage import CleanOptions, default_run_id
from release.errors import JobError, MarketplaceSearchError
from release.store import Store


@pytest.fixture
def drawn(tmp_path: Path) -> DrawnCatalogue:
    return draw_catalogue(tmp_path / "drawn", listings=5, photos=3)


def test_a_copy_of_a_catalogue_is_the_same_catalogue(drawn: DrawnCatalogue, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"), create=True)
    shutil.copytree(drawn.folder, tmp_path / "copy" / "drawn")
    shutil.copytree(drawn.folder, tmp_path / "store" / "catalogues" / "drawn")
    given = [str(drawn.folder), str(tmp_path / "copy/drawn"), (tmp_path / "copy/drawn").as_uri()]
    found = [open_catalogue(one, store) for one in (*given, "drawn")]
    assert {catalogue.name for catalogue in found} == {"drawn"}
    assert len({catalogue.fingerprint for catalogue in found}) == 1
    assert len({default_run_id(catalogue, SMALL) for catalogue in found}) == 1
    assert default_run_id(found[0], SMALL) != default_run_id(found[0], CleanOptions(size=64))


def _first_photo(folder: Path) -> Path:
    return min((folder / "images").iterdir())


CHANGES: dict[str, Callable[[Path], object]] = {
    "a table": lambda folder: (folder / "Images.csv").write_text(",id,product_id\n"),
    "catalogue.toml": lambda folder: (folder / "catalogue.toml").write_text('currency = "EUR"'),
    "a photo's name": lambda folder: _first_photo(folder).rename(folder / "images" / "new.jpg"),
    "a photo's size": lambda folder: _first_photo(folder).write_bytes(b"x"),
    "a photo's time": lambda folder: os.utime(_first_photo(folder), (1, 1)),
    "a photo less": lambda folder: _first_photo(folder).unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_fingerprint_tells_whether_anything_changed(drawn: DrawnCatalogue, change: str) -> None:
    store = Store(str(drawn.folder))
    before = open_catalogue(str(drawn.folder), store).fingerprint
    CHANGES[change](drawn.folder)
    assert open_catalogue(str(drawn.folder), store).fingerprint != before


def test_photos_are_the_files_below_their_folder_without_the_tables(
    drawn: DrawnCatalogue,
) -> None:
    (drawn.folder / "images" / "deep" / "er").mkdir(parents=True)
    (drawn.folder / "images" / "deep" / "er" / "a.jpg").write_bytes(b"x")
    catalogue = open_catalogue(str(drawn.folder), Store(str(drawn.folder)))
    paths = {entry.path for entry in catalogue.photo_files()}
    assert paths == {"images/deep/er/a.jpg", *(f"images/{one}.jpg" for one in drawn.listing_of)}
    (drawn.folder / "catalogue.toml").write_text('photo_path = "{image_id}"')
    catalogue = open_catalogue(str(drawn.folder), Store(str(drawn.folder)))
    assert {entry.path for entry in catalogue.photo_files()} == paths


def test_a_file_name_that_is_no_text_is_shown_with_its_bytes(drawn: DrawnCatalogue) -> None:
    name = os.fsencode(drawn.folder / "images") + b"/caf\xe9.jpg"
    with open(name, "wb") as file:  # noqa: PTH123 (a path of bytes)
        file.write(b"x")
    catalogue = open_catalogue(str(drawn.folder), Store(str(drawn.folder)))
    assert "images/caf\\xe9.jpg" in {entry.path for entry in catalogue.photo_files()}


def test_listings_alone_are_a_catalogue(drawn: DrawnCatalogue) -> None:
    shutil.rmtree(drawn.folder / "images")
    (drawn.folder / "Images.csv").unlink()
    catalogue = open_catalogue(str(drawn.folder), Store(str(drawn.folder)))
    assert catalogue.layout.photos is None
    assert not list(catalogue.photo_files())


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no photos": (lambda folder: shutil.rmtree(folder / "images"), "images/ has no photos"),
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
    "a blank line": (lambda folder: (folder / "Images.csv").write_bytes(b"\n\n"), "no column id"),
    "no tables": (
        lambda folder: [(folder / name).unlink() for name in ("Products.csv", "Images.csv")],
        "Products.csv is missing. A catalogue is a folder with",
    ),
    "broken catalogue.toml": (
        lambda folder: (folder / "catalogue.toml").write_text("["),
        "catalogue.toml is no TOML",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_catalogue_that_cannot_be_cleaned_is_refused_with_the_reason(
    drawn: DrawnCatalogue, fault: str
) -> None:
    damage, message = BAD[fault]
    damage(drawn.folder)
    with pytest.raises(JobError) as caught:
        open_catalogue(str(drawn.folder), Store(str(drawn.folder)))
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
