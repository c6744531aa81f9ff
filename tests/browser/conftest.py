"""A real Chromium, and the real service with a release of the bundled catalogue.

Of package scope: Playwright's event loop would be in the way of other tests of the process.
"""

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


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if installed() is None:
        pytest.skip(f"There is no browser, none of {', '.join(NAMES)}: apt-get install chromium")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def store(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the bundled catalogue; the network is trained no more than has to be.

    Asks for the browser first, so that nothing is made where there is none.
    """
    folder = tmp_path_factory.mktemp("bundled") / "store"
    run_small(str(folder), bundled_catalogue(), BUNDLED)
    return folder


@pytest.fixture(scope="package")
def service(store: Path) -> Iterator[Served]:
    with Served(str(store)) as served:
        yield served


@pytest.fixture
def shop(browser: Browser, service: Served) -> Iterator[SearchPage]:
    """The page on a desktop screen, in light, opened at its start."""
    with SearchPage.on(browser, service.url) as page:
        page.open()
        yield page
