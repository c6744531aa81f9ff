"""The photos of a request: sent with it or uploaded before, embedded a few at a time."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from lambda_search.errors import RequestError
from lambda_search.observing import stage
from release.crop import WHOLE, Crop
from release.errors import PhotoError
from release.extractor import Extracted
from release.pixels import prepare
from release.reader import Release
from release.store import Store

# A photo of 40 megapixels that is no JPEG takes half a gigabyte while it is decoded.
AT_ONCE = 4
_turns = threading.BoundedSemaphore(AT_ONCE)


def read_photos(given: Sequence[bytes | str], store: Store, max_bytes: int) -> list[bytes]:
    """The bytes of photos; strings are keys of uploads. Raises RequestError, StoreError."""
    with stage("read"):
        return [
            one if isinstance(one, bytes) else _uploaded(one, store, max_bytes) for one in given
        ]


def extract(release: Release, photos: Sequence[bytes], crop: Crop = WHOLE) -> Extracted:
    """Embeddings and logits of n photos of one item, `crop` of the first. Raises PhotoError."""
    with _turn():
        with stage("decode"):
            pixels = np.stack(list(_prepared(photos, release.extractor.size, crop)))
        with stage("extract"):
            return release.extractor.extract(pixels)


@contextmanager
def _turn() -> Iterator[None]:
    with stage("queue"):
        _turns.acquire()
    try:
        yield
    finally:
        _turns.release()


def _prepared(photos: Sequence[bytes], size: int, crop: Crop) -> Iterator[NDArray[np.uint8]]:
    crops = chain([crop], repeat(WHOLE))
    for number, (photo, part) in enumerate(zip(photos, crops, strict=False), 1):
        try:
            yield prepare(photo, size, part).pixels
        except PhotoError as error:
            if len(photos) == 1:
                raise
            text = f"Photo {number} of {len(photos)}: {error}"
            raise PhotoError(error.reason, text) from error


def _uploaded(key: str, store: Store, max_bytes: int) -> bytes:
    found = store.stat(key)
    if found is None:
        raise RequestError(
            "unknown_upload",
            f"There is no {key}. It was not sent yet, or is older than a day. POST /uploads says "
            "where to put a photo.",
        )
    if found.size_bytes > max_bytes:
        raise RequestError(
            "body_too_large",
            f"{key} has {found.size_bytes:,} bytes; at most {max_bytes:,} are read.",
        )
    return store.read_range(key, 0, found.size_bytes) if found.size_bytes else b""
