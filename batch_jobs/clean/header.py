"""The first line of a table, and what it says about where each record begins."""

import csv
import re
from dataclasses import dataclass
from functools import cached_property

ROW_NUMBER_NAMES = ("", "unnamed: 0", "index", "row", "#")
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_ROW = r'\s*"?(?P<row>\d{1,12})"?\s*,\s*'


@dataclass(frozen=True)
class Columns:
    """What a table must have. `text` columns may hold newlines and commas of their own."""

    file: str
    needed: tuple[str, ...]
    text: frozenset[str] = frozenset()


PRODUCTS = Columns(
    "Products.csv",
    ("id", "product_name", "category", "product_description", "price", "location"),
    frozenset({"product_name", "category", "product_description", "location"}),
)
IMAGES = Columns("Images.csv", ("id", "product_id"))


@dataclass(frozen=True)
class Header:
    """The names of the columns as they stand in the file, in small letters."""

    names: tuple[str, ...]
    columns: Columns

    @classmethod
    def of(cls, line: str, columns: Columns) -> "Header":
        """Reads the first line of a table; `missing` says which columns it does not have."""
        try:
            cells = next(csv.reader([line]), [])
        except csv.Error:  # a cell larger than the csv module's limit
            cells = line.split(",")
        return cls(tuple(cell.strip().lower() for cell in cells) or ("",), columns)

    @property
    def missing(self) -> list[str]:
        return [name for name in self.columns.needed if name not in self.names]

    def at(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None

    @cached_property
    def has_row_number(self) -> bool:
        return self.names[0] in ROW_NUMBER_NAMES

    @cached_property
    def ends_in_text(self) -> bool:
        return self.names[-1] in self.columns.text

    @cached_property
    def certain_start(self) -> re.Pattern[str]:
        """What only a record's first line begins with: its row number and a UUID."""
        before = _ROW if self.has_row_number else r"\s*"
        return re.compile(rf'{before}"?\s*{_UUID}\s*"?\s*(?:,|$)' if self._id_leads else "(?!)")

    @cached_property
    def possible_start(self) -> re.Pattern[str]:
        """What a record's first line begins with, whatever its id; other text may do so too."""
        before = _ROW if self.has_row_number else ""
        return re.compile(rf'{before}\s*"?(?P<id>[^,"]{{0,200}})"?\s*,')

    @property
    def _id_leads(self) -> bool:
        return self.at("id") == int(self.has_row_number)
