"""The page of the cleaning: its accounts add up, it is harmless, small and always the same."""

import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_report import Made, fill, made_in
from seen_page import HOSTILE, Page, check_accessible, check_fetches_nothing, check_harmless

from batch_jobs.clean.ledger import Reject
from batch_jobs.clean.report.thumbnails import NAME
from batch_jobs.pages.text import shown


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    with made_in(tmp_path) as made:
        yield made


def test_the_accounts_are_those_of_the_report_and_add_up(made: Made) -> None:
    fill(made)
    text = Page(made.page()).text
    assert "Listings 4 in 3 kept, 75.0%" in text
    assert "3 + 1 = 4 ✓ adds up 2 with photos, so searchable; 1 without." in text
    assert "Listed photos 4 in 3 kept" in text
    assert "3 + 1 + 0 = 4 ✓ adds up" in text
    assert "Photo files 6 in 3 kept" in text
    assert "3 + 3 + 0 = 6 ✓ adds up" in text
    assert (
        "3 in all: 1 listed photos rejected, 0 duplicates dropped, 2 files that no row lists."
        in text
    )


def test_an_account_that_does_not_add_up_says_so(made: Made) -> None:
    fill(made)
    account = {"in": 5, "out": 3, "rejected": 1, "searchable": 3, "without_photos": 0}
    text = Page(made.page(listings=account)).text
    assert "3 + 1 = 4 ✗ does not add up: 5 came in" in text


def test_rejects_have_their_count_share_place_and_raw_text(made: Made) -> None:
    fill(made)
    text = Page(made.page()).text
    assert "duplicate_row 1 25.0% of listings" in text
    assert "a · Products.csv, lines 12\u201314 The same. 1,a b" in text
    assert "unlisted_file 2 33.3% of photo files" in text
    assert "s · Images.csv, line 7 No listing that was kept is 'x'. raw" in text


def test_duplicates_name_their_listings_and_shared_groups_come_first(made: Made) -> None:
    made.listing("a", title="Oak table")
    made.listing("b", title="Pine bench")
    for image_id in "pqr":
        made.photo(image_id, "a", "p")
    made.photo("s", "a", "s")
    made.photo("t", "b", "s")
    assert [group["group"] for group in made.report["duplicates"]["largest"]] == ["s", "p"]
    text = Page(made.page()).text
    assert "5 photos are copies of one another, in 2 groups; 1 of them is shared" in text
    assert "2 photos in 2 listings s Oak table a Pine bench b 3 photos in 1 listing" in text


def test_no_more_of_a_group_is_shown_than_fits_and_each_listing_first(made: Made) -> None:
    for number_of_listing in range(2):
        made.listing(f"listing-{number_of_listing}")
        for photo in range(4):
            made.photo(f"{number_of_listing}-{photo}", f"listing-{number_of_listing}", "g")
    (group,) = made.report["duplicates"]["largest"]
    shown_ids = [member["image_id"] for member in group["members"]]
    assert shown_ids == ["0-0", "1-0", "0-1", "1-1", "0-2", "1-2"]
    assert "And 2 more." in Page(made.page()).text


def test_prices_are_told_by_status_and_currency(made: Made) -> None:
    for place, price in enumerate([0.001, 0.01, 1, 10, 99_999, 100_000]):
        made.listing(f"pound-{place}", price)
    made.listing("yen", 500, currency="JPY")
    made.listing("none", None, price_status="missing")
    page = Page(made.page())
    assert "ok a price 7 87.5% missing no price given 1 12.5%" in page.text
    assert "GBP 6 prices" in page.text
    assert "JPY 1 price " in page.text
    labels = [attributes.get("aria-label") for tag, attributes in page.elements if tag == "svg"]
    assert labels[0] == ("Histogram of 6 prices on a log scale: from 0.001, median 10, to 100,000.")


def test_hundreds_of_currencies_are_counted_not_shown(made: Made) -> None:
    for place in range(600):
        made.listing(f"listing-{place}", currency=f"{place:04}")
    page = made.page()
    assert page.count("<svg") == 6 + 1  # photos per listing
    assert "And 582 more currencies, with 582 prices." in page
    assert len(page) < 200_000


def test_categories_and_photos_per_listing_are_counted(made: Made) -> None:
    fill(made)
    page = Page(made.page())
    text = page.text
    assert "2 categories at the top level 1 with one listing 2 100%" in text
    assert "listings in none 1 33.3%" in text
    assert "Home / Chairs 1 33.3%" in text
    assert "Photos per listing 1.0 on average" in text
    assert "2 at most" in text
    labels = [attributes["aria-label"] for tag, attributes in page.elements if tag == "svg"]
    assert labels[-1] == "Listings by their number of photos: 1 with 0, 1 with 1, 1 with 2."


def test_prices_of_any_size_and_many_photos_have_a_plot(made: Made) -> None:
    made.listing("tiny", 1e-7)
    made.listing("huge", 1e14, currency="IRR")
    for place in range(25):
        made.photo(f"photo-{place}", "huge")
    labels = [
        attributes["aria-label"] for tag, attributes in Page(made.page()).elements if tag == "svg"
    ]
    assert labels[0] == "Histogram of 1 prices on a log scale: from 1e-07, median 1e-07, to 1e-07."
    assert str(labels[2]).startswith("Listings by their number of photos: 1 with 0, 0 with 1,")
    assert str(labels[2]).endswith("0 with 9, 1 with 10 or more.")


def test_an_empty_catalogue_has_a_page_too(made: Made) -> None:
    text = Page(made.page()).text
    for empty in (
        "Listings 0 in 0 kept",
        "0 + 0 = 0 ✓ adds up",
        "No listing was rejected.",
        "No photo was rejected.",
        "There are no listings.",
        "No two photos that were kept show the same picture.",
    ):
        assert empty in text


def test_listings_without_photos_and_prices_have_a_page(made: Made) -> None:
    made.listing("a", None, price_status="missing", category="")
    text = Page(made.page()).text
    assert "No listing has a price that is ok." in text
    assert "1 + 0 = 1 ✓ adds up 0 with photos, so searchable; 1 without." in text
    assert "0 categories" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_strangers_are_shown_and_do_nothing(made: Made, text: str) -> None:
    stored = text.replace("\x00", "")  # which SQLite would end the text at
    made.listing("a", title=text, category=f"{stored}\x1fb", currency=stored)
    made.listing("b", title=text, price_status=stored)
    made.photo("p", "a", "g")
    made.photo("q", "b", "g")
    made.ledger.reject(Reject("listing", text, text, 1, 2, "missing_id", text, text))
    made.ledger.reject(Reject("photo", text, text, None, None, text, text, text))
    page = made.page(catalogue=text)
    assert shown(text, 60) in html.unescape(page)
    check_harmless(page)
    assert "49" not in Page(page).text
    assert len(page) < 100_000


def test_a_page_does_nothing_and_is_told_to_who_cannot_see_it(made: Made) -> None:
    fill(made)
    check_harmless(made.page())
    check_fetches_nothing(made.page())
    check_accessible(made.page())


def test_the_same_catalogue_gives_the_same_bytes(tmp_path: Path) -> None:
    pages, tables = [], []
    for name in ("one", "two"):
        with made_in(tmp_path / name) as made:
            fill(made)
            pages.append(made.page())
            tables.append(made.folder.read(NAME))
    assert pages[0] == pages[1]
    assert tables[0] == tables[1]
