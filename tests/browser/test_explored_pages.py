"""The pages of explore, opened as files: harmless, accessible, and a map that can be used."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from search_page import DESKTOP, PHONE
from whole_way import RUN_ID

from batch_jobs.explore.job import run
from batch_jobs.progress import Progress
from release.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

PAGES = ("index", "clean", "train", "plan", "examples", "confusion", "map", "reposts")


@pytest.fixture(scope="module")
def folder(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("explored") / "explored"
    return run(Store(str(store)), RUN_ID, out, Progress()).folder


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    complaints: list[str] = []
    with browser.new_context(viewport=DESKTOP) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(browser: Browser, folder: Path, name: str, scheme: str) -> None:
    with browser.new_context(viewport=PHONE, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto((folder / f"{name}.html").as_uri())
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_index_leads_to_every_page_and_all_lead_back(tab: Page, folder: Path) -> None:
    index = (folder / "index.html").as_uri()
    tab.goto(index)
    links = tab.locator("main a").evaluate_all("all => all.map(one => one.href)")
    assert sorted(links) == sorted((folder / f"{name}.html").as_uri() for name in PAGES[1:])
    for name in PAGES[1:]:
        tab.goto((folder / f"{name}.html").as_uri())
        tab.get_by_role("link", name="All pages of this run").click()
        assert tab.url == index


def test_the_map_shows_a_photo_under_the_pointer_and_by_keys(tab: Page, folder: Path) -> None:
    tab.goto((folder / "map.html").as_uri())
    points, seen = tab.locator("#points"), tab.locator("#seen")
    expect(seen).to_be_hidden()
    points.focus()
    tab.keyboard.press("ArrowRight")
    expect(seen).to_be_visible()
    by_key = tab.locator("#seen-title").inner_text()
    assert by_key
    tab.keyboard.press("Escape")
    expect(seen).to_be_hidden()
    box = points.bounding_box()
    assert box
    for step in range(100):  # somewhere in the middle there are photos
        x, y = box["x"] + (0.3 + 0.004 * step) * box["width"], box["y"] + box["height"] / 2
        tab.mouse.move(x, y)
        if seen.is_visible():
            break
    expect(tab.locator("#seen-title")).not_to_be_empty()
    expect(tab.locator("#seen-category")).not_to_be_empty()


def test_the_legend_of_the_map_hides_and_shows(tab: Page, folder: Path) -> None:
    tab.goto((folder / "map.html").as_uri())
    drawn = "document.getElementById('points').toDataURL()"

    def drawn_anew(before: str) -> str:
        """What is drawn with the next frame."""
        tab.wait_for_function(f"before => {drawn} !== before", arg=before)
        return str(tab.evaluate(drawn))

    everything = drawn_anew("")
    tab.get_by_role("button", name="None").click()
    nothing = drawn_anew(everything)
    tab.locator("[data-group='0']").check()
    some = drawn_anew(nothing)
    tab.get_by_role("button", name="All").click()
    assert drawn_anew(some) == everything
    tab.get_by_role("button", name="Zoom in").click()
    drawn_anew(everything)
