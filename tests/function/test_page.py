"""The search page is served whole, kept by browsers, and allowed nothing that is not ours."""

import re

import pytest
from fastapi.testclient import TestClient
from folder_over_http import FolderOverHttp
from small_release import build

from lambda_search.app import create_app
from lambda_search.page import read_page
from lambda_search.settings import Settings


def policy_of(answer) -> dict[str, str]:
    parts = answer.headers["content-security-policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def files_named(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="(page/[^"]+)"', html)


def test_the_page_names_files_that_are_there_and_kept_for_ever(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    named = files_named(answer.text)
    assert len(named) > 10
    for name in named:
        found = client.get(f"/{name}")
        assert found.status_code == 200
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["x-content-type-options"] == "nosniff"
        kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
        assert found.headers["content-type"].startswith(kind[name.rpartition(".")[2]])


def test_every_script_is_fetched_beside_the_first(client: TestClient) -> None:
    scripts = {name for name in read_page().files if name.endswith(".js")}
    assert {name.rpartition("/")[2] for name in files_named(client.get("/").text)} >= scripts


def test_a_browser_with_an_older_page_gets_todays_file_and_does_not_keep_it(
    client: TestClient,
) -> None:
    answer = client.get("/page/000000000000/app.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "name", ["gone.js", "index.html", "..%2Fsettings.py", "../settings.py", "%2e%2e/app.py"]
)
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/page/x/{name}").status_code == 404


def test_head_is_answered_without_a_body(client: TestClient) -> None:
    answer = client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(client.get("/").content)


def test_the_browser_is_allowed_our_own_files_only(client: TestClient) -> None:
    policy = policy_of(client.get("/"))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "'self' blob:"
    assert {name for name, value in policy.items() if value == "'self'"} == {
        "script-src",
        "style-src",
        "connect-src",
    }
    assert "unsafe" not in str(policy)


def test_photos_on_s3_are_allowed_too_which_the_service_redirects_to(
    bucket: FolderOverHttp, settings: Settings
) -> None:
    build(settings.store_url, "small-1", seed=1)
    on_s3 = Settings(store_url="s3://bucket/store", cache_dir=settings.cache_dir)
    with TestClient(create_app(on_s3), follow_redirects=False) as client:
        allowed = policy_of(client.get("/"))["img-src"].split()
        found = client.get("/listings?k=1").json()["results"][0]["photos"][0]
        photo = client.get(found).headers["location"]
    assert allowed == ["'self'", "blob:", bucket.url]
    assert photo.startswith(f"{bucket.url}/")


def test_photos_of_a_release_to_come_are_allowed_already(
    bucket: FolderOverHttp, settings: Settings
) -> None:
    on_s3 = Settings(store_url="s3://bucket/store", cache_dir=settings.cache_dir)
    with TestClient(create_app(on_s3)) as client:
        assert client.get("/ready").status_code == 503
        assert policy_of(client.get("/"))["img-src"].split() == ["'self'", "blob:", bucket.url]


def test_the_page_is_there_while_there_is_no_release(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        assert client.get("/").status_code == 200
        assert client.get("/catalogue").status_code == 503
