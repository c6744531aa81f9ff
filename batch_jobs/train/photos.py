"""The prepared photos of a run, with what training asks of each."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards, read_table
from batch_jobs.train.jpegs import Jpegs
from batch_jobs.train.labels import CategoryPath, labels_of
from release.pixels import prepare


class ByPlace(Protocol):
    """A photo's JPEG by its place."""

    def __getitem__(self, place: int, /) -> bytes: ...


@dataclass(frozen=True)
class PhotoSet:
    """n photos in one fixed order; every field has n entries, made from the same rows."""

    image_ids: list[str]
    jpegs: ByPlace
    listings: NDArray[np.int64]  # (n,) the listing's number, in the order of product_ids
    product_ids: list[str]  # one per listing
    groups: list[str]  # duplicate_group, or the photo's own id
    labels: NDArray[np.int64]  # (n,) the number of the category that is to be told apart
    categories: list[CategoryPath]  # of each label
    size: int

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def has_siblings(self) -> bool:
        return len(self.product_ids) < len(self)

    def one_a_listing(self, places: Iterable[int], most: float = math.inf) -> list[int]:
        """Of these places the first of each listing, of so many listings at most."""
        first: dict[int, int] = {}
        for place in places:
            first.setdefault(int(self.listings[place]), place)
            if len(first) == most:
                break
        return list(first.values())

    def pixels(self, places: Iterable[int]) -> Tensor:
        """(len(places), size, size, 3) uint8."""
        photos = [prepare(self.jpegs[place], self.size).pixels for place in places]
        return torch.from_numpy(np.stack(photos))


def load_photos(
    clean: StageFolder, laid_out: Path, level: str = "leaf", min_photos: int = 1
) -> PhotoSet:
    """As `photo_set`, with the JPEGs in the folder into which `jpegs.lay_out` wrote them."""
    return photo_set(clean, Jpegs(laid_out), level, min_photos)


def photo_set(clean: StageFolder, jpegs: ByPlace, level: str, min_photos: int) -> PhotoSet:
    """All photos that `clean` kept, in the order of its files.

    `level` and `min_photos` say what the labels are.
    """
    products = read_table(clean, "products.parquet", ["product_id", "category_path"]).to_pylist()
    columns = ["image_id", "product_id", "duplicate_group"]
    rows = [row for _, shard in read_shards(clean, "photos-", columns) for row in shard.to_pylist()]
    listing_ids = [row["product_id"] for row in rows]
    product_ids = sorted(set(listing_ids))
    paths = {row["product_id"]: tuple(row["category_path"]) for row in products}
    label_of = labels_of({key: paths[key] for key in product_ids}, listing_ids, level, min_photos)
    categories = sorted(set(label_of.values()))
    number = {product_id: number for number, product_id in enumerate(product_ids)}
    label = {path: number for number, path in enumerate(categories)}
    return PhotoSet(
        image_ids=[row["image_id"] for row in rows],
        jpegs=jpegs,
        listings=np.array([number[listing] for listing in listing_ids]),
        product_ids=product_ids,
        groups=[row["duplicate_group"] or row["image_id"] for row in rows],
        labels=np.array([label[label_of[listing]] for listing in listing_ids]),
        categories=categories,
        size=clean.require().inputs["options"]["size"],
    )
