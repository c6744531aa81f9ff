"""Prices as people type them."""

import math

import pytest

from batch_jobs.clean.listings.currencies import SUSPICIOUS_ABOVE
from batch_jobs.clean.listings.prices import Price, read_price

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
    "\uffe1\uff12\uff10.50": 20.5,
    "\u0662\u0660\u066b5": 20.5,
    "Ã\u201aÂ£20": 20,
    "£20 each": 20,
    "£20ono": 20,
    "(£20)": 20,
    "£20 + p&p": 20,
    "50p plus p&p": 0.5,
    "£20 free delivery": 20,
    "£50 FOR ALL": 50,
    ".50": 0.5,
    "£,50": 0.5,
    "1,5": 1.5,
    "1.5": 1.5,
}

GROUPED = {
    "1.200": 1200,
    "1,200": 1200,
    "£1.200": 1200,
    "1'200.-": 1200,
    "99.999": 99_999,
    "1,00,000": 100_000,
    "1.200,5": 1200.5,
    "1,200.500": 1200.5,
    "0.500": 0.5,
    "£0,500": 0.5,
    "1234.500": 1234.5,
    "12.3400": 12.34,
}


@pytest.mark.parametrize("text", GROUPED)
def test_three_digits_after_a_mark_are_thousands_where_they_can_be(text: str) -> None:
    assert read_price(text) == Price(GROUPED[text], "GBP", "ok")


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
        ("1 200,50 EUR", 1200.5, "EUR"),
        ("1\u202f200,50\u00a0€", 1200.5, "EUR"),
        ("VB 1.200 €", 1200, "EUR"),
        ("20eur", 20, "EUR"),
        ("$5 ono", 5, "USD"),
        ("SGD$20", 20, "SGD"),
        ("US $20", 20, "USD"),
        ("$20 CAD", 20, "CAD"),
        ("Rs.500", 500, "INR"),
        ("¥150,000", 150_000, "JPY"),
    ],
)
def test_other_currencies(text: str, amount: float, currency: str) -> None:
    assert read_price(text) == Price(amount, currency, "ok")


@pytest.mark.parametrize(
    ("text", "catalogue", "currency"),
    [
        ("20", "EUR", "EUR"),
        ("20", "gbp", "GBP"),
        ("20", "€", "EUR"),
        ("£20", "EUR", "GBP"),
        ("$20", "AUD", "AUD"),
        ("$20", "EUR", "USD"),
        ("20 kr", "NOK", "NOK"),
        ("20", "no currency", "GBP"),
        (20.0, "CHF", "CHF"),
        ("Free", "CHF", "CHF"),
    ],
)
def test_the_catalogue_has_a_currency(text: str | float, catalogue: str, currency: str) -> None:
    assert read_price(text, catalogue).currency == currency


def test_a_currency_may_have_three_decimals() -> None:
    assert read_price("1.200", "KWD").amount == read_price("KWD 1.200").amount == 1.2
    assert read_price("1,200", "KWD").amount == read_price("1.200,0", "KWD").amount == 1200


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (12.5, Price(12.5, "GBP", "ok")),
        (20, Price(20.0, "GBP", "ok")),
        (0.0, Price(0.0, "GBP", "free")),
        (-0.0, Price(0.0, "GBP", "free")),
        (None, Price(None, "GBP", "missing")),
        (math.nan, Price(None, "GBP", "missing")),
        (-3.0, Price(None, "GBP", "suspicious")),
        (math.inf, Price(None, "GBP", "suspicious")),
        (-math.inf, Price(None, "GBP", "suspicious")),
        (10**400, Price(None, "GBP", "suspicious")),
        (1e6, Price(1e6, "GBP", "suspicious")),
        (["£5"], Price(5.0, "GBP", "ok")),
        (["£5", "£6"], Price(None, "GBP", "unreadable")),
        ([], Price(None, "GBP", "missing")),
    ],
)
def test_numbers_are_taken_as_numbers(value: float | list[str] | None, price: Price) -> None:
    assert read_price(value) == price


@pytest.mark.parametrize(
    "text",
    [
        *("Free", "FREE", "free to collector", "FREE!!! collect only", "It's for free", "£0 free"),
        *("0", "£0.00", "0,00 €", "kostenlos"),
    ],
)
def test_free_and_zero_are_free(text: str) -> None:
    price = read_price(text)
    assert (price.amount, price.status) == (0.0, "free")


@pytest.mark.parametrize(
    "text", ["", "  ", "N/A", "n/a", "-", "none", "NaN", "null", "\0", "\\N", "#N/A"]
)
def test_nothing_is_missing(text: str) -> None:
    assert read_price(text) == Price(None, "GBP", "missing")


@pytest.mark.parametrize(
    "text",
    [
        *("ask me", "POA", "swap", "12-15", "£5 each or £8 for 2", "20k", "1e9", "£", "50%", "1½"),
        *(
            "5 seater",
            "£1.2.3",
            "£1.2k",
            "1,2,3",
            "1.200.00",
            "1e6",
            "5²",
            "½",
            "6ft",
            "6 ft",
            "99c",
        ),
        *("£5-£10", "£5 or £10", "12/05/2021", "07700 900123", "1,200€99 2", "20 kr", "£20 EUR"),
        *("smoke free home", "not free", "free delivery", "Free (was £50)", "50 FOR ALL", "20 ₭"),
        "£20 " * 100_000,
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
