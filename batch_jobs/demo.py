"""The demo: every stage on the bundled catalogue, then searches with photos kept out of it."""

import json
from dataclasses import replace
from pathlib import Path

from batch_jobs import pipeline
from batch_jobs.clean.catalogue.catalogue import Catalogue, open_catalogue
from batch_jobs.clean.stage import CleanOptions, default_run_id
from batch_jobs.index_stage import IndexOptions
from batch_jobs.progress import Progress
from batch_jobs.results import Search, print_table, search_photo, write_page
from batch_jobs.stage import StageFolder
from batch_jobs.train.options import TrainOptions
from model_export.backbones import LITE0
from release.errors import JobError
from release.reader import Release, open_release
from release.store import Store

BUNDLED = Path(__file__).parent.parent / "demo" / "furniture"
SEARCHES, LISTINGS_SHOWN = 3, 5
OPTIONS = pipeline.RunOptions(
    CleanOptions(), TrainOptions(backbone=LITE0, epochs=1), IndexOptions(keep_out=SEARCHES)
)


def run(store: Store, catalogue_folder: str, cache: Path, threads: int) -> Path:
    """Runs every stage and three searches; gives the path of the page that shows them."""
    catalogue = open_catalogue(catalogue_folder, store)
    run_id = default_run_id(catalogue, OPTIONS.clean)
    done = pipeline.run(store, catalogue_folder, run_id, OPTIONS, Progress())
    release = open_release(store, done["publish"].counts["release"], cache, threads)
    kept_out = json.loads(StageFolder(store, run_id, "index").read("kept_out.json"))
    searches = [_search(release, catalogue, **row) for row in kept_out[:SEARCHES]]
    for search in searches:
        print_table(search)
    page = (store.folder or Path()) / "demo.html"
    write_page(page, "Listings found by photo", searches, release, store)
    return page


def bundled_catalogue() -> str:
    """Raises JobError where the software was installed without it."""
    if not BUNDLED.is_dir():
        raise JobError("The bundled catalogue is not here. Run the demo in a clone, or `run`.")
    return str(BUNDLED)


def _search(release: Release, catalogue: Catalogue, image_id: str, product_id: str) -> Search:
    name = f"images/{image_id}.jpg"
    found = search_photo(release, name, catalogue.store.read(name), LISTINGS_SHOWN)
    return replace(found, own_listing=product_id)
