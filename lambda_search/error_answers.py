"""Turns errors into answers: {"code", "detail"} for those in the table, a bare 500 for the rest."""

import json
import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lambda_search.errors import ANSWERED, ErrorAnswer, answer_to
from lambda_search.inputs import describe
from lambda_search.request_ids import request_id

_log = logging.getLogger(__name__)
RETRY_AFTER = {"Retry-After": "5"}


def to_response(answer: ErrorAnswer, headers: dict[str, str] | None = None) -> Response:
    """The answer as JSON, in ASCII: a request can hold characters that UTF-8 has no bytes for."""
    body = json.dumps({"code": answer.code, "detail": answer.detail})
    return Response(body, answer.status, headers, media_type="application/json")


def install(app: FastAPI) -> None:
    """Gives every error of the application, and of the framework below it, its answer."""
    for known in ANSWERED:
        app.add_exception_handler(known, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_error(request: Request, error: Exception) -> Response:
    answer = answer_to(error)
    if answer.status < 500:
        return to_response(answer)
    _log.warning("%s %s: %s", request.method, request.scope["path"], error)
    return to_response(answer, RETRY_AFTER)


async def _on_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return to_response(ErrorAnswer(422, "invalid_request", describe(error.errors())))


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    answer = _answer_to_http(request, error)
    return to_response(answer, dict(error.headers or {}))


def _answer_to_http(request: Request, error: HTTPException) -> ErrorAnswer:
    place = f"{request.method} {request.scope['path']}"
    if error.status_code == 404:
        return ErrorAnswer(404, "not_found", f"There is no {place}. GET /docs lists what there is.")
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return ErrorAnswer(405, "method_not_allowed", f"{place} is not possible; use {allowed}.")
    return ErrorAnswer(
        error.status_code,
        "bad_multipart",
        f"The form cannot be read: {error.detail} Leave it to an HTTP library.",
    )


class Unexpected:
    """ASGI middleware: an error without an answer is logged, and the client told no more than that.

    Outside of everything, because Starlette's own handler for such errors raises them again, and
    Mangum and uvicorn would log them a second time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception:
            if started:
                raise
            await _internal(scope)(scope, receive, send)


def _internal(scope: Scope) -> Response:
    known_as = request_id()
    _log.exception("Request %s, %s %s, failed", known_as, scope["method"], scope["path"])
    return to_response(
        ErrorAnswer(500, "internal", f"Something failed here. The log has it as {known_as}.")
    )
