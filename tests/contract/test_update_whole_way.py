"""update as a person uses it: a catalogue in files, edited between two commands."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from drawn_catalogue import DrawnCatalogue
from PIL import Image
from test_cli import run
from test_whole_way import copy_of
from whole_way import SmallRun

from release.reader import Release, open_current
from release.store import Store

pytestmark = pytest.mark.slow


def edited(catalogue: DrawnCatalogue, folder: Path) -> tuple[Path, str, str, str]:
    """A copy without its first listing, the second cheaper, and a new one: their ids."""
    shutil.copytree(catalogue.folder, folder)
    gone, cheaper, new = catalogue.product_ids[0], catalogue.product_ids[1], "a-new-listing"
    rows = list(csv.reader((folder / "Products.csv").open(encoding="utf-8")))
    kept = [row for row in rows if row[1] != gone]
    for row in kept:
        row[5] = "£1.50" if row[1] == cheaper else row[5]
    kept.append(["99", new, "Item new", "Home / Lamps", "As new.", "£7.00", ""])
    with (folder / "Products.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(kept)
    pixels = np.random.default_rng(0).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    Image.fromarray(pixels).resize((320, 240)).save(folder / "images" / "a-new-photo.jpg")
    lines = (folder / "Images.csv").read_text().splitlines()
    lines = [line for line in lines if gone not in line] + [f"999,a-new-photo,{new}"]
    (folder / "Images.csv").write_text("\n".join([*lines, ""]))
    return folder, gone, cheaper, new


def shown(release: Release) -> set[str]:
    return {name for one in release.search._segments for name in one.product_ids()}


def update(catalogue: Path, store: Store, *more: str) -> str:
    result = run("update", "--catalogue", str(catalogue), "--store", store.url, *more)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


def test_a_catalogue_that_was_edited_is_served_after_an_update(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path)
    assert update(catalogue.folder, store).endswith("up to date")
    folder, gone, cheaper, new = edited(catalogue, tmp_path / catalogue.folder.name)
    line = update(folder, store)
    # Two listings had a photo kept out of the first release.
    assert line.startswith("update   1 added, ")
    assert "1 removed; 1 photos embedded" in line
    assert "segment s-" in line
    release = open_current(store, tmp_path / "cache")
    assert shown(release) == set(catalogue.product_ids) - {gone} | {new}
    assert release.search.listing(cheaper).price == 1.5
    (hit, *_) = release.search.search_listings(
        release.extract((folder / "images" / "a-new-photo.jpg").read_bytes()).embedding, 3
    )
    assert hit.listing.product_id == new
    assert update(folder, store).endswith("up to date")
    assert "0 photos embedded" in update(folder, store, "--compact")
    (base,) = open_current(store, tmp_path / "cache").manifest.segments
    assert (base.name, base.measured is not None) == ("base", True)
    assert update(folder, store, "--compact").endswith("up to date")


def test_a_first_release_is_made_by_run(catalogue: DrawnCatalogue, tmp_path: Path) -> None:
    Store(str(tmp_path / "store"), create=True)
    store = str(tmp_path / "store")
    result = run("update", "--catalogue", str(catalogue.folder), "--store", store)
    assert result.returncode == 1
    assert "Make one first: marketplace-search run --catalogue" in result.stderr
