"""The stage clean: a catalogue becomes tables and same-size photos, and every reject has a reason.

marketplace-search clean --catalogue demo/furniture
"""

from dataclasses import asdict, dataclass

from batch_jobs.clean.catalogue import Catalogue, open_catalogue
from batch_jobs.clean.header import IMAGES, PRODUCTS
from batch_jobs.clean.photo_join import join_photos
from batch_jobs.clean.photos import PhotoStage, cut_shards
from batch_jobs.clean.products import read_listings
from batch_jobs.clean.records import read_records
from batch_jobs.clean.report import Outcome, nothing_left, report_of
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Inputs, StageFolder, digest_of, software
from batch_jobs.tables import PRODUCTS as PRODUCTS_SCHEMA
from batch_jobs.tables import REJECTS, write_table
from release.errors import JobError
from release.pixels import MIN_SIDE
from release.store import Store

MAX_SIZE = 1024


@dataclass(frozen=True)
class CleanOptions:
    """`size` is the side of the prepared photos in pixels."""

    size: int = 224

    def __post_init__(self) -> None:
        if not MIN_SIDE <= self.size <= MAX_SIZE:
            raise JobError(f"--size {self.size}: give {MIN_SIDE} to {MAX_SIZE} pixels.")


def default_run_id(catalogue: Catalogue, options: CleanOptions) -> str:
    """The catalogue's name and ten characters that change with its content and the options."""
    digest = digest_of({"fingerprint": catalogue.fingerprint(), "options": asdict(options)})
    return f"{catalogue.name}-{digest[:10]}"


def run(
    store: Store,
    given_catalogue: str,
    options: CleanOptions,
    run_id: str | None,
    report: Progress,
) -> Done:
    """Writes products.parquet, photos-*.parquet, rejects.parquet and report.json.

    Raises JobError where the catalogue cannot be read or no photo remains.
    """
    catalogue = open_catalogue(given_catalogue, store)
    inputs: Inputs = {
        "catalogue": catalogue.name,
        "fingerprint": catalogue.fingerprint(),
        "options": asdict(options),
        "software": software(),
    }
    folder = StageFolder(store, run_id or default_run_id(catalogue, options), "clean")
    _refuse_other_catalogue(folder, catalogue)
    if done := folder.begin(inputs):
        return done
    outcome = _clean(catalogue, folder, options, report)
    counts = _write_tables(folder, outcome)
    folder.write_json("report.json", report_of(inputs, outcome))
    if counts["rejected_photos"] > counts["photos"]:
        where = folder.store.where(folder.path("rejects.parquet"))
        report.say(f"clean: warning: most photos were rejected; the reasons are in {where}")
    return folder.finish(inputs, counts)


def _refuse_other_catalogue(folder: StageFolder, catalogue: Catalogue) -> None:
    done = folder.done()
    if done and done.inputs["catalogue"] != catalogue.name:
        raise JobError(
            f"Run {folder.run_id} is of the catalogue {done.inputs['catalogue']!r}, not of "
            f"{catalogue.name!r}. Give another --run, or none."
        )


def _clean(
    catalogue: Catalogue, folder: StageFolder, options: CleanOptions, report: Progress
) -> Outcome:
    listings = read_listings(read_records(catalogue.chunks(PRODUCTS.file), PRODUCTS))
    join = join_photos(
        read_records(catalogue.chunks(IMAGES.file), IMAGES),
        (row["product_id"] for row in listings.rows),
        catalogue.photo_files,
    )
    stage = PhotoStage(catalogue.store, folder, options.size)
    photos = stage.run(cut_shards(join.photos), report)
    return Outcome(listings, join, photos, len(catalogue.photo_files))


def _write_tables(folder: StageFolder, outcome: Outcome) -> dict[str, int]:
    rejects = [*outcome.listings.rejects, *outcome.photo_rejects]
    write_table(folder, "rejects.parquet", rejects, REJECTS)
    photo_count = outcome.photos.photo_count
    if not photo_count:
        where = folder.store.where(folder.path("rejects.parquet"))
        raise JobError(f"{nothing_left(outcome)} Each is in {where}.")
    rows = outcome.listings.rows
    for row in rows:
        row["photo_count"] = photo_count[row["product_id"]]
        row["searchable"] = row["photo_count"] > 0
    write_table(folder, "products.parquet", rows, PRODUCTS_SCHEMA)
    return {
        "listings": len(rows),
        "photos": photo_count.total(),
        "rejected_listings": len(outcome.listings.rejects),
        "rejected_photos": len(outcome.photo_rejects),
    }
