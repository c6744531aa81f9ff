"""Decides, line by line, where a record ends whose newlines or quotes are not as they should be."""

import re

from batch_jobs.clean.header import Header
from batch_jobs.clean.syntax import syntax_of


class Group:
    """The lines of a record as they come in, and whether the next line belongs to it.

    `strict`: the ids of the file are UUIDs, so a line with another id needs more to begin a record.
    """

    def __init__(self, header: Header, strict: bool) -> None:
        self.strict = strict
        self.lines: list[str] = []
        self.first = 0
        self._header = header
        self._scan = _Scan(header.delimiter)
        self._scanned = 0

    def add(self, number: int, line: str) -> None:
        """Takes the next line; a blank one before the record is passed over."""
        if not self.lines:
            if not line.strip():
                return
            self.first = number
        self.lines.append(line)

    def ends_before(self, line: str) -> bool:
        """Whether a line begins something new."""
        if self._header.certain_start.match(line):
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
        start = self._header.possible_start.match(line)
        if start is None:
            return False
        plain_id = not re.search(r"\s", start["id"].strip())
        follows = self._header.has_row_number and self._row_number() + 1 == int(start["row"])
        if whole:
            return plain_id or follows
        if (
            plain_id
            and follows
            and not self._scan.is_open
            and line.count(self._header.delimiter) > 2
        ):
            return True
        if whole and follows:
            return True
        return (plain_id or follows) and fields_alone(line, self._header) == len(self._header.names)

    def _row_number(self) -> int:
        start = self._header.possible_start.match(self.lines[0])
        return int(start["row"]) if start else -2

    def _last_field_goes_on(self, line: str) -> bool:
        if not line.strip():
            return True
        return self._header.ends_in_text and not self._scan.ends_quoted


def fields_alone(text: str, header: Header) -> int:
    """How many fields a text has when it is a record by itself; 0 where a quote stays open."""
    scan = _Scan(header.delimiter)
    scan.add(text)
    return 0 if scan.is_open else scan.fields


class _Scan:
    """How many fields a record has so far, and whether a quote is open, line by line."""

    def __init__(self, delimiter: str) -> None:
        self.fields = 0
        self.is_open = False
        self.ends_quoted = False
        self._syntax = syntax_of(delimiter)

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
