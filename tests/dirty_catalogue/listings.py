"""Listings as a marketplace's export damages them, one known defect at a time."""

import html
import random
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dirty_catalogue.words import (
    CATEGORIES,
    description,
    odd_price,
    place,
    plain_price,
    title,
    uuid_of,
)

HEADER = ",id,product_name,category,product_description,price,location"
LINE_ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class Listing:
    """`cells` as they stand in the file, and `row` as it has to stand in products.parquet."""

    product_id: str
    cells: dict[str, str]
    row: dict[str, Any]
    defect: str = ""
    reason: str = ""  # why it is rejected, if it is
    reject_id: str | None = None
    written: str = ""  # the whole record, where it is not written by the rules
    encoding: str = "utf-8"
    end_is_open: bool = False  # what follows might still belong to the record

    def with_cell(self, name: str, text: str, **row: Any) -> "Listing":
        return replace(self, cells=self.cells | {name: text}, row=self.row | row)


Damage = Callable[[Listing, random.Random], Listing]


def make_listing(number: int, rng: random.Random) -> Listing:
    """A listing without defects."""
    product_id, path = uuid_of(rng), rng.choice(CATEGORIES)
    name, where = title(number, rng), place(rng)
    price, amount = plain_price(rng)
    text = description(name, rng)
    suffix = rng.random() < 0.5
    cells = {
        "product_id": product_id,
        "title": f"{name} | in {where} | Gumtree" if suffix else name,
        "category": rng.choice([" / ", "/", " /  "]).join(path),
        "description": text,
        "price": price,
        "location": "" if suffix and rng.random() < 0.5 else where,
    }
    row = {
        "product_id": product_id,
        "title": name,
        "description": text,
        "price": amount,
        "currency": "GBP",
        "price_status": "ok",
        "category_path": list(path),
        "location": where,
    }
    return Listing(product_id, cells, row)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def written(number: int, listing: Listing, **as_is: str) -> str:
    """The record by the rules of CSV, but for the cells that are given as they are to be."""
    cells = [
        as_is.get(name, quoted(text) if any(mark in text for mark in ',"\r\n') else text)
        for name, text in listing.cells.items()
    ]
    return ",".join([str(number), *cells])


# What follows keeps the record whole and damages what it says.


def _odd_price(listing: Listing, rng: random.Random) -> Listing:
    text, amount, currency, status = odd_price(rng)
    return listing.with_cell("price", text, price=amount, currency=currency, price_status=status)


def _entities(listing: Listing, rng: random.Random) -> Listing:
    clean = f"Salt & pepper <set> from a café, {listing.row['title']}"
    dirty = html.escape(clean).replace("é", "&eacute;")
    dirty = dirty.replace("&", "&amp;") if rng.random() < 0.3 else dirty
    name = rng.choice(["title", "description"])
    if name == "title":
        return listing.with_cell("title", f"{dirty} | in Bath | Gumtree", title=clean).with_cell(
            "location", "Bath", location="Bath"
        )
    return listing.with_cell("description", dirty, description=clean)


def _mojibake(listing: Listing, rng: random.Random) -> Listing:
    clean = f"Café chairs from Zoë\u2019s kitchen, £5 for {listing.row['title']}"
    dirty = clean
    for _ in range(rng.choice([1, 1, 2])):
        dirty = dirty.encode().decode("cp1252")
    return listing.with_cell("description", dirty, description=clean)


def _decomposed(listing: Listing, rng: random.Random) -> Listing:
    clean = f"Crème brûlée {listing.row['title']}"
    return listing.with_cell("title", unicodedata.normalize("NFD", clean), title=clean).with_cell(
        "location", "Bath", location="Bath"
    )


def _controls(listing: Listing, rng: random.Random) -> Listing:
    text = str(listing.row["description"])
    at = rng.randrange(1, len(text) - 1)
    mark = rng.choice(["\0", "\x07", "\x1b[31m", "\u200b", "\u00ad", "\ufeff", "\x7f"])
    return listing.with_cell("description", text[:at] + mark + text[at:])


def _spaces(listing: Listing, rng: random.Random) -> Listing:
    space = rng.choice(["  ", "\t", " \u00a0", "\u3000", " \t "])
    name = rng.choice(["title", "description", "location"])
    if name != "location" or not listing.cells[name]:
        name = "description"
    return listing.with_cell(name, space + listing.cells[name].replace(" ", space) + space)


def _suffix(listing: Listing, rng: random.Random) -> Listing:
    suffix, where = rng.choice(
        [
            ("|IN  BATH,  SOMERSET|GUMTREE", "BATH, SOMERSET"),
            (" |  in Bath, Somerset  | gumtree ", "Bath, Somerset"),
            (" | red | in Bath, Somerset | Gumtree", "Bath, Somerset"),
            (" | Gumtree", ""),
        ]
    )
    name = str(listing.row["title"])
    clean = f"{name} | red" if "red" in suffix else name
    row = {"title": clean, "location": where}
    return listing.with_cell("title", name + suffix, **row).with_cell("location", "")


def _no_category(listing: Listing, rng: random.Random) -> Listing:
    return listing.with_cell("category", rng.choice(["", " / "]), category_path=[])


def _category_case(listing: Listing, rng: random.Random) -> Listing:
    change = rng.choice([str.upper, str.lower])
    return listing.with_cell("category", change(listing.cells["category"]))


def _odd_id(listing: Listing, rng: random.Random) -> Listing:
    identity = f"{rng.choice(['sku-', 'A_', ''])}{rng.randrange(10**6, 10**7)}"
    changed = listing.with_cell("product_id", identity, product_id=identity)
    return replace(changed, product_id=identity)


def _no_id(listing: Listing, rng: random.Random) -> Listing:
    return replace(listing.with_cell("product_id", rng.choice(["", " "])), reason="missing_id")


def _unsafe_id(listing: Listing, rng: random.Random) -> Listing:
    identity = rng.choice(["../{}", "a/{}", ".{}", "-{}", "{}\x07a"]).format(listing.product_id[:8])
    changed = listing.with_cell("product_id", identity)
    return replace(changed, reason="unsafe_id", reject_id=identity)


VALUES: dict[str, Damage] = {
    "odd_price": _odd_price,
    "entities": _entities,
    "mojibake": _mojibake,
    "decomposed": _decomposed,
    "controls": _controls,
    "spaces": _spaces,
    "suffix": _suffix,
    "no_category": _no_category,
    "category_case": _category_case,
}
IDS: dict[str, Damage] = {"odd_id": _odd_id, "no_id": _no_id, "unsafe_id": _unsafe_id}


def settle_cases(listings: list[Listing]) -> list[Listing]:
    """Takes the case variants of a path away where they might not be in the minority."""
    plain = Counter(
        tuple(listing.row["category_path"])
        for listing in listings
        if listing.defect != "category_case" and not listing.reason
    )
    settled = []
    for listing in listings:
        path = tuple(listing.row["category_path"])
        if listing.defect == "category_case":
            plain[path] -= 1
            if plain[path] < 2:
                listing = listing.with_cell("category", " / ".join(path))  # noqa: PLW2901
        settled.append(listing)
    return settled
