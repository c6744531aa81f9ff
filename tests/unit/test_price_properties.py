"""Whatever a price cell holds, and prices in every common notation."""

import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.clean.listings.currencies import SUSPICIOUS_ABOVE
from batch_jobs.clean.listings.prices import Price, read_price

ODD = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("£$€0123456789.,- '"), max_size=80
)
WORDS = st.lists(
    st.sampled_from(
        ["£", "20", "1.200", ",", ".", "p", "&", "free", "EUR", "$", "kr", "-", " ", "all"]
    )
).map("".join)


def check(price: Price) -> None:
    amount, currency, status = price
    assert len(currency) == 3
    assert amount is None or (math.isfinite(amount) and amount >= 0)
    assert {
        "ok": amount is not None and amount > 0,
        "free": amount == 0,
        "missing": amount is None,
        "unreadable": amount is None,
        "suspicious": amount is None or amount > SUSPICIOUS_ABOVE,
    }[status]


@given(ODD | WORDS, st.sampled_from(["GBP", "EUR", "KWD", "SEK"]) | ODD)
def test_no_text_is_too_odd(text: str, currency: str) -> None:
    check(read_price(text, currency))


@given(st.floats() | st.integers() | st.none())
def test_no_number_is_too_odd(number: float | None) -> None:
    check(read_price(number))


AMOUNTS_WRITTEN = st.decimals(min_value="0.01", max_value=100_000, places=2)


@given(AMOUNTS_WRITTEN)
def test_written_prices_are_read_back(amount: Decimal) -> None:
    english = f"{amount:,}"
    german = english.translate(str.maketrans(",.", ".,"))
    swiss = english.replace(",", "'")
    for text, currency in [
        *((f"£{english}", "GBP"), (f"Â£{amount}", "GBP"), (f"£ {english} ono", "GBP")),
        *((f"{amount} GBP", "GBP"), (f"EUR {amount}", "EUR"), (f"{german} €", "EUR")),
        *(
            (f"{german.replace('.', ' ')} EUR", "EUR"),
            (f"CHF {swiss}", "CHF"),
            (str(amount), "GBP"),
        ),
        (float(amount), "GBP"),
    ]:
        assert read_price(text) == Price(float(amount), currency, "ok")


@given(AMOUNTS_WRITTEN)
def test_the_quick_way_and_the_slow_way_agree(amount: Decimal) -> None:
    for text in (f"£{amount:,}", f"{amount}", f"{amount} EUR", f"$ {amount:,}"):
        assert read_price(text) == read_price(f" {text}.")
