"""What a similarity means: probabilities of each listing found, and whether one is a good match."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from nearest import match_of, probabilities_of
from small_release import CALIBRATION, WIDTH, SmallRelease, build

from lambda_search import searcher
from lambda_search.answers import MatchAnswer
from lambda_search.app import create_app
from lambda_search.bodies import SearchRequest
from lambda_search.photos import Uploads
from lambda_search.settings import Settings
from release.calibration import Calibration, Match
from release.faiss_search import Wanted
from release.reader import open_current
from release.store import Store

NAMES = ["same_item_probability", "same_category_probability"]


@pytest.fixture
def client_of(tmp_path: Path) -> Callable[[Calibration], TestClient]:
    """The application over a release with the calibration given."""

    def make(calibration: Calibration) -> TestClient:
        url = str(tmp_path / "store")
        build(url, "calibrated", seed=1, calibration=calibration)
        return TestClient(create_app(Settings(store_url=url)))

    return make


def search(client: TestClient, photo: bytes, **fields: str) -> dict:
    answer = client.post("/search", files={"photo": photo}, data=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_listing_has_the_probabilities_of_its_own_similarity(client, small_release):
    results = search(client, small_release.photos[0].png, k="50")["results"]
    assert len(results) == len(small_release.listings)
    for found in results:
        probabilities = {name: found[name] for name in NAMES}
        assert probabilities == probabilities_of(found["similarity"])
        assert probabilities == {name: round(value, 6) for name, value in probabilities.items()}
    for name in NAMES:
        values = [found[name] for found in results]
        assert values == sorted(values, reverse=True)


def test_a_photo_of_the_catalogue_is_a_good_match_and_of_a_listing_the_others_are_not(
    client, small_release
):
    photo = small_release.photos[0]
    assert search(client, photo.png)["match"] == match_of(1.0)
    similar = client.get(f"/listings/{photo.product_id}/similar").json()
    assert similar["match"] == match_of(similar["results"][0]["similarity"])
    assert similar["match"]["good"] is False
    assert similar["results"][0]["same_item_probability"] is not None


def test_a_filter_that_leaves_a_worse_listing_leaves_no_good_match(client, small_release):
    photo = small_release.photos[0]
    listing = next(it for it in small_release.listings if it.product_id == photo.product_id)
    elsewhere = next(it for it in small_release.listings if it.location != listing.location)
    filters = json.dumps({"location": elsewhere.location})
    answer = search(client, photo.png, filters=filters)
    assert answer["match"] == match_of(answer["results"][0]["similarity"])
    assert answer["match"]["good"] is False


def test_without_results_nothing_is_a_good_match(client, small_release):
    filters = json.dumps({"location": "nowhere"})
    answer = search(client, small_release.photos[0].png, filters=filters)
    assert (answer["results"], answer["match"]) == ([], match_of(None))


def test_the_threshold_itself_is_good_enough(small_release: SmallRelease, tmp_path: Path):
    release = open_current(Store(small_release.store_url), tmp_path)
    asked = SearchRequest(product_id=small_release.photos[0].product_id)
    uploads = Uploads(Store(small_release.store_url), 0)
    features = release.search.features_of(asked.product_id)
    hit, *_ = release.search.search_listings(
        features, 1, Wanted(without=frozenset({asked.product_id}))
    )
    for threshold, good in ((hit.similarity, True), (math.nextafter(hit.similarity, 2), False)):
        calibration = Calibration(match=Match("category", threshold, 0.5, 0.4))
        manifest = replace(release.manifest, calibration=calibration)
        answer = searcher.search(replace(release, manifest=manifest), asked, uploads).match
        assert answer == MatchAnswer(
            good=good, of="category", threshold=round(threshold, 6), precision=0.5
        )


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_whatever_is_searched_with_the_numbers_agree_with_each_other(client, seed, k):
    embedding = np.random.default_rng(seed).normal(size=WIDTH).tolist()
    answer = client.post("/search", json={"embedding": embedding, "k": k}).json()
    nearest = answer["results"][0]["similarity"]
    assert answer["match"]["good"] == (nearest >= answer["match"]["threshold"])
    for name in NAMES:
        values = [found[name] for found in answer["results"]]
        assert len(values) == k
        assert values == sorted(values, reverse=True)
        assert 0 <= values[-1] <= values[0] <= 1


def test_a_release_that_knows_nothing_says_so(client_of, small_release):
    answer = search(client_of(Calibration()), small_release.photos[0].png)
    assert answer["match"] is None
    assert {found[name] for found in answer["results"] for name in NAMES} == {None}


def test_a_release_may_know_one_thing_and_not_the_other(client_of, small_release):
    client = client_of(Calibration(same_category=CALIBRATION.same_category))
    answer = search(client, small_release.photos[0].png)
    first = answer["results"][0]
    assert answer["match"] is None
    assert first["same_item_probability"] is None
    assert first["same_category_probability"] == pytest.approx(0.982, abs=1e-3)


def test_the_openapi_document_explains_the_numbers(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    found, answer = schemas["FoundListing"], schemas["SearchAnswer"]
    for name in NAMES:
        assert {"type": "null"} in found["properties"][name]["anyOf"]
        assert found["properties"][name]["examples"]
        assert name in found["required"]
    assert {"type": "null"} in answer["properties"]["match"]["anyOf"]
    assert "precision" in schemas["MatchAnswer"]["description"]
    assert "calibrates" in schemas["CategoryGuess"]["description"]
