"""Texts of strangers are shown as texts: whatever is in them, nothing of it acts."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect
from search_page import SearchPage
from seen_page import HOSTILE
from served import Served
from small_release import build

from release.listings import Listing

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]


def hostile(place: int, listing: Listing) -> Listing:
    text = HOSTILE[place % len(HOSTILE)]
    return replace(
        listing,
        product_id=f"{text[:60]}{place}".replace("/", "|"),  # no path of an address has that
        title=text,
        description=text,
        category_path=(text, f"{text} {place}"),
        location=text,
        currency=text[:20],
    )


@pytest.fixture(scope="module")
def hostile_service(browser: Browser, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    store = str(tmp_path_factory.mktemp("hostile") / "store")
    build(store, "hostile", seed=1, listing_count=len(HOSTILE), retold=hostile)
    with Served(store) as service:
        yield service


@pytest.fixture
def page(browser: Browser, hostile_service: Served):  # type: ignore[no-untyped-def]
    with SearchPage.on(browser, hostile_service.url) as page:
        page.page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
        page.open()
        yield page


def is_harmless(page: SearchPage) -> bool:
    """Nothing but our own elements, and links only to searches."""
    elements = "#results *, #query *, #chips *, #listing *, #tuning *, #filters *"
    names = page.page.evaluate(
        f"[...document.querySelectorAll('{elements}')].map(e => e.localName)"
    )
    links = page.page.evaluate(
        "[...document.querySelectorAll('main a, dialog a')].map(a => a.href)"
    )
    fine = {"li", "ul", "ol", "div", "p", "h2", "h3", "img", "button", "span", "a", "i", "b", "dl"}
    fine |= {
        "dt",
        "dd",
        "strong",
        "bdi",
        "section",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "pre",
    }
    fine |= {"summary", "output", "input", "select", "option", "label", "caption", "details"}
    assert set(names) <= fine
    return all(link.startswith((page.url, f"blob:{page.url}")) for link in links)


def test_titles_are_texts_on_every_card(page: SearchPage) -> None:
    shown = page.page.evaluate(
        "[...document.querySelectorAll('#results h3')].map(e => e.textContent)"
    )
    assert sorted(shown) == sorted(HOSTILE)
    assert is_harmless(page)


def test_all_else_of_a_listing_is_text(page: SearchPage) -> None:
    for place in range(len(HOSTILE)):
        card = page.cards.nth(place)
        title = card.locator("h3").evaluate("element => element.textContent")
        card.locator(".photo").click()
        dialog = page.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        assert dialog.locator(".description").evaluate("element => element.textContent") == title
        assert is_harmless(page)
        page.page.keyboard.press("Escape")


def test_searches_filters_and_steering_show_texts(page: SearchPage) -> None:
    for place in range(3):
        page.open()
        page.cards.nth(place).get_by_role("link").click()
        page.has_searched()
        page.button("Inspect").click()
        page.cards.first.locator(".like").click()
        expect(page.find("#chips li")).to_have_count(1)
        page.wait()
        page.find("#category ul button").nth(1).click()
        page.wait()
        page.page.get_by_label("Location").select_option(index=1)
        page.wait()
        assert is_harmless(page)


def test_a_text_that_turns_the_direction_turns_nothing_else(page: SearchPage) -> None:
    """U+202E would write the price beside a title from right to left."""
    page.open()
    turning = page.cards.filter(has_text="exe.png").or_(page.cards.filter(has_text="gnp.exe")).first
    turning.get_by_role("link").click()
    page.has_searched()
    isolating = """[...document.querySelectorAll('#query strong, #results h3, #chips bdi')].every(
      element => getComputedStyle(element).unicodeBidi === 'isolate'
        || getComputedStyle(element).display === 'block'
        || getComputedStyle(element).display.includes('box')
        || getComputedStyle(element).display === 'flow-root')"""
    assert page.page.evaluate(isolating)


def test_an_address_with_markup_is_text(page: SearchPage) -> None:
    for text in HOSTILE[:4]:
        page.page.goto(f"{page.url}/?sample=1&words=x&category={text}&location={text}&like={text}")
        page.page.wait_for_timeout(300)
        assert is_harmless(page)
