"""How odd a text is in its column, by what the column is for and what whole records have there."""

import re
from collections.abc import Iterable, Sequence
from operator import itemgetter

from batch_jobs.clean.catalogue.layout import same_name
from batch_jobs.clean.records.header import Header

IMPOSSIBLE = 1000
MAX_KNOWN = 10_000
PRICES_LEARNT = 1000

_N = r"\d(?:[\d.,]*\d)?"
_MONEY = re.compile(rf"\s*(?:Â?£|Â?\$|€)\s*-?{_N}\s*|\s*-?{_N}\s*(?:€|[A-Z]{3})\s*")
_NUMBER = re.compile(rf"\s*-?{_N}\s*")
_NO_PRICE = re.compile(r"\s*(?:free|n/?a|none|null|-?)\s*", re.IGNORECASE)
_BLANKS = frozenset({" ", "\t"})
_PENCE = re.compile(r"\d[.,]\d\d\D*$")


class _Known:
    """What whole records have in a column, as it is written and as it is compared."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._as_written: set[str] = set()

    def add(self, values: set[str]) -> None:
        if len(self._as_written) < MAX_KNOWN and not values <= self._as_written:
            self.names.update(map(same_name, values - self._as_written))
            self._as_written |= values

    def __contains__(self, value: str) -> bool:
        return same_name(value) in self.names


class _Prices:
    """What the prices of whole records look like."""

    def __init__(self) -> None:
        self._learnt = self._with_pence = self._with_currency = 0

    def add(self, values: Iterable[str]) -> None:
        if self._learnt < PRICES_LEARNT:
            given = [value for value in values if value.strip()]
            self._learnt += len(given)
            self._with_pence += sum(map(bool, map(_PENCE.search, given)))
            self._with_currency += sum(map(bool, map(_MONEY.fullmatch, given)))

    def of(self, value: str) -> int:
        """How odd a price is."""
        if _MONEY.fullmatch(value):
            return 0
        if _NUMBER.fullmatch(value):
            return 3 if self._learnt and self._are(self._with_currency) else 1
        return 1 if _NO_PRICE.fullmatch(value) else 3

    def is_whole(self, value: str) -> bool:
        """Whether a price is all there; if prices have pence, one without was cut off."""
        if not value.strip() or self.of(value) > 1:
            return False
        return (
            not self._are(self._with_pence)
            or not re.search(r"\d", value)
            or bool(_PENCE.search(value))
        )

    def _are(self, count: int) -> bool:
        """Whether nearly all prices are so."""
        return count * 20 >= self._learnt * 19


class Oddity:
    """Judges fields; `learn` shows it those of whole records."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._category, self._price = header.at("category"), header.at("price")
        self._delimiter_quotes = (f'{header.delimiter}"', f'"{header.delimiter}')
        self._categories, self._last = _Known(), _Known()
        self._prices = _Prices()

    def learn(self, rows: Sequence[Sequence[str]]) -> None:
        if self._category is not None:
            self._categories.add(set(map(itemgetter(self._category), rows)))
        self._last.add(set(map(itemgetter(-1), rows)))
        if self._price is not None:
            self._prices.add(map(itemgetter(self._price), rows))

    def of(self, column: int, value: str) -> int:
        """0 for what is usual, more for what is odd, IMPOSSIBLE for what cannot be."""
        if column == 0 and self._header.has_row_number:
            return 0 if value.strip().isdigit() else IMPOSSIBLE
        if column == self._header.id_column:
            return IMPOSSIBLE if re.search(r"\s", value.strip()) else 0
        cost = int(value[:1] in _BLANKS and not self._header.is_spaced and bool(value.strip()))
        if column == self._price:
            return cost + self._prices.of(value)
        if column not in self._header.text:
            return cost + 3 * ("\n" in value.strip())
        if column == self._category:
            cost += self._of_category(value)
        return cost + 3 * self._has_stray_quote(value)

    def is_category(self, cells: Sequence[str]) -> bool:
        """Whether a category that whole records have stands in its column."""
        at = self._category
        if at is None or at >= len(cells) or not cells[at].strip():
            return False
        return cells[at] in self._categories

    def is_beginning(self, last: str) -> bool:
        """Whether a text is only the beginning of what whole records have in the last column."""
        name = same_name(last)
        return last not in self._last and any(one.startswith(name) for one in self._last.names)

    def goes_on(self, last: str, line: str) -> bool:
        """Whether a line may belong to the last field: not if that is known as it is."""
        return last not in self._last or f"{last} {line}" in self._last

    def is_complete(self, column: int, value: str) -> bool:
        """Whether a field is not the beginning of one that was cut off, as far as can be told."""
        return column != self._price or self._prices.is_whole(value)

    def _of_category(self, value: str) -> int:
        if not self._categories.names:
            return int("/" not in value)
        return 2 * (value not in self._categories)

    def _has_stray_quote(self, value: str) -> bool:
        """Whether a field looks as if it had swallowed the next one, or lost its beginning."""
        if any(quote in value for quote in self._delimiter_quotes):
            return True
        lone = value.rstrip().endswith('"') and value.count('"') % 2 == 1
        return lone and not re.search(r'\d"\s*$', value)
