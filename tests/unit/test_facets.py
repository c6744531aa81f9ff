"""What a release's listings are, counted over segments without those that are gone."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segments import listing, photo

from release.facets import PLACES, PriceBin, facets_of, price_bins
from release.listings import Listing
from release.manifest import TOMBSTONES_FILE
from release.segment import Segment, files_in, write_tombstones
from release.segment_writer import write_segment
from release.shown import newest, shown

Make = Callable[..., Segment]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a segment of listings with one photo each, of which those in `gone` are gone."""
    made: list[Segment] = []

    def make(listings: list[Listing], gone: tuple[int, ...] = ()) -> Segment:
        folder = tmp_path / str(len(made))
        photos = [photo(f"photo-of-{one.product_id}", one.product_id, [1, 0]) for one in listings]
        write_segment(folder, listings, photos)
        if gone:
            write_tombstones(folder / TOMBSTONES_FILE, gone)
        made.append(Segment(files_in(folder)))
        return made[-1]

    return make


def priced(product_id: str, price: float | None, currency: str | None = "GBP") -> Listing:
    return listing(product_id, price=price, currency=currency)


def test_categories_are_counted_over_segments_without_what_is_gone(make: Make) -> None:
    first = make(
        [
            listing("a", category_path=("Home", "Chairs")),
            listing("b", category_path=("Home",)),
            listing("c", category_path=()),
            listing("d", category_path=("Arts",)),
        ],
        gone=(3,),
    )
    second = make([listing("e", category_path=("Home", "Chairs")), listing("f")])
    assert facets_of([first, second]).categories == (
        ((), 1),
        (("Home",), 1),
        (("Home", "Chairs"), 3),
    )


@pytest.mark.parametrize(
    ("prices", "bins"),
    [
        ([], []),
        ([0], [(0, 1, 1)]),
        ([1, 1.49, 1.5, 4], [(1, 1.5, 2), (1.5, 2, 1), (2, 3, 0), (3, 5, 1)]),
        ([10], [(10, 15, 1)]),
        ([120_000, 130_000, 160_000], [(100_000, 150_000, 2), (150_000, 200_000, 1)]),
    ],
)
def test_prices_are_in_bins_that_grow(
    prices: list[float], bins: list[tuple[float, float, int]]
) -> None:
    assert price_bins(np.array(prices, np.float64)) == tuple(PriceBin(*one) for one in bins)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e300), min_size=1))
def test_every_price_is_in_one_bin_and_bins_join_on(prices: list[float]) -> None:
    bins = price_bins(np.array(prices))
    assert [sum(one.start <= price < one.end for price in prices) for one in bins] == [
        one.listings for one in bins
    ]
    assert sum(one.listings for one in bins) == len(prices)
    assert bins[0].listings
    assert bins[-1].listings
    assert [one.end for one in bins[:-1]] == [one.start for one in bins[1:]]


def test_a_currency_is_told_where_all_that_are_left_have_it(make: Make) -> None:
    pounds = make([priced("a", 5.0), priced("b", None, None), priced("c", 0.0)])
    euros_gone = make([priced("d", 7.0), priced("e", 7.0, "EUR"), priced("f", 1.0, None)], (1, 2))
    unknown = make([priced("g", 7.0, None)])
    without = make([priced("h", None, None)])
    assert facets_of([pounds]).currency == "GBP"
    assert facets_of([pounds, euros_gone, without]).currency == "GBP"
    assert facets_of([pounds, make([priced("i", 7.0, "EUR")])]).currency is None
    assert facets_of([pounds, unknown]).currency is None
    assert facets_of([unknown]).currency is None
    assert facets_of([without]).currency is None
    assert facets_of([pounds, euros_gone, without]).priced == 3


def test_places_are_spelt_as_most_spell_them_and_come_by_their_number(make: Make) -> None:
    first = make(
        [
            *(listing(f"a{n}", location="Leeds") for n in range(3)),
            *(listing(f"b{n}", location="LEEDS") for n in range(2)),
            listing("c", location=""),
            listing("d", location="Bath"),
            listing("e", location="York"),
        ],
        gone=(7,),
    )
    second = make([listing("f", location="leeds"), listing("g", location="Ayr")])
    assert facets_of([first, second]).places == (("Leeds", 6), ("Ayr", 1), ("Bath", 1))


def test_no_more_places_than_a_page_can_show(make: Make) -> None:
    many = [listing(f"{n:03}", location=f"Place {n:03}") for n in range(PLACES + 20)]
    assert [name for name, _ in facets_of([make(many)]).places] == [
        f"Place {n:03}" for n in range(PLACES)
    ]


def test_the_newest_come_first_over_segments_and_ties_go_by_id(make: Make) -> None:
    def listed(product_id: str, day: int | None) -> Listing:
        when = None if day is None else datetime(2026, 11, day, tzinfo=UTC)
        return listing(product_id, listed_at=when)

    first = make(
        [listed(name, day) for name, day in zip("aceg", (3, 3, None, 9), strict=True)], (3,)
    )
    second = make([listed(name, day) for name, day in zip("bdf", (3, 5, None), strict=True)])
    in_order = ["d", "a", "b", "c", "e", "f"]
    for count in range(1, 9):
        assert newest([first, second], count) == in_order[:count]


def test_what_is_shown_of_a_listing_is_from_the_segment_in_which_it_lives(make: Make) -> None:
    old = make([listing("a", title="old"), listing("b")], (0,))
    new = make([listing("a", title="new")])
    found = shown([old, new], ["a", "b", "none"], 8)
    assert {name: one.listing.title for name, one in found.items()} == {
        "a": "new",
        "b": "Title of b",
    }
    assert [one.image_id for one in found["a"].photos] == ["photo-of-a"]
