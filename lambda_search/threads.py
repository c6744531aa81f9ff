"""Work that takes long goes on in another thread than the one that listens."""

import asyncio
import functools
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from lambda_search.settings import function_name

T = TypeVar("T")

# A request needs one; others are for those whose time was up and whose work goes on.
_WORKERS = ThreadPoolExecutor(4, thread_name_prefix="work")


async def aside(work: Callable[..., T], *arguments: Any) -> T:
    """What `work` gives, in a thread, so that others are answered and time is kept meanwhile.

    Mangum ends its event loop's tasks with each request, and with them the threads that Starlette
    waits for: a new one each time costs a millisecond, and finds no memory that is in use already.
    """
    if not function_name():
        return await run_in_threadpool(work, *arguments)
    call = functools.partial(copy_context().run, work, *arguments)
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, call)


class Route(APIRoute):
    """A route whose endpoint, if it is no coroutine, is called by `aside`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if function_name() and not inspect.iscoroutinefunction(endpoint):
            endpoint = _awaitable(endpoint)
        super().__init__(path, endpoint, **options)


def _awaitable(endpoint: Callable[..., T]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def called(*arguments: Any, **named: Any) -> T:
        return await aside(functools.partial(endpoint, *arguments, **named))

    return called
