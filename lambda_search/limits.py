"""ASGI middleware: limits of size and time, whatever a request asks for."""

import asyncio
import logging

from starlette.datastructures import Headers
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
        answer = _OneAnswer(send)
        work = asyncio.ensure_future(self._app(scope, receive, answer.send))
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
        await to_response(answer_to(self._too_slow()), RETRY_AFTER)(scope, receive, send)

    def _too_slow(self) -> RequestError:
        return RequestError(
            "timeout",
            f"The answer took more than {self._limit_s:g} seconds. Send the photo smaller, or try "
            "again in a minute.",
        )


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
    if not work.cancelled() and (error := work.exception()):
        _log.error("A request that took too long failed in the end: %r", error)
