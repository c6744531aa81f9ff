"""Records with one defect each are mended exactly or rejected, and nothing beside them changes."""

import random
from typing import Any

import pytest
from damaged_records import DEFECTS, Damaged, Style, Writer
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_jobs.clean.catalogue.layout import LISTING_COLUMNS, Table
from batch_jobs.clean.records.lines import read_lines
from batch_jobs.clean.records.records import BrokenRecord, Record, read_records

LISTINGS = Table("Products.csv", LISTING_COLUMNS)
WHOLE_BETWEEN = 3  # records, so that each defect stands alone

STYLES = st.builds(
    Style,
    delimiter=st.sampled_from([",", ",", ";", "\t", "|"]),
    row_numbers=st.booleans(),
    ids=st.sampled_from(["uuid", "uuid", "sku"]),
    quote_all=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
)


def written(style: Style, defect: str, seed: int) -> tuple[bytes, list[Damaged]]:
    rng = random.Random(seed)
    writer = Writer(style, rng)
    header = writer.header()
    records = [writer.record() for _ in range(30)]
    for _ in range(8):
        records.append(writer.record(defect))
        records += [writer.record() for _ in range(WHOLE_BETWEEN)]
    text = style.line_end.join([header, *(record.text for record in records), ""])
    return text.encode(), records


def by_first_line(found: list[Any]) -> dict[int, Any]:
    return {one.line_from: one for one in found}


@pytest.mark.parametrize("defect", DEFECTS)
@settings(max_examples=60)
@given(style=STYLES, seed=st.integers(0, 2**32))
def test_one_defect_is_mended_or_rejected_and_its_neighbours_are_untouched(
    defect: str, style: Style, seed: int
) -> None:
    data, records = written(style, defect, seed)
    found = by_first_line(list(read_records([data], LISTINGS)))
    line = 2
    for record in records:
        one = found[line]
        if record.cells is None:
            assert isinstance(one, BrokenRecord), (record, one)
            assert one.raw == record.text
        else:
            assert isinstance(one, Record), (record, one)
            assert list(one.fields.values()) == record.cells, record
        line += len(list(read_lines([record.text.encode()]))) + record.text.endswith("\n")


@given(
    style=STYLES,
    defects=st.lists(st.sampled_from(sorted(DEFECTS)), max_size=12),
    seed=st.integers(0, 999),
)
def test_every_line_is_in_one_record_or_reject(style: Style, defects: list[str], seed: int) -> None:
    writer = Writer(style, random.Random(seed))
    texts = [writer.header(), *(writer.record(defect).text for defect in defects), ""]
    data = style.line_end.join(texts).encode()
    found = list(read_records([data], LISTINGS))
    lines = [number for one in found for number in range(one.line_from, one.line_to + 1)]
    assert lines == sorted(set(lines))
    assert {number for number, text in read_lines([data]) if number > 1 and text.strip()} <= set(
        lines
    )
