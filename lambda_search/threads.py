"""Work that takes long goes on in another thread, unless this one has nothing else to do."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from lambda_search.settings import function_name

T = TypeVar("T")


async def aside(work: Callable[..., T], *arguments: Any) -> T:
    """What `work` gives. AWS Lambda has one request at a time, which a thread would only delay."""
    if function_name():
        return work(*arguments)
    return await run_in_threadpool(work, *arguments)


class Route(APIRoute):
    """A route whose endpoint, if it is no coroutine, is called as `aside` does."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if function_name() and not inspect.iscoroutinefunction(endpoint):
            endpoint = _awaitable(endpoint)
        super().__init__(path, endpoint, **options)


def _awaitable(endpoint: Callable[..., T]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def called(*arguments: Any, **named: Any) -> T:
        return endpoint(*arguments, **named)

    return called
