"""Which index so many photos get, and how large a release is with it."""

import math
from dataclasses import dataclass

from batch_jobs.cloud.throughputs import CodedPlan, Throughputs
from batch_jobs.index.candidates import LEAST_PHOTOS, PHOTOS_A_LIST, lists_for
from batch_jobs.index.choose import Budget
from batch_jobs.index.plan import Plan


@dataclass(frozen=True)
class IndexSize:
    """`index_bytes` are of index.faiss and rows.npy, which searches read."""

    plan: str
    lists: int
    recall_at_10: float
    bytes_per_photo: float
    index_bytes: float
    listings_bytes: float
    meets: bool  # whether the plan fits the memory and finds what it should

    @property
    def file_bytes(self) -> float:
        """Of a release's segment."""
        return self.index_bytes + self.listings_bytes


def index_size(
    photos: int, listings: float, memory_mb: float | None, table: Throughputs
) -> IndexSize:
    """The smallest plan that finds enough; within a memory, the best that fits, else the smallest.

    Recalls are those of the table, whatever the number of photos.
    """
    width = int(table["embedding_width"])
    sizes = [_size(photos, one, width) for one in table.plans]
    if photos < LEAST_PHOTOS or _is_exact(photos, width, memory_mb, table):
        sizes = [(Plan("Flat"), 1.0)]
    by_bytes = sorted(sizes, key=lambda one: one[0].bytes_per_photo(photos, width))
    most = math.inf if memory_mb is None else memory_mb * 1e6
    fitting = [one for one in by_bytes if one[0].bytes_per_photo(photos, width) * photos <= most]
    good = [one for one in fitting if one[1] >= Budget().recall]
    plan, recall = good[0] if good else fitting[-1] if fitting else by_bytes[0]
    each = plan.bytes_per_photo(photos, width)
    return IndexSize(
        plan=plan.name,
        lists=plan.lists,
        recall_at_10=recall,
        bytes_per_photo=each,
        index_bytes=each * photos,
        listings_bytes=table["listings_photo_bytes"] * photos
        + table["listings_listing_bytes"] * listings,
        meets=bool(good),
    )


def _is_exact(photos: int, width: int, memory_mb: float | None, table: Throughputs) -> bool:
    """As the index stage decides: exact search where memory and time allow it."""
    most = 1e6 * (memory_mb or Budget().memory_mb)
    fits = Plan("Flat").bytes_per_photo(photos, width) * photos <= most
    return fits and photos * table["exact_photo_s"] * 1000 <= Budget().p95_ms


def _size(photos: int, coded: CodedPlan, width: int) -> tuple[Plan, float]:
    lists = lists_for(photos, min(PHOTOS_A_LIST))
    return Plan(coded.coder, min(coded.dimensions, width), lists), coded.recall_at_10
