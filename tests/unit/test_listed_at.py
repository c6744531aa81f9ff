"""A column that says when listings were put up, from any kind of table to products.parquet."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cleaned_catalogue import HandMade, clean, picture
from seen_page import Page

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)
TOML = """
[listings]
file = "{}"
[listings.columns]
title = "name"
category = ""
description = ""
price = ""
location = ""
listed_at = "Created"
photos = "photo"
"""
TEXTS = ["2024-01-02T12:00:00Z", "2024-01-02", "1704196800", "1704196800000", "soon", ""]
NAMES = ["id", "name", "photo", "created"]


def csv(folder: Path) -> None:
    lines = [",".join(NAMES), *(f"{at},Chair {at},1,{text}" for at, text in enumerate(TEXTS))]
    (folder / "items.csv").write_text("\n".join(lines))


def json_lines(folder: Path) -> None:
    values = ["2024-01-02T14:00:00+02:00", "2024-01-02", 1704196800, 1704196800000.0, [1], None]
    rows = [dict(zip(NAMES, (at, "Chair", "1", v), strict=True)) for at, v in enumerate(values)]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))


def parquet(kind: pa.DataType) -> pa.Table:
    created = pa.array([1704196800, 1704153600, None], pa.timestamp("s", "UTC")).cast(kind)
    ids, names = ["a", "b", "c"], ["Chair"] * 3
    return pa.table(dict(zip(NAMES, (ids, names, ["1"] * 3, created), strict=True)))


def catalogue(folder: Path, file: str) -> Path:
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "1.png").write_bytes(picture(40))
    (folder / "catalogue.toml").write_text(TOML.format(file))
    return folder


@pytest.mark.parametrize("write", [csv, json_lines])
def test_every_notation_and_none(write: type, tmp_path: Path) -> None:
    ending = "csv" if write is csv else "jsonl"
    folder = catalogue(tmp_path / "made", f"items.{ending}")
    write(folder)
    cleaned = clean(folder, tmp_path / "store")
    found = [row["listed_at"] for row in cleaned.products]
    assert found == [NOON, MIDNIGHT, NOON, NOON, None, None]
    assert cleaned.rejected("listing") == []
    assert cleaned.report["listed_at"] == {"missing": 1, "ok": 4, "unreadable": 1}
    page = (tmp_path / "store/runs/a-run/clean/report.html").read_text()
    assert "4 say when they were put up; of 1 that could not be read." in Page(page).text


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.timestamp("s", "UTC"), pa.timestamp("ms"), pa.timestamp("us", "+05:30")),
        *(pa.timestamp("ns", "America/New_York"), pa.date32(), pa.int64(), pa.string()),
    ],
    ids=str,
)
def test_every_kind_of_parquet_column(kind: pa.DataType, tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "made", "items.parquet")
    pq.write_table(parquet(kind), folder / "items.parquet")
    found = [row["listed_at"] for row in clean(folder, tmp_path / "store").products]
    assert found == [MIDNIGHT if kind == pa.date32() else NOON, MIDNIGHT, None]


def test_a_catalogue_without_the_column_has_nulls(tmp_path: Path) -> None:
    made = HandMade()
    made.listing("a")
    made.photo("p", "a", picture(3))
    cleaned = clean(made.write(tmp_path / "made"), tmp_path / "store")
    assert [row["listed_at"] for row in cleaned.products] == [None]
    assert cleaned.report["listed_at"] == {"missing": 1}


def test_another_date_makes_another_content(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "made", "items.csv")
    lines = ["id,name,photo,created", *(f"a,Chair,1,{text}" for text in (1704196800, *TEXTS[:2]))]
    (folder / "items.csv").write_text("\n".join(lines))
    reasons = [reason for _, reason in clean(folder, tmp_path / "store").rejected("listing")]
    assert reasons == ["duplicate_row", "conflicting_row"]
