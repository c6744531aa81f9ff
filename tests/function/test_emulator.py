"""The function under AWS Lambda's runtime emulator: sample events in, whole responses out.

What runs is build/function under Lambda's Python where there is one, else the source tree.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from emulator import (
    ARTIFACT,
    SOURCE_TREE,
    VERSION,
    Code,
    Function,
    artifact,
    emulator_path,
    running,
)
from gateway_events import Asked, alb, alb_lists, function_url, http_api_v2, rest_v1
from moto_server import s3_environment, s3_url
from nearest import Nearest
from sample_answers import ANSWERS, EVENTS, PLAIN, STATUS, chair, sample, search_answer
from small_release import SmallRelease, build

__all__ = ["s3_environment", "s3_url"]

GATEWAYS = [http_api_v2, rest_v1, alb, alb_lists, function_url]
pytestmark = pytest.mark.skipif(
    emulator_path() is None, reason="There is no .venv-sam with the emulator: make setup"
)


@pytest.fixture(scope="module")
def deployed() -> Code:
    """What is deployed, built now."""
    return artifact() or SOURCE_TREE


@pytest.fixture(scope="module")
def function(
    deployed: Code, small_release: SmallRelease, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("function")
    environment = {"STORE_URL": small_release.store_url, "CACHE_DIR": str(folder / "cache")}
    with running(folder / "log", environment, deployed) as function:
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


def headers_of(response: Any) -> dict[str, str]:
    """The headers, from wherever the kind of gateway has them; none has them twice."""
    lists = response.get("multiValueHeaders") or {}
    assert not (lists and response.get("headers"))
    assert all(len(values) == 1 for values in lists.values())
    return response.get("headers") or {name: values[0] for name, values in lists.items()}


def answered(function: Function, event: Any, status: int = 200) -> Any:
    """The JSON body of a response that is right in all of its other fields."""
    response = function.invoke(event)
    assert (response["statusCode"], response["isBase64Encoded"]) == (status, False), response
    body, headers = response["body"], headers_of(response)
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(body.encode()))
    assert {"statusCode", "isBase64Encoded", "body"} <= response.keys()
    assert response.keys() - {"statusCode", "isBase64Encoded", "body"} == _header_fields(event)
    return json.loads(body)


def _header_fields(event: Any) -> set[str]:
    """A load balancer takes one of the two, as it is set; a REST API takes both."""
    if event.get("version") == "2.0":
        return {"headers"}
    if "elb" in event["requestContext"]:
        return {"multiValueHeaders" if "multiValueHeaders" in event else "headers"}
    return {"headers", "multiValueHeaders"}


def test_every_sample_event_has_its_answer_here() -> None:
    assert {path.name for path in EVENTS.glob("*.json")} == ANSWERS.keys() | PLAIN.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_sample_event_is_answered(function: Function, nearest: Nearest, name: str) -> None:
    ANSWERS[name](nearest, answered(function, sample(name), STATUS.get(name, 200)))


def test_what_ran_is_the_folder_that_is_deployed(function: Function, deployed: Code) -> None:
    if deployed is SOURCE_TREE:
        pytest.skip(f"No Python {VERSION} starts here, so the source tree ran.")
    maps = _child(function).joinpath("maps").read_text()
    files = {line.split(maxsplit=5)[5] for line in maps.splitlines() if ".so" in line}
    ours = {file for file in files if any(name in file for name in ("onnxruntime", "faiss"))}
    assert ours
    assert all(file.startswith(str(ARTIFACT)) for file in ours)
    assert not any(".venv" in file for file in files)


@pytest.mark.parametrize("event", [*map(sample, PLAIN), {}], ids=[*PLAIN, "empty"])
def test_an_event_that_is_not_http_finds_it_warm(function: Function, event: Any) -> None:
    assert function.invoke(event) == PLAIN["warm-up.json"]


@pytest.mark.parametrize("kind", GATEWAYS)
def test_a_photo_comes_back_in_base64(
    function: Function, small_release: SmallRelease, kind: Callable[[Asked], Any]
) -> None:
    photo = small_release.photos[5]
    response = function.invoke(kind(Asked("GET", f"/photos/{photo.image_id}")))
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, True)
    assert headers_of(response)["content-type"] == "image/jpeg"
    assert base64.b64decode(response["body"]) == photo.jpeg


@pytest.mark.parametrize("kind", GATEWAYS)
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


def test_from_s3_it_answers_the_same_takes_an_upload_and_redirects_to_the_photo(
    deployed: Code, s3_url: str, s3_environment: dict[str, str], tmp_path: Path, nearest: Nearest
) -> None:
    on_s3 = build(s3_url, "small-1", seed=1)
    environment = s3_environment | {"STORE_URL": s3_url, "CACHE_DIR": str(tmp_path / "cache")}
    photo = on_s3.photos[0]
    with running(tmp_path / "log", environment, deployed) as function:
        search_answer(nearest, answered(function, sample("search-multipart.json")), chair())
        upload = answered(function, sample("uploads.json"), 201)
        httpx2.put(upload["url"], content=chair()).raise_for_status()
        body = json.dumps({"upload": upload["key"], "k": 3})
        asked = Asked("POST", "/search", headers={"Content-Type": "application/json"}, body=body)
        search_answer(nearest, answered(function, http_api_v2(asked)), chair())
        redirect = function.invoke(http_api_v2(Asked("GET", f"/photos/{photo.image_id}")))
    assert (redirect["statusCode"], redirect["body"]) == (302, "")
    assert httpx2.get(redirect["headers"]["location"]).content == photo.jpeg


def test_without_a_release_it_starts_and_says_so(
    deployed: Code, s3_url: str, s3_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = s3_environment | {"STORE_URL": s3_url, "CACHE_DIR": str(tmp_path / "cache")}
    with running(tmp_path / "log", environment, deployed) as function:
        assert function.invoke({}) == {"status": "ok", "release": None}
        response = function.invoke(sample("ready.json"))
    assert response["statusCode"] == 503
    assert response["headers"]["retry-after"] == "5"
    body = json.loads(response["body"])
    assert body["code"] == "no_release"
    assert "There is no release yet" in body["detail"]


def test_the_search_page_is_there_with_all_of_its_files(function: Function) -> None:
    page = function.invoke(http_api_v2(Asked("GET", "/")))
    assert (page["statusCode"], page["isBase64Encoded"]) == (200, False)
    assert page["headers"]["content-security-policy"].startswith("default-src 'none'; ")
    files = re.findall(r'(?:href|src)="(page/[^"]+)"', page["body"])
    assert len(files) > 10
    for name in files:
        assert function.invoke(http_api_v2(Asked("GET", f"/{name}")))["statusCode"] == 200
    sample_photo = function.invoke(http_api_v2(Asked("GET", "/samples/1")))
    assert base64.b64decode(sample_photo["body"]).startswith(b"\xff\xd8")


def test_the_function_ends_with_the_emulator(
    deployed: Code, small_release: SmallRelease, tmp_path: Path
) -> None:
    environment = {"STORE_URL": small_release.store_url, "CACHE_DIR": str(tmp_path)}
    with running(tmp_path / "log", environment, deployed) as function:
        child = _child(function)
        assert b"awslambdaric" in (child / "cmdline").read_bytes()
    assert not child.exists()


def _child(function: Function) -> Path:
    """The folder in /proc of the function's own process, which an event starts."""
    function.invoke({})
    tasks = Path(f"/proc/{function.process.pid}/task").glob("*/children")
    (child,) = " ".join(task.read_text() for task in tasks).split()
    return Path("/proc") / child


def test_nothing_was_written_into_the_folder_that_is_deployed(
    deployed: Code, function: Function
) -> None:
    if deployed is SOURCE_TREE:
        pytest.skip(f"No Python {VERSION} starts here, so the source tree ran.")
    function.invoke(sample("search-json.json"))
    started_at = _child(function).stat().st_mtime
    # Python writes the bytecode that it lacks, so this also says that none is lacking.
    written = [path for path in deployed.folder.rglob("*") if path.stat().st_ctime > started_at]
    assert written == []
