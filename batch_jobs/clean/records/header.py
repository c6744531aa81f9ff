"""The first line of a table: the columns, and what each is for."""

import csv
from dataclasses import dataclass
from functools import cached_property

from batch_jobs.clean.catalogue.layout import TEXT_ROLES, Table, same_name

DELIMITERS = (",", ";", "\t", "|")
ROW_NUMBER_NAMES = ("", "unnamed: 0", "index", "row", "#")


@dataclass(frozen=True)
class Header:
    """The names of the columns as they stand in the file, in small letters."""

    names: tuple[str, ...]
    delimiter: str
    roles: dict[str, str]  # our name of a column -> its name in the file
    is_spaced: bool = False  # a space stands after each delimiter

    @classmethod
    def of(cls, line: str, table: Table) -> "Header":
        """Reads the first line of a table; `missing` says which columns it does not have.

        Where no delimiter is given, it is the one that makes the most columns known.
        """
        roles = {role: same_name(name) for role, name in table.columns.items()}
        given = table.delimiter or ("\t" if table.ending == ".tsv" else None)
        found = [
            cls(_names(line, one), one, roles, f"{one} " in line) for one in (given or DELIMITERS)
        ]
        return min(found, key=lambda header: (len(header.missing), -len(header.names)))

    @property
    def missing(self) -> list[str]:
        return [name for name in self.roles.values() if name not in self.names]

    def at(self, role: str) -> int | None:
        """Where the column of a role stands."""
        name = self.roles.get(role)
        return self.names.index(name) if name in self.names else None

    @cached_property
    def has_row_number(self) -> bool:
        return self.names[0] in ROW_NUMBER_NAMES and self.names[0] not in self.roles.values()

    @cached_property
    def text(self) -> frozenset[int]:
        """The columns whose cells may hold newlines of their own: words, and what nobody maps."""
        other = {self.at(role) for role in self.roles if role not in TEXT_ROLES}
        return frozenset(range(int(self.has_row_number), len(self.names))) - other

    @cached_property
    def ends_in_text(self) -> bool:
        return len(self.names) - 1 in self.text

    @cached_property
    def id_column(self) -> int | None:
        """Where the id of what the table lists stands."""
        return self.at("image_id" if "image_id" in self.roles else "product_id")


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell larger than the csv module's limit
        cells = line.split(delimiter)
    return tuple(map(same_name, cells)) or ("",)
