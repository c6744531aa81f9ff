"""Tables in which some records have one defect each that leaves a single way to read them."""

import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from batch_jobs.clean.catalogue.layout import LISTING_COLUMNS

WORDS = re.findall(
    r"\S+",
    "sofa table chair lamp old new good condition collection only from the with small marks see "
    "photos can deliver oak pine white black measures about wide deep please it is well-made used, "
    "longer, needed: 4ft £20 1/2 5cm (VGC) - & ok! don't; 3,000 miles éà",
)
CATEGORIES = (
    "Home & Garden / Chairs",
    "Home & Garden / Dining, Living Room Furniture / Tables",
    "Appliances / Small",
    "DIY Tools & Materials/Building Materials",
    "Clothes, Footwear & Accessories / Shoes",
)
LOCATIONS = ("Bath, Somerset", "Hackney, London", "Leeds", "Newport, Gwent", "York")
ID, TITLE, CATEGORY, DESCRIPTION, PRICE, LOCATION = range(6)
TEXTS = (TITLE, CATEGORY, DESCRIPTION, LOCATION)


@dataclass
class Style:
    """How a well-formed table is written."""

    delimiter: str = ","
    row_numbers: bool = True
    ids: str = "uuid"  # or "sku"
    quote_all: bool = False
    line_end: str = "\n"


@dataclass
class Damaged:
    """A record as it stands in the file, and what it says; None where nobody can know."""

    text: str
    cells: list[str] | None
    defect: str = ""


class Writer:
    """Writes records, some of them damaged."""

    def __init__(self, style: Style, rng: random.Random) -> None:
        self._style = style
        self._rng = rng
        self._number = -1

    def header(self) -> str:
        names = ([""] if self._style.row_numbers else []) + list(LISTING_COLUMNS.values())
        return self._style.delimiter.join(map(self._quoted, names))

    def record(self, defect: str = "") -> Damaged:
        """A record with a defect, if it may have that one; else a whole one."""
        self._number += 1
        cells = self._cells()
        if defect:
            damaged = DEFECTS[defect](self, list(cells))
            if damaged:
                damaged.defect = defect
                return damaged
        return Damaged(self.row(list(map(self._quoted, cells))), cells)

    def row(self, written: list[str]) -> str:
        number = [self._quoted(str(self._number))] if self._style.row_numbers else []
        return self._style.delimiter.join(number + written)

    def _cells(self) -> list[str]:
        rng = self._rng
        title = " ".join(rng.choices(WORDS, k=rng.randint(2, 6)))
        description = " ".join(rng.choices(WORDS, k=rng.randint(2, 25)))
        if rng.random() < 0.1:
            description = description.replace(" ", "\n", 1)
        price = rng.choice([f"£{rng.randint(1, 900)}.00", f"£1,{rng.randint(100, 999)}.00"])
        return [
            self._identity(),
            f"{title} | in {rng.choice(LOCATIONS)} | Gumtree",
            rng.choice(CATEGORIES),
            f"{description} x",
            price,
            rng.choice(LOCATIONS),
        ]

    def _identity(self) -> str:
        if self._style.ids == "uuid":
            return str(uuid.UUID(int=self._rng.getrandbits(128)))
        return f"SKU-{self._rng.randint(1000, 99_999)}"

    def _quoted(self, text: str) -> str:
        needed = any(mark in text for mark in (self._style.delimiter, '"', "\n", "\r"))
        doubled = text.replace('"', '""')
        return f'"{doubled}"' if needed or self._style.quote_all else text

    # Each gives the damaged record, or None where the record cannot have the defect.

    def newline(self, cells: list[str]) -> Damaged | None:
        """A newline in a text that lost its quotes, or never had any."""
        at = self._rng.choice(TEXTS)
        words = cells[at].replace("\n", " ").split(" ")
        if len(words) < 2:
            return None
        newline = self._rng.choice(["\n", "\r", "\r\n", "\n\n"])
        cut = self._rng.randrange(1, len(words))
        text = " ".join(words[:cut]) + newline + " ".join(words[cut:])
        written = list(map(self._quoted, cells))
        written[at] = text
        cells[at] = text.replace("\r\n", "\n").replace("\r", "\n")
        return Damaged(self.row(written), cells)

    def never_closed(self, cells: list[str]) -> Damaged | None:
        return self._requoted(cells, lambda text: text[:-1])

    def never_opened(self, cells: list[str]) -> Damaged | None:
        return self._requoted(cells, lambda text: text[1:])

    def no_quotes(self, cells: list[str]) -> Damaged | None:
        return self._requoted(cells, lambda text: text[1:-1])

    def doubled_quotes(self, cells: list[str]) -> Damaged | None:
        return self._requoted(cells, lambda text: f'"{text}"')

    def _requoted(self, cells: list[str], change: Callable[[str], str]) -> Damaged | None:
        at = self._rng.choice(TEXTS)
        cells[at] = cells[at].replace("\n", " ")
        written = list(map(self._quoted, cells))
        if not written[at].startswith('"'):
            return None
        written[at] = change(written[at])
        return Damaged(self.row(written), cells)

    def quotes_inside(self, cells: list[str]) -> Damaged | None:
        """Quotes in a quoted text that are not doubled."""
        at = self._rng.choice((TITLE, DESCRIPTION))
        words = cells[at].replace("\n", " ").split(" ")
        inside = self._rng.randrange(1, len(words) - 1)
        if not words[inside].isalpha():
            return None
        words[inside] = f'"{words[inside]}"'
        written = list(map(self._quoted, cells))
        cells[at] = " ".join(words)
        written[at] = f'"{cells[at]}"'
        return Damaged(self.row(written), cells)

    def surplus(self, cells: list[str]) -> Damaged:
        row = self.row(list(map(self._quoted, cells)))
        return Damaged(row + self._style.delimiter * self._rng.randint(1, 4), cells)

    def cut_off(self, cells: list[str]) -> Damaged:
        row = self.row(list(map(self._quoted, cells)))
        least = len(self.row([cells[ID]])) + 2 + 2 * self._style.quote_all
        most = len(self.row(list(map(self._quoted, cells[:PRICE])))) - 1
        return Damaged(row[: self._rng.randrange(least, most)].rstrip(), None)

    def no_location(self, cells: list[str]) -> Damaged:
        written = list(map(self._quoted, cells[:LOCATION]))
        return Damaged(self.row(written), [*cells[:LOCATION], ""])

    def odd_id(self, cells: list[str]) -> Damaged:
        cells[ID] = self._rng.choice(["abc", "../../etc", "1234", "", "a b" * 3])
        cells[DESCRIPTION] = cells[DESCRIPTION].replace("\n", " ")
        return Damaged(self.row(list(map(self._quoted, cells))), cells)

    def nul(self, cells: list[str]) -> Damaged:
        row = self.row(list(map(self._quoted, cells)))
        at = self._rng.randrange(len(row))
        return Damaged(f"{row[:at]}\0{row[at:]}", cells)

    def blank_lines(self, cells: list[str]) -> Damaged:
        row = self.row(list(map(self._quoted, cells)))
        return Damaged(row + "\n" * self._rng.randint(1, 3), cells)

    def junk_line(self, cells: list[str]) -> Damaged:
        cells[LOCATION] = "Bath, Somerset"
        return Damaged(self.row(list(map(self._quoted, cells))) + "\n=== page 2 ===", cells)


DEFECTS: dict[str, Callable[[Writer, list[str]], Damaged | None]] = {
    "newline": Writer.newline,
    "never closed": Writer.never_closed,
    "never opened": Writer.never_opened,
    "no quotes": Writer.no_quotes,
    "doubled quotes": Writer.doubled_quotes,
    "quotes inside": Writer.quotes_inside,
    "surplus": Writer.surplus,
    "cut off": Writer.cut_off,
    "no location": Writer.no_location,
    "odd id": Writer.odd_id,
    "NUL": Writer.nul,
    "blank lines": Writer.blank_lines,
    "junk line": Writer.junk_line,
}
