"""Tables of every format give the same records, and no bytes make reading fail."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from batch_jobs.clean.catalogue.layout import LISTING_COLUMNS, Table
from batch_jobs.clean.records.formats import column_names, read_table
from batch_jobs.clean.records.json_lines import read_json_lines
from batch_jobs.clean.records.lines import read_lines
from batch_jobs.clean.records.records import BrokenRecord, Record, read_records
from batch_jobs.progress import Progress
from release.errors import JobError
from release.store import Store

COLUMNS = {"product_id": "sku", "title": "Name", "price": "cost", "photos": "pictures"}
NAMES = ["extra", "cost", "sku", "name", "pictures", "more words"]
ROWS = [
    ["1", "5.50", "a-1", "Chair", "x.jpg|y.jpg", "oak"],
    ["2", "£1,200", "a-2", "Table; round\n(no legs)\tbig | heavy", "", "one, two"],
    ["3", "", "a-3", 'Shelf 12" "new"', "z.jpg", ""],
]


def store_with(folder: Path, name: str, content: bytes) -> tuple[Store, Table]:
    (folder / name).write_bytes(content)
    return Store(str(folder)), Table(name, COLUMNS)


def read(folder: Path, name: str, content: bytes) -> list[Any]:
    return list(read_table(*store_with(folder, name, content), Progress()))


def as_csv(delimiter: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([NAMES, *ROWS])
    return buffer.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    found = read(tmp_path, "items.csv", as_csv(delimiter))
    wanted = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    assert [record.fields for record in found] == [
        {"product_id": row["sku"], "title": row["name"], "price": row["cost"]}
        | {"photos": row["pictures"]}
        for row in wanted
    ]
    assert [(record.line_from, record.line_to) for record in found] == [(2, 2), (3, 4), (5, 5)]


def test_the_id_may_stand_anywhere(tmp_path: Path) -> None:
    rows = [f'"Chair, {number}",x,00{number:04}-a,5,Old and\nused\n' for number in range(30)]
    content = "name,pictures,sku,cost,more\n" + "".join(rows)
    found = read(tmp_path, "items.csv", content.encode())
    assert [record.fields["title"] for record in found] == [f"Chair, {n}" for n in range(30)]
    assert [record.line_from for record in found] == list(range(2, 62, 2))


def test_a_delimiter_that_is_given_counts(tmp_path: Path) -> None:
    content = b"sku!name, or title!cost!pictures\n1!a, b!5!\n"
    (tmp_path / "a.csv").write_bytes(content)
    columns = COLUMNS | {"title": "name, or title"}
    (record,) = read_table(Store(str(tmp_path)), Table("a.csv", columns, "!"), Progress())
    assert record.fields == {"product_id": "1", "title": "a, b", "price": "5", "photos": ""}


def test_json_lines_give_text_but_for_prices_and_lists(tmp_path: Path) -> None:
    objects = [
        {"SKU": 17, "name": "Chair", "cost": 5, "pictures": ["x.jpg", 2, None], "other": {}},
        {"sku": 1.5, "name": True, "cost": "£5", "pictures": [{"url": "a"}]},
        {"sku": "b", "name": None, "cost": float("nan")},
        {"sku": "c\0", "name": "\ud83d half", "cost": 10**400, "pictures": {"a": "ü"}},
    ]
    content = "\n\n".join(json.dumps(one) for one in objects).encode()
    found = read(tmp_path, "a.jsonl", content)
    assert [list(record.fields.values()) for record in found] == [
        ["17", "Chair", 5.0, ["x.jpg", "2"]],
        ["1.5", "true", "£5", '[{"url": "a"}]'],
        ["b", None, None, None],
        ["c", "\ufffd half", str(10**400), '{"a": "ü"}'],
    ]
    assert [record.line_from for record in found] == [1, 3, 5, 7]
    assert json.loads(found[0].raw) == objects[0]


def test_an_object_broken_by_newlines_is_put_together_again(tmp_path: Path) -> None:
    content = (
        b'\xef\xbb\xbf{"sku": "1", "name": "a {\n\n b}\r\n c", "cost": 1}\n'
        b'{"sku": "2", "name": "Caf\xe9"}\n'
    )
    first, second = read(tmp_path, "a.jsonl", content)
    assert first.fields["title"] == "a {\n\n b}\n c"
    assert (first.line_from, first.line_to, second.line_from) == (1, 4, 5)
    assert second.fields == {"product_id": "2", "title": "Café", "price": None, "photos": None}


@pytest.mark.parametrize(
    "broken", ['{"sku": "1", "name": "x', '{"sku": 1,}', "[1]", '"x"', "5", "garbage", "}", "{"]
)
def test_what_is_no_object_is_rejected_alone(tmp_path: Path, broken: str) -> None:
    whole = '{"sku": "1"}\n'
    before, reject, after = read(tmp_path, "a.jsonl", f"{whole}{broken}\n{whole}".encode())
    assert isinstance(reject, BrokenRecord)
    assert (reject.line_from, reject.line_to, reject.raw) == (2, 2, broken)
    assert "JSON" in reject.detail
    assert before.fields == after.fields


def parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, row_group_size=2)
    return buffer.getvalue()


def test_parquet_gives_rows_by_their_numbers(tmp_path: Path) -> None:
    content = parquet(
        SKU=[1, 2, 3],
        name=pa.array(["a", None, "c\nd"]).dictionary_encode(),
        cost=[1.5, None, float("nan")],
        pictures=[["x.jpg", None], [], None],
        seen=pa.array([0, 1, 2**62], pa.timestamp("ns")),
        photo=[b"\xff", b"", None],
    )
    found = read(tmp_path, "a.parquet", content)
    assert [list(record.fields.values()) for record in found] == [
        ["1", "a", 1.5, ["x.jpg"]],
        ["2", None, None, []],
        ["3", "c\nd", None, None],
    ]
    assert [(record.line_from, record.line_to) for record in found] == [(1, 1), (2, 2), (3, 3)]
    raw = json.loads(found[0].raw)
    assert (raw["SKU"], raw["name"], "photo" in raw) == (1, "a", False)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    content = parquet(sku=["a"] * 500, name=["b"] * 500, cost=["c"] * 500, pictures=["d"] * 500)
    for damaged in (content[:100], content[100:], b"sku,name\n", b"\0" * 99 + content[99:]):
        with pytest.raises(JobError, match=r"a\.parquet cannot be read as Parquet"):
            read(tmp_path, "a.parquet", damaged)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"no column sku, pictures\. Found: 'name', 'cost'"):
        read(tmp_path, "a.parquet", parquet(name=["a"], cost=[1]))


def test_columns_of_json_lines_are_looked_for_in_the_whole_file(tmp_path: Path) -> None:
    content = b'{"sku": "1"}\n' * 100_000 + b'{"Name": 1, "cost": 2}\n{"pictures": 3}\n{"x": 1}\n'
    names = column_names(*store_with(tmp_path, "a.jsonl", content))
    assert names == ["sku", "name", "cost", "pictures"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_table_that_is_missing_or_empty_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(JobError, match="is empty"):
        read(tmp_path, name, b"")
    (tmp_path / name).unlink()
    with pytest.raises(JobError, match="is missing"):
        list(read_table(Store(str(tmp_path)), Table(name, COLUMNS), Progress()))


def lines_of(found: list[Any]) -> Iterator[int]:
    return (number for one in found for number in range(one.line_from, one.line_to + 1))


JSON_DIRT = st.lists(
    st.sampled_from([b'{"sku": "1"}', b"{", b"}", b'"', b"\\", b"\n", b"\r", b"\0", b"[", b"1e999"])
    | st.binary(max_size=12),
    max_size=30,
).map(b"".join)


@given(JSON_DIRT, st.integers(1, 50))
@example(b"[" * 100_000 + b"\n{", 50_000)
@example(b'{"a":' * 20_000, 50_000)
def test_every_line_of_json_lines_is_in_one_record_or_reject(data: bytes, chunk: int) -> None:
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    lines = list(lines_of(list(read_json_lines(chunks, Table("a.jsonl", COLUMNS)))))
    assert lines == sorted(set(lines))
    assert {number for number, text in read_lines([data]) if text.strip()} <= set(lines)


CELL = st.text(st.sampled_from('a b"\n£/09.,;\t|é'), max_size=12)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELL, min_size=6, max_size=6), max_size=8), st.sampled_from(",;\t|"))
def test_a_file_of_any_delimiter_comes_back_as_it_was_written(
    rows: list[list[str]], delimiter: str
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(LISTING_COLUMNS.values())
    ids = [f"item-{number}" for number in range(len(rows))]
    writer.writerows([identity, *row[1:]] for identity, row in zip(ids, rows, strict=True))
    found = list(read_records([buffer.getvalue().encode()], Table("a.csv", LISTING_COLUMNS)))
    assert all(isinstance(record, Record) for record in found), found
    assert [list(record.fields.values())[1:] for record in found] == [row[1:] for row in rows]
