"""A catalogue without tables: each photo is a listing, its folders are its category."""

from batch_jobs.clean.catalogue.catalogue import Catalogue
from batch_jobs.clean.catalogue.layout import Layout
from batch_jobs.clean.ledger import Ledger, Reject
from batch_jobs.clean.listings.categories import Categories, category_path
from batch_jobs.clean.listings.spool import CATEGORY_SEPARATOR, ListingRow
from batch_jobs.clean.listings.text import one_line
from batch_jobs.clean.photos.paths import can_be_read, derived_id, without_ending
from batch_jobs.clean.photos.rows import PhotoRows
from batch_jobs.clean.rejects import Problem, file_reject

# Anything else that lies beside photos, a note or a thumbnail database, is not listed.
PHOTO_ENDINGS = frozenset(
    "avif bmp gif heic heif jfif jpe jpeg jpg png tif tiff webp".split()  # noqa: SIM905
)


def read_class_folders(catalogue: Catalogue, ledger: Ledger) -> Categories:
    """Reads the files of the ledger as listings with one photo each; gives their categories."""
    layout, categories = catalogue.layout, Categories()
    photos = PhotoRows(layout, catalogue.store.url, ledger, source=layout.photo_folder)
    for files in ledger.batches("SELECT path FROM file ORDER BY path"):
        paths = [path for (path,) in files if _is_listed(path)]
        rows = [_listing(path, layout, ledger) for path in paths]
        for path, row, first in zip(paths, rows, ledger.add_listings(rows), strict=True):
            if first is None:
                categories.add(_category(path, layout))
            else:
                ledger.reject(_same_id(path, row.product_id))
            photos.add_file(row.product_id, path)
    photos.flush()
    return categories


def _is_listed(path: str) -> bool:
    name = path.rpartition("/")[2]
    is_photo = not name.startswith(".") and name.rpartition(".")[2].lower() in PHOTO_ENDINGS
    return is_photo and can_be_read(path)


def _category(path: str, layout: Layout) -> tuple[str, ...]:
    return category_path(path.removeprefix(f"{layout.photo_folder}/").split("/")[:-1])


def _listing(path: str, layout: Layout, ledger: Ledger) -> ListingRow:
    ledger.listing_rows_in += 1
    return ListingRow(
        product_id=derived_id(path, layout.photo_folder),
        title=one_line(without_ending(path.rpartition("/")[2])),
        description="",
        price=None,
        currency=layout.currency,
        price_status="missing",
        category=CATEGORY_SEPARATOR.join(_category(path, layout)),
        location="",
        listed_at=None,
        listed_at_status="missing",
        source_line=ledger.listing_rows_in,
    )


def _same_id(path: str, identity: str) -> Reject:
    problem = Problem(
        "conflicting_row", f"Another file has the id {identity}, too. Give one another name."
    )
    return file_reject(identity, path, problem)._replace(kind="listing")
