"""Each request has its id, its timings, one line and its place in the metrics."""

import asyncio
import importlib.abc
import logging
import string
import subprocess
import sys
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from lines_of_log import parsed, request_lines
from starlette.requests import Request
from starlette.responses import StreamingResponse

from lambda_search import telemetry
from lambda_search.metrics import Uncounted
from lambda_search.observing import observation, stage
from lambda_search.releases import Releases
from lambda_search.request_ids import request_id
from lambda_search.telemetry import Observed

RELEASES = SimpleNamespace(age_s=60.0, failures=0)


def _application() -> FastAPI:
    """Routes that do what the function's do, without photos."""
    app = FastAPI()

    @app.post("/search")
    def search(request: Request) -> dict[str, str]:
        for name in ("decode", "extract", "extract", "search"):
            with stage(name):
                pass
        seen = observation()
        seen.release, seen.good_match = "small-1", False
        return {"request_id": request_id()}

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    @app.get("/photos/{image_id}")
    def photo(image_id: str) -> str:
        return image_id

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("inside")

    @app.get("/breaks-off")
    def breaks_off() -> StreamingResponse:
        return StreamingResponse(_broken())

    return app


def _broken():
    yield b"begun"
    raise RuntimeError("half way")


@pytest.fixture
def observed_client(monkeypatch) -> TestClient:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    return _client(_application())


def _client(app: FastAPI) -> TestClient:
    telemetry.install(app, RELEASES)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def lines():
    with request_lines() as lines:
        yield lines


def test_a_search_leaves_one_line_with_all_that_is_known_of_it(observed_client, lines):
    answer = observed_client.post("/search?k=3", content=b"12345", headers={"X-Request-Id": "mine"})
    (line,) = map(parsed, lines)
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "mine"
    stages_ms, total_ms = line.pop("stages_ms"), line.pop("total_ms")
    assert list(stages_ms) == ["decode", "extract", "search"]
    assert total_ms >= sum(stages_ms.values()) - 0.1
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "lambda_search.requests",
        "message": "POST /search 200",
        "request_id": "mine",
        "method": "POST",
        "route": "/search",
        "path": "/search",
        "status": 200,
        "release": "small-1",
        "good_match": False,
        "bytes_in": 0,
    }


def test_server_timing_has_the_stages_and_the_total_in_milliseconds(observed_client):
    text = observed_client.post("/search").headers["server-timing"]
    timings = [one.partition(";dur=") for one in text.split(", ")]
    assert [name for name, _, _ in timings] == ["decode", "extract", "search", "total"]
    assert all(float(ms) >= 0 and ms[-2] == "." for _, _, ms in timings)


def test_bytes_are_counted_as_they_come_without_being_kept(observed_client, lines):
    observed_client.post("/body", content=iter([b"secret", b"photo"]))
    assert parsed(lines[0])["bytes_in"] == 11
    assert "secret" not in lines[0]


def test_a_route_is_a_template_and_what_reaches_none_has_none(observed_client, lines):
    observed_client.get("/photos/0b6e")
    observed_client.get("/nowhere")
    observed_client.put("/search")
    seen = [parsed(line) for line in lines]
    assert [(one["route"], one["path"], one["status"]) for one in seen] == [
        ("/photos/{image_id}", "/photos/0b6e", 200),
        (None, "/nowhere", 404),
        ("/search", "/search", 405),
    ]


@pytest.mark.parametrize("path", ["/fails", "/breaks-off"])
def test_an_answer_that_failed_or_broke_off_is_a_500(observed_client, lines, path):
    observed_client.get(path)
    assert [parsed(line)["status"] for line in lines] == [500]


def test_each_request_has_an_id_of_its_own(observed_client):
    found = [observed_client.get("/photos/a").headers["x-request-id"] for _ in range(2)]
    assert found[0] != found[1]


def _through(app, **scope: object) -> list[dict]:
    """One request through the middleware alone, with a scope that no server would let through."""
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    whole = {"type": "http", "method": "GET", "path": "/", "headers": [], **scope}
    asyncio.run(Observed(app, Uncounted())(whole, receive, send))
    return sent


async def _silent(scope, receive, send) -> None:
    await receive()


ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANY_HEADER = st.tuples(st.just(b"x-request-id"), st.binary(max_size=80))


@example(method="\ud800\n", path="/\x1b[31m\udc00\n{", header=(b"x-request-id", b"a\nb"))
@given(method=ANY_TEXT, path=ANY_TEXT, header=ANY_HEADER)
def test_nothing_that_a_client_sends_breaks_a_line(method, path, header):
    with request_lines() as lines:
        _through(_silent, method=method, path=path, headers=[header])
    (line,) = map(parsed, lines)
    assert len(line["path"]) <= 200
    assert len(line["method"]) <= 20
    assert set(line["request_id"]) <= {*string.ascii_letters, *string.digits, *"._-"}


def test_a_client_that_went_away_is_no_error_of_the_function(lines):
    assert _through(_silent) == []
    assert parsed(lines[0])["status"] == 499


def test_what_is_not_http_goes_by(lines):
    reached = []

    async def app(scope, receive, send) -> None:
        reached.append(scope["type"])

    _through(app, type="lifespan")
    assert (reached, lines) == (["lifespan"], [])


def test_on_lambda_the_line_has_the_metrics_and_nothing_is_served(monkeypatch, lines):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "search")
    client = _client(_application())
    client.post("/search")
    line = parsed(lines[0])
    assert (line["function"], line["Searches"], line["NoMatch"]) == ("search", 1, 1)
    assert (line["route"], line["ReleaseAgeSeconds"]) == ("/search", 60.0)
    assert line["LatencyMs"] == line["total_ms"]
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "MarketplaceSearch"
    assert client.get("/metrics").status_code == 404


def test_elsewhere_prometheus_reads_metrics_which_the_openapi_document_leaves_out(
    monkeypatch, settings, lines
):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    app = _application()
    telemetry.install(app, Releases(settings))
    client = TestClient(app)
    client.post("/search")
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    counted = 'marketplace_search_requests_total{route="/search",status="2xx"} 1.0'
    assert counted in answer.text.splitlines()
    assert "/metrics" not in client.get("/openapi.json").json()["paths"]
    assert "_aws" not in parsed(lines[0])


class _NotInstalled(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "prometheus_client":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_without_its_client_there_is_no_metrics_and_the_log_says_so(monkeypatch, caplog):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    for name in [*sys.modules]:
        if name.startswith("prometheus_client") or name == "lambda_search.prometheus":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NotInstalled(), *sys.meta_path])
    with caplog.at_level(logging.INFO, "lambda_search.telemetry"):
        client = _client(_application())
    assert client.get("/metrics").status_code == 404
    assert client.post("/search").status_code == 200
    assert "There is no /metrics: No module named 'prometheus_client'" in caplog.text


def test_the_middleware_itself_loads_no_library_for_metrics():
    code = "import sys, lambda_search.telemetry; print(*sys.modules, sep='\\n')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert not loaded & {"prometheus_client", "aws_lambda_powertools", "aws_embedded_metrics"}
