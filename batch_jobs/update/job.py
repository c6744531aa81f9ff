"""The job update: marketplace-search update --catalogue PATH [--compact]"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_jobs import cleaned
from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.catalogue.catalogue import open_catalogue
from batch_jobs.clean.stage import CleanOptions, default_run_id
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, StageFolder
from batch_jobs.stage_lines import print_line
from batch_jobs.update.base import Base, find_base
from batch_jobs.update.compaction import UpdateOptions, burden_of, wants_compaction
from batch_jobs.update.compare import Changes, compare
from batch_jobs.update.embedding import embed_changes
from batch_jobs.update.new_base import write_new_base
from batch_jobs.update.publishing import publish_update
from batch_jobs.update.segments import write_segments
from batch_jobs.update.work import Work
from release.errors import JobError
from release.store import Store

NOTHING = Changes(frozenset(), frozenset(), frozenset())


@dataclass(frozen=True)
class Updated:
    """What an update did; `release` is the current one, whether or not it is new."""

    release: str
    changes: Changes
    seconds: float
    counts: dict[str, Any]  # embedded, taken_over, segment; empty where up to date

    @property
    def up_to_date(self) -> bool:
        return not self.counts


def run(store: Store, given_catalogue: str, options: UpdateOptions, progress: Progress) -> Updated:
    """Cleans the catalogue and brings the current release up to date with it.

    Killed at any moment, it goes on when run again; if another release became current meanwhile,
    it compares with that one. Raises JobError where the current release is of another catalogue,
    ConflictError where another publish is quicker.
    """
    started = time.monotonic()
    catalogue = open_catalogue(given_catalogue, store)
    with tempfile.TemporaryDirectory() as cache:
        base = find_base(store, catalogue.name, Path(cache))
        if base.manifest.catalogue.sha256 == catalogue.fingerprint and not options.compact:
            return Updated(base.release_id, NOTHING, time.monotonic() - started, {})
        cleaning = CleanOptions(base.manifest.extractor.size)
        run_id = default_run_id(catalogue, cleaning)
        print_line("clean", clean_stage.run(store, given_catalogue, cleaning, run_id, progress))
        return update(base, StageFolder(store, run_id, "clean"), options, progress)


def update(base: Base, clean: StageFolder, options: UpdateOptions, progress: Progress) -> Updated:
    """Brings the release up to date with what a cleaning kept."""
    started = time.monotonic()
    with base.opened():
        changes = compare(base.live(), cleaned.contents(clean))
        _refuse_nothing_left(base, clean, changes)
        burden = burden_of(base, changes, cleaned.count_photos(clean, changes.written))
        compacts = wants_compaction(burden, options)
        counts: dict[str, Any] = {}
        release = base.release_id
        if changes or compacts:
            release, counts = _make(Work(base, clean, changes, compacts, progress))
    return Updated(release, changes, time.monotonic() - started, counts)


def _make(work: Work) -> tuple[str, dict[str, Any]]:
    """Each step is a stage's folder of the update's own run, so a killed one goes on."""
    embedded: Done | None = None
    if work.compacts or work.changes.written:
        embedded = embed_changes(work)
    indexed = write_new_base(work) if work.compacts else write_segments(work, embedded)
    published = publish_update(work)
    found = embedded.counts if embedded else {"embedded": 0, "taken_over": 0}
    counts = {name: found[name] for name in ("embedded", "taken_over")}
    counts |= {name: indexed.counts[name] for name in ("segment", "photos", "plan")}
    return published.counts["release"], counts


def _refuse_nothing_left(base: Base, clean: StageFolder, changes: Changes) -> None:
    if not changes.written and len(changes.removed) == sum(
        old.segment.listing_count for old in base.segments
    ):
        where = clean.store.where(clean.path("report.html"))
        raise JobError(
            f"The catalogue has no listing with a photo any more, and a release needs one; "
            f"{where} says what was rejected. Release {base.release_id} stays."
        )
