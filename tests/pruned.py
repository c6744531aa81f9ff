"""Stores with several small releases, and whether each is whole; prunes that see all as old."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Lock, local
from typing import Any

import pytest
from small_release import SmallRelease

from batch_jobs.progress import Progress
from batch_jobs.prune import job
from batch_jobs.prune.plan import Keep, Plan
from release import marks
from release.fetching import list_manifests, read_manifest, read_pointer
from release.publisher import publish
from release.store import Store

ALL_OLD = timedelta(0)
KEEP_ONE = Keep(1, ALL_OLD)


def paths(store: Store, folder: str = "") -> set[str]:
    return {entry.path for entry in store.list(folder)}


def blobs_of(small: SmallRelease) -> set[str]:
    """All that a small release is made of: its own store has nothing else."""
    return paths(Store(small.store_url), "blobs")


def publish_as(
    store: Store, small: SmallRelease, release_id: str, number: int = 0, **changes: Any
) -> None:
    """Publishes it under another name, made in the `number`-th minute of 2026, by run-<name>.

    `changes` are to its manifest.
    """
    manifest = replace(
        read_manifest(Store(small.store_url), small.release_id),
        release_id=release_id,
        created_at=f"2026-01-01T{number // 60:02}:{number % 60:02}:00",
        run_id=f"run-{release_id}",
        **changes,
    )
    files = {name: Path(small.store_url) / blob.path for name, blob in manifest.files.items()}
    photos = [[photo.jpeg for photo in small.photos]]
    publish(store, manifest, files, photos, read_pointer(store))


def prune(store: Store, keep: Keep = KEEP_ONE) -> Plan:
    return job.run(store, keep, Progress())


def releases(store: Store) -> list[str]:
    """Oldest first."""
    return [manifest.release_id for manifest in list_manifests(store)]


def assert_whole(store: Store, made_of: dict[str, SmallRelease]) -> None:
    """Every release that has a manifest has all its blobs; the current one has a manifest."""
    pointer, there = read_pointer(store), paths(store, "blobs")
    found = releases(store)
    assert pointer is None or pointer.release_id in found
    for name in found:
        assert blobs_of(made_of[name]) <= there, name


@contextmanager
def dead_at_once(kind: str = "PRUNING") -> Iterator[None]:
    """Marks of this kind count for no time: as if their holders had died long ago."""
    with pytest.MonkeyPatch.context() as patch:
        life = timedelta(seconds=-2)  # a bucket's times are in whole seconds
        patch.setattr(marks, kind, replace(getattr(marks, kind), life=life))
        yield


class Between:
    """Does something before the n-th write or delete of whatever else is done meanwhile.

    Not within a write, as at obstore: a folder's compare-and-swap holds a lock.
    """

    def __init__(self, number: int, act: Callable[[], object]) -> None:
        self._number, self._act = number, act
        self._counting, self._acting, self._count = Lock(), False, 0
        self._here = local()

    @property
    def happened(self) -> bool:
        return self._count >= self._number

    @contextmanager
    def installed(self) -> Iterator["Between"]:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("write", "write_once", "replace", "delete"):
                patch.setattr(Store, name, self._hooked(getattr(Store, name)))
            yield self

    def _hooked(self, write: Callable[..., object]) -> Callable[..., object]:
        def hooked(*args: Any, **options: Any) -> object:
            if self._acting or getattr(self._here, "writing", False):
                return write(*args, **options)
            if self._is_the_moment():
                self._act()
                self._acting = False
            self._here.writing = True
            try:
                return write(*args, **options)
            finally:
                self._here.writing = False

        return hooked

    def _is_the_moment(self) -> bool:
        with self._counting:
            self._count += 1
            self._acting = self._count == self._number
            return self._acting
