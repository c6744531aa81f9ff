"""Does several things at once, in threads that a process need not wait for when it ends.

Not in a ThreadPoolExecutor, whose threads a process waits for: one may be reading from a store
that does not answer.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic, TypeVar

A = TypeVar("A")
T = TypeVar("T")


class Aside(Generic[T]):
    """A call that goes on in a thread of its own from now on."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._results: list[T] = []
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], T]) -> None:
        try:
            self._results.append(work())
        except BaseException as error:  # whoever asks for the result gets it
            self._errors.append(error)

    def result(self) -> T:
        """Waits for the end of it; to be asked once. Raises what it raised."""
        self._thread.join()
        if self._errors:
            raise self._errors.pop()
        return self._results.pop()


def side_by_side(work: Callable[[A], T], items: Iterable[A], at_once: int) -> Iterator[T]:
    """As `map`, results in order, with `at_once` items under way; an error comes in its turn."""
    under_way: deque[Aside[T]] = deque()
    for item in items:
        if len(under_way) == at_once:
            yield under_way.popleft().result()
        under_way.append(Aside(partial(work, item)))
    while under_way:
        yield under_way.popleft().result()
