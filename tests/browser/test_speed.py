"""A photo of 12 megapixels is searched with in moments, and nothing moves once results show."""

from pathlib import Path
from statistics import median

import pytest
from page_timing import drop_timed, photo_of_12_megapixels
from playwright.sync_api import Browser
from search_page import DESKTOP, PHONE, SearchPage
from served import Served
from test_searching import CHAIR

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

DROPS = 5
# A test shares its machine; where nothing else runs, bench_page.py holds 400 and 250 ms.
MOST_TOTAL_MS, MOST_OWN_MS = 2_000, 1_500


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_a_drop_to_painted_results(
    browser: Browser,
    service: Served,
    tmp_path: Path,
    screen: dict[str, int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(photo_of_12_megapixels(CHAIR))
    with SearchPage.on(browser, service.url, viewport=screen) as page:
        taken = [drop_timed(page, large) for _ in range(DROPS)]
    total_ms = median(one.total_ms for one in taken)
    own_ms = median(one.own_ms for one in taken)
    with capsys.disabled():
        print(f"\ndrop to results {total_ms:.0f} ms, of which the page {own_ms:.0f} ms", end=" ")
    assert [one.shift_afterwards for one in taken] == [0] * DROPS
    assert (total_ms < MOST_TOTAL_MS, own_ms < MOST_OWN_MS) == (True, True)


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
