"""Listings of which some are damaged, each in one way that leaves one reading."""

import random
from collections.abc import Iterator
from dataclasses import replace

from dirty_catalogue.listings import IDS, VALUES, Listing, make_listing
from dirty_catalogue.records import RECORDS


def some_damaged(rng: random.Random, listings: int, defect_share: float) -> Iterator[Listing]:
    sound: list[Listing] = []
    end_is_open = False
    for number in range(listings):
        listing = make_listing(number, rng)
        if sound and rng.random() < defect_share:
            listing = damaged(number, listing, sound, end_is_open, rng)
        else:
            sound.append(listing)
        end_is_open = listing.end_is_open
        yield listing


def damaged(
    number: int, listing: Listing, sound: list[Listing], end_is_open: bool, rng: random.Random
) -> Listing:
    # After a record without a clear end only a row number and a UUID begin another for certain.
    kinds = [*VALUES, *RECORDS, "duplicate_row", "conflicting_row", *(() if end_is_open else IDS)]
    kind = rng.choice(kinds)
    if kind in RECORDS:
        listing = RECORDS[kind](number, listing, rng)
    elif kind in VALUES | IDS:
        listing = (VALUES | IDS)[kind](listing, rng)
    else:
        first = rng.choice(sound)
        again = listing.with_cell("product_id", first.product_id)
        again = first if kind == "duplicate_row" else again
        listing = replace(again, reason=kind, reject_id=first.product_id)
    return replace(listing, defect=kind)
