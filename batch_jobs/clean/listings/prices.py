"""Reads a price as people type it: an amount, a currency and how far to trust it."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import price_parser
from ftfy.fixes import fix_character_width

from batch_jobs.clean.listings.currencies import (
    DEFAULT_CURRENCY,
    SUSPICIOUS_ABOVE,
    THREE_DECIMALS,
    currency_code,
    named_currency,
    suspicious_above,
)
from batch_jobs.clean.listings.text import one_line

MAX_CHARS = 60  # a longer text is a description in the wrong column

# What most cells hold, and so quick that a million different ones do not matter.
_PLAIN = re.compile(
    r"(?:Â?([£€$]|[A-Z]{3}) ?)?"
    r"((?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.[0-9]{1,2})?)"
    r"(?: ?([£€$]|[A-Z]{3}))?"
)
_MISSING = re.compile(
    r"|[#<(]?(?:n[/.]?a\.?|none|null|nan|nil|unknown|undefined|\\n)[>)]?|[-\u2013\u2014_.?*/ ]+",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"(?<![\w-])(?:free|freebie|gratis|giveaway|give away|gratuit|gratuito|kostenlos|umsonst|"
    r"zu verschenken)(?![\w-])",
    re.IGNORECASE,
)
# What comes with a price without being one.
_POSTAGE = re.compile(
    r"(?:(?:\+|plus|free|incl?|including|with|and)[. ]*)*\bp ?[&+] ?p\b|"
    r"(?:\+|plus|free|incl?|including)[. ]*(?:postage|delivery|shipping)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    "a|about|absolutely|and|approx|around|asking|away|best|ca|cash|circa|collect|collection|"
    "collector|completely|each|everything|firm|fixed|for|from|home|it|item|its|just|lot|must|"
    "nearest|neg|negotiable|no|now|obo|offers?|oiro|only|ono|or|over|per|pick|piece|please|"
    "pp|price|s|take|the|to|totally|up|vb",
    re.IGNORECASE,
)
_ARABIC_MARKS = str.maketrans("\u066b\u066c", ".,")
_DOLLAR_OF = re.compile(r"\b(us|ca|au|nz|hk|mx) (?=\$)", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d{1,3}(?:[ '\u2019]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)*|(?<![^\W\d_])[.,]\d+"
)
_NEGATIVE = re.compile(r"\W*(?:[A-Z]{3})?\W*?[-\u2212\u2013]\W*\d")
_WORD = re.compile(r"[^\W\d_]+\$?|[$\u00a2-\u00a5\u0e3f\u20a0-\u20cf]")
_GLUED = re.compile(r"\d([^\W\d_]+)|[%#@^=]")
_GROUPS = r"(?!0)(?:\d{{1,3}}(?:{0}\d{{3}})+|\d{{1,2}}(?:{0}\d\d)+{0}\d{{3}})"  # or Indian ones
_COMMAS = re.compile(_GROUPS.format(",") + r"(?:\.\d+)?")
_DOTS = re.compile(_GROUPS.format(r"\.") + r"(?:,\d+)?")
_DECIMALS = re.compile(r"\d*([.,])\d+")


class Price(NamedTuple):
    """`status` is ok, free (amount 0), missing or unreadable (no amount), or suspicious."""

    amount: float | None
    currency: str
    status: str


def read_price(
    value: str | float | Sequence[str] | None, currency: str = DEFAULT_CURRENCY
) -> Price:
    """The price that a cell holds; `currency` is that of prices that name none. Never raises.

    Suspicious are a price that is absurdly high, with its amount, and one below zero or infinite,
    without. A range or two prices are unreadable: neither of them is the price. So is `£1.2k`.

    A comma or point before exactly three digits groups thousands (`1.200` and `1,200` are 1200),
    unless what stands before it is no group (`0.500`, `1234.500`), another kind of mark has done
    so before (`1,200.500`), or the currency has three decimals and the mark is a point (KWD).
    """
    if currency != DEFAULT_CURRENCY:
        currency = currency_code(currency)
    if isinstance(value, str):
        if plain := _PLAIN.fullmatch(value):
            before, number, after = plain.groups()
            code = _code(before, after, currency) if before or after else currency
            if code:
                return _judged(float(number.replace(",", "")), code)
        return _read_text(value, currency)
    if value is None or isinstance(value, int | float):
        return _read_number(math.nan if value is None else value, currency)
    text = " ".join(map(str, value)) if isinstance(value, Sequence) else str(value)
    return _read_text(text, currency)


@lru_cache(maxsize=1_000)
def _code(before: str | None, after: str | None, default: str) -> str | None:
    """The currency that stands before or after a number; None where that takes a closer look."""
    found = named_currency([word for word in (before, after) if word], default)
    return None if found == "-" else found


def _read_number(number: float, currency: str) -> Price:
    try:
        number = float(number)
    except OverflowError:  # an integer of JSON may have any length
        number = math.inf
    if math.isnan(number):
        return Price(None, currency, "missing")
    if number < 0 or math.isinf(number):
        return Price(None, currency, "suspicious")
    return _judged(number, currency)


def _judged(amount: float, currency: str) -> Price:
    if 0 < amount <= SUSPICIOUS_ABOVE:  # the lowest bound, and most prices
        return Price(amount, currency, "ok")
    if amount == 0:
        return Price(0.0, currency, "free")
    return Price(amount, currency, "suspicious" if amount > suspicious_above(currency) else "ok")


@lru_cache(maxsize=10_000)
def _read_text(text: str, default: str) -> Price:
    text = fix_character_width(one_line(text)).translate(_ARABIC_MARKS)
    if _MISSING.fullmatch(text):
        return Price(None, default, "missing")
    if len(text) > MAX_CHARS:
        return Price(None, default, "unreadable")
    text = _DOLLAR_OF.sub(r"\1", _POSTAGE.sub("", text))
    words = _WORD.findall(_NUMBER.sub(" ", text))
    named = named_currency(words, default)
    if named == "-":
        return Price(None, default, "unreadable")
    currency = named or default
    if _NEGATIVE.match(text) and _is_price(text, words, named):
        return Price(None, currency, "suspicious")
    amount = _amount_of(text, words, named, currency)
    return Price(None, currency, "unreadable") if amount is None else _judged(amount, currency)


def _amount_of(text: str, words: list[str], named: str | None, currency: str) -> float | None:
    numbers = _NUMBER.findall(text)
    if free := _FREE.search(text):
        return 0.0 if _is_free(text[: free.start()], numbers) else None
    if len(numbers) != 1 or not _is_price(text, words, named):
        return None
    amount = _number(numbers[0], currency)
    pence = "£" not in words and any(word.lower() in {"p", "pence"} for word in words)
    return amount / 100 if pence and amount is not None else amount


def _is_free(before: str, numbers: list[str]) -> bool:
    """Not where the text speaks of a home that is free of smoke, or of what it cost before."""
    named = all(map(_HARMLESS.fullmatch, re.findall(r"[^\W\d_]+", before)))
    return named and not any(number.strip("0.,") for number in numbers)


def _is_price(text: str, words: list[str], named: str | None) -> bool:
    """Whether the one number in a text is its price, not a size or a count."""
    for glued in _GLUED.findall(text):
        harmless = len(glued) > 2 and _HARMLESS.fullmatch(glued)
        if not harmless and named_currency([glued, glued.upper()], "") is None:
            return False
    return named is not None or all(map(_HARMLESS.fullmatch, words))


def _number(number: str, currency: str) -> float | None:
    """None where commas and points stand as in no number."""
    number = re.sub("[ '\u2019]", "", number)
    decimals = _DECIMALS.fullmatch(number)
    if _DOTS.fullmatch(number) and not (decimals and currency in THREE_DECIMALS):
        point = ","
    elif number.isdecimal() or _COMMAS.fullmatch(number):
        point = "."
    elif decimals:
        point = decimals[1]
    else:
        return None
    amount = price_parser.Price.fromstring(f"0{number}", decimal_separator=point).amount
    return None if amount is None else float(amount)
