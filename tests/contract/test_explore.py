"""Pages about a whole run: the same from a folder and from S3, and the same every time."""

from pathlib import Path

import pytest
from drawn_catalogue import DrawnCatalogue
from seen_page import Page, check_accessible, check_harmless
from test_cli import refused, run
from test_update_whole_way import edited
from test_whole_way import copy_of
from whole_way import RUN_ID, SmallRun

from batch_jobs.explore import job
from batch_jobs.explore.map_page import script
from batch_jobs.progress import Progress
from release.fetching import read_manifest, read_pointer
from release.store import Store

OURS = ("index", "examples", "confusion", "map", "reposts")
REPORTS = {"clean.html": "clean/report.html", "train.html": "train/report.html"}
REPORTS |= {"plan.html": "index/plan.html"}
FILES = {*REPORTS, *(f"{name}.html" for name in OURS), "explore.json"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def pages(small_run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("explored") / "out"
    result = run("explore", "--store", small_run.url, "--out", str(out))
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first.startswith("explore  8 pages, ")
    assert second == str(out / "index.html")
    return contents(out)


def test_every_page_is_there_and_the_index_links_all(pages: dict[str, bytes]) -> None:
    assert pages.keys() == FILES
    elements = Page(pages["index.html"].decode()).elements
    links = {attributes["href"] for tag, attributes in elements if tag == "a"}
    assert links == FILES - {"index.html", "explore.json"}
    assert "Left out" not in pages["index.html"].decode()


def test_pages_are_harmless_accessible_and_lead_back(pages: dict[str, bytes]) -> None:
    for name in OURS:
        page = pages[f"{name}.html"].decode()
        links = FILES - {"index.html", "explore.json"} if name == "index" else {"index.html"}
        check_harmless(page, links, [str(script())] if name == "map" else ())
        check_accessible(page, links)


def test_reports_of_stages_are_as_they_were_but_lead_back(
    pages: dict[str, bytes], small_run: SmallRun
) -> None:
    back = b'<p class="quiet"><a href="index.html">&larr; All pages of this run</a></p>\n'
    for name, path in REPORTS.items():
        assert pages[name].count(back) == 1
        assert pages[name].replace(back, b"") == small_run.store.read(f"runs/{RUN_ID}/{path}")


def test_all_photos_of_so_small_a_catalogue_are_on_the_map(pages: dict[str, bytes]) -> None:
    assert "All 42 photos." in Page(pages["map.html"].decode()).text


def test_from_s3_and_a_second_time_the_pages_are_the_same(
    pages: dict[str, bytes], small_run: SmallRun, s3_url: str, tmp_path: Path
) -> None:
    bucket = Store(s3_url)
    for entry in small_run.store.list(f"runs/{RUN_ID}"):
        bucket.write(entry.path, small_run.store.read(entry.path))
    out = tmp_path / "out"
    found = job.run(bucket, RUN_ID, out, Progress())
    again = job.run(bucket, RUN_ID, out, Progress())
    assert contents(out) == pages
    assert [page.content for page in found.pages] == [page.content for page in again.pages]


def test_a_folder_of_somebody_else_is_refused(small_run: SmallRun, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    message = refused("explore", "--store", small_run.url, "--out", str(tmp_path))
    assert "thesis.txt" in message
    assert "--out FOLDER" in message


def test_a_run_that_is_not_there_is_refused(small_run: SmallRun, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    message = refused("explore", "--store", small_run.url, "--run", "other", "--out", out)
    assert f"has no run other. Its runs: {RUN_ID}" in message


def test_after_an_update_the_pages_are_about_the_run_that_trained_its_network(
    pages: dict[str, bytes], small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path)
    folder, *_ = edited(catalogue, tmp_path / "after" / "drawn")
    assert run("update", "--catalogue", str(folder), "--store", store.url).returncode == 0
    pointer = read_pointer(store)
    assert pointer
    updated = read_manifest(store, pointer.release_id).run_id
    asked = ["explore", "--store", store.url, "--out", str(tmp_path / "out")]
    result = run(*asked)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0] == (
        f"explore  release {pointer.release_id} is an update: the pages are about run {RUN_ID}, "
        "which trained its network"
    )
    assert len(result.stdout.splitlines()) == 3
    assert contents(tmp_path / "out") == pages
    message = refused(*asked, "--run", updated)
    assert f"Run {updated} is an update's and has no pages of its own." in message
    assert f"marketplace-search explore --store {store.url} --run {RUN_ID}" in message
    store.delete([entry.path for entry in store.list(f"runs/{RUN_ID}")])
    for message in (refused(*asked), refused(*asked, "--run", updated)):
        assert f"Run {updated} is an update's" in message
        assert f"marketplace-search run --catalogue PATH --store {store.url}" in message
