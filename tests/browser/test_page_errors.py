"""What can go wrong is said, with what to do about it; and the page goes on."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from search_page import SearchPage
from served import Served
from test_searching import CHAIR

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]


def test_a_file_that_is_no_photo(shop: SearchPage, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("no photo at all")
    shop.choose(tmp_path / "notes.jpg")
    alert = shop.page.get_by_role("alert")
    expect(alert).to_contain_text("This is not a photo.")
    with shop.page.expect_file_chooser() as chooser:
        alert.get_by_role("button", name="Choose another photo").click()
    chooser.value.set_files(CHAIR)
    shop.has_searched()
    expect(alert).to_be_hidden()


def test_a_file_that_is_refused_leaves_what_was_found(shop: SearchPage, tmp_path: Path) -> None:
    with (tmp_path / "huge.heic").open("wb") as huge:
        huge.truncate(40_000_000)
    shop.search_sample()
    found = shop.titles()
    shop.drop(tmp_path / "huge.heic")
    expect(shop.page.get_by_role("alert")).to_contain_text("This photo is too large.")
    assert shop.titles() == found


def test_a_file_that_is_too_large_is_not_sent(shop: SearchPage, tmp_path: Path) -> None:
    with (tmp_path / "huge.heic").open("wb") as huge:
        huge.truncate(40_000_000)  # the service takes 10 MB
    shop.choose(tmp_path / "huge.heic")
    alert = shop.page.get_by_role("alert")
    expect(alert).to_contain_text("This photo is too large.")
    expect(alert).to_contain_text("huge.heic has 40.0 MB; at most 10.0 MB")


def test_a_service_that_is_away_and_comes_back(browser: Browser, store: Path) -> None:
    with Served(str(store)) as service, SearchPage.on(browser, service.url) as page:
        page.open()
        service.stop()
        page.page.get_by_role("link", name="Sample photo 1").click()
        alert = page.page.get_by_role("alert")
        expect(alert).to_contain_text("The service cannot be reached.")
        service.start()
        alert.get_by_role("button", name="Try again").click()
        page.has_searched()
        expect(alert).to_be_hidden()
        found = page.titles()
        service.stop()
        page.cards.first.locator(".photo").click()  # details, which are not there yet
        expect(alert).to_contain_text("The service cannot be reached.")
        assert page.titles() == found
        page.page.get_by_role("link", name="New search").click()
        expect(page.cards).to_have_count(0)
        service.start()
        alert.get_by_role("button", name="Try again").click()
        expect(page.cards).to_have_count(24)
        expect(alert).to_be_hidden()


def test_a_store_without_a_release(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    served = Served(str(tmp_path / "store"))
    with served as service, SearchPage.on(browser, service.url) as page:
        page.open()
        alert = page.page.get_by_role("alert")
        expect(alert).to_contain_text("There is nothing to search in yet.")
        page.drop(CHAIR)
        expect(page.page).to_have_url(re.compile("photos="))
        expect(alert).to_contain_text("There is no release yet")


def test_an_answer_that_is_not_of_the_service(shop: SearchPage) -> None:
    login = {"status": 200, "content_type": "text/html", "body": "<h1>Log in</h1>"}
    shop.page.route("**/search", lambda route: route.fulfill(**login))  # a network's own page
    shop.page.get_by_role("link", name="Sample photo 1").click()
    alert = shop.page.get_by_role("alert")
    expect(alert).to_contain_text("not of this service")
    shop.page.unroute("**/search")
    alert.get_by_role("button", name="Try again").click()
    shop.has_searched()


def test_a_listing_that_is_gone(shop: SearchPage) -> None:
    shop.open("?listing=gone")
    expect(shop.page.get_by_role("alert")).to_contain_text("This listing is gone.")


def test_a_liked_listing_that_is_gone_is_left_out(shop: SearchPage) -> None:
    shop.open("?sample=1&like=gone&words=a")
    alert = shop.page.get_by_role("alert")
    expect(alert).to_contain_text("This listing is gone.")
    alert.get_by_role("button", name="Search without it").click()
    shop.has_searched()
    expect(shop.page).to_have_url(re.compile(r"\?sample=1&words=a$"))


def test_what_was_found_stays_when_more_cannot_be_had(browser: Browser, store: Path) -> None:
    with Served(str(store)) as service, SearchPage.on(browser, service.url) as page:
        page.open("?sample=1")
        found = page.titles()
        service.stop()
        page.button("Show more").click()
        expect(page.page.get_by_role("alert")).to_be_in_viewport()
        assert page.titles() == found
        service.start()
        page.button("Try again").click()
        expect(page.cards).to_have_count(48)


def test_photos_that_went_with_their_tab(shop: SearchPage) -> None:
    shop.open("?photos=1")
    expect(shop.message).to_contain_text("Photos stay in the tab that searched with them.")
    with shop.page.expect_file_chooser():
        shop.message.get_by_role("button", name="Choose photos").click()


def test_filters_that_nothing_passes_can_be_cleared(shop: SearchPage) -> None:
    shop.open("?sample=1&words=nosuchthing")
    expect(shop.message).to_contain_text("Nothing matches.")
    shop.message.get_by_role("button", name="Clear the filters").click()
    shop.has_searched()


def test_a_photo_unlike_all_there_is_gets_no_good_match(shop: SearchPage, tmp_path: Path) -> None:
    from PIL import Image

    Image.effect_noise((600, 600), 200).save(tmp_path / "noise.png")
    shop.choose(tmp_path / "noise.png")
    shop.has_searched()
    expect(shop.message).to_contain_text("No good match.")
    expect(shop.cards).to_have_count(24)


def test_a_hand_made_address_is_harmless(shop: SearchPage) -> None:
    shop.open("?sample=1&crop=x,1&price_min=abc&k=-5")
    shop.has_searched()
    shop.open("?sample=1&price_min=50&price_max=5")
    expect(shop.page.get_by_role("alert")).to_contain_text("nothing can match")
    shop.button("Clear the filters").click()
    shop.has_searched()
    shop.open("?sample=99")
    expect(shop.page.get_by_role("alert")).to_contain_text("This sample is gone.")
    shop.page.get_by_role("alert").get_by_role("button", name="New search").click()
    expect(shop.cards).to_have_count(24)
