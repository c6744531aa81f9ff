"""Puts the records of a CSV file together again where newlines or quotes have broken them."""

import csv
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, repeat, takewhile
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from batch_jobs.clean.catalogue.layout import Table
from batch_jobs.clean.records.fields import mended_fields
from batch_jobs.clean.records.group import Group, fields_alone, is_odd
from batch_jobs.clean.records.header import Header
from batch_jobs.clean.records.lines import read_blocks
from batch_jobs.clean.records.oddity import Oddity
from batch_jobs.clean.records.starts import Starts

if TYPE_CHECKING:
    import _csv

Value = str | float | list[str] | None
RUN_LINES = 200  # a run is read anew from each record that is not whole


class Record(NamedTuple):
    """One record by our names of its columns; lines from 1, `raw` as it stands in the file."""

    fields: dict[str, Value]
    line_from: int
    line_to: int
    raw: str


class BrokenRecord(NamedTuple):
    """Lines that no record could be made of."""

    line_from: int
    line_to: int
    raw: str
    detail: str


def read_records(chunks: Iterable[bytes], table: Table) -> Iterator[Record | BrokenRecord]:
    """Every line after the first that is not blank, in a record or a broken one. Never raises.

    A newline inside a record stays in its field as LF. A line that begins as records do, with a
    row number and an id, begins a record, also where a quote before it was never closed.
    """
    blocks = read_blocks(chunks)
    first = next(blocks, [""])
    header = Header.of(first[0], table)
    return _Reader(header, first[1:]).read(chain([first[1:]], blocks))


class _Reader:
    def __init__(self, header: Header, sample: list[str]) -> None:
        self._header = header
        self._named = _naming(header)
        self._oddity = Oddity(header)
        self._starts = Starts(header, sample)
        self._group = Group(header, self._starts, self._oddity)

    def read(self, blocks: Iterable[list[str]]) -> Iterator[Record | BrokenRecord]:
        number = 2
        for lines in blocks:
            yield from self._block(lines, number)
            number += len(lines)
        if self._group.lines:
            yield self._finished()

    def _block(self, lines: list[str], number: int) -> Iterator[Record | BrokenRecord]:
        """Whole records by the csv module, many at a time; the others line by line."""
        # A byte a line: what is done for every line is done without a step in Python.
        starts = bytes(map(bool, map(self._starts.usual.match, lines)))
        odd = bytes(map((1).__and__, map(str.count, lines, repeat('"'))))
        at = 0
        while at < len(lines):
            if not self._group.lines and (rows := self._whole_rows(lines, starts, odd, at)):
                end = at + len(rows)
                self._oddity.learn(rows)
                numbers = range(number + at, number + end)
                yield from map(
                    _record, zip(self._named(rows), numbers, numbers, lines[at:end], strict=True)
                )
                at = end
            elif self._group.lines and self._group.ends_before(lines[at]):
                yield self._finished()
            else:
                self._group.add(number + at, lines[at])
                at += 1

    def _whole_rows(self, lines: list[str], starts: bytes, odd: bytes, at: int) -> list[list[str]]:
        """The rows from a line on that keep the rules, each one line before another start."""
        ends = (starts.find(0, at + 1), odd.find(1, at) + 1, len(lines), at + RUN_LINES)
        run = lines[at : min(end for end in ends if end > 0) - 1]
        try:
            rows = list(self._csv(run))
        except csv.Error:
            return self._first_rows(run)
        columns = len(self._header.names)
        if len(rows) != len(run):  # then a quote has joined lines
            return self._first_rows(run)
        if set(map(len, rows)) == {columns}:
            return rows
        return list(takewhile(lambda row: len(row) == columns, rows))

    def _first_rows(self, run: list[str]) -> list[list[str]]:
        """The rows of a run before the first that does not keep the rules."""
        rows: list[list[str]] = []
        reader, columns = self._csv(run), len(self._header.names)
        try:
            for row in reader:
                if len(row) != columns or reader.line_num != len(rows) + 1:
                    break
                rows.append(row)
        except csv.Error:
            pass
        return rows

    def _finished(self) -> Record | BrokenRecord:
        lines, first = self._group.lines, self._group.first
        self._group = self._group.renewed()
        while not lines[-1].strip():
            lines.pop()
        raw, last = "\n".join(lines), first + len(lines) - 1
        fields = self._fields(raw)
        if fields:
            return Record(next(self._named([fields])), first, last, raw)
        count = fields_alone(raw, self._header)
        detail = f"{count} fields, where the header has {len(self._header.names)}."
        return BrokenRecord(first, last, raw, detail)

    def _fields(self, text: str) -> list[str] | None:
        plain = self._plain_fields(text)
        if plain and not is_odd(text):
            return plain
        return mended_fields(text, self._header, self._oddity) or plain

    def _plain_fields(self, text: str) -> list[str] | None:
        """The fields of a record that keeps the rules; it may have newlines inside quotes."""
        try:
            fields = next(self._csv([text]), None)
        except csv.Error:
            return None
        return fields if fields and len(fields) == len(self._header.names) else None

    def _csv(self, lines: list[str]) -> "_csv.Reader":
        return csv.reader(lines, delimiter=self._header.delimiter, strict=True)


# As Record(*values), without a step in Python.
_record: Callable[[Iterable[object]], Record] = partial(tuple.__new__, Record)


def _naming(header: Header) -> Callable[[list[list[str]]], Iterator[dict[str, Value]]]:
    """Gives the fields of rows by their roles."""
    found = {role: at for role in header.roles if (at := header.at(role)) is not None}
    names, columns = tuple(found), tuple(found.values())
    if len(columns) < 2:  # then itemgetter gives no tuple
        return lambda rows: ({name: row[at] for name, at in found.items()} for row in rows)
    pick = itemgetter(*columns)
    return lambda rows: map(dict, map(zip, repeat(names), map(pick, rows)))
