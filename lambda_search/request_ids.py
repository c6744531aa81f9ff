"""The id of the request under way: Lambda's, else the client's, else a new one."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import Scope

HEADER = "x-request-id"
# What a client sends goes into log lines and a header, so it is taken only where it is harmless.
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CURRENT: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """That of the request under way, in its threads too; empty outside of any."""
    return _CURRENT.get()


@contextmanager
def identified(scope: Scope) -> Iterator[str]:
    """Inside, `request_id()` gives the id of this ASGI request."""
    found = _id_of(scope)
    token = _CURRENT.set(found)
    try:
        yield found
    finally:
        _CURRENT.reset(token)


def _id_of(scope: Scope) -> str:
    if of_lambda := getattr(scope.get("aws.context"), "aws_request_id", None):
        return str(of_lambda)
    of_client = Headers(scope=scope).get(HEADER, "")
    return of_client if _HARMLESS.fullmatch(of_client) else str(uuid.uuid4())
