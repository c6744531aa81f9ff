"""ASGI middleware: every request gets its id, its timings, one log line, and is counted."""

import logging
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lambda_search.emf import Emf
from lambda_search.logs import REQUESTS, printable
from lambda_search.metrics import Finished, Metrics, Uncounted
from lambda_search.observing import Observation, observed
from lambda_search.releases import Releases
from lambda_search.request_ids import identified
from lambda_search.settings import function_name

MAX_PATH, MAX_METHOD = 200, 20
CLIENT_GONE = 499  # nginx's number for a client that did not wait for its answer
_log = logging.getLogger(__name__)
_requests = logging.getLogger(REQUESTS)


def install(app: FastAPI, releases: Releases) -> None:
    """Makes `Observed` the outermost middleware: call it after all others are added.

    On Lambda the metrics are in the log lines; elsewhere Prometheus reads them at GET /metrics,
    where prometheus-client is installed.
    """
    name = function_name()
    metrics: Metrics = Emf(name, releases) if name else _served_to_prometheus(app, releases)
    app.add_middleware(Observed, metrics=metrics)


def _served_to_prometheus(app: FastAPI, releases: Releases) -> Metrics:
    try:
        # Lambda must not pay for this import, and a server can do without.
        from lambda_search.prometheus import Prometheus  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _log.info("There is no /metrics: %s. Install prometheus-client here.", error)
        return Uncounted()
    counted = Prometheus(releases)
    # Not in the OpenAPI document, which is the same wherever the application runs.
    app.add_api_route("/metrics", counted.answer, include_in_schema=False)
    return counted


class Observed:
    """Adds `X-Request-Id` and `Server-Timing` to each answer; logs and counts it when it ended."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with identified(scope) as request_id, observed() as observation:
            request = _Request(observation, request_id)
            try:
                await self._app(scope, request.counting(receive), request.marking(send))
            except Exception:
                request.status = 500
                raise
            finally:
                self._finish(request.finished(scope))

    def _finish(self, finished: Finished) -> None:
        fields = vars(finished) | dict(self._metrics.record(finished))
        told = (finished.method, finished.path, finished.status)
        _requests.info("%s %s %s", *told, extra={"fields": fields})


class _Request:
    """What goes by between client and application."""

    def __init__(self, observation: Observation, request_id: str) -> None:
        self.status = CLIENT_GONE
        self._observation = observation
        self._request_id = request_id
        self._bytes_in = 0

    def counting(self, receive: Receive) -> Receive:
        async def receive_counted() -> Message:
            message = await receive()
            self._bytes_in += len(message.get("body", b""))
            return message

        return receive_counted

    def marking(self, send: Send) -> Send:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = self._request_id
                headers["Server-Timing"] = _server_timing(self._observation)
            await send(message)

        return send_marked

    def finished(self, scope: Scope) -> Finished:
        seen = self._observation
        stages_ms = seen.stages_ms.copy()  # a thread whose time was up may still be at it
        return Finished(
            method=printable(scope["method"], MAX_METHOD),
            route=_route_of(scope),
            path=printable(scope["path"], MAX_PATH),
            status=self.status,
            release=seen.release,
            stages_ms={name: round(spent_ms, 2) for name, spent_ms in stages_ms.items()},
            total_ms=round(seen.elapsed_ms, 2),
            good_match=seen.good_match,
            bytes_in=self._bytes_in,
        )


def _route_of(scope: Scope) -> str | None:
    route: Any = scope.get("route")
    return getattr(route, "path", None)


def _server_timing(seen: Observation) -> str:
    """https://www.w3.org/TR/server-timing: milliseconds by stage, and in all until now."""
    spent_ms = {**seen.stages_ms, "total": seen.elapsed_ms}
    return ", ".join(f"{name};dur={ms:.1f}" for name, ms in spent_ms.items())
