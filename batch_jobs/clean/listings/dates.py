"""Reads when a listing was put up: an ISO 8601 date or time, or the seconds since 1970."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())

_MISSING = re.compile(r"|[-?]+|n/?a|none|null|na[nt]|\\n|0", re.IGNORECASE)
_DATE = r"\d{4}-\d\d-\d\d|\d{8}"
_TIME = r"\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?|\d\d(?:\d\d(?:[.,]\d+)?)?)?"
_ZONE = r"Z|[+-]\d\d(?::?\d\d)?"
_ISO = re.compile(rf"(?P<date>{_DATE})(?:(?:T| +)(?P<time>{_TIME}) ?(?P<zone>{_ZONE})?)?", re.ASCII)
# Nine digits and more, so that the seconds are no date without dashes: from 1973 on.
_SECONDS = re.compile(r"(?P<whole>\d{9,11})(?:\.\d*)?", re.ASCII)
_MILLISECONDS = re.compile(r"(?P<whole>\d{9,11})\d{3}(?:\.\d*)?", re.ASCII)


class ListedAt(NamedTuple):
    """`seconds` since 1970 in UTC; None where `status` is missing or unreadable, else it is ok."""

    seconds: int | None
    status: str


def read_listed_at(text: str) -> ListedAt:
    """A cell's text as a time after 1970-01-01; a time without a zone is in UTC. Never raises."""
    text = text.strip().upper()
    if _MISSING.fullmatch(text):
        return ListedAt(None, "missing")
    seconds = _unix_seconds(text) or _iso_seconds(text)
    # What has no time is often written as a zero of one calendar or another.
    if seconds is None or not 0 < seconds <= LAST:
        return ListedAt(None, "unreadable")
    return ListedAt(seconds, "ok")


def _unix_seconds(text: str) -> int | None:
    found = _SECONDS.fullmatch(text) or _MILLISECONDS.fullmatch(text)
    return int(found["whole"]) if found else None


def _iso_seconds(text: str) -> int | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    time, zone = found["time"] or "00", found["zone"] or "Z"
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{time}{zone}")
    except ValueError:  # a thirteenth month, say
        return None
    return int(moment.timestamp() // 1)
