"""Pages of other sites that are named may ask; a request that takes too long gets an answer."""

import asyncio
import threading
import time

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from lambda_search.app import create_app
from lambda_search.limits import TimeLimit
from lambda_search.settings import Settings
from lambda_search.threads import Route

PAGE = "https://market.example"


@pytest.fixture(scope="module")
def client(small_release) -> TestClient:
    settings = Settings(store_url=small_release.store_url, cors_origins=(PAGE,), time_limit_s=0.3)
    app = create_app(settings)

    @app.get("/slow")
    def slow() -> str:
        time.sleep(1.0)
        return "too late"

    return TestClient(app, raise_server_exceptions=False)


def test_a_page_that_is_named_may_ask(client):
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "content-type"
    answer = client.options("/search", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    found = client.get("/ready", headers={"Origin": PAGE})
    assert found.headers["access-control-allow-origin"] == PAGE
    assert "server-timing" in found.headers["access-control-expose-headers"].lower()
    refused = client.get("/nowhere", headers={"Origin": PAGE})
    assert refused.headers["access-control-allow-origin"] == PAGE


def test_any_other_page_may_not(client, small_release):
    other = {"Origin": "https://other.example"}
    assert "access-control-allow-origin" not in client.get("/ready", headers=other).headers
    closed = TestClient(create_app(Settings(store_url=small_release.store_url)))
    assert (
        "access-control-allow-origin" not in closed.get("/ready", headers={"Origin": PAGE}).headers
    )


def test_a_request_that_takes_too_long_is_told_so(client):
    answer = client.get("/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "timeout")
    assert "more than 0.3 seconds" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"


def test_a_body_that_never_ends_is_answered():
    async def waiting(scope, receive, send) -> None:
        await receive()

    sent: list[dict] = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message) -> None:
        sent.append(message)

    async def ask() -> None:
        scope = {"type": "http", "method": "POST", "path": "/search"}
        scope["headers"] = [(b"content-length", b"100")]
        await asyncio.wait_for(TimeLimit(waiting, 0.05)(scope, receive, send), 5)

    asyncio.run(ask())
    assert sent[0]["status"] == 408
    assert b"request_timeout" in sent[1]["body"]


def test_on_lambda_time_is_kept_too(small_release, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "search")
    settings = Settings(store_url=small_release.store_url, time_limit_s=0.2)
    app = create_app(settings)
    router = APIRouter(route_class=Route)
    router.add_api_route("/slow", lambda: time.sleep(0.6))
    app.include_router(router)
    answer = TestClient(app, raise_server_exceptions=False).get("/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "timeout")


def test_an_answer_that_comes_too_late_is_dropped_and_its_error_logged(caplog):
    go_on, sent = threading.Event(), []

    async def late(scope, receive, send) -> None:
        await asyncio.to_thread(go_on.wait)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("nobody listens")

    async def send(message) -> None:
        sent.append(message)

    async def ask() -> None:
        scope = {"type": "http", "method": "POST", "path": "/search", "headers": []}
        await TimeLimit(late, 0.05)(scope, lambda: None, send)
        go_on.set()
        await asyncio.sleep(0.2)

    asyncio.run(ask())
    assert [message.get("status") for message in sent] == [503, None]
    assert "nobody listens" in caplog.text
