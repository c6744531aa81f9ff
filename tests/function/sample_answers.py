"""What the function has to answer to each sample event of infra/events."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from emulator import ROOT
from nearest import Nearest, match_of
from PIL import Image
from small_release import SIZE

from release.pixels import prepare

EVENTS = ROOT / "infra" / "events"
Check = Callable[[Nearest, Any], None]


def sample(name: str) -> Any:
    """The event in a file."""
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def chair() -> bytes:
    """The photo in the sample events."""
    return base64.b64decode(json.loads(sample("search-json.json")["body"])["photo"])


def search_answer(nearest: Nearest, answer: Any, *photos: bytes) -> None:
    """The three listings that are nearest to any of the photos, with all that is said of them."""
    best: dict[str, Any] = {}
    for result in (result for photo in photos for result in nearest.listings(photo, 100)):
        other = best.setdefault(result["product_id"], result)
        if result["similarity"].expected > other["similarity"].expected:
            best[result["product_id"]] = result
    results = sorted(best.values(), key=lambda result: -result["similarity"].expected)[:3]
    category, timings_ms = answer.pop("category"), answer.pop("timings_ms")
    assert answer == {
        "release": "small-1",
        "match": match_of(results[0]["similarity"].expected),
        "results": results,
    }
    means = np.mean([probabilities(nearest, photo) for photo in photos], axis=0)
    assert category["probability"] == pytest.approx(max(means), abs=1e-5)
    assert {"decode", "extract", "search", "total"} <= timings_ms.keys()


def probabilities(nearest: Nearest, photo: bytes) -> list[float]:
    """Of each category."""
    extracted = nearest.extractor.extract(prepare(photo, SIZE).pixels[None])
    return extracted.category_probabilities[0].tolist()


def _search(nearest: Nearest, answer: Any) -> None:
    search_answer(nearest, answer, chair())


def _search_photos(nearest: Nearest, answer: Any) -> None:
    search_answer(nearest, answer, *_photos_in("search-photos.json"))


def _search_crop(nearest: Nearest, answer: Any) -> None:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(chair())).crop((12, 12, 84, 96)).save(buffer, "PNG")
    search_answer(nearest, answer, buffer.getvalue())


def _classify(nearest: Nearest, answer: Any) -> None:
    assert answer.keys() == {"release", "categories"}
    assert [guess["probability"] for guess in answer["categories"]] == pytest.approx(
        sorted(probabilities(nearest, chair()), reverse=True), abs=1e-5
    )


def _embed(nearest: Nearest, answer: Any) -> None:
    assert answer.keys() == {"release", "embedding"}
    np.testing.assert_allclose(answer["embedding"], nearest.embed(chair())[0], atol=1e-6)


def _predict(nearest: Nearest, answer: Any) -> None:
    ids = [photo.image_id for photo, _ in nearest.photos(chair())[:3]]
    assert answer == {"Nearest similar image UUIDS": [ids]}


def _ready(nearest: Nearest, answer: Any) -> None:
    assert answer == {"status": "ready", "release": "small-1", "photos": 30, "listings": 12}


def _no_uploads(nearest: Nearest, answer: Any) -> None:
    assert answer.keys() == {"code", "detail"}
    assert answer["code"] == "uploads_unavailable"


def _photos_in(name: str) -> list[bytes]:
    """The files of a multipart body."""
    parts = base64.b64decode(sample(name)["body"]).split(b"\r\n\r\n")[1:]
    return [part.rpartition(b"\r\n--")[0] for part in parts if part.startswith(b"\xff\xd8")]


# A folder as the store has nothing to upload to; test_emulator.py has an upload to S3.
STATUS = {"uploads.json": 409}
ANSWERS: dict[str, Check] = {
    "search-multipart.json": _search,
    "search-json.json": _search,
    "search-crop.json": _search_crop,
    "search-crop-json.json": _search_crop,
    "search-photos.json": _search_photos,
    "search-rest.json": _search,
    "search-rest-multipart.json": _search,
    "search-alb.json": _search,
    "search-alb-multipart.json": _search,
    "search-alb-lists.json": _search,
    "search-url.json": _search,
    "search-url-multipart.json": _search,
    "classify.json": _classify,
    "embed.json": _embed,
    "predict-image.json": _predict,
    "predict-image-rest.json": _predict,
    "predict-image-alb.json": _predict,
    "predict-image-alb-lists.json": _predict,
    "predict-image-url.json": _predict,
    "ready.json": _ready,
    "ready-alb.json": _ready,
    "ready-url.json": _ready,
    "uploads.json": _no_uploads,
}
# Events that are not HTTP have no status and no headers.
PLAIN = {"warm-up.json": {"status": "ok", "release": "small-1"}}
