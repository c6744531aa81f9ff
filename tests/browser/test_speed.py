"""A photo of 12 megapixels is searched with in moments, and nothing moves once results show."""

from collections.abc import Callable
from pathlib import Path

import pytest
from page_timing import WATCH_SHIFTS, drop_timed, photo_of_12_megapixels
from playwright.sync_api import Browser
from search_page import DESKTOP, PHONE, SearchPage
from served import Served
from test_searching import CHAIR

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

DROPS = 7
MOST_TOTAL_MS, MOST_OWN_MS = 400, 250


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_a_drop_to_painted_results(
    browser: Browser,
    service: Served,
    tmp_path: Path,
    screen: dict[str, int],
    record_property: Callable[[str, object], None],
) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(photo_of_12_megapixels(CHAIR))
    with SearchPage.on(browser, service.url, viewport=screen) as page:
        taken = [drop_timed(page, large) for _ in range(DROPS)]
    best = min(taken, key=lambda one: one.total_ms)  # other tests share the machine
    taken_ms = f"{best.total_ms:.0f} ms, of which the page's own {best.own_ms:.0f}"
    record_property("measured", f"{screen['width']} px wide, drop to painted results: {taken_ms}")
    assert [one.shift_afterwards for one in taken] == [0] * DROPS
    assert (best.total_ms <= MOST_TOTAL_MS, best.own_ms <= MOST_OWN_MS) == (True, True)


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("query", ["?sample=2", "?listing=", "?sample=1&words=a&price_max=200"])
def test_nothing_moves_once_the_results_of_an_address_show(
    browser: Browser, service: Served, screen: dict[str, int], query: str
) -> None:
    with SearchPage.on(browser, service.url, viewport=screen) as page:
        if query.endswith("="):
            page.open()
            query += page.page.evaluate(
                "async () => (await (await fetch('listings?k=1')).json()).results[0].product_id"
            )
        page.page.add_init_script(WATCH_SHIFTS)
        page.open(query)
        page.page.wait_for_timeout(1000)
        assert page.page.evaluate("window.shiftsOfResults") == []


def test_the_files_of_the_page_are_few_and_small() -> None:
    from lambda_search.page import read_page

    files = read_page().files
    assert sum(len(content) for content in files.values()) < 100_000
    assert len(files) <= 24


def test_nothing_comes_from_elsewhere(shop: SearchPage) -> None:
    asked: list[str] = []
    shop.page.on("request", lambda request: asked.append(request.url))
    shop.open("?sample=1")
    shop.button("Inspect").click()
    shop.page.wait_for_timeout(500)
    assert asked
    assert all(url.startswith((shop.url, f"blob:{shop.url}")) for url in asked)
