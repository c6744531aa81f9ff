"""The words, places, prices and categories that generated catalogues are made of."""

import random

CATEGORIES = (
    ("Home & Garden", "Dining, Living Room Furniture", "Chairs"),
    ("Home & Garden", "Dining, Living Room Furniture", "Tables"),
    ("Home & Garden", "Lighting"),
    ("Baby & Kids Stuff", "Prams"),
    ("Sports, Leisure & Travel", "Bicycles"),
    ("Appliances",),
)
LOOKS = ("old", "blue", "oak", "folding", "Victorian", "small", "heavy", "vintage", "black")
THINGS = ("chair", "table", "lamp", "pram", "bicycle", "kettle", "wardrobe", "mirror", "bookcase")
PLACES = ("Bath, Somerset", "Hackney, London", "Leith, Edinburgh", "Cardiff", "Hull", "York")
CLAUSES = (
    "Good used condition",
    "some scratches on the back",
    "collection only",
    "from a smoke free home",
    "cash on collection please",
    "no longer needed as we are moving",
    "can deliver nearby for petrol money",
    "about 80 x 60 x 45 cm",
)


def uuid_of(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def title(number: int, rng: random.Random) -> str:
    return f"{rng.choice(LOOKS).capitalize()} {rng.choice(THINGS)} number {number}"


def place(rng: random.Random) -> str:
    return rng.choice(PLACES)


def description(name: str, rng: random.Random) -> str:
    """Sentences with a comma somewhere; no quotes and no line breaks."""
    sentences = [
        ", ".join(rng.sample(CLAUSES, rng.randint(2, 3))) for _ in range(rng.randint(1, 3))
    ]
    return f"{name}. {'. '.join(sentences)}."


def plain_price(rng: random.Random) -> tuple[str, float]:
    """A price without a comma, and its amount."""
    amount = rng.randint(1, 900)
    return rng.choice([(f"£{amount}.00", float(amount)), (f"£{amount}.50", amount + 0.5)])


def odd_price(rng: random.Random) -> tuple[str, float | None, str, str]:
    """As people type it: text, amount, currency, status."""
    some, many = rng.randint(2, 900), rng.randint(1_000, 90_000)
    german = f"{many:,}".replace(",", ".")
    return rng.choice(
        [
            (f"Â£{some}.00", some, "GBP", "ok"),
            (f"Â£ {some}", some, "GBP", "ok"),
            (f"£{many:,}.00", many, "GBP", "ok"),
            (f"£ {many:,}", many, "GBP", "ok"),
            (f"{german},00 €", many, "EUR", "ok"),
            (f"{german} €", many, "EUR", "ok"),
            (f"{some} GBP", some, "GBP", "ok"),
            (f"EUR {some}", some, "EUR", "ok"),
            (f"${some}", some, "USD", "ok"),
            (f"{some}", some, "GBP", "ok"),
            (f"£{some} ono", some, "GBP", "ok"),
            (f"&pound;{some}", some, "GBP", "ok"),
            ("Free", 0.0, "GBP", "free"),
            ("free to collector", 0.0, "GBP", "free"),
            ("£0.00", 0.0, "GBP", "free"),
            ("0", 0.0, "GBP", "free"),
            ("N/A", None, "GBP", "missing"),
            ("", None, "GBP", "missing"),
            ("-", None, "GBP", "missing"),
            ("ask me", None, "GBP", "unreadable"),
            (f"£{some}-£{some + 5}", None, "GBP", "unreadable"),
            (f"{some} or best offer, was {many}", None, "GBP", "unreadable"),
            ("£999,999.00", 999_999.0, "GBP", "suspicious"),
            ("£123456789", 123_456_789.0, "GBP", "suspicious"),
            (f"-£{some}.00", None, "GBP", "suspicious"),
        ]
    )
