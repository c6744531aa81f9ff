"""What is shown of an answer: on cards, on any screen, the reader's way, and to who inspects."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from search_page import PHONE, SearchPage
from served import Served

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]


def test_what_a_card_says_is_what_the_service_answered(shop: SearchPage) -> None:
    shop.search_sample()
    shop.button("Inspect").click()
    answer = json.loads(shop.page.get_by_label("JSON").inner_text())
    first = answer["results"][0]
    card = shop.cards.first
    expect(card.locator("h3")).to_have_text(first["title"])
    expect(card.locator(".price")).to_have_text(re.compile(f"£{first['price']:,.0f}"))
    expect(card.locator(".alike")).to_contain_text(f"{first['similarity']:.2f}")
    expect(card.locator(".others img")).to_have_count(min(4, len(first["photos"]) - 1))
    assert [one["title"] for one in answer["results"]] == shop.titles()


def test_a_service_that_gives_fewer_is_asked_for_fewer(
    browser: Browser, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_K", "10")
    with Served(str(store)) as small, SearchPage.on(browser, small.url) as page:
        page.open()
        expect(page.cards).to_have_count(10)
        page.open("?sample=1")
        expect(page.cards).to_have_count(10)
        expect(page.find("#more")).to_be_hidden()


def test_the_curl_command_repeats_the_search(shop: SearchPage, tmp_path: Path) -> None:
    shop.search_sample()
    shop.page.get_by_label("Words of the title").fill("it's")
    expect(shop.page).to_have_url(re.compile("words="))
    shop.page.get_by_label("Words of the title").fill("towel")
    expect(shop.page).to_have_url(re.compile("words=towel"))
    shop.wait()
    shop.button("Inspect").click()
    with shop.page.expect_download() as download:
        shop.page.get_by_role("link", name="Save photo-1.jpg").click()
    download.value.save_as(tmp_path / "photo-1.jpg")
    command = shlex.split(shop.page.get_by_label("Command").inner_text())
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert [one["title"] for one in json.loads(done.stdout)["results"]] == shop.titles()


def test_inspect_tells_of_time_release_and_index(shop: SearchPage) -> None:
    shop.search_sample()
    shop.button("Inspect").click()
    inspected = shop.page.get_by_role("complementary", name="Inspect this search")
    for told in ("service: extract", "page: request", "recall@10", "Flat", "efficientnet_lite0"):
        expect(inspected).to_contain_text(told)
    expect(inspected.get_by_role("table", name="Categories")).to_contain_text("%")
    expect(inspected.get_by_role("heading", level=2)).to_be_focused()
    shop.page.keyboard.press("Escape")
    expect(inspected).to_be_hidden()
    expect(shop.button("Inspect")).to_be_focused()


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_nothing_is_wider_than_the_screen(browser: Browser, service: Served, width: int) -> None:
    with SearchPage.on(browser, service.url, viewport={**PHONE, "width": width}) as page:
        for query in ("", "?sample=1", "?sample=1&crop=0.1,0.1,0.9,0.9&words=sofa"):
            page.open(query)
            page.button("Inspect").click()
            assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_prices_and_numbers_are_written_the_readers_way(browser: Browser, service: Served) -> None:
    with SearchPage.on(browser, service.url, locale="de-DE") as german:
        german.open("?sample=1")
        expect(german.find("#results .price").first).to_have_text(re.compile(r"^\d[\d.,]*\s£$"))
        expect(german.find("#results .alike").first).to_contain_text("0,")
