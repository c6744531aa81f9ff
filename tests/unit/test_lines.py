"""Lines of files in unknown encodings, however the file is cut into chunks."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batch_jobs.clean.catalogue.layout import LISTING_COLUMNS, Table
from batch_jobs.clean.records.lines import read_lines
from batch_jobs.clean.records.records import Record, read_records

LISTINGS = Table("Products.csv", LISTING_COLUMNS)
HEADER = ",".join(LISTING_COLUMNS.values())
TEXT = f'{HEADER}\na1,Café,A / B,"Ça, là\nNaïve",£5,Bath\na2,Crème,A / B,D,£6,Leeds\n'


def titles(content: bytes) -> list[object]:
    found = list(read_records([content], LISTINGS))
    assert all(isinstance(record, Record) for record in found)
    return [record.fields["title"] for record in found if isinstance(record, Record)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_table_is_read_in_any_encoding_and_with_any_line_end(
    encoding: str, line_end: str
) -> None:
    assert titles(TEXT.replace("\n", line_end).encode(encoding)) == ["Café", "Crème"]


def test_utf_16_of_either_order_is_read() -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert titles(mark + TEXT.encode(encoding)) == ["Café", "Crème"]


def test_line_ends_may_be_mixed() -> None:
    lines = dict(read_lines([b"a\nb\r\nc\rd\r\r\ne"]))
    assert lines == {1: "a", 2: "b", 3: "c", 4: "d", 5: "", 6: "e"}


def test_what_ends_no_line_stays_in_its_line() -> None:
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f"
    assert dict(read_lines([text.encode()])) == {1: text}


def test_encodings_may_differ_from_line_to_line() -> None:
    lines = read_lines([b"\xef\xbb\xbfCaf\xc3\xa9\nCaf\xe9\n\x81"])
    assert [text for _, text in lines] == ["Café", "Café", "\x81"]


@given(st.binary(max_size=200), st.integers(1, 20))
@example(b"\xef\xbb\xbfa\r\0\nb", 1)
@example(b"\xff\xfea\0\r\0\n\0\0\xd8b\0", 3)
def test_lines_are_those_of_the_whole_file_however_it_is_cut(data: bytes, chunk: int) -> None:
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    assert list(read_lines(chunks)) == list(read_lines([data]))
