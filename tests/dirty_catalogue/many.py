"""Products.csv of any number of listings, written quickly."""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dirty_catalogue.damage import damaged
from dirty_catalogue.listings import HEADER, Listing, make_listing, written
from dirty_catalogue.words import uuid_of

PATTERNS = 2_000
PLACE_OF_NUMBER = 987_654_321
WHOLE_AT_FIRST = 100


def write_products(path: Path, n: int, seed: int, damaged_share: float = 0.0) -> list[str]:
    """Writes n records of about 300 bytes, UTF-8 but for the damage; a million takes 10 seconds.

    Gives the ids of the first 100, which are whole.
    """
    rng = random.Random(seed)
    first: list[str] = []
    records = _records(n, rng, damaged_share, first)
    with path.open("wb") as file:
        file.write(f"{HEADER}\n".encode())
        while some := list(islice(records, 10_000)):
            file.writelines(some)
    return first


def _records(n: int, rng: random.Random, share: float, first: list[str]) -> Iterator[bytes]:
    sound = [make_listing(PLACE_OF_NUMBER, rng) for _ in range(PATTERNS)]
    patterns = [_pattern(listing) for listing in sound]
    known: list[Listing] = []  # that are in the file, for others to repeat
    end_is_open = False
    for number in range(n):
        if len(first) < min(n, WHOLE_AT_FIRST):
            known.append(make_listing(number, rng))
            first.append(known[-1].product_id)
            yield f"{written(number, known[-1])}\n".encode()
        elif rng.random() < share:
            listing = damaged(number, make_listing(number, rng), known, end_is_open, rng)
            end_is_open = listing.end_is_open
            yield f"{listing.written or written(number, listing)}\n".encode(listing.encoding)
        else:
            end_is_open = False
            title, text, rest, end = patterns[int(rng.random() * PATTERNS)]
            price = f"{1 + rng.random() * 900:.2f}"
            record = f"{number},{uuid_of(rng)},{title}{number}{text}{number}{rest}{price}{end}\n"
            yield record.encode()


def _pattern(listing: Listing) -> tuple[str, str, str, str]:
    """A record from its title on, cut at its number, its number again, and its price's figures."""
    record = written(0, listing).split(",", 2)[2]
    title, text, rest = record.split(str(PLACE_OF_NUMBER))
    rest, _, end = rest.rpartition(listing.cells["price"].removeprefix("£"))
    return title, text, rest, end
