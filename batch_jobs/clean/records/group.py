"""Decides, line by line, where a record ends whose newlines or quotes are not as they should be."""

import csv

from batch_jobs.clean.records.header import Header
from batch_jobs.clean.records.oddity import Oddity
from batch_jobs.clean.records.starts import Starts
from batch_jobs.clean.records.syntax import Syntax, syntax_of

# What belongs to no record must not be gathered without end.
MAX_LINES = 10_000
MAX_ODDITY = 1  # of the fields of a line that is taken for a record of its own
FEWEST_DELIMITERS = 3  # of a line that begins a record although the record before it is not whole


class Group:
    """The lines of a record as they come in, and whether the next line belongs to it."""

    def __init__(self, header: Header, starts: Starts, oddity: Oddity) -> None:
        self.lines: list[str] = []
        self.first = 0
        self._header = header
        self._starts = starts
        self._oddity = oddity
        self._syntax = syntax_of(header.delimiter)
        self._scan = _Scan(self._syntax)
        self._scanned = 0

    def renewed(self) -> "Group":
        """A group without lines."""
        return Group(self._header, self._starts, self._oddity)

    def add(self, number: int, line: str) -> None:
        """Takes the next line; a blank one before the record is passed over."""
        if not self.lines:
            if not line.strip():
                return
            self.first = number
        self.lines.append(line)

    def ends_before(self, line: str) -> bool:
        """Whether a line begins something new."""
        if self._starts.certain.match(line) or len(self.lines) >= MAX_LINES:
            return True
        for text in self.lines[self._scanned :]:
            self._scan.add(text)
        self._scanned = len(self.lines)
        missing = len(self._header.names) - self._scan.fields
        whole = missing <= 0 and not self._scan.is_open
        if self._may_start(line, whole) or not (self._header.text or self._scan.is_open):
            return True
        return whole and missing == 0 and not self._last_field_goes_on(line)

    def _may_start(self, line: str, whole: bool) -> bool:
        if not self._starts.possible.match(line):
            return False
        usual = bool(self._starts.usual.match(line))
        follows = self._follows(line)
        if whole and (usual or follows or self._has_all_fields(line)):
            return True
        if self._scan.is_open and '"' in line and self._syntax.stays_quoted.match(line):
            return False
        quoted = self._scan.is_open and '"' not in line  # that is, if the quote is ever closed
        if (whole or usual) and not quoted and self._has_category(line):
            return True
        delimiters = line.count(self._header.delimiter)
        if usual and follows and not self._scan.is_open and delimiters >= FEWEST_DELIMITERS:
            return True
        return (whole or usual or follows) and self._is_record(line)

    def _has_all_fields(self, line: str) -> bool:
        """Whether a line is by itself a record by the rules; of few fields, any text may be."""
        count = len(self._header.names)
        return count > FEWEST_DELIMITERS and len(self._cells(line, strict=True)) == count

    def _follows(self, line: str) -> bool:
        """Whether a line has the number after that of this record."""
        number, own = self._starts.number(line), self._starts.number(self.lines[0])
        return number is not None and own is not None and own + 1 == number

    def _has_category(self, line: str) -> bool:
        """Whether a category stands where a record has it, though the line may be no whole one."""
        return self._oddity.is_category(self._cells(line, strict=False))

    def _is_record(self, line: str) -> bool:
        """Whether a line is a record by itself, with nothing odd but its id."""
        cells = self._cells(line, strict=True)
        if len(cells) != len(self._header.names):
            return False
        columns = [column for column in range(len(cells)) if column != self._header.id_column]
        return sum(self._oddity.of(column, cells[column]) for column in columns) <= MAX_ODDITY

    def _cells(self, line: str, *, strict: bool) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self._header.delimiter, strict=strict), [])
        except csv.Error:
            return []

    def _last_field_goes_on(self, line: str) -> bool:
        if not line.strip():
            return True
        if self._scan.ends_quoted or not self._header.ends_in_text:
            return False
        last = "\n".join(self.lines[-2:]).rpartition(self._header.delimiter)[2]
        return self._oddity.goes_on(last, line)


def is_odd(text: str) -> bool:
    """Whether a quote has no partner, which the rules of CSV allow inside a field."""
    return text.count('"') % 2 == 1


def fields_alone(text: str, header: Header) -> int:
    """How many fields a text has when it is a record by itself; 0 where a quote stays open."""
    scan = _Scan(syntax_of(header.delimiter))
    scan.add(text)
    return 0 if scan.is_open else scan.fields


class _Scan:
    """How many fields a record has so far, and whether a quote is open, line by line."""

    def __init__(self, syntax: Syntax) -> None:
        self.fields = 0
        self.is_open = False
        self.ends_quoted = False
        self._syntax = syntax

    def add(self, line: str) -> None:
        position = self._rest_of_last_field(line) if self.fields else self._field(line, 0)
        while position < len(line):
            position = self._field(line, position + 1)

    def _rest_of_last_field(self, line: str) -> int:
        return self._close(line, 0) if self.is_open else self._bare(line, 0)

    def _field(self, line: str, position: int) -> int:
        """Reads one field; gives where its delimiter, or the end of the line, is."""
        self.fields += 1
        self.ends_quoted = False
        if opened := self._syntax.quote.match(line, position):
            self.is_open = True
            return self._close(line, opened.end())
        return self._bare(line, position)

    def _close(self, line: str, position: int) -> int:
        closed = self._syntax.to_close.match(line, position)
        if closed is None:
            return len(line)
        self.is_open, self.ends_quoted = False, True
        return closed.end()

    def _bare(self, line: str, position: int) -> int:
        found = self._syntax.to_delimiter.match(line, position)
        return found.end() if found else len(line)
