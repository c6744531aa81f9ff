"""Our side of bench_index.py: a segment planned, built and opened by memory map, with listings.

Every photo is its own listing with a random price, category and location.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from index_data import Data, Embeddings, Numbers
from index_measures import Point, peak_mb, percentiles, recall, resident_mb, timed
from numpy.typing import NDArray

from batch_jobs.index.build import build_base
from batch_jobs.index.choose import Budget
from batch_jobs.index.source import ArraySource
from batch_jobs.progress import Progress
from release.blobs import blob_of
from release.faiss_search import FaissSearch
from release.listings import Listing, Photo
from release.segment import INDEX_FILE, LISTINGS_FILE, ROWS_FILE, Segment, files_in
from release.segment_writer import write_segment_files

K = 10
SEARCHES = 100
CATEGORIES = [(f"Category {n // 8}", f"Part {n % 8}") for n in range(40)]
PLACES = 200


@dataclass(frozen=True)
class Made:
    """`build_s` is of the index, `write_s` of the three files; the peak is of both."""

    plan: str
    why: str
    build_s: float
    write_s: float
    peak_mb: float
    index_mb: float
    listings_mb: float
    bytes_per_photo: float

    @property
    def times(self) -> str:
        return f"index {self.build_s:.1f} s, files {self.write_s:.1f} s"


@dataclass(frozen=True)
class Opening:
    """In a fresh process, by memory map, of files whose content is known to be whole."""

    first_search_ms: float
    resident_mb: float


def prices(count: int) -> NDArray[np.float64]:
    """Of all listings; no two are the same."""
    return np.random.default_rng(1).permutation(count) / 100


def listings(data: Data) -> Iterator[tuple[Listing, Photo]]:
    """In the order of the embeddings."""
    image_ids = data.image_ids
    rng = np.random.default_rng(2)
    categories = rng.integers(0, len(CATEGORIES), len(image_ids)).tolist()
    places = rng.integers(0, PLACES, len(image_ids)).tolist()
    columns = zip(image_ids, prices(len(image_ids)).tolist(), categories, places, strict=True)
    for image_id, price, category, place in columns:
        product_id = f"listing-of-{image_id}"
        shown = (product_id, f"Thing {image_id}", "As on the photo.", price, "GBP", "ok")
        yield (
            Listing(*shown, CATEGORIES[category], f"Place {place}"),
            Photo(image_id, product_id, "0" * 64, 1),
        )


def make(data: Data, budget: Budget, folder: Path, threads: int) -> Made:
    """Plans, builds and writes the segment; runs in a child."""
    faiss.omp_set_num_threads(threads)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    built = build_base(ArraySource(data.embeddings, data.keys), budget, scratch, Progress())
    build_s = time.perf_counter() - started
    shown, photos = zip(*listings(data), strict=True)
    write_segment_files(folder, shown, photos, built.index, built.lists)
    sizes = {
        name: (folder / name).stat().st_size for name in (INDEX_FILE, LISTINGS_FILE, ROWS_FILE)
    }
    return Made(
        plan=built.trial.name,
        why=built.why,
        build_s=build_s,
        write_s=time.perf_counter() - started - build_s,
        peak_mb=peak_mb(),
        index_mb=sizes[INDEX_FILE] / 1e6,
        listings_mb=sizes[LISTINGS_FILE] / 1e6,
        bytes_per_photo=(sizes[INDEX_FILE] + sizes[ROWS_FILE]) / len(photos),
    )


def opened(folder: Path, data: Data) -> Opening:
    """Runs in a fresh child; its imports are done."""
    queries, path = data.queries, folder / INDEX_FILE
    known = {folder / name: blob_of(folder / name).sha256 for name in (INDEX_FILE, LISTINGS_FILE)}
    started = time.perf_counter()
    search = FaissSearch([Segment(files_in(folder), known)])
    search.search(queries[0], K)
    first_ms = (time.perf_counter() - started) * 1000
    for query in queries[:SEARCHES]:
        search.search(query, K)
    return Opening(first_ms, resident_mb(path))


def searched(folder: Path, data: Data, exact: Embeddings) -> tuple[Point, Point]:
    """Of the segment, as of a peer: photo keys; and of the whole search, with its photos' ids."""
    segment = Segment(files_in(folder))
    order = np.argsort(data.keys)
    in_order = data.keys[order]
    whole = FaissSearch([segment])
    places = {image_id: row for row, image_id in enumerate(data.image_ids)}
    queries, embeddings = data.queries, data.embeddings
    whole.search(queries[:SEARCHES], K)  # warm

    def nearest(query: Embeddings) -> Numbers:
        return segment.nearest(query[np.newaxis], K)[1][0]

    def photos(query: Embeddings) -> Sequence[int]:
        return [places[image_id] for image_id in whole.search(query, K)[0]]

    keys, times = timed(nearest, queries, K)
    rows = order[np.searchsorted(in_order, keys)]
    found = Point("keys", recall(rows, embeddings, queries, exact), *percentiles(times))
    rows, times = timed(photos, queries, K)
    shown = Point("photos", recall(rows, embeddings, queries, exact), *percentiles(times))
    return found, shown
