"""Writes the pages about a run: marketplace-search explore --run RUN [--out FOLDER]"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_jobs.explore.folder import check_folder, write_folder
from batch_jobs.explore.index_page import FILE as INDEX
from batch_jobs.explore.index_page import index_page
from batch_jobs.explore.made import Page
from batch_jobs.explore.own_pages import own_pages
from batch_jobs.explore.reports import report
from batch_jobs.explore.stored import StoredRun
from batch_jobs.progress import Progress
from release.store import Store


@dataclass(frozen=True)
class Explored:
    """The folder that was written, and what is in it."""

    folder: Path
    pages: Sequence[Page]

    @property
    def index(self) -> Path:
        return self.folder / INDEX

    @property
    def size_bytes(self) -> int:
        return sum(len(page.content) for page in self.pages)


def run(store: Store, run_id: str, out: Path, progress: Progress) -> Explored:
    """Writes the folder `out` anew: index.html, and a page for all that the run has.

    Raises JobError where the run is not cleaned, or `out` has anything that is not of an earlier
    explore.
    """
    check_folder(out)
    stored = StoredRun.of(store, run_id)
    pages = [report(stored, stage) for stage in ("clean", "train", "index")]
    pages += own_pages(stored, progress)
    pages.insert(0, index_page(stored, pages))
    made = [page for page in pages if not page.why]
    write_folder(out, run_id, {page.file: page.content for page in made})
    return Explored(out, made)
