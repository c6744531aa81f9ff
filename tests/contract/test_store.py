"""What a store promises, on a local directory and on S3 alike; and what its errors say."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from release import store as store_module
from release.blobs import blob_of, fetch_blob, write_blob
from release.errors import (
    ConflictError,
    DamagedBlobError,
    MissingObjectError,
    StoreError,
)
from release.store import Store

Operation = Callable[[Store], object]
READS: dict[str, Operation] = {
    "read": lambda store: store.read("a"),
    "read_chunks": lambda store: list(store.read_chunks("a", 10)),
    "list": lambda store: list(store.list("a")),
}
WRITES: dict[str, Operation] = {
    "write": lambda store: store.write("a", b"x"),
    "write_once": lambda store: store.write_once("a", b"x"),
    "replace": lambda store: store.replace("a", b"x", None),
}


def outcomes(operation: Callable[[int], None], times: int = 8) -> list[str]:
    """What many threads got that did the same at once, by the names of the errors."""

    def attempt(number: int) -> str:
        try:
            operation(number)
        except ConflictError:
            return "conflict"
        return "written"

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(attempt, range(times)))


def test_what_was_written_is_read(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"from a file")
    store.write("runs/one/a b.bin", b"\x00\xff")
    store.write("runs/one/file", tmp_path / "file")
    store.write("empty", b"")
    assert store.read("runs/one/a b.bin") == b"\x00\xff"
    assert store.read("runs/one/file") == b"from a file"
    assert store.read("empty") == b""
    store.write("runs/one/file", b"over it")
    assert store.read("runs/one/file") == b"over it"


def test_an_object_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(MissingObjectError, match=r"a store/no/such: there is no such object\."):
        store.read("no/such")
    with pytest.raises(MissingObjectError, match="a store/no/such"):
        list(store.read_chunks("no/such", 1))
    assert store.stat("no/such") is None
    assert list(store.list("no")) == []


def test_stat_and_list_tell_sizes_and_versions(store: Store) -> None:
    store.write("runs/one/a", b"1")
    store.write("runs/one/b/c", b"22")
    store.write("runs/one-more", b"333")
    found = {entry.path: entry for entry in store.list("runs/one")}
    assert {path: entry.size_bytes for path, entry in found.items()} == {
        "runs/one/a": 1,
        "runs/one/b/c": 2,
    }
    assert {entry.path for entry in store.list("")} == {*found, "runs/one-more"}
    assert store.stat("runs/one/a") == found["runs/one/a"]
    assert store.read_versioned("runs/one/a") == (b"1", found["runs/one/a"].version)
    store.write("runs/one/a", b"9")
    entry = store.stat("runs/one/a")
    assert entry is not None
    assert entry.version != found["runs/one/a"].version


def test_more_objects_than_one_page_of_a_listing_are_all_listed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")  # S3 itself gives 1000
    paths = {f"blobs/{number}" for number in range(31)}
    for path in paths:
        store.write(path, b"")
    assert {entry.path for entry in store.list("blobs")} == paths


def test_write_once_writes_once(store: Store) -> None:
    store.write_once("blobs/a", b"first", "image/jpeg")
    with pytest.raises(ConflictError, match=r"blobs/a was written by somebody else.*try again\."):
        store.write_once("blobs/a", b"second")
    assert store.read("blobs/a") == b"first"


def test_of_many_who_write_once_at_the_same_time_one_does(store: Store) -> None:
    found = outcomes(lambda number: store.write_once("blobs/a", bytes([number])))
    assert found == ["conflict"] * 7 + ["written"]


def test_replace_goes_over_the_version_that_was_read(store: Store) -> None:
    store.replace("current.json", b"one", None)
    _, version = store.read_versioned("current.json")
    store.replace("current.json", b"two", version)
    with pytest.raises(ConflictError, match=r"current\.json was written by somebody else"):
        store.replace("current.json", b"stale", version)
    with pytest.raises(ConflictError):
        store.replace("current.json", b"first of all", None)
    assert store.read("current.json") == b"two"


def test_replace_of_what_was_deleted_is_a_conflict(store: Store) -> None:
    store.write("current.json", b"one")
    _, version = store.read_versioned("current.json")
    store.delete(["current.json"])
    with pytest.raises(ConflictError):
        store.replace("current.json", b"two", version)
    assert store.stat("current.json") is None


def test_of_many_who_replace_the_same_version_one_does(store: Store) -> None:
    store.write("current.json", b"start")
    _, version = store.read_versioned("current.json")
    found = outcomes(lambda number: store.replace("current.json", bytes([number]), version))
    assert found == ["conflict"] * 7 + ["written"]


def test_delete_passes_over_what_is_not_there(store: Store) -> None:
    store.write("a", b"")
    store.write("b", b"")
    store.write("c", b"")
    store.delete(["no such", "a", "b"])
    store.delete([])
    assert [entry.path for entry in store.list("")] == ["c"]


@pytest.mark.parametrize("size_bytes", [0, 1, 6, 7, 8, 56, 57, 200])
def test_chunks_put_together_are_the_object(
    store: Store, monkeypatch: pytest.MonkeyPatch, size_bytes: int
) -> None:
    monkeypatch.setattr(store_module, "CHUNK_BYTES", 7)
    content = bytes(range(size_bytes))
    store.write("large", content)
    assert b"".join(store.read_chunks("large", size_bytes)) == content


def test_a_path_that_leaves_the_store_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match=r"\.\."):
        store.read("../outside")
    with pytest.raises(StoreError, match=r"\.\."):
        store.write("blobs/../../outside", b"")


def test_a_blob_is_written_once_and_fetched_whole(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    blob = write_blob(store, content)
    before = store.stat(blob.path)
    assert write_blob(store, content) == blob == blob_of(content)
    assert store.stat(blob.path) == before
    assert fetch_blob(store, blob, tmp_path / "cache").read_bytes() == content
    assert fetch_blob(store, blob, tmp_path / "cache").read_bytes() == content


@pytest.mark.parametrize("length", [0, 7, 50, 99, 101, 100], ids=lambda n: f"{n} bytes")
def test_a_blob_with_other_bytes_is_refused_by_name(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(store_module, "CHUNK_BYTES", 7)
    blob = write_blob(store, b"x" * 100)
    store.write(blob.path, b"y" * length)
    with pytest.raises(DamagedBlobError, match=rf"blobs/{blob.sha256} is damaged.*publish"):
        fetch_blob(store, blob, tmp_path / "cache")


def test_a_blob_that_is_gone_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    blob = blob_of(b"never written")
    with pytest.raises(DamagedBlobError, match=rf"blobs/{blob.sha256} is missing.*publish"):
        fetch_blob(store, blob, tmp_path / "cache")


def test_a_blob_of_the_wrong_length_is_written_again(store: Store, tmp_path: Path) -> None:
    """As a machine leaves it that lost its power while it wrote."""
    blob = write_blob(store, b"x" * 100)
    store.write(blob.path, b"x" * 40)
    write_blob(store, b"x" * 100)
    assert fetch_blob(store, blob, tmp_path / "cache").read_bytes() == b"x" * 100


def test_a_cached_blob_that_was_damaged_is_fetched_again(s3_url: str, tmp_path: Path) -> None:
    store = Store(s3_url)
    blob = write_blob(store, b"content")
    fetch_blob(store, blob, tmp_path).write_bytes(b"damaged")
    assert fetch_blob(store, blob, tmp_path).read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == [blob.sha256]


def test_a_presigned_url_reads_without_credentials(s3_url: str) -> None:
    store = Store(s3_url)
    store.write_once("blobs/photo", b"jpeg", "image/jpeg")
    url = store.presign("blobs/photo", timedelta(minutes=5))
    assert url is not None
    answer = httpx2.get(url)
    assert (answer.content, answer.headers["content-type"]) == (b"jpeg", "image/jpeg")


def test_a_local_store_has_files_and_no_presigned_urls(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write("blobs/photo", b"jpeg")
    assert store.local("blobs/photo") == tmp_path / "blobs" / "photo"
    assert store.presign("blobs/photo", timedelta(minutes=5)) is None


@pytest.mark.parametrize("operation", [*READS, *WRITES])
def test_a_bucket_that_is_not_there_is_said_to_be_missing(s3_url: str, operation: str) -> None:
    store = Store("s3://no-such-bucket/a")
    with pytest.raises(StoreError, match=r"s3://no-such-bucket/a.*no such bucket\. Make it") as hit:
        (READS | WRITES)[operation](store)
    assert type(hit.value) is StoreError


@pytest.mark.parametrize("operation", [*READS, *WRITES])
def test_an_endpoint_that_is_down_is_known_after_seconds(
    monkeypatch: pytest.MonkeyPatch, s3_url: str, operation: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = Store(s3_url)
    started = time.monotonic()
    with pytest.raises(StoreError, match=r"s3://.*/a store/a: .*error sending request") as hit:
        (READS | WRITES)[operation](store)
    assert type(hit.value) is StoreError
    assert "\n" not in str(hit.value)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", r"^The store's URL is empty\. Give a folder or s3://bucket/prefix\.$"),
        ("http://example.com/a", "^http://example.com/a: unknown kind of store. Choices are: a f"),
        ("gs://bucket/a", "^gs://bucket/a: unknown kind of store"),
        ("file://host/a", "^file://host/a: unknown kind of store"),
        ("s3://", "^s3://: "),
        ("s3:///a", "^s3:///a: "),
        ("{folder}/file", r"file is a file\. Give a folder or s3://bucket/prefix\.$"),
        ("{folder}/none", r"none: there is no such folder\."),
        ("file://{folder}/none", r"none: there is no such folder\."),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(tmp_path: Path, url: str, message: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=message):
        Store(url.format(folder=tmp_path))


def test_a_folder_is_made_only_when_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "a store"
    Store(str(folder), create=True).write("a", b"1")
    assert Store(folder.as_uri()).read("a") == b"1"
    with pytest.raises(StoreError, match="is a file"):
        Store(str(folder / "a"), create=True)


def test_a_relative_folder_is_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store("./store", create=True)
    store.write("a", b"1")
    assert (tmp_path / "store" / "a").read_bytes() == b"1"
