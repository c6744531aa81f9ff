"""The job prune: marketplace-search prune [--keep N] [--older-than HOURS] [--delete]"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from batch_jobs.progress import Progress
from batch_jobs.prune.blobs import NamedBlobs, path_of
from batch_jobs.prune.plan import Keep, Look, Plan, make_plan
from release.manifest import manifest_path
from release.marks import Mark, give_way, pruning
from release.store import Store

BATCH = 1000  # as many as S3 deletes in one request
BEAT_EVERY_S = 5.0  # while a plan is made; so long a rollback waits for it


@dataclass
class _Beat:
    """Renews the mark and gives way to a publish, at most every so many seconds."""

    mark: Mark
    last: float = 0.0

    def __call__(self) -> None:
        if time.monotonic() - self.last > BEAT_EVERY_S:
            self.now()

    def now(self) -> None:
        # In this order: whoever saw this mark dead has written his own before, and is seen.
        self.mark.renew()
        give_way(self.mark)
        self.last = time.monotonic()


def plan(store: Store, keep: Keep) -> Plan:
    """What would go. Nothing is written."""
    return make_plan(store, keep, Look(datetime.now(UTC), NamedBlobs(store)))


def run(store: Store, keep: Keep, progress: Progress) -> Plan:
    """Deletes, and says what. Killed at any moment, it goes on when run again.

    Raises ConflictError beside a publish, a rollback or another prune, and where one of the
    former begins meanwhile; what was deleted until then is of no release.
    """
    named = NamedBlobs(store)
    # Made before the mark too: who publishes need not wait while a large store is looked through.
    planned = make_plan(store, keep, Look(datetime.now(UTC), named))
    if not planned:
        return planned
    with pruning(store) as mark:
        beat = _Beat(mark)
        going = make_plan(store, keep, Look(mark.now(), named, beat, planned)).both(planned)
        _delete(store, going, beat, progress)
    return going


def _delete(store: Store, going: Plan, beat: _Beat, progress: Progress) -> None:
    """Manifests go first: killed at any moment, no release names what is gone."""

    def delete(paths: Iterable[str]) -> None:
        for batch in _batches(paths):
            beat.now()
            store.delete(batch)

    delete(map(manifest_path, going.releases))
    for run_id in progress.track(going.runs, len(going.runs), "prune: runs"):
        _delete_run(store, run_id, going.before, delete)
    delete(map(path_of, progress.track(going.blobs, len(going.blobs), "prune: blobs")))
    delete(going.plans)


def _delete_run(
    store: Store, run_id: str, before: datetime, delete: Callable[[Iterable[str]], None]
) -> None:
    """A run that somebody has gone on with since it was planned stays."""
    entries = list(store.list(f"runs/{run_id}"))
    if any(entry.modified > before for entry in entries):
        return
    # These first: a stage that is done is taken to have all its outputs.
    delete(entry.path for entry in entries if entry.path.endswith("/done.json"))
    delete(entry.path for entry in entries if not entry.path.endswith("/done.json"))
    if folder := store.local(f"runs/{run_id}"):
        _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    """A folder as the store keeps empty folders, which would be listed as a run."""
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # not empty: somebody began it anew
            Path(path).rmdir()


def _batches(paths: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(paths)
    while batch := list(islice(rest, BATCH)):
        yield batch
