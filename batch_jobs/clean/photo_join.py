"""Joins the rows of Images.csv with the listings and the files below images/."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from batch_jobs.clean.records import BrokenRecord, Record
from batch_jobs.clean.rejects import Problem, Row, photo_file_reject, photo_row_reject, unsafe_id
from release.store import Entry

_USABLE_NAME = re.compile(r"images/([A-Za-z0-9_][A-Za-z0-9._-]*)")


@dataclass(frozen=True)
class PhotoSource:
    """A listed photo with its file."""

    image_id: str
    product_id: str
    path: str
    line: int


@dataclass
class Join:
    """The photos of each listing, in the order of Images.csv, and what could not be joined."""

    rows: int = 0
    unlisted_files: int = 0
    rejected_files: int = 0  # unlisted ones, and those of rejected rows
    photos: dict[str, list[PhotoSource]] = field(default_factory=dict)
    rejects: list[Row] = field(default_factory=list)


def join_photos(
    records: Iterable[Record | BrokenRecord], product_ids: Iterable[str], files: list[Entry]
) -> Join:
    """Every row and every file ends in `photos` or, with a reason, in `rejects`."""
    return _Joiner(product_ids, files).join(records)


class _Joiner:
    def __init__(self, product_ids: Iterable[str], files: list[Entry]) -> None:
        self._join = Join(photos={product_id: [] for product_id in product_ids})
        self._paths = _paths_by_id(files)
        self._files = files
        self._seen: dict[str, tuple[str, int]] = {}
        self._listed: set[str] = set()

    def join(self, records: Iterable[Record | BrokenRecord]) -> Join:
        for record in records:
            self._join.rows += 1
            if isinstance(record, BrokenRecord):
                problem = Problem("broken_record", record.detail)
                self._join.rejects.append(photo_row_reject(None, problem, record))
            else:
                self._add(record)
        unlisted = list(self._unlisted())
        self._join.rejects += unlisted
        self._join.unlisted_files = len(unlisted)
        kept = sum(len(photos) for photos in self._join.photos.values())
        self._join.rejected_files = len(self._files) - kept
        return self._join

    def _add(self, record: Record) -> None:
        image_id, product_id = record.fields["id"].strip(), record.fields["product_id"].strip()
        path = self._paths.get(image_id)
        if path:
            self._listed.add(path)
        if problem := self._problem(image_id, product_id):
            self._join.rejects.append(photo_row_reject(image_id or None, problem, record))
            return
        self._seen[image_id] = (product_id, record.line_from)
        if path is None:
            problem = Problem("missing_file", f"There is no file images/{image_id}.jpg.")
            self._join.rejects.append(photo_row_reject(image_id, problem, record))
            return
        photo = PhotoSource(image_id, product_id, path, record.line_from)
        self._join.photos[product_id].append(photo)

    def _problem(self, image_id: str, product_id: str) -> Problem | None:
        if problem := unsafe_id(image_id, "image id"):
            return problem
        if product_id not in self._join.photos:
            return Problem("unknown_listing", f"No listing that was kept is {product_id[:120]!r}.")
        if image_id not in self._seen:
            return None
        first_product, line = self._seen[image_id]
        if first_product == product_id:
            return Problem("duplicate_row", f"The same as the row at line {line}, which stays.")
        return Problem(
            "conflicting_row",
            f"The row at line {line} gives the photo to listing {first_product}. The first stays.",
        )

    def _unlisted(self) -> Iterator[Row]:
        problem = Problem("unlisted_file", "No row of Images.csv lists this file.")
        for file in self._files:
            if file.path not in self._listed:
                name = file.path.removeprefix("images/")
                yield photo_file_reject(name.rpartition(".")[0] or name, problem, file.path)


def _paths_by_id(files: list[Entry]) -> dict[str, str]:
    """The file of each image id. Where several fit, .jpg comes first, then the alphabet."""
    paths: dict[str, str] = {}
    for file in sorted(files, key=lambda file: (not file.path.endswith(".jpg"), file.path)):
        if name := _USABLE_NAME.fullmatch(file.path):
            paths.setdefault(name[1].rpartition(".")[0] or name[1], file.path)
    return paths
