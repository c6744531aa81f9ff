"""Filters, liked and disliked listings, and a least similarity: what a search may ask for."""

import base64
import json

import pytest
from asking import embedding_of, ids, refused, search
from nearest import untimed
from small_release import CATEGORIES


@pytest.mark.parametrize(
    ("filters", "admits"),
    [
        ({"category": ["Home & Garden"]}, lambda it: it.category_path[0] == "Home & Garden"),
        ({"category": list(CATEGORIES[1])}, lambda it: it.category_path == CATEGORIES[1]),
        ({"category": []}, lambda _: True),
        ({"price_min": 100}, lambda it: it.price is not None and it.price >= 100),
        ({"price_max": 99.5}, lambda it: it.price is not None and it.price <= 99.5),
        ({"location": "STRASSE AM PARK"}, lambda it: it.location == "Straße am Park"),
        (
            {"category": ["Home & Garden"], "price_min": 50, "price_max": 400},
            lambda it: it.category_path[0] == "Home & Garden" and 50 <= (it.price or 0) <= 400,
        ),
        ({"category": ["Chairs"]}, lambda _: False),
    ],
)
def test_filters_let_through_all_listings_that_match_and_no_other(
    client, small_release, filters, admits
):
    photo = small_release.photos[0].png
    wanted = sorted(it.product_id for it in small_release.listings if admits(it))
    by_json = search(client, photo=base64.b64encode(photo).decode(), k=50, filters=filters)
    by_form = untimed(
        client.post(
            "/search", files={"photo": photo}, data={"k": "50", "filters": json.dumps(filters)}
        )
    )
    assert sorted(ids(by_json)) == wanted
    assert by_form == by_json


def test_listings_listed_before_a_time_or_not_named_are_left_out(client, small_release):
    photo = small_release.photos[0]
    embedding = embedding_of(client, photo)
    after = "2026-11-05T11:30:00+02:00"
    late = {one.product_id for one in small_release.listings if one.listed_at} - {
        one.product_id for one in small_release.listings[:4]
    }
    found = ids(search(client, embedding=embedding, k=100, filters={"listed_after": after}))
    assert set(found) == late
    named = [one.product_id for one in small_release.listings[:3]]
    filters = json.dumps({"product_ids": named})
    answer = client.post("/search", files={"photo": photo.png}, data={"filters": filters})
    assert set(ids(answer.json())) == set(named)


def test_ten_words_are_searched_for_and_more_are_refused(client, small_release):
    photo = small_release.photos[0].png
    first = base64.b64encode(photo).decode()
    assert ids(search(client, photo=first, filters={"words": "never " * 10})) == []
    for count, asked in ((11, "o " * 11), (100, "o-" * 100)):
        filters = {"words": asked}
        by_json = {"product_id": small_release.listings[0].product_id, "filters": filters}
        by_form = {"files": {"photo": photo}, "data": {"filters": json.dumps(filters)}}
        for body in ({"json": by_json}, by_form):
            answer = client.post("/search", **body)
            said = f"filters.words: There are {count} words; at most 10"
            refused(answer, 422, "invalid_request", said)


def test_liked_and_disliked_listings_steer_and_are_not_shown(client, small_release):
    photo = small_release.photos[0]
    embedding = embedding_of(client, photo)
    plain = search(client, embedding=embedding, k=100)
    liked, disliked = ids(plain)[-1], ids(plain)[1]
    steered = search(client, embedding=embedding, k=100, like=[liked], dislike=[disliked])
    assert set(ids(steered)) == set(ids(plain)) - {liked, disliked}
    assert ids(steered) != [one for one in ids(plain) if one not in (liked, disliked)]
    fields = {"like": json.dumps([liked]), "dislike": json.dumps([disliked]), "k": "100"}
    by_form = client.post("/search", files={"photo": photo.png}, data=fields).json()
    assert set(ids(by_form)) == set(ids(steered))


def test_nothing_less_similar_than_asked_comes_back(client, small_release):
    photo = small_release.photos[0]
    every = search(client, embedding=embedding_of(client, photo), k=100)["results"]
    least = every[3]["similarity"]
    answer = client.post(
        "/search", files={"photo": photo.png}, data={"k": "100", "min_similarity": str(least)}
    ).json()
    assert [one["similarity"] >= least for one in answer["results"]] == [True] * 4
