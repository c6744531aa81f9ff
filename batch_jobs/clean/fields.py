"""The fields of one record, also where its quotes, commas or newlines are not as they should be.

A record here is text of one or several lines; a newline in it is a character like any other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from batch_jobs.clean.header import Header
from batch_jobs.clean.syntax import Syntax, syntax_of

# Limits by which a record made of nothing but quotes and commas stays cheap.
MAX_STRAY_QUOTES = 20
MAX_SURPLUS = 100
MAX_MENDED_CHARS = 200_000

_MONEY = re.compile(r"\s*(?:Â?£|\$|€)\s*-?\d[\d.,]*\s*|\s*-?\d[\d.,]*\s*(?:€|GBP|EUR|USD)\s*")
_PRICE = re.compile(r"\s*(?:-?\d+(?:\.\d+)?|free|n/?a|none|null|-?)\s*", re.IGNORECASE)


@dataclass
class _Reading:
    """One way to read a record: its fields, which had quotes, and one whose quote is text."""

    fields: list[str] = field(default_factory=list)
    quoted: list[bool] = field(default_factory=list)
    stray: int | None = None


def mended_fields(text: str, header: Header) -> list[str] | None:
    """As many fields as the header has, or None where there is no one way to mend the record."""
    readings = list(_readings(text, len(header.names), syntax_of(header.delimiter)))
    exact = [reading.fields for reading in readings if len(reading.fields) == len(header.names)]
    fitted = (_of_right_length(reading, header) for reading in readings)
    plausible = [fields for fields in (*exact, *fitted) if fields and _plausible(fields, header)]
    for fields in plausible:
        if not any(_has_stray_quote(cell, header.delimiter) for cell in fields):
            return fields
    if plausible:
        return plausible[0]
    return exact[0] if exact and exact[0] is readings[0].fields else None


def _has_stray_quote(cell: str, delimiter: str) -> bool:
    """Whether a field looks as if it had swallowed the next one, or lost its own beginning."""
    inches = re.search(r'\d"\s*$', cell)
    swallowed = f'{delimiter}"' in cell or f'"{delimiter}' in cell
    return swallowed or (_ends_in_lone_quote(cell) and not inches)


def _readings(text: str, count: int, syntax: Syntax) -> Iterator[_Reading]:
    """The ways to read a record, best first; the last of them take one opening quote as text."""
    yield _read(text, syntax, count)
    if len(text) > MAX_MENDED_CHARS:
        return
    for way in range(1, len(syntax.fields)):
        yield _read(text, syntax, count, way)
    for opening in islice(syntax.opening.finditer(text), MAX_STRAY_QUOTES):
        yield _read(text, syntax, count, stray=opening.end())


def _read(text: str, syntax: Syntax, count: int, way: int = 0, stray: int = -1) -> _Reading:
    """A reading; one without fields where there are far too many."""
    reading = _Reading()
    pattern = syntax.fields[way]
    position = 0
    while len(reading.fields) < count + MAX_SURPLUS:
        found = (syntax.bare if position == stray else pattern).match(text, position)
        if found is None:
            break
        if found["quoted"] is None and syntax.quote.match(text, position):
            reading.stray = len(reading.fields)
            if position != stray:
                pattern = syntax.bare  # no quote closes from here on
        _add_field(reading, found)
        position = found.end()
        if not found["end"]:
            return reading
    return _Reading()


def _add_field(reading: _Reading, found: re.Match[str]) -> None:
    quoted: str | None = found["quoted"]
    reading.quoted.append(quoted is not None)
    if quoted is not None:
        reading.fields.append(quoted.replace('""', '"') + found["tail"].rstrip(" \t"))
    elif reading.stray == len(reading.fields):
        reading.fields.append(found["bare"].lstrip(" \t")[1:])
    else:
        reading.fields.append(found["bare"])


def _plausible(fields: list[str], header: Header) -> bool:
    """Whether the row number, the id and the price look as if they stood in their columns."""
    if header.has_row_number and not fields[0].strip().isdigit():
        return False
    identity, price = header.id_column, header.at("price")
    if identity is not None and re.search(r"\s", fields[identity].strip()):
        return False
    return price is None or bool(_MONEY.fullmatch(fields[price]) or _PRICE.fullmatch(fields[price]))


def _of_right_length(reading: _Reading, header: Header) -> list[str] | None:
    count, fields = len(header.names), reading.fields
    if len(fields) == count - 1 and header.ends_in_text:
        return [*fields, ""]
    if len(fields) <= count:
        return None
    if not "".join(fields[count:]).strip():
        return fields[:count]
    surplus = len(fields) - count
    at = reading.stray if reading.stray is not None else _after_lost_quote(reading, surplus)
    if at is not None:
        return _joined(reading, at, surplus, header.delimiter)
    return _around_price(reading, header, surplus)


def _after_lost_quote(reading: _Reading, surplus: int) -> int | None:
    """Where a field begins whose closing quote is there and whose opening quote is not."""
    for at, text in enumerate(reading.fields):
        if not reading.quoted[at] and _ends_in_lone_quote(text):
            return at - surplus
    return None


def _ends_in_lone_quote(text: str) -> bool:
    return text.rstrip().endswith('"') and text.count('"') % 2 == 1


def _around_price(reading: _Reading, header: Header, surplus: int) -> list[str] | None:
    """Gives surplus fields back to the description and the location around a price found once."""
    ats = [header.at(name) for name in ("category", "description", "price", "location")]
    if None in ats or ats != sorted(ats, key=lambda at: at or 0):
        return None
    category, description, price, location = (at or 0 for at in ats)
    before = _price_shift(reading.fields[price : price + surplus + 1])
    if before is None or (before and "/" not in reading.fields[category]):
        return None
    if before in (0, surplus):
        at = description if before else location
        return _joined(reading, at, surplus, header.delimiter)
    return None


def _price_shift(cells: list[str]) -> int | None:
    """Which one of the cells is a price."""
    for pattern in (_MONEY, _PRICE):
        found = [shift for shift, cell in enumerate(cells) if pattern.fullmatch(cell)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _joined(reading: _Reading, at: int, surplus: int, delimiter: str) -> list[str] | None:
    """The fields with one of them put together from its parts, none of which had quotes."""
    end = at + surplus + 1
    parts = reading.fields[at:end]
    if (
        not 0 <= at < end <= len(reading.fields)
        or any(reading.quoted[at:end])
        or any(map(_ends_in_lone_quote, parts[:-1]))
    ):
        return None
    joined = delimiter.join(parts)
    if _ends_in_lone_quote(joined):
        joined = joined.rstrip()[:-1]
    return [*reading.fields[:at], joined, *reading.fields[end:]]
