"""A real Chromium, and the real service with a release of the bundled catalogue."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import NAMES, installed, launched
from moto_server import s3_environment, s3_url
from playwright.sync_api import Browser
from search_page import SearchPage
from served import Served
from whole_way import BUNDLED, run_small

from batch_jobs.demo import bundled_catalogue

__all__ = ["s3_environment", "s3_url"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Asked for first, so that nothing is made where there is none."""
    found = installed()
    if found is None:
        pytest.skip(f"There is no browser, none of {', '.join(NAMES)}: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """No longer than a file's tests: Playwright's event loop is in the way of others'."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def store(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the bundled catalogue; the network is trained no more than has to be."""
    folder = tmp_path_factory.mktemp("bundled") / "store"
    run_small(str(folder), bundled_catalogue(), BUNDLED)
    return folder


@pytest.fixture(scope="session")
def service(store: Path) -> Iterator[Served]:
    with Served(str(store)) as served:
        yield served


@pytest.fixture
def shop(browser: Browser, service: Served) -> Iterator[SearchPage]:
    """The page on a desktop screen, in light, opened at its start."""
    with SearchPage.on(browser, service.url) as page:
        page.open()
        yield page
