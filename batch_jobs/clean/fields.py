"""The fields of one record, also where its quotes, commas or newlines are not as they should be.

A record here is text of one or several lines; a newline in it is a character like any other.
"""

import re
from collections.abc import Iterator

from batch_jobs.clean.header import Header

# Limits by which a record made of nothing but quotes and commas stays cheap.
MAX_STRAY_QUOTES = 20
MAX_SURPLUS = 100
MAX_MENDED_CHARS = 200_000

_AT_END = r"(?=[ \t]*(?:,|\Z))"
_AT_LINE_END = r"(?=[ \t]*(?:,|\n|\Z))"


def _field(closes: str, pair: str = '""') -> re.Pattern[str]:
    """One field: quoted up to a quote that closes, with what follows it, or else bare."""
    quoted = rf'[ \t]*"(?P<quoted>(?:[^"]++|{pair}|(?!"{closes})")*+)"{closes}(?P<tail>[^,]*)'
    return re.compile(rf"(?:{quoted}|(?P<bare>[^,]*))(?P<end>,|\Z)")


# How a field's end is known, best first: by the rules; a quote before a newline is text, as in
# `"He said "hi"`; two quotes before a comma are an inch mark and the end, as in `"pipe 12""`.
_FIELDS = (_field(_AT_LINE_END), _field(_AT_END), _field(_AT_LINE_END, '""(?!,)'))
_BARE = re.compile(r"(?P<quoted>(?!))?(?P<bare>[^,]*)(?P<end>,|\Z)")
_OPENS = re.compile(r'(?:,|\A)(?=[ \t]*")')
_QUOTE = re.compile(r'[ \t]*"')
_MONEY = re.compile(r"\s*(?:Â?£|\$|€)\s*-?\d[\d.,]*\s*|\s*-?\d[\d.,]*\s*(?:€|GBP|EUR|USD)\s*")
_PRICE = re.compile(r"\s*(?:-?\d+(?:\.\d+)?|free|n/?a|none|null|-?)\s*", re.IGNORECASE)


def mended_fields(text: str, header: Header) -> list[str] | None:
    """As many fields as the header has, or None where there is no one way to mend the record."""
    count = len(header.names)
    readings = list(_readings(text, count))
    for number, fields in enumerate(readings):
        if len(fields) == count and _plausible(fields, header):
            return fields if number == 0 else [_without_stray_quote(field) for field in fields]
    for fields in readings:
        if mended := _of_right_length(fields, header):
            return [_without_stray_quote(field) for field in mended]
    return readings[0] if len(readings[0]) == count else None


def _readings(text: str, count: int) -> Iterator[list[str]]:
    """The ways to read a record, best first; the last of them take one opening quote as text."""
    yield _split(text, _FIELDS[0], count)
    if len(text) > MAX_MENDED_CHARS:
        return
    for field in _FIELDS[1:]:
        yield _split(text, field, count)
    for opening in list(_OPENS.finditer(text))[:MAX_STRAY_QUOTES]:
        yield _split(text, _FIELDS[0], count, stray=opening.end())


def _split(text: str, field: re.Pattern[str], count: int, stray: int = -1) -> list[str]:
    """The record's fields; none where they are far too many."""
    fields: list[str] = []
    position = 0
    while len(fields) < count + MAX_SURPLUS:
        found = (_BARE if position == stray else field).match(text, position)
        if found is None:
            break
        if found["quoted"] is None and position != stray and _QUOTE.match(text, position):
            field = _BARE  # no quote closes from here on
        fields.append(_value(found))
        position = found.end()
        if not found["end"]:
            return fields
    return []


def _value(found: re.Match[str]) -> str:
    quoted: str | None = found["quoted"]
    if quoted is None:
        return str(found["bare"])
    return quoted.replace('""', '"') + found["tail"].rstrip(" \t")


def _plausible(fields: list[str], header: Header) -> bool:
    """Whether every field looks as if it stood in the right column."""
    if header.has_row_number and not fields[0].strip().isdigit():
        return False
    identity, price = header.at("id"), header.at("price")
    if identity is not None and re.search(r"\s", fields[identity].strip()):
        return False
    return price is None or _looks_like_price(fields[price])


def _looks_like_price(field: str) -> bool:
    return bool(_MONEY.fullmatch(field) or _PRICE.fullmatch(field))


def _of_right_length(fields: list[str], header: Header) -> list[str] | None:
    count = len(header.names)
    while len(fields) > count and not fields[-1].strip():
        fields = fields[:-1]
    if len(fields) > count:
        return _with_commas(fields, header)
    if len(fields) == count - 1 and header.ends_in_text:
        fields = [*fields, ""]
    return fields if len(fields) == count and _plausible(fields, header) else None


def _with_commas(fields: list[str], header: Header) -> list[str] | None:
    """Gives surplus fields back to the description and the location around a price found once."""
    ats = [header.at(name) for name in ("category", "product_description", "price", "location")]
    if None in ats or ats != sorted(ats, key=lambda at: at or 0):
        return None
    category, description, price, location = (at or 0 for at in ats)
    surplus = len(fields) - len(header.names)
    before = _price_shift(fields[price : price + surplus + 1])
    if before is None or (before and "/" not in fields[category]):
        return None
    fields = _joined(fields, description, before)
    fields = _joined(fields, location, surplus - before)
    return fields if _plausible(fields, header) else None


def _price_shift(cells: list[str]) -> int | None:
    """Which one of the cells is a price."""
    for pattern in (_MONEY, _PRICE):
        found = [shift for shift, cell in enumerate(cells) if pattern.fullmatch(cell)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _joined(fields: list[str], at: int, surplus: int) -> list[str]:
    joined = ",".join(fields[at : at + surplus + 1])
    if joined.endswith('"') and joined.count('"') % 2:
        joined = joined[:-1]
    return [*fields[:at], joined, *fields[at + surplus + 1 :]]


def _without_stray_quote(field: str) -> str:
    """A field without the one quote that opened it and was never closed."""
    bare = field.lstrip(" \t")
    return bare[1:] if bare.startswith('"') and bare.count('"') % 2 else field
