"""How much of the steps' time training waits for photos."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass
class Waiting:
    """Seconds of all steps, and how many of them were spent waiting."""

    seconds: float = 0.0
    waited: float = 0.0

    @property
    def share(self) -> float:
        return self.waited / self.seconds if self.seconds else 0.0

    def timed(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items; the time until each is there counts as waited."""
        started = time.monotonic()
        for item in items:
            self.waited += time.monotonic() - started
            yield item
            self.seconds += time.monotonic() - started
            started = time.monotonic()
