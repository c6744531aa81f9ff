"""A store of each kind, empty, for what must hold on both."""

from pathlib import Path

import pytest
from moto_server import s3_environment, s3_url

from release.store import Store

__all__ = ["s3_environment", "s3_url"]


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(str(tmp_path / "a store"), create=True)
    return Store(request.getfixturevalue("s3_url"))
