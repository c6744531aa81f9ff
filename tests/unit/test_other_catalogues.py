"""Catalogues in other layouts, cleaned whole."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cleaned_catalogue import assert_adds_up, clean, picture

LISTINGS: list[dict[str, Any]] = [
    {"sku": "a", "name": "Chair", "path": "Home > Chairs", "cost": "1.200,00 €"},
    {"sku": "b", "name": "Lamp", "path": "Home>Lamps", "cost": "20 GBP"},
    {"sku": "c", "name": "Mug", "path": "", "cost": ""},
]
PICTURES = [
    {"id": "p1", "sku": "a", "file": "x/one.png"},
    {"id": "p2", "sku": "b", "file": "two.png"},
    {"id": "p3", "sku": "z", "file": "two.png"},
]
SETTINGS = """
currency = "EUR"
category_separator = ">"
photo_path = "shots/{{photo}}"
[listings]
file = "items.{ending}"
columns = {{product_id = "sku", title = "name", category = "path", price = "cost",
    description = "", location = ""}}
[photos]
file = "pictures.{ending}"
columns = {{image_id = "id", product_id = "sku", photo = "file"}}
""".replace("    description", "description").replace(",\ndescription", ", description")


def put(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def delimited(rows: list[dict[str, Any]], delimiter: str) -> bytes:
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(delimiter.join(line) for line in lines).encode()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


FORMATS = {
    "tsv": lambda rows: delimited(rows, "\t"),
    "csv": lambda rows: delimited(rows, ";"),
    "jsonl": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "parquet": parquet,
}


@pytest.mark.parametrize("ending", FORMATS)
def test_two_tables_of_any_format_with_names_of_their_own(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "made"
    put(folder, f"items.{ending}", FORMATS[ending](LISTINGS))
    put(folder, f"pictures.{ending}", FORMATS[ending](PICTURES))
    put(folder, "catalogue.toml", SETTINGS.format(ending=ending).encode())
    put(folder, "shots/x/one.png", picture(1))
    put(folder, "shots/two.png", picture(2))
    put(folder, "shots/three.png", picture(3))
    cleaned = clean(folder, tmp_path / "store")
    found = [(row["product_id"], row["category_path"], row["price"]) for row in cleaned.products]
    assert found == [
        ("a", ["Home", "Chairs"], 1200.0),
        ("b", ["Home", "Lamps"], 20.0),
        ("c", [], None),
    ]
    assert [row["currency"] for row in cleaned.products] == ["EUR", "GBP", "EUR"]
    assert [row["searchable"] for row in cleaned.products] == [True, True, False]
    assert [(row["image_id"], row["product_id"]) for row in cleaned.photos] == [
        ("p1", "a"),
        ("p2", "b"),
    ]
    assert cleaned.rejected("photo") == [("p3", "unknown_listing"), ("three", "unlisted_file")]


def test_one_table_with_several_photos_in_a_cell(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    rows = [
        {"id": "a", "title": "Chair", "pics": ["pics/1.png", "pics/2.png"], "price": 12.5},
        {"id": "b", "title": "Lamp", "pics": "https://example.com/pics/1.png", "price": None},
        {"id": "c", "title": "Mug", "pics": ["../../etc/passwd", "pics/gone.png"], "price": 0},
        {"id": 7, "title": "Cup", "pics": "pics/sub dir/3.png", "price": 1234567},
    ]
    put(folder, "items.ndjson", "\n".join(map(json.dumps, rows)).encode())
    settings = """
        photo_path = "{photo}"
        [listings]
        file = "items.ndjson"
        [listings.columns]
        product_id = "id"
        title = "title"
        category = ""
        description = ""
        location = ""
        photos = "pics"
    """
    put(folder, "catalogue.toml", settings.encode())
    for number, name in enumerate(["1.png", "2.png", "sub dir/3.png"]):
        put(folder, f"pics/{name}", picture(40 * number))
    cleaned = clean(folder, tmp_path / "store")
    assert [row["product_id"] for row in cleaned.products] == ["a", "b", "c", "7"]
    assert [row["price"] for row in cleaned.products] == [12.5, None, 0.0, 1234567.0]
    assert [row["price_status"] for row in cleaned.products] == [
        "ok",
        "missing",
        "free",
        "suspicious",
    ]
    assert [row["product_id"] for row in cleaned.photos] == ["a", "a", "7"]
    reasons = [(row["reason"], row["line_from"]) for row in cleaned.rejects]
    assert sorted(reasons) == [("missing_file", 2), ("missing_file", 3), ("unsafe_id", 3)]
    (url,) = (row for row in cleaned.rejects if row["line_from"] == 2)
    assert "URLs are not fetched" in url["detail"]


def test_rows_merged_with_their_photos_are_one_listing_with_all_of_them(tmp_path: Path) -> None:
    """As `pandas.merge` of both tables writes them: the listing again for each photo."""
    folder = tmp_path / "made"
    lines = ["id,product_name,image", "a,Chair,1", "a,Chair,2", "b,Lamp,3"]
    put(folder, "Products.csv", "\n".join(lines).encode())
    settings = (
        'photo_path = "images/{photo}"\n[listings.columns]\ncategory = ""\nprice = ""\n'
        'product_description = ""\n'.replace("product_", "")
        + 'location = ""\nphotos = "image"\n'
    )
    put(folder, "catalogue.toml", settings.encode())
    for number in (1, 2, 3):
        put(folder, f"images/{number}.png", picture(30 * number))
    cleaned = clean(folder, tmp_path / "store")
    assert [(row["product_id"], row["photo_count"]) for row in cleaned.products] == [
        ("a", 2),
        ("b", 1),
    ]
    assert cleaned.rejected("listing") == [("a", "duplicate_row")]
    assert [row["image_id"] for row in cleaned.photos] == ["1", "2", "3"]


HEADER = ",id,product_name,category,product_description,price,location\n"


@pytest.mark.parametrize("named_by", ["id", "image_ref", "bucket_link"])
def test_the_older_layout_of_images(tmp_path: Path, named_by: str) -> None:
    folder = tmp_path / "made"
    put(folder, "Products.csv", f"{HEADER}0,a,Chair,Home / Chairs,Old.,£5,Bath\n".encode())
    row = {"id": "p", "image_ref": "ref", "bucket_link": "https://images.example.com/x/link.jpg"}
    lines = [",id,product_id,bucket_link,image_ref", f"0,p,a,{row['bucket_link']},ref"]
    put(folder, "Images.csv", "\n".join(lines).encode())
    name = row[named_by].rsplit("/", 1)[-1].removesuffix(".jpg")
    put(folder, f"images/{name}.jpg", picture(5))
    cleaned = clean(folder, tmp_path / "store")
    assert [row["image_id"] for row in cleaned.photos] == ["p"]
    assert cleaned.rejects == []


def test_class_folders_without_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    put(folder, "images/Chairs/one.png", picture(1))
    put(folder, "images/Home/Lamps &amp; lights/IMG 2.PNG", picture(60))
    put(folder, "images/chairs/one.png", picture(120))
    put(folder, "images/Chairs/damaged.jpg", b"no photo")
    put(folder, "images/Chairs/Thumbs.db", b"what a window leaves")
    put(folder, "images/.DS_Store", b"and another")
    cleaned = clean(folder, tmp_path / "store")
    paths = {row["title"]: row["category_path"] for row in cleaned.products}
    assert paths["IMG 2"] == ["Home", "Lamps & lights"]
    assert paths["one"] == ["Chairs"]
    assert len(cleaned.products) == 4
    assert [row["searchable"] for row in cleaned.products].count(False) == 1
    assert all(row["image_id"] == row["product_id"] for row in cleaned.photos)
    assert len({row["image_id"] for row in cleaned.photos}) == 3
    reasons = sorted(reason for _, reason in cleaned.rejected("photo"))
    assert reasons == ["not_an_image", "unlisted_file", "unlisted_file"]
    assert cleaned.report["photo_files"]["in"] == 6


def test_files_of_one_name_in_a_class_folder_catalogue_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    put(folder, "images/Chairs/one.jpg", picture(1))
    put(folder, "images/Chairs/one.png", picture(90))
    put(folder, "images/two.jpg", picture(120))
    put(folder, "images/two.png", picture(180))
    cleaned = clean(folder, tmp_path / "store")
    assert len(cleaned.products) == 3
    assert cleaned.rejected("listing") == cleaned.rejected("photo") == [("two", "conflicting_row")]
    assert_adds_up(cleaned, photo_rows=4, files=4)


def test_class_folders_may_have_any_name(tmp_path: Path) -> None:
    names = ["100% cotton", "a#b", "c?d", "e[f]", 'quote"s', "back\\slash", "ünï", "x ", "%20"]
    for number, name in enumerate(names):
        put(tmp_path / "made", f"images/{name}/p {number}.png", picture(20 * number))
    put(tmp_path / "made", "images/new\nline/p.png", picture(1))
    put(tmp_path / "made", "images/Chairs/q.p\nng", picture(1))
    cleaned = clean(tmp_path / "made", tmp_path / "store")
    assert len(cleaned.photos) == len(cleaned.products) == len(names)
    assert [reason for _, reason in cleaned.rejected("photo")] == ["unlisted_file"] * 2


ONE_TABLE = """
photo_path = "images/{photo}"
photo_separator = "|"
[listings.columns]
category = ""
description = ""
price = ""
location = ""
photos = "image"
"""


def one_table(folder: Path, *lines: str) -> Path:
    put(folder, "Products.csv", "\n".join(["id,product_name,image", *lines]).encode())
    put(folder, "catalogue.toml", ONE_TABLE.encode())
    for number in (1, 2, 3):
        put(folder, f"images/{number}.png", picture(60 * number))
    return folder


def test_the_photos_of_a_row_that_conflicts_are_nobodys(tmp_path: Path) -> None:
    folder = one_table(tmp_path / "made", "a,Chair,1|2", "a,Sofa bed,3", ",Nameless,3")
    cleaned = clean(folder, tmp_path / "store")
    assert [row["image_id"] for row in cleaned.photos] == ["1", "2"]
    assert cleaned.rejected("listing") == [("a", "conflicting_row"), (None, "missing_id")]
    assert cleaned.rejected("photo")[:2] == [("3", "unknown_listing")] * 2
    assert_adds_up(cleaned, photo_rows=4, files=3)


def test_a_file_that_two_listings_name_is_a_photo_of_both(tmp_path: Path) -> None:
    folder = one_table(tmp_path / "made", "a,Chair,1|2", "b,Stool,2|2|3", "c,Bench,2")
    cleaned = clean(folder, tmp_path / "store")
    assert [row["product_id"] for row in cleaned.photos] == ["a", "a", "b", "b", "c"]
    assert len({row["image_id"] for row in cleaned.photos}) == 5
    assert len({row["duplicate_group"] for row in cleaned.photos}) == 2
    assert [reason for _, reason in cleaned.rejected("photo")] == ["duplicate_row"]


def test_a_cell_of_photos_may_hold_anything(tmp_path: Path) -> None:
    cells = ["[" * 100_000, '["\\ud800.jpg"]', "[null]", '[{"url": 1}]', '["1"]']
    lines = [
        f'l{number},Chair,"{cell.replace(chr(34), 2 * chr(34))}"'
        for number, cell in enumerate(cells)
    ]
    cleaned = clean(one_table(tmp_path / "made", *lines), tmp_path / "store")
    assert len(cleaned.products) == 5
    assert [row["product_id"] for row in cleaned.photos] == ["l4"]
