"""The page works for everybody: axe finds nothing, the keyboard is enough, nothing has to move."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from search_page import DESKTOP, PHONE, SearchPage
from served import Served
from states import STATES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_violation(
    browser: Browser, service: Served, state: str, screen: dict[str, int], scheme: str
) -> None:
    with SearchPage.on(
        browser, service.url, viewport=screen, color_scheme=scheme, reduced_motion="reduce"
    ) as page:
        STATES[state](page)
        found = Axe().run(page.page)
        assert found.violations_count == 0, found.generate_report()
        assert found.response["passes"]


def focused(page: SearchPage) -> str:
    return str(page.page.evaluate("document.activeElement.id || document.activeElement.ariaLabel"))


def tab_to(page: SearchPage, name: str) -> None:
    """By the tab key alone, as far as it takes."""
    for _ in range(60):
        page.page.keyboard.press("Tab")
        if re.match(name, focused(page)):
            return
    raise AssertionError(f"the tab key does not lead to {name}")


def test_a_search_is_done_refined_and_left_by_keyboard_alone(shop: SearchPage) -> None:
    press = shop.page.keyboard.press
    tab_to(shop, "Sample photo 1")
    press("Enter")
    shop.has_searched()
    assert focused(shop) == "found-title"  # from where the tab key goes on to the results
    tab_to(shop, "Details of")
    press("Enter")
    expect(shop.page.get_by_role("dialog")).to_be_visible()
    press("Escape")
    assert focused(shop).startswith("Details of")
    tab_to(shop, "More like")
    press("Enter")
    shop.has_searched()
    expect(shop.page).to_have_url(re.compile("listing="))
    tab_to(shop, "More in the direction")
    press("Space")
    expect(shop.find("#chips li")).to_have_count(1)
    assert focused(shop) == "found-title"
    tab_to(shop, "Remove: More")
    press("Enter")
    expect(shop.find("#chips")).to_be_hidden()


def test_the_category_that_was_chosen_keeps_the_focus(shop: SearchPage) -> None:
    shop.search_sample()
    button = shop.find("#category").get_by_role("button", name=re.compile("^Home & Garden, "))
    button.focus()
    shop.page.keyboard.press("Enter")
    expect(shop.page).to_have_url(re.compile("category="))
    shop.wait()
    assert focused(shop).startswith("Home & Garden, ")


def test_the_first_tab_skips_to_the_listings(shop: SearchPage) -> None:
    shop.page.keyboard.press("Tab")
    expect(shop.page.get_by_role("link", name="Skip to the listings")).to_be_focused()
    asked: list[str] = []
    shop.page.on("request", lambda request: asked.append(request.url))
    shop.page.keyboard.press("Enter")
    assert focused(shop) == "found"
    shop.page.wait_for_timeout(300)
    assert [url for url in asked if not re.search("/photos/|icon", url)] == []


def test_what_was_found_is_read_out(shop: SearchPage) -> None:
    live = shop.page.locator("#live[role=status]")
    shop.search_sample()
    expect(live).to_have_text(f"24 listings, most alike first. First: {shop.titles()[0]}")
    shop.open("?sample=1&words=nosuchthing")
    expect(live).to_have_text("No listings. Nothing matches the filters")
    shop.open("?photos=1")
    expect(live).to_contain_text("Choose it again")
    shop.open()
    expect(live).to_have_text("Listings")


def test_nothing_moves_for_who_wants_that(browser: Browser, service: Served) -> None:
    with SearchPage.on(browser, service.url, reduced_motion="reduce") as page:
        STATES["loading"](page)
        assert page.page.evaluate("document.getAnimations().length") == 0
    with SearchPage.on(browser, service.url) as page:
        STATES["loading"](page)
        assert page.page.evaluate("document.getAnimations().length") > 0
