"""Publishing: seen whole or not at all, whoever dies and whoever else publishes."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import obstore
import pytest
import small_release
from small_release import SmallRelease, build

from release.calibration import Calibration
from release.errors import (
    ConflictError,
    DamagedBlobError,
    ManifestError,
    MarketplaceSearchError,
    NoReleaseError,
)
from release.fetching import POINTER, list_manifests, read_manifest, read_pointer
from release.publisher import make_current, publish, rollback_target
from release.reader import open_current, open_release
from release.store import Store

SCRIPTS = Path(small_release.__file__).parent
INDEX_FILES = 3  # index, rows and listings; the network is the same in every small release
LAST_WRITES = 4  # mark, its renewal, manifest and pointer


class KilledError(BaseException):
    """Stands for the end of the process: nothing that runs may catch it."""


@dataclass
class Writes:
    """Counts the writes to any store, and kills before the n-th and all that follow."""

    allowed: float = float("inf")
    count: int = 0

    def install(self, patch: pytest.MonkeyPatch) -> "Writes":
        put, lock = obstore.put, threading.Lock()

        def counted(*args: Any, **options: Any) -> object:
            with lock:
                self.count += 1
                if self.count > self.allowed:
                    raise KilledError
            return put(*args, **options)

        patch.setattr(obstore, "put", counted)
        return self


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> SmallRelease:
    """A release in a local store of its own, from which it is published into others.

    These seeds draw no photo twice: whether its blob is then written twice is up to the threads.
    """
    return build(str(tmp_path_factory.mktemp("old")), "old", seed=1, listing_count=2)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> SmallRelease:
    return build(str(tmp_path_factory.mktemp("new")), "new", seed=4, listing_count=2)


def publish_into(store: Store, release: SmallRelease, **changes: Any) -> None:
    """Publishes the release as whoever begins now; `changes` are to the arguments of `publish`."""
    source = Store(release.store_url)
    manifest = read_manifest(source, release.release_id)
    arguments: dict[str, Any] = {
        "manifest": manifest,
        "files": {
            name: Path(release.store_url) / blob.path for name, blob in manifest.files.items()
        },
        "photo_batches": [[photo.jpeg for photo in release.photos]],
        "seen": read_pointer(store),
    }
    publish(store, **(arguments | changes))


def served(store: Store, cache: Path) -> str | None:
    """The id of the release that answers, or None. A release that is not whole raises."""
    try:
        release = open_current(store, cache)
    except NoReleaseError:
        return None
    (listing, *_) = release.search.segments[0].listings.product_ids()
    (hits,) = release.search.search_photos(release.search.features_of(listing)[0], 100)
    assert (hits[0].photo.product_id, len(hits)) == (listing, release.search.photo_count)
    for hit in hits:
        entry = store.stat(f"blobs/{hit.photo.sha256}")
        assert entry is not None
        assert entry.size_bytes == hit.photo.size_bytes
    return release.manifest.release_id


def test_a_published_release_serves(store: Store, old: SmallRelease, tmp_path: Path) -> None:
    publish_into(store, old)
    assert served(store, tmp_path) == "old"
    assert [manifest.release_id for manifest in list_manifests(store)] == ["old"]


def test_what_is_there_already_is_not_written_again(
    store: Store, old: SmallRelease, new: SmallRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_into(store, old)
    writes = Writes().install(monkeypatch)
    publish_into(store, old)
    assert writes.count == LAST_WRITES
    publish_into(store, new)
    assert writes.count == LAST_WRITES + len(new.photos) + INDEX_FILES + LAST_WRITES


@pytest.mark.parametrize("first", [True, False], ids=["first release", "over another"])
def test_killed_before_any_write_the_old_release_serves_and_publishing_again_completes(
    store: Store, old: SmallRelease, new: SmallRelease, tmp_path: Path, first: bool
) -> None:
    deaths = 0
    while True:
        here = Store(f"{store.url}/{deaths}", create=True)
        if not first:
            publish_into(here, old)
        with pytest.MonkeyPatch.context() as patch:
            Writes(allowed=deaths).install(patch)
            try:
                publish_into(here, new)
            except KilledError:
                deaths += 1
            else:
                break
        assert served(here, tmp_path) == (None if first else "old")
        publish_into(here, new)
        assert served(here, tmp_path) == "new"
    assert served(here, tmp_path) == "new"
    network = 1 if first else 0
    assert deaths == network + len(new.photos) + INDEX_FILES + LAST_WRITES


KILLED_HARD = """
import itertools, os, sys
import obstore
from small_release import build
put, writes = obstore.put, itertools.count()
def counted(*args, **options):
    if next(writes) == int(sys.argv[2]):
        os._exit(9)
    return put(*args, **options)
obstore.put = counted
build(sys.argv[1], "new", seed=4, listing_count=2)
"""


def test_killed_hard_before_any_write_the_old_release_serves(
    old: SmallRelease, new: SmallRelease, tmp_path: Path
) -> None:
    """Real processes that end at once, with writes of other threads under way."""
    writes = len(new.photos) + INDEX_FILES + LAST_WRITES
    stores = [Store(str(tmp_path / str(number)), create=True) for number in range(writes + 1)]
    for store in stores:
        publish_into(store, old)

    def run(number: int) -> int:
        command = [sys.executable, "-c", KILLED_HARD, stores[number].url, str(number)]
        return subprocess.run(command, cwd=SCRIPTS, check=False).returncode

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert list(pool.map(run, range(writes + 1))) == [9] * writes + [0]
    assert [served(store, tmp_path) for store in stores] == ["old"] * writes + ["new"]
    publish_into(stores[0], new)
    assert served(stores[0], tmp_path) == "new"


def together(*actions: Callable[[], None]) -> list[ConflictError]:
    """The conflicts of actions that begin at the same moment."""
    barrier, conflicts = threading.Barrier(len(actions)), []

    def act(action: Callable[[], None]) -> None:
        barrier.wait()
        try:
            action()
        except ConflictError as error:
            conflicts.append(error)

    with ThreadPoolExecutor(len(actions)) as pool:
        list(pool.map(act, actions))
    return conflicts


@pytest.mark.parametrize("first", [True, False], ids=["first release", "over another"])
def test_of_two_publishes_at_once_one_wins_and_the_other_is_told(
    store: Store, old: SmallRelease, new: SmallRelease, tmp_path: Path, first: bool
) -> None:
    if not first:
        publish_into(store, build(str(tmp_path / "base"), "base", seed=5, listing_count=2))
    seen = read_pointer(store)
    (conflict,) = together(
        lambda: publish_into(store, old, seen=seen), lambda: publish_into(store, new, seen=seen)
    )
    winner = served(store, tmp_path)
    loser = {"old": "new", "new": "old"}[str(winner)]
    assert str(conflict) == (
        f"Another publish made {winner} current meanwhile; {loser} is complete. "
        f"To use it: marketplace-search rollback {loser}"
    )
    make_current(store, loser, read_pointer(store))
    assert served(store, tmp_path) == loser


def test_the_same_release_published_twice_at_once_is_no_conflict(
    store: Store, old: SmallRelease, tmp_path: Path
) -> None:
    seen = read_pointer(store)
    publishing = [lambda: publish_into(store, old, seen=seen)] * 2
    assert together(*publishing) == []
    assert served(store, tmp_path) == "old"


def test_a_publish_that_was_overtaken_leaves_the_pointer(
    store: Store, old: SmallRelease, new: SmallRelease, tmp_path: Path
) -> None:
    publish_into(store, old)
    with pytest.raises(ConflictError, match=r"^Another publish made old current meanwhile; new is"):
        publish_into(store, new, seen=None)
    assert served(store, tmp_path) == "old"
    assert open_release(store, "new", tmp_path).manifest.release_id == "new"


def test_another_release_under_a_used_id_is_refused(
    store: Store, old: SmallRelease, new: SmallRelease, tmp_path: Path
) -> None:
    publish_into(store, old)
    manifest = replace(read_manifest(Store(new.store_url), "new"), release_id="old")
    with pytest.raises(ConflictError, match=r"releases/old\.json was written by somebody else"):
        publish_into(store, new, manifest=manifest)
    assert served(store, tmp_path) == "old"


def test_another_calibration_under_a_used_id_is_refused(store: Store, old: SmallRelease) -> None:
    publish_into(store, old)
    manifest = read_manifest(store, "old")
    with pytest.raises(ConflictError, match=r"releases/old\.json was written by somebody else"):
        publish_into(store, old, manifest=replace(manifest, calibration=Calibration()))
    assert read_manifest(store, "old") == manifest


def test_files_that_are_not_those_of_the_manifest_are_refused(
    store: Store, old: SmallRelease, new: SmallRelease, tmp_path: Path
) -> None:
    publish_into(store, old)
    manifest = read_manifest(Store(new.store_url), "new")
    files = {name: Path(new.store_url) / blob.path for name, blob in manifest.files.items()}
    swapped = files | {"base/index.faiss": files["extractor.onnx"]}
    with pytest.raises(ManifestError, match=r"is not the base/index\.faiss of release new"):
        publish_into(store, new, files=swapped)
    del files["base/index.faiss"]
    with pytest.raises(ManifestError, match=r"^Release new has the files .*; given were base/lis"):
        publish_into(store, new, files=files)
    assert served(store, tmp_path) == "old"


@pytest.mark.parametrize("name", ["extractor.onnx", "base/index.faiss", "base/listings.sqlite"])
@pytest.mark.parametrize("damage", ["flipped", "short", "gone"])
def test_a_damaged_blob_is_refused_by_name_and_publishing_again_mends_it(
    store: Store, old: SmallRelease, tmp_path: Path, name: str, damage: str
) -> None:
    publish_into(store, old)
    blob = read_manifest(store, "old").files[name]
    content = bytearray(store.read(blob.path))
    content[len(content) // 2] ^= 1
    store.delete([blob.path])
    if damage != "gone":
        store.write(blob.path, bytes(content if damage == "flipped" else content[:-1]))
    with pytest.raises(DamagedBlobError, match=f"blobs/{blob.sha256} is (damaged|missing)"):
        open_current(store, tmp_path / "cache")
    store.delete([blob.path])
    publish_into(store, old)
    assert served(store, tmp_path / "cache") == "old"


@pytest.mark.parametrize(
    "pointer", [b"", b"{}", b"[]", b'{"release": 1}', b'{"release": "../x"}', b"[" * 100_000]
)
def test_a_damaged_pointer_is_an_error_and_not_an_empty_store(
    store: Store, old: SmallRelease, tmp_path: Path, pointer: bytes
) -> None:
    publish_into(store, old)
    store.write(POINTER, pointer)
    with pytest.raises(ManifestError, match=r"current\.json names .*no release.*Delete it"):
        open_current(store, tmp_path)
    store.delete([POINTER])
    publish_into(store, old)
    assert served(store, tmp_path) == "old"


def test_a_pointer_to_a_release_that_is_gone_says_which(store: Store, tmp_path: Path) -> None:
    store.write(POINTER, b'{"release": "gone"}')
    with pytest.raises(ManifestError, match="has no release 'gone'"):
        open_current(store, tmp_path)


def test_a_manifest_under_another_name_is_refused(
    store: Store, old: SmallRelease, tmp_path: Path
) -> None:
    publish_into(store, old)
    store.write("releases/copy.json", store.read("releases/old.json"))
    store.write(POINTER, b'{"release": "copy"}')
    with pytest.raises(ManifestError, match=r"releases/copy\.json says it is release 'old'\."):
        open_current(store, tmp_path)


def test_rolling_back_serves_the_release_before(
    store: Store, old: SmallRelease, new: SmallRelease, tmp_path: Path
) -> None:
    publish_into(store, old)
    with pytest.raises(ConflictError, match="has no release older than the current one"):
        rollback_target(store, list_manifests(store))
    later = replace(read_manifest(Store(new.store_url), "new"), created_at="2027-01-01T00:00:00Z")
    publish_into(store, new, manifest=later)
    assert [manifest.release_id for manifest in list_manifests(store)] == ["old", "new"]
    target = rollback_target(store, list_manifests(store))
    make_current(store, target, read_pointer(store))
    assert served(store, tmp_path) == "old"


def test_only_a_release_that_is_there_can_be_made_current(
    store: Store, old: SmallRelease, tmp_path: Path
) -> None:
    publish_into(store, old)
    with pytest.raises(MarketplaceSearchError, match="has no release 'none'"):
        make_current(store, "none", read_pointer(store))
    assert served(store, tmp_path) == "old"
