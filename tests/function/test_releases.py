"""A newer release comes in while the function answers; a bad one does not."""

import dataclasses
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from changed_release import MIXED, publish_changed
from fastapi.testclient import TestClient
from small_release import build

from lambda_search.app import create_app
from lambda_search.releases import RETRY_S, Releases
from lambda_search.settings import Settings
from release.blobs import blob_of
from release.errors import NoReleaseError
from release.fetching import POINTER, read_manifest, read_pointer
from release.publisher import make_current
from release.store import Store

CHECK_S = 60.0


def _looked(releases: Releases) -> str | None:
    """Who serves once the look is over that is due now."""
    return releases.refreshed_id()


def _index_of(settings: Settings, release_id: str) -> Path:
    files = read_manifest(Store(settings.store_url), release_id).files
    return Path(settings.store_url) / files["base/index.faiss"].path


def test_a_new_release_serves_after_the_interval_and_not_before(settings, clock):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    build(settings.store_url, "second", seed=2, listing_count=5)
    clock.now += CHECK_S - 1
    assert _looked(releases) == "first"
    clock.now += 1
    assert _looked(releases) == "second"
    assert releases.current().search.listing_count == 5


def test_a_rollback_is_the_same_way_backwards(settings, clock):
    build(settings.store_url, "first", seed=1)
    build(settings.store_url, "second", seed=2)
    releases = Releases(settings, clock)
    store = Store(settings.store_url)
    make_current(store, "first", read_pointer(store))
    clock.now += CHECK_S
    assert _looked(releases) == "first"


def test_a_request_finishes_on_the_release_that_it_began_with(settings, clock):
    first = build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    held = releases.current()
    build(settings.store_url, "second", seed=2)
    clock.now += CHECK_S
    assert _looked(releases) == "second"
    photo = first.photos[0]
    ids = held.search.search(held.extract(photo.png).embedding, 1)
    assert ids == [[photo.image_id]]


def test_a_damaged_release_is_refused_by_its_blobs_name_and_the_old_one_serves(
    settings, clock, caplog
):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    build(settings.store_url, "second", seed=2)
    damaged = _index_of(settings, "second")
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    clock.now += CHECK_S
    with caplog.at_level(logging.ERROR):
        assert _looked(releases) == "first"
    assert f"blobs/{damaged.name} is damaged" in caplog.text
    assert "first goes on serving" in caplog.text
    assert releases.failures == 1
    assert "Traceback" not in caplog.text

    damaged.write_bytes(content)
    assert _looked(releases) == "first"
    clock.now += CHECK_S
    assert _looked(releases) == "second"


def test_a_missing_blob_is_refused_by_its_name(settings, clock, caplog):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    build(settings.store_url, "second", seed=2)
    missing = _index_of(settings, "second")
    missing.unlink()
    clock.now += CHECK_S
    assert _looked(releases) == "first"
    assert f"blobs/{missing.name} is missing" in caplog.text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "names no release"),
        (b'{"release": "../../etc/passwd"}', "which is no release id"),
        (b'{"release": "never-published"}', "has no release 'never-published'"),
        (b'{"release": "newer"}', "schema version 99"),
    ],
)
def test_a_pointer_or_manifest_that_is_wrong_changes_nothing(
    settings, clock, caplog, content, reason
):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    store = Store(settings.store_url)
    store.write("releases/newer.json", b'{"schema_version": 99}')
    store.write(POINTER, content)
    clock.now += CHECK_S
    assert _looked(releases) == "first"
    assert reason in caplog.text


def test_a_release_that_loads_and_answers_nothing_never_serves(settings, clock, caplog):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    publish_changed(settings.store_url, "first", MIXED)
    clock.now += CHECK_S
    assert (_looked(releases), releases.failures) == ("first", 1)
    assert "photos that the index has" in caplog.text
    releases = Releases(settings, clock)
    with pytest.raises(NoReleaseError, match="the log says why"):
        releases.current()


def test_the_age_is_that_of_the_release_and_not_of_the_process(settings, clock):
    build(settings.store_url, "first", seed=1)
    made_at = datetime.fromisoformat(read_manifest(Store(settings.store_url), "first").created_at)
    before = datetime.now(UTC)
    age_s = Releases(settings, clock).age_s
    assert age_s is not None
    assert before - made_at <= timedelta(seconds=age_s) <= datetime.now(UTC) - made_at


@pytest.mark.parametrize("created_at", ["yesterday", ""])
def test_a_release_that_was_made_at_no_time_is_refused(settings, clock, caplog, created_at):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    store = Store(settings.store_url)
    odd = dataclasses.replace(
        read_manifest(store, "first"), release_id="odd", created_at=created_at
    )
    store.write_once(odd.path, odd.to_json())
    make_current(store, "odd", read_pointer(store))
    clock.now += CHECK_S
    assert _looked(releases) == "first"
    assert f"was created at {created_at!r}, which is no time" in caplog.text


def test_the_store_gone_leaves_the_release_and_its_return_is_seen(settings, clock, caplog):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    folder = Path(settings.store_url)
    folder.rename(folder.with_name("away"))
    clock.now += CHECK_S
    assert _looked(releases) == "first"
    assert "first goes on serving" in caplog.text
    folder.with_name("away").rename(folder)
    build(settings.store_url, "second", seed=2)
    clock.now += CHECK_S
    assert _looked(releases) == "second"


def test_without_a_release_the_log_has_the_reason_until_one_appears(settings, clock, caplog):
    releases = Releases(settings, clock)
    assert releases.refreshed_id() is None
    with pytest.raises(NoReleaseError, match="the log says why") as error:
        releases.current()
    assert settings.store_url not in str(error.value)  # it is nobody's business who asks
    assert f"{settings.store_url}: there is no such folder" in caplog.text
    Store(settings.store_url, create=True)
    clock.now += RETRY_S
    with pytest.raises(NoReleaseError, match="There is no release yet"):
        releases.current()
    build(settings.store_url, "first", seed=1)
    clock.now += RETRY_S - 1
    with pytest.raises(NoReleaseError):
        releases.current()
    clock.now += 1
    assert _looked(releases) == "first"


@pytest.mark.parametrize("content", [None, b"another photo"])
def test_a_photo_that_the_store_has_lost_or_damaged_is_not_served(settings, content, caplog):
    release = build(settings.store_url, "first", seed=1)
    client = TestClient(create_app(settings))
    photo = release.photos[0]
    path = Path(settings.store_url) / blob_of(photo.jpeg).path
    path.unlink()
    if content:
        path.write_bytes(content)
    answer = client.get(f"/photos/{photo.image_id}")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert settings.store_url not in answer.text
    assert path.name in caplog.text
