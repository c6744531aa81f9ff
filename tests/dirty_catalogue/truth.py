"""What is true of a generated catalogue."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Rejected(NamedTuple):
    """What has to be left out; of a file the source is its path, and there are no lines."""

    id: str | None
    reason: str
    source: str
    line_from: int | None = None
    line_to: int | None = None


class Kept(NamedTuple):
    """A photo that has to stay; the size is what its file says."""

    product_id: str
    width: int
    height: int


@dataclass
class Truth:
    """What cleaning has to give. `defects` are by the line in which their record begins."""

    products: dict[str, dict[str, Any]] = field(default_factory=dict)  # rows of products.parquet
    photos: dict[str, Kept] = field(default_factory=dict)
    rejected_listings: list[Rejected] = field(default_factory=list)
    rejected_photos: list[Rejected] = field(default_factory=list)
    duplicate_groups: set[frozenset[str]] = field(default_factory=set)
    listing_records: int = 0
    photo_rows: int = 0
    photo_files: int = 0
    defects: dict[int, str] = field(default_factory=dict)
