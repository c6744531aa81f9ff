"""Which currencies a word or sign of a price may mean, and from where on a price is absurd."""

from functools import lru_cache

import price_parser

DEFAULT_CURRENCY = "GBP"
# The dearest real offers of second-hand catalogues, pianos and stairs, are a few thousands; junk
# prices are 999,999 and above.
SUSPICIOUS_ABOVE = 100_000.0
# For currencies whose unit is worth so much less that the bound above would meet real offers.
_SUSPICIOUS_ABOVE = {
    **dict.fromkeys(("CZK", "INR", "JPY", "PHP", "RUB", "THB", "TRY"), 10_000_000.0),
    **dict.fromkeys(("ARS", "CLP", "HUF", "ISK", "KRW", "KZT", "NGN", "PKR"), 100_000_000.0),
    **dict.fromkeys(("COP", "IDR", "VND"), 1_000_000_000.0),
}
THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR"})

_DOLLARS = "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP"
_POUNDS = "GBP EGP FKP GIP SHP"
# The first is meant where the catalogue's currency is not among the others; "-" is no currency.
_MEANINGS = {
    _POUNDS: "£ pound pounds",
    "GBP": "quid pence p",
    "EUR": "€ euro euros",
    _DOLLARS: "$ dollar dollars",
    "USD": "us$",
    "CAD": "c$ ca$",
    "AUD": "a$ au$",
    "NZD": "nz$",
    "HKD": "hk$",
    "SGD": "s$",
    "MXN": "mx$",
    "BRL": "r$",
    "JPY CNY": "¥",
    "JPY": "yen 円",
    "CNY": "元",
    "INR PKR LKR NPR MUR": "rs ₨",
    "INR": "₹",
    "- SEK NOK DKK ISK": "kr",
    "PLN": "zł",
    "CZK": "kč",
    "- HUF": "ft",
    "RON": "lei",
    "TRY": "₺",
    "UAH": "₴ грн",
    "RUB": "₽ руб",  # noqa: RUF001
    "ILS": "₪",
    "KRW": "₩ 원",
    "THB": "฿",
    "VND": "₫",
    "PHP": "₱",
    "NGN": "₦",
    "GHS": "₵",
    "KZT": "₸",
    "CHF": "sfr",
    "- CHF": "fr",
    "- ZAR": "r",
}
_BY_WORD = {
    word: tuple(codes.split()) for codes, words in _MEANINGS.items() for word in words.split()
}
# In small letters, too; but not every code, since "all", "try" and "top" are words.
_CODES = (
    "gbp eur usd cad aud nzd sgd hkd jpy cny inr chf sek nok dkk isk pln czk huf ron brl mxn zar"
)
_WORDS = frozenset({"ALL", "BAM", "CUP", "MAD", "MOP", "PEN", "SOS", "TOP"})
_BY_WORD |= {code: (code.upper(),) for code in _CODES.split()}


def suspicious_above(currency: str) -> float:
    """The amount above which nobody means a price."""
    return _SUSPICIOUS_ABOVE.get(currency, SUSPICIOUS_ABOVE)


def named_currency(words: list[str], default: str) -> str | None:
    """The currency that words name, in view of the catalogue's; None is none, "-" no single one.

    Codes count where no sign does, and not where they may be words: in "5 FOR ALL", ALL is no lek.
    """
    named = [_BY_WORD[low] for word in words if (low := word.lower()) in _BY_WORD]
    codes = (word.rstrip("$") for word in words if word not in _WORDS or word == default)
    named = named or [(code,) for code in codes if _is_code(code)]
    if not named:
        return None
    common = [code for code in named[0] if all(code in codes for codes in named)]
    return default if default in common else next(iter(common), "-")


@lru_cache(maxsize=1_000)
def currency_code(text: str, default: str = DEFAULT_CURRENCY) -> str:
    """The currency of a cell or a setting, `gbp` or `£`; the default where it names none."""
    word = text.strip()
    if _is_code(word.upper()):
        return word.upper()
    found = named_currency([word], default)
    return found if found and found != "-" else default


@lru_cache(maxsize=1_000)
def _is_code(word: str) -> bool:
    plain = len(word) == 3 and word.isascii() and word.isupper()
    return plain and price_parser.Price.fromstring(word).currency == word
