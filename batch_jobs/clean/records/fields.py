"""The fields of one record, also where its quotes or delimiters are not as they should be.

A record here is text of one or several lines; a newline in it is a character like any other.
Each way to read it has a cost: the faults that it takes the text to have, and what is odd about
the fields that come out. The cheapest way counts, and where two are cheapest, none does.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from batch_jobs.clean.records.header import Header
from batch_jobs.clean.records.oddity import IMPOSSIBLE, Oddity
from batch_jobs.clean.records.readings import Cell, readings_of, without_lost_opening
from batch_jobs.clean.records.syntax import syntax_of

MAX_COST = 3  # of what still counts as read
MAX_SURPLUS = 100
MAX_JOINED = 20  # surplus cells up to which every way to join them is tried
MAX_PRICE_CELLS = 3  # as in £1,200,000

_THOUSANDS = re.compile(r"\d{3}(?!\d)")


class _Way(NamedTuple):
    """The cheapest way to make fields of the cells so far, and how many ways cost the same."""

    cost: int
    ways: int
    fields: tuple[str, ...]


def mended_fields(text: str, header: Header, oddity: Oddity) -> list[str] | None:
    """As many fields as the header has, or None where there is no one way to mend the record."""
    ways: dict[tuple[str, ...], _Way] = {}
    least = MAX_COST
    for cells in readings_of(text, syntax_of(header.delimiter), len(header.names) + MAX_SURPLUS):
        for way in _Fitting(text, cells, header, oddity, least).ways():
            ways[way.fields] = min(way, ways.get(way.fields, way))
            least = min(least, way.cost)
        if not least:
            break
    cheapest = [way for way in ways.values() if way.cost == least]
    return list(cheapest[0].fields) if len(cheapest) == 1 and cheapest[0].ways == 1 else None


class _Fitting:
    """Makes as many fields as the header has of the cells of one reading, at a cost of `most`."""

    def __init__(
        self, text: str, cells: list[Cell], header: Header, oddity: Oddity, most: int
    ) -> None:
        self._text = text
        self._cells = cells
        self._header = header
        self._oddity = oddity
        self._most = most

    def ways(self) -> Iterator[_Way]:
        if sum(cell.faults for cell in self._cells) <= self._most:
            for way in self._ways():
                if way.cost <= self._most and not self._is_cut_off(way.fields[-1]):
                    yield way

    def _ways(self) -> Iterator[_Way]:
        count, cells = len(self._header.names), self._cells
        if len(cells) == count - 1 and self._header.ends_in_text:
            if self._oddity.is_complete(len(cells) - 1, cells[-1].value):
                yield self._as_they_are([*cells, Cell(0, 0, "", faults=1)])
        elif len(cells) == count:
            yield self._as_they_are(cells)
        elif len(cells) > count:
            if not any(cell.value.strip() for cell in cells[count:]):
                yield self._as_they_are(cells[:count])
            yield from self._shortened()

    def _shortened(self) -> Iterator[_Way]:
        count, spaced = len(self._header.names), self._without_spaced(self._cells)
        if len(spaced) == count and not any(map(self._may_be_joined, spaced, spaced[1:])):
            way = self._as_they_are(spaced)
            if not way.cost:  # then every other way costs something
                yield way
                return
        if len(self._cells) - count > MAX_JOINED:
            self._cells = spaced
        if 0 <= len(self._cells) - count <= MAX_JOINED:
            yield from self._joined()

    def _is_cut_off(self, last: str) -> bool:
        """Whether the quote of the last field is not closed because the record ends too soon."""
        stray = next((cell for cell in self._cells if cell.stray), None)
        return bool(stray and last.startswith(stray.value) and self._oddity.is_beginning(last))

    def _as_they_are(self, cells: list[Cell]) -> _Way:
        odd = sum(self._oddity.of(column, cell.value) for column, cell in enumerate(cells))
        faults = sum(cell.faults for cell in cells)
        return _Way(faults + odd, 1, tuple(cell.value for cell in cells))

    def _without_spaced(self, cells: list[Cell]) -> list[Cell]:
        """Cells that begin with a space joined to the one before, as after a comma in a text."""
        joined = cells[:1]
        for cell in cells[1:]:
            if not cell.quoted and cell.value[:1].isspace():
                joined[-1] = joined[-1].to(cell, self._text)
            else:
                joined.append(cell)
        return joined

    def _joined(self) -> Iterator[_Way]:
        """The cheapest way to join neighbours, if there is any."""
        count = len(self._header.names)
        surplus = len(self._cells) - count
        ways = {0: _Way(0, 1, ())}  # by the number of cells that are used up
        for column in range(count):
            next_ways: dict[int, _Way] = {}
            for used, way in ways.items():
                most = min(self._most_cells(column), column + surplus + 1 - used)
                for cells in range(1, most + 1):
                    self._extend(next_ways, way, column, used, used + cells)
            ways = next_ways
        if whole := ways.get(len(self._cells)):
            yield whole

    def _most_cells(self, column: int) -> int:
        if column in self._header.text:
            return len(self._cells)
        return MAX_PRICE_CELLS if column == self._header.at("price") else 1

    def _extend(self, ways: dict[int, _Way], way: _Way, column: int, start: int, end: int) -> None:
        value, cost = self._field(start, end)
        cost += way.cost + self._oddity.of(column, value)
        known = ways.get(end)
        if cost > self._most or (known and known.cost < cost):
            return
        equal = known.ways if known and known.cost == cost else 0
        ways[end] = _Way(cost, way.ways + equal, (*way.fields, value))

    def _field(self, start: int, end: int) -> tuple[str, int]:
        """The text of neighbours as one field, and how odd it is to join them."""
        first, *others = self._cells[start:end]
        if not others:
            return first.value, first.faults
        cost = sum(map(self._joint, self._cells[start : end - 1], others))
        raw = self._text[first.start : others[-1].end]
        if first.quoted:  # then the quote that closed it was text, and the last one closes
            raw = raw.strip(" \t")
            return raw[1:-1].replace('""', '"'), cost + 1 if raw.endswith('"') else IMPOSSIBLE
        if first.stray:
            closed = raw.rstrip().endswith('"')
            return raw.lstrip(" \t")[1:].replace('""', '"'), cost + 1 + 2 * closed
        if unopened := without_lost_opening(raw):
            return unopened, cost + 1
        return raw, cost + (raw.rstrip().endswith('"') and raw.count('"') % 2)

    def _joint(self, left: Cell, right: Cell) -> int:
        """How odd it is that a delimiter stands between two cells as text, without quotes."""
        if self._may_be_joined(left, right):
            return 0
        return 3 if right.quoted else 1

    def _may_be_joined(self, left: Cell, right: Cell) -> bool:
        after = self._text[right.start : right.start + 4]
        if after[:1].isspace():
            return True
        return left.value[-1:].isdigit() and bool(_THOUSANDS.match(after))
