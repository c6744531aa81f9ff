"""Which tables a catalogue has, what their columns are called and where its photos lie."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from release.errors import JobError

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
CLASS_FOLDER_PHOTOS = PHOTOS_BY_REFERENCE = "images/{photo}"
PHOTOS_BY_NAME = "images/{photo_name}"
PHOTOS_BY_ID = "images/{image_id}"

LISTING_COLUMNS = {
    "product_id": "id",
    "title": "product_name",
    "category": "category",
    "description": "product_description",
    "price": "price",
    "location": "location",
}
PHOTO_COLUMNS = {"image_id": "id", "product_id": "product_id"}
LISTING_ROLES = (*LISTING_COLUMNS, "currency", "listed_at", "photos")
PHOTO_ROLES = (*PHOTO_COLUMNS, "photo", "link")

# Roles whose cells hold words, and so newlines and commas of their own.
TEXT_ROLES = frozenset({"title", "category", "description", "location"})


@dataclass(frozen=True)
class Table:
    """A file of the catalogue and, by our names, what its columns are called there."""

    file: str
    columns: dict[str, str] = field(hash=False)
    delimiter: str | None = None  # of a CSV file; None: to be found from its header line

    @property
    def ending(self) -> str:
        return "." + self.file.rpartition(".")[2].lower()


@dataclass(frozen=True)
class Layout:
    """How a catalogue is laid out. Without tables, its class folders say what each photo is."""

    listings: Table | None
    photos: Table | None  # None: the listings' own column `photos`, or class folders
    photo_path: str
    currency: str = "GBP"
    category_separator: str = "/"
    photo_separator: str | None = None

    @property
    def photo_folder(self) -> str:
        """The folder of all photos, "" where that is the whole catalogue."""
        return self.photo_path.partition("{")[0].rpartition("/")[0]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for table in (self.listings, self.photos) if table)


def listings_table(file: str) -> Table:
    return Table(file, LISTING_COLUMNS)


def photos_table(file: str, names: list[str]) -> tuple[Table, str]:
    """A table of photos and the path of their files, by the columns that the table has.

    In the older layout `image_ref` names the file and `bucket_link` where it was once kept.
    """
    if "image_ref" not in names:
        return Table(file, PHOTO_COLUMNS), PHOTOS_BY_ID
    older = {"product_id": "product_id", "photo": "image_ref"}
    optional = {"image_id": "id", "link": "bucket_link"}
    return (
        Table(file, older | {role: name for role, name in optional.items() if name in names}),
        PHOTOS_BY_NAME,
    )


def same_name(name: object) -> str:
    """A column's name as it is compared: without the spaces around it, in small letters."""
    return re.sub(r"\s+", " ", str(name)).strip().lower()


def check_columns(table: Table, found: Iterable[str], where: str) -> None:
    """Raises JobError where a table does not have a column that the layout names."""
    found = list(found)
    missing = [name for name in table.columns.values() if same_name(name) not in found]
    if missing:
        raise JobError(
            f"{where} has no column {', '.join(missing)}. "
            f"Found: {', '.join(map(repr, found))[:500]}. "
            f"Needed: {', '.join(table.columns.values())}. Say in catalogue.toml what they are "
            'called, with "" for one that this catalogue does not have.'
        )
