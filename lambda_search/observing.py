"""What is known of the request under way: how long each stage took, who answered, how well."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Observation:
    """Filled while a request goes on. Stages are in milliseconds and add up when repeated."""

    started_at: float = field(default_factory=time.perf_counter)
    stages_ms: dict[str, float] = field(default_factory=dict)
    release: str | None = None
    good_match: bool | None = None

    @property
    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.started_at) * 1000


_CURRENT: ContextVar[Observation | None] = ContextVar("observation", default=None)


@contextmanager
def observed() -> Iterator[Observation]:
    """A new observation, which `observation()` gives inside, in the request's threads too."""
    found = Observation()
    token = _CURRENT.set(found)
    try:
        yield found
    finally:
        _CURRENT.reset(token)


def observation() -> Observation:
    """That of the request under way; outside of any, one that nobody reads."""
    return _CURRENT.get() or Observation()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Times what is done inside as a stage of the request under way."""
    started_at = time.perf_counter()
    try:
        yield
    finally:
        stages_ms = observation().stages_ms
        spent_ms = (time.perf_counter() - started_at) * 1000
        stages_ms[name] = stages_ms.get(name, 0.0) + spent_ms
