"""The bundled catalogue, cleaned, against what is true of its files."""

import json
from pathlib import Path
from typing import Any

import pytest

from batch_jobs.clean.stage import CleanOptions, run
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards, read_table
from release.store import Store

TESTS = Path(__file__).parents[1]
FURNITURE = TESTS.parent / "demo" / "furniture"
TRUTH = json.loads((TESTS / "fixtures" / "furniture_truth.json").read_text(encoding="utf-8"))

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> StageFolder:
    store = Store(str(tmp_path_factory.mktemp("furniture")))
    run(store, str(FURNITURE), CleanOptions(), "furniture", Progress())
    return StageFolder(store, "furniture", "clean")


@pytest.fixture(scope="module")
def products(cleaned: StageFolder) -> Rows:
    return read_table(cleaned, "products.parquet").to_pylist()


@pytest.fixture(scope="module")
def photos(cleaned: StageFolder) -> Rows:
    return [row for _, table in read_shards(cleaned, "photos-") for row in table.to_pylist()]


@pytest.fixture(scope="module")
def rejects(cleaned: StageFolder) -> Rows:
    return read_table(cleaned, "rejects.parquet").to_pylist()


def test_every_listing_is_kept_once(products: Rows) -> None:
    assert len(products) == TRUTH["listings"]
    assert len({row["product_id"] for row in products}) == TRUTH["listings"]


def test_rejected_listings_are_those_with_their_lines_and_reasons(rejects: Rows) -> None:
    found = [row for row in rejects if row["kind"] == "listing"]
    names = ("line_from", "line_to", "id", "reason")
    wanted = [tuple(row[name] for name in names) for row in TRUTH["rejected_listings"]]
    assert [tuple(row[name] for name in names) for row in found] == wanted
    for row, truth in zip(found, TRUTH["rejected_listings"], strict=True):
        assert f"line {truth['first_line']}" in row["detail"]
        assert row["raw"].split(",")[1] == truth["id"]


def test_of_two_listings_with_one_id_the_first_stays(products: Rows) -> None:
    titles = {row["product_id"]: row["title"] for row in products}
    for product_id, title in TRUTH["titles_that_stay"].items():
        assert titles[product_id] == title


@pytest.mark.parametrize("line", TRUTH["listings_by_line"])
def test_a_listing_says_what_its_record_says(products: Rows, line: str) -> None:
    (row,) = (row for row in products if row["source_line"] == int(line))
    wanted = TRUTH["listings_by_line"][line]
    assert {name: row[name] for name in wanted} == wanted


def test_prices_have_their_status(products: Rows) -> None:
    for status, ids in TRUTH["prices"].items():
        found = {row["product_id"] for row in products if row["price_status"] == status}
        assert found == set(ids)
    ok = [row["price"] for row in products if row["price_status"] == "ok"]
    wanted = TRUTH["ok_prices"]
    assert (len(ok), sum(ok)) == (wanted["count"], wanted["sum"])
    assert (min(ok), max(ok)) == (wanted["smallest"], wanted["largest"])
    assert {row["currency"] for row in products} == {"GBP"}


def test_categories_are_paths(products: Rows) -> None:
    paths = [tuple(row["category_path"]) for row in products]
    wanted = TRUTH["categories"]
    assert len(set(paths)) == wanted["paths"]
    assert len({path[0] for path in paths}) == wanted["roots"]
    assert sum(len(path) == 2 for path in paths) == wanted["of_two_parts"]
    assert sum(len(path) == 3 for path in paths) == wanted["of_three_parts"]


def test_texts_are_tidy(products: Rows) -> None:
    for row in products:
        words = f"{row['title']} {row['description']} {row['location']}"
        assert "Gumtree" not in words
        assert not any(dirt in words for dirt in ("&amp;", "&pound;", "Â", "Ã", "  ", "\r", "|"))
        assert row["title"]
        assert row["location"] == row["location"].strip() != ""
    lines = sum("\n" in row["description"] for row in products)
    assert lines == TRUTH["descriptions_of_several_lines"]


def test_rejected_photos_are_those_with_their_reasons(rejects: Rows) -> None:
    found = {(row["reason"], row["id"]) for row in rejects if row["kind"] == "photo"}
    wanted = {(reason, i) for reason, ids in TRUTH["rejected_photos"].items() for i in ids}
    assert found == wanted


def test_rejected_photos_point_to_their_line_or_file(rejects: Rows) -> None:
    lines = {i: line for ids in TRUTH["rejected_photos"].values() for i, line in ids.items()}
    for row in rejects:
        if row["kind"] == "photo":
            assert row["line_from"] == row["line_to"] == lines[row["id"]]
            by_line = row["line_from"] is not None
            assert row["source"] == ("Images.csv" if by_line else f"images/{row['id']}.jpg")


def test_photos_stand_with_their_own_listing(photos: Rows) -> None:
    listed = dict(
        line.split(",")[1:] for line in (FURNITURE / "Images.csv").read_text().splitlines()[1:]
    )
    assert len(photos) == TRUTH["photos"]
    assert all(listed[row["image_id"]] == row["product_id"] for row in photos)


def test_listings_without_photos_are_kept_but_not_searchable(products: Rows, photos: Rows) -> None:
    without = [row["product_id"] for row in products if not row["searchable"]]
    assert sorted(without) == TRUTH["listings_without_photos"]
    assert sum(row["photo_count"] for row in products) == len(photos)
    assert all((row["photo_count"] > 0) == row["searchable"] for row in products)


def test_the_same_picture_in_several_listings_is_one_group(photos: Rows) -> None:
    groups: dict[str, list[str]] = {}
    for row in photos:
        if row["duplicate_group"]:
            groups.setdefault(row["duplicate_group"], []).append(row["image_id"])
    assert sorted(sorted(ids) for ids in groups.values()) == TRUTH["duplicate_groups"]
    assert all(name == min(ids) for name, ids in groups.items())


def test_the_report_adds_up(cleaned: StageFolder) -> None:
    report = json.loads(cleaned.read("report.json"))
    for account in ("listings", "photo_rows", "photo_files"):
        found = report[account]
        dropped = found.get("duplicates_dropped", 0)
        assert found["in"] == found["out"] + found["rejected"] + dropped
    assert report["listings"]["in"] == TRUTH["records"]
    assert report["photo_rows"]["in"] == TRUTH["photo_rows"]
    assert report["photo_files"]["in"] == TRUTH["photo_files"]
    assert report["photo_files"]["out"] == report["photo_rows"]["out"] == TRUTH["photos"]
    groups = len(TRUTH["duplicate_groups"])
    assert report["duplicates"]["groups_across_listings"] == groups
    assert report["duplicates"]["photos"] == 2 * groups
