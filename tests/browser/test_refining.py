"""A search is narrowed, steered, shared, and gone back to."""

import re

import pytest
from playwright.sync_api import Browser, expect
from search_page import SearchPage
from served import Served

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]


def test_the_start_has_listings_and_samples_to_click(shop: SearchPage) -> None:
    expect(shop.heading).to_have_text("Listings")
    expect(shop.cards).to_have_count(24)
    expect(shop.find("#samples a")).to_have_count(3)
    expect(shop.find("#about")).to_have_text(re.compile(r"644 photos of 161 listings"))


def test_a_listing_is_shown_whole(shop: SearchPage) -> None:
    title = shop.titles()[0]
    shop.cards.first.get_by_role("button", name="Details of").click()
    dialog = shop.page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(title)
    expect(dialog.locator(".description")).not_to_be_empty()
    large = dialog.locator(".large")
    before = large.get_attribute("src")
    dialog.get_by_role("button", name="Photo 2").click()
    assert large.get_attribute("src") != before
    shop.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_back_closes_the_details_and_then_leads_back(shop: SearchPage) -> None:
    dialog = shop.page.get_by_role("dialog")
    shop.search_sample()
    found = shop.titles()
    for close in (shop.page.go_back, lambda: shop.page.keyboard.press("Escape")):
        shop.cards.first.locator(".photo").click()
        expect(dialog).to_be_visible()
        close()
        expect(dialog).to_be_hidden()
        assert shop.titles() == found
    shop.cards.first.locator(".photo").click()
    dialog.get_by_role("link", name="More like this").click()
    expect(shop.page).to_have_url(re.compile("listing="))
    shop.has_searched()
    expect(dialog).to_be_hidden()
    shop.page.go_back()
    expect(shop.page).to_have_url(re.compile("sample=1"))
    shop.has_searched()
    shop.page.go_back()
    expect(shop.heading).to_have_text("Listings")


def test_a_search_by_listing_can_be_shared_and_back_works(
    shop: SearchPage, browser: Browser, service: Served
) -> None:
    recent = shop.titles()
    shop.cards.nth(2).get_by_role("link", name="More like").click()
    shop.has_searched()
    expect(shop.find("#query")).to_contain_text(recent[2])
    found, address = shop.titles(), shop.page.url
    assert recent[2] not in found
    with SearchPage.on(browser, service.url) as other:
        other.open(address.removeprefix(f"{service.url}/"))
        other.has_searched()
        assert other.titles() == found
    shop.cards.first.get_by_role("link", name="More like").click()
    expect(shop.page).not_to_have_url(address)
    shop.has_searched()
    shop.page.go_back()
    shop.has_searched()
    assert shop.titles() == found
    shop.page.go_back()
    expect(shop.heading).to_have_text("Listings")
    shop.wait()
    assert shop.titles() == recent


def test_the_categories_have_counts_and_narrow_level_by_level(shop: SearchPage) -> None:
    shop.search_sample()
    tree = shop.find("#category")
    root = tree.get_by_role("button", name=re.compile("^Home & Garden, "))
    count = int(re.sub(r"\D", "", root.locator(".count").inner_text()))
    root.click()
    expect(shop.page).to_have_url(re.compile("category=Home"))
    shop.wait()
    below = tree.locator("ul ul > li > button .count").all_inner_texts()
    assert sum(map(int, below)) == count
    tree.get_by_role("button", name=re.compile("^Kitchen Units")).click()
    expect(shop.find("#chips")).to_contain_text("Kitchen Units & Worktops")
    shop.wait()
    places = shop.find("#results .one-line").all_inner_texts()
    assert places
    assert all(place.startswith("Kitchen Units & Worktops") for place in places)
    shop.button("Remove: Kitchen Units & Worktops").click()
    expect(shop.page).not_to_have_url(re.compile("category"))
    expect(shop.cards).to_have_count(24)


def test_the_price_narrows_by_slider_and_keyboard(shop: SearchPage) -> None:
    shop.search_sample()
    highest = shop.page.get_by_role("slider", name="Highest price")
    highest.focus()
    before = shop.page.evaluate("history.length")
    for _ in range(6):
        shop.page.keyboard.press("ArrowLeft")
    expect(shop.page).to_have_url(re.compile("price_max="))
    shop.wait()
    expect(highest).to_be_focused()
    assert shop.page.evaluate("history.length") == before + 1
    most = float(re.search(r"price_max=(\d+)", shop.page.url)[1])  # type: ignore[index]
    prices = shop.find("#results .price").all_inner_texts()
    amounts = [float(re.sub(r"[^\d.]", "", price) or 0) for price in prices]
    assert amounts
    assert max(amounts) <= most
    expect(shop.find("#price-text")).to_have_text(f"up to £{most:,.0f}")


def test_the_place_and_words_narrow_at_once(shop: SearchPage) -> None:
    shop.search_sample()
    shop.page.get_by_label("Words of the title").fill("sofa")
    expect(shop.page).to_have_url(re.compile("words=sofa"))
    shop.wait()
    titles = shop.titles()
    assert titles
    assert all("sofa" in title.lower() for title in titles)
    option = shop.find("#location option").nth(1).get_attribute("value")
    shop.page.get_by_label("Location").select_option(option)
    expect(shop.find("#chips")).to_contain_text(option or "?")
    shop.wait()
    shop.open(shop.page.url.removeprefix(f"{shop.url}/"))
    expect(shop.page.get_by_label("Words of the title")).to_have_value("sofa")
    expect(shop.page.get_by_label("Location")).to_have_value(option or "?")


def test_typing_words_is_one_step_back(shop: SearchPage) -> None:
    shop.search_sample()
    everything = shop.titles()
    shop.page.get_by_label("Words of the title").press_sequentially("chair", delay=200)
    expect(shop.page).to_have_url(re.compile("words=chair"))
    shop.wait()
    shop.page.go_back()
    expect(shop.page).not_to_have_url(re.compile("words"))
    shop.wait()
    assert shop.titles() == everything


def test_words_that_were_being_typed_do_not_follow_to_another_search(shop: SearchPage) -> None:
    shop.search_sample()
    words = shop.page.get_by_label("Words of the title")
    words.fill("sofa")
    expect(shop.page).to_have_url(re.compile("words=sofa"))
    words.press_sequentially("s")
    shop.page.get_by_role("link", name="New search").click()
    shop.page.wait_for_timeout(400)
    expect(shop.heading).to_have_text("Listings")
    assert shop.page.url == f"{shop.url}/"
    shop.page.go_back()
    expect(words).to_have_value("sofa")


def test_likes_and_dislikes_steer_and_can_be_taken_back(
    shop: SearchPage, browser: Browser, service: Served
) -> None:
    shop.search_sample()
    before = shop.titles()
    shop.cards.nth(1).get_by_role("button", name="More in the direction").click()
    expect(shop.find("#chips")).to_contain_text(f"More: {before[1]}")
    shop.wait()
    liked = shop.titles()
    assert before[1] not in liked
    shop.cards.nth(0).get_by_role("button", name="Less in the direction").click()
    expect(shop.find("#chips li")).to_have_count(2)
    shop.wait()
    assert liked[0] not in shop.titles()
    with SearchPage.on(browser, service.url) as other:  # where these listings were not seen yet
        other.open(shop.page.url.removeprefix(f"{service.url}/"))
        expect(other.find("#chips")).to_contain_text(f"More: {before[1]}")
        expect(other.find("#chips")).to_contain_text(f"Less: {liked[0]}")
        assert other.titles() == shop.titles()
    shop.button("Remove: Less").click()
    expect(shop.find("#chips li")).to_have_count(1)
    shop.wait()
    assert shop.titles() == liked


def test_more_likes_than_the_service_takes_drop_the_first(shop: SearchPage) -> None:
    ids_of = "async () => (await (await fetch('listings')).json()).results.map(e => e.product_id)"
    ids = shop.page.evaluate(ids_of)
    shop.open("?sample=1&" + "&".join(f"like={one}" for one in ids[:20]))
    shop.has_searched()
    shop.cards.first.locator(".like").click()
    expect(shop.page).not_to_have_url(re.compile(ids[0]))
    shop.has_searched()
    expect(shop.find("#chips li")).to_have_count(20)


def test_more_are_shown_where_there_are_more(shop: SearchPage) -> None:
    shop.open("?sample=1")
    first = shop.titles()
    shop.button("Show more").click()
    expect(shop.cards).to_have_count(48)
    assert shop.titles()[:24] == first


def test_only_the_category_that_it_looks_like(shop: SearchPage) -> None:
    shop.search_sample(2)
    shop.button("Only this category").click()
    expect(shop.page).to_have_url(re.compile("category="))
    shop.wait()
    expect(shop.button("Only this category")).to_have_count(0)
