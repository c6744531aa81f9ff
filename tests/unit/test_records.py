"""Records are put together again, whatever has broken them."""

import csv
import io
import time
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batch_jobs.clean.catalogue.layout import LISTING_COLUMNS, PHOTO_COLUMNS, Table
from batch_jobs.clean.records.lines import read_lines
from batch_jobs.clean.records.records import BrokenRecord, Record, read_records

PRODUCTS = Table("Products.csv", LISTING_COLUMNS)
IMAGES = Table("Images.csv", PHOTO_COLUMNS)
NAMES = ("", *LISTING_COLUMNS.values())
HEADER = ",".join(NAMES) + "\n"
IDS = [str(uuid.UUID(int=number)) for number in range(1, 40)]
REST = '"T, x",A / B,"Desc, more",£5,"Bath, S"'
WHOLE = ["T, x", "A / B", "Desc, more", "£5", "Bath, S"]


def read(body: str | bytes, table: Table = PRODUCTS, header: str = HEADER) -> list:
    data = header.encode() + (body.encode() if isinstance(body, str) else body)
    return list(read_records([data], table))


def texts(record: Record | BrokenRecord) -> list[str]:
    assert isinstance(record, Record), record
    return list(record.fields.values())[1:]


def row(number: int, rest: str = REST) -> str:
    return f"{number},{IDS[number]},{rest}\n"


MENDED = {
    "newline in the description": (
        'T,A / B,One\ntwo.,£5,"Bath, S"',
        ["T", "A / B", "One\ntwo.", "£5", "Bath, S"],
    ),
    "three lines": (
        "T,A / B,One\r\ntwo\rthree.,£5,Bath",
        ["T", "A / B", "One\ntwo\nthree.", "£5", "Bath"],
    ),
    "newline in the title": ("T\nx,A / B,D,£5,Bath", ["T\nx", "A / B", "D", "£5", "Bath"]),
    "newline in the category": ("T,A /\nB,D,£5,Bath", ["T", "A /\nB", "D", "£5", "Bath"]),
    "newline in the location": ("T,A / B,D,£5,Bath\nS", ["T", "A / B", "D", "£5", "Bath\nS"]),
    "blank line inside": (
        "T,A / B,One.\n\nTwo.,£5,Bath",
        ["T", "A / B", "One.\n\nTwo.", "£5", "Bath"],
    ),
    "newline inside quotes": (
        'T,A / B,"One, 1\ntwo",£5,Bath',
        ["T", "A / B", "One, 1\ntwo", "£5", "Bath"],
    ),
    "commas inside quotes after a broken line": (
        'T\nx,A / B,"One, two",£5,"Bath, S"',
        ["T\nx", "A / B", "One, two", "£5", "Bath, S"],
    ),
    "lines that look like row numbers": (
        'T,A / B,"Has:\n1, 2 chairs\n2,a table\n3,4,5 burners\n1,two,three,four",£5,Bath',
        [
            "T",
            "A / B",
            "Has:\n1, 2 chairs\n2,a table\n3,4,5 burners\n1,two,three,four",
            "£5",
            "Bath",
        ],
    ),
    "commas without quotes": (
        'T,A / B,"One",£5,Bath'.replace('"One"', "One, two, three"),
        ["T", "A / B", "One, two, three", "£5", "Bath"],
    ),
    "commas without quotes and a newline": (
        "T,A / B,One, two\nthree, four.,£5,Bath",
        ["T", "A / B", "One, two\nthree, four.", "£5", "Bath"],
    ),
    "location without quotes": ("T,A / B,D,£5,Bath, S", ["T", "A / B", "D", "£5", "Bath, S"]),
    "title never closes": ('"T, x,A / B,"Desc, more",£5,"Bath, S"', WHOLE),
    "title never closes, and all is quoted": (
        '"T, x,"A / B","Desc, more",£5,"Bath, S"',
        WHOLE,
    ),
    "description never closes": ('"T, x",A / B,"Desc, more,£5,"Bath, S"', WHOLE),
    "location never closes": ('"T, x",A / B,"Desc, more",£5,"Bath, S', WHOLE),
    "description never opens": ('"T, x",A / B,Desc, more",£5,"Bath, S"', WHOLE),
    "never closes, over several lines": (
        '"T, x",A / B,"Desc, more\nof it, too,£5,"Bath, S"',
        ["T, x", "A / B", "Desc, more\nof it, too", "£5", "Bath, S"],
    ),
    "inch marks": (
        '"T 12"",A / B,"pipe 12" long, 3" wide",£5,Bath',
        ['T 12"', "A / B", 'pipe 12" long, 3" wide', "£5", "Bath"],
    ),
    "quote before a newline": (
        'T,A / B,"He said "hi"\nand left, ok",£5,Bath',
        ["T", "A / B", 'He said "hi"\nand left, ok', "£5", "Bath"],
    ),
    "surplus empty fields": (REST + ",,", WHOLE),
    "no location": ("T,A / B,D,£5", ["T", "A / B", "D", "£5", ""]),
    "price that is none": ("T,A / B,D\nx,ask me,Bath", ["T", "A / B", "D\nx", "ask me", "Bath"]),
    "NUL bytes": ("T\0,A / B,D,£5\0,Bath", ["T", "A / B", "D", "£5", "Bath"]),
}


@pytest.mark.parametrize("defect", MENDED)
def test_a_broken_record_is_mended_and_its_neighbours_are_untouched(defect: str) -> None:
    broken, wanted = MENDED[defect]
    before, mended, after = read(row(0) + row(1, broken) + row(2))
    assert texts(mended) == wanted
    assert texts(before) == texts(after) == WHOLE
    assert mended.line_from == 3
    assert after.line_from == mended.line_to + 1


@pytest.mark.parametrize("cut", ["", "T", '"T, x",A / B', '"T, x",A / B,"Desc, mo', REST + ",foo"])
def test_what_cannot_be_mended_is_rejected_whole_and_alone(cut: str) -> None:
    before, broken, after = read(row(0) + row(1, cut) + row(2))
    assert isinstance(broken, BrokenRecord)
    assert broken.raw == row(1, cut).rstrip("\n")
    assert (broken.line_from, broken.line_to) == (3, 3)
    assert "7" in broken.detail
    assert texts(before) == texts(after) == WHOLE


def test_a_quote_that_never_closes_does_not_swallow_the_file() -> None:
    found = read(row(0, '"T, x",A / B,"Desc, mo') + "".join(map(row, range(1, 30))))
    assert isinstance(found[0], BrokenRecord)
    assert [texts(record) for record in found[1:]] == [WHOLE] * 29


@pytest.mark.parametrize("identity", ["", "../../etc/passwd", "abc_1", "has space", "a\x07b"])
def test_a_record_begins_also_where_its_id_is_odd(identity: str) -> None:
    found = read(row(0) + f"1,{identity},{REST}\n" + row(2, "T,A / B,D\nx,£5,Bath"))
    assert [record.line_from for record in found] == [2, 3, 4]
    assert found[1].fields["product_id"] == identity
    assert texts(found[1]) == WHOLE


def test_lines_that_belong_to_no_record_are_rejected() -> None:
    first, garbage, second = read(row(0) + "some garbage\n" + row(1))
    assert isinstance(garbage, BrokenRecord)
    assert (garbage.line_from, garbage.raw) == (3, "some garbage")
    assert texts(first) == texts(second) == WHOLE


def test_a_table_without_text_has_one_record_a_line() -> None:
    body = "0,a,b\n1,c,d\ngarbage\n2,e\n3,f,g,h\n4,i,j\n"
    found = read(body, IMAGES, ",id,product_id\n")
    good = [record.fields["image_id"] for record in found if isinstance(record, Record)]
    bad = [record.raw for record in found if isinstance(record, BrokenRecord)]
    assert good == ["a", "c", "i"]
    assert bad == ["garbage", "2,e", "3,f,g,h"]


def test_no_row_number_is_needed() -> None:
    header = ",".join(LISTING_COLUMNS.values()) + "\n"
    body = f'{IDS[0]},T,A / B,D\nmore,£5,Bath\nabc,T,A / B,D,£5,"Bath, S"\n'
    first, second = read(body, header=header)
    assert first.fields["description"] == "D\nmore"
    assert second.fields["product_id"] == "abc"


def test_a_field_may_be_larger_than_the_csv_modules_limit() -> None:
    large = "x" * (csv.field_size_limit() + 1)
    for quote in ("", '"'):
        (record,) = read(row(0, f"T,A / B,{quote}{large}{quote},£5,Bath"))
        assert record.fields["description"] == large


FIELD = st.text(
    st.sampled_from('abc,"\n é£/|0129.') | st.characters(exclude_categories=["Cs"]), max_size=30
).map(lambda text: text.replace("\r", "").replace("\0", ""))


@given(st.lists(st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD), max_size=8))
@example([("", "", "", ",", "\n")])
def test_a_file_by_the_rules_comes_back_as_it_was_written(rows: list[tuple[str, ...]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(NAMES)
    for number, fields in enumerate(rows):
        writer.writerow([number, IDS[number], *fields])
    found = list(read_records([buffer.getvalue().encode()], PRODUCTS))
    assert [tuple(texts(record)) for record in found] == rows


DIRT = st.lists(
    st.sampled_from(
        [
            row(0),
            row(1),
            row(2)[:-30],
            '"',
            ",",
            "\n",
            "\r\n",
            "\r",
            "1,",
            "\0",
            "£",
            " ",
            '""',
            "\n3,",
        ]
    ).map(str.encode)
    | st.binary(max_size=12),
    max_size=30,
).map(b"".join)
HEADERS = st.sampled_from([HEADER, ",id,product_id\n", "id,product_id\n", "", "a\n", '"\n'])


@given(DIRT, HEADERS, st.sampled_from([PRODUCTS, IMAGES]), st.integers(1, 50))
@example(b'1,2,"', HEADER, PRODUCTS, 50)
def test_every_line_is_in_one_record_or_reject(
    body: bytes, header: str, table: Table, chunk: int
) -> None:
    data = header.encode() + body
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    found = list(read_records(chunks, table))
    lines = [number for one in found for number in range(one.line_from, one.line_to + 1)]
    assert lines == sorted(set(lines))
    full = {number for number, text in read_lines([data]) if number > 1 and text.strip()}
    assert full <= set(lines)


@pytest.mark.parametrize("junk", ['"a,', '"a,\n', ",", '"', '","', '1,2,"3\n', '" ', "x\n"])
def test_time_grows_with_the_file_and_no_faster(junk: str) -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        read(junk * count)
        return time.process_time() - started

    seconds(2000)
    assert seconds(40_000) < 20 * max(seconds(10_000), 0.02)


ODD_IDS = st.sampled_from(["", "my id", "../../etc", "plain-1", "a\x07", *IDS[:3]])
TOWNS = st.sampled_from(["Leeds", "Bath", "New Town", "Old Town", "Upper Sea", "X"])
KINDS = st.sampled_from(["Home / Chairs", "Garden / Sheds", "Z / Y", "Q"])


@given(st.lists(st.tuples(ODD_IDS, KINDS, TOWNS), min_size=1, max_size=8))
def test_lines_that_keep_the_rules_are_records_whatever_is_new_in_them(
    rows: list[tuple[str, str, str]],
) -> None:
    header = ",".join(NAMES[1:]) + "\n"
    body = "".join(f"{identity},T,{kind},D,£5,{town}\n" for identity, kind, town in rows)
    found = read(body, header=header)
    assert [record.line_from for record in found] == list(range(2, 2 + len(rows)))
    assert [record.fields["product_id"] for record in found] == [row[0] for row in rows]
