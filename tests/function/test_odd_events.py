"""Events that say they are HTTP and are broken get a 400; no event makes the handler raise."""

import asyncio
import base64
import copy
import json
from types import SimpleNamespace

import pytest
from gateway_events import Asked, alb, alb_lists, http_api_v2, rest_v1
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

CONTEXT = SimpleNamespace(aws_request_id="8f5c1c0e-1d2f-4b6a-9c3d-7e8f9a0b1c2d")


@pytest.fixture(scope="module")
def handler(small_release):
    """Mangum makes an event loop when it finds none, and would leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORE_URL", small_release.store_url)
        from lambda_search.handler import create_handler
        from lambda_search.settings import Settings

        yield create_handler(Settings(store_url=small_release.store_url))
    asyncio.set_event_loop(None)
    loop.close()


def test_a_load_balancer_is_answered_in_its_shape(handler, client, small_release):
    photo = small_release.photos[0]
    path = f"/photos/{photo.image_id}"
    found = handler(alb(Asked("GET", path)), CONTEXT)
    assert (found["statusCode"], found["isBase64Encoded"]) == (200, True)
    assert base64.b64decode(found["body"]) == photo.jpeg
    assert found["headers"]["content-type"] == "image/jpeg"

    found = handler(alb_lists(Asked("GET", "/health")), CONTEXT)
    assert (found["statusCode"], found["body"]) == (200, '{"status":"ok"}')
    assert found["multiValueHeaders"]["content-type"] == ["application/json"]


BROKEN = {
    "no method": http_api_v2(Asked("GET", "/health")) | {"requestContext": {"http": {}}},
    "no version": {"requestContext": {"http": {"method": "GET", "path": "/health"}}},
    "headers are a list": http_api_v2(Asked("GET", "/health")) | {"headers": ["host"]},
    "not base64": http_api_v2(Asked("GET", "/")) | {"body": "a", "isBase64Encoded": True},
    "a body of numbers": rest_v1(Asked("POST", "/search")) | {"body": 5},
    "a method of numbers": rest_v1(Asked("GET", "/health")) | {"httpMethod": 5},
    "no path": {name: v for name, v in alb(Asked("GET", "/")).items() if name != "path"},
    "a port of letters": alb(Asked("GET", "/health", headers={"Host": "a:b:c"})),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_request_is_refused_in_the_shape_of_its_payload(handler, name):
    event = BROKEN[name]
    found = handler(event, CONTEXT)
    assert (found["statusCode"], found["isBase64Encoded"]) == (400, False)
    assert json.loads(found["body"])["code"] == "bad_event"
    assert found["headers"] == {
        "content-length": str(len(found["body"])),
        "content-type": "application/json",
    }
    assert ("multiValueHeaders" in found) == ("resource" in event)


def test_a_broken_request_of_a_balancer_with_lists_of_headers_is_answered_with_such(handler):
    found = handler(alb(Asked("GET", "/")) | {"multiValueHeaders": 5}, CONTEXT)
    assert found["statusCode"] == 400
    assert found["multiValueHeaders"]["content-type"] == ["application/json"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
FORM = b'--b\r\nContent-Disposition: form-data; name="product_id"\r\n\r\nx\r\n--b--\r\n'
FORM_KIND = {"Content-Type": "multipart/form-data; boundary=b"}
JSON_KIND = {"Content-Type": "application/json"}
ODD = st.sampled_from(
    [
        "",
        "[]",
        "a:b:c",
        "multipart/form-data; boundary=b; charset=punycode",
        "https, http",
        "\u20ac",
    ]
)
EVENTS = [
    *(make(Asked("POST", "/search", headers=FORM_KIND, body=FORM)) for make in (http_api_v2, alb)),
    *(
        make(Asked("POST", "/search", headers=JSON_KIND, body='{"product_id": "x"}'))
        for make in (http_api_v2, rest_v1)
    ),
    http_api_v2(Asked("GET", "/health")),
    rest_v1(Asked("GET", "/health")),
    alb(Asked("GET", "/health")),
    alb_lists(Asked("GET", "/health")),
]


@st.composite
def _damaged(draw):
    """A sound event in which something, somewhere, is something else or gone."""
    event = copy.deepcopy(draw(st.sampled_from(EVENTS)))
    for _ in range(draw(st.integers(1, 3))):
        place = event
        inside = draw(st.sampled_from(["", "requestContext", "headers"]))
        if isinstance(event.get(inside), dict):
            place = event[inside]
        if not place:
            continue
        name = draw(st.sampled_from(sorted(place)))
        if draw(st.booleans()):
            place[name] = draw(ANYTHING | ODD)
        else:
            del place[name]
    return event


@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(event=_damaged() | ANYTHING)
def test_no_event_makes_the_handler_raise(handler, event):
    found = handler(event, CONTEXT)
    json.dumps(found)
    assert found.get("status") == "ok" or found["statusCode"] < 500
