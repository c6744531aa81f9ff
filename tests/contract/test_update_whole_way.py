"""update as a person uses it: a catalogue in files, edited between two commands."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn_catalogue import DrawnCatalogue, draw_catalogue
from PIL import Image
from small_release import SIZE
from test_publish_stage import RUN, publish, write_export, write_train

from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.progress import Progress
from release.reader import Release, open_current
from release.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def drawn(tmp_path: Path) -> DrawnCatalogue:
    return draw_catalogue(tmp_path / "before" / "drawn", listings=6)


@pytest.fixture
def store(drawn: DrawnCatalogue, tmp_path: Path) -> Store:
    """A store with a release of the drawn catalogue, of a tiny network."""
    opened = Store(str(tmp_path / "store"), create=True)
    clean_stage.run(opened, str(drawn.folder), CleanOptions(SIZE), RUN, Progress())
    write_train(opened)
    write_export(opened)
    publish(opened)
    return opened


def edited(catalogue: DrawnCatalogue, folder: Path) -> tuple[Path, str, str, str]:
    """A copy without its first listing, the second cheaper, and a new one: their ids."""
    shutil.copytree(catalogue.folder, folder)
    gone, cheaper, new = catalogue.product_ids[0], catalogue.product_ids[1], "a-new-listing"
    rows = list(csv.reader((folder / "Products.csv").read_text(encoding="utf-8").splitlines()))
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
    return {name for one in release.search.segments for name in one.product_ids()}


def run_update(catalogue: Path, store: Store, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "batch_jobs", "update", "--catalogue", str(catalogue)]
    command += ["--store", store.url, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def update(catalogue: Path, store: Store, *more: str) -> str:
    """The last line of what it prints."""
    result = run_update(catalogue, store, *more)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


def test_a_catalogue_that_was_edited_is_served_after_an_update(
    drawn: DrawnCatalogue, store: Store, tmp_path: Path
) -> None:
    assert update(drawn.folder, store).endswith("up to date")
    folder, gone, cheaper, new = edited(drawn, tmp_path / "after" / "drawn")
    line = update(folder, store, "--compact-share", "9")
    assert line.startswith(
        "update   1 added, 1 changed, 1 removed; 1 photos embedded, 3 taken over"
    )
    assert "segment s-" in line
    release = open_current(store, tmp_path / "cache")
    assert shown(release) == set(drawn.product_ids) - {gone} | {new}
    assert release.search.listing(cheaper).price == 1.5
    photo = (folder / "images" / "a-new-photo.jpg").read_bytes()
    (hit, *_) = release.search.search_listings(release.extract(photo).embedding, 3)
    assert hit.listing.product_id == new
    assert update(folder, store).endswith("up to date")
    assert "0 photos embedded, 16 taken over; segment base" in update(folder, store, "--compact")
    (base,) = open_current(store, tmp_path / "cache").manifest.segments
    assert (base.name, base.measured is not None) == ("base", True)
    assert update(folder, store, "--compact").endswith("up to date")


def test_a_first_release_is_made_by_run(drawn: DrawnCatalogue, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"), create=True)
    result = run_update(drawn.folder, store)
    assert result.returncode == 1
    assert "Make one first: marketplace-search run --catalogue" in result.stderr
