"""Where a catalogue is found, and which ones are refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cleaned_catalogue import HEADER, SMALL, clean
from drawn_catalogue import DrawnCatalogue, draw_catalogue

from batch_jobs.clean.catalogue import open_catalogue
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
