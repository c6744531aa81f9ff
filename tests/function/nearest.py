"""What the function has to answer, worked out without index, searcher and application."""

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from small_release import SIZE, DrawnPhoto, SmallRelease

from release.extractor import Extractor
from release.fetching import read_manifest
from release.listings import Listing
from release.manifest import EXTRACTOR_FILE
from release.pixels import prepare
from release.store import Store

# What small_release.CALIBRATION says of the similarities.
SLOPES = {"same_item_probability": (20, -15), "same_category_probability": (5, -1)}
THRESHOLD = 0.9


def match_of(similarity: float | None) -> dict[str, Any]:
    """The match of /search where the nearest listing has this similarity; None without one."""
    good = similarity is not None and similarity >= THRESHOLD
    return {"good": good, "of": "item", "threshold": THRESHOLD, "precision": 0.95}


def probabilities_of(similarity: float) -> dict[str, Any]:
    """The two probabilities of a result of /search."""
    return {
        name: pytest.approx(1 / (1 + math.exp(-(slope * similarity + intercept))), abs=1e-4)
        for name, (slope, intercept) in SLOPES.items()
    }


def untimed(answer: httpx2.Response) -> dict[str, Any]:
    """The answer without what differs from one request to the next: how long it took."""
    found: dict[str, Any] = answer.json()
    timings_ms = found.pop("timings_ms")
    assert "total" in timings_ms
    assert all(spent >= 0 for spent in timings_ms.values())
    return found


def photos_of(release: SmallRelease, first: DrawnPhoto) -> list[str]:
    """The photos of a listing as an answer has them, where one is the nearest."""
    own = (photo for photo in release.photos if photo.product_id == first.product_id)
    ids = sorted((photo.image_id for photo in own), key=lambda one: (one != first.image_id, one))
    return [f"/photos/{image_id}" for image_id in ids]


def iso(moment: datetime | None) -> str | None:
    """A time as JSON has it."""
    return moment and moment.isoformat().replace("+00:00", "Z")


def in_answers(listing: Listing) -> dict[str, Any]:
    """A listing without its photos."""
    return {
        "product_id": listing.product_id,
        "title": listing.title,
        "price": listing.price,
        "currency": listing.currency,
        "price_status": listing.price_status,
        "category": list(listing.category_path),
        "location": listing.location,
        "listed_at": iso(listing.listed_at),
    }


class Nearest:
    """The photos and listings of a release on this disk, by their cosine to a photo."""

    def __init__(self, release: SmallRelease) -> None:
        self._release = release
        store = Store(release.store_url)
        blob = read_manifest(store, release.release_id).files[EXTRACTOR_FILE]
        self.extractor = Extractor(Path(release.store_url) / blob.path)
        self._embeddings = np.concatenate([self.embed(photo.jpeg) for photo in release.photos])

    def embed(self, photo: bytes) -> NDArray[np.float32]:  # (1, width)
        return self.extractor.extract(prepare(photo, SIZE).pixels[None]).embedding

    def photos(self, photo: bytes) -> list[tuple[DrawnPhoto, float]]:
        """All photos of the release with their cosines, nearest first."""
        similarities = self._embeddings @ self.embed(photo)[0]
        return [
            (self._release.photos[place], similarities[place])
            for place in np.argsort(-similarities).tolist()
        ]

    def listings(self, photo: bytes, k: int) -> list[dict[str, Any]]:
        """The results of /search."""
        by_id = {listing.product_id: listing for listing in self._release.listings}
        best: dict[str, dict[str, Any]] = {}
        for found, similarity in self.photos(photo):
            listing = by_id[found.product_id]
            result = {
                **in_answers(listing),
                "similarity": pytest.approx(similarity, abs=1e-5),
                **probabilities_of(similarity),
                "image_id": found.image_id,
                "photo": f"/photos/{found.image_id}",
                "photos": photos_of(self._release, found),
            }
            best.setdefault(listing.product_id, result)
        return list(best.values())[:k]
