"""The reasons for which a record or a photo is left out."""

import re
from dataclasses import dataclass

from batch_jobs.clean.ledger import Reject
from batch_jobs.clean.records.records import BrokenRecord, Record, Value

_SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Problem:
    """One of the reasons of rejects.parquet, and what a person needs to find the fault."""

    reason: str
    detail: str


def is_safe(identity: str) -> bool:
    """Whether an id can be a key of the store."""
    return bool(_SAFE_ID.fullmatch(identity))


def unsafe_id(identity: str, what: str) -> Problem:
    """The problem with an id that could not be a key of the store."""
    if not identity:
        return Problem("unsafe_id", f"The row has no {what}.")
    return Problem(
        "unsafe_id",
        f"The {what} {identity[:120]!r} is not safe as a key. It needs 1 to 100 letters, digits, "
        "dots, dashes or underscores, and no dot or dash in front.",
    )


def id_text(value: Value) -> str:
    """A value as an id: a whole number has no decimals."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return plain_text(value).strip(" \t\r\n\xa0")  # other control characters make it unsafe


def plain_text(value: Value) -> str:
    """A value as text; nothing for None."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, list) else f"{value:g}"


def record_reject(
    kind: str, identity: str | None, source: str, problem: Problem, record: Record | BrokenRecord
) -> Reject:
    """A record of a table that is left out, with its lines and its raw text."""
    return Reject(
        kind,
        identity or None,
        source,
        record.line_from,
        record.line_to,
        problem.reason,
        problem.detail,
        record.raw,
    )


def file_reject(identity: str, path: str, problem: Problem) -> Reject:
    """A photo's file that is left out."""
    return Reject("photo", identity, path, None, None, problem.reason, problem.detail, None)
