"""On S3 browsers are sent elsewhere for photos; they are shown, and samples can be sent."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from search_page import SearchPage
from served import Served
from small_release import build

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]


def test_photos_come_from_the_bucket_and_samples_through_the_service(
    browser: Browser,
    s3_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "cache"))
    build(s3_url, "small-1", seed=1)
    with Served(s3_url) as service, SearchPage.on(browser, service.url) as page:
        page.open()
        expect(page.cards).to_have_count(12)
        images = "[...document.querySelectorAll('#results .photo img')]"
        are_there = f"() => {images}.every(image => image.complete && image.naturalWidth)"
        page.page.wait_for_function(are_there)
        page.cards.first.get_by_role("link").click()
        page.has_searched()
        page.page.wait_for_function(are_there)
        page.open()
        page.search_sample()
        page.page.wait_for_function(are_there)
