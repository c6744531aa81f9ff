"""The stage clean: a catalogue becomes tables and same-size photos, and every reject has a reason.

marketplace-search clean --catalogue demo/furniture
"""

from dataclasses import dataclass

from batch_jobs.clean.catalogue.catalogue import Catalogue, open_catalogue
from batch_jobs.clean.catalogue.class_folders import read_class_folders
from batch_jobs.clean.ledger import Ledger, open_ledger
from batch_jobs.clean.listings.categories import Categories
from batch_jobs.clean.listings.listings import Listings
from batch_jobs.clean.photos.earlier import find_earlier
from batch_jobs.clean.photos.join import add_files, join_photos
from batch_jobs.clean.photos.prepare import PhotoFiles, PhotoPreparer
from batch_jobs.clean.photos.rows import PhotoRows
from batch_jobs.clean.photos.settle import settle
from batch_jobs.clean.records.formats import read_table
from batch_jobs.clean.report.page import write_page
from batch_jobs.clean.report.report import report_of
from batch_jobs.clean.report.shown import Report, with_files
from batch_jobs.clean.report.thumbnails import PhotoSources, make_thumbnails
from batch_jobs.clean.tables_out import write_products, write_rejects
from batch_jobs.memory import cycles_sought_seldom, hand_back_memory
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Inputs, Shard, StageFolder, digest_of, software
from release.errors import JobError
from release.pixels import MIN_SIDE
from release.store import Store

MAX_SIZE = 1024
WHOLE = Shard()


@dataclass(frozen=True)
class CleanOptions:
    """`size` is the side of the prepared photos in pixels; `shard`, the photos to prepare now."""

    size: int = 224
    shard: Shard = WHOLE

    def __post_init__(self) -> None:
        if not MIN_SIDE <= self.size <= MAX_SIZE:
            raise JobError(f"--size {self.size}: give {MIN_SIDE} to {MAX_SIZE} pixels.")

    @property
    def inputs(self) -> dict[str, int]:
        """What the outputs depend on; they are the same for any number of shards."""
        return {"size": self.size}


def default_run_id(catalogue: Catalogue, options: CleanOptions) -> str:
    """The catalogue's name and ten characters that change with its content and the options."""
    digest = digest_of({"fingerprint": catalogue.fingerprint, "options": options.inputs})
    return f"{catalogue.name}-{digest[:10]}"


def inputs_of(catalogue: Catalogue, options: CleanOptions) -> Inputs:
    """What a cleaning is made from."""
    return {
        "catalogue": catalogue.name,
        "fingerprint": catalogue.fingerprint,
        "options": options.inputs,
        "software": software(),
    }


def run(
    store: Store,
    given_catalogue: str,
    options: CleanOptions,
    run_id: str | None,
    progress: Progress,
) -> Done | None:
    """Writes products.parquet, photos-*.parquet, rejects.parquet, report.json and report.html.

    A shard prepares its part of the photos; the last one to end writes the rest, others give
    None. Raises JobError where the catalogue cannot be read.
    """
    catalogue = open_catalogue(given_catalogue, store)
    inputs = inputs_of(catalogue, options)
    folder = StageFolder(store, run_id or default_run_id(catalogue, options), "clean")
    _refuse_other_catalogue(folder, catalogue)
    if done := folder.up_to_date(inputs):
        folder.sweep(done)
        return done
    hand_back_memory()
    with open_ledger() as ledger, cycles_sought_seldom():
        return _Cleaning(catalogue, folder, inputs, ledger, progress).run(options)


def _refuse_other_catalogue(folder: StageFolder, catalogue: Catalogue) -> None:
    done = folder.done()
    if done and done.inputs["catalogue"] != catalogue.name:
        raise JobError(
            f"Run {folder.run_id} is of the catalogue {done.inputs['catalogue']!r}, not of "
            f"{catalogue.name!r}. Give another --run, or none."
        )


@dataclass(frozen=True)
class _Cleaning:
    catalogue: Catalogue
    folder: StageFolder
    inputs: Inputs
    ledger: Ledger
    progress: Progress

    def run(self, options: CleanOptions) -> Done | None:
        earlier = find_earlier(self.folder, self.inputs, self.progress)
        earlier.load(self.ledger)
        categories = self._read_tables()
        wanted = join_photos(self.ledger, self.catalogue.layout.photo_folder)
        files = PhotoFiles(digest_of(self.inputs)[:10], wanted, options.size)
        preparer = PhotoPreparer(self.catalogue.store, self.folder, files, earlier)
        preparer.run(self.ledger, options.shard, self.progress)
        if not self._is_prepared(files, options.shard):
            return None
        self.folder.reopen(self.inputs)  # from here on, tables of other inputs are written over
        settle(self.folder, files, self.ledger)
        write_products(self.folder, self.ledger, categories)
        write_rejects(self.folder, self.ledger)
        sources = PhotoSources(self.catalogue.store, self.folder, files, earlier.output)
        return self._finish(self._report(categories, sources))

    def _is_prepared(self, files: PhotoFiles, shard: Shard) -> bool:
        there = self.folder.names("outcomes-")
        missing = [n for n in range(files.count) if files.outcomes_name(n) not in there]
        if missing and shard.count == 1:
            where = self.folder.store.where(self.folder.path(files.outcomes_name(missing[0])))
            raise JobError(
                f"{where} went away: another cleaning of run {self.folder.run_id} has ended "
                "meanwhile. Let one end before the next begins, or give another --run."
            )
        return not missing

    def _read_tables(self) -> Categories:
        """Fills the ledger with listings, rows of photos and files."""
        catalogue, layout, ledger = self.catalogue, self.catalogue.layout, self.ledger
        add_files(catalogue.photo_files(), ledger)
        if layout.listings is None:
            return read_class_folders(catalogue, ledger)
        source = layout.listings.file
        photos = PhotoRows(layout, catalogue.store.url, ledger, source)
        listings = Listings(layout, source, ledger, photos)
        listings.read(read_table(catalogue.store, layout.listings, self.progress))
        if layout.photos:
            photos = PhotoRows(layout, catalogue.store.url, ledger, layout.photos.file)
            photos.read(read_table(catalogue.store, layout.photos, self.progress))
        return listings.categories

    def _report(self, categories: Categories, sources: PhotoSources) -> Report:
        report = with_files(report_of(self.inputs, self.ledger, categories), self.ledger)
        self.folder.write_json("report.json", report)
        write_page(self.folder, report, self.ledger, make_thumbnails(sources, report, self.ledger))
        return report

    def _finish(self, report: Report) -> Done:
        counts = {
            "listings": report["listings"]["out"],
            "photos": report["photo_rows"]["out"],
            "rejected_listings": report["listings"]["rejected"],
            "rejected_photos": sum(found["count"] for found in report["rejects"]["photo"].values()),
        }
        self._warn(counts)
        done = self.folder.finish(self.inputs, counts)
        self.folder.sweep(done)
        return done

    def _warn(self, counts: dict[str, int]) -> None:
        if counts["rejected_photos"] > counts["photos"]:
            where = self.folder.store.where(self.folder.path("report.html"))
            what = "most photos were" if counts["photos"] else "every photo was"
            self.progress.say(f"clean: warning: {what} rejected; {where} says why")
        for what in ("listings", "photos"):
            if not counts[what] + counts[f"rejected_{what}"]:
                self.progress.say(f"clean: warning: the catalogue has no {what}")
