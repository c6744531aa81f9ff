"""How a stage shows that it goes on: a bar on a terminal, plain log lines elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")
LINE_EVERY_S = 15.0


class Progress:
    """Writes to standard error; results belong on standard output."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)

    def say(self, line: str) -> None:
        """One line that stays."""
        print(line, file=sys.stderr, flush=True)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """The items, one by one, with their count shown as it grows."""
        if self._console.is_terminal:
            yield from track(items, what, total=total, console=self._console, transient=True)
            return
        said = time.monotonic()
        for count, item in enumerate(items, 1):
            yield item
            if time.monotonic() - said > LINE_EVERY_S:
                said = time.monotonic()
                self.say(f"{what}: {count} of {total}")
