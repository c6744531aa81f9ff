"""The function under AWS Lambda's runtime emulator: sample events in, whole responses out."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from emulator import ROOT, Function, emulator_path, running
from gateway_events import Asked, http_api_v2, rest_v1
from moto_server import s3_environment, s3_url
from nearest import Nearest, match_of
from small_release import SIZE, SmallRelease, build

from release.pixels import prepare

__all__ = ["s3_environment", "s3_url"]

EVENTS = ROOT / "infra" / "events"
pytestmark = pytest.mark.skipif(
    emulator_path() is None, reason="There is no .venv-sam with the emulator: make setup"
)


@pytest.fixture(scope="module")
def function(
    small_release: SmallRelease, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("function")
    environment = {"STORE_URL": small_release.store_url, "CACHE_DIR": str(folder / "cache")}
    with running(folder / "log", environment) as function:
        yield function


@pytest.fixture(autouse=True)
def _log(request: pytest.FixtureRequest) -> Iterator[None]:
    """pytest shows what is printed here, the function's log, where the test failed."""
    yield
    if "function" in request.fixturenames:
        print(request.getfixturevalue("function").log.read_text())


@pytest.fixture(scope="module")
def nearest(small_release: SmallRelease) -> Nearest:
    return Nearest(small_release)


def sample(name: str) -> Any:
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def chair() -> bytes:
    """The photo in the sample events."""
    return base64.b64decode(json.loads(sample("search-json.json")["body"])["photo"])


def answered(function: Function, event: Any, status: int = 200) -> Any:
    """The JSON body of a response that is right in all of its other fields."""
    response = function.invoke(event)
    body = response["body"]
    assert response == {
        "statusCode": status,
        "headers": {
            "content-length": str(len(body.encode())),
            "content-type": "application/json",
        },
        "body": body,
        "isBase64Encoded": False,
        **({} if event.get("version") == "2.0" else {"multiValueHeaders": {}}),
    }
    return json.loads(body)


@pytest.mark.parametrize(
    "name",
    [
        "search-json.json",
        "search-multipart.json",
        "search-rest.json",
        "search-rest-multipart.json",
    ],
)
def test_search(function: Function, nearest: Nearest, name: str) -> None:
    answer = answered(function, sample(name))
    category = answer.pop("category")
    results = nearest.listings(chair(), 3)
    assert answer == {
        "release": "small-1",
        "match": match_of(results[0]["similarity"].expected),
        "results": results,
    }
    assert category == answered(function, sample("classify.json"))["categories"][0]


def test_classify(function: Function, nearest: Nearest) -> None:
    extracted = nearest.extractor.extract(prepare(chair(), SIZE).pixels[None])
    probabilities = sorted(extracted.category_probabilities[0].tolist(), reverse=True)
    answer = answered(function, sample("classify.json"))
    assert answer.keys() == {"release", "categories"}
    assert [guess["probability"] for guess in answer["categories"]] == pytest.approx(
        probabilities, abs=1e-5
    )


def test_embed(function: Function, nearest: Nearest) -> None:
    answer = answered(function, sample("embed.json"))
    assert answer.keys() == {"release", "embedding"}
    np.testing.assert_allclose(answer["embedding"], nearest.embed(chair())[0], atol=1e-6)


@pytest.mark.parametrize("name", ["predict-image.json", "predict-image-rest.json"])
def test_predict_image(function: Function, nearest: Nearest, name: str) -> None:
    ids = [photo.image_id for photo, _ in nearest.photos(chair())[:3]]
    assert answered(function, sample(name)) == {"Nearest similar image UUIDS": [ids]}


def test_ready(function: Function) -> None:
    assert answered(function, sample("ready.json")) == {
        "status": "ready",
        "release": "small-1",
        "photos": 30,
        "listings": 12,
    }


@pytest.mark.parametrize("event", [sample("warm-up.json"), {}], ids=["schedule", "empty"])
def test_an_event_that_is_not_http_finds_it_warm(function: Function, event: Any) -> None:
    assert function.invoke(event) == {"status": "ok", "release": "small-1"}


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
def test_a_photo_comes_back_in_base64(
    function: Function, small_release: SmallRelease, kind: Callable[[Asked], Any]
) -> None:
    photo = small_release.photos[5]
    response = function.invoke(kind(Asked("GET", f"/photos/{photo.image_id}")))
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, True)
    assert response["headers"]["content-type"] == "image/jpeg"
    assert base64.b64decode(response["body"]) == photo.jpeg


@pytest.mark.parametrize("kind", [http_api_v2, rest_v1])
@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (Asked("GET", "/nowhere"), 404, "not_found"),
        (Asked("GET", "/listings/none/similar"), 404, "unknown_listing"),
        (Asked("POST", "/search"), 422, "missing_photo"),
        (Asked("POST", "/search", body=b'{"photo": "bm90IGEgcGhvdG8="}'), 415, "not_an_image"),
        (Asked("POST", "/search", body='{"photo": '), 400, "bad_json"),
    ],
)
def test_what_is_wrong_is_said(
    function: Function, kind: Callable[[Asked], Any], asked: Asked, status: int, code: str
) -> None:
    json_body = {"Content-Type": "application/json"} if asked.body else {}
    answer = answered(function, kind(replace(asked, headers=json_body)), status)
    assert answer == {"code": code, "detail": answer["detail"]}
    assert len(answer["detail"]) > 20


def test_the_release_was_loaded_once_while_the_function_started(function: Function) -> None:
    function.invoke({})
    log = function.log.read_text()
    assert "INIT RTDONE(status: success)" in log
    assert log.count("INIT REPORT(durationMs: ") == 1
    assert "Traceback" not in log


def test_from_s3_it_answers_the_same_and_redirects_to_the_photo(
    s3_url: str, s3_environment: dict[str, str], tmp_path: Path, nearest: Nearest
) -> None:
    on_s3 = build(s3_url, "small-1", seed=1)
    environment = s3_environment | {"STORE_URL": s3_url, "CACHE_DIR": str(tmp_path / "cache")}
    photo = on_s3.photos[0]
    with running(tmp_path / "log", environment) as function:
        searched = answered(function, sample("search-multipart.json"))
        redirect = function.invoke(http_api_v2(Asked("GET", f"/photos/{photo.image_id}")))
    assert searched["results"] == nearest.listings(chair(), 3)
    assert (redirect["statusCode"], redirect["body"]) == (302, "")
    assert httpx2.get(redirect["headers"]["location"]).content == photo.jpeg


def test_without_a_release_it_starts_and_says_so(
    s3_url: str, s3_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = s3_environment | {"STORE_URL": s3_url, "CACHE_DIR": str(tmp_path / "cache")}
    with running(tmp_path / "log", environment) as function:
        assert function.invoke({}) == {"status": "ok", "release": None}
        response = function.invoke(sample("ready.json"))
    assert response["statusCode"] == 503
    assert response["headers"]["retry-after"] == "5"
    body = json.loads(response["body"])
    assert body["code"] == "no_release"
    assert "There is no release yet" in body["detail"]


def test_the_function_ends_with_the_emulator(small_release: SmallRelease, tmp_path: Path) -> None:
    environment = {"STORE_URL": small_release.store_url, "CACHE_DIR": str(tmp_path)}
    with running(tmp_path / "log", environment) as function:
        function.invoke({})
        tasks = Path(f"/proc/{function.process.pid}/task").glob("*/children")
        (child,) = " ".join(task.read_text() for task in tasks).split()
        assert b"awslambdaric" in Path(f"/proc/{child}/cmdline").read_bytes()
    assert not Path(f"/proc/{child}").exists()
