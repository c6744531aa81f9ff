"""What there is without a search: the catalogue, the newest listings, a listing, samples."""

from datetime import UTC, datetime

import pytest
from asking import ids, refused, search
from fastapi.testclient import TestClient
from nearest import in_answers
from small_release import CATEGORIES, PLACES, SAMPLES, SIZE, WIDTH, SmallRelease, build

from lambda_search.app import create_app
from lambda_search.settings import Settings
from release.fetching import read_pointer
from release.publisher import make_current
from release.store import Store

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def photos_of(release: SmallRelease, product_id: str) -> list[str]:
    own = (photo.image_id for photo in release.photos if photo.product_id == product_id)
    return [f"/photos/{image_id}" for image_id in sorted(own)]


def test_the_catalogue_says_what_can_be_searched_and_asked(client, small_release):
    answer = client.get("/catalogue")
    assert answer.headers["cache-control"] == "max-age=60"
    found = answer.json()
    prices = found.pop("prices")
    assert found == {
        "release": small_release.release_id,
        "created_at": "2026-11-23T10:15:00Z",
        "catalogue": "small",
        "listings": 12,
        "photos": len(small_release.photos),
        "max_k": 100,
        "max_body_bytes": 2_000_000,
        "currency": "GBP",
        "categories": [{"path": list(path), "listings": 4} for path in sorted(CATEGORIES)],
        "locations": [{"name": name, "listings": 4} for name in sorted(PLACES)],
        "samples": [f"/samples/{number}" for number in range(1, SAMPLES + 1)],
        "extractor": {"backbone": "tiny", "size": SIZE, "width": WIDTH, "precision": "fp32"},
        "segments": [
            {
                "name": "base",
                "plan": "Flat",
                "photos": len(small_release.photos),
                "listings": 12,
                "dead_listings": 0,
                "recall_at_1": None,
                "recall_at_10": None,
                "p50_ms": None,
                "p95_ms": None,
                "bytes_per_photo": None,
            }
        ],
        "scores": {},
    }
    known = [one.price for one in small_release.listings if one.price is not None]
    assert prices["listings"] == len(known) == sum(one["listings"] for one in prices["bins"])
    for one in prices["bins"]:
        inside = [price for price in known if one["from"] <= price < one["to"]]
        assert len(inside) == one["listings"]


def test_what_the_catalogue_counts_is_what_filters_find(client, small_release):
    embedding = client.post("/embed", files={"photo": small_release.photos[0].png}).json()
    found = client.get("/catalogue").json()
    asked = [({"category": one["path"]}, one["listings"]) for one in found["categories"]]
    asked += [({"location": one["name"]}, one["listings"]) for one in found["locations"]]
    for filters, count in asked:
        answer = search(client, embedding=embedding["embedding"], k=100, filters=filters)
        assert len(answer["results"]) == count


def test_the_newest_listings_come_first_and_those_of_unknown_age_last(client, small_release):
    in_order = sorted(
        small_release.listings,
        key=lambda one: (one.listed_at or LONG_AGO, one.title),
        reverse=True,
    )
    answer = client.get("/listings").json()
    assert answer["release"] == small_release.release_id
    assert answer["results"] == [
        in_answers(one) | {"photos": photos_of(small_release, one.product_id)} for one in in_order
    ]
    assert ids(client.get("/listings?k=5").json()) == ids(answer)[:5]


def test_how_many_are_newest_goes_as_far_as_a_search(client, small_release):
    refused(client.get("/listings?k=101"), 422, "k_out_of_range", "from 1 to 100")
    refused(client.get("/listings?k=0"), 422, "k_out_of_range")
    refused(client.get("/listings?k=x"), 422, "invalid_request")
    refused(client.get("/listings?page=2"), 422, "invalid_request")
    few = create_app(Settings(store_url=small_release.store_url, max_k=10))
    with TestClient(few) as other:
        assert len(other.get("/listings").json()["results"]) == 10


def test_a_listing_comes_with_its_description_and_all_photos(client, small_release):
    for one in small_release.listings:
        answer = client.get(f"/listings/{one.product_id}").json()
        assert answer == {
            "release": small_release.release_id,
            "listing": in_answers(one)
            | {
                "description": one.description,
                "photos": photos_of(small_release, one.product_id),
            },
        }


def test_a_listing_that_is_not_there_is_refused(client):
    refused(client.get("/listings/none"), 404, "unknown_listing", "'none'")


def test_a_sample_is_a_photo_that_finds_its_listing(client, small_release):
    for number, path in enumerate(client.get("/catalogue").json()["samples"]):
        photo = small_release.photos[number]
        answer = client.get(path)
        assert answer.content == photo.jpeg
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        found = client.post("/search", files={"photo": answer.content}).json()
        assert ids(found)[0] == photo.product_id


@pytest.mark.parametrize("number", ["0", str(SAMPLES + 1), "-1", "9" * 30])
def test_a_sample_that_is_not_there_is_refused(client, number):
    refused(client.get(f"/samples/{number}"), 404, "unknown_sample", f"the {SAMPLES} that")


def test_another_release_has_another_catalogue(tmp_path):
    url = str(tmp_path / "store")
    build(url, "few", seed=3, listing_count=2)
    with TestClient(create_app(Settings(store_url=url, release_check_s=0))) as client:
        assert client.get("/catalogue").json()["listings"] == 2
        build(url, "more", seed=4, listing_count=5)
        releases = client.app.state.releases
        assert releases.refreshed_id() == "more"
        assert client.get("/catalogue").json()["listings"] == 5


def test_a_sample_is_asked_for_again_and_read_only_where_the_release_has_another(tmp_path):
    store = Store(str(tmp_path / "store"), create=True)
    for name, seed in (("one", 5), ("other", 6)):
        build(store.url, name, seed=seed)
    make_current(store, "one", read_pointer(store))
    with TestClient(create_app(Settings(store_url=store.url, release_check_s=0))) as client:
        first = client.get("/samples/1")
        known = {"If-None-Match": first.headers["etag"]}
        sha256 = first.headers["etag"].strip('"')
        store.delete([f"blobs/{sha256}"])
        again = client.get("/samples/1", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == "no-cache"
        make_current(store, "other", read_pointer(store))
        assert client.app.state.releases.refreshed_id() == "other"
        changed = client.get("/samples/1", headers=known)
        assert changed.status_code == 200
        assert changed.content != first.content


def test_no_more_than_eight_photos_of_a_listing_are_told(client, small_release, monkeypatch):
    monkeypatch.setattr("release.faiss_search.PHOTOS_SHOWN", 2)
    photo = small_release.photos[-1]
    found = client.post("/search", files={"photo": photo.png}).json()["results"][0]
    own = photos_of(small_release, photo.product_id)
    assert len(own) > 2
    others = [one for one in own if one != found["photo"]]
    assert found["photos"] == [f"/photos/{photo.image_id}", others[0]]
    assert {len(one["photos"]) for one in client.get("/listings").json()["results"]} == {2}
