"""A catalogue without tables: each photo is a listing, its folders are its category."""

from batch_jobs.clean.catalogue import Catalogue
from batch_jobs.clean.categories import Categories, category_path
from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.listing_spool import CATEGORY_SEPARATOR, ListingRow
from batch_jobs.clean.photo_paths import derived_id, without_ending
from batch_jobs.clean.photo_rows import PhotoRows
from batch_jobs.clean.text import one_line

# Anything else that lies beside photos, a note or a thumbnail database, is not listed.
PHOTO_ENDINGS = frozenset(
    "avif bmp gif heic heif jfif jpe jpeg jpg png tif tiff webp".split()  # noqa: SIM905
)


def read_class_folders(catalogue: Catalogue, ledger: Ledger) -> Categories:
    """Reads the files of the ledger as listings with one photo each; gives their categories."""
    layout, categories = catalogue.layout, Categories()
    photo_folder = layout.photo_folder
    photos = PhotoRows(layout, catalogue.store.url, ledger, source=photo_folder)
    for (path,) in ledger.rows("SELECT path FROM file ORDER BY path"):
        *folders, name = path.removeprefix(f"{photo_folder}/").split("/")
        if name.startswith(".") or name.rpartition(".")[2].lower() not in PHOTO_ENDINGS:
            continue
        identity = derived_id(path, photo_folder)
        category = category_path(folders)
        ledger.listing_rows_in += 1
        ledger.add_listing(
            ListingRow(
                product_id=identity,
                title=one_line(without_ending(name)),
                description="",
                price=None,
                currency=layout.currency,
                price_status="missing",
                category=CATEGORY_SEPARATOR.join(category),
                location="",
                source_line=ledger.listing_rows_in,
            )
        )
        categories.add(category)
        photos.add_file(identity, path)
    photos.flush()
    return categories
