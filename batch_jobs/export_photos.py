"""The photos that an export looks at: some to calibrate on, and searches of both held-out parts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards, read_table
from batch_jobs.train.labels import UNCATEGORISED, CategoryPath
from batch_jobs.train.photos import PhotoSet
from model_export.quantise import MAX_CALIBRATION

# A catalogue of any size is gated in minutes: measured on 2 cores, 5,000 photos of ResNet-50 take
# three minutes in fp32 and one in int8.
MAX_QUERIES, MAX_PHOTOS = 1000, 5000

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Searches:
    """Places of the photos searched with, and of those searched among."""

    queries: Places
    gallery: Places


@dataclass(frozen=True)
class ExportPhotos:
    """Some photos of a run, in memory, and what each is for; places are in `photos`."""

    photos: PhotoSet
    jpegs: list[bytes]
    calibration: Places
    validation: Searches  # among all but the test part
    test: Searches  # among all


def load_export_photos(
    clean: StageFolder, train: StageFolder, network: dict[str, Any]
) -> ExportPhotos:
    """Photos by the train stage's own split; `network` is its network.json.

    At most MAX_QUERIES of a part are searched with, whole listings, so that siblings stay together.
    """
    part_of = json.loads(train.read("split.json"))
    columns = ["image_id", "product_id", "duplicate_group"]
    rows = [row for _, shard in read_shards(clean, "photos-", columns) for row in shard.to_pylist()]
    listings = [row["product_id"] for row in rows]
    parts = np.array([part_of[listing] for listing in listings], dtype="U10")
    order = np.random.default_rng(0).permutation(len(rows))
    calibration = order[parts[order] == "train"][:MAX_CALIBRATION]
    queries = {
        part: _whole_listings(order[parts[order] == part], listings, MAX_QUERIES)
        for part in ("validation", "test")
    }
    asked = np.concatenate(list(queries.values()))
    others = order[~np.isin(order, asked)][: max(0, MAX_PHOTOS - len(asked))]
    chosen = np.unique(np.concatenate([asked, others, calibration]))
    photos, jpegs = _photo_set(clean, [rows[place] for place in chosen], network)
    searched = np.isin(chosen, np.concatenate([asked, others]))
    seen = parts[chosen]

    def places(wanted: Places) -> Places:
        return np.searchsorted(chosen, np.sort(wanted))

    return ExportPhotos(
        photos,
        jpegs,
        places(calibration),
        Searches(places(queries["validation"]), np.flatnonzero(searched & (seen != "test"))),
        Searches(places(queries["test"]), np.flatnonzero(searched)),
    )


def _whole_listings(places: Places, listings: Sequence[str], limit: int) -> Places:
    """Places of the first listings that come along, until there are `limit` photos."""
    by_listing: dict[str, list[int]] = {}
    for place in places.tolist():
        by_listing.setdefault(listings[place], []).append(place)
    chosen: list[int] = []
    for own in by_listing.values():
        if len(chosen) >= limit:
            break
        chosen += own
    return np.array(chosen, dtype=np.int64)


def _photo_set(
    clean: StageFolder, rows: list[dict[str, Any]], network: dict[str, Any]
) -> tuple[PhotoSet, list[bytes]]:
    stored = _photos_of(clean, {row["image_id"] for row in rows})
    jpegs = [stored[row["image_id"]] for row in rows]
    listings = [row["product_id"] for row in rows]
    product_ids = sorted(set(listings))
    number = {listing: place for place, listing in enumerate(product_ids)}
    categories = [tuple(path) for path in network["categories"]]
    label_of = _labels(clean, set(listings), categories)
    return PhotoSet(
        image_ids=[row["image_id"] for row in rows],
        jpegs=jpegs,
        listings=np.array([number[listing] for listing in listings], dtype=np.int64),
        product_ids=product_ids,
        groups=[row["duplicate_group"] or row["image_id"] for row in rows],
        labels=np.array([label_of[listing] for listing in listings], dtype=np.int64),
        categories=categories,
        size=network["size"],
    ), jpegs


def _photos_of(clean: StageFolder, image_ids: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for _, table in read_shards(clean, "photos-", ["image_id", "photo"]):
        ids = table.column("image_id").to_pylist()
        wanted = [place for place, image_id in enumerate(ids) if image_id in image_ids]
        rows = table.take(wanted).to_pylist()
        found |= {row["image_id"]: row["photo"] for row in rows}
    return found


def _labels(
    clean: StageFolder, listings: set[str], categories: Sequence[CategoryPath]
) -> dict[str, int]:
    """Each listing's label: the longest beginning of its category path that the network knows."""
    known = {path: label for label, path in enumerate(categories)}
    products = read_table(clean, "products.parquet", ["product_id", "category_path"]).to_pylist()
    paths = {row["product_id"]: tuple(row["category_path"]) for row in products}
    return {listing: known[_known(paths[listing], known)] for listing in listings}


def _known(path: CategoryPath, known: Mapping[CategoryPath, int]) -> CategoryPath:
    while path and path not in known:
        path = path[:-1]
    return path or UNCATEGORISED
