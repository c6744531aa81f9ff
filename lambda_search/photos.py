"""The photos of a request: sent with it or uploaded before, embedded a few at a time."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Uploads:
    """Photos that were uploaded into a store, of at most so many bytes."""

    store: Store
    max_bytes: int

    def read(self, key: str) -> bytes:
        """Raises RequestError, StoreError."""
        found = self.store.stat(key)
        if found is None:
            raise RequestError(
                "unknown_upload",
                f"There is no {key}. It was not sent yet, or is older than a day. POST /uploads "
                "says where to put a photo.",
            )
        if found.size_bytes > self.max_bytes:
            raise RequestError(
                "body_too_large",
                f"{key} has {found.size_bytes:,} bytes; at most {self.max_bytes:,} are read.",
            )
        return self.store.read_range(key, 0, found.size_bytes) if found.size_bytes else b""


def extract(
    release: Release, given: Sequence[bytes | str], uploads: Uploads, crop: Crop = WHOLE
) -> Extracted:
    """Embeddings and logits of n photos of one item, `crop` of the first.

    A photo is its bytes or the key of an upload. Raises PhotoError, RequestError, StoreError.
    """
    with _turn():
        pixels = np.stack(list(_prepared(given, release.extractor.size, uploads, crop)))
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


def _prepared(
    given: Sequence[bytes | str], size: int, uploads: Uploads, crop: Crop
) -> Iterator[NDArray[np.uint8]]:
    """One after the other, so that one of them is in memory."""
    crops = chain([crop], repeat(WHOLE))
    for number, (one, part) in enumerate(zip(given, crops, strict=False), 1):
        with stage("read"):
            photo = uploads.read(one) if isinstance(one, str) else one
        try:
            with stage("decode"):
                yield prepare(photo, size, part).pixels
        except PhotoError as error:
            if len(given) == 1:
                raise
            text = f"Photo {number} of {len(given)}: {error}"
            raise PhotoError(error.reason, text) from error
