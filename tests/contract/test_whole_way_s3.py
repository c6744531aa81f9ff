"""The same run against S3: catalogue, stages and release in a bucket, and the function over it."""

from pathlib import Path

import pytest
from drawn_catalogue import DrawnCatalogue
from fastapi.testclient import TestClient
from whole_way import SmallRun, run_small

from lambda_search.app import create_app
from lambda_search.settings import Settings
from release.store import Store


@pytest.fixture
def catalogue_in_store(s3_url: str, catalogue: DrawnCatalogue) -> str:
    """The drawn catalogue below catalogues/ of the bucket, to be used by its name."""
    store = Store(s3_url)
    for path in sorted(catalogue.folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(catalogue.folder).as_posix()
            store.write(f"catalogues/drawn/{name}", path.read_bytes())
    return "drawn"


@pytest.mark.slow
def test_a_catalogue_in_a_bucket_becomes_a_release_that_the_function_answers_from(
    s3_url: str,
    catalogue_in_store: str,
    catalogue: DrawnCatalogue,
    small_run: SmallRun,
    tmp_path: Path,
) -> None:
    made = run_small(s3_url, catalogue_in_store)
    again = run_small(s3_url, catalogue_in_store)
    assert all(done.up_to_date for done in again.done.values())
    assert made.release_id == small_run.release_id  # the same bytes as on disk

    client = TestClient(create_app(Settings(store_url=s3_url, cache_dir=tmp_path / "cache")))
    ready = client.get("/ready").json()
    assert ready == {
        "status": "ready",
        "release": made.release_id,
        "photos": 40,
        "listings": 14,
    }
    product_id = catalogue.product_ids[0]
    similar = client.get(f"/listings/{product_id}/similar", params={"k": 13}).json()["results"]
    assert {hit["product_id"] for hit in similar} == set(catalogue.product_ids) - {product_id}
    photo = client.get(similar[0]["photo"], follow_redirects=False)
    assert photo.status_code == 302
    assert photo.headers["location"].startswith("http://127.0.0.1")
