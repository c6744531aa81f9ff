"""What a folder of blobs keeps, what it reads again, and what it lets go."""

import os
import re
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest

from release import blobs
from release.blob_cache import LEFT_BEHIND_S, BlobCache
from release.blobs import Blob, blob_of, write_blob
from release.errors import DamagedBlobError, ReleaseFileError
from release.store import Store

CONTENTS = [bytes([number]) * 1000 for number in range(9)]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose content is hashed from now on."""
    found: list[Path] = []

    def noting(content: bytes | Path) -> Blob:
        if isinstance(content, Path):
            found.append(content)
        return blob_of(content)

    monkeypatch.setattr(blobs, "blob_of", noting)
    return found


def _written(store: Store) -> list[Blob]:
    return [write_blob(store, content) for content in CONTENTS]


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_all_blobs_of_a_release_are_fetched(store: Store, tmp_path: Path) -> None:
    wanted = _written(store)
    found = BlobCache(tmp_path / "cache").fetch(store, [*wanted, *wanted])
    assert [found[blob].read_bytes() for blob in wanted] == CONTENTS


def test_what_was_right_is_hashed_again_only_when_it_was_written(
    store: Store, tmp_path: Path, hashed: list[Path]
) -> None:
    wanted = _written(store)
    cache = BlobCache(tmp_path / "cache")
    found = cache.fetch(store, wanted)
    del hashed[:]
    assert cache.fetch(store, wanted) == found
    assert hashed == []
    os.utime(found[wanted[3]], ns=(1, 1))
    cache.fetch(store, wanted)
    assert hashed == [found[wanted[3]]]


def test_a_damaged_blob_of_a_local_store_is_refused_also_when_it_was_right(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"), create=True)
    (blob, *_) = wanted = _written(store)
    cache = BlobCache(tmp_path / "cache")
    cache.fetch(store, wanted)[blob].write_bytes(b"y" * 1000)
    with pytest.raises(DamagedBlobError, match=rf"blobs/{blob.sha256} is damaged"):
        cache.fetch(store, wanted)


def test_a_damaged_blob_of_the_folder_is_fetched_again(s3_url: str, tmp_path: Path) -> None:
    store = Store(s3_url)
    (blob, *_) = wanted = _written(store)
    cache = BlobCache(tmp_path)
    cache.fetch(store, wanted)[blob].write_bytes(b"y" * 1000)
    assert cache.fetch(store, wanted)[blob].read_bytes() == CONTENTS[0]


def test_a_blob_that_is_gone_from_the_folder_is_fetched_again(s3_url: str, tmp_path: Path) -> None:
    store = Store(s3_url)
    (blob, *_) = wanted = _written(store)
    cache = BlobCache(tmp_path)
    cache.fetch(store, wanted)[blob].unlink()
    assert cache.fetch(store, wanted)[blob].read_bytes() == CONTENTS[0]


def test_others_go_and_what_is_no_blob_stays(s3_url: str, tmp_path: Path) -> None:
    store = Store(s3_url)
    wanted = _written(store)
    cache = BlobCache(tmp_path)
    cache.fetch(store, wanted)
    (tmp_path / "notes.txt").touch()
    being_written, left_behind = (
        tmp_path / f"{'0' * 64}.1-1.part",
        tmp_path / f"{'1' * 64}.1-1.part",
    )
    being_written.touch()
    left_behind.touch()
    long_ago = time.time() - LEFT_BEHIND_S - 1
    os.utime(left_behind, (long_ago, long_ago))
    cache.drop_all_but(wanted[:2])
    kept = {blob.sha256 for blob in wanted[:2]}
    assert _names(tmp_path) == {*kept, "notes.txt", being_written.name}
    BlobCache(tmp_path / "not there").drop_all_but(())


def _disk_of(monkeypatch: pytest.MonkeyPatch, folder: Path, size_bytes: int) -> None:
    """As if the folder were a disk of that size."""
    usage = namedtuple("usage", ["free"])

    def disk_usage(_: Path) -> usage:
        used = sum(path.stat().st_size for path in folder.iterdir()) if folder.is_dir() else 0
        return usage(size_bytes - used)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)


def test_where_the_disk_is_full_all_goes_but_what_serves_and_what_is_wanted(
    s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = Store(s3_url), tmp_path / "cache"
    wanted = _written(store)
    cache = BlobCache(folder)
    _disk_of(monkeypatch, folder, 5_000)
    cache.fetch(store, wanted[:5])
    cache.fetch(store, wanted[4:6], keep=wanted[1:3])
    assert _names(folder) == {wanted[n].sha256 for n in (1, 2, 4, 5)}


def test_no_room_even_then_is_an_error_with_sizes_and_leaves_what_serves(
    s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = Store(s3_url), tmp_path / "cache"
    wanted = [write_blob(store, bytes([n]) * 1_000_000) for n in range(4)]
    cache = BlobCache(folder)
    _disk_of(monkeypatch, folder, 2_500_000)
    cache.fetch(store, wanted[:1])
    message = f"{folder} has 2 MB left, and the release needs 3 MB more. Give the disk more room"
    with pytest.raises(ReleaseFileError, match=re.escape(message)):
        cache.fetch(store, wanted[1:], keep=wanted[:1])
    assert _names(folder) == {wanted[0].sha256}


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(
    s3_url: str, tmp_path: Path
) -> None:
    store = Store(s3_url)
    blob = write_blob(store, b"x")
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ReleaseFileError, match=r"cache cannot be written: .*CACHE_DIR"):
        BlobCache(tmp_path / "cache").fetch(store, [blob])
