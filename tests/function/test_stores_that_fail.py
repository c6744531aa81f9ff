"""The store is gone, slow or damaged, at start and while serving; never a wrong answer."""

import dataclasses

import pytest
from folder_over_http import FolderOverHttp
from small_release import SmallRelease, build

from lambda_search import releases as releases_module
from lambda_search.releases import RETRY_S, Releases
from lambda_search.settings import Settings
from release.errors import NoReleaseError
from release.fetching import POINTER

CHECK_S = 60.0


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


FAILURES = {
    "forbidden": {"status": 403},
    "nothing there": {"status": 404},
    "failing": {"status": 500},
    "closed connections": {"status": 0},
    "a bit flipped": {"damage": _flipped},
    "cut": {"damage": _cut},
}
WELL = {"status": 200, "damage": None, "wait_s": 0.0}


@pytest.fixture
def on_s3(settings: Settings) -> Settings:
    return dataclasses.replace(settings, store_url="s3://bucket/store")


def _become(bucket: FolderOverHttp, state: dict[str, object]) -> None:
    for name, value in state.items():
        setattr(bucket, name, value)


def _answers_rightly(releases: Releases, expected: SmallRelease) -> bool:
    """Whether a photo finds itself in the release that is expected, and that answers."""
    release, photo = releases.current(), expected.photos[0]
    found = release.search.search(release.extract(photo.png).embedding, 1)
    return (release.manifest.release_id, found) == (expected.release_id, [[photo.image_id]])


@pytest.mark.parametrize("failure", FAILURES)
def test_at_start_nobody_is_answered_until_the_store_is_well(
    settings, clock, bucket, on_s3, failure
):
    first = build(settings.store_url, "first", seed=1)
    _become(bucket, FAILURES[failure])
    releases = Releases(on_s3, clock)
    with pytest.raises(NoReleaseError):
        releases.current()
    assert (releases.failures, releases.age_s) == (1, None)
    _become(bucket, WELL)
    with pytest.raises(NoReleaseError):
        releases.current()
    clock.now += RETRY_S
    assert _answers_rightly(releases, first)


@pytest.mark.parametrize("failure", FAILURES)
def test_while_serving_the_old_release_answers_until_the_store_is_well(
    settings, clock, bucket, on_s3, failure, caplog
):
    first = build(settings.store_url, "first", seed=1)
    releases = Releases(on_s3, clock)
    second = build(settings.store_url, "second", seed=2)
    _become(bucket, FAILURES[failure])
    clock.now += CHECK_S
    assert _answers_rightly(releases, first)
    assert releases.refreshed_id() == "first"
    assert releases.failures == 1
    assert _answers_rightly(releases, first)
    assert "first goes on serving" in caplog.text
    _become(bucket, WELL)
    clock.now += CHECK_S
    assert releases.refreshed_id() == "second"
    assert _answers_rightly(releases, second)
    assert [path.name for path in on_s3.cache_dir.iterdir() if path.suffix] == []


@pytest.mark.slow
def test_a_slow_store_makes_the_start_wait_and_no_request_after_it(settings, clock, bucket, on_s3):
    first = build(settings.store_url, "first", seed=1)
    bucket.wait_s = 2.0
    releases = Releases(on_s3, clock)
    assert _answers_rightly(releases, first)
    second = build(settings.store_url, "second", seed=2)
    clock.now += CHECK_S
    for _ in range(3):
        assert _answers_rightly(releases, first)
    assert releases.refreshed_id() == "second"
    assert _answers_rightly(releases, second)
    assert bucket.reads[POINTER] == 2


def test_a_store_that_never_answers_keeps_no_warm_up_longer_than_it_may(
    settings, clock, bucket, on_s3, monkeypatch
):
    monkeypatch.setattr(releases_module, "LOOK_WAIT_S", 0.2)
    first = build(settings.store_url, "first", seed=1)
    releases = Releases(on_s3, clock)
    bucket.gate.clear()
    clock.now += CHECK_S
    assert releases.refreshed_id() == "first"
    assert bucket.waiting.is_set()
    assert _answers_rightly(releases, first)


def test_a_read_that_fails_once_is_no_release_that_fails(settings, clock, bucket, on_s3):
    build(settings.store_url, "first", seed=1)
    releases = Releases(on_s3, clock)
    second = build(settings.store_url, "second", seed=2)
    bucket.refused = 1
    clock.now += CHECK_S
    assert releases.refreshed_id() == "second"
    assert releases.failures == 0
    assert _answers_rightly(releases, second)


def test_a_store_whose_port_is_closed_is_like_one_that_fails(settings, clock, bucket, on_s3):
    first = build(settings.store_url, "first", seed=1)
    releases = Releases(on_s3, clock)
    bucket.socket.close()
    bucket.status = 0  # else the connection that is open would go on
    clock.now += CHECK_S
    assert _answers_rightly(releases, first)
    assert releases.refreshed_id() == "first"
    assert releases.failures == 1
