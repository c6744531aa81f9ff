"""A store of each kind, empty, for what must hold on both; a tiny extractor."""

from pathlib import Path

import pytest
from hand_embedded import MODEL
from moto_server import s3_environment, s3_url

from batch_jobs.extraction import ParallelExtractor, parallel_extractor
from release.store import Store

__all__ = ["s3_environment", "s3_url"]


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(str(tmp_path / "a store"), create=True)
    return Store(request.getfixturevalue("s3_url"))


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """An empty folder."""
    return Store(str(tmp_path / "store"), create=True)


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> ParallelExtractor:
    """A tiny network on all cores."""
    path = tmp_path_factory.mktemp("tiny") / "extractor.onnx"
    path.write_bytes(MODEL)
    return parallel_extractor(path)
