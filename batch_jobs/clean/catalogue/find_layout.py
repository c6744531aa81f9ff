"""Finds out how a catalogue is laid out, from its catalogue.toml or from what lies in it."""

from batch_jobs.clean.catalogue.catalogue_file import (
    FILE,
    Settings,
    TableSettings,
    check_placeholders,
    read_settings,
    table_of,
)
from batch_jobs.clean.catalogue.files import files_below
from batch_jobs.clean.catalogue.layout import (
    ENDINGS,
    PHOTOS_BY_ID,
    PHOTOS_BY_REFERENCE,
    Layout,
    Table,
    check_columns,
    photos_table,
)
from batch_jobs.clean.records.formats import column_names
from release.errors import JobError
from release.store import Store

LAYOUT = (
    "A catalogue is a folder with Products.csv, Images.csv and images/, or with a catalogue.toml "
    "that names other tables, or with class folders, images/<category>/, and no table."
)


def find_layout(store: Store) -> Layout:
    """The layout, after a look at the tables' columns. Raises JobError where something lacks."""
    where = store.where(FILE)
    settings = read_settings(store.read(FILE), where) if store.stat(FILE) else Settings()
    listings = _listings(store, settings, where)
    photos, photo_path = _photos(store, settings, listings, where)
    if settings.photo_path is not None:
        photo_path = settings.photo_path
        check_placeholders(photo_path, _placeholders(listings, photos), where)
    layout = Layout(
        listings,
        photos,
        photo_path,
        settings.currency.upper(),
        settings.category_separator,
        settings.photo_separator,
    )
    _check(layout, store)
    return layout


def _listings(store: Store, settings: Settings, where: str) -> Table | None:
    section = settings.listings or TableSettings()
    file = section.file or _usual_file(store, "Products")
    if file is None:
        if settings.listings:
            raise _missing(store, "Products.csv")
        return None
    return table_of(section, file, "listings", where)


def _photos(
    store: Store, settings: Settings, listings: Table | None, where: str
) -> tuple[Table | None, str]:
    section = settings.photos
    if section is None and listings and "photos" in listings.columns:
        return None, PHOTOS_BY_REFERENCE
    file = (section and section.file) or _usual_file(store, "Images")
    if file is None:
        if section:
            raise _missing(store, "Images.csv")
        return None, PHOTOS_BY_ID if listings else PHOTOS_BY_REFERENCE
    section = section or TableSettings()
    if not section.columns:
        usual = Table(file, {}, section.delimiter)
        columns, photo_path = photos_table(file, column_names(store, usual))
        return Table(file, columns.columns, section.delimiter), photo_path
    table = table_of(section, file, "photos", where)
    return table, PHOTOS_BY_REFERENCE if "photo" in table.columns else PHOTOS_BY_ID


def _usual_file(store: Store, stem: str) -> str | None:
    """The one table of that name, whatever its format."""
    found = [f"{stem}{ending}" for ending in ENDINGS if store.stat(f"{stem}{ending}")]
    if len(found) > 1:
        raise JobError(
            f"{store.where('')} has {' and '.join(found)}. Keep one, or name one in {FILE}."
        )
    return found[0] if found else None


def _placeholders(listings: Table | None, photos: Table | None) -> set[str]:
    if photos:
        return photos.columns.keys() & {"image_id", "product_id", "photo"}
    if listings and "photos" not in listings.columns:
        return {"image_id", "product_id", "photo"}  # no photo is listed, so none is asked for
    return {"product_id", "photo"} if listings else {"photo"}


def _check(layout: Layout, store: Store) -> None:
    if layout.listings is None:
        if layout.photos or not _has_class_folders(layout, store):
            raise _missing(store, "Products.csv")
        return
    for table in layout.tables:
        check_columns(table, column_names(store, table), store.where(table.file))
    lists_photos = layout.photos is not None or "photos" in layout.listings.columns
    has_files = next(files_below(store, layout.photo_folder), None) is not None
    if has_files and not lists_photos:
        raise _missing(store, "Images.csv")
    if lists_photos and not has_files:
        raise JobError(f"{store.where(layout.photo_folder)}/ has no photos. {LAYOUT}")


def _has_class_folders(layout: Layout, store: Store) -> bool:
    depth = layout.photo_folder.count("/") + 1 if layout.photo_folder else 0
    files = files_below(store, layout.photo_folder)
    return any(file.path.count("/") > depth for file in files)


def _missing(store: Store, file: str) -> JobError:
    return JobError(f"{store.where(file)} is missing. {LAYOUT}")
