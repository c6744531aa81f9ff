"""SnapStart: what runs before the snapshot and after a restore, and whose credentials it has."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from small_release import build

from lambda_search import snapshot
from lambda_search.credentials import put_token_in_file
from lambda_search.releases import Releases
from release.store import Store

hooks = pytest.importorskip("snapshot_restore_py")


class _Credentials(BaseHTTPRequestHandler):
    """Lambda's endpoint of credentials, and a bucket in which everything is b"content"."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"content"
        if self.path == "/credentials":
            self.server.asked.append(self.headers["Authorization"])
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            names = {"AccessKeyId": "key", "SecretAccessKey": "secret", "Token": "session"}
            body = json.dumps(names | {"Expiration": expires}).encode()
        else:
            self.server.signed.append(self.headers["X-Amz-Security-Token"])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 10:15:00 GMT")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads a test's access log."""


@contextmanager
def _endpoint():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Credentials)
    server.asked, server.signed = [], []
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hooked(monkeypatch):
    """The hooks that are registered from now on."""
    for name in ("_before_snapshot_registry", "_after_restore_registry"):
        monkeypatch.setattr(hooks, name, [])
    return hooks


def test_before_the_snapshot_one_search_is_answered_and_a_restored_copy_looks_anew(
    hooked, settings, clock
):
    build(settings.store_url, "first", seed=1)
    releases = Releases(settings, clock)
    seen = []
    assert snapshot.add_hooks(lambda event, _: seen.append(event) or {}, releases)
    for work, args, kwargs in hooked.get_before_snapshot():
        work(*args, **kwargs)
    assert [event["requestContext"]["http"]["path"] for event in seen] == ["/search"]

    build(settings.store_url, "second", seed=2)
    assert releases.refreshed_id() == "first"
    for work, args, kwargs in hooked.get_after_restore():
        work(*args, **kwargs)
    assert releases.refreshed_id() == "second"


def test_the_search_before_the_snapshot_finds_something(settings, small_release):
    loop = asyncio.new_event_loop()  # Mangum takes the one there is
    asyncio.set_event_loop(loop)
    from lambda_search.handler import create_handler
    from lambda_search.settings import Settings

    handle = create_handler(Settings(store_url=small_release.store_url))
    found = snapshot.search_once(handle)
    assert found["statusCode"] == 200
    assert len(json.loads(found["body"])["results"]) == 10
    asyncio.set_event_loop(None)
    loop.close()


def test_without_the_module_of_the_managed_runtime_there_are_no_hooks(monkeypatch, settings):
    monkeypatch.setitem(__import__("sys").modules, "snapshot_restore_py", None)
    assert not snapshot.add_hooks(lambda *_: {}, Releases(settings))


def test_a_store_is_read_with_the_credentials_of_a_restored_function(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with _endpoint() as server:
        url = f"http://127.0.0.1:{server.server_port}"
        environment = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
        }
        put_token_in_file(environment)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", url)  # nobody is asked for others
        store = Store("s3://bucket/store")
        assert [store.read("a"), store.read("b")] == [b"content"] * 2
        assert (server.asked, server.signed) == (["token"], ["session"] * 2)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "token"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"},
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/var/run/token",
        },
    ],
)
def test_nothing_is_written_for_credentials_of_another_kind(environment):
    before = dict(environment)
    put_token_in_file(environment)
    assert environment == before
