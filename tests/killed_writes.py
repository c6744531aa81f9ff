"""A process that ends before one of its writes to a store."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import obstore
import pytest


class KilledError(BaseException):
    """Stands for the end of the process: nothing that runs may catch it."""


@dataclass
class Writes:
    """Counts writes and deletes of any store, and kills before those beyond `allowed`."""

    allowed: float = float("inf")
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self, patch: pytest.MonkeyPatch) -> "Writes":
        for name in ("put", "delete"):
            patch.setattr(obstore, name, self._counted(getattr(obstore, name)))
        return self

    def _counted(self, write: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: Any, **options: Any) -> object:
            with self._lock:
                self.count += 1
                if self.count > self.allowed:
                    raise KilledError
            return write(*args, **options)

        return counted


def dies(allowed: int, act: Callable[[], object]) -> bool:
    """Whether what is done needs more writes than it is allowed."""
    with pytest.MonkeyPatch.context() as patch:
        Writes(allowed).install(patch)
        try:
            act()
        except KilledError:
            return True
    return False
