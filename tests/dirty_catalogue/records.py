"""Records that break the rules of CSV, in ways that leave one reading."""

import random
from collections.abc import Callable
from dataclasses import replace

from dirty_catalogue.listings import LINE_ENDS, Listing, quoted, written

Damage = Callable[[int, Listing, random.Random], Listing]


def _line_break(number: int, listing: Listing, rng: random.Random) -> Listing:
    """An unquoted newline in a text without commas."""
    name = rng.choice(["title", "category", "description", "description", "location"])
    if name == "location":
        listing = listing.with_cell("location", "Milton Keynes", location="Milton Keynes")
    elif name == "category":
        path = ["Home & Garden", "Garden Tools"]
        listing = listing.with_cell("category", " / ".join(path), category_path=path)
    elif name == "title":
        name_only = str(listing.row["title"])
        listing = listing.with_cell("title", name_only, location="Hull").with_cell(
            "location", "Hull"
        )
    else:
        plain = listing.cells[name].replace(",", "")
        listing = listing.with_cell(name, plain, description=plain)
    return _broken_at_spaces(number, listing, name, rng, quotes=False)


def _quoted_line_break(number: int, listing: Listing, rng: random.Random) -> Listing:
    return _broken_at_spaces(number, listing, "description", rng, quotes=True)


def _broken_at_spaces(
    number: int, listing: Listing, name: str, rng: random.Random, quotes: bool
) -> Listing:
    words, end = listing.cells[name].split(" "), rng.choice(LINE_ENDS)
    breaks = set(rng.sample(range(1, len(words)), min(len(words) - 1, rng.randint(1, 3))))
    text = "".join(
        (end if at in breaks else " " * bool(at)) + word for at, word in enumerate(words)
    )
    as_is = {name: quoted(text) if quotes else text}
    if name == "description":
        listing = listing.with_cell(name, text, description=text.replace(end, "\n"))
    # Quotes tell where a record ends; nothing does after a last cell without them.
    return replace(listing, written=written(number, listing, **as_is), end_is_open=not quotes)


def _open_quote(number: int, listing: Listing, rng: random.Random) -> Listing:
    """A quote that does not close; what follows cannot be part of the text."""
    listing = listing.with_cell("location", "Hull", location="Hull")
    name = rng.choice(["title", "description", "location"])
    if name == "title":
        text = f"{listing.row['title']}, with cushions"
        listing = listing.with_cell("title", text, title=text)
    elif name == "location":
        listing = listing.with_cell("location", "Ely, Cambs", location="Ely, Cambs")
    as_is = {name: quoted(listing.cells[name])[:-1]}
    return replace(listing, written=written(number, listing, **as_is), end_is_open=True)


def _only_closed(number: int, listing: Listing, rng: random.Random) -> Listing:
    """A quote that closes what none has opened."""
    listing = listing.with_cell("location", "Hull", location="Hull")
    text = quoted(listing.cells["description"])[1:]
    return replace(listing, written=written(number, listing, description=text), end_is_open=True)


def _open_quote_and_line_break(number: int, listing: Listing, rng: random.Random) -> Listing:
    listing = listing.with_cell("location", "Hull", location="Hull")
    text = listing.cells["description"].replace(". ", ".\n", 1)
    listing = listing.with_cell("description", text, description=text)
    as_is = quoted(text)[:-1]
    return replace(listing, written=written(number, listing, description=as_is), end_is_open=True)


def _bare_commas(number: int, listing: Listing, rng: random.Random) -> Listing:
    """A text with commas and without the quotes that they need; a ragged row."""
    listing = listing.with_cell("location", "Hull", location="Hull")
    listing = listing.with_cell("title", str(listing.row["title"]))
    listing = listing.with_cell("category", "Appliances", category_path=["Appliances"])
    text = listing.cells["description"]
    return replace(listing, written=written(number, listing, description=text), end_is_open=True)


def _inner_quotes(number: int, listing: Listing, rng: random.Random) -> Listing:
    """Quotes within a quoted text that were not doubled."""
    text = f'The "best" of its kind. {listing.cells["description"]}'
    listing = listing.with_cell("description", text, description=text)
    return replace(
        listing, written=written(number, listing, description=f'"{text}"'), end_is_open=True
    )


def _empty_cells(number: int, listing: Listing, rng: random.Random) -> Listing:
    return replace(
        listing, written=written(number, listing) + rng.choice([",", ",,"]), end_is_open=True
    )


def _cp1252(number: int, listing: Listing, rng: random.Random) -> Listing:
    text = f"Café table, 3½ feet, was £80. {listing.cells['description']}"
    return replace(listing.with_cell("description", text, description=text), encoding="cp1252")


def _cut_off(number: int, listing: Listing, rng: random.Random) -> Listing:
    """A record that ends in its title."""
    text = f"{number},{listing.product_id},{listing.row['title']}"
    return replace(listing, written=text, reason="broken_record", end_is_open=True)


RECORDS: dict[str, Damage] = {
    "line_break": _line_break,
    "quoted_line_break": _quoted_line_break,
    "open_quote": _open_quote,
    "only_closed": _only_closed,
    "open_quote_and_line_break": _open_quote_and_line_break,
    "bare_commas": _bare_commas,
    "inner_quotes": _inner_quotes,
    "empty_cells": _empty_cells,
    "cp1252": _cp1252,
    "cut_off": _cut_off,
}
