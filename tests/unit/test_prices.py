"""Prices as people type them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.clean.prices import SUSPICIOUS_ABOVE, Price, read_price

AMOUNTS = {
    "£36.00": 36,
    "Â£50.00": 50,
    "Â£ 20": 20,
    "£1,200.00": 1200,
    "Â£2,160.00": 2160,
    "£1 200": 1200,
    "£1,20": 1.2,
    "2,160": 2160,
    "20": 20,
    "&pound;20": 20,
    "20 pounds": 20,
    "50p": 0.5,
    "£50 ono": 50,
    "offers over £50": 50,
    "20.-": 20,
    "\uff19\uff19": 99,
    "£100,000": 100_000,
}


@pytest.mark.parametrize("text", AMOUNTS)
def test_pounds(text: str) -> None:
    assert read_price(text) == Price(AMOUNTS[text], "GBP", "ok")


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1.200,00 €", 1200, "EUR"),
        ("EUR 10", 10, "EUR"),
        ("20&euro;", 20, "EUR"),
        ("$5", 5, "USD"),
        ("US$ 30", 30, "USD"),
        ("20 USD", 20, "USD"),
        ("C$ 5", 5, "CAD"),
        ("1'200 CHF", 1200, "CHF"),
        ("1 200,50 zł", 1200.5, "PLN"),
        ("20 GBP", 20, "GBP"),
    ],
)
def test_other_currencies(text: str, amount: float, currency: str) -> None:
    assert read_price(text) == Price(amount, currency, "ok")


@pytest.mark.parametrize("text", ["Free", "FREE", "free to collector", "0", "£0.00", "0,00 €"])
def test_free_and_zero_are_free(text: str) -> None:
    price = read_price(text)
    assert (price.amount, price.status) == (0.0, "free")


@pytest.mark.parametrize("text", ["", "  ", "N/A", "n/a", "-", "none", "NaN", "null", "\0"])
def test_nothing_is_missing(text: str) -> None:
    assert read_price(text) == Price(None, "GBP", "missing")


@pytest.mark.parametrize(
    "text",
    [
        *("ask me", "POA", "swap", "12-15", "£5 each or £8 for 2", "20k", "1e9", "£", "50%", "1½"),
        *("5 seater", "£1.2.3"),
        "For sale is this sofa. Only £20 for a good home, it has to go by Sunday.",
    ],
)
def test_what_is_no_price_is_unreadable(text: str) -> None:
    price = read_price(text)
    assert (price.amount, price.status) == (None, "unreadable")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("£999,999.00", 999_999),
        ("123456789", 123_456_789),
        ("10,000,000", 10_000_000),
        ("£100,000.01", SUSPICIOUS_ABOVE + 0.01),
        ("-5", None),
        ("£-5", None),
        ("-£5.00", None),
        ("GBP -5", None),
    ],
)
def test_absurd_prices_are_suspicious(text: str, amount: float | None) -> None:
    assert read_price(text) == Price(amount, "GBP", "suspicious")


@given(st.text(st.characters() | st.sampled_from("£$€0123456789.,- "), max_size=80))
def test_no_text_is_too_odd(text: str) -> None:
    price = read_price(text)
    assert price.status in {"ok", "free", "missing", "unreadable", "suspicious"}
    assert price.amount is None or (math.isfinite(price.amount) and price.amount >= 0)
    assert (price.amount is None) <= (price.status in {"missing", "unreadable", "suspicious"})
    assert len(price.currency) == 3


@given(st.decimals(min_value="0.01", max_value=100_000, places=2))
def test_written_prices_are_read_back(amount: float) -> None:
    for text in (f"£{amount:,}", f"Â£{amount}", f"{amount} GBP"):
        assert read_price(text) == Price(float(amount), "GBP", "ok")
