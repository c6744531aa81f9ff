"""The prepared photos of a run, in memory as JPEG, with what training asks of each."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards, read_table
from release.pixels import prepare

CategoryPath = tuple[str, ...]
UNCATEGORISED: CategoryPath = ("Uncategorised",)


@dataclass(frozen=True)
class PhotoSet:
    """n photos in one fixed order; every field has n entries, made from the same rows."""

    image_ids: list[str]
    jpegs: list[bytes]
    listings: NDArray[np.int64]  # (n,) the listing's number, in the order of product_ids
    product_ids: list[str]  # one per listing
    groups: list[str]  # duplicate_group, or the photo's own id
    labels: NDArray[np.int64]  # (n,) the category's number
    categories: list[CategoryPath]
    size: int

    def __len__(self) -> int:
        return len(self.image_ids)

    def pixels(self, places: Iterable[int]) -> Tensor:
        """(len(places), size, size, 3) uint8."""
        photos = [prepare(self.jpegs[place], self.size).pixels for place in places]
        return torch.from_numpy(np.stack(photos))


def load_photos(clean: StageFolder, size: int) -> PhotoSet:
    """All photos that `clean` kept, in the order of its shards."""
    products = read_table(clean, "products.parquet", ["product_id", "category_path"]).to_pylist()
    paths = {row["product_id"]: tuple(row["category_path"]) or UNCATEGORISED for row in products}
    columns = ["image_id", "product_id", "photo", "duplicate_group"]
    rows = [row for _, shard in read_shards(clean, "photos-", columns) for row in shard.to_pylist()]
    product_ids = sorted({row["product_id"] for row in rows})
    categories = sorted({paths[product_id] for product_id in product_ids})
    listing_number = {product_id: number for number, product_id in enumerate(product_ids)}
    label = {path: number for number, path in enumerate(categories)}
    return PhotoSet(
        image_ids=[row["image_id"] for row in rows],
        jpegs=[row["photo"] for row in rows],
        listings=np.array([listing_number[row["product_id"]] for row in rows]),
        product_ids=product_ids,
        groups=[row["duplicate_group"] or row["image_id"] for row in rows],
        labels=np.array([label[paths[row["product_id"]]] for row in rows]),
        categories=categories,
        size=size,
    )
