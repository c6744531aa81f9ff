"""A release is read over the network: how often, by whom, and what a photo's address is."""

import dataclasses
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from small_release import build

from lambda_search import opening
from lambda_search.app import create_app
from lambda_search.releases import RETRY_S, Releases
from lambda_search.settings import Settings
from release.blob_cache import BlobCache
from release.errors import NoReleaseError
from release.fetching import POINTER, read_manifest, read_pointer
from release.publisher import make_current
from release.reader import open_fetched
from release.store import Store

CHECK_S = 60.0
ROOT = Path(__file__).parents[2]


def _on_s3(settings: Settings) -> Settings:
    return dataclasses.replace(settings, store_url="s3://bucket/store")


def _serving(releases: Releases) -> str:
    return releases.current().manifest.release_id


def _blobs(settings: Settings, *release_ids: str) -> set[str]:
    """The names of the blobs that releases are made of."""
    store = Store(settings.store_url)
    return {
        blob.sha256
        for release_id in release_ids
        for blob in read_manifest(store, release_id).files.values()
    }


def _cached(settings: Settings) -> set[str]:
    return {path.name for path in settings.cache_dir.iterdir()}


def test_an_error_of_another_kind_is_logged_whole_and_told_in_general(
    settings, clock, bucket, caplog, monkeypatch
):
    build(settings.store_url, "first", seed=1)
    monkeypatch.setattr(opening, "open_fetched", lambda *_: {}["missing"])
    releases = Releases(_on_s3(settings), clock)
    with pytest.raises(NoReleaseError, match=r"^No release can be loaded; the log says why\.$"):
        releases.current()
    assert "Traceback" in caplog.text
    assert "KeyError" in caplog.text


def test_a_file_where_the_cache_should_be_is_named(settings, clock, bucket, caplog):
    build(settings.store_url, "first", seed=1)
    settings.cache_dir.write_text("a file where the cache should be")
    assert Releases(_on_s3(settings), clock).refreshed_id() is None
    assert f"{settings.cache_dir} cannot be written: File exists" in caplog.text
    assert "Traceback" not in caplog.text


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
        releases.refreshed_id()
        assert bucket.reads[POINTER] == intervals


def test_only_blobs_that_changed_are_read_and_old_ones_leave_the_disk(settings, clock, bucket):
    releases = None
    for number in (1, 2, 3):
        build(settings.store_url, f"number-{number}", seed=number)
        releases = releases or Releases(_on_s3(settings), clock)
        clock.now += CHECK_S
        assert releases.refreshed_id() == f"number-{number}"
    assert _cached(settings) == _blobs(settings, "number-2", "number-3")
    (shared,) = _blobs(settings, "number-1") & _blobs(settings, "number-3")
    read = {name: count for name, count in bucket.reads.items() if not name.endswith(".json")}
    every = _blobs(settings, "number-1", "number-2", "number-3")
    assert read == dict.fromkeys(every, 1)
    assert shared in read


def test_a_rollback_reads_nothing_but_the_manifest(settings, clock, bucket):
    build(settings.store_url, "first", seed=1)
    releases = Releases(_on_s3(settings), clock)
    build(settings.store_url, "second", seed=2)
    clock.now += CHECK_S
    assert releases.refreshed_id() == "second"
    read = bucket.reads.total()
    store = Store(settings.store_url)
    make_current(store, "first", read_pointer(store))
    clock.now += CHECK_S
    assert releases.refreshed_id() == "first"
    assert bucket.reads.total() == read + 2  # the pointer and the manifest


def test_whoever_asks_when_it_is_time_waits_for_nothing(settings, clock, bucket):
    build(settings.store_url, "first", seed=1)
    releases = Releases(_on_s3(settings), clock)
    build(settings.store_url, "second", seed=2)
    clock.now += CHECK_S
    bucket.gate.clear()
    assert [_serving(releases) for _ in range(5)] == ["first"] * 5
    assert bucket.waiting.wait(10)
    assert _serving(releases) == "first"
    bucket.gate.set()
    assert releases.refreshed_id() == "second"
    assert (_serving(releases), bucket.reads[POINTER]) == ("second", 2)


def test_a_process_can_end_while_it_looks(settings, bucket, tmp_path):
    build(settings.store_url, "first", seed=1)
    script = f"""
import dataclasses, threading
from lambda_search.releases import Releases
from lambda_search.settings import Settings
releases = Releases(Settings("s3://bucket/store", __import__("pathlib").Path({str(tmp_path)!r}), 0))
input("serving")
releases.current()
"""
    command = [sys.executable, "-c", script]
    environment = bucket.environment() | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.read(7) == b"serving"
        bucket.gate.clear()
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert bucket.waiting.wait(20)
        assert process.wait(20) == 0
        assert not bucket.gate.is_set()


def test_a_blob_that_another_process_deletes_is_fetched_again(settings, clock, bucket, monkeypatch):
    build(settings.store_url, "first", seed=1)
    opened = []

    def open_late(fetched, threads):
        opened.append(fetched)
        if len(opened) == 1:
            BlobCache(settings.cache_dir).drop_all_but(())
        return open_fetched(fetched, threads)

    monkeypatch.setattr(opening, "open_fetched", open_late)
    releases = Releases(_on_s3(settings), clock)
    assert (_serving(releases), len(opened)) == ("first", 2)


def test_renewed_it_looks_at_once_through_a_new_connection(settings, clock, bucket):
    build(settings.store_url, "first", seed=1)
    releases = Releases(_on_s3(settings), clock)
    store, _ = releases.current_with_store()
    build(settings.store_url, "second", seed=2)
    releases.renew()
    assert releases.refreshed_id() == "second"
    assert releases.current_with_store()[0] is not store
    assert bucket.reads[POINTER] == 2


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


def test_a_sample_on_s3_is_read_by_the_function(settings, bucket):
    release = build(settings.store_url, "first", seed=1)
    client = TestClient(create_app(_on_s3(settings)), follow_redirects=False)
    answer = client.get("/samples/1")
    assert (answer.status_code, answer.content) == (200, release.photos[0].jpeg)
    assert answer.headers["content-type"] == "image/jpeg"


def test_a_photo_on_s3_is_a_redirect_that_anybody_can_follow(settings, bucket):
    release = build(settings.store_url, "first", seed=1)
    client = TestClient(create_app(_on_s3(settings)), follow_redirects=False)
    photo = release.photos[0]
    answer = client.get(f"/photos/{photo.image_id}")
    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["cache-control"] == "private, max-age=240"
    url = answer.headers["location"]
    assert url.startswith(f"{bucket.url}/bucket/store/blobs/")
    assert "X-Amz-Expires=3600" in url
    assert httpx2.get(url).content == photo.jpeg
