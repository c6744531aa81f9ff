"""What the first line of a record begins with: its row number, if the file has those, and an id.

What the ids of a file look like is taken from its first lines that are a record by themselves.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from batch_jobs.clean.records.header import Header

SAMPLE_LINES = 1000
FEWEST_IDS = 5  # from which on their look says something
MIN_DISTINCT_CHARS = 6

_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_RUN = re.compile(r"[0-9]+|[A-Za-z]+|.", re.DOTALL)


class Starts:
    """Patterns for the beginning of a line; each has the group `row` where there is a number."""

    def __init__(self, header: Header, lines: Sequence[str]) -> None:
        self._header = header
        end = re.escape(header.delimiter)
        ids = list(_ids(header, lines[:SAMPLE_LINES]))
        look = _look_of(ids)
        distinct = [_UUID, *([look] if look and _is_distinct(look, ids) else [])]
        # What nothing but a record begins with, so that it ends whatever came before.
        self.certain = self._pattern("|".join(distinct), f"(?:{end}|$)")
        # What the records of this file begin with.
        self.usual = self._pattern(look or rf'[^{end}"\s]{{0,200}}')
        # What a record begins with, whatever its id; other text may do so too.
        self.possible = self._pattern(rf'(?P<id>[^{end}"]{{0,200}})')

    def number(self, line: str) -> int | None:
        """The number by which records count on, if they do: the row's, or the id."""
        found = self.possible.match(line)
        if found is None:
            return None
        digits = found["row"] if self._header.has_row_number else found["id"].strip()
        return int(digits) if re.fullmatch("[0-9]{1,12}", digits) else None

    def _pattern(self, identity: str, after: str = "") -> re.Pattern[str]:
        """The cells up to the id, the id and what follows it."""
        end = re.escape(self._header.delimiter)
        space = rf"[^\S{end}]*"
        row = (
            rf'{space}"?(?P<row>[0-9]{{1,12}})"?{space}{end}' if self._header.has_row_number else ""
        )
        others = max((self._header.id_column or 0) - bool(row), 0)
        other = rf'(?:{space}"(?:[^"]++|"")*+"{space}|[^{end}"]*+){end}'
        before = f"{row}(?:{other}){{{others}}}"
        return re.compile(f'{before}{space}"?{space}(?:{identity}){space}"?{space}{after or end}')


def _ids(header: Header, lines: Sequence[str]) -> Iterator[str]:
    """The ids of the lines that are a record by themselves."""
    column = header.id_column
    for line in lines if column is not None else ():
        try:
            row = next(csv.reader([line], delimiter=header.delimiter, strict=True), [])
        except csv.Error:
            continue
        if len(row) == len(header.names) and (found := row[column or 0].strip()):
            yield found


def _look_of(ids: list[str]) -> str | None:
    """A pattern for four of five ids or more, if there is one."""
    if len(ids) < FEWEST_IDS:
        return None
    looks = Counter(map(_look, ids))
    look, count = looks.most_common(1)[0]
    return look if count * 5 >= len(ids) * 4 else None


def _look(identity: str) -> str:
    """Digits as digits, letters as letters, and anything else as it is."""
    if re.fullmatch(_UUID, identity):
        return _UUID
    if re.fullmatch(r"[0-9a-f]{12,}", identity) and not identity.isdigit():
        return f"[0-9a-f]{{{len(identity)}}}"
    return "".join(map(_look_of_run, _RUN.findall(identity)))


def _look_of_run(run: str) -> str:
    if run.isdigit():
        return "[0-9]+"
    return f"[A-Za-z]{{{len(run)}}}" if run.isalpha() else re.escape(run)


def _is_distinct(look: str, ids: Sequence[str]) -> bool:
    """Whether text does not look so by chance, as it does like a number or a short word."""
    shortest = min(len(identity) for identity in ids if _look(identity) == look)
    return "[0-9" in look and look != "[0-9]+" and shortest >= MIN_DISTINCT_CHARS
