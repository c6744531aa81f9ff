"""Ctrl-C and the end of a machine, put off until the step under way is whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Interruption:
    """Which signal came, if one did."""

    number: int | None = None

    @property
    def asked(self) -> bool:
        return self.number is not None


@contextmanager
def put_off() -> Iterator[Interruption]:
    """Notes a signal; what it did before is done when this ends. A second one is not put off."""
    found = Interruption()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, _frame: FrameType | None) -> None:
        found.number = number
        _restore()

    def _restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield found
    finally:
        _restore()
    if found.number is not None:
        signal.raise_signal(found.number)
