"""Catalogues written line by line, and what cleaning makes of them."""

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from batch_jobs.clean.stage import CleanOptions, run
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, StageFolder
from batch_jobs.tables import read_shards, read_table
from release.store import Store

SMALL = CleanOptions(size=32)
HEADER = ",id,product_name,category,product_description,price,location"


def picture(shade: int, suffix: str = "PNG", side: int = 40) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (shade, 255 - shade, 90)).save(buffer, suffix)
    return buffer.getvalue()


@dataclass
class HandMade:
    """A catalogue written line by line."""

    products: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def listing(self, product_id: str, title: str = "Chair") -> None:
        self.products.append(
            f"{len(self.products)},{product_id},{title},Home / Chairs,Old.,£5,Bath"
        )

    def photo(self, image_id: str, product_id: str, content: bytes | None = None) -> None:
        self.images.append(f"{len(self.images)},{image_id},{product_id}")
        if content is not None:
            self.files[f"{image_id}.jpg"] = content

    def write(self, folder: Path) -> Path:
        (folder / "images").mkdir(parents=True)
        (folder / "Products.csv").write_text("\n".join([HEADER, *self.products, ""]))
        (folder / "Images.csv").write_text("\n".join([",id,product_id", *self.images, ""]))
        for name, content in self.files.items():
            (folder / "images" / name).write_bytes(content)
        return folder


@dataclass
class Cleaned:
    done: Done
    products: list[dict[str, Any]]
    photos: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    report: dict[str, Any]

    def rejected(self, kind: str) -> list[tuple[str | None, str]]:
        return [(row["id"], row["reason"]) for row in self.rejects if row["kind"] == kind]


def clean(
    catalogue: Path, store: Path, options: CleanOptions = SMALL, run_id: str = "a-run"
) -> Cleaned:
    opened = Store(str(store), create=True)
    done = run(opened, str(catalogue), options, run_id, Progress())
    assert done is not None
    folder = StageFolder(opened, run_id, "clean")
    return Cleaned(
        done,
        read_table(folder, "products.parquet").to_pylist(),
        [row for _, table in read_shards(folder, "photos-") for row in table.to_pylist()],
        read_table(folder, "rejects.parquet").to_pylist(),
        json.loads(folder.read("report.json")),
    )


def assert_adds_up(cleaned: Cleaned, photo_rows: int, files: int) -> None:
    """What went in is what came out, in each account of the report and by the tables."""
    accounts = [cleaned.report[name] for name in ("listings", "photo_rows", "photo_files")]
    for account in accounts:
        dropped = account.get("duplicates_dropped", 0)
        assert account["in"] == account["out"] + account["rejected"] + dropped
    listings, rows, of_files = accounts
    assert listings["out"] == len(cleaned.products)
    assert listings["rejected"] == len(cleaned.rejected("listing"))
    assert (rows["in"], rows["out"]) == (photo_rows, len(cleaned.photos))
    reasons = Counter(reason for _, reason in cleaned.rejected("photo"))
    dropped = reasons.pop("duplicate_in_listing", 0)
    unlisted = reasons.pop("unlisted_file", 0)
    assert (rows["rejected"], rows["duplicates_dropped"]) == (reasons.total(), dropped)
    assert of_files["in"] == files
    assert unlisted <= of_files["rejected"] <= unlisted + reasons.total()
    assert sum(row["photo_count"] for row in cleaned.products) == len(cleaned.photos)


def outputs(store: Path) -> dict[str, bytes]:
    folder = store / "runs" / "a-run" / "clean"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "done.json"}
