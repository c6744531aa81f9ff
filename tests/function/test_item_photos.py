"""Several photos of one item, a part of a photo, and photos that were uploaded before."""

import base64
import io
import json
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from moto_server import s3_environment, s3_url
from nearest import Nearest
from PIL import Image
from small_release import SmallRelease, build

from lambda_search.app import create_app
from lambda_search.settings import Settings
from release.store import Store

__all__ = ["s3_environment", "s3_url"]


@pytest.fixture(scope="module")
def nearest(small_release: SmallRelease) -> Nearest:
    return Nearest(small_release)


def _base64(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def _results(answer: httpx2.Response) -> list[dict]:
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def _side_by_side(left: bytes, right: bytes) -> bytes:
    """One picture of two, the first in its left half."""
    images = [Image.open(io.BytesIO(photo)).convert("RGB") for photo in (left, right)]
    width, height = images[0].size
    both = Image.new("RGB", (2 * width, height))
    for place, image in enumerate(images):
        both.paste(image, (place * width, 0))
    buffer = io.BytesIO()
    both.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_listing_counts_with_its_nearest_photo_to_any_of_those_sent(
    client, small_release, nearest
):
    photos = [small_release.photos[place].png for place in (0, 7, 14, 20, 27)]
    best: dict[str, dict] = {}
    for photo in photos:
        for one in nearest.listings(photo, 100):
            seen = best.setdefault(one["product_id"], one)
            if one["similarity"].expected > seen["similarity"].expected:
                best[one["product_id"]] = one
    expected = sorted(best.values(), key=lambda one: -one["similarity"].expected)
    form = client.post("/search", files=[("photo", photo) for photo in photos], data={"k": "100"})
    in_json = client.post(
        "/search", json={"photos": [_base64(photo) for photo in photos], "k": 100}
    )
    similarities = [one["similarity"] for one in _results(form)]
    assert similarities == [one["similarity"] for one in expected]
    assert {one["product_id"]: one for one in _results(form)} == best
    assert _results(in_json) == _results(form)


def test_the_category_is_the_mean_of_what_the_photos_say(client, small_release):
    photos = [small_release.photos[place].png for place in (0, 3)]
    guesses = [
        client.post("/classify", files={"photo": photo}).json()["categories"] for photo in photos
    ]
    sums: dict[tuple, float] = {}
    for guess in (guess for some in guesses for guess in some):
        path = tuple(guess["path"])
        sums[path] = sums.get(path, 0) + guess["probability"] / 2
    answer = client.post("/search", files=[("photo", photo) for photo in photos]).json()
    best = max(sums, key=lambda path: sums[path])
    assert tuple(answer["category"]["path"]) == best
    assert answer["category"]["probability"] == pytest.approx(sums[best], abs=1e-5)


def test_a_crop_finds_what_is_in_it(client, small_release):
    left, right = small_release.photos[0], small_release.photos[-1]
    both = _side_by_side(left.png, right.png)
    for crop, inside in (([0, 0, 0.5, 1], left), ([0.5, 0, 1, 1], right)):
        form = client.post("/search", files={"photo": both}, data={"crop": json.dumps(crop)})
        in_json = client.post("/search", json={"photo": _base64(both), "crop": crop})
        alone = client.post("/search", files={"photo": inside.png})
        assert _results(form) == _results(in_json) == _results(alone)
        assert _results(form)[0]["product_id"] == inside.product_id
    cut = client.post("/embed", json={"photo": _base64(both), "crop": [0.5, 0, 1, 1]}).json()
    assert cut == client.post("/embed", files={"photo": right.png}).json()
    classified = client.post("/classify", files={"photo": both}, data={"crop": "[0.5, 0, 1, 1]"})
    assert classified.json() == client.post("/classify", files={"photo": right.png}).json()


def test_with_several_photos_the_crop_is_of_the_first(client, small_release):
    left, right = small_release.photos[0], small_release.photos[-1]
    both = _side_by_side(left.png, right.png)
    other = small_release.photos[9].png
    cut = {"photos": [_base64(both), _base64(other)], "crop": [0.5, 0, 1, 1]}
    plain = {"photos": [_base64(right.png), _base64(other)]}
    assert _results(client.post("/search", json=cut)) == _results(
        client.post("/search", json=plain)
    )


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"photos": ["AAAA"] * 6}, "too_many_photos", "at most 5 items"),
        ({"photo": "AAAA", "photos": ["AAAA"] * 5}, "too_many_photos", "6 photos; at most 5"),
        ({"photos": []}, "missing_photo", "nothing to search with"),
        ({"photos": ["AAAA"], "product_id": "x"}, "ambiguous_query", "photo and product_id"),
        ({"photo": "AAAA", "crop": [0, 0, 1]}, "invalid_request", "crop"),
        ({"photo": "AAAA", "crop": [0.6, 0, 0.5, 1]}, "bad_crop", "left before right"),
        ({"photo": "AAAA", "crop": ["a", 0, 1, 1]}, "invalid_request", "crop"),
        ({"product_id": "x", "crop": [0, 0, 1, 1]}, "ambiguous_query", "no photo"),
        ({"upload": "../current.json"}, "invalid_request", "upload"),
        ({"uploads": ["uploads/" + "A" * 32]}, "invalid_request", "uploads"),
        ({"upload": "https://example.com/a.jpg"}, "invalid_request", "upload"),
    ],
)
def test_photos_that_cannot_be_meant_are_refused(client, body, code, words):
    answer = client.post("/search", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert words in answer.json()["detail"]


def test_the_photo_that_is_damaged_is_named(client, small_release):
    good = small_release.photos[0].png
    answer = client.post("/search", files=[("photo", good), ("photo", good[:200])])
    assert (answer.status_code, answer.json()["code"]) == (422, "truncated")
    assert answer.json()["detail"].startswith("Photo 2 of 2: ")


def test_without_s3_there_are_no_uploads_and_the_answer_says_what_to_do(client):
    answer = client.post("/uploads")
    assert (answer.status_code, answer.json()["code"]) == (409, "uploads_unavailable")
    assert "2,000,000 bytes" in answer.json()["detail"]


@pytest.fixture
def on_s3(s3_url: str, tmp_path: Path) -> TestClient:
    build(s3_url, "small-1", seed=1)
    settings = Settings(store_url=s3_url, cache_dir=tmp_path / "cache", max_upload_mb=0.02)
    return TestClient(create_app(settings))


def _uploaded(client: TestClient, photo: bytes) -> str:
    answer = client.post("/uploads")
    assert answer.status_code == 201
    where = answer.json()
    assert (where["method"], where["max_bytes"], where["expires_s"]) == ("PUT", 20_000, 900)
    httpx2.put(where["url"], content=photo).raise_for_status()
    return where["key"]


def test_an_uploaded_photo_answers_as_one_that_was_sent(on_s3, small_release):
    photos = [small_release.photos[place].png for place in (0, 7)]
    keys = [_uploaded(on_s3, photo) for photo in photos]
    sent = _results(on_s3.post("/search", files=[("photo", photo) for photo in photos]))
    assert _results(on_s3.post("/search", json={"uploads": keys})) == sent
    one = _results(on_s3.post("/search", files={"photo": photos[0]}))
    assert _results(on_s3.post("/search", json={"upload": keys[0]})) == one
    mixed = {"photo": _base64(photos[1]), "upload": keys[0]}
    assert _results(on_s3.post("/search", json=mixed)) == sent
    form = on_s3.post("/search", files={"uploads": (None, keys[0])})
    assert _results(form) == one
    embedded = on_s3.post("/embed", json={"upload": keys[0]}).json()
    assert embedded == on_s3.post("/embed", files={"photo": photos[0]}).json()


def test_an_upload_that_is_not_there_too_large_or_no_photo_is_refused(on_s3, s3_url):
    missing = on_s3.post("/search", json={"upload": "uploads/" + "0" * 32})
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_upload")
    large = on_s3.post("/search", json={"upload": _uploaded(on_s3, b"x" * 20_001)})
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    assert "20,001 bytes" in large.json()["detail"]
    for content, code in ((b"", "empty_file"), (b"<html>", "not_an_image")):
        answer = on_s3.post("/search", json={"upload": _uploaded(on_s3, content)})
        assert answer.json()["code"] == code
    assert len(list(Store(s3_url).list("uploads"))) == 3
