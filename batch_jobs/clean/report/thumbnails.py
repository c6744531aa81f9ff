"""Makes the thumbnails of report.html, which are kept, so that no unchanged file is read again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.photos.prepare import PhotoFiles
from batch_jobs.clean.report.shown import GROUPS, Report
from batch_jobs.pages.photos import thumbnail
from batch_jobs.stage import StageFolder
from batch_jobs.tables import parse_table, write_table
from release.errors import PhotoError, StoreError
from release.pixels import PHOTO_REASONS, encode, prepare
from release.store import Entry, Store

MAX_FILE_BYTES = 50 * 2**20  # of a file that is read for its thumbnail
NAME = "thumbnails.parquet"
THUMBNAILS = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        ("thumbnail", pa.binary()),  # null where the file cannot be shown
    ]
)

_EARLIER_PHOTO = """
SELECT photos_file, pixel_sha256 FROM earlier WHERE path = ? AND size_bytes = ? AND version = ?
"""


@dataclass(frozen=True)
class PhotoSources:
    """Where photos are: in the catalogue, and as this cleaning and an earlier one prepared them."""

    catalogue: Store
    folder: StageFolder
    files: PhotoFiles
    earlier: Callable[[str], bytes | None] = lambda _: None  # a file of the earlier cleaning


def make_thumbnails(sources: PhotoSources, report: Report, ledger: Ledger) -> dict[str, bytes]:
    """The thumbnails, JPEG, by the path of their file in the catalogue.

    Writes those of rejected photos, which are made from the catalogue's files, to NAME.
    """
    known = _known(sources.earlier(NAME))
    rows = []
    for file in _rejected_files(report, ledger):
        thumbnail = known[file] if file in known else _of_file(file, sources, ledger)
        rows.append({**vars(file), "thumbnail": thumbnail})
    write_table(sources.folder, NAME, rows, THUMBNAILS)
    made = {row["path"]: row["thumbnail"] for row in rows if row["thumbnail"]}
    return made | dict(_of_duplicates(sources, report, ledger))


def _known(table: bytes | None) -> dict[Entry, bytes | None]:
    rows = parse_table(table).to_pylist() if table else []
    return {Entry(row["path"], row["size_bytes"], row["version"]): row["thumbnail"] for row in rows}


def _rejected_files(report: Report, ledger: Ledger) -> Iterator[Entry]:
    """The files of the examples, each once; not those whose reason is that they are no photo."""
    paths = {
        example["file"]: None
        for reason, found in report["rejects"]["photo"].items()
        for example in found["examples"]
        if example["file"] and reason not in PHOTO_REASONS
    }
    for path in paths:
        found = ledger.rows("SELECT path, size_bytes, version FROM file WHERE path = ?", (path,))
        yield Entry(*next(found))


def _of_file(file: Entry, sources: PhotoSources, ledger: Ledger) -> bytes | None:
    """By way of the prepared photo: it is the same whether an earlier cleaning knew the file."""
    if file.size_bytes > MAX_FILE_BYTES:
        return None
    if photo := _earlier_photo(file, sources, ledger):
        return thumbnail(photo)
    try:
        source = sources.catalogue.read(file.path)
        return thumbnail(encode(prepare(source, sources.files.size).pixels))
    except (PhotoError, StoreError):  # no photo, or a name that no store could hold
        return None


def _earlier_photo(file: Entry, sources: PhotoSources, ledger: Ledger) -> bytes | None:
    key = (file.path, file.size_bytes, file.version)
    for photos_file, pixel_sha256 in ledger.rows(_EARLIER_PHOTO, key):
        if pixel_sha256 and (data := sources.earlier(photos_file)):
            return next(_photos(data, "pixel_sha256", [pixel_sha256]), ("", None))[1]
    return None


def _of_duplicates(
    sources: PhotoSources, report: Report, ledger: Ledger
) -> Iterator[tuple[str, bytes]]:
    """Paths and thumbnails of the groups that are shown, each file of photos read once."""
    groups = report["duplicates"]["largest"][:GROUPS]
    members = {
        member["image_id"]: member["file"] for group in groups for member in group["members"]
    }
    marks = ", ".join("?" * len(members))
    query = f"SELECT place, image_id FROM wanted WHERE image_id IN ({marks}) ORDER BY place"
    found = ledger.rows(query, [*members])
    for number, places in groupby(found, lambda row: row[0] // sources.files.photos):
        data = sources.folder.read(sources.files.photos_name(number))
        for image_id, photo in _photos(data, "image_id", [image_id for _, image_id in places]):
            yield members[image_id], thumbnail(photo)


def _photos(data: bytes, column: str, values: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Of a file of prepared photos, those with one of some values in a column."""
    table = parse_table(data, [column, "photo"])
    table = table.filter(pc.is_in(table[column], pa.array(values, pa.string())))
    return zip(table[column].to_pylist(), table["photo"].to_pylist(), strict=True)
