"""An S3 server for tests. A conftest.py imports the fixtures that its folder needs."""

import uuid
from collections.abc import Iterator

import httpx2
import pytest

REGION = "us-east-1"


@pytest.fixture(scope="session")
def s3_environment() -> Iterator[dict[str, str]]:
    """A running server, as the variables by which obstore, boto3 and the function find it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    server.stop()


@pytest.fixture
def s3_url(s3_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a folder in a new bucket; the environment leads there while the test runs."""
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"test-{uuid.uuid4()}"
    httpx2.put(f"{s3_environment['AWS_ENDPOINT_URL']}/{bucket}").raise_for_status()
    return f"s3://{bucket}/a store"
