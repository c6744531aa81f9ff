"""A ledger filled by hand with the files of a catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleaned_catalogue import picture

from batch_jobs.clean.ledger import Ledger, Reject, open_ledger
from batch_jobs.clean.listings.categories import Categories
from batch_jobs.clean.listings.spool import ListingRow
from batch_jobs.clean.photos.prepare import PhotoFiles
from batch_jobs.clean.report.page import write_page
from batch_jobs.clean.report.report import report_of
from batch_jobs.clean.report.shown import with_files
from batch_jobs.clean.report.thumbnails import PhotoSources, make_thumbnails
from batch_jobs.stage import StageFolder
from batch_jobs.tables import PHOTOS, write_table
from release.pixels import encode, prepare
from release.store import Store

INPUTS = {"catalogue": "made", "fingerprint": "f", "options": {"size": 64}, "software": "1"}
FILES = PhotoFiles("x", wanted=9, size=64)


@dataclass
class Made:
    """A ledger filled by hand, with the files of a catalogue and the folder of a stage."""

    ledger: Ledger
    root: Path
    prepared: list[dict[str, Any]] = field(default_factory=list)
    categories: Categories = field(default_factory=Categories)

    def __post_init__(self) -> None:
        (self.root / "catalogue" / "images").mkdir(parents=True)

    def listing(self, product_id: str, price: float | None = 5.0, **values: Any) -> None:
        self.ledger.listing_rows_in += 1
        priced = (price, "GBP", "ok")
        place = ("Home\x1fChairs", "Bath")
        row = ListingRow(product_id, "Chair", "", *priced, *place, None, "missing", 2)
        row = row._replace(**values)
        self.ledger.add_listings([row])
        self.categories.add(tuple(row.category.split("\x1f")) if row.category else ())

    def file(self, name: str, content: bytes, version: str = "1") -> str:
        path = f"images/{name}"
        (self.root / "catalogue" / path).write_bytes(content)
        row = (path, path.rpartition(".")[0], len(content), version)
        self.ledger.execute("INSERT INTO file VALUES (?, ?, ?, ?)", row)
        return path

    def photo(self, image_id: str, product_id: str, group: str | None = None) -> None:
        """A photo that is kept."""
        place = self.ledger.photo_rows_in
        self.ledger.photo_rows_in += 1
        path = self.file(f"{image_id}.png", picture(10 * place))
        photo = encode(prepare(picture(10 * place), 64).pixels)
        kept = {"source_width": 40, "source_height": 40, "source_sha256": "", "pixel_sha256": path}
        ids = {"image_id": image_id, "product_id": product_id, "duplicate_group": group}
        named = {"photo": photo, "photo_sha256": "", "photo_bytes": len(photo)}
        self.prepared.append(ids | kept | named)
        self.ledger.execute(
            "INSERT INTO wanted VALUES (?, ?, ?, ?, 1, '1', 'Images.csv', 2)",
            (place, image_id, product_id, path),
        )
        self.ledger.execute(
            "INSERT INTO outcome (image_id, place, product_id, duplicate_group) "
            "VALUES (?, ?, ?, ?)",
            (image_id, place, product_id, group),
        )

    def row_of_unknown_listing(self, image_id: str, content: bytes) -> str:
        self.ledger.photo_rows_in += 1
        path = self.file(f"{image_id}.png", content)
        self.ledger.execute(
            "INSERT INTO photo (image_id, product_id, source, line_from, reference, path) "
            "VALUES (?, 'x', 'Images.csv', 7, '', ?)",
            (image_id, path),
        )
        detail = "No listing that was kept is 'x'."
        row = Reject("photo", image_id, "Images.csv", 7, 7, "unknown_listing", detail, "raw")
        self.ledger.reject(row)
        return path

    def unlisted_file(self, name: str, content: bytes) -> str:
        path = self.file(name, content)
        row = Reject("photo", name, path, None, None, "unlisted_file", "No row lists it.", None)
        self.ledger.reject(row)
        return path

    @property
    def report(self) -> dict[str, Any]:
        return with_files(report_of(INPUTS, self.ledger, self.categories), self.ledger)

    @property
    def folder(self) -> StageFolder:
        folder = StageFolder(Store(str(self.root / "store"), create=True), "run", "clean")
        write_table(folder, FILES.photos_name(0), self.prepared, PHOTOS)
        return folder

    def thumbnails(self, **earlier: Any) -> dict[str, bytes]:
        sources = PhotoSources(Store(str(self.root / "catalogue")), self.folder, FILES, **earlier)
        return make_thumbnails(sources, self.report, self.ledger)

    def page(self, **changed: Any) -> str:
        folder = self.folder
        write_page(folder, self.report | changed, self.ledger, self.thumbnails())
        return folder.read("report.html").decode()


@contextmanager
def made_in(folder: Path) -> Iterator[Made]:
    with open_ledger() as ledger:
        yield Made(ledger, folder)


def fill(made: Made) -> None:
    made.listing("a")
    made.listing("b", 30.0, category="Home\x1fTables")
    made.listing("c", 0.0, price_status="free", category="")
    made.photo("p", "a", "p")
    made.photo("q", "b", "p")
    made.photo("r", "b")
    made.row_of_unknown_listing("s", picture(200))
    made.unlisted_file("t.png", picture(220))
    made.unlisted_file("junk.jpg", b"junk")
    made.ledger.listing_rows_in += 1
    made.ledger.reject(
        Reject("listing", "a", "Products.csv", 12, 14, "duplicate_row", "The same.", "1,a\nb")
    )
