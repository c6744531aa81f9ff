"""The index stage: marketplace-search index --run RUN [--keep-out N]"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batch_jobs.stage import Done, StageFolder, software
from batch_jobs.tables import read_shards, read_table
from release.blobs import blob_of
from release.errors import JobError
from release.faiss_search import FaissSearch
from release.listings import Listing, Photo
from release.segment import INDEX_FILE, LISTINGS_FILE, IndexedPhoto, Segment, write_segment
from release.store import Store

PLAN = "Flat"
MEASURED_QUERIES = 500


@dataclass(frozen=True)
class IndexOptions:
    """`keep_out` photos of as many held-out listings are left out of the index, to search with."""

    keep_out: int = 0

    def __post_init__(self) -> None:
        if self.keep_out < 0:
            raise JobError(f"--keep-out is {self.keep_out}; it must be at least 0.")


def run(store: Store, run_id: str, options: IndexOptions) -> Done:
    """Writes index.faiss, listings.sqlite and kept_out.json (photos to search with)."""
    folder = StageFolder(store, run_id, "index")
    clean, train, embed = (folder.sibling(name) for name in ("clean", "train", "embed"))
    inputs = {
        "clean": clean.require().digest,
        "train": train.require().digest,
        "embed": embed.require().digest,
        "keep_out": options.keep_out,
        "software": software(),
    }
    if done := folder.begin(inputs):
        return done
    photos = list(_indexed_photos(clean, embed))
    kept_out = _choose_kept_out(train, photos, options.keep_out)
    indexed = [row for row in photos if row.photo.image_id not in kept_out]
    counts = _write(folder, _listings(clean), indexed, photos)
    rows = [{"image_id": image, "product_id": product} for image, product in kept_out.items()]
    folder.write_json("kept_out.json", rows)
    return folder.finish(inputs, {**counts, "kept_out": len(kept_out)})


def _write(
    folder: StageFolder,
    listings: list[Listing],
    indexed: list[IndexedPhoto],
    queries: list[IndexedPhoto],
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch)
        write_segment(path, listings, indexed)
        segment = Segment(path / INDEX_FILE, path / LISTINGS_FILE)
        measured = _measure(segment, indexed, queries)
        segment.listings.close()
        folder.write(INDEX_FILE, path / INDEX_FILE)
        folder.write(LISTINGS_FILE, path / LISTINGS_FILE)
    return {"plan": PLAN, "photos": len(indexed), "listings": len(listings), **measured}


def _listings(clean: StageFolder) -> list[Listing]:
    """Every searchable listing."""
    rows = read_table(clean, "products.parquet").to_pylist()
    names = ("product_id", "title", "description", "price", "currency", "price_status", "location")
    return [
        Listing(**{name: row[name] for name in names}, category_path=tuple(row["category_path"]))
        for row in rows
        if row["searchable"]
    ]


def _indexed_photos(clean: StageFolder, embed: StageFolder) -> Iterator[IndexedPhoto]:
    """Photos beside their own embeddings, joined by image id."""
    embeddings = dict(_embeddings(embed))
    for _, table in read_shards(clean, "photos-", ["image_id", "product_id", "photo"]):
        for row in table.to_pylist():
            if row["image_id"] not in embeddings:
                raise JobError(f"Photo {row['image_id']} has no embedding. Run `embed` again.")
            blob = blob_of(row["photo"])
            photo = Photo(row["image_id"], row["product_id"], blob.sha256, blob.size_bytes)
            yield IndexedPhoto(photo, embeddings[row["image_id"]])


def _embeddings(embed: StageFolder) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for _, table in read_shards(embed, "embeddings-", ["image_id", "embedding"]):
        column = table.column("embedding").combine_chunks()
        vectors = column.flatten().to_numpy().reshape(len(table), -1)  # (n, width)
        yield from zip(table.column("image_id").to_pylist(), vectors, strict=True)


def _choose_kept_out(train: StageFolder, photos: list[IndexedPhoto], count: int) -> dict[str, str]:
    """One photo each of held-out listings that have several and share none; image to listing."""
    parts = json.loads(train.read("split.json"))
    by_listing: dict[str, list[Photo]] = {}
    uses: dict[str, int] = {}
    for row in photos:
        uses[row.photo.sha256] = uses.get(row.photo.sha256, 0) + 1
        if parts[row.photo.product_id] == "test":
            by_listing.setdefault(row.photo.product_id, []).append(row.photo)
    kept_out: dict[str, str] = {}
    for product_id, own in sorted(by_listing.items()):
        single = [photo.image_id for photo in own if uses[photo.sha256] == 1]
        if len(kept_out) < count and len(own) > 1 and single:
            kept_out[min(single)] = product_id
    return kept_out


def _measure(
    segment: Segment, indexed: list[IndexedPhoto], queries: list[IndexedPhoto]
) -> dict[str, float]:
    """Recall@10 against a plain product of matrices, and how many photos find themselves first.

    Exact duplicates of a photo count as the photo.
    """
    random = np.random.default_rng(0)
    search = FaissSearch([segment])
    some = [queries[n] for n in random.permutation(len(queries))[:MEASURED_QUERIES]]
    features = np.stack([row.embedding for row in some])
    gallery = np.stack([row.embedding for row in indexed])
    exact = np.sort(-(features @ gallery.T), axis=1)[:, :10]  # (queries, at most 10)
    found = search.search_photos(features, 10)
    recalls = [
        np.mean([hit.similarity >= -wanted[-1] - 1e-5 for hit in hits])
        for hits, wanted in zip(found, exact, strict=True)
    ]
    return {"recall_at_10": float(np.mean(recalls)), "finds_itself": _finds_itself(search, indexed)}


def _finds_itself(search: FaissSearch, indexed: list[IndexedPhoto]) -> float:
    found = 0
    for start in range(0, len(indexed), MEASURED_QUERIES):
        block = indexed[start : start + MEASURED_QUERIES]
        hits = search.search_photos(np.stack([row.embedding for row in block]), 1)
        found += sum(
            first.photo.sha256 == row.photo.sha256
            for (first,), row in zip(hits, block, strict=True)
        )
    return found / len(indexed)
