"""What is left out of the tables, and why: the rows of rejects.parquet."""

import re
from dataclasses import dataclass
from typing import Any

from batch_jobs.clean.records import BrokenRecord, Record

Row = dict[str, Any]

_SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Problem:
    """One of the reasons of rejects.parquet, and what a person needs to find the fault."""

    reason: str
    detail: str


def unsafe_id(identity: str, what: str) -> Problem | None:
    """The problem with an id that could not be a key of the store."""
    if _SAFE_ID.fullmatch(identity):
        return None
    return Problem(
        "unsafe_id",
        f"The {what} {identity[:120]!r} is not safe as a key. It needs 1 to 100 letters, digits, "
        "dots, dashes or underscores, and no dot or dash in front.",
    )


def listing_reject(identity: str | None, problem: Problem, record: Record | BrokenRecord) -> Row:
    """A record of Products.csv that is left out."""
    return _row("listing", identity, "Products.csv", problem) | _lines(record)


def photo_row_reject(identity: str | None, problem: Problem, record: Record | BrokenRecord) -> Row:
    """A record of Images.csv that is left out."""
    return _row("photo", identity, "Images.csv", problem) | _lines(record)


def photo_file_reject(identity: str, problem: Problem, path: str) -> Row:
    """A file below images/ that is left out."""
    return _row("photo", identity, path, problem)


def _row(kind: str, identity: str | None, source: str, problem: Problem) -> Row:
    return {
        "kind": kind,
        "id": identity,
        "source": source,
        "line_from": None,
        "line_to": None,
        "reason": problem.reason,
        "detail": problem.detail,
        "raw": None,
    }


def _lines(record: Record | BrokenRecord) -> Row:
    return {"line_from": record.line_from, "line_to": record.line_to, "raw": record.raw}
