"""What bench_throughputs.py measures of the index stage: choosing, coding, sizes, memory."""

import gc
import time
from dataclasses import fields, replace
from pathlib import Path

import faiss
import numpy as np
from bench_clean_listings import write_catalogue
from index_data import WIDTH, Data, draw

from batch_jobs.clean.stage import CleanOptions
from batch_jobs.clean.stage import run as clean
from batch_jobs.index.choose import Budget
from batch_jobs.index.prepare import prepare
from batch_jobs.index.shards import encode_shard
from batch_jobs.index.source import BLOCK_ROWS, ArraySource
from batch_jobs.progress import Progress
from batch_jobs.stage import Shard, StageFolder
from batch_jobs.tables import read_table
from release.listings import Listing, Photo
from release.listings_writer import number_listings, write_listings
from release.store import Store

SHOWN, PHOTOS_EACH, COMPARED = 20_000, 4, 20_000
COLUMNS = [field.name for field in fields(Listing)]


def index_figures(photos: int, scratch: Path) -> dict[str, float]:
    return {**_coded(photos, scratch), **_listings(scratch)}


def _coded(photos: int, scratch: Path) -> dict[str, float]:
    """The plan chosen on a sample and trained; then one block of photos coded by it."""
    data = draw(scratch, photos, 10)
    source = ArraySource(data.embeddings, data.keys)
    started = time.process_time()
    prepared = prepare(source, Budget(memory_mb=0.3e-3 * photos), Progress())
    prepare_s = time.process_time() - started
    lists = max(plan.lists for plan in prepared.plans)
    print(f"{[plan.name for plan in prepared.plans]}, {prepare_s:.0f} s of CPU", flush=True)
    blocks = source.block_count
    started = time.process_time()
    encode_shard(source, prepared, Shard(0, max(1, blocks // 4)), Progress())
    coded = len(range(0, blocks, max(1, blocks // 4))) * BLOCK_ROWS
    return {
        "index_prepare_cpu_s": prepare_s,
        "index_photo_cpu_s": (time.process_time() - started) / coded,
        "index_lists": float(lists),
        "embedding_width": float(WIDTH),
        "exact_photo_s": _exact_s(data),
    }


def _exact_s(data: Data) -> float:
    """A photo compared with a query, by a flat index on one thread."""
    index = faiss.IndexFlatIP(WIDTH)
    index.add(np.array(data.embeddings[:COMPARED]))
    faiss.omp_set_num_threads(1)
    times = []
    for query in data.queries:
        started = time.perf_counter()
        index.search(query[np.newaxis], 10)
        times.append(time.perf_counter() - started)
    return min(times) / index.ntotal


def _listings(scratch: Path) -> dict[str, float]:
    """Bytes of listings.sqlite, and of the memory in which the stage has what goes into it."""
    shown = _shown(scratch)
    one = [_photo(listing, 0) for listing in shown]
    some = [_photo(listing, n) for listing in shown for n in range(PHOTOS_EACH)]
    few = _size(scratch, shown, one)
    started = time.process_time()
    many = _size(scratch, shown, some)
    row_s = (time.process_time() - started) / (len(some) + len(shown))
    a_photo = (many - few) / (len(some) - len(one))
    resident = _resident()
    copies = [
        replace(listing, title=listing.title + " ", description=listing.description + " ")
        for listing in shown
    ]
    listing_memory = (_resident() - resident) / len(copies)
    resident = _resident()
    kept = [_photo(listing, n) for listing in shown for n in range(PHOTOS_EACH)]
    numbers = {photo.sha256: n for n, photo in enumerate(kept)}  # as copies_of has them
    return {
        "index_row_cpu_s": row_s,
        "listings_photo_bytes": a_photo,
        "listings_listing_bytes": few / len(shown) - a_photo,
        "index_photo_memory_bytes": (_resident() - resident) / len(numbers),
        "index_listing_memory_bytes": listing_memory,
    }


def _shown(scratch: Path) -> list[Listing]:
    """With texts and categories as generated exports have them, searchable or not."""
    write_catalogue(scratch / "catalogue", SHOWN, 0)
    store = Store(str(scratch / "store"), create=True)
    clean(store, str(scratch / "catalogue"), CleanOptions(224), "bench", Progress())
    rows = read_table(StageFolder(store, "bench", "clean"), "products.parquet", COLUMNS).to_pylist()
    return [Listing(**{**row, "category_path": tuple(row["category_path"])}) for row in rows]


def _photo(listing: Listing, number: int) -> Photo:
    text = f"{listing.product_id}-{number}"
    return Photo(text, listing.product_id, f"{hash(text) % 2**64:064x}", 12_000)


def _size(scratch: Path, shown: list[Listing], photos: list[Photo]) -> float:
    path = scratch / f"listings-{len(photos)}.sqlite"
    write_listings(path, shown, photos, number_listings(shown))
    return float(path.stat().st_size)


def _resident() -> float:
    gc.collect()
    return float(Path("/proc/self/statm").read_text().split()[1]) * 4096
