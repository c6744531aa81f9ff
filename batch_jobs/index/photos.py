"""What an index stage needs to know of photos beside their embeddings."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from batch_jobs.cleaned import PHOTO_COLUMNS
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards
from release.listings import Photo

KEPT_OUT_FILE = "kept_out.json"  # photos that the index does not have, to search with


def photos_of(embed: StageFolder) -> Iterator[Photo]:
    """Every embedded photo, file by file."""
    for _, table in read_shards(embed, "embeddings-", PHOTO_COLUMNS):
        yield from map(Photo, *(table[name].to_pylist() for name in PHOTO_COLUMNS))


def copies_of(photos: Sequence[Photo]) -> NDArray[np.int64]:
    """By row of the index, the same number for photos of the same content."""
    numbers: dict[str, int] = {}
    in_order = sorted(photos, key=lambda photo: photo.key)
    return np.array([numbers.setdefault(one.sha256, len(numbers)) for one in in_order], np.int64)
