"""The ways in which the text of one record can be cut into cells."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from batch_jobs.clean.records.syntax import Syntax

# Limits by which a record made of nothing but quotes and commas stays cheap.
MAX_STRAY_QUOTES = 20
MAX_MENDED_CHARS = 200_000

_DOUBLED = re.compile(r'"(?!").+(?<!")"', re.DOTALL)  # of ""a text with all its quotes doubled""
_INCHES = re.compile(r'\d"$')


class Cell(NamedTuple):
    """Text between two delimiters: where it stands, what it says and how many faults it has."""

    start: int
    end: int
    value: str
    quoted: bool = False
    stray: bool = False  # it begins with a quote that nothing closes
    faults: int = 0

    def to(self, last: "Cell", text: str) -> "Cell":
        """This cell and those up to another, as one."""
        value = self.value + text[self.end : last.end]
        return self._replace(end=last.end, value=value, faults=self.faults + last.faults)


def readings_of(text: str, syntax: Syntax, most: int) -> Iterator[list[Cell]]:
    """The ways to read a record, best first, but for those with more than so many cells.

    By the rules; by weaker rules of where a quote closes; with one opening quote as text.
    """
    by_rules = _cells(text, syntax, most)
    yield by_rules
    if len(text) > MAX_MENDED_CHARS:
        return
    for way in range(1, len(syntax.fields)):
        cells = _cells(text, syntax, most, way)
        if cells and cells != by_rules:
            yield [cells[0]._replace(faults=cells[0].faults + 1), *cells[1:]]
    for opening in islice(syntax.opening.finditer(text), MAX_STRAY_QUOTES):
        yield _cells(text, syntax, most, stray=opening.end())


def _cells(text: str, syntax: Syntax, most: int, way: int = 0, stray: int = -1) -> list[Cell]:
    """The cells of one reading; none where there are too many."""
    cells: list[Cell] = []
    pattern = syntax.fields[way]
    position = 0
    while len(cells) < most:
        found = (syntax.bare if position == stray else pattern).match(text, position)
        if found is None:
            break
        if found["quoted"] is not None:
            cells.append(_quoted(found))
        elif pattern is not syntax.bare and syntax.quote.match(text, position):
            cells.append(_stray(found))
            if position != stray:
                pattern = syntax.bare  # no quote closes from here on
        else:
            cells.append(_bare(found, 2 if stray >= 0 else 0))
        position = found.end()
        if not found["end"]:
            return cells
    return []


def _quoted(found: re.Match[str]) -> Cell:
    inside: str = found["quoted"]
    if inside.startswith('"') and _DOUBLED.fullmatch(inside):
        inside = inside[1:-1]
    value = inside.replace('""', '"') + found["tail"].rstrip(" \t")
    return Cell(found.start(), found.start("end"), value, quoted=True)


def _stray(found: re.Match[str]) -> Cell:
    value: str = found["bare"].lstrip(" \t")[1:].replace('""', '"')
    # A quote at the end would have closed it.
    faults = 1 + 2 * found["bare"].rstrip().endswith('"')
    return Cell(found.start(), found.start("end"), value, stray=True, faults=faults)


def _bare(found: re.Match[str], faults_if_odd: int) -> Cell:
    value: str = found["bare"]
    start, end = found.start(), found.start("end")
    if value.count('"') % 2 == 0:
        return Cell(start, end, value)
    if unopened := without_lost_opening(value):
        return Cell(start, end, unopened, faults=1 + faults_if_odd)
    return Cell(start, end, value, faults=faults_if_odd)


def without_lost_opening(text: str) -> str | None:
    """A text as it was before the quote that opened it was lost; None where none was.

    A quote after a digit may be an inch mark.
    """
    end = text.rstrip()
    if not end.endswith('"') or end.count('"') % 2 == 0 or _INCHES.search(end):
        return None
    return end[:-1].replace('""', '"')
