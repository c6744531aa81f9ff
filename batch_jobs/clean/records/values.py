"""The values of JSON and Parquet as those of a record: text, a price's number, a list of texts."""

import json
import math
from decimal import Decimal
from typing import Any

from batch_jobs.clean.records.records import Value

NUMBERS = frozenset({"price"})


def value_of(value: Any, role: str) -> Value:
    """A number stays one for a price and is its digits elsewhere; what is nested becomes JSON."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list | tuple):
        parts = [part for part in value if part is not None]
        if not any(isinstance(part, list | tuple | dict) for part in parts):
            return [text_of(part) for part in parts]
    if role in NUMBERS and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _number(value)
    return None if value is None or value != value else text_of(value)  # noqa: PLR0124 (NaN)


def text_of(value: Any) -> str:
    """A value as a person would write it; a whole number has no decimals."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, bytes):
        return clean_text(value.decode("utf-8", "replace"))
    if isinstance(value, list | tuple | dict):
        return clean_text(json_text(value))
    return clean_text(str(value))


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=text_of)


def clean_text(text: str) -> str:
    """Without NULs and half characters, which nothing that follows could store."""
    if text.isascii():
        return text.replace("\0", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _number(value: float | Decimal) -> Value:
    try:
        number = float(value)
    except OverflowError:
        return str(value)
    return None if math.isnan(number) else number
