"""What a cleaning kept, without the bytes of photos: the searchable listings and their photos."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from batch_jobs.stage import StageFolder
from batch_jobs.tables import PHOTOS, read_shards, read_table
from release.listings import Listing, Photo, content_of

LISTINGS_AT_ONCE = 20_000
# As the fields of Photo; embeddings-*.parquet has them too.
PHOTO_COLUMNS = ["image_id", "product_id", "photo_sha256", "photo_bytes"]
_LISTING = ["product_id", "title", "description", "price", "currency", "price_status"]
_LISTING += ["category_path", "location", "listed_at"]


class PhotosOfListings:
    """The photos of a cleaning by listing; about 250 bytes of memory for each."""

    def __init__(self, clean: StageFolder) -> None:
        tables = [table for _, table in read_shards(clean, "photos-", PHOTO_COLUMNS)]
        empty = pa.schema([PHOTOS.field(name) for name in PHOTO_COLUMNS]).empty_table()
        self._table = pa.concat_tables(tables or [empty]).sort_by("product_id")
        runs = pc.run_end_encode(self._table["product_id"].combine_chunks())
        self._ends: NDArray[np.int32] = runs.run_ends.to_numpy()
        self._run = {owner: run for run, owner in enumerate(runs.values.to_pylist())}

    def of(self, product_ids: Sequence[str]) -> Iterator[list[Photo]]:
        """For each of some listings its photos."""
        runs = np.array([self._run.get(owner, -1) for owner in product_ids], dtype=np.int64)
        bounds = np.concatenate([np.zeros(2, np.int64), self._ends])
        starts = bounds[runs + 1]
        counts = np.where(runs < 0, 0, bounds[runs + 2] - starts)
        before = np.cumsum(counts) - counts
        rows = self._table.take(np.repeat(starts - before, counts) + np.arange(counts.sum()))
        photos = map(Photo, *(rows[name].to_pylist() for name in PHOTO_COLUMNS))
        for count in counts.tolist():
            yield list(islice(photos, count))


def listings(clean: StageFolder, product_ids: Collection[str] | None = None) -> Iterator[Listing]:
    """The searchable listings, or those of the given ids among them, in the order of the table."""
    table = read_table(clean, "products.parquet", [*_LISTING, "searchable"])
    table = table.filter(pc.field("searchable")).drop_columns("searchable")
    if product_ids is not None:
        wanted = pa.array(sorted(product_ids), pa.string())
        table = table.filter(pc.is_in(table["product_id"], value_set=wanted))
    for batch in table.to_batches(LISTINGS_AT_ONCE):
        columns = {name: batch[name].to_pylist() for name in _LISTING}
        columns["category_path"] = list(map(tuple, columns["category_path"]))
        yield from map(Listing, *columns.values())


def contents(clean: StageFolder) -> Iterator[tuple[str, bytes]]:
    """Of each searchable listing its id, and 16 bytes that change with it or its photos."""
    photos, some = PhotosOfListings(clean), list[Listing]()
    for listing in listings(clean):
        some.append(listing)
        if len(some) == LISTINGS_AT_ONCE:
            yield from _contents(some, photos)
            some = []
    yield from _contents(some, photos)


def _contents(some: list[Listing], photos: PhotosOfListings) -> Iterator[tuple[str, bytes]]:
    found = photos.of([listing.product_id for listing in some])
    for listing, own in zip(some, found, strict=True):
        yield listing.product_id, content_of(listing, own)


def count_photos(clean: StageFolder, product_ids: Collection[str]) -> int:
    """How many photos these listings have."""
    wanted = pa.array(sorted(product_ids), pa.string())
    return sum(
        pc.sum(pc.is_in(table["product_id"], value_set=wanted)).as_py()
        for _, table in read_shards(clean, "photos-", ["product_id"])
    )
