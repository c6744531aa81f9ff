"""A body that is too large is refused before it is read, whatever its length is said to be."""

import asyncio
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from lambda_search.app import create_app
from lambda_search.limits import BodyLimit
from lambda_search.settings import Settings

LIMIT = 2_000_000  # the client's max_body_mb=2
JSON = {"Content-Type": "application/json"}


def _assert_refused(answer) -> None:
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["code", "detail"]
    assert answer.json()["code"] == "body_too_large"
    assert "2,000,000 bytes" in answer.json()["detail"]


def _chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // 100_000):
        yield b" " * 100_000


@pytest.mark.parametrize("path", ["/search", "/embed", "/classify", "/predict/image"])
def test_a_body_over_the_limit_is_refused(client, path):
    _assert_refused(client.post(path, content=b" " * (LIMIT + 1), headers=JSON))
    _assert_refused(client.post(path, files={"photo": b"\xff" * LIMIT}))


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
def test_a_body_in_chunks_over_the_limit_is_refused(client, kind):
    answer = client.post(
        "/search", content=_chunks(LIMIT + 100_000), headers={"Content-Type": kind}
    )
    _assert_refused(answer)


def test_a_large_file_in_chunks_is_refused_in_the_middle_of_its_part(client):
    def form() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n'
        yield from _chunks(10 * LIMIT)

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    _assert_refused(client.post("/search", content=form(), headers=kind))


def test_a_body_of_just_the_limit_is_read(client, small_release):
    product_id = small_release.listings[0].product_id
    body = f'{{"product_id": "{product_id}"}}'.encode()
    full = body + b" " * (LIMIT - len(body))
    assert client.post("/search", content=full, headers=JSON).status_code == 200
    halves = iter([full[: LIMIT // 2], full[LIMIT // 2 :]])
    assert client.post("/search", content=halves, headers=JSON).status_code == 200


def test_a_photo_larger_than_the_forms_text_limit_is_read(small_release):
    """Starlette stops text fields at 1 MB unless told; a base64 photo may be longer."""
    app = create_app(Settings(store_url=small_release.store_url, max_body_mb=4))
    answer = TestClient(app).post("/embed", files={"photo": (None, "A" * 2_000_000)})
    assert answer.json()["code"] == "not_an_image"


@pytest.mark.parametrize(
    ("length", "status"), [("101", 413), ("9" * 5000, 413), ("100", 200), ("-1", 200), ("x", 200)]
)
def test_a_length_over_the_limit_is_refused_without_reading_a_byte(length, status):
    sent = []

    async def reading_app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        raise AssertionError("the body was read")

    async def send(message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"content-length", length.encode())],
    }
    asyncio.run(BodyLimit(reading_app, 100)(scope, receive, send))
    assert sent[0]["status"] == status
