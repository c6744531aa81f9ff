"""The states of the page that people see, by name, each reached as people reach it."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect
from search_page import SearchPage

PHOTOS = Path(__file__).parents[2] / "demo" / "furniture" / "images"


def _start(page: SearchPage) -> None:
    page.open()


def _searched(page: SearchPage) -> None:
    page.open("?sample=1")


def _by_listing(page: SearchPage) -> None:
    page.open()
    page.cards.first.get_by_role("link", name="More like").click()
    page.has_searched()


def _listing(page: SearchPage) -> None:
    _searched(page)
    page.cards.first.locator(".photo").click()
    expect(page.page.get_by_role("dialog")).to_be_visible()


def _cropping(page: SearchPage) -> None:
    page.open("?sample=1&crop=0.2,0.2,0.8,0.7")


def _refined(page: SearchPage) -> None:
    page.open("?sample=2&category=Home+%26+Garden&price_max=200&words=a")
    filters = page.find("#filters")
    if filters.get_attribute("open") is None:
        filters.locator("summary").click()
    page.cards.first.locator(".like").click()
    expect(page.find("#chips")).to_contain_text("More: ")
    page.wait()


def _inspected(page: SearchPage) -> None:
    _searched(page)
    page.button("Inspect").click()
    expect(page.page.get_by_role("table", name="Categories")).to_be_visible()


def _empty(page: SearchPage) -> None:
    page.open("?sample=1&words=nosuchthing")


def _no_good_match(page: SearchPage) -> None:
    page.open()
    with tempfile.TemporaryDirectory() as folder:
        Image.effect_noise((600, 600), 200).save(Path(folder) / "noise.png")
        page.choose(Path(folder) / "noise.png")
        page.has_searched()


def _refused(page: SearchPage) -> None:
    page.open()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "notes.txt").write_text("no photo")
        page.choose(Path(folder) / "notes.txt")
        expect(page.page.get_by_role("alert")).to_be_visible()


def _dropping(page: SearchPage) -> None:
    page.open()
    page.find("#dropping").evaluate("element => element.hidden = false")


def _loading(page: SearchPage) -> None:
    page.open()
    protocol = page.page.context.new_cdp_session(page.page)
    slow = {"offline": False, "latency": 60_000, "downloadThroughput": -1, "uploadThroughput": -1}
    protocol.send("Network.enable")
    protocol.send("Network.emulateNetworkConditions", slow)
    page.page.get_by_role("link", name="Sample photo 1").click()
    expect(page.find("#results .waiting").first).to_be_visible()


def _several_photos(page: SearchPage) -> None:
    page.open()
    page.choose(*sorted(PHOTOS.glob("*.jpg"))[:3])
    page.has_searched()


def _photos_gone(page: SearchPage) -> None:
    page.open("?photos=1")


def _away(page: SearchPage) -> None:
    page.open()
    page.page.context.set_offline(True)
    page.page.get_by_role("link", name="Sample photo 1").click()
    expect(page.page.get_by_role("alert")).to_be_visible()


STATES: dict[str, Callable[[SearchPage], None]] = {
    "start": _start,
    "searched": _searched,
    "by-listing": _by_listing,
    "listing": _listing,
    "cropping": _cropping,
    "refined": _refined,
    "inspected": _inspected,
    "empty": _empty,
    "no-good-match": _no_good_match,
    "refused": _refused,
    "several-photos": _several_photos,
    "photos-gone": _photos_gone,
    "away": _away,
    "loading": _loading,
    "dropping": _dropping,
}
