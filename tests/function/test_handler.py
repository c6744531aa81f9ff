"""Events of API Gateway through the handler, in this process; whole responses are compared."""

import asyncio
import base64
import importlib
import json
import logging
import sys
from types import SimpleNamespace

import pytest
from changed_release import publish_changed
from gateway_events import Asked, http_api_v2, rest_v1
from nearest import untimed
from small_release import build

CONTEXT = SimpleNamespace(aws_request_id="8f5c1c0e-1d2f-4b6a-9c3d-7e8f9a0b1c2d")
JSON = {"Content-Type": "application/json"}
JSON_ANSWER = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def module(small_release):
    """lambda_search.handler, imported as Lambda's runtime does it: with the store in a variable.

    Mangum makes an event loop when it finds none, and would leave it open.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORE_URL", small_release.store_url)
        sys.modules.pop("lambda_search.handler", None)
        yield importlib.import_module("lambda_search.handler")
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="module")
def handler(module):
    return module.handler


def _response(kind, status: int, headers: dict[str, str], body: str, binary: bool = False):
    found = {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": binary}
    return found if kind is http_api_v2 else found | {"multiValueHeaders": {}}


def _answered(handler, event):
    """The response without its times, once they were seen to be there."""
    found = handler(event, CONTEXT)
    headers = found["headers"]
    assert headers.pop("x-request-id") == CONTEXT.aws_request_id
    assert "total;dur=" in headers.pop("server-timing")
    if headers["content-type"] == "application/json":
        assert headers.pop("content-length") == str(len(found["body"].encode()))
        found["body"] = json.loads(found["body"])
        assert (found["body"].pop("timings_ms", {"total": 1}))["total"] > 0
    return found


def _form(photo: bytes, **fields: str) -> Asked:
    boundary = "----formdata-1c2d3e4f"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="p.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), photo, f"\r\n--{boundary}--\r\n".encode()])
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Asked("POST", "/search", headers=kind, body=body)


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
def test_health(handler, kind):
    found = _answered(handler, kind(Asked("GET", "/health")))
    assert found == _response(kind, 200, JSON_ANSWER, {"status": "ok"})


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
def test_ready(handler, small_release, kind):
    body = {"status": "ready", "release": "small-1", "photos": 30, "listings": 12}
    found = _answered(handler, kind(Asked("GET", "/ready")))
    assert found == _response(kind, 200, JSON_ANSWER, body)


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
def test_a_photo_in_a_form_and_in_json(handler, client, small_release, kind):
    photo = small_release.photos[0].png
    body = untimed(client.post("/search", files={"photo": photo}, data={"k": "3"}))
    expected = _response(kind, 200, JSON_ANSWER, body)
    assert _answered(handler, kind(_form(photo, k="3"))) == expected

    text = json.dumps({"photo": base64.b64encode(photo).decode(), "k": 3})
    for content in (text, text.encode()):
        asked = Asked("POST", "/search", headers=JSON, body=content)
        assert _answered(handler, kind(asked)) == expected


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
def test_a_query_and_a_path_parameter(handler, client, small_release, kind):
    path = f"/listings/{small_release.listings[0].product_id}/similar"
    body = untimed(client.get(f"{path}?k=2"))
    found = _answered(handler, kind(Asked("GET", path, query={"k": "2"})))
    assert found == _response(kind, 200, JSON_ANSWER, body)


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
def test_the_bytes_of_a_photo_go_in_base64(handler, client, small_release, kind):
    photo = small_release.photos[0]
    path = f"/photos/{photo.image_id}"
    headers = {
        "etag": client.get(path).headers["etag"],
        "cache-control": "public, max-age=3600",
        "content-length": str(len(photo.jpeg)),
        "content-type": "image/jpeg",
    }
    body = base64.b64encode(photo.jpeg).decode()
    found = _answered(handler, kind(Asked("GET", path)))
    assert found == _response(kind, 200, headers, body, binary=True)


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (Asked("POST", "/search"), 422, "missing_photo"),
        (Asked("POST", "/search", headers=JSON, body="{"), 400, "bad_json"),
        (_form(b"not a photo"), 415, "not_an_image"),
        (Asked("GET", "/nowhere"), 404, "not_found"),
        (Asked("GET", "/photos/nobody"), 404, "unknown_photo"),
        (Asked("POST", "/embed", headers=JSON, body=b" " * 10_000_001), 413, "body_too_large"),
    ],
)
def test_errors_have_the_same_shape_as_anywhere(handler, kind, asked, status, code):
    found = _answered(handler, kind(asked))
    body = found["body"]
    assert list(body) == ["code", "detail"]
    assert body["code"] == code
    assert found == _response(kind, status, JSON_ANSWER, body)


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        [],
        "warm",
        {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}},
        {"requestContext": None},
        {"requestContext": {"connectionId": "x", "eventType": "CONNECT"}},
    ],
)
def test_an_event_that_is_not_http_says_which_release_is_warm(handler, event):
    assert handler(event, CONTEXT) == {"status": "ok", "release": "small-1"}


def test_without_a_release_the_handler_is_made_all_the_same(module, settings):
    handler = module.create_handler(settings)
    assert handler({}, CONTEXT) == {"status": "ok", "release": None}
    found = handler(http_api_v2(Asked("GET", "/ready")), CONTEXT)
    assert (found["statusCode"], json.loads(found["body"])["code"]) == (503, "no_release")


def test_an_error_inside_is_found_in_the_log_by_lambdas_request_id(
    module, settings, small_release, caplog
):
    photo = small_release.photos[0]
    build(settings.store_url, "first", seed=1)
    no_such_category = "UPDATE listings SET category = 99 WHERE product_id = ?"
    publish_changed(settings.store_url, "first", no_such_category, photo.product_id)
    handler = module.create_handler(settings)
    with caplog.at_level(logging.ERROR):
        found = handler(http_api_v2(_form(photo.png)), CONTEXT)
    assert (found["statusCode"], json.loads(found["body"])) == (
        500,
        {
            "code": "internal",
            "detail": f"Something failed here. The log has it as {CONTEXT.aws_request_id}.",
        },
    )
    record = next(one for one in caplog.records if one.levelno == logging.ERROR)
    assert record.getMessage() == f"Request {CONTEXT.aws_request_id}, POST /search, failed"
    assert "IndexError" in caplog.text
