"""What is counted of each request, wherever it is counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

# The routes whose answers are searches.
SEARCHES = frozenset({"/search", "/listings/{product_id}/similar", "/predict/image"})


@dataclass(frozen=True)
class Finished:
    """A request that has been answered. Its fields are those of its log line.

    `route` is the template, such as /photos/{image_id}, None where no route was reached.
    `status` is 499 where the client went away, and 500 where the answer broke off.
    """

    method: str
    route: str | None
    path: str
    status: int
    release: str | None
    stages_ms: Mapping[str, float]
    total_ms: float
    good_match: bool | None
    bytes_in: int

    @property
    def failed(self) -> bool:
        return self.status >= 500

    @property
    def is_search(self) -> bool:
        """A search that was answered."""
        return self.status == 200 and self.route in SEARCHES


class Metrics(Protocol):
    """Counts requests."""

    def record(self, finished: Finished) -> Mapping[str, object]:
        """Counts the request, and gives what its log line needs for that."""
        ...


class Uncounted:
    """Where nobody counts: the log lines are all there is."""

    def record(self, finished: Finished) -> Mapping[str, object]:  # noqa: ARG002
        return {}
