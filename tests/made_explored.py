"""Runs cleaned by hand, for pages about them: listings, their photos, who shares one."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from batch_jobs.explore.stored import StoredRun
from batch_jobs.stage import StageFolder
from batch_jobs.tables import PHOTOS, PRODUCTS, write_table
from release.store import Store

RUN_ID = "explored"
COUNTS = {"listings": 2, "photos": 4, "rejected_listings": 1, "rejected_photos": 0}
BESIDE = ("index.html",)  # to which each page leads back


@dataclass(frozen=True)
class Thing:
    """A listing; a photo is its pixels' name and, where it has copies, its group's."""

    photos: Sequence[tuple[str, str | None]]
    title: str = "Oak chair"
    category: tuple[str, ...] = ("Home", "Chairs")
    location: str = "Leeds"
    price: float = 5.0


def one_photo(number: int, title: str = "Oak chair", *category: str) -> Thing:
    return Thing([(f"{number}", None)], title, category or ("Home", "Chairs"))


@cache
def jpeg(name: str) -> bytes:
    seed = int.from_bytes(name.encode()[:4], "big")
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks).resize((64, 64)).save(buffer, "JPEG")
    return buffer.getvalue()


def cleaned_run(store: Store, things: Sequence[Thing], files: int = 2) -> StoredRun:
    """A run of which just the clean stage is done."""
    clean = StageFolder(store, RUN_ID, "clean")
    products = [_product(f"p{number}", thing) for number, thing in enumerate(things)]
    write_table(clean, "products.parquet", products, PRODUCTS)
    photos = [
        _photo(f"p{number}", f"p{number}-{place}", *one)
        for number, thing in enumerate(things)
        for place, one in enumerate(thing.photos)
    ]
    for number in range(files):
        write_table(clean, f"photos-{number:05}.parquet", photos[number::files], PHOTOS)
    clean.write("report.html", b"<!doctype html><title>cleaned</title>")
    clean.finish({"catalogue": "hand", "options": {"size": 64}}, COUNTS)
    return StoredRun.of(store, RUN_ID)


def _product(product_id: str, thing: Thing) -> dict[str, object]:
    return {
        "product_id": product_id,
        "title": thing.title,
        "description": "",
        "price": thing.price,
        "currency": "GBP",
        "price_status": "ok",
        "category_path": list(thing.category),
        "location": thing.location,
        "photo_count": len(thing.photos),
        "searchable": bool(thing.photos),
        "source_line": 1,
        "listed_at": None,
    }


def _photo(product_id: str, image_id: str, pixels: str, group: str | None) -> dict[str, object]:
    return {
        "image_id": image_id,
        "product_id": product_id,
        "photo": jpeg(pixels),
        "photo_sha256": "",
        "photo_bytes": len(jpeg(pixels)),
        "source_width": 64,
        "source_height": 64,
        "source_sha256": "",
        "pixel_sha256": pixels,
        "duplicate_group": group,
    }


def unit_rows(count: int, width: int = 8) -> np.ndarray:
    """(count, width) float32 of unit norm."""
    rows = np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
