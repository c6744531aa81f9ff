"""A release is read over the network: how often, by whom, and what a photo's address is."""

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from folder_over_http import FolderOverHttp
from small_release import build

from lambda_search.app import create_app
from lambda_search.releases import RETRY_S, Releases
from lambda_search.settings import Settings
from release.errors import NoReleaseError
from release.reader import POINTER, read_manifest
from release.store import Store

CHECK_S = 60.0


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderOverHttp]:
    """The test's store once more, as s3://bucket/store."""
    server = FolderOverHttp(tmp_path)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    with server.running():
        yield server


def _on_s3(settings: Settings) -> Settings:
    return dataclasses.replace(settings, store_url="s3://bucket/store")


def _serving(releases: Releases) -> str:
    return releases.current().manifest.release_id


def test_an_error_of_another_kind_is_logged_whole_and_told_in_general(
    settings, clock, bucket, caplog
):
    build(settings.store_url, "first", seed=1)
    settings.cache_dir.write_text("a file where the cache should be")
    releases = Releases(_on_s3(settings), clock)
    with pytest.raises(NoReleaseError, match=r"^No release can be loaded; the log says why\.$"):
        releases.current()
    assert "Traceback" in caplog.text
    assert "FileExistsError" in caplog.text


def test_the_pointer_is_read_once_in_an_interval(settings, clock, bucket):
    build(settings.store_url, "first", seed=1)
    releases = Releases(_on_s3(settings), clock)
    assert bucket.reads[POINTER] == 1
    for _ in range(100):
        releases.current()
    assert bucket.reads[POINTER] == 1
    for intervals in range(2, 5):
        clock.now += CHECK_S
        for _ in range(10):
            releases.current()
        assert bucket.reads[POINTER] == intervals


def test_only_blobs_that_changed_are_read(settings, clock, bucket):
    build(settings.store_url, "first", seed=1)
    releases = Releases(_on_s3(settings), clock)
    extractor = read_manifest(Store(settings.store_url), "first").files["extractor.onnx"]
    build(settings.store_url, "second", seed=2)
    clock.now += CHECK_S
    assert _serving(releases) == "second"
    assert bucket.reads[extractor.sha256] == 1


def test_one_looks_while_the_others_go_on(settings, clock, bucket):
    build(settings.store_url, "first", seed=1)
    releases = Releases(_on_s3(settings), clock)
    build(settings.store_url, "second", seed=2)
    clock.now += CHECK_S
    bucket.gate.clear()
    seen: list[str] = []
    looker = threading.Thread(target=lambda: seen.append(_serving(releases)))
    looker.start()
    assert bucket.waiting.wait(10)
    assert _serving(releases) == "first"
    bucket.gate.set()
    looker.join(10)
    assert (seen, _serving(releases)) == (["second"], "second")


def test_without_a_release_all_wait_for_the_one_who_looks(settings, clock, bucket):
    releases = Releases(_on_s3(settings), clock)
    build(settings.store_url, "first", seed=1)
    clock.now += RETRY_S
    reads = bucket.reads[POINTER]
    bucket.gate.clear()
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(_serving(releases))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert bucket.waiting.wait(10)
    assert seen == []
    bucket.gate.set()
    for thread in threads:
        thread.join(10)
    assert (seen, bucket.reads[POINTER]) == (["first"] * 8, reads + 1)


def test_a_photo_on_s3_is_a_redirect_that_anybody_can_follow(settings, bucket):
    release = build(settings.store_url, "first", seed=1)
    client = TestClient(create_app(_on_s3(settings)), follow_redirects=False)
    photo = release.photos[0]
    answer = client.get(f"/photos/{photo.image_id}")
    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["cache-control"] == "private, max-age=3000"
    url = answer.headers["location"]
    assert url.startswith(f"{bucket.url}/bucket/store/blobs/")
    assert "X-Amz-Expires=3600" in url
    assert httpx2.get(url).content == photo.jpeg
