"""What the endpoints answer to a request that is right."""

import base64
import json

import numpy as np
import pytest
from asking import embedding_of, ids, search
from nearest import in_answers, photos_of, probabilities_of, untimed
from small_release import CATEGORIES, SIZE, SmallRelease

from release.pixels import prepare


def _listing_of(release: SmallRelease, product_id: str):
    return next(listing for listing in release.listings if listing.product_id == product_id)


def test_every_photo_finds_its_own_listing_first_with_all_that_the_listing_is(
    client, small_release
):
    for photo in small_release.photos:
        answer = client.post("/search", files={"photo": photo.png}).json()
        listing = _listing_of(small_release, photo.product_id)
        found = answer["results"][0]
        similarity = found.pop("similarity")
        assert found == {
            **probabilities_of(similarity),
            **in_answers(listing),
            "image_id": photo.image_id,
            "photo": f"/photos/{photo.image_id}",
            "photos": photos_of(small_release, photo),
        }
        assert similarity == pytest.approx(1, abs=1e-3)
        assert answer["release"] == small_release.release_id


def test_results_are_listings_each_once_nearest_first(client, small_release):
    answer = client.post(
        "/search", files={"photo": small_release.photos[0].png}, data={"k": "100"}
    ).json()
    found = ids(answer)
    similarities = [found["similarity"] for found in answer["results"]]
    assert len(found) == len(set(found)) == len(small_release.listings)
    assert similarities == sorted(similarities, reverse=True)


def test_a_file_its_base64_and_its_embedding_find_the_same(client, small_release):
    photo = small_release.photos[3]
    by_file = untimed(client.post("/search", files={"photo": photo.png}, data={"k": "5"}))
    by_text = search(client, photo=base64.b64encode(photo.png).decode(), k=5)
    by_form_text = untimed(
        client.post(
            "/search", files={"photo": (None, base64.encodebytes(photo.png)), "k": (None, "5")}
        )
    )
    by_embedding = search(client, embedding=embedding_of(client, photo), k=5)
    assert by_file == by_text == by_form_text
    assert by_embedding["category"] is None
    assert by_embedding["results"] == by_file["results"]


def test_an_embedding_counts_by_its_direction_however_long_it_is(client, small_release):
    embedding = np.array(embedding_of(client, small_release.photos[0]))
    results = search(client, embedding=embedding.tolist())["results"]
    for length in (1e-300, 1e-20, 7, 1e20, 1e300):
        assert search(client, embedding=(embedding * length).tolist())["results"] == results


def test_a_listing_finds_others_and_not_itself(client, small_release):
    product_id = small_release.listings[0].product_id
    similar = untimed(client.get(f"/listings/{product_id}/similar?k=100"))
    assert sorted([*ids(similar), product_id]) == sorted(
        listing.product_id for listing in small_release.listings
    )
    assert similar == search(client, product_id=product_id, k=100)
    assert similar["category"] is None


def test_an_empty_form_field_counts_as_not_sent(client, small_release):
    photo = small_release.photos[0].png
    empty = client.post("/search", files={"photo": photo}, data={"k": "", "filters": " "})
    assert untimed(empty) == untimed(client.post("/search", files={"photo": photo}))


def test_embed_gives_the_extractors_embedding(client, small_release):
    photo = small_release.photos[0]
    extractor = client.app.state.releases.current().extractor
    expected = extractor.extract(prepare(photo.png, SIZE).pixels[None]).embedding[0]
    answer = client.post("/embed", files={"photo": photo.png}).json()
    assert answer["release"] == small_release.release_id
    np.testing.assert_allclose(answer["embedding"], expected, rtol=1e-6)
    assert np.linalg.norm(answer["embedding"]) == pytest.approx(1, abs=1e-5)


def test_classify_gives_category_paths_the_most_probable_first(client, small_release):
    photo = small_release.photos[0].png
    answer = client.post("/classify", files={"photo": photo}).json()
    probabilities = [guess["probability"] for guess in answer["categories"]]
    assert {tuple(guess["path"]) for guess in answer["categories"]} == set(CATEGORIES)
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    best = client.post("/classify", files={"photo": photo}, data={"k": "1"}).json()
    assert best["categories"] == answer["categories"][:1]
    searched = client.post("/search", files={"photo": photo}).json()
    assert searched["category"] == answer["categories"][0]


def test_a_photo_comes_as_the_store_has_it_and_may_be_kept(client, small_release):
    photo = small_release.photos[0]
    answer = client.get(f"/photos/{photo.image_id}")
    assert answer.content == photo.jpeg
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    again = client.get(
        f"/photos/{photo.image_id}", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_health_and_ready(client, small_release):
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {
        "status": "ready",
        "release": small_release.release_id,
        "photos": len(small_release.photos),
        "listings": len(small_release.listings),
    }


def test_the_student_projects_endpoints_answer_as_they_did(client, small_release):
    photo = small_release.photos[0]
    assert client.get("/healthcheck").json() == {"message": "API is up and running!"}
    answer = client.post("/predict/image?num_results=3", files={"image": photo.png}).json()
    assert list(answer) == ["Nearest similar image UUIDS"]
    ((first, *others),) = answer["Nearest similar image UUIDS"]
    assert (first, len(others)) == (photo.image_id, 2)
    default = client.post("/predict/image", files={"image": photo.png}).json()
    assert len(default["Nearest similar image UUIDS"][0]) == 5


def test_the_openapi_document_describes_every_endpoint_and_its_errors(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert {f"{method} {path}" for path, of in paths.items() for method in of} == {
        "post /search",
        "post /uploads",
        "post /embed",
        "post /classify",
        "get /listings/{product_id}/similar",
        "get /catalogue",
        "get /listings",
        "get /listings/{product_id}",
        "get /samples/{number}",
        "get /photos/{image_id}",
        "get /health",
        "get /ready",
        "get /healthcheck",
        "post /predict/image",
    }
    for of in paths.values():
        for operation in of.values():
            assert {"4XX", "5XX"} <= operation["responses"].keys()
            assert "422" not in operation["responses"]
    body = paths["/search"]["post"]["requestBody"]["content"]
    form = body["multipart/form-data"]
    assert form["schema"]["properties"]["photo"] == {"type": "string", "format": "binary"}
    assert form["encoding"]["filters"] == {"contentType": "application/json"}
    assert "product_id" not in form["schema"]["properties"]
    assert "embedding" in body["application/json"]["schema"]["properties"]
    assert "$ref" not in json.dumps(body)
