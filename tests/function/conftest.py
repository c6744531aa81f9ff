"""A small release, and the application that answers from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from folder_over_http import FolderOverHttp
from small_release import SmallRelease, build

from lambda_search.app import create_app
from lambda_search.settings import Settings


@pytest.fixture(scope="session")
def small_release(tmp_path_factory: pytest.TempPathFactory) -> SmallRelease:
    """Twelve listings with two or three photos each. Nobody writes into its store."""
    return build(str(tmp_path_factory.mktemp("small") / "store"), "small-1", seed=1)


@pytest.fixture(scope="session")
def client(small_release: SmallRelease) -> Iterator[TestClient]:
    """The application over HTTP; an error inside is an answer, as it is for a client."""
    app = create_app(Settings(store_url=small_release.store_url, max_body_mb=2))
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A store and a cache of the test's own; nothing is in them."""
    return Settings(store_url=str(tmp_path / "store"), cache_dir=tmp_path / "cache")


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderOverHttp]:
    """The test's store once more, as s3://bucket/store."""
    server = FolderOverHttp(tmp_path)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    with server.running():
        yield server


class Clock:
    """Seconds, which pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
