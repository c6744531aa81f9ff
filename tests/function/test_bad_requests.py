"""What the endpoints answer to a request that is wrong: a code, and a text that helps."""

import io
import logging
import struct
import zlib

import pytest
from asking import refused
from fastapi.testclient import TestClient
from PIL import Image

from lambda_search.app import create_app
from lambda_search.errors import ANSWERED, STATUS_OF_CODE, answer_to
from lambda_search.settings import Settings
from release.errors import PhotoError
from release.pixels import PHOTO_REASONS

JSON = {"Content-Type": "application/json"}


def _png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def _bomb() -> bytes:
    """A PNG of a few bytes that says it is 60,000 pixels a side."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + crc + b"\0\0\0\0IDAT" + b"\0" * 4


@pytest.mark.parametrize(
    ("photo", "refusal"),
    [
        (b"", (422, "empty_file", "no bytes")),
        (b"<html>not a photo</html>", (415, "not_an_image", "JPEG, PNG")),
        (_png(400, 300)[:200], (422, "truncated", "incomplete")),
        (_png(31, 100), (422, "too_small", "31 x 100")),
        (_bomb(), (422, "too_many_pixels", "60000 x 60000")),
    ],
)
@pytest.mark.parametrize("path", ["/search", "/embed", "/classify", "/predict/image"])
def test_a_file_that_is_no_photo_is_refused_by_its_reason(client, path, photo, refusal):
    field = "image" if path == "/predict/image" else "photo"
    refused(client.post(path, files={field: photo}), *refusal)


def test_every_reason_and_every_class_of_error_has_a_status():
    for reason in PHOTO_REASONS:
        assert answer_to(PhotoError(reason, "")).status == STATUS_OF_CODE[reason] < 500
    for known in ANSWERED[2:]:
        assert answer_to(known("")).code in STATUS_OF_CODE


@pytest.mark.parametrize("path", ["/search", "/embed", "/classify", "/predict/image"])
@pytest.mark.parametrize("body", [{}, {"json": {}}, {"files": {"other": (None, "")}}])
def test_a_missing_photo_is_named(client, path, body):
    field = "image" if path == "/predict/image" else "photo"
    refused(client.post(path, **body), 422, "missing_photo", field, "file", "base64")


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        ({"photo": "//8=", "product_id": "x"}, "ambiguous_query", "photo and product_id"),
        ({"photo": "not base64!"}, "bad_base64", "prefix"),
        ({"photo": "data:image/png;base64,//8="}, "bad_base64", "prefix"),
        ({"photo": "ÿÿ"}, "bad_base64", "base64"),
        ({"photo": 7}, "invalid_request", "photo"),
        ({"embedding": []}, "invalid_embedding", "0 numbers"),
        ({"embedding": [0.5] * 999}, "invalid_embedding", "999 numbers; this release's have 1000"),
        ({"embedding": [0.0] * 1000}, "invalid_embedding", "zeros"),
        ({"embedding": [1.0] * 100_000}, "invalid_embedding", "at most 16384"),
        ({"embedding": ["1"] * 1000}, "invalid_embedding", "embedding.0"),
        ({"embedding": "1,2,3"}, "invalid_embedding", "array"),
        ({"product_id": ""}, "invalid_request", "product_id"),
        ({"product_id": "x" * 201}, "invalid_request", "product_id"),
        ({"product_id": 5}, "invalid_request", "product_id"),
        ({"product_id": "x", "k": "10"}, "invalid_request", "k: "),
        ({"product_id": "x", "k": True}, "invalid_request", "k: "),
        ({"product_id": "x", "k": 2.5}, "invalid_request", "k: "),
        ({"product_id": "x", "kk": 1}, "invalid_request", "kk: "),
        ({"product_id": "x", "filters": []}, "invalid_request", "filters: "),
        ({"product_id": "x", "filters": {"colour": 1}}, "invalid_request", "filters.colour"),
        ({"product_id": "x", "filters": {"category": "A"}}, "invalid_request", "filters.category"),
        (
            {"product_id": "x", "filters": {"category": ["A"] * 11}},
            "invalid_request",
            "at most 10",
        ),
        (
            {"product_id": "x", "filters": {"price_min": 5, "price_max": 4}},
            "invalid_request",
            "price_min is 5.0, above price_max 4.0",
        ),
        ([], "invalid_request", "object"),
        (7, "invalid_request", "object"),
    ],
)
def test_json_that_asks_for_nothing_possible_is_refused_with_the_place(client, body, code, word):
    refused(client.post("/search", json=body), 422, code, word)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_json"),
        (b"", 400, "bad_json"),
        (b"photo=1", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b'{"product_id": "\\ud800"}', 400, "bad_json"),
        (b'{"a":' * 100_000, 400, "bad_json"),
        (b'{"embedding": [NaN, 1]}', 422, "invalid_embedding"),
        (b'{"embedding": [1e999, 1]}', 422, "invalid_embedding"),
        (b'{"product_id": "x", "filters": {"price_min": Infinity}}', 422, "invalid_request"),
        (b'{"product_id": "x", "k": ' + b"9" * 400 + b"}", 422, "k_out_of_range"),
        (b'{"product_id": "x", "k": ' + b"9" * 5000 + b"}", 400, "bad_json"),
    ],
)
def test_json_that_is_none_isrefused(client, body, status, code):
    refused(client.post("/search", content=body, headers=JSON), status, code)


@pytest.mark.parametrize("k", [0, -1, 101, 10**9])
def test_k_out_of_range_names_the_value_and_the_limits(client, small_release, k):
    photo, product_id = small_release.photos[0].png, small_release.listings[0].product_id
    answers = [
        client.post("/search", json={"product_id": product_id, "k": k}),
        client.post("/search", files={"photo": photo}, data={"k": str(k)}),
        client.post("/classify", files={"photo": photo}, data={"k": str(k)}),
        client.get(f"/listings/{product_id}/similar?k={k}"),
        client.post(f"/predict/image?num_results={k}", files={"image": photo}),
    ]
    for answer in answers:
        refused(answer, 422, "k_out_of_range", f"is {k};", "from 1 to 100")


def test_a_query_parameter_that_is_no_number_is_named(client, small_release):
    photo, product_id = small_release.photos[0].png, small_release.listings[0].product_id
    similar = client.get(f"/listings/{product_id}/similar?k=ten")
    refused(similar, 422, "invalid_request", "query.k", "integer")
    predicted = client.post("/predict/image?num_results=x", files={"image": photo})
    refused(predicted, 422, "invalid_request", "query.num_results")


def test_a_form_with_wrong_fields_isrefused(client, small_release):
    photo = small_release.photos[0].png
    for k in ("ten", "+-5", "2.5", "9" * 5000):
        answer = client.post("/search", files={"photo": photo}, data={"k": k})
        refused(answer, 422, "invalid_request", "k: ")
    no_json = client.post("/search", files={"photo": photo}, data={"filters": "London"})
    refused(no_json, 400, "bad_json", "filters")
    unknown = client.post("/search", files={"photo": photo}, data={"filter": "{}"})
    refused(unknown, 422, "invalid_request", "filter: ")
    twice = client.post("/embed", files=[("photo", photo), ("photo", photo)])
    refused(twice, 400, "bad_multipart", "'photo' twice")
    no_file = client.post("/search", files={"photo": (None, "./sofa.jpg")})
    refused(no_file, 422, "bad_base64", "=@FILE")


def test_a_broken_form_isrefused(client):
    for kind, body in [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--c\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n"),
    ]:
        answer = client.post("/search", content=body, headers={"Content-Type": kind})
        refused(answer, 400, "bad_multipart")


def test_another_kind_of_body_is_refused_with_the_kinds_there_are(client, small_release):
    for kind in ("image/jpeg", "application/x-www-form-urlencoded", "text/plain"):
        answer = client.post(
            "/search", content=small_release.photos[0].jpeg, headers={"Content-Type": kind}
        )
        refused(answer, 415, "unsupported_media_type", kind, "multipart/form-data", "json")
    untyped = client.post("/search", content=b"x", headers={"Content-Type": ""})
    refused(untyped, 415, "unsupported_media_type")


def test_unknown_ids_routes_and_methods(client):
    refused(client.get("/listings/nobody/similar"), 404, "unknown_listing", "'nobody'")
    refused(client.post("/search", json={"product_id": "nobody"}), 404, "unknown_listing")
    refused(client.get("/photos/nobody"), 404, "unknown_photo", "'nobody'")
    refused(client.get("/nowhere"), 404, "not_found", "GET /nowhere")
    refused(client.post("/search/"), 404, "not_found")
    get = client.get("/search")
    refused(get, 405, "method_not_allowed", "POST")
    assert get.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "name", ["../../current.json", "%2e%2e%2fcurrent.json", "a%00b", "%ff", "'; DROP TABLE photos"]
)
def test_an_id_is_only_ever_looked_up(client, name):
    assert client.get(f"/photos/{name}").status_code == 404
    assert client.get(f"/listings/{name}/similar").status_code == 404


def test_without_a_release_searches_say_so_and_the_process_is_alive(settings, small_release):
    client = TestClient(create_app(settings))
    photo = {"photo": small_release.photos[0].png}
    for answer in (client.get("/ready"), client.post("/search", files=photo)):
        refused(answer, 503, "no_release", "the log says why")
        assert answer.headers["retry-after"] == "5"
    assert client.get("/health").status_code == 200


def test_an_error_inside_says_nothing_of_the_inside(small_release, caplog):
    app = create_app(Settings(store_url=small_release.store_url))

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret of the house")

    with caplog.at_level(logging.ERROR):
        answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    refused(answer, 500, "internal")
    assert "secret" not in answer.text
    record = next(one for one in caplog.records if one.levelno == logging.ERROR)
    assert "RuntimeError: the secret of the house" in caplog.text
    assert record.getMessage().split()[1].rstrip(",") in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"like": ["never listed"]}, 404, "There is no listing 'never listed' in this release"),
        ({"like": ["x"] * 21}, 422, "like: List should have at most 20 items"),
        ({"min_similarity": 2}, 422, "min_similarity: Input should be less than or equal to 1"),
        ({"filters": {"listed_after": "2026-11-01"}}, 422, "filters.listed_after: "),
        ({"filters": {"listed_after": "2026-11-01T00:00:00"}}, 422, "should have timezone info"),
        ({"filters": {"product_ids": ["x"] * 1001}}, 422, "at most 1000 items"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named(client, small_release, body, status, text):
    answer = client.post(
        "/search", json={"product_id": small_release.listings[0].product_id} | body
    )
    assert answer.status_code == status, answer.text
    assert text in answer.json()["detail"]
