"""A moto server that notes who called what: each role of a test signs with its own name as key."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import httpx2
import pytest

REGION, ACCOUNT = "us-east-1", "123456789012"
STATES_KEY = "ak"  # moto's interpreter of state machines signs with this
_SIGNED = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")


@dataclass(frozen=True)
class Call:
    """One request as it came: who signed it, for which service, and what it asked for."""

    who: str
    service: str
    method: str
    path: str
    query: str
    target: str  # x-amz-target or '', by which some services name the action
    body: bytes
    status: int


@dataclass
class AwsServer:
    """A running server, and every call that it has got."""

    url: str
    calls: list[Call] = field(default_factory=list)

    def environment(self, who: str) -> dict[str, str]:
        """The variables by which obstore and boto3 call it as `who`."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": who,
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def client(self, service: str, who: str = "test") -> Any:
        import boto3

        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=who,
            aws_secret_access_key="testing",  # noqa: S106  # moto wants one
        )


@contextmanager
def aws_server(patch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """Serves on a free port until it ends; its state machines run and call this same server."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    server = AwsServer("")
    application = _noting(DomainDispatcherApplication(create_backend_app), server.calls)

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            pass

    listening = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    server.url = f"http://127.0.0.1:{listening.port}"
    Thread(target=listening.serve_forever, daemon=True).start()
    patch.setenv("MOTO_PORT", str(listening.port))
    config = {"stepfunctions": {"execute_state_machine": True}, "batch": {"use_docker": False}}
    httpx2.post(f"{server.url}/moto-api/config", json=config).raise_for_status()
    try:
        yield server
    finally:
        listening.shutdown()


Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def _noting(application: Wsgi, calls: list[Call]) -> Wsgi:
    def noted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        statuses: list[int] = []

        def start(status: str, *rest: Any) -> Any:
            statuses.append(int(status.split(maxsplit=1)[0]))
            return start_response(status, *rest)

        body = _whole_body(environ)
        answer = list(application(environ, start))
        signed = _SIGNED.search(environ.get("HTTP_AUTHORIZATION", ""))
        who, service = signed.groups() if signed else ("", "")
        calls.append(
            Call(
                who,
                service,
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"],
                environ["QUERY_STRING"],
                environ.get("HTTP_X_AMZ_TARGET", ""),
                body if len(body) < 10_000_000 else b"",
                statuses[-1],
            )
        )
        return answer

    return noted


def _whole_body(environ: dict[str, Any]) -> bytes:
    if environ.get("HTTP_TRANSFER_ENCODING") == "chunked" or not environ.get("CONTENT_LENGTH"):
        return b""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)
