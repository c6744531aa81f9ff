"""ASGI middleware: limits of size and time, whatever a request asks for."""

import asyncio
import logging

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lambda_search.error_answers import RETRY_AFTER, to_response
from lambda_search.errors import RequestError, answer_to

_log = logging.getLogger(__name__)


class BodyLimit:
    """Lets bodies of at most `max_bytes` through.

    Starlette has such a middleware too; its answer is plain text, where ours is always JSON.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _content_length(scope) > self._max_bytes:
            await to_response(answer_to(self._too_large()))(scope, receive, send)
        else:
            await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        """Chunks have no length in the header, so what comes is counted."""
        read_bytes = 0

        async def receive_counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self._max_bytes:
                raise self._too_large()
            return message

        return receive_counted

    def _too_large(self) -> RequestError:
        return RequestError(
            "body_too_large",
            f"The body has more than {self._max_bytes:,} bytes. Send the photo smaller: "
            "2,000 pixels a side are more than enough.",
        )


def _content_length(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "")
    return int(text[:20]) if text.isdecimal() else 0


class TimeLimit:
    """Answers a request that takes more than `limit_s` seconds, a slow upload included.

    Python cannot stop the thread that does the work. It goes on to its end, and nobody is told.
    """

    def __init__(self, app: ASGIApp, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer, asked = _OneAnswer(send), _Asked(scope, receive)
        work = asyncio.ensure_future(self._app(scope, asked.receive, answer.send))
        try:
            await asyncio.wait({work}, timeout=self._limit_s)
        except asyncio.CancelledError:  # the server gives the request up
            work.cancel()
            raise
        if work.done() or answer.started:
            await work
            return
        answer.is_closed = True
        work.add_done_callback(_report)
        _log.warning("%s %s took more than %g s", scope["method"], scope["path"], self._limit_s)
        error = self._too_slow() if asked.is_whole else self._never_whole()
        await to_response(answer_to(error), RETRY_AFTER)(scope, receive, send)

    def _never_whole(self) -> RequestError:
        return RequestError(
            "request_timeout",
            f"The request was not whole after {self._limit_s:g} seconds. Send the photo smaller.",
        )

    def _too_slow(self) -> RequestError:
        return RequestError(
            "timeout",
            f"The answer took more than {self._limit_s:g} seconds. Send the photo smaller, or try "
            "again in a minute.",
        )


class _Asked:
    """Passes a request on, and knows when all of it was read."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        headers = Headers(scope=scope)
        self.is_whole = not (_content_length(scope) or "transfer-encoding" in headers)

    async def receive(self) -> Message:
        message = await self._receive()
        self.is_whole = not message.get("more_body", False)
        return message


class _OneAnswer:
    """Passes an answer on, unless it comes too late."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.is_closed = False

    async def send(self, message: Message) -> None:
        if not self.is_closed:
            self.started = True
            await self._send(message)


def _report(work: "asyncio.Future[None]") -> None:
    error = None if work.cancelled() else work.exception()
    if error and not isinstance(error, ClientDisconnect):
        _log.error("A request that took too long failed in the end: %r", error)
