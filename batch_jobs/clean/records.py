"""Puts the records of a CSV file together again where newlines or quotes have broken them."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from batch_jobs.clean.fields import mended_fields
from batch_jobs.clean.header import Columns, Header
from batch_jobs.clean.lines import Line, read_lines


@dataclass(frozen=True)
class Record:
    """One record by the names of its columns; lines from 1, `raw` as it stands in the file."""

    fields: dict[str, str]
    line_from: int
    line_to: int
    raw: str


@dataclass(frozen=True)
class BrokenRecord:
    """Lines that no record could be made of."""

    line_from: int
    line_to: int
    raw: str
    detail: str


def read_records(chunks: Iterable[bytes], columns: Columns) -> Iterator[Record | BrokenRecord]:
    """Every line after the first that is not blank, in a record or a broken one. Never raises.

    A newline inside a record stays in its field as LF. A line that begins as records do, with a
    row number and an id, begins a record, also where a quote before it was never closed.
    """
    lines = read_lines(chunks)
    header = Header.of(next(lines, (1, ""))[1], columns)
    for some in _grouped(lines, header):
        yield _record(some, header)


def _grouped(lines: Iterable[Line], header: Header) -> Iterator[list[Line]]:
    """The lines of one record each."""
    group = _Group(header)
    for line in lines:
        if group.lines and group.ends_before(line[1]):
            yield group.lines
            group = _Group(header)
        if group.lines or line[1].strip():
            group.lines.append(line)
    if group.lines:
        yield group.lines


class _Group:
    """The lines of a record as they come in, and whether the next line belongs to it."""

    def __init__(self, header: Header) -> None:
        self.lines: list[Line] = []
        self._header = header
        self._scan = _Scan()
        self._scanned = 0

    def ends_before(self, line: str) -> bool:
        """Whether a line begins something new."""
        if self._header.certain_start.match(line):
            return True
        for _, text in self.lines[self._scanned :]:
            self._scan.add(text)
        self._scanned = len(self.lines)
        missing = len(self._header.names) - self._scan.fields
        whole = missing <= 0 and not self._scan.is_open
        if self._may_start(line, whole) or not (self._header.columns.text or self._scan.is_open):
            return True
        return whole and missing == 0 and not self._last_field_goes_on(line)

    def _may_start(self, line: str, whole: bool) -> bool:
        start = self._header.possible_start.match(line)
        if start is None:
            return False
        plain_id = not re.search(r"\s", start["id"].strip())
        follows = self._header.has_row_number and self._row_number() + 1 == int(start["row"])
        if whole:
            return plain_id or follows
        if plain_id and follows and not self._scan.is_open and line.count(",") > 2:
            return True
        return (plain_id or follows) and _fields_alone(line) == len(self._header.names)

    def _row_number(self) -> int:
        start = self._header.possible_start.match(self.lines[0][1])
        return int(start["row"]) if start else -2

    def _last_field_goes_on(self, line: str) -> bool:
        if not line.strip():
            return True
        return self._header.ends_in_text and not self._scan.ends_quoted


class _Scan:
    """How many fields a record has so far, and whether a quote is open, line by line."""

    _CLOSE = re.compile(r'(?:[^"]++|""|(?!"[ \t]*(?:,|\Z))")*+"[^,]*')
    _OPEN = re.compile(r'[ \t]*"')
    _BARE = re.compile(r"[^,]*")

    def __init__(self) -> None:
        self.fields = 0
        self.is_open = False
        self.ends_quoted = False

    def add(self, line: str) -> None:
        position = self._rest_of_last_field(line) if self.fields else self._field(line, 0)
        while position < len(line):
            position = self._field(line, position + 1)

    def _rest_of_last_field(self, line: str) -> int:
        return self._close(line, 0) if self.is_open else self._bare(line, 0)

    def _field(self, line: str, position: int) -> int:
        """Reads one field; gives where its comma, or the end of the line, is."""
        self.fields += 1
        self.ends_quoted = False
        if opened := self._OPEN.match(line, position):
            self.is_open = True
            return self._close(line, opened.end())
        return self._bare(line, position)

    def _close(self, line: str, position: int) -> int:
        closed = self._CLOSE.match(line, position)
        if closed is None:
            return len(line)
        self.is_open, self.ends_quoted = False, True
        return closed.end()

    def _bare(self, line: str, position: int) -> int:
        found = self._BARE.match(line, position)
        return found.end() if found else len(line)


def _fields_alone(line: str) -> int:
    """How many fields a line has when it is a record by itself; 0 where a quote stays open."""
    scan = _Scan()
    scan.add(line)
    return 0 if scan.is_open else scan.fields


def _record(lines: list[Line], header: Header) -> Record | BrokenRecord:
    while not lines[-1][1].strip():
        lines = lines[:-1]
    raw = "\n".join(text for _, text in lines)
    fields = _plain_fields(raw, header) or mended_fields(raw, header)
    first, last = lines[0][0], lines[-1][0]
    if fields:
        return Record(dict(zip(header.names, fields, strict=True)), first, last, raw)
    detail = f"{_fields_alone(raw)} fields, where the header has {len(header.names)}."
    return BrokenRecord(first, last, raw, detail)


def _plain_fields(text: str, header: Header) -> list[str] | None:
    """The fields of a record that keeps the rules of CSV; it may have newlines inside quotes."""
    try:
        fields = next(csv.reader([text], strict=True), None)
    except csv.Error:
        return None
    return fields if fields and len(fields) == len(header.names) else None
