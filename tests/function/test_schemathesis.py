"""Requests made from the OpenAPI document, right and wrong: every answer is one it describes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import serving
from small_release import SmallRelease

from lambda_search.app import create_app
from lambda_search.settings import Settings

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
HANG_S = "5"
# Whether bytes are a photo, or an id is one of a listing, no schema says.
NOT_ASKED = "positive_data_acceptance"


@pytest.fixture(scope="module")
def url(small_release: SmallRelease) -> Iterator[str]:
    app = create_app(Settings(store_url=small_release.store_url, max_body_mb=2))
    with serving(app) as url:
        yield url


def test_every_answer_is_one_that_the_document_describes(url: str, tmp_path: Path) -> None:
    asked = [f"{url}/openapi.json", "--checks", "all", "--exclude-checks", NOT_ASKED]
    how = ["--max-response-time", HANG_S, "--max-examples", "60", "--generation-deterministic"]
    run = subprocess.run(
        [str(SCHEMATHESIS), "run", *asked, *how, "--no-color"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Operations:       14 selected / 14 total" in run.stdout
