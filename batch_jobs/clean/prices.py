"""Reads a price as people type it: an amount, a currency and how far to trust it."""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import price_parser

from batch_jobs.clean.text import one_line

DEFAULT_CURRENCY = "GBP"
# The dearest real offers of second-hand catalogues, pianos and stairs, are a few thousands; junk
# prices are 999,999 and above.
SUSPICIOUS_ABOVE = 100_000.0
MAX_CHARS = 60  # a longer text is a description in the wrong column

_SYMBOLS = {
    "GBP": ("£", "pound", "pounds", "quid", "pence", "p"),
    "EUR": ("€", "euro", "euros"),
    "USD": ("$", "us$", "dollar", "dollars"),
    "CAD": ("c$", "ca$"),
    "AUD": ("a$", "au$"),
    "NZD": ("nz$",),
    "JPY": ("¥", "yen"),
    "INR": ("₹", "rs"),
    "PLN": ("zł",),
    "BRL": ("r$",),
    "CZK": ("kč",),
    "TRY": ("₺",),
    "UAH": ("₴",),
    "ILS": ("₪",),
    "KRW": ("₩",),
}
_CURRENCIES = {symbol: code for code, symbols in _SYMBOLS.items() for symbol in symbols}
_PENCE = {"p", "pence"}
_HARMLESS = re.compile(
    "a|about|and|approx|around|asking|best|cash|each|fixed|firm|for|from|item|just|lot|nearest|"
    "negotiable|no|now|obo|offers?|ono|oiro|only|or|over|per|piece|price|the"
)
_MISSING = re.compile(
    r"|n[/.]?a\.?|none|null|nan|nil|unknown|[-\u2013\u2014_.?*/ ]+", re.IGNORECASE
)
_FREE = re.compile(r"\b(free|freebie|gratis|giveaway|give away)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,3}(?:[ '\u2019]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)*|[.,]\d+")
_NEGATIVE = re.compile(r"\W*(?:[A-Z]{3})?\W*?[-\u2212\u2013]\W*\d")
_WORD = re.compile(r"[^\W\d_]+\$?|[£€$¥₹₺₴₪₩]")
_GLUED = re.compile(r"\d([^\W\d_]+)|[%#@^=]")


@dataclass(frozen=True)
class Price:
    """`status` is ok, free (amount 0), missing or unreadable (no amount), or suspicious."""

    amount: float | None
    currency: str
    status: str


@lru_cache(maxsize=10_000)
def read_price(text: str) -> Price:
    """The price that a cell holds. Never raises.

    Suspicious are a price above SUSPICIOUS_ABOVE, with its amount, and one below zero, without.
    A range or two prices are unreadable: neither of them is the price.
    """
    text = one_line(text)
    if _MISSING.fullmatch(text):
        return Price(None, DEFAULT_CURRENCY, "missing")
    numbers = _NUMBER.findall(text)
    if not numbers and _FREE.search(text):
        return Price(0.0, DEFAULT_CURRENCY, "free")
    words = [word.lower() for word in _WORD.findall(_NUMBER.sub(" ", text))]
    currency = _currency(text, words)
    if len(numbers) != 1 or len(text) > MAX_CHARS or not _is_price(text, words, currency):
        return Price(None, currency or DEFAULT_CURRENCY, "unreadable")
    if _NEGATIVE.match(text):
        return Price(None, currency or DEFAULT_CURRENCY, "suspicious")
    return _judged(_amount(numbers[0], words), currency or DEFAULT_CURRENCY)


def _judged(amount: float | None, currency: str) -> Price:
    if amount is None:
        return Price(None, currency, "unreadable")
    if not math.isfinite(amount):
        return Price(None, currency, "suspicious")
    if amount == 0:
        return Price(0.0, currency, "free")
    return Price(amount, currency, "suspicious" if amount > SUSPICIOUS_ABOVE else "ok")


def _amount(number: str, words: list[str]) -> float | None:
    amount = price_parser.Price.fromstring(re.sub("[ '\u2019]", "", number)).amount
    if amount is None:
        return None
    return float(amount / 100 if _PENCE.intersection(words) and "£" not in words else amount)


def _currency(text: str, words: list[str]) -> str | None:
    """The ISO 4217 code, or None where the text names no currency."""
    for word in words:
        if code := _CURRENCIES.get(word):
            return code
    found = price_parser.Price.fromstring(text).currency or ""
    return found if re.fullmatch("[A-Z]{3}", found) else None


def _is_price(text: str, words: list[str], currency: str | None) -> bool:
    """Whether the one number in a text is its price, not a size or a count."""
    glued = _GLUED.search(text)
    if glued and (glued[1] or glued[0]).lower() not in {*_CURRENCIES, str(currency).lower()}:
        return False
    return currency is not None or all(map(_HARMLESS.fullmatch, words))
