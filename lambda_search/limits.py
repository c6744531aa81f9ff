"""ASGI middleware: a body that is too large is refused before it is read, or while it is."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lambda_search.error_answers import to_response
from lambda_search.errors import RequestError, answer_to


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
